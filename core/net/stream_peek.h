/* A layer that looks at a connection's first bytes before anybody reads them.
 *
 * It collects bytes and asks `decide` after each arrival until that has seen enough; then it
 * becomes transparent and the bytes are delivered to the user above as if they just came. While it
 * collects, writes pass. decide typically stacks a layer or an HTTP connection on top:
 * stream_set_events and stream_read_start on the peek stream, whose bytes follow after decide
 * returned. Loop thread. */
#ifndef CORE_NET_STREAM_PEEK_H
#define CORE_NET_STREAM_PEEK_H

#include "core/base/str.h"
#include "core/net/stream.h"

extern const struct stream_ops stream_peek_ops;

enum stream_peek_why {
    STREAM_PEEK_BYTES, /* more may come: return whether this is enough */
    STREAM_PEEK_LIMIT, /* the rest are last words, the result does not count */
    STREAM_PEEK_TIMEOUT,
    STREAM_PEEK_EOF,
    STREAM_PEEK_ERROR, /* the connection is dead: close it */
};

/* bytes: all so far, valid during the call; may be empty for the last words. Runs until it returned
 * true or was given last words. May close s. */
typedef bool (*stream_peek_fn)(void *arg, struct stream *s, struct str bytes,
                               enum stream_peek_why why);

struct stream_peek_options {
    size_t limit_bytes;  /* 0: 16 KiB */
    uint32_t timeout_ms; /* 0: none */
};

/* Owns lower from here on; never fails. options may be NULL. decide never runs inside this call. */
struct stream *stream_peek_new(struct stream *lower, const struct stream_peek_options *options,
                               stream_peek_fn decide, void *arg);
/* Only inside decide: the first len bytes are not delivered to anybody. */
void stream_peek_skip(struct stream *s, size_t len);
/* Outside decide: nothing more is looked at, and what came goes to the user as if it just came. */
void stream_peek_stop(struct stream *s);
/* The stream below when s is a peek layer with nothing left to do, through several of them; else s.
 * For who wants the bottom itself; s still owns it. */
struct stream *stream_peek_through(struct stream *s);

#endif
