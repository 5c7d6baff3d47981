#include "core/net/stream.h"

#include "core/base/error.h"

void stream_set_events(struct stream *s, const struct stream_events *events, void *arg)
{
    stream_read_stop(s);
    s->events = events;
    s->events_arg = arg;
}

void stream_read_start(struct stream *s)
{
    if (s->closed || s->reading)
        return;
    s->reading = true;
    s->ops->read(s, true);
}

void stream_read_stop(struct stream *s)
{
    if (s->closed || !s->reading)
        return;
    s->reading = false;
    s->ops->read(s, false);
}

int stream_write(struct stream *s, const struct iovec *iov, int count)
{
    if (s->closed || s->eof_out)
        return ERR_CLOSED;
    return s->ops->write(s, iov, count);
}

int stream_write_bytes(struct stream *s, const void *p, size_t len)
{
    /* The layers only read from it; struct iovec has no const form. */
    struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = len };

    return stream_write(s, &iov, 1);
}

size_t stream_unsent(const struct stream *s)
{
    return s->closed ? 0 : s->ops->unsent(s);
}

void stream_shutdown(struct stream *s)
{
    if (s->closed || s->eof_out)
        return;
    s->eof_out = true;
    s->ops->shutdown(s);
}

static void close_it(struct stream *s, bool flush)
{
    if (!s || s->closed)
        return;
    s->closed = true;
    s->events = NULL;
    s->ops->close(s, flush);
}

void stream_close(struct stream *s)
{
    close_it(s, false);
}

void stream_close_flush(struct stream *s)
{
    close_it(s, true);
}

void stream_reset_on_close(struct stream *s)
{
    while (s && !s->ops->reset_on_close)
        s = s->lower;
    if (s)
        s->ops->reset_on_close(s);
}

static const struct addr *find_addr(const struct stream *s, enum stream_addr which)
{
    static const struct addr none;
    const struct addr *found;

    for (; s; s = s->lower) {
        if (s->ops->addr && (found = s->ops->addr(s, which)) != NULL)
            return found;
    }
    return &none;
}

const struct addr *stream_peer(const struct stream *s)
{
    return find_addr(s, STREAM_ADDR_PEER);
}

const struct addr *stream_local(const struct stream *s)
{
    return find_addr(s, STREAM_ADDR_LOCAL);
}

const struct addr *stream_original_dst(const struct stream *s)
{
    return find_addr(s, STREAM_ADDR_ORIGINAL_DST);
}

const struct addr *stream_peer_direct(const struct stream *s)
{
    while (s->lower)
        s = s->lower;
    return find_addr(s, STREAM_ADDR_PEER);
}

struct stream *stream_find(struct stream *s, const struct stream_ops *ops)
{
    while (s && s->ops != ops)
        s = s->lower;
    return s;
}

void stream_emit_ready(struct stream *s)
{
    s->ready = true;
    if (!s->closed && s->events && s->events->on_ready)
        s->events->on_ready(s->events_arg);
}

void stream_emit_read(struct stream *s, const uint8_t *p, size_t len)
{
    if (!s->closed && s->events && len > 0)
        s->events->on_read(s->events_arg, p, len);
}

void stream_emit_eof(struct stream *s)
{
    if (s->closed || s->eof_in || !s->events)
        return;
    s->eof_in = true;
    s->events->on_eof(s->events_arg);
}

void stream_emit_drain(struct stream *s)
{
    if (!s->closed && s->events && s->events->on_drain)
        s->events->on_drain(s->events_arg);
}

void stream_emit_error(struct stream *s, int err)
{
    const struct stream_events *events = s->events;

    if (s->closed || !events)
        return;
    s->events = NULL; /* nothing more is reported */
    events->on_error(s->events_arg, err);
}
