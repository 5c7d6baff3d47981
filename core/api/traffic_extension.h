/* Istio's TrafficExtension: code of the user's that sees requests. */
#ifndef CORE_API_TRAFFIC_EXTENSION_H
#define CORE_API_TRAFFIC_EXTENSION_H

#include "core/api/wasm_plugin.h"

struct traffic_extension_lua {
    struct str code;
};

struct traffic_extension { /* the spec */
    struct field_at at;
    struct workload_selector *selector;
    struct target_ref *target_refs;
    size_t target_refs_count;
    int phase; /* enum wasm_plugin_phase */
    struct field_opt priority;
    struct wasm_plugin_match *match;
    size_t match_count;
    struct wasm_plugin_config *wasm; /* one of these two */
    struct traffic_extension_lua *lua;
};

extern FIELD_DECLARE(traffic_extension);
extern FIELD_DECLARE(traffic_extension_root);

#endif
