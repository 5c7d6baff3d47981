/* The client end of one HTTP/1 connection: one request at a time. http_pool.h keeps several. Loop
 * thread. */
#ifndef CORE_HTTP_HTTP_H1_CLIENT_H
#define CORE_HTTP_HTTP_H1_CLIENT_H

#include "core/http/http_h1_parse.h"
#include "core/http/http_stream.h"

struct http_h1_client;
struct stream;

struct http_h1_client_events {
    /* The exchange is over and the connection may carry another. Not inside a user's call when
     * called from the loop, but may run inside http_stream_send_*: start nothing in it. */
    void (*on_idle)(void *arg);
    /* The connection is gone; last call, at top level. The owner forgets the pointer. */
    void (*on_close)(void *arg, int err);
};

/* Takes over s, which must be ready. limits must outlive it. */
struct http_h1_client *http_h1_client_new(struct stream *s, const struct http_h1_limits *limits,
                                          const struct http_h1_client_events *events, void *arg);
/* A stream for the next request; only when idle. */
struct http_stream *http_h1_client_request(struct http_h1_client *c);
bool http_h1_client_is_idle(const struct http_h1_client *c);
/* No further request: closes when the running one is over. */
void http_h1_client_drain(struct http_h1_client *c);
/* Ends it now; on_close follows in the same turn. */
void http_h1_client_close(struct http_h1_client *c);
/* Whether the last answer said how long the peer keeps idle connections. */
bool http_h1_client_get_idle_s(const struct http_h1_client *c, uint32_t *seconds);
/* In on_close: a request that was sent on a connection used before got no byte of an answer. */
bool http_h1_client_was_unread(const struct http_h1_client *c);
struct stream *http_h1_client_stream(struct http_h1_client *c); /* borrowed */

#endif
