/* TCP and Unix stream sockets as the bottom of a stream stack. */
#ifndef CORE_NET_STREAM_TCP_H
#define CORE_NET_STREAM_TCP_H

#include "core/net/stream.h"

extern const struct stream_ops stream_tcp_ops;

struct stream_tcp_options {
    uint32_t connect_timeout_ms; /* 0: 10,000 */
    uint32_t mark;     /* SO_MARK, so that our own connections are not captured again; 0: none */
    const int *socket; /* a TCP socket to connect instead of a new one, owned from the call on: one
                        * that lives in another network namespace; NULL: none */
    const struct addr *bind; /* source address, or NULL */
    bool transparent;        /* IP_TRANSPARENT + IP_FREEBIND with bind */
    struct {
        uint32_t idle_s, interval_s, probes; /* all 0: keepalive off */
    } keepalive;
};

/* Starts to connect. *out is usable at once (writes wait); on_ready or on_error follow. An error
 * returned means nothing was created. */
int stream_tcp_connect(struct worker *w, const struct addr *to,
                       const struct stream_tcp_options *options, struct stream **out);

/* Wraps a connected socket (accepted, or handed over). fd is owned from the call on, also when it
 * fails. */
int stream_tcp_from_fd(struct worker *w, int fd, struct stream **out);

/* The same for a socket from accept4, non-blocking and with the listener's options; peer as accept
 * told. */
int stream_tcp_from_accept(struct worker *w, int fd, const struct addr *peer, struct stream **out);

/* Bounds one receive; the default adapts between 16 KiB and the worker's receive scratch: it grows
 * while full reads are forwarded at once and falls back when the reader pauses. */
void stream_tcp_set_read_max(struct stream *s, size_t bytes);

/* Lends the socket to somebody who moves its bytes by himself: the stream no longer reads, nobody
 * may write, and all that is left is to close it. ERR_AGAIN: bytes are still unsent, on_drain says
 * when there are none; ERR_UNSUPPORTED: not a TCP stream, or one of its directions has ended. */
int stream_tcp_borrow(struct stream *s, int *fd);

/* The socket, for getsockopt; still owned by the stream. */
int stream_tcp_fd(const struct stream *s);
/* Bytes that crossed the socket. */
void stream_tcp_counts(const struct stream *s, uint64_t *received, uint64_t *sent);

#endif
