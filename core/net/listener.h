/* A listening socket on one worker: accepts connections and hands them out as TCP streams.
 *
 * Each worker opens its own with SO_REUSEPORT, or shares one that was handed over. At most 16
 * connections are accepted per wake-up. When descriptors run out it pauses for 100 ms instead of
 * spinning. Loop thread. */
#ifndef CORE_NET_LISTENER_H
#define CORE_NET_LISTENER_H

#include "core/net/stream.h"

struct listener;

struct listener_options {
    bool reuse_port;
    bool transparent; /* IP_TRANSPARENT, for TPROXY */
    int fd; /* an already listening socket to use instead of addr, owned from the call on; -1: none
             */
    int backlog;        /* 0: 4096 */
    uint32_t unix_mode; /* permission bits of a Unix socket; 0: 0600 */
};

/* on_accept owns the stream. */
typedef void (*listener_accept_fn)(void *arg, struct stream *s);

/* The error names what bind or listen said. A stale Unix socket nobody listens on is replaced. */
int listener_open(struct worker *w, const struct addr *at, const struct listener_options *options,
                  listener_accept_fn on_accept, void *arg, struct listener **out);
/* Stops accepting; NULL is allowed. With keep_fd the socket is returned instead of closed (else
 * -1). */
int listener_close(struct listener *l, bool keep_fd);
/* The bound address, with the port the system chose. */
const struct addr *listener_addr(const struct listener *l);
/* Stop and resume accepting, e.g. at a connection limit. */
void listener_pause(struct listener *l, bool paused);

#endif
