#include "core/api/k8s_namespace.h"

#include "core/api/api_default.h"
#include "core/api/object_meta.h"

#define CORE "io.k8s.api.core.v1."

/* clang-format off */
#define T struct k8s_namespace
static const struct field k8s_namespace_fields[] = {
    FIELD_LIST_STR(T, finalizers, "finalizers", .proto = 1, .help = "Who must agree before the namespace goes away."),
};
FIELD_MESSAGE(k8s_namespace, CORE "NamespaceSpec", .help = "A place for objects.");
#undef T

#define T struct k8s_namespace_status
static const struct field k8s_namespace_status_fields[] = {
    FIELD_STR(T, phase, "phase", .proto = 1, .help = "Active or Terminating."),
};
FIELD_MESSAGE(k8s_namespace_status, CORE "NamespaceStatus", .help = "State of a namespace.");
#undef T

struct k8s_namespace_root {
    OBJECT_META_HEAD;
    struct k8s_namespace *spec;
    struct k8s_namespace_status *status;
};

#define T struct k8s_namespace_root
static const struct field k8s_namespace_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", k8s_namespace, .proto = 2, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", k8s_namespace_status, .proto = 3, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(k8s_namespace_root, CORE "Namespace", .at = FIELD_AT(T, at), .help = "A place for objects: names are unique within one.");
#undef T
/* clang-format on */

void k8s_namespace_set_defaults(struct arena *a, struct node *object)
{
    api_default_str(a, api_default_map(a, object, "status"), "phase", "Active");
}
