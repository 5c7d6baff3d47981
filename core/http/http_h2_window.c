#include "core/http/http_h2_window.h"

/* A window is a promise to hold that much for a reader that stops, so streams start with little.
 * One that has moved so many bytes, more than the kernel's buffers could have swallowed, and fast,
 * is read by somebody, and earns a bigger window step by step: long ways need it. */
#define GROW_AFTER_BYTES ((size_t)8 * 1024 * 1024)
#define GROW_WITHIN_MS   ((uint64_t)2000)
#define WINDOW_MAX_BYTES ((uint32_t)1024 * 1024)
/* Bulk TCP between two proxies was carried by the sockets' buffers of 4 MiB before. */
#define BIG_WINDOW_MAX_BYTES ((uint32_t)4 * 1024 * 1024)
#define BIG_GROW_AFTER_BYTES ((size_t)2 * 1024 * 1024)

static void grow_window(struct http_h2_session *h, struct http_h2_stream *s, size_t len)
{
    uint64_t now = worker_now_ms(h->worker);
    uint32_t window = s->window ? s->window : h->config.stream_window_bytes;
    bool is_big = h->config.max_frame_bytes > 0;
    uint32_t max = is_big ? BIG_WINDOW_MAX_BYTES : WINDOW_MAX_BYTES;

    if (!s->flowed_since_ms)
        s->flowed_since_ms = now;
    s->flowed += len;
    if (s->flowed < (is_big ? BIG_GROW_AFTER_BYTES : GROW_AFTER_BYTES))
        return;
    if (now - s->flowed_since_ms <= GROW_WITHIN_MS && window < max &&
        nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, s->id,
                                              (int32_t)window * 2) == 0)
        s->window = window * 2;
    s->flowed = 0;
    s->flowed_since_ms = now;
}

/* The connection's credit, unless its streams hold too much. */
static void settle(struct http_h2_session *h)
{
    if (!h->owed || h->held > HTTP_H2_HELD_MAX)
        return;
    (void)nghttp2_session_consume_connection(h->ng, h->owed);
    h->owed = 0;
}

void http_h2_window_hold(struct http_h2_session *h, struct http_h2_stream *s, size_t len)
{
    s->held += len;
    if (!h->config.credit_at_once)
        return;
    h->held += len;
    h->owed += len;
    settle(h);
}

int http_h2_window_took(struct http_h2_session *h, struct http_h2_stream *s, size_t len)
{
    if (!h->config.credit_at_once)
        return nghttp2_session_consume(h->ng, s->id, len);
    grow_window(h, s, len);
    h->held -= len;
    settle(h);
    return nghttp2_session_consume_stream(h->ng, s->id, len);
}

void http_h2_window_let_go(struct http_h2_session *h, struct http_h2_stream *s)
{
    if (h->ended || !s->held)
        return;
    if (h->config.credit_at_once) {
        h->held -= s->held;
        settle(h);
    } else {
        (void)nghttp2_session_consume_connection(h->ng, s->held);
    }
    http_h2_session_pump_later(h);
}
