/* How objects of the Gateway API refer to others.
 *
 * The API has a dozen kinds of reference that differ in which fields they have and what absence
 * means. Here all of them are one struct under several names, with a table each, so that what
 * follows references is written once, for struct gateway_api_ref. */
#ifndef CORE_API_GATEWAY_API_REF_H
#define CORE_API_GATEWAY_API_REF_H

#include "core/api/object_meta.h"
#include "core/text/field.h"

#define GATEWAY_API_GROUP "gateway.networking.k8s.io"

/* The first members of everything that refers. ns empty: the namespace of who refers. */
#define GATEWAY_API_REF_HEAD                                                                       \
    struct field_at at;                                                                            \
    struct str group, kind, name, ns, section;                                                     \
    struct field_opt port

struct gateway_api_ref {
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_parent_ref { /* of a route, of a policy's status, of a ListenerSet */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_set_parent_ref { /* of a ListenerSet: no section, no port */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_secret_ref { /* SecretObjectReference */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_object_ref { /* ObjectReference: group and kind must be said */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_parameters_ref { /* ParametersReference */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_local_ref { /* LocalObjectReference: of the same namespace */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_target_ref { /* LocalPolicyTargetReferenceWithSectionName */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_plain_target_ref { /* LocalPolicyTargetReference */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_backend_object_ref { /* BackendObjectReference */
    GATEWAY_API_REF_HEAD;
};

struct gateway_api_ref_backend_ref { /* of TCP, TLS and UDP routes */
    GATEWAY_API_REF_HEAD;
    struct field_opt weight;
};

extern FIELD_DECLARE(gateway_api_ref_parent_ref);
extern FIELD_DECLARE(gateway_api_ref_set_parent_ref);
extern FIELD_DECLARE(gateway_api_ref_secret_ref);
extern FIELD_DECLARE(gateway_api_ref_object_ref);
extern FIELD_DECLARE(gateway_api_ref_parameters_ref);
extern FIELD_DECLARE(gateway_api_ref_local_ref);
extern FIELD_DECLARE(gateway_api_ref_target_ref);
extern FIELD_DECLARE(gateway_api_ref_plain_target_ref);
extern FIELD_DECLARE(gateway_api_ref_backend_object_ref);
extern FIELD_DECLARE(gateway_api_ref_backend_ref);

/* Rows of what a route sends to; T is the struct that starts with GATEWAY_API_REF_HEAD. */
/* clang-format off */
#define GATEWAY_API_BACKEND_OBJECT_ROWS(T)                                                         \
    FIELD_STR(T, group, "group", .keep = true, .max_len = 253, .check = gateway_api_check_group, .fill = "\"\"", .default_text = "the core group", .help = "API group of the backend."), \
    FIELD_STR(T, kind, "kind", .max_len = 63, .check = gateway_api_check_kind, .fill = "\"Service\"", .default_text = "Service", .help = "Kind of the backend."), \
    FIELD_STR(T, name, "name", .required = true, .max_len = 253, .check = api_check_not_empty, .help = "Name of the backend."), \
    FIELD_STR(T, ns, "namespace", .max_len = 63, .check = gateway_api_check_namespace, .default_text = "the route's", .help = "Namespace of the backend; another one needs a ReferenceGrant there."), \
    FIELD_OPT_INT32(T, port, "port", .min = 1, .max = 65535, .help = "Port of the backend; needed for a Service.")
#define GATEWAY_API_BACKEND_ROWS(T)                                                                \
    GATEWAY_API_BACKEND_OBJECT_ROWS(T),                                                            \
    FIELD_OPT_INT32(T, weight, "weight", .max = 1000000, .fill = "1", .default_text = "1", .help = "Share of the requests, in proportion to the others' weights; 0: none.")
/* clang-format on */

/* The struct and the table of a whole object, in the module of its kind. */
/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): the arguments are tags */
#define GATEWAY_API_ROOT(tag, message_name, spec_tag, status_tag, about, root_check)               \
    struct tag { OBJECT_META_HEAD; struct spec_tag *spec; struct status_tag *status; };            \
    static const struct field tag##_fields[] = {                                                   \
        OBJECT_META_ROWS(struct tag),                                                              \
        FIELD_MSG(struct tag, spec, "spec", spec_tag, .required = true, .help = "What is wanted."), \
        FIELD_MSG(struct tag, status, "status", status_tag, .read_only = true, .help = "What is."), \
    };                                                                                             \
    FIELD_MESSAGE(tag, message_name, .at = FIELD_AT(struct tag, at), .check = root_check, .help = about)
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

/* A ref of any of the types above. */
#define GATEWAY_API_REF(r) ((const struct gateway_api_ref *)(const void *)(r))

#endif
