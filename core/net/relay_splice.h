/* Bytes moved between two sockets by the kernel: socket, pipe, socket, without a copy to us.
 *
 * The sockets of a worker that are moved like this sit in one edge-triggered epoll set, which libuv
 * watches as one descriptor: after the first registration no call says what we wait for. Pipes are
 * held only while bytes are inside. Used by relay; loop thread. */
#ifndef CORE_NET_RELAY_SPLICE_H
#define CORE_NET_RELAY_SPLICE_H

#include <stdbool.h>
#include <stdint.h>

struct relay_splice;
struct worker;

struct relay_splice_events {
    void (*on_moved)(void *arg, bool from_a, uint64_t bytes); /* read from that side */
    void (*on_finished)(void *arg);                           /* both directions ended */
    void (*on_failed)(void *arg, bool is_a, int err);
};

/* The descriptors stay the caller's, who closes them after relay_splice_stop. Both stream sockets,
 * non-blocking, and nobody else reads or writes them. NULL: the system does not let us. */
struct relay_splice *relay_splice_start(struct worker *w, int a_fd, int b_fd,
                                        const struct relay_splice_events *events, void *arg);
/* No callback after this; what is in a pipe is lost. NULL is allowed. */
void relay_splice_stop(struct relay_splice *s);

#endif
