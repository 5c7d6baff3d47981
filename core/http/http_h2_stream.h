/* One stream of an HTTP/2 connection. Internal to core/http. Loop thread. */
#ifndef CORE_HTTP_HTTP_H2_STREAM_H
#define CORE_HTTP_HTTP_H2_STREAM_H

#include "core/base/chunk.h"
#include "core/http/http_h2_session.h"

struct http_h2_stream {
    struct http_stream hs; /* first: what users hold */
    struct list link;      /* in session->streams, or in the worker's list of free ones */
    struct list event;     /* in session->events */
    struct list blocked;   /* in session->blocked */
    struct arena arena;
    struct http_msg head; /* as received; responses: the last one */
    struct http_headers trailers;
    struct http_h2_session *session; /* NULL once nghttp2 and we are done with it */
    int32_t id;                      /* 0: not yet given */
    uint32_t code;                   /* why it was closed */
    struct chunk_queue out;          /* body that waits for window or transport */
    const struct iovec *now;         /* body being sent in this very call, behind out */
    size_t now_offset, now_left;
    size_t held;              /* body bytes whose window has not been given back */
    uint64_t left;            /* of a body by length being sent */
    size_t discarded;         /* body bytes dropped after the answer */
    uint32_t window;          /* as last set by growth; 0: the settings' */
    size_t flowed;            /* body bytes since the last look at the window */
    uint64_t flowed_since_ms; /* 0: not yet looked */
    size_t header_bytes;      /* decoded, of the block being read */
    uint8_t asked;            /* enum http_method of the request */
    struct str asked_upgrade; /* client: the protocol of an extended CONNECT, in arena */
    struct http_msg *early;   /* one that waits for SETTINGS, which must allow it; in arena */
    bool shown;               /* counted as active: a user knows it */
    bool on_wire;             /* its HEADERS were sent */
    bool got_final, in_trailers, too_large, bad;
    bool by_length; /* left counts */
    bool mute;      /* what is sent has no body: HEAD, 204, 304 */
    bool out_end, has_trailers;
    bool discarding; /* server: answered and released; the rest of the request is dropped */
    bool deferred;   /* nghttp2 waits for nghttp2_session_resume_data */
    bool closed;     /* nghttp2 forgot it */
    bool peer_reset, was_high, writable, continued;
    bool rst_after; /* RST_STREAM goes out behind END_STREAM */
    uint8_t interims;
    struct http_headers out_trailers; /* in arena */
};

static inline struct http_h2_stream *http_h2_stream_of(struct http_stream *hs)
{
    return CONTAINER_OF(hs, struct http_h2_stream, hs);
}

/* A new one in h's list; id 0 for a client. */
struct http_h2_stream *http_h2_stream_new(struct http_h2_session *h, int32_t id);
/* Counts it as active: a user knows it from now on. */
void http_h2_stream_show(struct http_h2_stream *s);
/* Server: it is answered, and what is left of the request is not wanted. */
void http_h2_stream_drop_rest(struct http_h2_stream *s);
/* Recycles one that neither its user nor the session knows any more. */
void http_h2_stream_put(struct http_h2_stream *s);
/* nghttp2 is done with it (or the connection is gone, err): takes it off the session, tells the
 * user what he does not know. Top level. */
void http_h2_stream_finish(struct http_h2_stream *s, int err);

/* ---- for the session's callbacks ---- */
/* One decoded header field. 0, or an nghttp2 error. */
int http_h2_stream_header(struct http_h2_stream *s, struct str name, struct str value);
void http_h2_stream_begin_headers(struct http_h2_stream *s);
void http_h2_stream_end_headers(struct http_h2_stream *s, bool end);
void http_h2_stream_data(struct http_h2_stream *s, const uint8_t *p, size_t len, bool end);
/* Moves len bytes of body, which nghttp2 was promised, behind what is in to; lends it memory that
 * the user of s has lent for this call. */
void http_h2_stream_move(struct http_h2_stream *s, struct http_h2_cork *to, size_t len);
/* Something to tell at top level. */
void http_h2_stream_event(struct http_h2_stream *s);
void http_h2_stream_run_event(struct http_h2_stream *s);

#endif
