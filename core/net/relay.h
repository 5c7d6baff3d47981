/* Two streams joined: what comes from one goes to the other, both ways, until both directions
 * ended.
 *
 * A side that does not take its bytes stops the reading of the other. The end of one direction is
 * passed on as such (half close) and the other goes on. Between two plain TCP sockets bytes that
 * keep coming are moved by the kernel (splice) without passing through us. Loop thread. */
#ifndef CORE_NET_RELAY_H
#define CORE_NET_RELAY_H

#include "core/net/stream.h"

struct relay;

enum relay_end {
    RELAY_END_FINISHED, /* both directions ended properly */
    RELAY_END_IDLE,     /* nothing moved for idle_timeout_ms */
    RELAY_END_A_FAILED, /* err says why */
    RELAY_END_B_FAILED,
};

struct relay_result {
    enum relay_end end;
    int err;
    uint64_t a_to_b_bytes, b_to_a_bytes; /* read from the one side */
};

/* Called once, unless cancelled; the relay and both streams are gone when it returns (their
 * addresses may still be asked for inside). */
typedef void (*relay_done_fn)(void *arg, const struct relay_result *result);

struct relay_options {
    uint64_t idle_timeout_ms; /* 0: none */
    bool no_splice;
    void (*b_ready)(void *arg); /* b connected after the start; not told of b's that were. May be
                                   NULL. arg: done's */
};

/* Owns both streams from here on. Either may still be connecting. options may be NULL. */
struct relay *relay_start(struct stream *a, struct stream *b, const struct relay_options *options,
                          relay_done_fn done, void *arg);
/* Closes both without calling done; NULL is allowed. */
void relay_cancel(struct relay *r);
/* Bytes so far. */
void relay_counts(const struct relay *r, uint64_t *a_to_b, uint64_t *b_to_a);

#endif
