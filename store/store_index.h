/* All rows of one class in the order of their keys: kind, namespace, name.
 *
 * Two levels of sorted arrays: leaves of up to 256 rows, and the list of leaves. A lookup is two
 * binary searches, a walk is a scan, and an insertion moves at most one leaf. Holds one reference
 * to each row. Not shared between threads. */
#ifndef STORE_STORE_INDEX_H
#define STORE_STORE_INDEX_H

#include <stddef.h>

#include "core/base/str.h"

struct store_object;
struct store_index_leaf; /* internal */

struct store_index {
    struct store_index_leaf **leaves; /* none is empty */
    size_t leaf_count, leaf_cap;
    size_t count; /* rows */
};

void store_index_init(struct store_index *x);
void store_index_deinit(struct store_index *x);

/* Borrowed, or NULL. */
struct store_object *store_index_find(const struct store_index *x, struct str key);
/* The first row whose key is above key, or NULL. */
struct store_object *store_index_after(const struct store_index *x, struct str key);
/* Puts o in (the index takes its own reference) and returns the row it replaces, which is the
 * caller's to unref, or NULL. */
struct store_object *store_index_put(struct store_index *x, const struct store_object *o);
/* Takes the row out and returns it to the caller, or NULL. */
struct store_object *store_index_remove(struct store_index *x, struct str key);

#endif
