#include "core/api/wasm_plugin.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO   "istio.extensions.v1alpha1."
#define NO_WASM "is accepted, but modules are not run"

static void check_url(struct field_check *c, const void *member)
{
    static const char *const schemes[] = { "http", "https", "file", "oci" };
    struct str s = *(const struct str *)member;
    ptrdiff_t end = str_find(s, STR("://"));

    if (s.len == 0) {
        field_decode_error(c, "must not be empty");
        return;
    }
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f) {
            field_decode_error(c, "\"%.*s\" is not a URL", STR_ARG(s));
            return;
        }
    if (end < 0)
        return;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (str_is(str_make(s.p, (size_t)end), schemes[i]))
            return;
    field_decode_error(c, "url must have schema one of [http, https, file, oci]");
}

static void check_sha256(struct field_check *c, const void *member)
{
    const struct str *s = member;
    bool ok = s->len == 0 || s->len == 64;

    for (size_t i = 0; ok && i < s->len; i++)
        ok = (s->p[i] >= '0' && s->p[i] <= '9') || (s->p[i] >= 'a' && s->p[i] <= 'f');
    if (!ok)
        field_decode_error(c, "is not 64 digits of 0-9 and a-f");
}

static void check_env(struct field_check *c, const void *message)
{
    const struct wasm_plugin_env *e = message;

    if (e->value_from == WASM_PLUGIN_HOST && e->value.p)
        field_decode_error_at(c, "value", "value may only be set when valueFrom is INLINE");
}

static void check_plugin(struct field_check *c, const void *message)
{
    const struct wasm_plugin *p = message;

    target_ref_check_one(c, p->selector != NULL, p->target_ref, p->target_refs);
}

/* clang-format off */
static const struct field_enum_name wasm_plugin_mode_names[] = {
    { "UNDEFINED", WASM_PLUGIN_UNDEFINED, "Both sides." },
    { "CLIENT", WASM_PLUGIN_CLIENT, "The side that calls." },
    { "SERVER", WASM_PLUGIN_SERVER, "The side that is called." },
    { "CLIENT_AND_SERVER", WASM_PLUGIN_CLIENT_AND_SERVER, "Both sides." },
};
static FIELD_ENUM_TABLE(wasm_plugin_mode, "istio.type.v1beta1.WorkloadMode");

static const struct field_enum_name wasm_plugin_phase_names[] = {
    { "UNSPECIFIED_PHASE", WASM_PLUGIN_PHASE_UNSPECIFIED, "At the end, before the router." },
    { "AUTHN", WASM_PLUGIN_PHASE_AUTHN, "Before tokens are checked." },
    { "AUTHZ", WASM_PLUGIN_PHASE_AUTHZ, "Before policies are checked, behind tokens." },
    { "STATS", WASM_PLUGIN_PHASE_STATS, "Before metrics, behind policies." },
};
static FIELD_ENUM_TABLE(wasm_plugin_phase, PROTO "PluginPhase");

static const struct field_enum_name wasm_plugin_pull_names[] = {
    { "UNSPECIFIED_POLICY", WASM_PLUGIN_PULL_UNSPECIFIED, "By the tag." },
    { "IfNotPresent", WASM_PLUGIN_PULL_IF_NOT_PRESENT, "Once." },
    { "Always", WASM_PLUGIN_PULL_ALWAYS, "Whenever the object changes." },
};
static FIELD_ENUM_TABLE(wasm_plugin_pull, PROTO "PullPolicy");

static const struct field_enum_name wasm_plugin_fail_names[] = {
    { "FAIL_CLOSE", WASM_PLUGIN_FAIL_CLOSE, "They fail." },
    { "FAIL_OPEN", WASM_PLUGIN_FAIL_OPEN, "They pass without it." },
    { "FAIL_RELOAD", WASM_PLUGIN_FAIL_RELOAD, "It is started again." },
};
static FIELD_ENUM_TABLE(wasm_plugin_fail, PROTO "FailStrategy");

static const struct field_enum_name wasm_plugin_type_names[] = {
    { "UNSPECIFIED_PLUGIN_TYPE", WASM_PLUGIN_TYPE_UNSPECIFIED, "HTTP." },
    { "HTTP", WASM_PLUGIN_TYPE_HTTP, "Requests." },
    { "NETWORK", WASM_PLUGIN_TYPE_NETWORK, "Bytes of connections." },
};
static FIELD_ENUM_TABLE(wasm_plugin_type, PROTO "PluginType");

static const struct field_enum_name wasm_plugin_source_names[] = {
    { "INLINE", WASM_PLUGIN_INLINE, "From value." },
    { "HOST", WASM_PLUGIN_HOST, "From the proxy's environment." },
};
static FIELD_ENUM_TABLE(wasm_plugin_source, PROTO "EnvValueSource");

#define T struct wasm_plugin_port
static const struct field wasm_plugin_port_fields[] = {
    FIELD_UINT32(T, number, "number", .proto = 1, .required = true, .min = 1, .max = 65535, .enforced = NO_WASM, .help = "The port's number."),
};
static FIELD_MESSAGE(wasm_plugin_port, "istio.type.v1beta1.PortSelector", .help = "A port.");
#undef T

#define T struct wasm_plugin_match
static const struct field wasm_plugin_match_fields[] = {
    FIELD_ENUM(T, mode, "mode", wasm_plugin_mode, .proto = 1, .enforced = NO_WASM, .default_text = "CLIENT_AND_SERVER", .help = "Which side of a request."),
    FIELD_LIST_MSG(T, ports, "ports", wasm_plugin_port, .proto = 2, .merge_key = "number", .enforced = NO_WASM, .default_text = "all", .help = "Which ports."),
};
FIELD_MESSAGE(wasm_plugin_match, PROTO "TrafficSelector", .at = FIELD_AT(T, at), .help = "Which requests are meant.");
#undef T

#define T struct wasm_plugin_env
static const struct field wasm_plugin_env_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .max_len = 256, .check = api_check_not_empty, .enforced = NO_WASM, .help = "Name of the variable."),
    FIELD_ENUM(T, value_from, "valueFrom", wasm_plugin_source, .proto = 3, .enforced = NO_WASM, .default_text = "INLINE", .help = "Where its value comes from."),
    FIELD_STR(T, value, "value", .proto = 2, .max_len = 2048, .enforced = NO_WASM, .help = "The value."),
};
static FIELD_MESSAGE(wasm_plugin_env, PROTO "EnvVar", .at = FIELD_AT(T, at), .check = check_env, .help = "A variable of the module's environment.");
#undef T

#define T struct wasm_plugin_vm
static const struct field wasm_plugin_vm_fields[] = {
    FIELD_LIST_MSG(T, env, "env", wasm_plugin_env, .proto = 1, .max_items = 256, .merge_key = "name", .enforced = NO_WASM, .help = "The module's environment."),
};
static FIELD_MESSAGE(wasm_plugin_vm, PROTO "VmConfig", .help = "What a module sees of the world.");
#undef T

#define T struct wasm_plugin_config
static const struct field wasm_plugin_config_fields[] = {
    FIELD_STR(T, url, "url", .proto = 1, .required = true, .check = check_url, .enforced = NO_WASM, .help = "Where the module is: oci:// (the default), http(s):// or file://."),
    FIELD_STR(T, sha256, "sha256", .proto = 2, .check = check_sha256, .enforced = NO_WASM, .help = "Its checksum, 64 hex digits."),
    FIELD_ENUM(T, pull, "imagePullPolicy", wasm_plugin_pull, .proto = 3, .enforced = NO_WASM, .default_text = "IfNotPresent; Always for tag latest", .help = "When to fetch it."),
    FIELD_STR(T, pull_secret, "imagePullSecret", .proto = 4, .max_len = 253, .check = api_check_not_empty, .enforced = NO_WASM, .help = "Secret for the registry, of the same namespace."),
    FIELD_STR(T, verification_key, "verificationKey", .proto = 5, .enforced = "does nothing, as in Istio", .help = "Not used by Istio."),
    FIELD_JSON(T, config, "pluginConfig", .proto = 6, .enforced = NO_WASM, .help = "Settings that the module gets as JSON."),
    FIELD_STR(T, name, "pluginName", .proto = 7, .max_len = 256, .check = api_check_not_empty, .enforced = NO_WASM, .help = "Name by which the module picks its code."),
    FIELD_ENUM(T, fail, "failStrategy", wasm_plugin_fail, .proto = 8, .enforced = NO_WASM, .default_text = "FAIL_CLOSE", .help = "What happens to requests when it cannot run."),
    FIELD_MSG(T, vm, "vmConfig", wasm_plugin_vm, .proto = 9, .enforced = NO_WASM, .help = "What the module sees of the world."),
    FIELD_ENUM(T, type, "type", wasm_plugin_type, .proto = 10, .enforced = NO_WASM, .default_text = "HTTP", .help = "Whether it sees requests or bytes."),
};
FIELD_MESSAGE(wasm_plugin_config, PROTO "WasmConfig", .at = FIELD_AT(T, at), .help = "A module of Wasm.");
#undef T

#define T struct wasm_plugin
static const struct field wasm_plugin_fields[] = {
    FIELD_MSG(T, selector, "selector", workload_selector, .proto = 1, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_MSG(T, target_ref, "targetRef", target_ref, .proto = 15, .proto_name = "targetRef", .enforced = NO_WASM, .help = "Object that this is for; use targetRefs."),
    FIELD_LIST_MSG(T, target_refs, "targetRefs", target_ref, .proto = 16, .proto_name = "targetRefs", .max_items = 16, .enforced = NO_WASM, .help = "Objects that this is for."),
    FIELD_STR(T, url, "url", .proto = 2, .required = true, .check = check_url, .enforced = NO_WASM, .help = "Where the module is: oci:// (the default), http(s):// or file://."),
    FIELD_STR(T, sha256, "sha256", .proto = 3, .check = check_sha256, .enforced = NO_WASM, .help = "Its checksum, 64 hex digits."),
    FIELD_ENUM(T, pull, "imagePullPolicy", wasm_plugin_pull, .proto = 4, .enforced = NO_WASM, .default_text = "IfNotPresent; Always for tag latest", .help = "When to fetch it."),
    FIELD_STR(T, pull_secret, "imagePullSecret", .proto = 5, .max_len = 253, .check = api_check_not_empty, .enforced = NO_WASM, .help = "Secret for the registry, of the same namespace."),
    FIELD_STR(T, verification_key, "verificationKey", .proto = 6, .enforced = "does nothing, as in Istio", .help = "Not used by Istio."),
    FIELD_JSON(T, config, "pluginConfig", .proto = 7, .enforced = NO_WASM, .help = "Settings that the module gets as JSON."),
    FIELD_STR(T, name, "pluginName", .proto = 8, .max_len = 256, .check = api_check_not_empty, .enforced = NO_WASM, .help = "Name by which the module picks its code."),
    FIELD_ENUM(T, fail, "failStrategy", wasm_plugin_fail, .proto = 13, .enforced = NO_WASM, .default_text = "FAIL_CLOSE", .help = "What happens to requests when it cannot run."),
    FIELD_MSG(T, vm, "vmConfig", wasm_plugin_vm, .proto = 11, .enforced = NO_WASM, .help = "What the module sees of the world."),
    FIELD_ENUM(T, type, "type", wasm_plugin_type, .proto = 14, .enforced = NO_WASM, .default_text = "HTTP", .help = "Whether it sees requests or bytes."),
    FIELD_ENUM(T, phase, "phase", wasm_plugin_phase, .proto = 9, .enforced = NO_WASM, .default_text = "before the router", .help = "Where it stands among the filters."),
    FIELD_OPT_INT32(T, priority, "priority", .proto = 10, .wrapper = true, .min = INT32_MIN, .max = INT32_MAX, .enforced = NO_WASM, .default_text = "0", .help = "Order in a phase, highest first."),
    FIELD_LIST_MSG(T, match, "match", wasm_plugin_match, .proto = 12, .enforced = NO_WASM, .default_text = "all requests", .help = "Which requests it sees."),
};
FIELD_MESSAGE(wasm_plugin, PROTO "WasmPlugin", .at = FIELD_AT(T, at), .check = check_plugin, .help = "A module of Wasm that sees requests.");
#undef T

struct wasm_plugin_root {
    OBJECT_META_HEAD;
    struct wasm_plugin *spec;
    struct istio_status *status;
};

#define T struct wasm_plugin_root
static const struct field wasm_plugin_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", wasm_plugin, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(wasm_plugin_root, "io.istio.extensions.v1alpha1.WasmPlugin", .at = FIELD_AT(T, at), .help = "A module of Wasm that sees requests.");
#undef T
/* clang-format on */
