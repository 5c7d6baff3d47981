#include "store/store_log.h"

#include "core/base/error.h"
#include "core/base/mem.h"

#define RING_FIRST 64

void store_log_init(struct store_log *l, size_t max_changes, size_t max_bytes)
{
    *l = (struct store_log){ .max_changes = RING_FIRST, .max_bytes = max_bytes, .next_mod = 1 };
    while (l->max_changes < max_changes)
        l->max_changes *= 2;
    vv_init(&l->base);
}

static struct store_change *slot(const struct store_log *l, uint64_t mod)
{
    return &l->ring[mod & (l->cap - 1)];
}

static size_t size_of(const struct store_change *c)
{
    return c->object->body.len + (c->previous ? c->previous->body.len : 0);
}

static void drop_oldest(struct store_log *l)
{
    struct store_change *c = slot(l, store_log_first(l));

    ASSERT(vv_raise(&l->base, c->object->dot) == 0); /* bounded by the store's own vector */
    l->bytes -= size_of(c);
    l->count--;
    store_object_unref(c->object);
    store_object_unref(c->previous);
}

void store_log_deinit(struct store_log *l)
{
    while (l->count > 0)
        drop_oldest(l);
    mem_free(l->ring);
    vv_deinit(&l->base);
    *l = (struct store_log){ 0 };
}

void store_log_set_base(struct store_log *l, const struct vv *vv)
{
    vv_copy(&l->base, vv);
}

static void grow(struct store_log *l)
{
    size_t cap = l->cap ? l->cap * 2 : RING_FIRST;
    struct store_change *ring = mem_alloc0(cap, sizeof(*ring));

    for (uint64_t mod = store_log_first(l); mod < l->next_mod; mod++)
        ring[mod & (cap - 1)] = *slot(l, mod);
    mem_free(l->ring);
    l->ring = ring;
    l->cap = cap;
}

void store_log_append(struct store_log *l, const struct store_object *object,
                      const struct store_object *previous)
{
    struct store_change *c;

    if (previous && previous->dead)
        previous = NULL;
    if (object->dead && !previous)
        return;
    if (l->count == l->cap) {
        if (l->cap < l->max_changes)
            grow(l);
        else
            drop_oldest(l);
    }
    c = slot(l, l->next_mod);
    *c = (struct store_change){
        .mod = l->next_mod,
        .type = object->dead ? STORE_DELETED
                : previous   ? STORE_MODIFIED
                             : STORE_ADDED,
        .object = store_object_ref(object),
        .previous = previous ? store_object_ref(previous) : NULL,
    };
    l->next_mod++;
    l->count++;
    l->bytes += size_of(c);
    while (l->bytes > l->max_bytes && l->count > 1)
        drop_oldest(l);
}

const struct store_change *store_log_get(const struct store_log *l, uint64_t mod)
{
    ASSERT(mod >= store_log_first(l) && mod < l->next_mod);
    return slot(l, mod);
}

uint64_t store_log_after_dot(const struct store_log *l, struct dot d)
{
    for (uint64_t mod = l->next_mod; mod > store_log_first(l); mod--) {
        if (dot_eq(slot(l, mod - 1)->object->dot, d))
            return mod;
    }
    return 0;
}
