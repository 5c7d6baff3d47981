#include "core/api/traffic_extension.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO "istio.extensions.v1alpha1."

static void check_extension(struct field_check *c, const void *message)
{
    const struct traffic_extension *e = message;

    target_ref_check_one(c, e->selector != NULL, NULL, e->target_refs);
}

/* clang-format off */
/* As WasmPlugin's, but for the first name. */
static const struct field_enum_name traffic_extension_phase_names[] = {
    { "UNSPECIFIED", WASM_PLUGIN_PHASE_UNSPECIFIED, "At the end, before the router." },
    { "AUTHN", WASM_PLUGIN_PHASE_AUTHN, "Before tokens are checked." },
    { "AUTHZ", WASM_PLUGIN_PHASE_AUTHZ, "Before policies are checked, behind tokens." },
    { "STATS", WASM_PLUGIN_PHASE_STATS, "Before metrics, behind policies." },
};
static FIELD_ENUM_TABLE(traffic_extension_phase, PROTO "TrafficExtension.ExecutionPhase");

#define T struct traffic_extension_lua
static const struct field traffic_extension_lua_fields[] = {
    FIELD_STR(T, code, "inlineCode", .proto = 1, .required = true, .max_len = 65536, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "The program, with envoy_on_request and envoy_on_response."),
};
static FIELD_MESSAGE(traffic_extension_lua, PROTO "LuaConfig", .help = "A program in Lua.");
#undef T

#define T struct traffic_extension
static const struct field traffic_extension_fields[] = {
    FIELD_MSG(T, selector, "selector", workload_selector, .proto = 1, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_LIST_MSG(T, target_refs, "targetRefs", target_ref, .proto = 2, .proto_name = "targetRefs", .max_items = 16, .enforced = FIELD_NOT_ENFORCED, .help = "Objects that this is for."),
    FIELD_ENUM(T, phase, "phase", traffic_extension_phase, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .default_text = "before the router", .help = "Where it stands among the filters."),
    FIELD_OPT_INT32(T, priority, "priority", .proto = 4, .wrapper = true, .min = INT32_MIN, .max = INT32_MAX, .enforced = FIELD_NOT_ENFORCED, .default_text = "0", .help = "Order in a phase, highest first."),
    FIELD_LIST_MSG(T, match, "match", wasm_plugin_match, .proto = 5, .enforced = FIELD_NOT_ENFORCED, .default_text = "all requests", .help = "Which requests it sees."),
    FIELD_MSG(T, wasm, "wasm", wasm_plugin_config, .proto = 6, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "A module of Wasm."),
    FIELD_MSG(T, lua, "lua", traffic_extension_lua, .proto = 7, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "A program in Lua."),
};
FIELD_MESSAGE(traffic_extension, PROTO "TrafficExtension", .at = FIELD_AT(T, at), .check = check_extension, .oneof_required = 1 << 1, .help = "Code of the user's that sees requests.");
#undef T

struct traffic_extension_root {
    OBJECT_META_HEAD;
    struct traffic_extension *spec;
    struct istio_status *status;
};

#define T struct traffic_extension_root
static const struct field traffic_extension_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", traffic_extension, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(traffic_extension_root, "io.istio.extensions.v1alpha1.TrafficExtension", .at = FIELD_AT(T, at), .help = "Code of the user's that sees requests.");
#undef T
/* clang-format on */
