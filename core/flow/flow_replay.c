#include "core/flow/flow_replay.h"

#include "core/base/mem.h"
#include "core/http/http_stream.h"

/* Chunks have at least 4 KiB, and a queue's last one is filled before another begins. */
#define PIECES_MAX (FLOW_REPLAY_BYTES / 2048)

void flow_replay_init(struct flow_replay *r, struct chunk_pool *pool, size_t *worker_bytes)
{
    *r = (struct flow_replay){ .worker_bytes = worker_bytes };
    chunk_queue_init(&r->queue, pool);
}

void flow_replay_clear(struct flow_replay *r)
{
    *r->worker_bytes -= r->queue.len;
    chunk_queue_clear(&r->queue);
}

static bool has_room(const struct flow_replay *r, size_t len)
{
    return r->queue.len + len <= FLOW_REPLAY_BYTES &&
           *r->worker_bytes + len <= FLOW_REPLAY_WORKER_BYTES;
}

static bool keeps(struct flow_replay *r, size_t len, bool wanted)
{
    if (len == 0)
        return false;
    if (wanted && !r->is_lost && has_room(r, len))
        return true;
    r->is_lost = true;
    flow_replay_clear(r);
    return false;
}

void flow_replay_add(struct flow_replay *r, const void *p, size_t len, bool wanted)
{
    if (!keeps(r, len, wanted))
        return;
    *r->worker_bytes += len;
    chunk_queue_add(&r->queue, p, len);
}

void flow_replay_take(struct flow_replay *r, struct chunk_queue *from, bool wanted)
{
    if (keeps(r, from->len, wanted)) {
        *r->worker_bytes += from->len;
        chunk_queue_move(&r->queue, from);
    }
    chunk_queue_clear(from);
}

void flow_replay_send(const struct flow_replay *r, struct http_stream *to, bool end)
{
    struct iovec iov[PIECES_MAX];
    int count = chunk_queue_peek(&r->queue, iov, (int)COUNT_OF(iov));

    if (count || end)
        http_stream_send_body(to, iov, count, end);
}
