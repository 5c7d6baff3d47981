#include "store/store_batch.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "store/store_object.h"

struct store_batch *store_batch_new(void)
{
    struct store_batch *b = mem_alloc0(1, sizeof(*b));

    vv_init(&b->vv);
    vv_init(&b->purged_vv);
    map_init(&b->newest);
    list_init(&b->txns);
    return b;
}

void store_batch_free(struct store_batch *b)
{
    if (!b)
        return;
    ASSERT(list_is_empty(&b->txns));
    map_deinit(&b->newest);
    for (size_t i = 0; i < b->row_count; i++) {
        store_object_unref(b->rows[i].object);
        store_object_unref(b->rows[i].previous);
    }
    for (size_t i = 0; i < b->loss_count; i++)
        store_object_unref(b->losses[i].loser);
    for (size_t i = 0; i < b->purge_count; i++)
        store_object_unref(b->purged[i]);
    mem_free(b->rows);
    mem_free(b->losses);
    mem_free(b->spans);
    mem_free((void *)b->purged);
    vv_deinit(&b->vv);
    vv_deinit(&b->purged_vv);
    mem_free(b);
}

/* Room for one more item in an array. */
static void *grow(void *list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return list;
    *cap = *cap ? *cap * 2 : 8;
    return mem_resize(list, *cap, size);
}

static void *plain(const struct store_object *o)
{
    return (void *)(uintptr_t)o; /* maps hold plain pointers; nobody writes through this one */
}

void store_batch_add_row(struct store_batch *b, const struct store_object *object,
                         const struct store_object *previous, struct str user, bool keep)
{
    b->rows = grow(b->rows, b->row_count, &b->row_cap, sizeof(*b->rows));
    b->rows[b->row_count++] = (struct store_row){
        .object = store_object_ref(object),
        .previous = previous ? store_object_ref(previous) : NULL,
        .user = user,
        .keep = keep,
    };
    b->bytes += object->body.len;
    map_put(&b->newest, object->key, plain(object));
}

void store_batch_cut_rows(struct store_batch *b, size_t count)
{
    while (b->row_count > count) {
        struct store_row *row = &b->rows[--b->row_count];

        b->bytes -= row->object->body.len;
        map_remove(&b->newest, row->object->key);
        store_object_unref(row->object);
        store_object_unref(row->previous);
    }
    /* What an earlier transaction wrote to the same key counts again. */
    for (size_t i = 0; i < b->row_count; i++)
        map_put(&b->newest, b->rows[i].object->key, plain(b->rows[i].object));
}

void store_batch_add_loss(struct store_batch *b, const struct store_object *loser, struct dot won)
{
    b->losses = grow(b->losses, b->loss_count, &b->loss_cap, sizeof(*b->losses));
    b->losses[b->loss_count++] = (struct store_loss){ store_object_ref(loser), won };
}

void store_batch_add_span(struct store_batch *b, struct store_span span)
{
    b->spans = grow(b->spans, b->span_count, &b->span_cap, sizeof(*b->spans));
    b->spans[b->span_count++] = span;
}

void store_batch_add_purge(struct store_batch *b, const struct store_object *tombstone)
{
    b->purged = (const struct store_object **)grow((void *)b->purged, b->purge_count, &b->purge_cap,
                                                   sizeof(b->purged[0]));
    b->purged[b->purge_count++] = store_object_ref(tombstone);
}

bool store_batch_is_empty(const struct store_batch *b, const struct vv *before)
{
    return b->row_count == 0 && b->loss_count == 0 && b->purge_count == 0 && vv_eq(&b->vv, before);
}
