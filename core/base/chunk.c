#include "core/base/chunk.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/error.h"

#define SMALL_BYTES ((size_t)4 * 1024)
#define LARGE_BYTES ((size_t)16 * 1024)

struct chunk {
    struct chunk *next;
    bool is_large;
    uint32_t start, end; /* content in data */
    char data[];
};

static size_t capacity(bool is_large)
{
    return (is_large ? LARGE_BYTES : SMALL_BYTES) - sizeof(struct chunk);
}

void chunk_pool_init(struct chunk_pool *p)
{
    slab_init(&p->small, SMALL_BYTES, 0);
    slab_init(&p->large, LARGE_BYTES, 0);
}

void chunk_pool_deinit(struct chunk_pool *p)
{
    slab_deinit(&p->small);
    slab_deinit(&p->large);
}

void chunk_pool_trim(struct chunk_pool *p)
{
    slab_trim(&p->small);
    slab_trim(&p->large);
}

void chunk_queue_init(struct chunk_queue *q, struct chunk_pool *pool)
{
    *q = (struct chunk_queue){ .pool = pool };
}

/* Appends an empty chunk for len bytes that wait. */
static void push_chunk(struct chunk_queue *q, size_t len)
{
    bool is_large = len > capacity(false);
    struct chunk *c = slab_alloc(is_large ? &q->pool->large : &q->pool->small);

    ASSERT(c); /* the pool has no limit; queues are bounded by who fills them */
    *c = (struct chunk){ .is_large = is_large };
    if (q->last)
        q->last->next = c;
    else
        q->first = c;
    q->last = c;
}

static void pop_chunk(struct chunk_queue *q)
{
    struct chunk *c = q->first;

    q->first = c->next;
    if (!q->first)
        q->last = NULL;
    slab_free(c->is_large ? &q->pool->large : &q->pool->small, c);
}

void chunk_queue_clear(struct chunk_queue *q)
{
    while (q->first)
        pop_chunk(q);
    q->len = 0;
}

void chunk_queue_add(struct chunk_queue *q, const void *p, size_t len)
{
    const char *from = p;

    q->len += len;
    while (len) {
        struct chunk *c = q->last;
        size_t room = c ? capacity(c->is_large) - c->end : 0;

        if (room == 0) {
            push_chunk(q, len);
            continue;
        }
        if (room > len)
            room = len;
        memcpy(c->data + c->end, from, room);
        c->end += (uint32_t)room;
        from += room;
        len -= room;
    }
}

void chunk_queue_add_pieces(struct chunk_queue *q, const struct iovec *iov, int count, size_t skip)
{
    for (int i = 0; i < count; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        chunk_queue_add(q, (const char *)iov[i].iov_base + skip, iov[i].iov_len - skip);
        skip = 0;
    }
}

int chunk_queue_peek(const struct chunk_queue *q, struct iovec *iov, int max)
{
    int n = 0;

    for (struct chunk *c = q->first; c && n < max; c = c->next, n++)
        iov[n] = (struct iovec){ c->data + c->start, c->end - c->start };
    return n;
}

void chunk_queue_consume(struct chunk_queue *q, size_t len)
{
    ASSERT(len <= q->len);
    q->len -= len;
    while (len) {
        struct chunk *c = q->first;
        size_t have = c->end - c->start;

        if (len < have) {
            c->start += (uint32_t)len;
            return;
        }
        len -= have;
        pop_chunk(q);
    }
}

void chunk_queue_move(struct chunk_queue *to, struct chunk_queue *from)
{
    ASSERT(to->pool == from->pool);
    if (!from->first)
        return;
    if (to->last)
        to->last->next = from->first;
    else
        to->first = from->first;
    to->last = from->last;
    to->len += from->len;
    from->first = from->last = NULL;
    from->len = 0;
}
