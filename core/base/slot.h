/* Handles instead of pointers: a table index and a generation in one 64-bit number.
 *
 * A late callback or a message from another thread holds a handle; after the object is gone the
 * lookup finds nothing instead of freed memory. Handle 0 is never valid. Not thread safe. */
#ifndef CORE_BASE_SLOT_H
#define CORE_BASE_SLOT_H

#include <stddef.h>
#include <stdint.h>

struct slot_entry {
    void *ptr;
    uint32_t generation;
    uint32_t next_free;
};

struct slot_table {
    struct slot_entry *entries;
    uint32_t count, cap, free_head;
    uint32_t used;
};

void slot_table_init(struct slot_table *t);
void slot_table_deinit(struct slot_table *t);
uint64_t slot_add(struct slot_table *t, void *ptr);          /* never 0 */
void *slot_get(const struct slot_table *t, uint64_t handle); /* or NULL */
void slot_remove(struct slot_table *t, uint64_t handle);     /* stale handles are ignored */

#endif
