/*
 *   peeking ──decide says enough, or last words──► replaying ──all delivered──► transparent
 */
#include "core/net/stream_peek.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"

#define LIMIT_BYTES ((size_t)16 * 1024)

struct stream_peek {
    struct stream base;
    stream_peek_fn decide;
    void *arg;
    size_t limit_bytes;
    size_t skip_bytes; /* of what decide was shown */
    struct buf held;   /* seen and not delivered yet */
    struct timer timer;
    struct worker_task task; /* replays, or frees */
    bool is_peeking;
    bool is_deciding; /* decide runs: nothing is delivered meanwhile */
    bool eof_held;    /* behind what is held */
};

static struct stream_peek *peek_of(const struct stream *s)
{
    return CONTAINER_OF((uintptr_t)s, struct stream_peek, base);
}

/* The lower stream is read while we look, and else when the user reads and nothing is held. */
static void update_reading(struct stream_peek *p)
{
    if (p->base.closed)
        return;
    if (p->is_peeking || (p->base.reading && buf_len(&p->held) == 0 && !p->eof_held))
        stream_read_start(p->base.lower);
    else
        stream_read_stop(p->base.lower);
}

static void schedule_replay(struct stream_peek *p)
{
    if (!p->is_peeking && !p->is_deciding && (buf_len(&p->held) || p->eof_held))
        worker_defer(p->base.worker, &p->task);
}

/* Asks about bytes and returns whether the layer still lives. After last words or a yes it has
 * ended its work. */
static bool ask(struct stream_peek *p, struct str bytes, enum stream_peek_why why)
{
    bool enough;

    p->is_deciding = true;
    enough = p->decide(p->arg, &p->base, bytes, why);
    p->is_deciding = false;
    if (p->base.closed)
        return false;
    if (enough || why != STREAM_PEEK_BYTES) {
        p->is_peeking = false;
        timer_cancel(&p->timer);
        buf_consume(&p->held, p->skip_bytes);
    }
    return true;
}

/* Delivers what is held, as far as the user reads. */
static void replay(struct stream_peek *p)
{
    struct buf held;

    if (!p->base.reading)
        return;
    if (buf_len(&p->held)) {
        held = p->held;
        buf_init(&p->held, 0);
        stream_emit_read(&p->base, (const uint8_t *)held.p + held.start, buf_len(&held));
        buf_deinit(&held);
    }
    if (p->eof_held && p->base.reading && !p->base.closed) {
        p->eof_held = false;
        stream_emit_eof(&p->base);
    }
    update_reading(p);
}

/* Everything so far is in front of decide; what it did not want more of goes up. */
static void look(struct stream_peek *p, const uint8_t *bytes, size_t len)
{
    bool is_first = buf_len(&p->held) == 0;
    struct str all = str_make(bytes, len);

    if (!is_first) {
        buf_add(&p->held, bytes, len);
        all = buf_str(&p->held);
    }
    if (!ask(p, all, all.len < p->limit_bytes ? STREAM_PEEK_BYTES : STREAM_PEEK_LIMIT))
        return;
    if (is_first && !p->is_peeking) {
        all = str_skip(all, p->skip_bytes);
        if (p->base.reading) {
            /* The usual case: one read had all, and the user takes it without a copy. */
            stream_emit_read(&p->base, (const uint8_t *)all.p, all.len);
            update_reading(p);
            return;
        }
    }
    if (is_first)
        buf_add(&p->held, all.p, all.len);
    if (!p->is_peeking) {
        replay(p);
        update_reading(p);
    }
}

static void on_lower_ready(void *arg)
{
    stream_emit_ready(&((struct stream_peek *)arg)->base);
}

static void on_lower_read(void *arg, const uint8_t *bytes, size_t len)
{
    struct stream_peek *p = arg;

    if (p->is_peeking)
        look(p, bytes, len);
    else if (buf_len(&p->held)) /* a layer below that had more than one piece */
        buf_add(&p->held, bytes, len);
    else
        stream_emit_read(&p->base, bytes, len);
}

static void on_lower_eof(void *arg)
{
    struct stream_peek *p = arg;

    if (p->is_peeking) {
        p->eof_held = true;
        if (ask(p, buf_str(&p->held), STREAM_PEEK_EOF))
            schedule_replay(p);
    } else if (buf_len(&p->held)) {
        p->eof_held = true;
    } else {
        stream_emit_eof(&p->base);
    }
}

static void on_lower_drain(void *arg)
{
    stream_emit_drain(&((struct stream_peek *)arg)->base);
}

static void on_lower_error(void *arg, int err)
{
    struct stream_peek *p = arg;

    if (p->is_peeking && !ask(p, buf_str(&p->held), STREAM_PEEK_ERROR))
        return;
    stream_emit_error(&p->base, err);
}

static const struct stream_events lower_events = {
    .on_ready = on_lower_ready,
    .on_read = on_lower_read,
    .on_eof = on_lower_eof,
    .on_drain = on_lower_drain,
    .on_error = on_lower_error,
};

static void on_timeout(struct timer *timer)
{
    struct stream_peek *p = CONTAINER_OF(timer, struct stream_peek, timer);

    if (!ask(p, buf_str(&p->held), STREAM_PEEK_TIMEOUT))
        return;
    update_reading(p);
    schedule_replay(p);
}

static void on_task(struct worker_task *task)
{
    struct stream_peek *p = CONTAINER_OF(task, struct stream_peek, task);

    if (!p->base.closed) {
        replay(p);
        return;
    }
    buf_deinit(&p->held);
    mem_free(p);
}

static int peek_write(struct stream *s, const struct iovec *iov, int count)
{
    return stream_write(s->lower, iov, count);
}

static size_t peek_unsent(const struct stream *s)
{
    return stream_unsent(s->lower);
}

static void peek_read(struct stream *s, bool on)
{
    struct stream_peek *p = peek_of(s);

    if (p->is_deciding)
        return; /* looked at when decide returned */
    update_reading(p);
    if (on)
        schedule_replay(p);
}

static void peek_shutdown(struct stream *s)
{
    stream_shutdown(s->lower);
}

static void peek_close(struct stream *s, bool flush)
{
    struct stream_peek *p = peek_of(s);

    timer_cancel(&p->timer);
    if (flush)
        stream_close_flush(s->lower);
    else
        stream_close(s->lower);
    worker_defer(s->worker, &p->task);
}

const struct stream_ops stream_peek_ops = {
    .name = "peek",
    .write = peek_write,
    .unsent = peek_unsent,
    .read = peek_read,
    .shutdown = peek_shutdown,
    .close = peek_close,
};

struct stream *stream_peek_new(struct stream *lower, const struct stream_peek_options *options,
                               stream_peek_fn decide, void *arg)
{
    struct stream_peek *p = mem_alloc0(1, sizeof(*p));

    p->base.ops = &stream_peek_ops;
    p->base.worker = lower->worker;
    p->base.lower = lower;
    p->base.ready = lower->ready;
    p->decide = decide;
    p->arg = arg;
    p->limit_bytes = options && options->limit_bytes ? options->limit_bytes : LIMIT_BYTES;
    p->is_peeking = true;
    buf_init(&p->held, 0); /* bounded by the limit and one read of the layer below */
    worker_task_init(&p->task, on_task);
    timer_init(&p->timer, &lower->worker->timers, on_timeout);
    if (options && options->timeout_ms)
        timer_start(&p->timer, options->timeout_ms);
    stream_set_events(lower, &lower_events, p);
    stream_read_start(lower);
    return &p->base;
}

void stream_peek_skip(struct stream *s, size_t len)
{
    ASSERT(peek_of(s)->is_deciding);
    peek_of(s)->skip_bytes = len;
}

void stream_peek_stop(struct stream *s)
{
    struct stream_peek *p = peek_of(s);

    ASSERT(!p->is_deciding);
    if (!p->is_peeking)
        return;
    p->is_peeking = false;
    timer_cancel(&p->timer);
    update_reading(p);
    schedule_replay(p);
}

struct stream *stream_peek_through(struct stream *s)
{
    while (s->ops == &stream_peek_ops) {
        const struct stream_peek *p = peek_of(s);

        if (p->is_peeking || p->is_deciding || buf_len(&p->held) || p->eof_held)
            break;
        s = s->lower;
    }
    return s;
}
