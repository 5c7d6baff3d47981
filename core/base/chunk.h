/* Queues of byte chunks: what waits to be written to a slow peer.
 *
 * A queue is a list of fixed-size chunks taken from a per-worker pool (16 KiB and 4 KiB classes),
 * so that a full queue shrinks back as it drains, and an empty one owns nothing. Bytes are copied
 * in once. Not thread safe. */
#ifndef CORE_BASE_CHUNK_H
#define CORE_BASE_CHUNK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/base/slab.h"
#include "core/base/str.h"

struct chunk; /* internal */

struct chunk_pool {
    struct slab small, large;
};

struct chunk_queue {
    struct chunk_pool *pool;
    struct chunk *first, *last;
    size_t len; /* bytes in the queue */
};

void chunk_pool_init(struct chunk_pool *p);
/* All queues must be empty (checked). */
void chunk_pool_deinit(struct chunk_pool *p);
/* Gives free chunks back to the system; called by an idle timer. */
void chunk_pool_trim(struct chunk_pool *p);

void chunk_queue_init(struct chunk_queue *q, struct chunk_pool *pool);
/* Drops all content. */
void chunk_queue_clear(struct chunk_queue *q);
void chunk_queue_add(struct chunk_queue *q, const void *p, size_t len);
/* Adds the pieces iov[0..count-1] without their first skip bytes. */
void chunk_queue_add_pieces(struct chunk_queue *q, const struct iovec *iov, int count, size_t skip);
/* Describes up to max pieces from the front without removing them; returns how many. */
int chunk_queue_peek(const struct chunk_queue *q, struct iovec *iov, int max);
void chunk_queue_consume(struct chunk_queue *q, size_t len);
/* Moves everything from from to the end of to (same pool). */
void chunk_queue_move(struct chunk_queue *to, struct chunk_queue *from);

#endif
