#include "core/base/chunk.h"

#include <stdlib.h>

#include "core/base/random.h"
#include "tests/tap.h"

/* Bytes that tell where they belong: the n-th byte of the stream. */
static char byte_at(size_t n)
{
    return (char)(n * 31 + n / 251);
}

static void add_bytes(struct chunk_queue *q, size_t from, size_t len)
{
    char *bytes = malloc(len + 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(from + i);
    chunk_queue_add(q, bytes, len);
    free(bytes);
}

/* Whether what the queue shows is the stream from byte `from` on. */
static bool shows_from(const struct chunk_queue *q, size_t from)
{
    struct iovec iov[512];
    int n = chunk_queue_peek(q, iov, 512);
    size_t at = from;

    for (int i = 0; i < n; i++) {
        for (size_t j = 0; j < iov[i].iov_len; j++, at++) {
            if (((char *)iov[i].iov_base)[j] != byte_at(at))
                return false;
        }
        if (iov[i].iov_len == 0)
            return false;
    }
    return at - from == q->len;
}

static void bytes_come_out_in_order_across_chunks(void)
{
    static const size_t sizes[] = { 1, 4000, 4096, 5000, 16384, 100000 };
    struct chunk_pool pool;

    chunk_pool_init(&pool);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct chunk_queue q;

        chunk_queue_init(&q, &pool);
        add_bytes(&q, 0, sizes[i]);
        add_bytes(&q, sizes[i], sizes[i]);
        EQ_UINT(q.len, 2 * sizes[i]);
        OK(shows_from(&q, 0));
        chunk_queue_consume(&q, sizes[i] / 2);
        OK(shows_from(&q, sizes[i] / 2));
        chunk_queue_consume(&q, q.len);
        EQ_UINT(q.len, 0);
        OK(q.first == NULL && q.last == NULL);
    }
    EQ_UINT(pool.small.used + pool.large.used, 0);
    chunk_pool_deinit(&pool);
}

static void random_adds_and_consumes(void)
{
    struct chunk_pool pool;
    struct chunk_queue q;
    struct random r;
    size_t in = 0, out = 0;

    chunk_pool_init(&pool);
    chunk_queue_init(&q, &pool);
    random_init(&r, 7);
    for (int i = 0; i < 3000; i++) {
        size_t len = random_below(&r, random_below(&r, 4) ? 3000 : 40000);

        if (q.len < 300000 && random_below(&r, 2)) {
            add_bytes(&q, in, len);
            in += len;
        } else {
            len = len < q.len ? len : q.len;
            chunk_queue_consume(&q, len);
            out += len;
        }
        if (!EQ_UINT(q.len, in - out) || !OK(shows_from(&q, out)))
            break;
    }
    chunk_queue_clear(&q);
    EQ_UINT(q.len, 0);
    EQ_UINT(pool.small.used + pool.large.used, 0);
    chunk_pool_deinit(&pool);
}

static void peek_is_bounded(void)
{
    struct chunk_pool pool;
    struct chunk_queue q;
    struct iovec iov[2];

    chunk_pool_init(&pool);
    chunk_queue_init(&q, &pool);
    EQ_INT(chunk_queue_peek(&q, iov, 2), 0);
    add_bytes(&q, 0, 100000);
    EQ_INT(chunk_queue_peek(&q, iov, 2), 2);
    EQ_INT(chunk_queue_peek(&q, iov, 0), 0);
    chunk_queue_clear(&q);
    chunk_pool_deinit(&pool);
}

static void move_appends_and_empties_the_source(void)
{
    struct chunk_pool pool;
    struct chunk_queue a, b;

    chunk_pool_init(&pool);
    chunk_queue_init(&a, &pool);
    chunk_queue_init(&b, &pool);
    chunk_queue_move(&a, &b); /* nothing to nothing */
    add_bytes(&b, 0, 5000);
    chunk_queue_move(&a, &b);
    OK(shows_from(&a, 0));
    EQ_UINT(b.len, 0);
    add_bytes(&b, 5000, 30000);
    chunk_queue_move(&a, &b);
    chunk_queue_move(&a, &b);
    EQ_UINT(a.len, 35000);
    OK(shows_from(&a, 0));
    add_bytes(&a, 35000, 10);
    OK(shows_from(&a, 0));
    chunk_queue_clear(&a);
    chunk_pool_deinit(&pool);
}

static void trim_gives_back_free_chunks(void)
{
    struct chunk_pool pool;
    struct chunk_queue q;

    chunk_pool_init(&pool);
    chunk_queue_init(&q, &pool);
    add_bytes(&q, 0, 1000000);
    add_bytes(&q, 1000000, 10);
    chunk_queue_clear(&q);
    OK(pool.large.pages != NULL);
    chunk_pool_trim(&pool);
    OK(pool.large.pages == NULL && pool.small.pages == NULL);
    chunk_pool_deinit(&pool);
}

static const struct tap_case cases[] = {
    { "bytes_come_out_in_order_across_chunks", bytes_come_out_in_order_across_chunks },
    { "random_adds_and_consumes", random_adds_and_consumes },
    { "peek_is_bounded", peek_is_bounded },
    { "move_appends_and_empties_the_source", move_appends_and_empties_the_source },
    { "trim_gives_back_free_chunks", trim_gives_back_free_chunks },
};

TAP_MAIN(cases)
