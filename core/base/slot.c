#include "core/base/slot.h"

#include "core/base/error.h"
#include "core/base/mem.h"

#define NO_FREE UINT32_MAX

void slot_table_init(struct slot_table *t)
{
    *t = (struct slot_table){ .free_head = NO_FREE };
}

void slot_table_deinit(struct slot_table *t)
{
    mem_free(t->entries);
    slot_table_init(t);
}

static uint32_t take_entry(struct slot_table *t)
{
    uint32_t index = t->free_head;

    if (index != NO_FREE) {
        t->free_head = t->entries[index].next_free;
        return index;
    }
    if (t->count == t->cap) {
        ASSERT(t->cap < NO_FREE / 2);
        t->cap = t->cap ? t->cap * 2 : 16;
        t->entries = mem_resize(t->entries, t->cap, sizeof(*t->entries));
    }
    t->entries[t->count] = (struct slot_entry){ .generation = 1 };
    return t->count++;
}

uint64_t slot_add(struct slot_table *t, void *ptr)
{
    uint32_t index;

    ASSERT(ptr);
    index = take_entry(t);
    t->entries[index].ptr = ptr;
    t->used++;
    return (uint64_t)t->entries[index].generation << 32 | index;
}

static struct slot_entry *entry_of(const struct slot_table *t, uint64_t handle)
{
    uint32_t index = (uint32_t)handle;

    if (index >= t->count || t->entries[index].generation != handle >> 32)
        return NULL;
    return &t->entries[index];
}

void *slot_get(const struct slot_table *t, uint64_t handle)
{
    const struct slot_entry *e = entry_of(t, handle);

    return e ? e->ptr : NULL;
}

void slot_remove(struct slot_table *t, uint64_t handle)
{
    struct slot_entry *e = entry_of(t, handle);

    if (!e || !e->ptr)
        return;
    e->ptr = NULL;
    if (++e->generation == 0)
        e->generation = 1; /* generation 0 would make handle 0 valid */
    e->next_free = t->free_head;
    t->free_head = (uint32_t)handle;
    t->used--;
}
