#include "core/http/http_stream.h"

#include "core/base/error.h"

void http_stream_set_events(struct http_stream *hs, const struct http_stream_events *events,
                            void *arg)
{
    hs->events = events;
    hs->events_arg = arg;
}

/* What must hold before anything is sent; the rest is the codec's. */
static int check_open(const struct http_stream *hs)
{
    ASSERT(!hs->released);
    return hs->was_reset ? ERR_CLOSED : hs->ended_out ? ERR_INVALID : 0;
}

int http_stream_send_head(struct http_stream *hs, struct http_msg *head, bool end)
{
    int err = check_open(hs);

    if (!err && hs->head_sent)
        err = ERR_INVALID;
    return err ? err : hs->ops->send_head(hs, head, end);
}

int http_stream_send_body(struct http_stream *hs, const struct iovec *iov, int count, bool end)
{
    int err = check_open(hs);

    if (!err && !hs->head_sent)
        err = ERR_INVALID;
    return err ? err : hs->ops->send_body(hs, iov, count, end);
}

int http_stream_send_bytes(struct http_stream *hs, const void *p, size_t len, bool end)
{
    struct iovec iov = { (void *)(uintptr_t)p, len }; /* only read */

    return http_stream_send_body(hs, &iov, len ? 1 : 0, end);
}

int http_stream_send_trailers(struct http_stream *hs, struct http_headers *trailers)
{
    int err = check_open(hs);

    if (!err && !hs->head_sent)
        err = ERR_INVALID;
    return err ? err : hs->ops->send_trailers(hs, trailers);
}

size_t http_stream_unsent(const struct http_stream *hs)
{
    return hs->was_reset ? 0 : hs->ops->unsent(hs);
}

void http_stream_consume(struct http_stream *hs, size_t len)
{
    if (!hs->was_reset)
        hs->ops->consume(hs, len);
}

void http_stream_reset(struct http_stream *hs, enum http_reset why)
{
    ASSERT(!hs->released);
    if (hs->was_reset)
        return;
    hs->was_reset = true;
    hs->ops->reset(hs, why);
}

void http_stream_release(struct http_stream *hs)
{
    ASSERT(!hs->released);
    hs->released = true;
    hs->ops->release(hs);
}

int http_stream_reply(struct http_stream *hs, int status, const char *type, struct str body)
{
    struct http_msg m;
    int err;

    http_msg_init(&m, hs->arena);
    m.is_response = true;
    m.status = (uint16_t)status;
    m.content_length = (int64_t)body.len;
    if (type)
        http_headers_add_token(&m.headers, HTTP_TOKEN_CONTENT_TYPE, str_of(type));
    err = http_stream_send_head(hs, &m, body.len == 0);
    if (!err && body.len)
        err = http_stream_send_bytes(hs, body.p, body.len, true);
    return err;
}
