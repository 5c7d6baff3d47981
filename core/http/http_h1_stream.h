/* One request on an HTTP/1 connection: what the server's and the client's codec have in common.
 *
 * Output is corked: heads, small pieces of body and chunk lines gather in `out` and leave together
 * with what follows, at the latest at the end of the loop's turn; large pieces are written from the
 * caller's memory behind it, in one writev. Objects are recycled per worker with their arena's
 * first block and a small `out`, so an idle connection owns none. Loop thread. */
#ifndef CORE_HTTP_HTTP_H1_STREAM_H
#define CORE_HTTP_HTTP_H1_STREAM_H

#include "core/base/buf.h"
#include "core/http/http_h1_parse.h"
#include "core/http/http_h1_write.h"
#include "core/http/http_stream.h"
#include "core/loop/worker.h"

/* Body bytes handed out and not returned by consume, beyond which reading stops: less than one
 * read, because who does not return the first one will not return the second either. */
#define HTTP_H1_STREAM_HELD_BYTES ((size_t)8 * 1024)

struct http_h1_stream {
    struct http_stream hs; /* first: what users hold */
    struct list link;      /* in the worker's list of free ones */
    struct arena arena;
    struct http_msg head; /* as received; responses: the last one */
    struct buf out;
    struct worker_task task; /* flushes, or reports write_err */
    void *conn; /* the codec, or NULL once both directions ended or the connection did */
    void (*on_failed)(struct http_h1_stream *s, int err); /* at top level, when a write failed */
    uint64_t left; /* of a body by length that is being sent */
    size_t held;
    int write_err;
    uint8_t framing; /* enum http_h1_framing of what is sent */
    uint8_t asked;   /* enum http_method of the request */
    bool read_stopped;
    bool wrote; /* bytes went to the transport */
};

/* A clean one with its arena; ops and conn are the caller's to set. */
struct http_h1_stream *http_h1_stream_get(struct stream *transport);
void http_h1_stream_put(struct http_h1_stream *s);

static inline struct http_h1_stream *http_h1_stream_of(struct http_stream *hs)
{
    return CONTAINER_OF(hs, struct http_h1_stream, hs);
}

/* Sends body bytes as s->framing says. ERR_INVALID: more or fewer bytes than Content-Length said.
 * With end everything is on its way to the transport afterwards. */
int http_h1_stream_body(struct http_h1_stream *s, const struct iovec *iov, int count, bool end);
int http_h1_stream_trailers(struct http_h1_stream *s, const struct http_headers *trailers);
/* Writes what is corked, now or at the end of the turn. */
int http_h1_stream_flush(struct http_h1_stream *s);
void http_h1_stream_flush_later(struct http_h1_stream *s);
size_t http_h1_stream_unsent(const struct http_stream *hs);
/* The transport is gone: nothing more is written, now or later. */
void http_h1_stream_cut(struct http_h1_stream *s);
/* Counts bytes given to the user; stops reading above the limit. */
void http_h1_stream_hold(struct http_h1_stream *s, size_t len);
/* Takes them back; starts reading again at half of it. */
void http_h1_stream_unhold(struct http_h1_stream *s, size_t len);

/* ---- telling the user; no-ops after release or reset ---- */
void http_h1_stream_emit_piece(struct http_h1_stream *s, const struct http_h1_piece *piece);
void http_h1_stream_emit_reset(struct http_h1_stream *s, const struct http_failure *failure);

#endif
