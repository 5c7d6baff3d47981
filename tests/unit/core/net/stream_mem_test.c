#include "core/net/stream_mem.h"

#include "core/base/error.h"
#include "tests/tap.h"
#include "tests/unit/support/stream_sink.h"

static struct worker worker;

struct rig {
    struct stream *a, *b;
    struct stream_sink at_a, at_b;
};

static void rig_open(struct rig *r)
{
    *r = (struct rig){ 0 };
    EQ_INT(worker_init(&worker, 0, 1), 0);
    stream_mem_pair(&worker, &r->a, &r->b);
    stream_sink_listen(&r->at_a, r->a);
    stream_sink_listen(&r->at_b, r->b);
}

static void rig_close(struct rig *r)
{
    stream_close(r->at_a.s);
    stream_close(r->at_b.s);
    worker_deinit(&worker);
    stream_sink_deinit(&r->at_a);
    stream_sink_deinit(&r->at_b);
}

static void bytes_arrive_later_in_chosen_pieces(void)
{
    struct rig r;

    rig_open(&r);
    stream_mem_set_read_max(r.b, 3);
    EQ_INT(stream_write_bytes(r.a, "0123456789", 10), 0);
    EQ_INT(r.at_b.reads, 0);
    OK(stream_sink_wait_bytes(&worker, &r.at_b, 10));
    EQ_INT(r.at_b.reads, 4);
    EQ_STRN(r.at_b.in.p, 10, "0123456789");
    EQ_INT(stream_peer(r.a)->family, ADDR_NONE);
    rig_close(&r);
}

static void a_paused_end_makes_the_other_full(void)
{
    char block[20000] = "";
    struct rig r;

    rig_open(&r);
    stream_mem_set_window(r.a, 1000);
    stream_read_stop(r.b);
    EQ_INT(stream_write_bytes(r.a, block, sizeof(block)), 0);
    EQ_INT(stream_unsent(r.a), 19000);
    stream_sink_idle(&worker, 5);
    EQ_INT(r.at_b.reads, 0);
    stream_read_start(r.b);
    OK(stream_sink_wait_drain(&worker, &r.at_a));
    EQ_INT(r.at_a.drains, 1);
    EQ_INT(stream_unsent(r.a), 0);
    rig_close(&r);
}

static void the_end_follows_the_bytes(void)
{
    struct rig r;

    rig_open(&r);
    EQ_INT(stream_write_bytes(r.a, "bye", 3), 0);
    stream_sink_close(&r.at_a);
    OK(stream_sink_wait_eof(&worker, &r.at_b));
    EQ_STRN(r.at_b.in.p, buf_len(&r.at_b.in), "bye");
    EQ_INT(stream_write_bytes(r.b, "x", 1), UV_EPIPE);
    rig_close(&r);
}

static void errors_come_when_asked_for(void)
{
    struct rig r;

    rig_open(&r);
    stream_mem_fail_write(r.a, 4, ERR_TIMEOUT);
    EQ_INT(stream_write_bytes(r.a, "1234", 4), 0);
    EQ_INT(stream_write_bytes(r.a, "5", 1), ERR_TIMEOUT);
    EQ_INT(stream_write_bytes(r.a, "6", 1), ERR_TIMEOUT);
    EQ_INT(r.at_a.err, 0);
    stream_mem_fail(r.b, ERR_PROTO);
    OK(stream_sink_wait_error(&worker, &r.at_b));
    EQ_INT(r.at_b.err, ERR_PROTO);
    rig_close(&r);
}

static void a_connecting_end_becomes_ready(void)
{
    struct rig r;

    rig_open(&r);
    stream_mem_set_connecting(r.a);
    EQ_INT(stream_write_bytes(r.a, "early", 5), 0);
    EQ_INT(stream_write_bytes(r.b, "hi", 2), 0);
    stream_sink_idle(&worker, 5);
    OK(!r.at_a.ready && r.at_a.reads == 0);
    stream_mem_connect(r.a);
    OK(stream_sink_wait_ready(&worker, &r.at_a));
    OK(stream_sink_wait_bytes(&worker, &r.at_a, 2));
    rig_close(&r);
}

static const struct tap_case cases[] = {
    { "bytes_arrive_later_in_chosen_pieces", bytes_arrive_later_in_chosen_pieces },
    { "a_paused_end_makes_the_other_full", a_paused_end_makes_the_other_full },
    { "the_end_follows_the_bytes", the_end_follows_the_bytes },
    { "errors_come_when_asked_for", errors_come_when_asked_for },
    { "a_connecting_end_becomes_ready", a_connecting_end_becomes_ready },
};

TAP_MAIN(cases)
