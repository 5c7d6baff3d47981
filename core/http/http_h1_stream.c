#include "core/http/http_h1_stream.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/net/stream.h"

#define ARENA_BYTES  ((size_t)4096 - 64)
#define OUT_KEPT     ((size_t)4096)  /* capacity that a recycled object may keep */
#define COPY_BYTES   ((size_t)4096)  /* pieces up to this are copied into the cork */
#define CORK_BYTES   ((size_t)65536) /* the cork is written when it holds this much */
#define FREE_MAX     128             /* recycled objects per worker */
#define IOV_MAX_OURS 16

struct cache {
    struct list free;
    unsigned count;
};

static struct worker_key cache_key;

static void destroy(struct http_h1_stream *s)
{
    arena_deinit(&s->arena);
    buf_deinit(&s->out);
    mem_free(s);
}

static void free_cache(void *ptr)
{
    struct cache *cache = ptr;
    struct list *link;

    while ((link = list_pop(&cache->free)))
        destroy(LIST_ITEM(link, struct http_h1_stream, link));
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

static void on_task(struct worker_task *task)
{
    struct http_h1_stream *s = CONTAINER_OF(task, struct http_h1_stream, task);

    if (!s->write_err)
        (void)http_h1_stream_flush(s); /* a failure defers this task once more */
    else if (s->conn)
        s->on_failed(s, s->write_err);
}

struct http_h1_stream *http_h1_stream_get(struct stream *transport)
{
    struct cache *cache = cache_of(transport->worker);
    struct list *link = list_pop(&cache->free);
    struct http_h1_stream *s;
    struct arena arena;
    struct buf out;

    if (link) {
        s = LIST_ITEM(link, struct http_h1_stream, link);
        cache->count--;
        arena = s->arena;
        out = s->out;
    } else {
        s = mem_alloc(sizeof(*s));
        arena_init(&arena, ARENA_BYTES);
        buf_init(&out, 0);
    }
    *s = (struct http_h1_stream){ .arena = arena, .out = out };
    s->hs.worker = transport->worker;
    s->hs.transport = transport;
    s->hs.arena = &s->arena;
    s->hs.version = HTTP_VERSION_11;
    worker_task_init(&s->task, on_task);
    return s;
}

void http_h1_stream_put(struct http_h1_stream *s)
{
    struct cache *cache = cache_of(s->hs.worker);

    worker_undefer(&s->task);
    if (cache->count >= FREE_MAX) {
        destroy(s);
        return;
    }
    arena_reset(&s->arena);
    buf_clear(&s->out);
    if (s->out.cap > OUT_KEPT)
        buf_shrink(&s->out);
    cache->count++;
    list_push_front(&cache->free, &s->link);
}

/* ---- output ---- */

static int failed(struct http_h1_stream *s, int err)
{
    s->write_err = err;
    worker_defer(s->hs.worker, &s->task);
    return err;
}

static int write_iov(struct http_h1_stream *s, const struct iovec *iov, int count)
{
    int err;

    if (!s->hs.transport)
        return ERR_CLOSED;
    err = stream_write(s->hs.transport, iov, count);
    s->wrote = true;
    return err ? failed(s, err) : 0;
}

int http_h1_stream_flush(struct http_h1_stream *s)
{
    struct iovec iov = { s->out.p + s->out.start, buf_len(&s->out) };
    int err;

    if (s->write_err)
        return s->write_err;
    worker_undefer(&s->task);
    if (!iov.iov_len)
        return 0;
    err = write_iov(s, &iov, 1);
    buf_clear(&s->out);
    return err;
}

void http_h1_stream_flush_later(struct http_h1_stream *s)
{
    worker_defer(s->hs.worker, &s->task);
}

/* Writes the cork, then the caller's memory, then tail, in one go. */
static int write_through(struct http_h1_stream *s, const struct iovec *iov, int count,
                         struct str tail)
{
    struct iovec all[IOV_MAX_OURS + 2];
    int n = 0, err;

    if (buf_len(&s->out))
        all[n++] = (struct iovec){ s->out.p + s->out.start, buf_len(&s->out) };
    memcpy(all + n, iov, (size_t)count * sizeof(*iov));
    n += count;
    if (tail.len)
        all[n++] = (struct iovec){ (void *)(uintptr_t)tail.p, tail.len }; /* only read */
    err = write_iov(s, all, n);
    buf_clear(&s->out);
    return err;
}

static size_t total_of(const struct iovec *iov, int count)
{
    size_t total = 0;

    for (int i = 0; i < count; i++)
        total += iov[i].iov_len;
    return total;
}

/* The bytes as they are, then tail: corked when they are few. */
static int send_bytes(struct http_h1_stream *s, const struct iovec *iov, int count, size_t total,
                      struct str tail)
{
    if (total > COPY_BYTES && count <= IOV_MAX_OURS)
        return write_through(s, iov, count, tail);
    for (int i = 0; i < count; i++)
        buf_add(&s->out, iov[i].iov_base, iov[i].iov_len);
    buf_add_str(&s->out, tail);
    if (buf_len(&s->out) >= CORK_BYTES)
        return http_h1_stream_flush(s);
    return 0;
}

static int send_chunk(struct http_h1_stream *s, const struct iovec *iov, int count, size_t total,
                      bool end)
{
    char line[HTTP_H1_WRITE_SIZE_LINE];

    if (total == 0) {
        if (end)
            buf_add_str(&s->out, STR("0\r\n\r\n"));
        return 0;
    }
    buf_add(&s->out, line, http_h1_write_size_line(line, total));
    return send_bytes(s, iov, count, total, end ? STR("\r\n0\r\n\r\n") : STR("\r\n"));
}

int http_h1_stream_body(struct http_h1_stream *s, const struct iovec *iov, int count, bool end)
{
    size_t total = total_of(iov, count);
    int err = 0;

    if (s->write_err)
        return s->write_err;
    switch (s->framing) {
    case HTTP_H1_BODY_NONE:
        total = 0;
        break;
    case HTTP_H1_BODY_LENGTH:
        if (total > s->left || (end && total != s->left))
            return ERR_INVALID;
        s->left -= total;
        err = send_bytes(s, iov, count, total, STR_NONE);
        break;
    case HTTP_H1_BODY_CHUNKED:
        err = send_chunk(s, iov, count, total, end);
        break;
    default:
        err = send_bytes(s, iov, count, total, STR_NONE);
        break;
    }
    if (err)
        return err;
    s->hs.bytes_out += total;
    if (end)
        return http_h1_stream_flush(s);
    if (buf_len(&s->out))
        http_h1_stream_flush_later(s);
    return 0;
}

int http_h1_stream_trailers(struct http_h1_stream *s, const struct http_headers *trailers)
{
    int err;

    if (s->framing != HTTP_H1_BODY_CHUNKED) /* nowhere to put them */
        return http_h1_stream_body(s, NULL, 0, true);
    if (s->write_err)
        return s->write_err;
    err = http_h1_write_last_chunk(&s->out, trailers);
    return err ? err : http_h1_stream_flush(s);
}

size_t http_h1_stream_unsent(const struct http_stream *hs)
{
    const struct http_h1_stream *s = (const struct http_h1_stream *)hs; /* its first member */

    return hs->transport ? stream_unsent(hs->transport) + buf_len(&s->out) : 0;
}

void http_h1_stream_cut(struct http_h1_stream *s)
{
    worker_undefer(&s->task);
    s->hs.transport = NULL;
}

/* ---- input ---- */

void http_h1_stream_hold(struct http_h1_stream *s, size_t len)
{
    s->held += len;
    if (s->held > HTTP_H1_STREAM_HELD_BYTES && !s->read_stopped && s->hs.transport) {
        s->read_stopped = true;
        stream_read_stop(s->hs.transport);
    }
}

void http_h1_stream_unhold(struct http_h1_stream *s, size_t len)
{
    s->held -= len < s->held ? len : s->held;
    if (s->read_stopped && s->held <= HTTP_H1_STREAM_HELD_BYTES / 2 && s->hs.transport) {
        s->read_stopped = false;
        stream_read_start(s->hs.transport);
    }
}

static bool is_told(const struct http_h1_stream *s)
{
    return s->hs.events && !s->hs.released && !s->hs.was_reset;
}

void http_h1_stream_emit_piece(struct http_h1_stream *s, const struct http_h1_piece *piece)
{
    s->hs.bytes_in += piece->len;
    if (piece->end)
        s->hs.ended_in = true;
    if (!is_told(s))
        return;
    if (piece->trailers) { /* never together with bytes */
        s->hs.events->on_trailers(s->hs.events_arg, piece->trailers);
        return;
    }
    http_h1_stream_hold(s, piece->len);
    s->hs.events->on_body(s->hs.events_arg, piece->p, piece->len, piece->end);
}

void http_h1_stream_emit_reset(struct http_h1_stream *s, const struct http_failure *failure)
{
    if (!is_told(s))
        return;
    s->hs.was_reset = true;
    s->hs.events->on_reset(s->hs.events_arg, failure);
}
