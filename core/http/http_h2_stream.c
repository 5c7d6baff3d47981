#include "core/http/http_h2_stream.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_gate.h"
#include "core/http/http_h2_send.h"
#include "core/http/http_h2_window.h"
#include "core/net/stream.h"

#define ARENA_BYTES   ((size_t)4096 - 64)
#define FREE_MAX      256
#define INTERIM_MAX   10
#define DISCARD_BYTES ((size_t)64 * 1024)

/* ---- recycling ---- */

struct cache {
    struct list free;
    unsigned count;
};

static struct worker_key cache_key;

static void destroy(struct http_h2_stream *s)
{
    arena_deinit(&s->arena);
    mem_free(s);
}

static void free_cache(void *ptr)
{
    struct cache *cache = ptr;
    struct list *link;

    while ((link = list_pop(&cache->free)))
        destroy(LIST_ITEM(link, struct http_h2_stream, link));
    mem_free(cache);
}

static struct cache *cache_of(struct worker *w)
{
    struct cache *cache = worker_get(w, &cache_key);

    if (!cache) {
        cache = mem_alloc0(1, sizeof(*cache));
        list_init(&cache->free);
        worker_set(w, &cache_key, cache, free_cache);
    }
    return cache;
}

struct http_h2_stream *http_h2_stream_new(struct http_h2_session *h, int32_t id)
{
    struct cache *cache = cache_of(h->worker);
    struct list *link = list_pop(&cache->free);
    struct http_h2_stream *s;
    struct arena arena;

    if (link) {
        s = LIST_ITEM(link, struct http_h2_stream, link);
        cache->count--;
        arena = s->arena;
    } else {
        s = mem_alloc(sizeof(*s));
        arena_init(&arena, ARENA_BYTES);
    }
    *s = (struct http_h2_stream){ .arena = arena, .session = h, .id = id };
    s->hs.ops = &http_h2_send_ops;
    s->hs.worker = h->worker;
    s->hs.transport = h->transport;
    s->hs.arena = &s->arena;
    s->hs.version = HTTP_VERSION_2;
    s->hs.is_server = h->config.is_server;
    list_init(&s->event);
    list_init(&s->blocked);
    list_push(&h->streams, &s->link);
    chunk_queue_init(&s->out, &h->worker->chunks);
    return s;
}

void http_h2_stream_put(struct http_h2_stream *s)
{
    struct cache *cache = cache_of(s->hs.worker);

    if (cache->count >= FREE_MAX) {
        destroy(s);
        return;
    }
    arena_reset(&s->arena);
    cache->count++;
    list_push_front(&cache->free, &s->link);
}

void http_h2_stream_show(struct http_h2_stream *s)
{
    s->shown = true;
    s->session->active++;
    s->session->served++;
}

/* ---- ends ---- */

static bool is_told(const struct http_h2_stream *s)
{
    return s->shown && s->hs.events && !s->hs.released && !s->hs.was_reset;
}

static int error_of(uint32_t code)
{
    switch (code) {
    case NGHTTP2_NO_ERROR:
    case NGHTTP2_CANCEL:
    case NGHTTP2_REFUSED_STREAM:
    case NGHTTP2_INTERNAL_ERROR:
    case NGHTTP2_CONNECT_ERROR:
        return ERR_CLOSED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return ERR_LIMIT;
    default:
        return ERR_PROTO;
    }
}

/* The user may release s in here. */
static void tell_end(struct http_h2_stream *s, int err, uint32_t served, bool all_sent)
{
    struct http_failure failure = {
        .err = err ? err : error_of(s->code),
        .unprocessed = !s->on_wire || s->code == NGHTTP2_REFUSED_STREAM,
        .reused = !s->hs.is_server && served > 1,
        .by_peer_reset = s->peer_reset,
        .h2_code = s->code,
    };

    if (s->hs.ended_in && (all_sent || (!err && s->code == NGHTTP2_NO_ERROR))) {
        s->hs.ended_out = true; /* the peer needs no more of it */
        return;
    }
    if (!is_told(s))
        return;
    s->hs.was_reset = true;
    s->hs.events->on_reset(s->hs.events_arg, &failure);
}

void http_h2_stream_finish(struct http_h2_stream *s, int err)
{
    struct http_h2_session *h = s->session;
    bool shown = s->shown, all_sent;

    list_remove(&s->link);
    list_remove(&s->event);
    list_remove(&s->blocked);
    if (h->chunk_stream == s)
        h->chunk_stream = NULL;
    http_h2_window_let_go(h, s);
    if (s->id && !s->closed)
        (void)nghttp2_session_set_stream_user_data(h->ng, s->id, NULL);
    s->session = NULL;
    s->hs.transport = NULL;
    all_sent = s->hs.ended_out && s->out.len == 0;
    chunk_queue_clear(&s->out);
    if (s->hs.released || !shown)
        http_h2_stream_put(s);
    else
        tell_end(s, err, h->served, all_sent);
    if (shown) {
        h->active--;
        h->hooks->on_gone(h->owner);
    }
}

void http_h2_stream_event(struct http_h2_stream *s)
{
    struct http_h2_session *h = s->session;

    if (!list_is_linked(&s->event))
        list_push(&h->events, &s->event);
    http_h2_session_pump_later(h);
}

void http_h2_stream_run_event(struct http_h2_stream *s)
{
    if (s->writable) {
        s->writable = false;
        if (is_told(s) && !s->closed && s->hs.events->on_writable)
            s->hs.events->on_writable(s->hs.events_arg);
    }
    if (s->closed)
        http_h2_stream_finish(s, 0);
}

/* ---- heads and trailers as they come ---- */

void http_h2_stream_begin_headers(struct http_h2_stream *s)
{
    s->header_bytes = 0;
    s->too_large = s->bad = false;
    s->in_trailers = s->got_final;
    if (s->in_trailers) {
        http_headers_init(&s->trailers, &s->arena);
        return;
    }
    http_msg_init(&s->head, &s->arena);
    s->head.is_response = !s->hs.is_server;
    s->head.version = HTTP_VERSION_2;
}

/* nghttp2 has seen to it that each comes once and before the others. */
static void pseudo_header(struct http_h2_stream *s, struct str name, struct str value)
{
    struct http_msg *m = &s->head;
    struct str copy = arena_str(&s->arena, value);
    uint64_t status;

    if (str_is(name, ":method"))
        http_msg_set_method(m, copy);
    else if (str_is(name, ":path"))
        m->path = copy;
    else if (str_is(name, ":authority"))
        m->authority = copy;
    else if (str_is(name, ":scheme"))
        m->scheme = copy;
    else if (str_is(name, ":protocol"))
        m->upgrade = copy;
    else if (str_is(name, ":status") && str_to_u64(value, 999, &status) == 0 && value.len == 3)
        m->status = (uint16_t)status;
    else
        s->bad = true;
}

int http_h2_stream_header(struct http_h2_stream *s, struct str name, struct str value)
{
    struct http_h2_session *h = s->session;
    struct http_headers *list = s->in_trailers ? &s->trailers : &s->head.headers;
    size_t max = h->config.max_header_bytes;
    enum http_token token;

    s->header_bytes += name.len + value.len + 32;
    if (s->header_bytes > 2 * max) { /* a block that grows when decoded; decoding more costs us */
        http_h2_session_fail(h, ERR_LIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (s->header_bytes > max || list->count >= h->config.max_headers)
        s->too_large = true;
    if (s->too_large)
        return 0;
    if (name.len && name.p[0] == ':') {
        if (s->in_trailers)
            s->bad = true;
        else
            pseudo_header(s, name, value);
        return 0;
    }
    token = http_token_of(name);
    if (token)
        http_headers_add_token(list, token, arena_str(&s->arena, value));
    else
        http_headers_add(list, arena_str(&s->arena, name), arena_str(&s->arena, value));
    return 0;
}

static void reject(struct http_h2_stream *s, uint32_t code)
{
    (void)nghttp2_submit_rst_stream(s->session->ng, NGHTTP2_FLAG_NONE, s->id, code);
}

static void end_trailers(struct http_h2_stream *s)
{
    if (s->too_large || s->bad || http_gate_trailers(&s->trailers) != 0) {
        reject(s, NGHTTP2_PROTOCOL_ERROR);
        return;
    }
    s->hs.ended_in = true;
    if (is_told(s))
        s->hs.events->on_trailers(s->hs.events_arg, &s->trailers);
}

static void end_request(struct http_h2_stream *s, bool end)
{
    struct http_h2_session *h = s->session;
    int refused = 0;

    s->got_final = true;
    if (s->too_large)
        refused = 431;
    else if (s->bad || http_gate_h2_request(&s->head) != 0)
        refused = 400;
    else if (s->head.path.len > h->config.max_path_bytes)
        refused = 414;
    else if (s->head.method == HTTP_METHOD_CONNECT && !h->config.allow_connect)
        refused = 405;
    else if (end && s->head.content_length > 0)
        refused = 400;
    s->hs.ended_in = end;
    s->hs.head_bytes_in = s->header_bytes;
    s->asked = s->head.method;
    if (refused) {
        http_h2_send_refusal(s, refused);
        return;
    }
    http_h2_stream_show(s);
    h->hooks->on_request(h->owner, s, end);
}

static void end_response(struct http_h2_stream *s, bool end)
{
    struct http_msg *m = &s->head;

    if (s->too_large || s->bad || http_gate_h2_response(m) != 0 ||
        (m->status < 200 && (end || ++s->interims > INTERIM_MAX))) {
        reject(s, NGHTTP2_PROTOCOL_ERROR);
        return;
    }
    s->hs.head_bytes_in += s->header_bytes;
    if (m->status >= 200) {
        s->got_final = true;
        s->hs.ended_in = end;
        if (s->asked_upgrade.len && m->status < 300) { /* RFC 8441 section 4 says 200 */
            m->status = 101;
            m->upgrade = s->asked_upgrade;
        }
    }
    if (is_told(s))
        s->hs.events->on_head(s->hs.events_arg, m, end);
}

void http_h2_stream_end_headers(struct http_h2_stream *s, bool end)
{
    if (s->in_trailers)
        end_trailers(s);
    else if (s->hs.is_server)
        end_request(s, end);
    else
        end_response(s, end);
}

/* ---- bodies ---- */

/* RFC 9113 section 8.1 would have the stream reset with NO_ERROR behind the answer. Clients exist
 * that lose the answer over it while they send (curl 7.88), so a short rest of known length is let
 * come; a long one is not, since the same client then never stops trying. */
void http_h2_stream_drop_rest(struct http_h2_stream *s)
{
    int64_t length = s->head.content_length;

    if (length >= 0 && (uint64_t)length <= s->hs.bytes_in + DISCARD_BYTES)
        s->discarding = true;
    else if (nghttp2_session_get_stream_local_close(s->session->ng, s->id) == 1)
        reject(s, NGHTTP2_NO_ERROR);
    else
        s->rst_after = true;
    http_h2_session_pump_later(s->session);
}

static void discard(struct http_h2_stream *s, size_t len)
{
    s->discarded += len;
    if (!s->discarding || s->discarded <= DISCARD_BYTES || s->hs.ended_in)
        return;
    s->discarding = false;
    reject(s, NGHTTP2_NO_ERROR);
}

void http_h2_stream_data(struct http_h2_stream *s, const uint8_t *p, size_t len, bool end)
{
    struct http_h2_session *h = s->session;

    s->hs.bytes_in += len;
    if (end)
        s->hs.ended_in = true;
    if (!is_told(s)) {
        (void)nghttp2_session_consume(h->ng, s->id, len);
        discard(s, len);
        return;
    }
    http_h2_window_hold(h, s, len);
    s->hs.events->on_body(s->hs.events_arg, p, len, end);
}

/* Takes up to len bytes of the caller's memory, behind what waits in the queue. */
static size_t move_now(struct http_h2_stream *s, struct http_h2_cork *to, size_t len)
{
    size_t done = 0;

    while (done < len && s->now_left) {
        const char *p = (const char *)s->now->iov_base + s->now_offset;
        size_t n = s->now->iov_len - s->now_offset;

        if (n > len - done)
            n = len - done;
        if (!http_h2_cork_lend(to, p, n))
            http_h2_cork_add(to, p, n);
        s->now_offset += n;
        s->now_left -= n;
        done += n;
        if (s->now_offset == s->now->iov_len) {
            s->now++;
            s->now_offset = 0;
        }
    }
    return done;
}

void http_h2_stream_move(struct http_h2_stream *s, struct http_h2_cork *to, size_t len)
{
    struct iovec iov;

    while (len && s->out.len && chunk_queue_peek(&s->out, &iov, 1) > 0) {
        size_t n = iov.iov_len < len ? iov.iov_len : len;

        http_h2_cork_add(to, iov.iov_base, n);
        chunk_queue_consume(&s->out, n);
        len -= n;
    }
    if (len)
        (void)move_now(s, to, len);
    if (s->was_high && s->out.len + s->now_left <= STREAM_LOW_WATER_BYTES) {
        s->was_high = false;
        s->writable = true;
        http_h2_stream_event(s);
    }
}
