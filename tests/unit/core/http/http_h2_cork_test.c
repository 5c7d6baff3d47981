#include "core/http/http_h2_cork.h"

#include <string.h>

#include "core/base/error.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/stream_sink.h"

static struct worker worker;

struct rig {
    struct stream *a, *b;
    struct stream_sink at_a, at_b;
    struct http_h2_cork cork;
};

static void rig_open(struct rig *r)
{
    *r = (struct rig){ 0 };
    EQ_INT(worker_init(&worker, 0, 1), 0);
    stream_mem_pair(&worker, &r->a, &r->b);
    stream_sink_listen(&r->at_a, r->a);
    stream_sink_listen(&r->at_b, r->b);
    http_h2_cork_init(&r->cork, 1000);
}

static void rig_close(struct rig *r)
{
    http_h2_cork_deinit(&r->cork);
    stream_close(r->at_a.s);
    stream_close(r->at_b.s);
    worker_deinit(&worker);
    stream_sink_deinit(&r->at_a);
    stream_sink_deinit(&r->at_b);
}

static void lent_memory_leaves_in_its_place(void)
{
    static char x[HTTP_H2_CORK_LEND_BYTES], y[HTTP_H2_CORK_LEND_BYTES + 5];
    size_t total = 1 + sizeof(x) + 2 + sizeof(y) + 3;
    struct rig r;
    const char *got;

    rig_open(&r);
    http_h2_cork_add(&r.cork, "a", 1);
    OK(http_h2_cork_lend(&r.cork, x, sizeof(x)));
    http_h2_cork_add(&r.cork, "bc", 2);
    OK(http_h2_cork_lend(&r.cork, y, sizeof(y)));
    http_h2_cork_add(&r.cork, "def", 3);
    EQ_INT(http_h2_cork_len(&r.cork), total);
    memset(x, 'x', sizeof(x)); /* it was not copied */
    memset(y, 'y', sizeof(y));
    EQ_INT(http_h2_cork_write(&r.cork, r.a), 0);
    EQ_INT(http_h2_cork_len(&r.cork), 0);
    OK(stream_sink_wait_bytes(&worker, &r.at_b, total));
    got = r.at_b.in.p;
    EQ_STRN(got, 2, "ax");
    EQ_STRN(got + sizeof(x), 4, "xbcy");
    EQ_STRN(got + total - 4, 4, "ydef");
    EQ_INT(buf_len(&r.at_b.in), total);
    rig_close(&r);
}

static void small_or_too_many_pieces_are_not_lent(void)
{
    static const char big[HTTP_H2_CORK_LEND_BYTES];
    struct rig r;

    rig_open(&r);
    OK(!http_h2_cork_lend(&r.cork, big, sizeof(big) - 1));
    for (int i = 0; i < HTTP_H2_CORK_LENT_MAX; i++)
        OK(http_h2_cork_lend(&r.cork, big, sizeof(big)));
    OK(!http_h2_cork_lend(&r.cork, big, sizeof(big)));
    EQ_INT(http_h2_cork_len(&r.cork), HTTP_H2_CORK_LENT_MAX * sizeof(big));
    EQ_INT(http_h2_cork_write(&r.cork, r.a), 0);
    OK(stream_sink_wait_bytes(&worker, &r.at_b, HTTP_H2_CORK_LENT_MAX * sizeof(big)));
    rig_close(&r);
}

static void nothing_is_not_written(void)
{
    struct rig r;

    rig_open(&r);
    EQ_INT(http_h2_cork_write(&r.cork, r.a), 0);
    stream_sink_idle(&worker, 2);
    EQ_INT(r.at_b.reads, 0);
    rig_close(&r);
}

static void a_failed_write_leaves_it_empty(void)
{
    struct rig r;

    rig_open(&r);
    stream_mem_fail_write(r.a, 2, ERR_CLOSED);
    http_h2_cork_add(&r.cork, "abc", 3);
    EQ_INT(http_h2_cork_write(&r.cork, r.a), ERR_CLOSED);
    EQ_INT(http_h2_cork_len(&r.cork), 0);
    rig_close(&r);
}

static void memory_goes_from_one_to_the_next(void)
{
    struct http_h2_cork next;
    struct rig r;
    const char *p;

    rig_open(&r);
    http_h2_cork_init(&next, 1000);
    http_h2_cork_take(&r.cork, &worker);
    http_h2_cork_add(&r.cork, "abc", 3);
    p = r.cork.own.p;
    http_h2_cork_clear(&r.cork);
    http_h2_cork_give(&r.cork, &worker);
    OK(!r.cork.own.p);
    http_h2_cork_take(&next, &worker);
    OK(next.own.p == p);
    OK(buf_reserve(&next.own, 10000)); /* more than it needs usually: not kept */
    http_h2_cork_give(&next, &worker);
    http_h2_cork_take(&r.cork, &worker);
    OK(!r.cork.own.p);
    http_h2_cork_deinit(&next);
    rig_close(&r);
}

static const struct tap_case cases[] = {
    { "lent_memory_leaves_in_its_place", lent_memory_leaves_in_its_place },
    { "small_or_too_many_pieces_are_not_lent", small_or_too_many_pieces_are_not_lent },
    { "nothing_is_not_written", nothing_is_not_written },
    { "a_failed_write_leaves_it_empty", a_failed_write_leaves_it_empty },
    { "memory_goes_from_one_to_the_next", memory_goes_from_one_to_the_next },
};

TAP_MAIN(cases)
