#include "core/net/relay.h"

#include <errno.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/net/stream_mem.h"
#include "core/net/stream_tcp.h"
#include "tests/tap.h"
#include "tests/unit/support/stream_sink.h"

static struct worker worker;

/* left ~ a =relay= b ~ right: what the left peer writes the right one reads. */
struct rig {
    struct stream_sink left, right;
    struct stream *a, *b;
    struct relay *relay;
    struct relay_result result;
    int done;
};

static void on_done(void *arg, const struct relay_result *result)
{
    struct rig *r = arg;

    r->result = *result;
    r->done++;
}

static bool is_done(void *arg)
{
    return ((struct rig *)arg)->done > 0;
}

static bool wait_done(struct rig *r)
{
    return worker_run_until(&worker, is_done, r, 30000) == 0;
}

static bool rig_open(struct rig *r, bool tcp, const struct relay_options *options)
{
    struct stream *left, *right;

    *r = (struct rig){ 0 };
    EQ_INT(worker_init(&worker, 0, 1), 0);
    if (tcp) {
        if (!OK(stream_sink_tcp_pair(&worker, &left, &r->a)) ||
            !OK(stream_sink_tcp_pair(&worker, &r->b, &right)))
            return false;
    } else {
        stream_mem_pair(&worker, &left, &r->a);
        stream_mem_pair(&worker, &right, &r->b);
    }
    stream_sink_listen(&r->left, left);
    stream_sink_listen(&r->right, right);
    r->relay = relay_start(r->a, r->b, options, on_done, r);
    return true;
}

static void rig_close(struct rig *r)
{
    if (!r->done)
        relay_cancel(r->relay);
    stream_close(r->left.s);
    stream_close(r->right.s);
    worker_deinit(&worker);
    stream_sink_deinit(&r->left);
    stream_sink_deinit(&r->right);
}

static void bytes_cross_and_are_counted(void)
{
    uint64_t there, back;
    struct rig r;

    for (int tcp = 0; tcp < 2; tcp++) {
        if (!rig_open(&r, tcp, NULL))
            return;
        stream_write_bytes(r.left.s, "question", 8);
        OK(stream_sink_wait_bytes(&worker, &r.right, 8));
        stream_write_bytes(r.right.s, "answer", 6);
        OK(stream_sink_wait_bytes(&worker, &r.left, 6));
        EQ_STRN(r.right.in.p, buf_len(&r.right.in), "question");
        EQ_STRN(r.left.in.p, buf_len(&r.left.in), "answer");
        relay_counts(r.relay, &there, &back);
        EQ_UINT(there, 8);
        EQ_UINT(back, 6);
        stream_shutdown(r.left.s);
        OK(stream_sink_wait_eof(&worker, &r.right));
        EQ_INT(r.done, 0); /* half closed */
        stream_write_bytes(r.right.s, " and more", 9);
        OK(stream_sink_wait_bytes(&worker, &r.left, 15));
        stream_shutdown(r.right.s);
        OK(wait_done(&r));
        OK(stream_sink_wait_eof(&worker, &r.left));
        EQ_INT(r.result.end, RELAY_END_FINISHED);
        EQ_UINT(r.result.a_to_b_bytes, 8);
        EQ_UINT(r.result.b_to_a_bytes, 15);
        stream_sink_idle(&worker, 5);
        EQ_INT(r.done, 1);
        rig_close(&r);
    }
}

static char *make_pattern(size_t len)
{
    char *p = mem_alloc(len);

    for (size_t i = 0; i < len; i++)
        p[i] = (char)(i * 31 + i / 251);
    return p;
}

static void much_goes_both_ways_at_once(void)
{
    const size_t total = 12 * 1024 * 1024;
    char *all = make_pattern(total);
    struct rig r;

    for (int tcp = 0; tcp < 2; tcp++) {
        if (!rig_open(&r, tcp, NULL))
            return;
        stream_write_bytes(r.left.s, all, total);
        stream_write_bytes(r.right.s, all, total);
        stream_shutdown(r.left.s);
        stream_shutdown(r.right.s);
        OK(stream_sink_wait_eof(&worker, &r.left));
        OK(stream_sink_wait_eof(&worker, &r.right));
        OK(wait_done(&r));
        EQ_MEM(r.left.in.p, buf_len(&r.left.in), all, total);
        EQ_MEM(r.right.in.p, buf_len(&r.right.in), all, total);
        EQ_UINT(r.result.a_to_b_bytes, total);
        EQ_UINT(r.result.b_to_a_bytes, total);
        rig_close(&r);
    }
    mem_free(all);
}

static void a_reader_that_stopped_bounds_what_is_held(void)
{
    const size_t total = 32 * 1024 * 1024;
    char *all = make_pattern(total);
    struct rig r;

    if (!rig_open(&r, true, NULL))
        return;
    stream_read_stop(r.right.s);
    stream_write_bytes(r.left.s, all, total);
    stream_sink_idle(&worker, 200);
    OK(stream_unsent(r.left.s) > 0);
    OK(stream_unsent(r.b) <= STREAM_HIGH_WATER_BYTES + WORKER_RX_BYTES);
    stream_read_start(r.right.s);
    OK(stream_sink_wait_bytes(&worker, &r.right, total));
    EQ_MEM(r.right.in.p, buf_len(&r.right.in), all, total);
    mem_free(all);
    rig_close(&r);
}

static void a_reset_is_passed_on(void)
{
    struct rig r;

    if (!rig_open(&r, true, NULL))
        return;
    stream_write_bytes(r.right.s, "half of it", 10);
    OK(stream_sink_wait_bytes(&worker, &r.left, 10));
    stream_reset_on_close(r.right.s);
    stream_sink_close(&r.right);
    OK(wait_done(&r));
    EQ_INT(r.result.end, RELAY_END_B_FAILED);
    EQ_INT(r.result.err, -ECONNRESET);
    OK(stream_sink_wait_error(&worker, &r.left));
    EQ_INT(r.left.err, -ECONNRESET);
    rig_close(&r);
}

static void an_error_ends_it(void)
{
    struct rig r;

    rig_open(&r, false, NULL);
    stream_mem_fail(r.a, ERR_TLS);
    OK(wait_done(&r));
    EQ_INT(r.result.end, RELAY_END_A_FAILED);
    EQ_INT(r.result.err, ERR_TLS);
    OK(stream_sink_wait_eof(&worker, &r.right));
    rig_close(&r);
    rig_open(&r, false, NULL);
    stream_mem_fail_write(r.b, 3, ERR_LIMIT);
    stream_write_bytes(r.left.s, "12345", 5);
    OK(wait_done(&r));
    EQ_INT(r.result.end, RELAY_END_B_FAILED);
    EQ_INT(r.result.err, ERR_LIMIT);
    rig_close(&r);
}

static void silence_ends_it(void)
{
    struct relay_options options = { .idle_timeout_ms = 60 };
    struct rig r;

    if (!rig_open(&r, true, &options))
        return;
    for (int i = 0; i < 5; i++) {
        stream_sink_idle(&worker, 25);
        stream_write_bytes(r.left.s, "x", 1);
    }
    EQ_INT(r.done, 0);
    OK(wait_done(&r));
    EQ_INT(r.result.end, RELAY_END_IDLE);
    EQ_UINT(r.result.a_to_b_bytes, 5);
    OK(stream_sink_wait_eof(&worker, &r.left));
    OK(stream_sink_wait_eof(&worker, &r.right));
    rig_close(&r);
}

static void a_side_may_still_be_connecting(void)
{
    struct rig r;

    rig_open(&r, false, NULL);
    stream_mem_set_connecting(r.b);
    stream_write_bytes(r.left.s, "early", 5);
    stream_sink_idle(&worker, 5);
    stream_mem_connect(r.b);
    OK(stream_sink_wait_bytes(&worker, &r.right, 5));
    rig_close(&r);
}

static void cancelling_tells_nobody(void)
{
    struct rig r;

    rig_open(&r, false, &(struct relay_options){ .idle_timeout_ms = 5 });
    stream_write_bytes(r.left.s, "x", 1);
    relay_cancel(r.relay);
    r.relay = NULL;
    stream_sink_idle(&worker, 20);
    EQ_INT(r.done, 0);
    OK(r.left.eof && r.right.eof);
    rig_close(&r);
}

/* Moves so much from left to right that the kernel takes over (or would). */
static void warm_up(struct rig *r, const char *all, size_t total)
{
    stream_write_bytes(r->left.s, all, total);
    OK(stream_sink_wait_bytes(&worker, &r->right, total));
    EQ_MEM(r->right.in.p, buf_len(&r->right.in), all, total);
    stream_sink_idle(&worker, 5);
}

static void the_kernel_moves_what_keeps_coming(void)
{
    const size_t total = 8 * 1024 * 1024;
    char *all = make_pattern(total);
    struct relay_options copies = { .no_splice = true };
    uint64_t received, sent, there, back;
    struct rig r;

    for (int splices = 0; splices < 2; splices++) {
        if (!rig_open(&r, true, splices ? NULL : &copies))
            return;
        warm_up(&r, all, total);
        relay_counts(r.relay, &there, &back);
        EQ_UINT(there, total);
        stream_tcp_counts(r.a, &received, &sent); /* of these we saw */
        EQ_INT(received < total, splices);
        stream_write_bytes(r.right.s, "an answer", 9);
        OK(stream_sink_wait_bytes(&worker, &r.left, 9));
        stream_shutdown(r.left.s);
        OK(stream_sink_wait_eof(&worker, &r.right));
        EQ_INT(r.done, 0); /* half closed */
        stream_write_bytes(r.right.s, " and all", 8);
        stream_shutdown(r.right.s);
        OK(stream_sink_wait_eof(&worker, &r.left));
        OK(wait_done(&r));
        EQ_STRN(r.left.in.p, buf_len(&r.left.in), "an answer and all");
        EQ_INT(r.result.end, RELAY_END_FINISHED);
        EQ_UINT(r.result.b_to_a_bytes, 17);
        rig_close(&r);
    }
    mem_free(all);
}

static void a_spliced_reader_that_stops_holds_the_sender(void)
{
    const size_t total = 32 * 1024 * 1024;
    char *all = make_pattern(total);
    struct rig r;

    if (!rig_open(&r, true, NULL))
        return;
    warm_up(&r, all, 4 * 1024 * 1024);
    buf_clear(&r.right.in);
    stream_read_stop(r.right.s);
    stream_write_bytes(r.left.s, all, total);
    stream_sink_idle(&worker, 100);
    OK(stream_unsent(r.left.s) > 0);
    EQ_INT(stream_unsent(r.b), 0);
    stream_read_start(r.right.s);
    OK(stream_sink_wait_bytes(&worker, &r.right, total));
    EQ_MEM(r.right.in.p, buf_len(&r.right.in), all, total);
    mem_free(all);
    rig_close(&r);
}

static void a_reset_of_a_spliced_side_is_passed_on(void)
{
    const size_t total = 4 * 1024 * 1024;
    char *all = make_pattern(total);
    struct rig r;

    for (int first = 0; first < 2; first++) {
        if (!rig_open(&r, true, NULL))
            return;
        warm_up(&r, all, total);
        stream_reset_on_close(first ? r.left.s : r.right.s);
        stream_sink_close(first ? &r.left : &r.right);
        OK(wait_done(&r));
        EQ_INT(r.result.end, first ? RELAY_END_A_FAILED : RELAY_END_B_FAILED);
        EQ_INT(r.result.err, -ECONNRESET);
        OK(stream_sink_wait_error(&worker, first ? &r.right : &r.left));
        rig_close(&r);
    }
    mem_free(all);
}

static void a_spliced_relay_can_be_cancelled_or_idle_out(void)
{
    const size_t total = 4 * 1024 * 1024;
    char *all = make_pattern(total);
    struct rig r;

    if (!rig_open(&r, true, NULL))
        return;
    warm_up(&r, all, total);
    stream_write_bytes(r.left.s, all, total);
    relay_cancel(r.relay);
    r.relay = NULL;
    stream_sink_idle(&worker, 10);
    EQ_INT(r.done, 0);
    rig_close(&r);
    if (!rig_open(&r, true, &(struct relay_options){ .idle_timeout_ms = 700 }))
        return;
    warm_up(&r, all, total);
    OK(wait_done(&r));
    EQ_INT(r.result.end, RELAY_END_IDLE);
    rig_close(&r);
    mem_free(all);
}

static const struct tap_case cases[] = {
    { "bytes_cross_and_are_counted", bytes_cross_and_are_counted },
    { "much_goes_both_ways_at_once", much_goes_both_ways_at_once },
    { "a_reader_that_stopped_bounds_what_is_held", a_reader_that_stopped_bounds_what_is_held },
    { "a_reset_is_passed_on", a_reset_is_passed_on },
    { "an_error_ends_it", an_error_ends_it },
    { "silence_ends_it", silence_ends_it },
    { "a_side_may_still_be_connecting", a_side_may_still_be_connecting },
    { "cancelling_tells_nobody", cancelling_tells_nobody },
    { "the_kernel_moves_what_keeps_coming", the_kernel_moves_what_keeps_coming },
    { "a_spliced_reader_that_stops_holds_the_sender",
      a_spliced_reader_that_stops_holds_the_sender },
    { "a_reset_of_a_spliced_side_is_passed_on", a_reset_of_a_spliced_side_is_passed_on },
    { "a_spliced_relay_can_be_cancelled_or_idle_out",
      a_spliced_relay_can_be_cancelled_or_idle_out },
};

TAP_MAIN(cases)
