#include "core/api/object_meta.h"

#include "core/api/api_check.h"

/* clang-format off */
#define T struct object_meta_owner
static const struct field object_meta_owner_fields[] = {
    FIELD_STR(T, api_version, "apiVersion", .proto = 5, .required = true, .help = "Group and version of the owner."),
    FIELD_STR(T, kind, "kind", .proto = 1, .required = true, .help = "Kind of the owner."),
    FIELD_STR(T, name, "name", .proto = 3, .required = true, .help = "Name of the owner, in the same namespace."),
    FIELD_STR(T, uid, "uid", .proto = 4, .required = true, .help = "The owner's uid."),
    FIELD_OPT_BOOL(T, controller, "controller", .proto = 6, .help = "Whether this owner manages the object."),
    FIELD_OPT_BOOL(T, block_owner_deletion, "blockOwnerDeletion", .proto = 7, .help = "Whether the owner waits for this object when it is deleted in the foreground."),
};
static FIELD_MESSAGE(object_meta_owner, "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
                     .help = "An object that this one belongs to.");
#undef T

#define T struct object_meta
static const struct field object_meta_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .max_len = 253, .help = "Unique within kind and namespace."),
    FIELD_STR(T, generate_name, "generateName", .proto = 2, .max_len = 247, .help = "Start of a name that the server completes when name is absent."),
    FIELD_STR(T, ns, "namespace", .proto = 3, .max_len = 63, .check = api_check_label, .default_text = "default", .help = "The namespace the object lives in."),
    FIELD_STR(T, self_link, "selfLink", .proto = 4, .deprecated = true, .read_only = true, .help = "Not used any more."),
    FIELD_STR(T, uid, "uid", .proto = 5, .read_only = true, .help = "Unique in time and space; set at creation."),
    FIELD_STR(T, resource_version, "resourceVersion", .proto = 6, .help = "Changes with every write; sent back, it makes a write conditional."),
    FIELD_INT(T, generation, "generation", .proto = 7, .read_only = true, .help = "Counts changes of the content, not of metadata or status."),
    FIELD_TIMESTAMP(T, created, "creationTimestamp", .proto = 8, .read_only = true, .help = "When the object was created."),
    FIELD_TIMESTAMP(T, deleted, "deletionTimestamp", .proto = 9, .read_only = true, .help = "When deletion was asked for and finalizers hold it up."),
    FIELD_OPT_INT(T, deletion_grace_s, "deletionGracePeriodSeconds", .proto = 10, .read_only = true, .help = "Seconds left to end in order."),
    FIELD_MAP_STR(T, labels, "labels", .proto = 11, .help = "Names and values to select objects by."),
    FIELD_MAP_STR(T, annotations, "annotations", .proto = 12, .help = "Names and values that tools keep; not selected by."),
    FIELD_LIST_MSG(T, owners, "ownerReferences", object_meta_owner, .proto = 13, .merge_key = "uid", .help = "Objects that this one belongs to."),
    FIELD_LIST_STR(T, finalizers, "finalizers", .proto = 14, .merge_key = "", .help = "Who must agree before a deletion completes."),
    FIELD_LIST_JSON(T, managed_fields, "managedFields", .help = "Who set which field, for server-side apply."),
};
FIELD_MESSAGE(object_meta, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", .at = FIELD_AT(T, at),
              .check = api_check_meta, .help = "Name, namespace, labels and what the system keeps.");
#undef T
/* clang-format on */

static struct str find(const struct field_pair *pairs, size_t n, struct str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(pairs[i].key, key))
            return pairs[i].value;
    return STR_NONE;
}

struct str object_meta_label(const struct object_meta *m, struct str key)
{
    return find(m->labels, m->labels_count, key);
}

struct str object_meta_annotation(const struct object_meta *m, struct str key)
{
    return find(m->annotations, m->annotations_count, key);
}
