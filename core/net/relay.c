#include "core/net/relay.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/stream_peek.h"
#include "core/net/stream_tcp.h"

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
    struct worker_task task; /* frees */
    uint64_t idle_timeout_ms, last_active_ms;
    relay_done_fn done;
    void *arg;
    bool is_over;
};

static void on_free(struct worker_task *task)
{
    mem_free(CONTAINER_OF(task, struct relay, task));
}

/* From here on no callback of the relay runs. */
static void end(struct relay *r)
{
    r->is_over = true;
    timer_cancel(&r->idle);
    worker_defer(r->a.s->worker, &r->task);
}

/* What the other one sent before it failed may still leave. */
static void close_side(struct side *side, enum relay_end how)
{
    if (side->resets)
        stream_tcp_reset_on_close(side->s);
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

/* ---- events of one side ---- */

static void on_ready(void *arg)
{
    struct side *side = arg;

    side->relay->last_active_ms = worker_now_ms(side->s->worker);
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

    if (side->relay->is_over || !side->other->is_held)
        return;
    side->relay->last_active_ms = worker_now_ms(side->s->worker);
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
    worker_task_init(&r->task, on_free);
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
