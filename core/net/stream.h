/* Byte streams as stacks of small layers.
 *
 *        http connection, tcp relay, ...          the user
 *        stream_tls      (core/tls)               a layer
 *        stream_peek, stream_proxy (core/net)     layers
 *        stream_tcp | stream_mem                  the bottom
 *
 * Every layer is a struct stream with the same operations; a layer owns the one below it, and the
 * user owns the top one. Bytes are pushed upwards: on_read hands out a slice of the worker's
 * receive (or plaintext) scratch, valid during the call only; the receiver takes all of it. Bytes
 * go down by stream_write, which writes what the socket takes at once and queues the rest.
 *
 * Back pressure: who reads from one stream and writes to another looks at stream_unsent() of the
 * other after each write, calls stream_read_stop() above its high-water mark and
 * stream_read_start() from on_drain. Reading one direction never waits for a write of the other
 * direction of the same connection: two ends that do that block each other for ever.
 *
 * Life: created -> [on_ready] -> on_read* -> [on_eof] -> stream_close by the user. After on_error
 * nothing more is reported; the user still calls stream_close. stream_close may be called from any
 * callback, also of the stream itself; no callback runs after it and the memory goes away at the
 * end of the loop iteration. Loop thread only. */
#ifndef CORE_NET_STREAM_H
#define CORE_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/net/addr.h"

struct stream;
struct worker;

struct stream_events {
    /* Connected and, for TLS, handshake done: bytes may flow. Streams that are ready when created
     * (an accepted TCP connection, memory) do not call it; see stream_is_ready. May be NULL. */
    void (*on_ready)(void *arg);
    void (*on_read)(void *arg, const uint8_t *p, size_t len); /* len > 0 */
    void (*on_eof)(void *arg);            /* the peer ended its direction; ours stays open */
    void (*on_drain)(void *arg);          /* unsent bytes fell to the low-water mark; may be NULL */
    void (*on_error)(void *arg, int err); /* connect, handshake, read or write failed: dead */
};

enum stream_addr { STREAM_ADDR_PEER, STREAM_ADDR_LOCAL, STREAM_ADDR_ORIGINAL_DST };

/* What a layer implements; see the functions of the same names below. */
struct stream_ops {
    const char *name; /* "tcp", "tls", ... for dumps */
    int (*write)(struct stream *s, const struct iovec *iov, int count);
    size_t (*unsent)(const struct stream *s);
    void (*read)(struct stream *s, bool on);
    void (*shutdown)(struct stream *s);
    void (*close)(struct stream *s, bool flush);
    /* A close that follows is a reset. May be left out: then the layer below is asked. */
    void (*reset_on_close)(struct stream *s);
    /* An address this layer knows, or NULL: then the one below is asked. May be left out. */
    const struct addr *(*addr)(const struct stream *s, enum stream_addr which);
};

struct stream {
    const struct stream_ops *ops;
    const struct stream_events *events; /* of the layer or user above */
    void *events_arg;
    struct worker *worker;
    struct stream *lower; /* owned; NULL at the bottom */
    bool ready, reading, closed;
    bool eof_in;  /* on_eof was delivered */
    bool eof_out; /* stream_shutdown was called */
};

/* Sets who is told. The stream is paused (not reading) until stream_read_start. */
void stream_set_events(struct stream *s, const struct stream_events *events, void *arg);

static inline bool stream_is_ready(const struct stream *s)
{
    return s->ready;
}

void stream_read_start(struct stream *s);
void stream_read_stop(struct stream *s);

/* Takes all bytes of iov[0..count-1]: sends what goes at once, copies the rest into a queue. 0, or
 * the error that killed the stream (on_error is not called for an error returned here, but the
 * stream is dead all the same). Allowed before ready: bytes wait. */
int stream_write(struct stream *s, const struct iovec *iov, int count);
int stream_write_bytes(struct stream *s, const void *p, size_t len);

/* Bytes taken by stream_write that the kernel has not taken yet, over all layers. */
size_t stream_unsent(const struct stream *s);
/* on_drain runs once each time unsent bytes fall from above to at most this. */
#define STREAM_LOW_WATER_BYTES ((size_t)4 * 1024)
/* Users stop reading from the other side above this. */
#define STREAM_HIGH_WATER_BYTES ((size_t)64 * 1024)

/* Ends our direction after what is queued (TLS: close_notify, then FIN). */
void stream_shutdown(struct stream *s);
/* Gives the stream up. NULL is allowed. */
void stream_close(struct stream *s);
/* The same, but lets queued bytes leave first, for at most 5 s. */
void stream_close_flush(struct stream *s);
/* stream_close of s then resets the connection instead of ending it in order, so that the peer does
 * not take what it has for the whole. */
void stream_reset_on_close(struct stream *s);

/* Addresses of the connection as the topmost layer that knows them says: those of a PROXY header,
 * or else of the socket; all zero (ADDR_NONE) for memory. Valid as long as the stream. */
const struct addr *stream_peer(const struct stream *s);
const struct addr *stream_local(const struct stream *s);
/* Who sits at the other end of the socket, whatever a PROXY header says. */
const struct addr *stream_peer_direct(const struct stream *s);
/* Where the connection was going before it was redirected to us (SO_ORIGINAL_DST or TPROXY), or
 * the local address when it was not. */
const struct addr *stream_original_dst(const struct stream *s);

/* The layer with these ops in the stack of s, or NULL. */
struct stream *stream_find(struct stream *s, const struct stream_ops *ops);

/* For layers: deliver to what is above, honouring closed. After any of these the layer must check
 * s->closed before it touches itself for anything but memory, which stays until the iteration ends.
 */
void stream_emit_ready(struct stream *s);
void stream_emit_read(struct stream *s, const uint8_t *p, size_t len);
void stream_emit_eof(struct stream *s);
void stream_emit_drain(struct stream *s);
void stream_emit_error(struct stream *s, int err);

#endif
