#include "core/api/k8s_object_ref.h"

/* clang-format off */
#define T struct k8s_object_ref
static const struct field k8s_object_ref_fields[] = {
    FIELD_STR(T, kind, "kind", .help = "Kind."),
    FIELD_STR(T, ns, "namespace", .help = "Namespace."),
    FIELD_STR(T, name, "name", .help = "Name."),
    FIELD_STR(T, uid, "uid", .help = "The very object."),
    FIELD_STR(T, api_version, "apiVersion", .help = "Group and version."),
    FIELD_STR(T, resource_version, "resourceVersion", .help = "The very state of it."),
    FIELD_STR(T, field_path, "fieldPath", .help = "The part of it that is meant."),
};
FIELD_MESSAGE(k8s_object_ref, "io.k8s.api.core.v1.ObjectReference", .help = "Points at an object.");
#undef T
/* clang-format on */
