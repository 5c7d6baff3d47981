#include "core/api/gateway_api_ref.h"

#include "core/api/api_check.h"
#include "core/api/gateway_api_check.h"

#define GATEWAY "io.k8s.networking.gateway.v1."

/* clang-format off */
#define GROUP(...) FIELD_STR(T, group, "group", .keep = true, .max_len = 253, .check = gateway_api_check_group, __VA_ARGS__)
#define KIND(...)  FIELD_STR(T, kind, "kind", .max_len = 63, .check = gateway_api_check_kind, __VA_ARGS__)
#define NAME       FIELD_STR(T, name, "name", .required = true, .max_len = 253, .check = api_check_not_empty, .help = "Name of the object.")
#define NAMESPACE  FIELD_STR(T, ns, "namespace", .max_len = 63, .check = gateway_api_check_namespace, .default_text = "its own", .help = "Namespace of the object; another one needs a ReferenceGrant there.")
#define SECTION    FIELD_STR(T, section, "sectionName", .max_len = 253, .check = gateway_api_check_section, .default_text = "all of it", .help = "A part of the object: a listener, or a port of a Service.")
#define GROUP_REQUIRED GROUP(.required = true, .help = "API group of the object; \"\" is the core's.")
#define KIND_REQUIRED  KIND(.required = true, .help = "Kind of the object.")
#define GROUP_GATEWAY  GROUP(.fill = "\"" GATEWAY_API_GROUP "\"", .default_text = GATEWAY_API_GROUP, .help = "API group of the parent.")
#define KIND_GATEWAY   KIND(.fill = "\"Gateway\"", .default_text = "Gateway", .help = "Kind of the parent: Gateway, ListenerSet, or Service for traffic inside of the mesh.")

#define T struct gateway_api_ref_parent_ref
static const struct field gateway_api_ref_parent_ref_fields[] = {
    GROUP_GATEWAY, KIND_GATEWAY, NAME,
    FIELD_STR(T, ns, "namespace", .max_len = 63, .check = gateway_api_check_namespace, .default_text = "its own", .help = "Namespace of the parent, which must allow routes from here."),
    SECTION,
    FIELD_OPT_INT32(T, port, "port", .min = 1, .max = 65535, .default_text = "all ports", .help = "Port of the parent."),
};
FIELD_MESSAGE(gateway_api_ref_parent_ref, GATEWAY "ParentReference", .at = FIELD_AT(T, at), .help = "What a route is attached to.");
#undef T

#define T struct gateway_api_ref_set_parent_ref
static const struct field gateway_api_ref_set_parent_ref_fields[] = {
    GROUP_GATEWAY, KIND_GATEWAY, NAME,
    FIELD_STR(T, ns, "namespace", .max_len = 63, .check = gateway_api_check_namespace, .default_text = "its own", .help = "Namespace of the Gateway, which must allow ListenerSets from here."),
};
FIELD_MESSAGE(gateway_api_ref_set_parent_ref, GATEWAY "ParentGatewayReference", .at = FIELD_AT(T, at), .help = "The Gateway that listeners are added to.");
#undef T

#define T struct gateway_api_ref_secret_ref
static const struct field gateway_api_ref_secret_ref_fields[] = {
    GROUP(.fill = "\"\"", .default_text = "the core group", .help = "API group of the object."),
    KIND(.fill = "\"Secret\"", .default_text = "Secret", .help = "Kind of the object."),
    NAME, NAMESPACE,
};
FIELD_MESSAGE(gateway_api_ref_secret_ref, GATEWAY "SecretObjectReference", .at = FIELD_AT(T, at), .help = "A Secret with a certificate and its key.");
#undef T

#define T struct gateway_api_ref_object_ref
static const struct field gateway_api_ref_object_ref_fields[] = { GROUP_REQUIRED, KIND_REQUIRED, NAME, NAMESPACE };
FIELD_MESSAGE(gateway_api_ref_object_ref, GATEWAY "ObjectReference", .at = FIELD_AT(T, at), .help = "An object, perhaps of another namespace.");
#undef T

#define T struct gateway_api_ref_parameters_ref
static const struct field gateway_api_ref_parameters_ref_fields[] = {
    GROUP_REQUIRED, KIND_REQUIRED, NAME,
    FIELD_STR(T, ns, "namespace", .max_len = 63, .check = gateway_api_check_namespace, .help = "Namespace of the object, when its kind has one."),
};
FIELD_MESSAGE(gateway_api_ref_parameters_ref, GATEWAY "ParametersReference", .at = FIELD_AT(T, at), .help = "An object with more settings.");
#undef T

#define T struct gateway_api_ref_local_ref
static const struct field gateway_api_ref_local_ref_fields[] = { GROUP_REQUIRED, KIND_REQUIRED, NAME };
FIELD_MESSAGE(gateway_api_ref_local_ref, GATEWAY "LocalObjectReference", .at = FIELD_AT(T, at), .help = "An object of the same namespace.");
#undef T

#define T struct gateway_api_ref_target_ref
static const struct field gateway_api_ref_target_ref_fields[] = { GROUP_REQUIRED, KIND_REQUIRED, NAME, SECTION };
FIELD_MESSAGE(gateway_api_ref_target_ref, GATEWAY "LocalPolicyTargetReferenceWithSectionName", .at = FIELD_AT(T, at), .help = "What a policy is for, of the same namespace, or a part of it.");
#undef T

#define T struct gateway_api_ref_plain_target_ref
static const struct field gateway_api_ref_plain_target_ref_fields[] = { GROUP_REQUIRED, KIND_REQUIRED, NAME };
FIELD_MESSAGE(gateway_api_ref_plain_target_ref, GATEWAY "LocalPolicyTargetReference", .at = FIELD_AT(T, at), .help = "What a policy is for, of the same namespace.");
#undef T

#define T struct gateway_api_ref_backend_object_ref
static const struct field gateway_api_ref_backend_object_ref_fields[] = { GATEWAY_API_BACKEND_OBJECT_ROWS(T) };
FIELD_MESSAGE(gateway_api_ref_backend_object_ref, GATEWAY "BackendObjectReference", .at = FIELD_AT(T, at), .help = "Something that answers requests.");
#undef T

#define T struct gateway_api_ref_backend_ref
static const struct field gateway_api_ref_backend_ref_fields[] = { GATEWAY_API_BACKEND_ROWS(T) };
FIELD_MESSAGE(gateway_api_ref_backend_ref, GATEWAY "BackendRef", .at = FIELD_AT(T, at), .help = "Where connections go, and which share.");
#undef T
/* clang-format on */
