/* One request and its response in motion, seen from either end, over HTTP/1 or HTTP/2.
 *
 * The same interface serves a server that answers, a client that asks, and a proxy that connects
 * one of each:
 *
 *        server side:  receives the request,  sends the response
 *        client side:  sends the request,     receives the response
 *
 * Receiving: on_head (responses: any number of 1xx first), on_body*, then the end: the `end` flag
 * of on_head or on_body, or on_trailers. Sending mirrors it: send_head, send_body*, with `end` or
 * send_trailers.
 *
 * Back pressure in: bytes given to on_body count as held until http_stream_consume() returns them;
 * the codec stops reading (HTTP/1) or withholds window (HTTP/2) beyond its limit. Return them when
 * they were written onward, not when they came. Out: after send_body look at http_stream_unsent();
 * above STREAM_HIGH_WATER_BYTES stop consuming from the other side until on_writable.
 *
 * Ownership: the connection owns the struct; the user holds a pointer from the moment it got it
 * until it calls http_stream_release, exactly once. Releasing before both directions ended resets
 * the stream. After on_reset nothing more is reported, and release must still be called. No
 * callback runs inside a call of this header, and none after release. Heads, headers and slices
 * given to callbacks live in the stream's arena until release.
 *
 * A request with msg.upgrade set or the method CONNECT has no body before its answer: `end` of
 * on_head is false, and what the client sends early waits. 101 (2xx to CONNECT) opens raw bytes
 * both ways; after any other answer the request counts as ended on both sides. Loop thread. */
#ifndef CORE_HTTP_HTTP_STREAM_H
#define CORE_HTTP_HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/http/http_msg.h"

struct http_stream;
struct stream;
struct worker;

enum http_reset {
    HTTP_RESET_CANCEL,   /* we are no longer interested */
    HTTP_RESET_INTERNAL, /* something broke on our side or behind us */
    HTTP_RESET_PROTOCOL, /* the peer broke a rule */
    HTTP_RESET_REFUSED,  /* not processed at all: safe to retry elsewhere */
    HTTP_RESET_CALM,     /* the peer does too much of something */
    HTTP_RESET_CONNECT,  /* the connection behind a CONNECT was reset (RFC 9113 section 8.5) */
};

/* Why a stream ended early, as told to on_reset. */
struct http_failure {
    int err;            /* ERR_CLOSED, ERR_TIMEOUT, ERR_PROTO, ERR_LIMIT, or a libuv code */
    bool unprocessed;   /* the peer certainly did not act on it (REFUSED_STREAM, GOAWAY below, or
                           nothing was written): may be retried whatever the method */
    bool reused;        /* it ran on a connection that had served a request before */
    bool by_peer_reset; /* RST_STREAM, as opposed to a lost connection */
    uint32_t h2_code;   /* RST_STREAM or GOAWAY code, 0 otherwise */
};

struct http_stream_events {
    void (*on_head)(void *arg, struct http_msg *head, bool end);
    void (*on_body)(void *arg, const uint8_t *p, size_t len, bool end); /* len may be 0 with end */
    void (*on_trailers)(void *arg, struct http_headers *trailers);      /* this is the end */
    void (*on_writable)(void *arg); /* unsent bytes fell to STREAM_LOW_WATER_BYTES; may be NULL */
    void (*on_reset)(void *arg, const struct http_failure *failure);
};

struct http_stream_ops {
    int (*send_head)(struct http_stream *hs, struct http_msg *head, bool end);
    int (*send_body)(struct http_stream *hs, const struct iovec *iov, int count, bool end);
    int (*send_trailers)(struct http_stream *hs, struct http_headers *trailers);
    size_t (*unsent)(const struct http_stream *hs);
    void (*consume)(struct http_stream *hs, size_t len);
    void (*reset)(struct http_stream *hs, enum http_reset why);
    void (*release)(struct http_stream *hs);
};

struct http_stream {
    const struct http_stream_ops *ops;
    const struct http_stream_events *events;
    void *events_arg;
    struct worker *worker;
    struct stream *transport; /* top of the connection's stack: addresses, TLS; borrowed. NULL once
                                 both directions ended or on_reset came */
    struct arena *arena;      /* of this request; reset after release */
    uint8_t version;          /* enum http_version spoken on this connection */
    bool is_server;
    bool head_sent, ended_in, ended_out, was_reset, released;
    uint64_t bytes_in, bytes_out; /* body bytes */
    uint64_t head_bytes_in, head_bytes_out;
};

void http_stream_set_events(struct http_stream *hs, const struct http_stream_events *events,
                            void *arg);

/* All return 0, or an error when the stream or its connection is gone (then on_reset follows or has
 * come). Servers: head->status; 1xx may precede the final one. Clients: method, scheme, authority,
 * path. head and trailers are read during the call only. Content-Length follows content_length when
 * known; otherwise HTTP/1 uses chunked coding (or close, to HTTP/1.0). */
int http_stream_send_head(struct http_stream *hs, struct http_msg *head, bool end);
int http_stream_send_body(struct http_stream *hs, const struct iovec *iov, int count, bool end);
int http_stream_send_bytes(struct http_stream *hs, const void *p, size_t len, bool end);
int http_stream_send_trailers(struct http_stream *hs, struct http_headers *trailers);

/* Body bytes accepted by send_body that have not left for the transport. */
size_t http_stream_unsent(const struct http_stream *hs);
/* Returns len bytes of receive credit. On a server a client that sent `Expect: 100-continue` and
 * waits is asked for its body by the first call, also with len 0; a proxy that forwards the
 * expectation sends the 100 it got instead. */
void http_stream_consume(struct http_stream *hs, size_t len);
/* Ends both directions at once; no event follows. Release is still due. */
void http_stream_reset(struct http_stream *hs, enum http_reset why);
void http_stream_release(struct http_stream *hs);

/* Server side: a complete answer. type may be NULL; body is copied. */
int http_stream_reply(struct http_stream *hs, int status, const char *type, struct str body);

#endif
