#include "core/http/http_h2_mem.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/loop/worker.h"

#define STEP     ((size_t)32)
#define CLASSES  ((size_t)20) /* up to 640 bytes; beyond, the heap */
#define KEEP_MAX 512          /* free items per class: what a burst leaves behind */

/* In front of every block: which class it is of; CLASSES: the heap's, of `size` bytes. */
struct block {
    uint32_t size_class;
    uint32_t size;
};
_Static_assert(sizeof(struct block) == 8, "keeps blocks aligned for nghttp2, which needs 8");

struct pool {
    nghttp2_mem mem;
    void *free[CLASSES]; /* next pointer in the block's first bytes */
    uint32_t count[CLASSES];
    size_t live;  /* blocks handed out */
    bool is_over; /* the worker let go: the last block takes the pool with it */
};

static struct block *block_of(void *p)
{
    return (struct block *)p - 1;
}

static void *take(void *arg, size_t size)
{
    struct pool *pool = arg;
    size_t c = size ? (size - 1) / STEP : 0;
    struct block *b;

    if (c < CLASSES && pool->free[c]) {
        void *p = pool->free[c];

        memcpy(&pool->free[c], p, sizeof(void *));
        pool->count[c]--;
        pool->live++;
        return p;
    }
    if (size > UINT32_MAX - STEP)
        return NULL;
    b = mem_alloc(sizeof(*b) + (c < CLASSES ? (c + 1) * STEP : size));
    b->size_class = (uint32_t)(c < CLASSES ? c : CLASSES);
    b->size = (uint32_t)(c < CLASSES ? (c + 1) * STEP : size);
    pool->live++;
    return b + 1;
}

static void *on_malloc(size_t size, void *arg)
{
    return take(arg, size);
}

static void *on_calloc(size_t count, size_t size, void *arg)
{
    size_t total;
    void *p;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    p = take(arg, total);
    if (p)
        memset(p, 0, total);
    return p;
}

static void on_free(void *p, void *arg)
{
    struct pool *pool = arg;
    uint32_t c;

    if (!p)
        return;
    c = block_of(p)->size_class;
    pool->live--;
    if (c == CLASSES || pool->count[c] >= KEEP_MAX || pool->is_over) {
        mem_free(block_of(p));
        if (pool->is_over && pool->live == 0)
            mem_free(pool);
        return;
    }
    memcpy(p, &pool->free[c], sizeof(void *));
    pool->free[c] = p;
    pool->count[c]++;
}

static void *on_realloc(void *p, size_t size, void *arg)
{
    size_t had;
    void *q;

    if (!p)
        return take(arg, size);
    had = block_of(p)->size;
    if (size <= had && block_of(p)->size_class < CLASSES)
        return p;
    q = take(arg, size);
    if (!q)
        return NULL;
    memcpy(q, p, had < size ? had : size);
    on_free(p, arg);
    return q;
}

static void free_pool(void *ptr)
{
    struct pool *pool = ptr;

    for (size_t c = 0; c < CLASSES; c++) {
        while (pool->free[c]) {
            void *p = pool->free[c];

            memcpy(&pool->free[c], p, sizeof(void *));
            mem_free(block_of(p));
        }
    }
    /* Sessions of other extensions may end later than this one. */
    pool->is_over = true;
    if (pool->live == 0)
        mem_free(pool);
}

nghttp2_mem *http_h2_mem_of(struct worker *w)
{
    static struct worker_key key;
    struct pool *pool = worker_get(w, &key);

    if (!pool) {
        pool = mem_alloc0(1, sizeof(*pool));
        pool->mem = (nghttp2_mem){ pool, on_malloc, on_free, on_calloc, on_realloc };
        worker_set(w, &key, pool, free_pool);
    }
    return &pool->mem;
}
