/* Client connections to one upstream endpoint, kept alive and shared by the requests of one worker.
 *
 * HTTP/1: a last-in-first-out stack of idle connections, left alone when the peer may be about to
 * close them (http_idle.h). HTTP/2: as few connections as the peer's
 * stream limit allows. The pool does not know how to reach the endpoint: its owner gives a connect
 * function that builds the stream stack (TCP, TLS with the right identity, tunnel). Loop thread. */
#ifndef CORE_HTTP_HTTP_POOL_H
#define CORE_HTTP_HTTP_POOL_H

#include <stdatomic.h>

#include "core/http/http_server.h"
#include "core/http/http_stream.h"

struct http_pool;

/* What several pools together have, maybe of several threads: the limits of their configs that
 * concern it hold for all of them. Requests are counted by the user. */
struct http_pool_counts {
    atomic_uint connections, pending, requests;
};

/* 0 means the default in brackets. */
struct http_pool_config {
    enum http_protocol protocol; /* AUTO: what ALPN says; H1 without TLS */
    uint32_t require_alpn;    /* [0: any] set of enum tls_alpn: a peer that negotiates none of these
                                 cannot be used: ERR_UNSUPPORTED */
    uint32_t max_connections; /* [0: no limit] Istio tcp.maxConnections */
    uint32_t max_pending;     /* [65536] waiting requests: http1MaxPendingRequests */
    uint32_t max_requests;    /* [0: no limit] active: http2MaxRequests */
    uint32_t max_requests_per_conn; /* [0: no limit] maxRequestsPerConnection */
    uint32_t max_streams_per_conn;  /* [100] HTTP/2, also bounded by the peer */
    uint32_t idle_timeout_ms;       /* [90000] of a connection */
    uint32_t max_idle;              /* [512] idle HTTP/1 connections kept */
    uint32_t connect_timeout_ms;    /* [10000] until ready, TLS included */
    uint32_t max_header_bytes;      /* [61440] of a response head */
    uint32_t stream_window_bytes, connection_window_bytes; /* [32768, growing; 1048576] */
    uint32_t max_frame_bytes;                              /* [16384] HTTP/2 DATA, both ways */
    uint32_t ping_interval_ms;                             /* [0: none] HTTP/2 keepalive */
    uint32_t max_age_ms;             /* [0: no limit] of a connection: maxConnectionDuration */
    struct http_pool_counts *counts; /* [NULL: the limits are for this pool alone] */
};

/* Builds a stream stack to the endpoint. 0 and *out, or an error. */
typedef int (*http_pool_connect_fn)(void *arg, struct worker *w, struct stream **out);

/* The answer to http_pool_get: a client stream (owned as http_stream.h says) or err:
 * ERR_LIMIT (pending or request limit: Envoy's overflow, flag UO), ERR_TIMEOUT, ERR_TLS, ERR_CERT,
 * ERR_UNSUPPORTED or a libuv code (connect failure, flag UF). */
typedef void (*http_pool_ready_fn)(void *arg, struct http_stream *hs, int err);

static inline void http_pool_count(atomic_uint *count, int by)
{
    atomic_fetch_add_explicit(count, (unsigned)by, memory_order_relaxed);
}

static inline uint32_t http_pool_count_of(const atomic_uint *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

struct http_pool_waiter; /* opaque, from the request until ready or cancel */

/* config is copied; connect is not called after http_pool_free. */
struct http_pool *http_pool_new(struct worker *w, const struct http_pool_config *config,
                                http_pool_connect_fn connect, void *arg);
/* Other numbers from now on; the protocol stays. */
void http_pool_configure(struct http_pool *p, const struct http_pool_config *config);
/* No new requests; idle connections close now, busy ones when done, waiters get ERR_CLOSED. The
 * pool frees itself after the last one. NULL is allowed. */
void http_pool_free(struct http_pool *p);

/* Asks for a stream. When a connection is at hand the stream is returned at once in *hs and ready
 * is never called; otherwise *hs is NULL and ready(arg, ...) runs once later, unless cancelled by
 * http_pool_cancel(*waiter). An error returned means neither. */
int http_pool_get(struct http_pool *p, http_pool_ready_fn ready, void *arg, struct http_stream **hs,
                  struct http_pool_waiter **waiter);
void http_pool_cancel(struct http_pool_waiter *waiter);

/* Closes idle connections and those being made, and takes busy ones out of service after their
 * requests: the endpoint's identity or address changed, or our certificate did. Who waits dials
 * anew. */
void http_pool_drain(struct http_pool *p);

uint32_t http_pool_connections(const struct http_pool *p);
uint32_t http_pool_active(const struct http_pool *p);  /* requests in motion */
uint32_t http_pool_pending(const struct http_pool *p); /* waiters */
/* From which age idle HTTP/1 connections are not used again, as the peer said or did (http_idle.h);
 * UINT64_MAX: nothing is known. */
uint64_t http_pool_idle_limit_ms(const struct http_pool *p);

#endif
