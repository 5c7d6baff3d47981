#include "core/net/relay.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/relay_splice.h"
#include "core/net/stream_peek.h"
#include "core/net/stream_tcp.h"

/* Short flows cost more system calls by splice than by copying. */
#define SPLICE_AFTER_BYTES ((uint64_t)128 * 1024)

/* One end of a relay; what is read here is written to the other. */
struct side {
    struct relay *relay;
    struct side *other;
    struct stream *s;
    uint64_t read_bytes;
    bool is_held; /* not read because the other side is full */
    bool ended;   /* its end was seen and passed on */
    bool failed, resets;
};

struct relay {
    struct side a, b;
    struct timer idle;
    struct worker_task task; /* upgrades to splice, or frees */
    struct relay_splice *splice;
    bool no_splice;    /* not wanted, or decided about */
    bool is_upgrading; /* waits until nothing is unsent */
    uint64_t idle_timeout_ms, last_active_ms;
    relay_done_fn done;
    void (*b_ready)(void *arg);
    void *arg;
    bool is_over;
};

/* From here on no callback of the relay runs. */
static void end(struct relay *r)
{
    r->is_over = true;
    timer_cancel(&r->idle);
    relay_splice_stop(r->splice);
    worker_defer(r->a.s->worker, &r->task);
}

/* What the other one sent before it failed may still leave. */
static void close_side(struct side *side, enum relay_end how)
{
    if (side->resets)
        stream_reset_on_close(side->s);
    if (how == RELAY_END_IDLE || side->failed || side->resets)
        stream_close(side->s);
    else
        stream_close_flush(side->s);
}

static void finish(struct relay *r, enum relay_end how, int err)
{
    struct relay_result result = {
        .end = how, .err = err, .a_to_b_bytes = r->a.read_bytes, .b_to_a_bytes = r->b.read_bytes
    };

    end(r);
    r->done(r->arg, &result);
    close_side(&r->a, how);
    close_side(&r->b, how);
}

static void fail(struct side *side, int err)
{
    struct relay *r = side->relay;

    side->failed = true;
    /* A reset is passed on as one, so that the peer does not take half an answer for a whole. */
    side->other->resets =
        (err == UV_ECONNRESET || err == UV_EPIPE) && stream_unsent(side->other->s) == 0;
    finish(r, side == &r->a ? RELAY_END_A_FAILED : RELAY_END_B_FAILED, err);
}

/* ---- by splice ---- */

static void on_moved(void *arg, bool from_a, uint64_t bytes)
{
    struct relay *r = arg;

    (from_a ? &r->a : &r->b)->read_bytes += bytes;
    r->last_active_ms = worker_now_ms(r->a.s->worker);
}

static void on_finished(void *arg)
{
    struct relay *r = arg;

    finish(r, RELAY_END_FINISHED, 0);
}

static void on_failed(void *arg, bool is_a, int err)
{
    struct relay *r = arg;

    fail(is_a ? &r->a : &r->b, err);
}

static const struct relay_splice_events splice_events = { on_moved, on_finished, on_failed };

static bool is_plain_tcp(struct stream *s)
{
    return stream_peek_through(s)->ops == &stream_tcp_ops;
}

static void hold_both(struct relay *r, bool on)
{
    r->a.is_held = r->b.is_held = on;
    if (on) {
        stream_read_stop(r->a.s);
        stream_read_stop(r->b.s);
    } else {
        stream_read_start(r->a.s);
        stream_read_start(r->b.s);
    }
}

/* Holds both sides until what we have is sent, then leaves them to the kernel. on_drain comes back
 * here until that is so. */
static void upgrade(struct relay *r)
{
    int a_fd = -1, b_fd = -1;
    int a_err, b_err;

    r->no_splice = true;
    if (!is_plain_tcp(r->a.s) || !is_plain_tcp(r->b.s) || r->a.ended || r->b.ended)
        return;
    hold_both(r, true);
    a_err = stream_tcp_borrow(stream_peek_through(r->a.s), &a_fd);
    b_err = stream_tcp_borrow(stream_peek_through(r->b.s), &b_fd);
    r->is_upgrading = a_err != ERR_UNSUPPORTED && b_err != ERR_UNSUPPORTED &&
                      (a_err == ERR_AGAIN || b_err == ERR_AGAIN);
    if (r->is_upgrading)
        return;
    if (a_err == 0 && b_err == 0)
        r->splice = relay_splice_start(r->a.s->worker, a_fd, b_fd, &splice_events, r);
    if (!r->splice)
        hold_both(r, false);
}

static void on_task(struct worker_task *task)
{
    struct relay *r = CONTAINER_OF(task, struct relay, task);

    if (r->is_over)
        mem_free(r);
    else
        upgrade(r);
}

/* ---- events of one side ---- */

static void on_ready(void *arg)
{
    struct side *side = arg;
    struct relay *r = side->relay;

    if (r->is_over)
        return;
    r->last_active_ms = worker_now_ms(side->s->worker);
    if (side == &r->b && r->b_ready)
        r->b_ready(r->arg);
}

static void on_read(void *arg, const uint8_t *p, size_t len)
{
    struct side *side = arg, *other = side->other;
    int err;

    if (side->relay->is_over)
        return;
    side->read_bytes += len;
    side->relay->last_active_ms = worker_now_ms(side->s->worker);
    err = stream_write_bytes(other->s, p, len);
    if (err != 0) {
        fail(other, err);
    } else if (stream_unsent(other->s) > STREAM_HIGH_WATER_BYTES) {
        side->is_held = true;
        stream_read_stop(side->s);
    }
    if (err == 0 && !side->relay->no_splice && side->read_bytes >= SPLICE_AFTER_BYTES)
        worker_defer(side->s->worker, &side->relay->task);
}

static void on_eof(void *arg)
{
    struct side *side = arg;

    if (side->relay->is_over)
        return;
    side->ended = true;
    stream_shutdown(side->other->s);
    if (side->other->ended)
        finish(side->relay, RELAY_END_FINISHED, 0);
}

/* This side took what it was given: its peer is read again. */
static void on_drain(void *arg)
{
    struct side *side = arg;

    struct relay *r = side->relay;

    if (r->is_over || !side->other->is_held)
        return;
    r->last_active_ms = worker_now_ms(side->s->worker);
    if (r->is_upgrading) {
        worker_defer(side->s->worker, &r->task);
        return;
    }
    side->other->is_held = false;
    stream_read_start(side->other->s);
}

static void on_error(void *arg, int err)
{
    struct side *side = arg;

    if (!side->relay->is_over)
        fail(side, err);
}

static const struct stream_events events = { on_ready, on_read, on_eof, on_drain, on_error };

/* ---- start and end ---- */

/* Looked at now and then, instead of moving a timer with every read. */
static void on_idle(struct timer *timer)
{
    struct relay *r = CONTAINER_OF(timer, struct relay, idle);
    uint64_t idle_ms = worker_now_ms(r->a.s->worker) - r->last_active_ms;

    if (idle_ms < r->idle_timeout_ms)
        timer_start(&r->idle, r->idle_timeout_ms - idle_ms);
    else
        finish(r, RELAY_END_IDLE, 0);
}

static void join(struct relay *r, struct side *side, struct side *other, struct stream *s)
{
    side->relay = r;
    side->other = other;
    side->s = s;
    stream_set_events(s, &events, side);
}

struct relay *relay_start(struct stream *a, struct stream *b, const struct relay_options *options,
                          relay_done_fn done, void *arg)
{
    struct relay *r = mem_alloc0(1, sizeof(*r));

    ASSERT(a->worker == b->worker);
    r->done = done;
    r->arg = arg;
    r->last_active_ms = worker_now_ms(a->worker);
    worker_task_init(&r->task, on_task);
    r->no_splice = options && options->no_splice;
    r->b_ready = options ? options->b_ready : NULL;
    timer_init(&r->idle, &a->worker->timers, on_idle);
    join(r, &r->a, &r->b, a);
    join(r, &r->b, &r->a, b);
    if (options && options->idle_timeout_ms) {
        r->idle_timeout_ms = options->idle_timeout_ms;
        timer_start(&r->idle, r->idle_timeout_ms);
    }
    stream_read_start(a);
    stream_read_start(b);
    return r;
}

void relay_cancel(struct relay *r)
{
    if (!r || r->is_over)
        return;
    end(r);
    stream_close(r->a.s);
    stream_close(r->b.s);
}

void relay_counts(const struct relay *r, uint64_t *a_to_b, uint64_t *b_to_a)
{
    *a_to_b = r->a.read_bytes;
    *b_to_a = r->b.read_bytes;
}
