/* Calling gRPC methods over an http_pool.
 *
 *     start ─► [on_head] ─► on_message* ─► on_end: the status, once, last
 *
 * A call that cannot get a connection fails with UNAVAILABLE, or, when it was told to wait, tries
 * again with growing pauses (10 ms to 15 s, with jitter) until its deadline. What is sent meanwhile
 * is kept. Loop thread. */
#ifndef CORE_HTTP_GRPC_CLIENT_H
#define CORE_HTTP_GRPC_CLIENT_H

#include "core/http/grpc_status.h"
#include "core/http/http_pool.h"

struct grpc_client; /* a target: a pool and what its calls share */
struct grpc_client_call;

struct grpc_client_events {
    void (*on_head)(void *arg, const struct http_msg *head); /* response metadata; may be NULL */
    void (*on_message)(void *arg, struct str message);
    void (*on_writable)(void *arg); /* may be NULL */
    /* The call is gone after it. trailers is NULL when none came. */
    void (*on_end)(void *arg, enum grpc_status status, struct str message,
                   const struct http_headers *trailers);
};

struct grpc_client_options {
    const struct http_headers *metadata; /* copied; NULL: none */
    uint64_t timeout_ms;                 /* 0: none */
    bool wait_for_ready;
    uint32_t max_message_bytes; /* of what comes; 0: 4 MiB */
};

/* pool and authority must outlive it. scheme: "http" or "https". */
struct grpc_client *grpc_client_new(struct worker *w, struct http_pool *pool, const char *scheme,
                                    const char *authority);
/* All calls must be over. NULL is allowed. */
void grpc_client_free(struct grpc_client *c);

/* Never fails by itself: what goes wrong comes by on_end. options may be NULL; path is copied. */
struct grpc_client_call *grpc_client_start(struct grpc_client *c, const char *path,
                                           const struct grpc_client_options *options,
                                           const struct grpc_client_events *events, void *arg);
/* Takes a copy. 0, or ERR_CLOSED when the call cannot take it any more (on_end tells why). */
int grpc_client_send(struct grpc_client_call *call, struct str message);
/* No more messages. */
int grpc_client_half_close(struct grpc_client_call *call);
size_t grpc_client_unsent(const struct grpc_client_call *call);
/* While paused no message is delivered, and the peer gets no more window. */
void grpc_client_pause(struct grpc_client_call *call, bool paused);
/* Gives the call up; no callback follows, call is gone. */
void grpc_client_cancel(struct grpc_client_call *call);
/* The connection it runs on, or NULL. */
struct stream *grpc_client_transport(const struct grpc_client_call *call);

/* One message out, one back. done runs once, unless cancelled; message is empty unless status is
 * OK. */
typedef void (*grpc_client_unary_fn)(void *arg, enum grpc_status status, struct str error,
                                     struct str message);
struct grpc_client_call *grpc_client_unary(struct grpc_client *c, const char *path,
                                           const struct grpc_client_options *options,
                                           struct str request, grpc_client_unary_fn done,
                                           void *arg);

#endif
