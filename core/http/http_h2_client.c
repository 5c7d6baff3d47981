#include "core/http/http_h2_client.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_h2_session.h"
#include "core/http/http_h2_stream.h"
#include "core/net/stream.h"

struct http_h2_client {
    struct http_h2_session session;
    struct stream *stream;
    struct worker *worker;
    const struct http_h2_client_events *events;
    void *arg;
    struct worker_task task; /* ends it */
    struct timer ping;
    uint32_t max_streams, ping_interval_ms;
    int err;
    bool draining, ended, pinged;
};

/* ---- ends ---- */

static void on_task(struct worker_task *task)
{
    struct http_h2_client *c = CONTAINER_OF(task, struct http_h2_client, task);

    http_h2_session_deinit(&c->session, c->err ? c->err : ERR_CLOSED);
    c->events->on_close(c->arg, c->err);
    mem_free(c);
}

static void end(struct http_h2_client *c, int err, bool flush)
{
    if (c->ended)
        return;
    c->ended = true;
    http_h2_session_cut(&c->session);
    c->err = err;
    timer_cancel(&c->ping);
    worker_defer(c->worker, &c->task);
    if (flush)
        stream_close_flush(c->stream);
    else
        stream_close(c->stream);
}

static void close_if_done(struct http_h2_client *c)
{
    if (c->draining && !c->session.active)
        http_h2_session_fail(&c->session, ERR_CLOSED, NGHTTP2_NO_ERROR);
}

/* ---- the session's news ---- */

static void on_gone(void *owner)
{
    struct http_h2_client *c = owner;

    if (c->ended)
        return;
    close_if_done(c);
    if (!c->draining)
        c->events->on_room(c->arg);
}

static void on_settings(void *owner)
{
    struct http_h2_client *c = owner;

    if (!c->draining && !c->ended)
        c->events->on_room(c->arg);
}

static void on_goaway(void *owner)
{
    struct http_h2_client *c = owner;

    if (c->draining || c->ended)
        return;
    c->draining = true;
    c->events->on_goaway(c->arg);
    close_if_done(c);
}

static void on_ping_ack(void *owner)
{
    ((struct http_h2_client *)owner)->pinged = false;
}

static void on_end(void *owner, int err, bool flush)
{
    end(owner, err == ERR_CLOSED ? 0 : err, flush);
}

static const struct http_h2_hooks hooks = {
    .on_gone = on_gone,
    .on_settings = on_settings,
    .on_goaway = on_goaway,
    .on_ping_ack = on_ping_ack,
    .on_end = on_end,
};

static void on_ping(struct timer *t)
{
    struct http_h2_client *c = CONTAINER_OF(t, struct http_h2_client, ping);

    if (c->pinged) {
        end(c, ERR_TIMEOUT, false);
        return;
    }
    c->pinged = true;
    http_h2_session_ping(&c->session);
    timer_start(&c->ping, c->ping_interval_ms);
}

/* ---- the stream's news ---- */

static void on_read(void *arg, const uint8_t *p, size_t len)
{
    http_h2_session_recv(&((struct http_h2_client *)arg)->session, p, len);
}

static void on_eof(void *arg)
{
    struct http_h2_client *c = arg;

    end(c, c->session.active ? ERR_CLOSED : 0, false);
}

static void on_drain(void *arg)
{
    http_h2_session_drained(&((struct http_h2_client *)arg)->session);
}

static void on_error(void *arg, int err)
{
    end(arg, err, false);
}

static const struct stream_events events = {
    .on_read = on_read,
    .on_eof = on_eof,
    .on_drain = on_drain,
    .on_error = on_error,
};

/* ---- for owners ---- */

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

int http_h2_client_new(struct stream *s, const struct http_h2_client_config *config,
                       const struct http_h2_client_events *owner, void *arg,
                       struct http_h2_client **out)
{
    struct http_h2_client *c = mem_alloc0(1, sizeof(*c));
    const struct http_h2_config own = {
        .credit_at_once = true,
        .stream_window_bytes = or_default(config->stream_window_bytes, 32768),
        .connection_window_bytes = or_default(config->connection_window_bytes, 1048576),
        .max_frame_bytes = config->max_frame_bytes,
        .max_header_bytes = or_default(config->max_header_bytes, 61440),
        .max_headers = 200,
        .max_resets_per_min = 6000, /* a server may refuse much when it is busy */
    };
    int err = http_h2_session_init(&c->session, s, &own, &hooks, c);

    if (err) {
        http_h2_session_deinit(&c->session, err);
        stream_close(s);
        mem_free(c);
        return err;
    }
    c->stream = s;
    c->worker = s->worker;
    c->events = owner;
    c->arg = arg;
    c->max_streams = or_default(config->max_streams, 100);
    c->ping_interval_ms = config->ping_interval_ms;
    worker_task_init(&c->task, on_task);
    timer_init(&c->ping, &c->worker->timers, on_ping);
    if (c->ping_interval_ms)
        timer_start(&c->ping, c->ping_interval_ms);
    stream_set_events(s, &events, c);
    stream_read_start(s);
    *out = c;
    return 0;
}

struct http_stream *http_h2_client_request(struct http_h2_client *c)
{
    struct http_h2_stream *s;

    ASSERT(http_h2_client_room(c) > 0);
    s = http_h2_stream_new(&c->session, 0);
    http_h2_stream_show(s);
    return &s->hs;
}

uint32_t http_h2_client_room(const struct http_h2_client *c)
{
    uint32_t max = c->max_streams, peers;

    if (c->draining || c->ended || c->session.fatal)
        return 0;
    peers =
        nghttp2_session_get_remote_settings(c->session.ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    if (c->session.settings_in && peers < max)
        max = peers;
    return c->session.active < max ? max - c->session.active : 0;
}

uint32_t http_h2_client_active(const struct http_h2_client *c)
{
    return c->session.active;
}

void http_h2_client_drain(struct http_h2_client *c)
{
    c->draining = true;
    if (!c->ended)
        close_if_done(c);
}

void http_h2_client_close(struct http_h2_client *c)
{
    end(c, ERR_CLOSED, false);
}

struct stream *http_h2_client_stream(struct http_h2_client *c)
{
    return c->stream;
}
