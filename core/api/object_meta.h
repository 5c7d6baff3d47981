/* What every object carries beside its content: Kubernetes' ObjectMeta, all of its fields.
 *
 * The root struct of each kind starts with OBJECT_META_HEAD and its table with OBJECT_META_ROWS, so
 * that code which knows no kind can read the head of any object. */
#ifndef CORE_API_OBJECT_META_H
#define CORE_API_OBJECT_META_H

#include "core/text/field.h"

struct object_meta_owner {
    struct str api_version, kind, name, uid;
    struct field_opt controller, block_owner_deletion;
};

struct object_meta {
    struct field_at at;
    struct str name;
    struct str generate_name;
    struct str ns; /* "namespace"; empty for kinds that are in none */
    struct str self_link;
    struct str uid;
    struct str resource_version;
    int64_t generation;
    struct field_opt created; /* creationTimestamp */
    struct field_opt deleted; /* deletionTimestamp */
    struct field_opt deletion_grace_s;
    struct field_pair *labels;
    size_t labels_count;
    struct field_pair *annotations;
    size_t annotations_count;
    struct object_meta_owner *owners;
    size_t owners_count;
    struct str *finalizers;
    size_t finalizers_count;
    const struct node **managed_fields;
    size_t managed_fields_count;
};

extern FIELD_DECLARE(object_meta);

#define OBJECT_META_HEAD                                                                           \
    struct field_at at;                                                                            \
    struct str api_version, kind;                                                                  \
    struct object_meta *metadata

/* The first members of every root struct. */
struct object_meta_head {
    OBJECT_META_HEAD;
};

/* clang-format off */
#define OBJECT_META_ROWS(T)                                                                        \
    FIELD_STR(T, api_version, "apiVersion", .required = true, .help = "Group and version, as \"networking.istio.io/v1\"."), \
    FIELD_STR(T, kind, "kind", .required = true, .help = "What kind of object this is."),          \
    FIELD_MSG(T, metadata, "metadata", object_meta, .proto = 1, .required = true, .help = "Name, namespace, labels and what the system keeps.")
/* clang-format on */

/* The value of a label or annotation; p == NULL when there is none. Borrowed from m. */
struct str object_meta_label(const struct object_meta *m, struct str key);
struct str object_meta_annotation(const struct object_meta *m, struct str key);

#endif
