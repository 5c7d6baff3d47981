/* A pair of streams in memory: what is written to one is read from the other. For tests, and for
 * two parts of one process that talk without a socket.
 *
 * Both ends are ready from the start and live on one worker. Delivery happens in a deferred task,
 * never inside the call that wrote. Knobs make rare things happen on demand: small reads, a full
 * peer, errors at a chosen byte. Loop thread. */
#ifndef CORE_NET_STREAM_MEM_H
#define CORE_NET_STREAM_MEM_H

#include "core/net/stream.h"

extern const struct stream_ops stream_mem_ops;

/* Each end is owned by the caller; stream_close each. */
void stream_mem_pair(struct worker *w, struct stream **a, struct stream **b);

/* s gets at most bytes per on_read (default 16 KiB). */
void stream_mem_set_read_max(struct stream *s, size_t bytes);
/* Bytes written to s beyond these count as unsent until the other end reads (default 64 KiB). */
void stream_mem_set_window(struct stream *s, size_t bytes);
/* The write to s that passes the byte number after fails with err, and s is dead. */
void stream_mem_fail_write(struct stream *s, uint64_t after_bytes, int err);
/* s reports err by on_error in the next turn, in front of what it has not delivered. */
void stream_mem_fail(struct stream *s, int err);
/* s is not ready until stream_mem_connect, then on_ready runs in the next turn: a connect in
 * progress. */
void stream_mem_set_connecting(struct stream *s);
void stream_mem_connect(struct stream *s);

#endif
