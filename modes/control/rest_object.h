/* Objects between the three forms they have: as clients see them (nodes with all metadata), as the
 * store keeps them (JSON without what the store knows itself, status apart), and decoded.
 * Any thread. */
#ifndef MODES_CONTROL_REST_OBJECT_H
#define MODES_CONTROL_REST_OBJECT_H

#include "core/api/object.h"
#include "store/store.h"

/* The object as a client of that version sees it; status (may be NULL) is its row. In a. */
struct node *rest_object_node(const struct api_kind *k, struct str version,
                              const struct store_object *o, const struct store_object *status,
                              struct arena *a);
/* Sets uid, resourceVersion, generation and creationTimestamp as o has them. */
void rest_object_set_system(const struct api_kind *k, struct node *n, const struct store_object *o,
                            const struct store_object *status, struct arena *a);
/* What the store keeps of n, appended to out: stored version, no status, no system metadata, no
 * nulls. 0 or ERR_LIMIT. */
int rest_object_body(const struct api_kind *k, const struct node *n, struct arena *a,
                     struct buf *out);
/* Takes null members out of all maps below n. */
void rest_object_drop_nulls(struct node *n);
/* The metadata map, made when there is none. */
struct node *rest_object_meta(struct node *n, struct arena *a);
/* The label pairs of a node's metadata, for selectors; in a. */
struct field_pair *rest_object_labels(const struct node *n, struct arena *a, size_t *count);

/* For store_options: equal but for metadata and status. */
bool rest_object_same_spec(void *arg, uint16_t kind, struct str old_body, struct str new_body);

#endif
