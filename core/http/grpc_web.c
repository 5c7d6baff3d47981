#include "core/http/grpc_web.h"

#include <string.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/grpc_frame.h"

#define WEB            "application/grpc-web"
#define WEB_TEXT       "application/grpc-web-text"
#define TRAILERS_FLAG  0x80
#define GROUP_CHARS    4                   /* of base64; three bytes, or less at an end */
#define TEXT_MAX_BYTES ((size_t)64 * 1024) /* decoded at a time */

struct grpc_web {
    struct http_stream base; /* first */
    struct http_stream *inner;
    struct str suffix;       /* "+proto" or empty */
    bool text_in, text_out;  /* base64 */
    char group[GROUP_CHARS]; /* the start of one that is not complete */
    uint8_t group_len;
};

static struct grpc_web *of(const struct http_stream *hs)
{
    return CONTAINER_OF((uintptr_t)hs, struct grpc_web, base);
}

/* What those who look at the stream itself read. */
static void follow(struct grpc_web *g)
{
    const struct http_stream *in = g->inner;
    struct http_stream *b = &g->base;

    b->transport = in->transport;
    b->head_sent = in->head_sent;
    b->ended_in = in->ended_in;
    b->ended_out = in->ended_out;
    b->was_reset = in->was_reset;
    b->bytes_in = in->bytes_in;
    b->bytes_out = in->bytes_out;
    b->head_bytes_in = in->head_bytes_in;
    b->head_bytes_out = in->head_bytes_out;
}

/* ---- towards the client ---- */

static int op_send_head(struct http_stream *hs, struct http_msg *head, bool end)
{
    struct grpc_web *g = of(hs);
    struct str type = http_headers_get(&head->headers, HTTP_TOKEN_CONTENT_TYPE);
    int err;

    if (str_starts(type, STR("application/grpc"))) {
        http_headers_set_token(
            &head->headers, HTTP_TOKEN_CONTENT_TYPE,
            arena_printf(hs->arena, "%s%.*s", g->text_out ? WEB_TEXT : WEB, STR_ARG(g->suffix)));
        head->content_length = end ? head->content_length : HTTP_LENGTH_UNKNOWN;
    } else {
        g->text_out = false; /* no gRPC at all: as it is */
        head->content_length = end ? head->content_length : HTTP_LENGTH_UNKNOWN;
    }
    err = http_stream_send_head(g->inner, head, end);
    follow(g);
    return err;
}

/* Each piece is a base64 text of its own: a message must not wait for the next one. */
static int send_text(struct grpc_web *g, const struct iovec *iov, int count, bool end)
{
    struct buf plain, text;
    int err = 0;

    buf_init(&plain, 0);
    buf_init(&text, 0);
    for (int i = 0; i < count && !err; i++)
        err = buf_add(&plain, iov[i].iov_base, iov[i].iov_len);
    if (!err)
        err = encode_base64(&text, buf_str(&plain));
    if (!err)
        err = http_stream_send_bytes(g->inner, buf_str(&text).p, buf_len(&text), end);
    buf_deinit(&plain);
    buf_deinit(&text);
    return err;
}

static int op_send_body(struct http_stream *hs, const struct iovec *iov, int count, bool end)
{
    struct grpc_web *g = of(hs);
    int err = g->text_out ? send_text(g, iov, count, end)
                          : http_stream_send_body(g->inner, iov, count, end);

    follow(g);
    return err;
}

static int op_send_trailers(struct http_stream *hs, struct http_headers *trailers)
{
    uint8_t head[GRPC_FRAME_HEADER_BYTES];
    struct iovec iov[2];
    struct buf text;
    int err;

    buf_init(&text, 0);
    for (uint32_t i = 0; i < trailers->count; i++)
        buf_printf(&text, "%.*s: %.*s\r\n", STR_ARG(trailers->items[i].name),
                   STR_ARG(trailers->items[i].value));
    grpc_frame_header(head, (uint32_t)buf_len(&text));
    head[0] = TRAILERS_FLAG;
    iov[0] = (struct iovec){ head, sizeof(head) };
    iov[1] = (struct iovec){ text.p + text.start, buf_len(&text) };
    err = op_send_body(hs, iov, buf_len(&text) ? 2 : 1, true);
    buf_deinit(&text);
    return err;
}

static size_t op_unsent(const struct http_stream *hs)
{
    return http_stream_unsent(of(hs)->inner);
}

static void op_consume(struct http_stream *hs, size_t len)
{
    http_stream_consume(of(hs)->inner, len);
}

static void op_reset(struct http_stream *hs, enum http_reset why)
{
    http_stream_reset(of(hs)->inner, why);
}

static void op_release(struct http_stream *hs)
{
    http_stream_release(of(hs)->inner); /* hs is in its arena */
}

static const struct http_stream_ops ops = {
    .send_head = op_send_head,
    .send_body = op_send_body,
    .send_trailers = op_send_trailers,
    .unsent = op_unsent,
    .consume = op_consume,
    .reset = op_reset,
    .release = op_release,
};

/* ---- from the client ---- */

static void break_off(struct grpc_web *g)
{
    struct http_failure failure = { .err = ERR_PROTO };

    http_stream_reset(g->inner, HTTP_RESET_PROTOCOL);
    g->base.was_reset = true;
    g->base.events->on_reset(g->base.events_arg, &failure);
}

/* Whole groups of p, with what was left over before, as bytes. Groups stand alone: a text may be
 * several, each with an end of its own. */
static int decode(struct grpc_web *g, const uint8_t *p, size_t len, struct buf *out)
{
    struct arena a;
    int err = 0;

    arena_init(&a, 256);
    for (size_t i = 0; i < len && !err; i++) {
        struct str bytes;

        g->group[g->group_len++] = (char)p[i];
        if (g->group_len < GROUP_CHARS)
            continue;
        g->group_len = 0;
        arena_reset(&a);
        err = encode_undo_base64(&a, str_make(g->group, GROUP_CHARS), false, &bytes);
        if (!err)
            err = buf_add_str(out, bytes);
    }
    arena_deinit(&a);
    return err;
}

static void body_of_text(struct grpc_web *g, const uint8_t *p, size_t len, bool end)
{
    size_t before = g->group_len, n;
    struct buf plain;
    int err;

    buf_init(&plain, TEXT_MAX_BYTES + len);
    err = decode(g, p, len, &plain);
    if (!err && end && g->group_len)
        err = ERR_PROTO;
    n = buf_len(&plain);
    if (err) {
        buf_deinit(&plain);
        break_off(g);
        return;
    }
    /* What the user will not return: bytes that base64 costs. Those of a group that is not complete
     * wait for its rest. */
    before += len;
    if (before > n + g->group_len)
        http_stream_consume(g->inner, before - n - g->group_len);
    if (n || end)
        g->base.events->on_body(g->base.events_arg, (const uint8_t *)buf_str(&plain).p, n, end);
    buf_deinit(&plain);
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct grpc_web *g = arg;

    follow(g);
    if (g->text_in)
        body_of_text(g, p, len, end);
    else
        g->base.events->on_body(g->base.events_arg, p, len, end);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    struct grpc_web *g = arg;

    follow(g);
    g->base.events->on_trailers(g->base.events_arg, trailers);
}

static void on_writable(void *arg)
{
    struct grpc_web *g = arg;

    if (g->base.events->on_writable)
        g->base.events->on_writable(g->base.events_arg);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    struct grpc_web *g = arg;

    follow(g);
    g->base.events->on_reset(g->base.events_arg, failure);
}

static const struct http_stream_events events = {
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

/* ---- the beginning ---- */

/* What follows the type: nothing, "+proto" and the like, or parameters; else it is another type. */
static bool take_type(struct str value, const char *type, struct str *suffix)
{
    struct str rest;

    if (!str_istarts(value, str_of(type)))
        return false;
    rest = str_skip(value, strlen(type));
    *suffix = rest.len && rest.p[0] == '+' ? rest : STR_NONE;
    return rest.len == 0 || rest.p[0] == '+' || rest.p[0] == ';' || rest.p[0] == ' ';
}

bool grpc_web_is(const struct http_msg *head)
{
    struct str type = http_headers_get(&head->headers, HTTP_TOKEN_CONTENT_TYPE), suffix;

    return head->method == HTTP_METHOD_POST &&
           (take_type(type, WEB, &suffix) || take_type(type, WEB_TEXT, &suffix));
}

struct http_stream *grpc_web_wrap(struct http_stream *inner, struct http_msg *head)
{
    struct grpc_web *g = arena_alloc0(inner->arena, 1, sizeof(*g));
    struct str accept = http_headers_get(&head->headers, HTTP_TOKEN_ACCEPT), ignored;

    g->base = *inner;
    g->base.ops = &ops;
    g->inner = inner;
    g->text_in =
        take_type(http_headers_get(&head->headers, HTTP_TOKEN_CONTENT_TYPE), WEB_TEXT, &g->suffix);
    if (!g->text_in)
        (void)take_type(http_headers_get(&head->headers, HTTP_TOKEN_CONTENT_TYPE), WEB, &g->suffix);
    g->text_out = g->text_in || take_type(accept, WEB_TEXT, &ignored);
    http_headers_set_token(&head->headers, HTTP_TOKEN_CONTENT_TYPE,
                           arena_printf(inner->arena, "application/grpc%.*s", STR_ARG(g->suffix)));
    http_headers_set_token(&head->headers, HTTP_TOKEN_TE, STR("trailers"));
    if (g->text_in)
        head->content_length = HTTP_LENGTH_UNKNOWN;
    http_stream_set_events(inner, &events, g);
    return &g->base;
}
