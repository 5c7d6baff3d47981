/*
 *   asking ──2xx──► open ──both ended, or reset──► over
 *      └─other answer, reset──► failed               │
 *   a close at any time, after at most 5 s when it flushes ──► hs released, freed by the task
 */
#include "core/http/stream_tunnel.h"

#include <uv.h>

#include "core/base/chunk.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"

#define FLUSH_TIMEOUT_MS 5000

struct stream_tunnel {
    struct stream base;
    struct http_stream *hs;   /* NULL: released */
    struct chunk_queue inbox; /* came while nobody read */
    size_t held;              /* receive credit not returned: inbox, and what was just given */
    struct worker_task task;  /* delivers what waited; frees */
    struct timer timer;       /* of a close that flushes */
    struct addr peer, local;
    int error;          /* what killed it; 0 while alive */
    int error_follows;  /* behind the inbox */
    uint16_t refusal;   /* status for a close without an answer */
    bool is_answered;   /* 2xx came or went */
    bool eof_follows;   /* behind the inbox */
    bool is_delivering; /* further up the stack of calls */
    bool owes_drain;    /* unsent went above the low-water mark */
    bool is_lingering;  /* closed by the user, still flushing */
    bool sends_reset;   /* when closed */
};

/* Const is put aside here once: CONTAINER_OF has no form for it. */
static struct stream_tunnel *of(const struct stream *s)
{
    return CONTAINER_OF((uintptr_t)s, struct stream_tunnel, base);
}

/* ---- end ---- */

static void release(struct stream_tunnel *t)
{
    if (!t->hs)
        return;
    http_stream_release(t->hs);
    t->hs = NULL;
    timer_cancel(&t->timer);
    worker_defer(t->base.worker, &t->task);
}

static bool is_finished(const struct stream_tunnel *t)
{
    return !t->hs || (t->hs->ended_in && t->hs->ended_out); /* what is queued leaves by itself */
}

static void on_flush_timeout(struct timer *timer)
{
    release(CONTAINER_OF(timer, struct stream_tunnel, timer));
}

/* ---- receiving ---- */

static void give_credit(struct stream_tunnel *t)
{
    size_t len = t->held - t->inbox.len;

    if (!len || !t->hs)
        return;
    t->held -= len;
    http_stream_consume(t->hs, len);
}

/* Tells what comes behind the last byte. */
static void deliver_end(struct stream_tunnel *t)
{
    if (t->error_follows) {
        t->error = t->error_follows;
        stream_emit_error(&t->base, t->error);
    } else if (t->eof_follows && !t->base.eof_in) {
        stream_emit_eof(&t->base);
    }
}

static bool is_taking(const struct stream_tunnel *t)
{
    return !t->base.closed && !t->error && t->base.reading;
}

static void deliver(struct stream_tunnel *t)
{
    struct iovec piece;

    t->is_delivering = true;
    while (is_taking(t) && t->inbox.len && chunk_queue_peek(&t->inbox, &piece, 1) > 0) {
        stream_emit_read(&t->base, piece.iov_base, piece.iov_len);
        chunk_queue_consume(&t->inbox, piece.iov_len);
    }
    t->is_delivering = false;
    if (!is_taking(t))
        return;
    give_credit(t);
    if (t->inbox.len == 0)
        deliver_end(t);
}

static void run(struct worker_task *task)
{
    struct stream_tunnel *t = CONTAINER_OF(task, struct stream_tunnel, task);

    if (!t->base.closed) {
        deliver(t);
    } else if (!t->hs) {
        worker_undefer(&t->task);
        chunk_queue_clear(&t->inbox);
        mem_free(t);
    }
}

static void take(struct stream_tunnel *t, const uint8_t *p, size_t len)
{
    t->held += len;
    if (t->is_lingering) {
        give_credit(t);
    } else if (is_taking(t) && t->inbox.len == 0 && !t->is_delivering) {
        t->is_delivering = true;
        stream_emit_read(&t->base, p, len);
        t->is_delivering = false;
        if (is_taking(t))
            give_credit(t);
    } else {
        chunk_queue_add(&t->inbox, p, len);
    }
}

static void end_in(struct stream_tunnel *t)
{
    t->eof_follows = true;
    if (t->is_lingering && is_finished(t))
        release(t);
    else if (is_taking(t) && t->inbox.len == 0)
        deliver_end(t);
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct stream_tunnel *t = arg;

    if (len)
        take(t, p, len);
    if (end)
        end_in(t);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    (void)trailers;
    end_in(arg);
}

/* What the user is told of now, or behind what he has not read. */
static void fail(struct stream_tunnel *t, int err, bool at_once)
{
    release(t);
    if (t->base.closed || t->error)
        return;
    t->error_follows = err;
    if (at_once) {
        t->held = 0;
        chunk_queue_clear(&t->inbox);
    }
    if (at_once || (is_taking(t) && t->inbox.len == 0))
        deliver_end(t);
}

static void on_head(void *arg, struct http_msg *head, bool end)
{
    struct stream_tunnel *t = arg;

    if (head->status < 200)
        return;
    if (head->status >= 300) {
        fail(t, head->status == 401 || head->status == 403 ? ERR_DENIED : UV_ECONNREFUSED, true);
        return;
    }
    t->is_answered = true;
    stream_emit_ready(&t->base);
    if (end)
        end_in(t);
}

static void on_writable(void *arg)
{
    struct stream_tunnel *t = arg;

    if (!t->owes_drain || t->error)
        return;
    t->owes_drain = false;
    stream_emit_drain(&t->base);
}

static void on_reset(void *arg, const struct http_failure *f)
{
    static const uint32_t no_error = 0, cancel = 8; /* RFC 9113 section 7 */
    struct stream_tunnel *t = arg;
    bool just_ended = f->by_peer_reset && (f->h2_code == no_error || f->h2_code == cancel);

    fail(t, just_ended ? ERR_CLOSED : UV_ECONNRESET, !just_ended);
}

static const struct http_stream_events events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

/* ---- what users call ---- */

static void answer(struct stream_tunnel *t, int status)
{
    struct http_msg head;

    if (t->is_answered || !t->hs || !t->hs->is_server)
        return;
    t->is_answered = true;
    http_msg_init(&head, t->hs->arena);
    head.is_response = true;
    head.status = (uint16_t)status;
    if (status >= 300)
        head.content_length = 0;
    (void)http_stream_send_head(t->hs, &head, status >= 300); /* on_reset follows a failure */
}

static int tunnel_write(struct stream *s, const struct iovec *iov, int count)
{
    struct stream_tunnel *t = of(s);
    int err;

    if (t->error || t->error_follows || !t->hs)
        return t->error ? t->error : UV_EPIPE;
    answer(t, 200);
    err = http_stream_send_body(t->hs, iov, count, false);
    if (err && !t->hs->ended_in)
        return 0; /* on_reset is on its way and knows why */
    if (err) {
        t->error = UV_EPIPE;
        return UV_EPIPE;
    }
    t->owes_drain |= http_stream_unsent(t->hs) > STREAM_LOW_WATER_BYTES;
    return 0;
}

static size_t tunnel_unsent(const struct stream *s)
{
    struct stream_tunnel *t = of(s);

    return t->hs && !t->error ? http_stream_unsent(t->hs) : 0;
}

static void tunnel_read(struct stream *s, bool on)
{
    struct stream_tunnel *t = of(s);

    if (on && (t->held || t->eof_follows || t->error_follows))
        worker_defer(s->worker, &t->task);
}

static void end_out(struct stream_tunnel *t)
{
    if (!t->hs || t->hs->ended_out)
        return;
    answer(t, 200);
    (void)http_stream_send_body(t->hs, NULL, 0, true);
}

static void tunnel_shutdown(struct stream *s)
{
    end_out(of(s));
}

static void tunnel_close(struct stream *s, bool flush)
{
    struct stream_tunnel *t = of(s);

    worker_defer(s->worker, &t->task);
    if (!t->hs)
        return;
    if (t->sends_reset)
        http_stream_reset(t->hs, HTTP_RESET_CONNECT);
    else if (t->hs->is_server && !t->is_answered)
        answer(t, t->refusal ? t->refusal : 503);
    else if (flush)
        end_out(t);
    if (!flush || t->sends_reset || t->error || is_finished(t)) {
        release(t);
        return;
    }
    t->is_lingering = true;
    if (!t->is_delivering)
        chunk_queue_clear(&t->inbox);
    give_credit(t);
    timer_start(&t->timer, FLUSH_TIMEOUT_MS);
}

static void tunnel_reset_on_close(struct stream *s)
{
    of(s)->sends_reset = true;
}

static const struct addr *tunnel_addr(const struct stream *s, enum stream_addr which)
{
    return which == STREAM_ADDR_PEER ? &of(s)->peer : &of(s)->local;
}

const struct stream_ops stream_tunnel_ops = {
    .name = "tunnel",
    .write = tunnel_write,
    .unsent = tunnel_unsent,
    .read = tunnel_read,
    .shutdown = tunnel_shutdown,
    .close = tunnel_close,
    .reset_on_close = tunnel_reset_on_close,
    .addr = tunnel_addr,
};

/* ---- beginning ---- */

static struct stream_tunnel *tunnel_new(struct http_stream *hs)
{
    struct stream_tunnel *t = mem_alloc0(1, sizeof(*t));

    t->base.ops = &stream_tunnel_ops;
    t->base.worker = hs->worker;
    t->base.ready = hs->is_server;
    t->hs = hs;
    if (hs->transport) {
        t->peer = *stream_peer(hs->transport);
        t->local = *stream_local(hs->transport);
    }
    chunk_queue_init(&t->inbox, &hs->worker->chunks);
    worker_task_init(&t->task, run);
    timer_init(&t->timer, &hs->worker->timers, on_flush_timeout);
    http_stream_set_events(hs, &events, t);
    return t;
}

int stream_tunnel_ask(struct http_stream *hs, struct http_msg *head, struct stream **out)
{
    int err = http_stream_send_head(hs, head, false);

    if (err) {
        http_stream_release(hs);
        return err;
    }
    *out = &tunnel_new(hs)->base;
    return 0;
}

struct stream *stream_tunnel_serve(struct http_stream *hs, bool end)
{
    struct stream_tunnel *t = tunnel_new(hs);

    t->eof_follows = end;
    return &t->base;
}

void stream_tunnel_accept(struct stream *s)
{
    answer(of(s), 200);
}

void stream_tunnel_refuse(struct stream *s, int status)
{
    of(s)->refusal = (uint16_t)status;
}
