/* Pools of equal-sized objects with a free list, one per worker and type: no heap call on the
 * request path, and memory is handed back to the system when a burst is over. Not thread safe. */
#ifndef CORE_BASE_SLAB_H
#define CORE_BASE_SLAB_H

#include <stddef.h>

struct slab_page; /* internal */

struct slab {
    size_t item_bytes;
    size_t max_items; /* 0: no limit */
    size_t used;      /* items handed out */
    size_t free_count;
    void *free_list;
    struct slab_page *pages;
};

void slab_init(struct slab *s, size_t item_bytes, size_t max_items);
/* All items must have been returned (checked). */
void slab_deinit(struct slab *s);
/* An item, not initialised; NULL when max_items are out. */
void *slab_alloc(struct slab *s);
void slab_free(struct slab *s, void *item); /* NULL is allowed */
/* Gives back to the system what is free in whole pages; called by an idle timer. */
void slab_trim(struct slab *s);

#endif
