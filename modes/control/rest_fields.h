/* Sets of fields, as server-side apply counts who owns what, and the merges that follow from them.
 *
 * A set is a tree in the form that metadata.managedFields shows (FieldsV1):
 *
 *     {"f:spec": {"f:hosts": {}, "f:ports": {"k:{\"port\":80}": {".": {}, "f:name": {}}}}}
 *
 * A map without members stands for the field itself; "." beside members says that the field itself
 * is in the set too. Maps are taken field by field, lists whose row has a merge key item by item,
 * all other lists as one value. The empty set is NULL. Everything is made in the arena given;
 * arguments are left alone and shared with results. Any thread. */
#ifndef MODES_CONTROL_REST_FIELDS_H
#define MODES_CONTROL_REST_FIELDS_H

#include <stdbool.h>

#include "core/text/field.h"

/* Where one is: the rows that describe a value; both NULL where no row says anything. */
struct rest_fields_shape {
    const struct field_message *message; /* a map with these members */
    const struct field *field;           /* a list or map of values, or a scalar */
};

/* All of n. */
struct node *rest_fields_of(struct arena *a, struct rest_fields_shape shape, const struct node *n);

struct rest_fields_diff {
    struct node *changed; /* other in now, or only there */
    struct node *removed; /* only in was */
};
struct rest_fields_diff rest_fields_compare(struct arena *a, struct rest_fields_shape shape,
                                            const struct node *was, const struct node *now);

struct node *rest_fields_union(struct arena *a, const struct node *x, const struct node *y);
struct node *rest_fields_minus(struct arena *a, const struct node *x, const struct node *y);
struct node *rest_fields_common(struct arena *a, const struct node *x, const struct node *y);

/* config laid over live. */
struct node *rest_fields_merge(struct arena *a, struct rest_fields_shape shape,
                               const struct node *live, const struct node *config);
/* Takes out of n what is in gone, unless keep has it or something below it. */
void rest_fields_prune(struct arena *a, struct rest_fields_shape shape, struct node *n,
                       const struct node *gone, const struct node *keep);
/* Calls each(arg, ".spec.ports[port=80].name") for every member of set, in scratch. */
void rest_fields_each(struct arena *a, const struct node *set,
                      void (*each)(void *arg, struct str path), void *arg);
/* Whether n, which somebody sent, is a set; bounded by its own size. */
bool rest_fields_is_set(const struct node *n);

#endif
