#include "core/http/http_h2_send.h"

#include <string.h>

#include "core/base/error.h"
#include "core/http/http_gate.h"
#include "core/http/http_h2_window.h"
#include "core/net/stream.h"

#define NV_ON_STACK  64
#define NV_OVERHEAD  8 /* pseudo-headers and what we add */
#define NUMBER_BYTES 24

/* ---- header lists for nghttp2 ---- */

struct nvs {
    nghttp2_nv *list;
    size_t count;
    uint8_t flags;
    char length[NUMBER_BYTES], status[4];
    nghttp2_nv stack[NV_ON_STACK];
};

/* copy: nghttp2 will look at the bytes after this call. */
static void nvs_init(struct nvs *v, struct arena *a, const struct http_headers *h, bool copy)
{
    size_t need = h->count + NV_OVERHEAD;

    v->list = need <= NV_ON_STACK ? v->stack : arena_alloc(a, need * sizeof(*v->list));
    v->count = 0;
    v->flags =
        copy ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
}

static void nvs_add(struct nvs *v, struct str name, struct str value, bool no_index)
{
    v->list[v->count++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.p, /* only read */
        .value = (uint8_t *)(uintptr_t)(value.p ? value.p : ""),
        .namelen = name.len,
        .valuelen = value.len,
        .flags = (uint8_t)(v->flags | (no_index ? NGHTTP2_NV_FLAG_NO_INDEX : 0)),
    };
}

static void nvs_add_length(struct nvs *v, int64_t length)
{
    size_t at = sizeof(v->length);

    do {
        v->length[--at] = (char)('0' + length % 10);
        length /= 10;
    } while (length);
    nvs_add(v, STR("content-length"), str_make(v->length + at, sizeof(v->length) - at), true);
}

static bool is_ours(enum http_token token)
{
    switch (token) {
    case HTTP_TOKEN_HOST:
    case HTTP_TOKEN_CONTENT_LENGTH:
    case HTTP_TOKEN_TRANSFER_ENCODING:
    case HTTP_TOKEN_CONNECTION:
    case HTTP_TOKEN_KEEP_ALIVE:
    case HTTP_TOKEN_PROXY_CONNECTION:
    case HTTP_TOKEN_UPGRADE:
    case HTTP_TOKEN_HTTP2_SETTINGS:
    case HTTP_TOKEN_EXPECT:
    case HTTP_TOKEN_SEC_WEBSOCKET_KEY: /* :protocol says it all (RFC 8441 section 5) */
    case HTTP_TOKEN_SEC_WEBSOCKET_ACCEPT:
        return true;
    default:
        return false;
    }
}

/* Values that never come again would only push useful entries out of the table. */
static bool is_unique(enum http_token token)
{
    switch (token) {
    case HTTP_TOKEN_X_REQUEST_ID:
    case HTTP_TOKEN_TRACEPARENT:
    case HTTP_TOKEN_TRACESTATE:
    case HTTP_TOKEN_B3:
    case HTTP_TOKEN_X_B3_TRACEID:
    case HTTP_TOKEN_X_B3_SPANID:
    case HTTP_TOKEN_X_B3_PARENTSPANID:
    case HTTP_TOKEN_X_ENVOY_UPSTREAM_SERVICE_TIME:
    case HTTP_TOKEN_GRPC_TIMEOUT:
        return true;
    default:
        return false;
    }
}

static int nvs_add_list(struct nvs *v, const struct http_headers *h, bool *has_date,
                        bool *has_server)
{
    for (uint32_t i = 0; i < h->count; i++) {
        const struct http_header *item = &h->items[i];
        enum http_token token = item->token;

        if (is_ours(token))
            continue;
        if ((!token && !http_headers_is_name(item->name)) || !http_headers_is_value(item->value))
            return ERR_INVALID;
        *has_date |= token == HTTP_TOKEN_DATE;
        *has_server |= token == HTTP_TOKEN_SERVER;
        nvs_add(v, item->name, item->value, item->secret || is_unique(token));
    }
    return 0;
}

/* ---- DATA ---- */

static bool is_congested(const struct http_h2_session *h)
{
    return stream_unsent(h->transport) > STREAM_HIGH_WATER_BYTES;
}

static int submit_trailers(struct http_h2_stream *s)
{
    struct nvs v;
    bool ignore = false;
    int err;

    nvs_init(&v, &s->arena, &s->out_trailers, true);
    err = nvs_add_list(&v, &s->out_trailers, &ignore, &ignore);
    if (!err && nghttp2_submit_trailer(s->session->ng, s->id, v.list, v.count) != 0)
        err = ERR_INTERNAL;
    return err;
}

/* nghttp2 asks what it may send: bytes are promised here and moved by http_h2_stream_move. */
static ssize_t read_source(nghttp2_session *ng, int32_t id, uint8_t *to, size_t max,
                           uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct http_h2_stream *s = source->ptr;
    struct http_h2_session *h = arg;
    size_t have = s->out.len + s->now_left;
    size_t n = have < max ? have : max;

    (void)ng, (void)id, (void)to;
    if (have && is_congested(h)) {
        s->deferred = true;
        if (!list_is_linked(&s->blocked))
            list_push(&h->blocked, &s->blocked);
        return NGHTTP2_ERR_DEFERRED;
    }
    if (!have && !s->out_end) {
        s->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (n == have && s->out_end) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (s->has_trailers) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            if (submit_trailers(s) != 0)
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
    }
    return (ssize_t)n;
}

static void resume(struct http_h2_stream *s)
{
    if (!s->deferred || list_is_linked(&s->blocked))
        return;
    s->deferred = false;
    (void)nghttp2_session_resume_data(s->session->ng, s->id);
}

/* What could not go out in this call is copied: the caller's memory is his again. */
static void keep_rest(struct http_h2_stream *s)
{
    while (s->now_left) {
        size_t n = s->now->iov_len - s->now_offset;

        chunk_queue_add(&s->out, (const char *)s->now->iov_base + s->now_offset, n);
        s->now_left -= n;
        s->now++;
        s->now_offset = 0;
    }
    s->now = NULL;
    if (s->out.len > STREAM_LOW_WATER_BYTES)
        s->was_high = true;
}

/* ---- heads ---- */

static bool is_gone(const struct http_h2_stream *s)
{
    return !s->session || s->closed || s->session->ended || s->session->fatal;
}

static void set_status(struct nvs *v, int status)
{
    v->status[0] = (char)('0' + status / 100);
    v->status[1] = (char)('0' + status / 10 % 10);
    v->status[2] = (char)('0' + status % 10);
    nvs_add(v, STR(":status"), str_make(v->status, 3), false);
}

static int send_response(struct http_h2_stream *s, const struct http_msg *m, bool end)
{
    struct http_h2_session *h = s->session;
    nghttp2_data_provider source = { .source.ptr = s, .read_callback = read_source };
    bool upgraded = m->status == 101, interim = m->status < 200 && !upgraded;
    bool has_date = false, has_server = false;
    struct nvs v;
    int err;

    if (m->status < 100 || m->status > 999 || (upgraded && !s->head.upgrade.len))
        return ERR_INVALID;
    nvs_init(&v, &s->arena, &m->headers, !http_h2_session_can_pump(h));
    set_status(&v, upgraded ? 200 : m->status);
    err = nvs_add_list(&v, &m->headers, &has_date, &has_server);
    if (err)
        return err;
    if (interim) {
        if (m->status == 100 && s->continued)
            return 0;
        s->continued |= m->status == 100;
        return nghttp2_submit_headers(h->ng, NGHTTP2_FLAG_NONE, s->id, NULL, v.list, v.count, NULL)
                   ? ERR_CLOSED
                   : 0;
    }
    if (!has_date && h->date)
        nvs_add(&v, STR("date"), h->date(h->owner), false);
    if (!has_server && h->config.server_name)
        nvs_add(&v, STR("server"), str_of(h->config.server_name), false);
    s->mute = s->asked == HTTP_METHOD_HEAD || m->status == 204 || m->status == 304;
    if (m->content_length >= 0 && m->status != 204 && !upgraded)
        nvs_add_length(&v, m->content_length);
    s->by_length = m->content_length >= 0 && !s->mute && !upgraded;
    s->left = s->by_length ? (uint64_t)m->content_length : 0;
    if (end && s->left)
        return ERR_INVALID;
    if (nghttp2_submit_response(h->ng, s->id, v.list, v.count, end || s->mute ? NULL : &source))
        return ERR_CLOSED;
    s->hs.head_sent = true;
    return 0;
}

static int add_pseudo(struct http_h2_stream *s, struct nvs *v, const struct http_msg *m)
{
    bool connect = m->method == HTTP_METHOD_CONNECT;

    if (!http_gate_is_authority(m->authority) || !http_gate_is_token(m->method_name))
        return ERR_INVALID;
    if (m->upgrade.len) {
        if (!nghttp2_session_get_remote_settings(s->session->ng,
                                                 NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL))
            return ERR_UNSUPPORTED;
        nvs_add(v, STR(":method"), STR("CONNECT"), false);
        nvs_add(v, STR(":protocol"), m->upgrade, false);
    } else {
        nvs_add(v, STR(":method"), m->method_name, false);
    }
    nvs_add(v, STR(":authority"), m->authority, false);
    if (connect)
        return 0;
    if (!http_gate_is_path(m->path) && !str_eq(m->path, STR("*")))
        return ERR_INVALID;
    nvs_add(v, STR(":scheme"), m->scheme.len ? m->scheme : STR("http"), false);
    nvs_add(v, STR(":path"), m->path, false);
    return 0;
}

/* An extended CONNECT may only be sent once the peer said that it takes it. */
static int keep_early(struct http_h2_stream *s, const struct http_msg *m)
{
    struct http_msg *copy = arena_dup(&s->arena, m, sizeof(*m));

    copy->method_name = arena_str(&s->arena, m->method_name);
    copy->scheme = arena_str(&s->arena, m->scheme);
    copy->authority = arena_str(&s->arena, m->authority);
    copy->path = arena_str(&s->arena, m->path);
    copy->upgrade = arena_str(&s->arena, m->upgrade);
    http_headers_init(&copy->headers, &s->arena);
    http_headers_copy(&copy->headers, &m->headers, true);
    s->early = copy;
    s->hs.head_sent = true;
    return 0;
}

static int send_request(struct http_h2_stream *s, const struct http_msg *m, bool end)
{
    struct http_h2_session *h = s->session;
    nghttp2_data_provider source = { .source.ptr = s, .read_callback = read_source };
    bool ignore = false, raw = m->upgrade.len || m->method == HTTP_METHOD_CONNECT;
    struct nvs v;
    int err;

    if (m->upgrade.len && !h->settings_in)
        return keep_early(s, m);
    /* Copied, since nghttp2 may hold a request back until the peer allows another stream. */
    nvs_init(&v, &s->arena, &m->headers, true);
    err = add_pseudo(s, &v, m);
    if (!err)
        err = nvs_add_list(&v, &m->headers, &ignore, &ignore);
    if (err)
        return err;
    if (m->expect_continue)
        nvs_add(&v, STR("expect"), STR("100-continue"), false);
    s->by_length = m->content_length >= 0 && !raw;
    s->left = s->by_length ? (uint64_t)m->content_length : 0;
    if (s->by_length && (m->content_length || !end || m->method != HTTP_METHOD_GET))
        nvs_add_length(&v, m->content_length);
    if (end && s->left)
        return ERR_INVALID;
    s->id = nghttp2_submit_request(h->ng, NULL, v.list, v.count, end && !raw ? NULL : &source, s);
    if (s->id < 0) {
        s->id = 0;
        return ERR_CLOSED;
    }
    s->asked = m->method;
    s->asked_upgrade = m->upgrade.len ? arena_str(&s->arena, m->upgrade) : STR_NONE;
    s->hs.head_sent = true;
    return 0;
}

void http_h2_send_early(struct http_h2_stream *s)
{
    struct http_msg *m = s->early;

    s->early = NULL;
    if (s->hs.released || s->hs.was_reset || send_request(s, m, false) == 0)
        return;
    s->closed = true;
    s->code = NGHTTP2_REFUSED_STREAM;
    http_h2_stream_event(s);
}

/* ---- what users call ---- */

static void pump_now(struct http_h2_session *h)
{
    if (http_h2_session_can_pump(h))
        http_h2_session_pump(h);
    else
        http_h2_session_pump_later(h);
}

static int send_head(struct http_stream *hs, struct http_msg *head, bool end)
{
    struct http_h2_stream *s = http_h2_stream_of(hs);
    int err;

    if (is_gone(s))
        return ERR_CLOSED;
    err = hs->is_server ? send_response(s, head, end) : send_request(s, head, end);
    if (err)
        return err;
    if (hs->head_sent && end) {
        hs->ended_out = true;
        s->out_end = true;
    }
    pump_now(s->session);
    return 0;
}

static int send_body(struct http_stream *hs, const struct iovec *iov, int count, bool end)
{
    struct http_h2_stream *s = http_h2_stream_of(hs);
    size_t total = 0;

    if (is_gone(s))
        return ERR_CLOSED;
    for (int i = 0; i < count; i++)
        total += iov[i].iov_len;
    if (s->mute)
        total = 0;
    if (s->by_length) {
        if (total > s->left || (end && total != s->left))
            return ERR_INVALID;
        s->left -= total;
    }
    hs->bytes_out += total;
    hs->ended_out |= end;
    s->out_end |= end;
    s->now = iov;
    s->now_offset = 0;
    s->now_left = total;
    resume(s);
    pump_now(s->session);
    keep_rest(s);
    return 0;
}

static int send_trailers(struct http_stream *hs, struct http_headers *trailers)
{
    struct http_h2_stream *s = http_h2_stream_of(hs);

    if (is_gone(s))
        return ERR_CLOSED;
    if (s->by_length && s->left)
        return ERR_INVALID;
    http_headers_init(&s->out_trailers, &s->arena);
    http_headers_copy(&s->out_trailers, trailers, true);
    s->has_trailers = trailers->count > 0;
    s->out_end = hs->ended_out = true;
    resume(s);
    pump_now(s->session);
    return 0;
}

static size_t unsent(const struct http_stream *hs)
{
    const struct http_h2_stream *s = (const struct http_h2_stream *)hs; /* its first member */

    return s->session && !s->closed ? s->out.len : 0;
}

static void ask_for_body(struct http_h2_stream *s)
{
    struct http_msg m;

    http_msg_init(&m, &s->arena);
    m.status = 100;
    if (send_response(s, &m, false) == 0)
        pump_now(s->session);
}

static void consume(struct http_stream *hs, size_t len)
{
    struct http_h2_stream *s = http_h2_stream_of(hs);

    if (len > s->held)
        len = s->held;
    s->held -= len;
    if (is_gone(s)) {
        s->held += len; /* given back as a whole when it is finished */
        return;
    }
    if (len && http_h2_window_took(s->session, s, len) == 0 &&
        nghttp2_session_want_write(s->session->ng))
        http_h2_session_pump_later(s->session);
    if (hs->is_server && s->head.expect_continue && !hs->head_sent && !hs->ended_in &&
        !hs->bytes_in)
        ask_for_body(s);
}

static const uint32_t codes[] = {
    [HTTP_RESET_CANCEL] = NGHTTP2_CANCEL,           [HTTP_RESET_INTERNAL] = NGHTTP2_INTERNAL_ERROR,
    [HTTP_RESET_PROTOCOL] = NGHTTP2_PROTOCOL_ERROR, [HTTP_RESET_REFUSED] = NGHTTP2_REFUSED_STREAM,
    [HTTP_RESET_CALM] = NGHTTP2_ENHANCE_YOUR_CALM,  [HTTP_RESET_CONNECT] = NGHTTP2_CONNECT_ERROR,
};

/* Gives the stream up on the wire; nghttp2 tells when it is closed. */
static void abandon(struct http_h2_stream *s, uint32_t code)
{
    if (is_gone(s))
        return;
    if (!s->id) { /* never begun */
        s->closed = true;
        http_h2_stream_event(s);
        return;
    }
    (void)nghttp2_submit_rst_stream(s->session->ng, NGHTTP2_FLAG_NONE, s->id, code);
    http_h2_session_pump_later(s->session);
}

static void reset(struct http_stream *hs, enum http_reset why)
{
    abandon(http_h2_stream_of(hs), codes[why]);
}

static void release(struct http_stream *hs)
{
    struct http_h2_stream *s = http_h2_stream_of(hs);

    if (!s->session) {
        http_h2_stream_put(s);
        return;
    }
    if (s->closed || hs->was_reset)
        return; /* on its way out */
    if (s->held && !is_gone(s)) {
        (void)http_h2_window_took(s->session, s, s->held);
        s->held = 0;
        http_h2_session_pump_later(s->session);
    }
    if (!hs->ended_out)
        abandon(s, NGHTTP2_CANCEL);
    else if (!hs->ended_in && !hs->is_server)
        abandon(s, NGHTTP2_CANCEL);
    else if (!hs->ended_in)
        http_h2_stream_drop_rest(s);
}

const struct http_stream_ops http_h2_send_ops = {
    .send_head = send_head,
    .send_body = send_body,
    .send_trailers = send_trailers,
    .unsent = unsent,
    .consume = consume,
    .reset = reset,
    .release = release,
};

void http_h2_send_refusal(struct http_h2_stream *s, int status)
{
    struct http_msg m;

    http_msg_init(&m, &s->arena);
    m.is_response = true;
    m.status = (uint16_t)status;
    m.content_length = 0;
    s->hs.released = s->hs.ended_out = true;
    if (!s->hs.ended_in)
        http_h2_stream_drop_rest(s);
    if (send_response(s, &m, true) != 0)
        (void)nghttp2_submit_rst_stream(s->session->ng, NGHTTP2_FLAG_NONE, s->id,
                                        NGHTTP2_PROTOCOL_ERROR);
    http_h2_session_pump_later(s->session);
}
