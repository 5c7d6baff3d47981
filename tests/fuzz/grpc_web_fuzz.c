/* Bodies of gRPC-Web requests, in pieces: what comes out is base64 undone or an error, and credit
 * is never returned twice. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/grpc_web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t given, taken, consumed;

static void inner_consume(struct http_stream *hs, size_t len)
{
    (void)hs;
    consumed += len;
}

static void inner_reset(struct http_stream *hs, enum http_reset why)
{
    (void)hs;
    (void)why;
}

static void inner_release(struct http_stream *hs)
{
    (void)hs;
}

static const struct http_stream_ops inner_ops = {
    .consume = inner_consume,
    .reset = inner_reset,
    .release = inner_release,
};

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    (void)p;
    (void)end;
    taken += len;
    http_stream_consume(*(struct http_stream **)arg, len);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    (void)arg;
    ASSERT(failure->err == ERR_PROTO);
}

static const struct http_stream_events user_events = {
    .on_body = on_body,
    .on_reset = on_reset,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool text = size == 0 || data[0] != 1;
    struct http_stream inner = { .ops = &inner_ops }, *web;
    struct arena a;
    struct http_msg head;

    arena_init(&a, 1024);
    inner.arena = &a;
    http_msg_init(&head, &a);
    http_msg_set_method(&head, STR("POST"));
    http_headers_add_token(&head.headers, HTTP_TOKEN_CONTENT_TYPE,
                           text ? STR("application/grpc-web-text") : STR("application/grpc-web"));
    ASSERT(grpc_web_is(&head));
    web = grpc_web_wrap(&inner, &head);
    given = taken = consumed = 0;
    http_stream_set_events(web, &user_events, &web);
    for (size_t at = 0, n; at < size && !web->was_reset; at += n) {
        n = 1 + data[at] % 7 < size - at ? 1 + data[at] % 7 : size - at;
        given += n;
        inner.events->on_body(inner.events_arg, data + at, n, at + n == size);
        ASSERT(web->was_reset || consumed <= given);
    }
    if (!web->was_reset)
        ASSERT(consumed == given && (text ? taken <= given : taken == given));
    http_stream_release(web);
    arena_deinit(&a);
    return 0;
}
