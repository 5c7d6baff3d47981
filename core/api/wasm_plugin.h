/* Istio's WasmPlugin, and what TrafficExtension has in common with it. */
#ifndef CORE_API_WASM_PLUGIN_H
#define CORE_API_WASM_PLUGIN_H

#include "core/api/port_selector.h"
#include "core/api/target_ref.h"
#include "core/api/workload_selector.h"
#include "core/text/field.h"

enum wasm_plugin_mode {
    WASM_PLUGIN_UNDEFINED = 0,
    WASM_PLUGIN_CLIENT = 1,
    WASM_PLUGIN_SERVER = 2,
    WASM_PLUGIN_CLIENT_AND_SERVER = 3,
};

enum wasm_plugin_phase {
    WASM_PLUGIN_PHASE_UNSPECIFIED = 0,
    WASM_PLUGIN_PHASE_AUTHN = 1,
    WASM_PLUGIN_PHASE_AUTHZ = 2,
    WASM_PLUGIN_PHASE_STATS = 3,
};

enum wasm_plugin_pull {
    WASM_PLUGIN_PULL_UNSPECIFIED = 0,
    WASM_PLUGIN_PULL_IF_NOT_PRESENT = 1,
    WASM_PLUGIN_PULL_ALWAYS = 2,
};

enum wasm_plugin_fail {
    WASM_PLUGIN_FAIL_CLOSE = 0,
    WASM_PLUGIN_FAIL_OPEN = 1,
    WASM_PLUGIN_FAIL_RELOAD = 2,
};

enum wasm_plugin_type {
    WASM_PLUGIN_TYPE_UNSPECIFIED = 0,
    WASM_PLUGIN_TYPE_HTTP = 1,
    WASM_PLUGIN_TYPE_NETWORK = 2,
};

enum wasm_plugin_source {
    WASM_PLUGIN_INLINE = 0,
    WASM_PLUGIN_HOST = 1,
};

struct wasm_plugin_match {
    struct field_at at;
    int mode; /* enum wasm_plugin_mode */
    struct wasm_plugin_port *ports;
    size_t ports_count;
};

struct wasm_plugin_port {
    int64_t number;
};

struct wasm_plugin_env {
    struct field_at at;
    struct str name;
    int value_from; /* enum wasm_plugin_source */
    struct str value;
};

struct wasm_plugin_vm {
    struct wasm_plugin_env *env;
    size_t env_count;
};

/* What both kinds say of a module, under other protobuf numbers. */
#define WASM_PLUGIN_MODULE                                                                         \
    struct str url, sha256;                                                                        \
    int pull; /* enum wasm_plugin_pull */                                                          \
    struct str pull_secret, verification_key;                                                      \
    const struct node *config;                                                                     \
    struct str name;                                                                               \
    int fail; /* enum wasm_plugin_fail */                                                          \
    struct wasm_plugin_vm *vm;                                                                     \
    int type /* enum wasm_plugin_type */

struct wasm_plugin { /* the spec */
    struct field_at at;
    struct workload_selector *selector;
    struct target_ref *target_ref; /* the old way */
    struct target_ref *target_refs;
    size_t target_refs_count;
    WASM_PLUGIN_MODULE;
    int phase; /* enum wasm_plugin_phase */
    struct field_opt priority;
    struct wasm_plugin_match *match;
    size_t match_count;
};

struct wasm_plugin_config { /* of a TrafficExtension */
    struct field_at at;
    WASM_PLUGIN_MODULE;
};

extern FIELD_DECLARE(wasm_plugin);
extern FIELD_DECLARE(wasm_plugin_root);
extern FIELD_DECLARE(wasm_plugin_config);
extern FIELD_DECLARE(wasm_plugin_match);

#endif
