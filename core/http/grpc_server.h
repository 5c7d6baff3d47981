/* Serving gRPC: calls on http_streams, dispatched by a table of methods.
 *
 * An HTTP handler gives requests whose content type is application/grpc to grpc_server_accept,
 * which takes over the stream. Unary and streaming calls look alike: messages come, messages and in
 * the end a status go.
 *
 *     on_start ─► on_message* ─► on_half_close ─┐
 *         │            │              │         ├─► grpc_server_finish: no callback follows
 *         └────────────┴──────────────┴─────────┴─► on_cancel: the peer left or time is up
 *
 * Loop thread. */
#ifndef CORE_HTTP_GRPC_SERVER_H
#define CORE_HTTP_GRPC_SERVER_H

#include "core/http/grpc_status.h"
#include "core/http/http_stream.h"

struct grpc_server_call;

struct grpc_server_method {
    const char *path; /* "/package.Service/Method" */
    /* May send, finish, set data. arg is grpc_server's. */
    void (*on_start)(void *arg, struct grpc_server_call *call);
    void (*on_message)(void *arg, struct grpc_server_call *call, struct str message);
    void (*on_half_close)(void *arg, struct grpc_server_call *call); /* may be NULL */
    void (*on_writable)(void *arg, struct grpc_server_call *call);   /* may be NULL */
    /* The call is over without our status; last callback, call is gone after it. May be NULL. */
    void (*on_cancel)(void *arg, struct grpc_server_call *call);
};

struct grpc_server {
    const struct grpc_server_method *methods;
    size_t count;
    void *arg;
    uint32_t max_message_bytes; /* of what comes; 0: 4 MiB */
};

/* Is this request gRPC? */
bool grpc_server_wants(const struct http_msg *head);
/* Takes over hs. server must outlive the call; head is hs's own. An unknown method is answered
 * UNIMPLEMENTED. */
void grpc_server_accept(const struct grpc_server *server, struct http_stream *hs,
                        struct http_msg *head, bool end);

/* Takes a copy of the message. 0, or an error when the peer is gone (on_cancel follows or has
 * come). Above STREAM_HIGH_WATER_BYTES unsent wait for on_writable. */
int grpc_server_send(struct grpc_server_call *call, struct str message);
size_t grpc_server_unsent(const struct grpc_server_call *call);
/* Ends the call. It may be called from any callback of it; call is gone after it. */
void grpc_server_finish(struct grpc_server_call *call, enum grpc_status status, struct str message);
/* While paused no message is delivered, and the peer gets no more window. */
void grpc_server_pause(struct grpc_server_call *call, bool paused);

void grpc_server_set_data(struct grpc_server_call *call, void *data);
void *grpc_server_data(const struct grpc_server_call *call);
/* The request's metadata; its arena lives as long as the call. */
const struct http_msg *grpc_server_head(const struct grpc_server_call *call);
/* The connection, for the peer's identity and address; NULL once it is gone. */
struct stream *grpc_server_transport(const struct grpc_server_call *call);
struct worker *grpc_server_worker(const struct grpc_server_call *call);

#endif
