#include "tests/unit/support/stream_sink.h"

#include "core/net/listener.h"
#include "core/net/stream_tcp.h"

static void after(struct stream_sink *sink)
{
    if (sink->hook)
        sink->hook(sink);
}

static void on_ready(void *arg)
{
    struct stream_sink *sink = arg;

    sink->ready = true;
    after(sink);
}

static void on_read(void *arg, const uint8_t *p, size_t len)
{
    struct stream_sink *sink = arg;

    sink->reads++;
    if (len > sink->biggest_read)
        sink->biggest_read = len;
    buf_add(&sink->in, p, len);
    if (sink->echo)
        stream_write_bytes(sink->s, p, len);
    if (sink->pause_at && buf_len(&sink->in) >= sink->pause_at)
        stream_read_stop(sink->s);
    if (sink->close_on_read)
        stream_sink_close(sink);
    after(sink);
}

static void on_eof(void *arg)
{
    struct stream_sink *sink = arg;

    sink->eof = true;
    after(sink);
}

static void on_drain(void *arg)
{
    struct stream_sink *sink = arg;

    sink->drains++;
    after(sink);
}

static void on_error(void *arg, int err)
{
    struct stream_sink *sink = arg;

    sink->err = err;
    after(sink);
}

static const struct stream_events events = { on_ready, on_read, on_eof, on_drain, on_error };

void stream_sink_listen(struct stream_sink *sink, struct stream *s)
{
    sink->s = s;
    if (!sink->in.p)
        buf_init(&sink->in, 0);
    stream_set_events(s, &events, sink);
    stream_read_start(s);
}

void stream_sink_attach(struct stream_sink *sink, struct stream *s)
{
    *sink = (struct stream_sink){ 0 };
    stream_sink_listen(sink, s);
}

void stream_sink_close(struct stream_sink *sink)
{
    stream_close(sink->s);
    sink->s = NULL;
}

void stream_sink_close_flush(struct stream_sink *sink)
{
    stream_close_flush(sink->s);
    sink->s = NULL;
}

void stream_sink_deinit(struct stream_sink *sink)
{
    buf_deinit(&sink->in);
}

struct wanted_bytes {
    struct stream_sink *sink;
    size_t len;
};

static bool has_bytes(void *arg)
{
    const struct wanted_bytes *want = arg;

    return buf_len(&want->sink->in) >= want->len;
}

static bool has_eof(void *arg)
{
    return ((struct stream_sink *)arg)->eof;
}

static bool has_error(void *arg)
{
    return ((struct stream_sink *)arg)->err != 0;
}

static bool is_ready(void *arg)
{
    return ((struct stream_sink *)arg)->ready;
}

static bool has_drained(void *arg)
{
    return ((struct stream_sink *)arg)->drains > 0;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

#define WAIT_MS 30000 /* far more than ever needed: machines that run tests are busy */

bool stream_sink_wait_bytes(struct worker *w, struct stream_sink *sink, size_t len)
{
    struct wanted_bytes want = { sink, len };

    return worker_run_until(w, has_bytes, &want, WAIT_MS) == 0;
}

bool stream_sink_wait_eof(struct worker *w, struct stream_sink *sink)
{
    return worker_run_until(w, has_eof, sink, WAIT_MS) == 0;
}

bool stream_sink_wait_error(struct worker *w, struct stream_sink *sink)
{
    return worker_run_until(w, has_error, sink, WAIT_MS) == 0;
}

bool stream_sink_wait_ready(struct worker *w, struct stream_sink *sink)
{
    return worker_run_until(w, is_ready, sink, WAIT_MS) == 0;
}

bool stream_sink_wait_drain(struct worker *w, struct stream_sink *sink)
{
    return worker_run_until(w, has_drained, sink, WAIT_MS) == 0;
}

void stream_sink_idle(struct worker *w, uint64_t ms)
{
    worker_run_until(w, never, NULL, ms);
}

static void on_accept(void *arg, struct stream *s)
{
    *(struct stream **)arg = s;
}

static bool is_accepted(void *arg)
{
    return *(struct stream **)arg != NULL;
}

bool stream_sink_tcp_pair(struct worker *w, struct stream **client, struct stream **server)
{
    struct listener *l;
    struct addr at;
    bool ok;

    *server = NULL;
    if (addr_parse(STR("127.0.0.1:0"), 0, &at) != 0 ||
        listener_open(w, &at, NULL, on_accept, server, &l) != 0)
        return false;
    ok = stream_tcp_connect(w, listener_addr(l), NULL, client) == 0 &&
         worker_run_until(w, is_accepted, server, WAIT_MS) == 0;
    while (ok && !stream_is_ready(*client))
        stream_sink_idle(w, 1);
    listener_close(l, false);
    return ok;
}
