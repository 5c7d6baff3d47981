/* The body of a request as far as it was sent, kept while it may have to be sent again (RT-5).
 *
 * One request may keep FLOW_REPLAY_BYTES, Envoy's buffer limit, and all of a worker together
 * FLOW_REPLAY_WORKER_BYTES: a body that does not fit is forgotten, and its request is not retried
 * any more. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_REPLAY_H
#define CORE_FLOW_FLOW_REPLAY_H

#include "core/base/chunk.h"

struct http_stream;

#define FLOW_REPLAY_BYTES        ((size_t)1024 * 1024)
#define FLOW_REPLAY_WORKER_BYTES ((size_t)32 * 1024 * 1024)

struct flow_replay {
    struct chunk_queue queue;
    size_t *worker_bytes; /* kept by all requests of the worker */
    bool is_lost;         /* something was sent that is not kept */
};

void flow_replay_init(struct flow_replay *r, struct chunk_pool *pool, size_t *worker_bytes);
/* Forgets what is kept; it does not count as lost. */
void flow_replay_clear(struct flow_replay *r);
/* Remembers bytes that are being sent; wanted: a retry is possible. */
void flow_replay_add(struct flow_replay *r, const void *p, size_t len, bool wanted);
/* The same for all of a queue, which is empty afterwards. */
void flow_replay_take(struct flow_replay *r, struct chunk_queue *from, bool wanted);
/* Sends all of it on another stream. */
void flow_replay_send(const struct flow_replay *r, struct http_stream *to, bool end);

#endif
