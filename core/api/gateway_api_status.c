#include "core/api/gateway_api_status.h"

#include "core/api/api_check.h"
#include "core/api/gateway_api_check.h"

#define GATEWAY "io.k8s.networking.gateway.v1."

/* clang-format off */
static const struct field_enum_name gateway_api_truth_names[] = {
    { "True", GATEWAY_API_TRUE, "It holds." },
    { "False", GATEWAY_API_FALSE, "It does not." },
    { "Unknown", GATEWAY_API_UNKNOWN, "Nobody has looked yet." },
};
static FIELD_ENUM_TABLE(gateway_api_truth, GATEWAY "ConditionStatus");

#define T struct gateway_api_condition
static const struct field gateway_api_condition_fields[] = {
    FIELD_STR(T, type, "type", .required = true, .max_len = 316, .check = gateway_api_check_condition, .help = "What is being said, one word."),
    FIELD_ENUM(T, status, "status", gateway_api_truth, .required = true, .help = "Whether it holds."),
    FIELD_OPT_INT(T, observed_generation, "observedGeneration", .max = INT64_MAX, .help = "The generation this is about."),
    FIELD_TIMESTAMP(T, last_transition, "lastTransitionTime", .required = true, .help = "When the status last changed."),
    FIELD_STR(T, reason, "reason", .required = true, .max_len = 1024, .check = gateway_api_check_reason, .help = "Why, one word."),
    FIELD_STR(T, message, "message", .required = true, .max_len = 32768, .keep = true, .help = "Why, for people."),
};
static FIELD_MESSAGE(gateway_api_condition, "io.k8s.apimachinery.pkg.apis.meta.v1.Condition", .help = "One thing that holds or does not.");
#undef T

#define CONDITIONS(...) FIELD_LIST_MSG(T, conditions, "conditions", gateway_api_condition, .merge_key = "type", .help = "What holds now.", __VA_ARGS__)

#define T struct gateway_api_feature
static const struct field gateway_api_feature_fields[] = {
    FIELD_STR(T, name, "name", .required = true, .help = "Name of the feature in the conformance suite."),
};
static FIELD_MESSAGE(gateway_api_feature, GATEWAY "SupportedFeature", .help = "Something that is supported.");
#undef T

#define T struct gateway_api_status_class_status
static const struct field gateway_api_status_class_status_fields[] = {
    CONDITIONS(.max_items = 8),
    FIELD_LIST_MSG(T, features, "supportedFeatures", gateway_api_feature, .max_items = 64, .merge_key = "name", .help = "What is supported."),
};
FIELD_MESSAGE(gateway_api_status_class_status, GATEWAY "GatewayClassStatus", .help = "What the controller says about the class.");
#undef T

#define T struct gateway_api_status_route_kind
static const struct field gateway_api_status_route_kind_fields[] = {
    FIELD_STR(T, group, "group", .keep = true, .max_len = 253, .check = gateway_api_check_group, .fill = "\"" GATEWAY_API_GROUP "\"", .default_text = GATEWAY_API_GROUP, .help = "API group of the routes."),
    FIELD_STR(T, kind, "kind", .required = true, .max_len = 63, .check = gateway_api_check_kind, .help = "Kind of the routes: HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute."),
};
FIELD_MESSAGE(gateway_api_status_route_kind, GATEWAY "RouteGroupKind", .at = FIELD_AT(T, at), .help = "A kind of route.");
#undef T

#define T struct gateway_api_listener_status
static const struct field gateway_api_listener_status_fields[] = {
    FIELD_STR(T, name, "name", .required = true, .max_len = 253, .check = gateway_api_check_section, .help = "Name of the listener."),
    FIELD_LIST_MSG(T, kinds, "supportedKinds", gateway_api_status_route_kind, .max_items = 8, .keep = true, .help = "Kinds of routes that may be attached."),
    FIELD_INT32(T, attached_routes, "attachedRoutes", .required = true, .keep = true, .help = "Number of routes that are attached."),
    CONDITIONS(.required = true, .max_items = 8, .keep = true),
};
static FIELD_MESSAGE(gateway_api_listener_status, GATEWAY "ListenerStatus", .help = "State of a listener.");
#undef T

#define T struct gateway_api_status_address
static const struct field gateway_api_status_address_fields[] = {
    FIELD_STR(T, type, "type", .max_len = 253, .check = gateway_api_check_address_type, .fill = "\"IPAddress\"", .default_text = "IPAddress", .help = "IPAddress or Hostname."),
    FIELD_STR(T, value, "value", .required = true, .max_len = 253, .check = api_check_not_empty, .help = "The address."),
};
static FIELD_MESSAGE(gateway_api_status_address, GATEWAY "GatewayStatusAddress", .help = "Where a gateway can be reached.");
#undef T

#define LISTENERS FIELD_LIST_MSG(T, listeners, "listeners", gateway_api_listener_status, .max_items = 64, .merge_key = "name", .help = "State of each listener.")

#define T struct gateway_api_status_gateway_status
static const struct field gateway_api_status_gateway_status_fields[] = {
    FIELD_LIST_MSG(T, addresses, "addresses", gateway_api_status_address, .max_items = 16, .help = "Where it can be reached."),
    FIELD_OPT_INT32(T, attached_listener_sets, "attachedListenerSets", .help = "Number of ListenerSets that are attached."),
    CONDITIONS(.max_items = 8),
    LISTENERS,
};
FIELD_MESSAGE(gateway_api_status_gateway_status, GATEWAY "GatewayStatus", .help = "State of a Gateway.");
#undef T

#define T struct gateway_api_status_listener_set_status
static const struct field gateway_api_status_listener_set_status_fields[] = {
    CONDITIONS(.max_items = 8),
    LISTENERS,
};
FIELD_MESSAGE(gateway_api_status_listener_set_status, GATEWAY "ListenerSetStatus", .help = "State of a ListenerSet.");
#undef T

#define CONTROLLER FIELD_STR(T, controller, "controllerName", .required = true, .max_len = 253, .check = gateway_api_check_controller, .help = "Who says so.")
#define PARENT     FIELD_INLINE(T, parent, "parentRef", gateway_api_ref_parent_ref, .required = true, .help = "The parent this is about.")

#define T struct gateway_api_parent_status
static const struct field gateway_api_parent_status_fields[] = {
    PARENT, CONTROLLER,
    CONDITIONS(.required = true, .min_items = 1, .max_items = 8),
};
static FIELD_MESSAGE(gateway_api_parent_status, GATEWAY "RouteParentStatus", .help = "State of a route at one parent.");
#undef T

#define T struct gateway_api_status_route_status
static const struct field gateway_api_status_route_status_fields[] = {
    FIELD_LIST_MSG(T, parents, "parents", gateway_api_parent_status, .required = true, .max_items = 32, .keep = true, .help = "State of the route at each parent."),
};
FIELD_MESSAGE(gateway_api_status_route_status, GATEWAY "RouteStatus", .help = "State of a route.");
#undef T

#define T struct gateway_api_backend_parent_status
static const struct field gateway_api_backend_parent_status_fields[] = { PARENT, CONTROLLER, CONDITIONS() };
static FIELD_MESSAGE(gateway_api_backend_parent_status, "io.x-k8s.networking.gateway.v1alpha1.BackendParentStatus", .help = "State of a backend at one parent.");
#undef T

#define T struct gateway_api_status_backend_status
static const struct field gateway_api_status_backend_status_fields[] = {
    FIELD_LIST_MSG(T, parents, "parents", gateway_api_backend_parent_status, .max_items = 32, .help = "State of the backend at each parent."),
};
FIELD_MESSAGE(gateway_api_status_backend_status, "io.x-k8s.networking.gateway.v1alpha1.BackendStatus", .help = "State of a backend.");
#undef T

#define T struct gateway_api_ancestor_status
static const struct field gateway_api_ancestor_status_fields[] = {
    FIELD_INLINE(T, ancestor, "ancestorRef", gateway_api_ref_parent_ref, .required = true, .help = "The Gateway, or what else the policy takes effect at."),
    CONTROLLER,
    CONDITIONS(.required = true, .min_items = 1, .max_items = 8),
};
static FIELD_MESSAGE(gateway_api_ancestor_status, GATEWAY "PolicyAncestorStatus", .help = "State of a policy at one ancestor.");
#undef T

#define T struct gateway_api_status_policy_status
static const struct field gateway_api_status_policy_status_fields[] = {
    FIELD_LIST_MSG(T, ancestors, "ancestors", gateway_api_ancestor_status, .required = true, .max_items = 16, .keep = true, .help = "State of the policy at each ancestor."),
};
FIELD_MESSAGE(gateway_api_status_policy_status, GATEWAY "PolicyStatus", .help = "State of a policy.");
#undef T
/* clang-format on */
