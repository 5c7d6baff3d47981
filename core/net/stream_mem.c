#include "core/net/stream_mem.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"

#define READS_PER_TURN 64

struct stream_mem {
    struct stream base;
    struct stream_mem *other; /* NULL once it was closed */
    struct chunk_queue inbox; /* written by the other end, not read yet */
    struct worker_task task;
    size_t read_max, window;
    uint64_t written, fail_after; /* of this end */
    int fail_write_error, fail_error, error;
    bool eof_follows; /* behind the inbox */
    bool owes_ready, owes_drain, is_connecting;
};

static struct stream_mem *mem_of(const struct stream *s)
{
    return CONTAINER_OF((uintptr_t)s, struct stream_mem, base);
}

static void schedule(struct stream_mem *m)
{
    worker_defer(m->base.worker, &m->task);
}

static size_t mem_unsent(const struct stream *s)
{
    const struct stream_mem *m = mem_of(s);

    if (!m->other || m->error || m->other->inbox.len <= m->window)
        return 0;
    return m->other->inbox.len - m->window;
}

/* Hands one piece to the user. Returns false when there is nothing to do. */
static bool deliver_one(struct stream_mem *m)
{
    struct iovec piece;
    size_t len;

    if (m->base.closed || m->error || !m->base.reading || !m->base.ready)
        return false;
    if (m->inbox.len == 0) {
        if (m->eof_follows && !m->base.eof_in)
            stream_emit_eof(&m->base);
        return false;
    }
    chunk_queue_peek(&m->inbox, &piece, 1);
    len = piece.iov_len < m->read_max ? piece.iov_len : m->read_max;
    memcpy(m->base.worker->rx, piece.iov_base, len);
    chunk_queue_consume(&m->inbox, len);
    if (m->other && m->other->owes_drain)
        schedule(m->other);
    stream_emit_read(&m->base, (const uint8_t *)m->base.worker->rx, len);
    return true;
}

static void report(struct stream_mem *m)
{
    if (m->fail_error && !m->error) {
        m->error = m->fail_error;
        stream_emit_error(&m->base, m->error);
    }
    if (m->owes_ready) {
        m->owes_ready = false;
        stream_emit_ready(&m->base);
    }
    if (m->owes_drain && !m->error && mem_unsent(&m->base) <= STREAM_LOW_WATER_BYTES) {
        m->owes_drain = false;
        stream_emit_drain(&m->base);
    }
}

static void run(struct worker_task *task)
{
    struct stream_mem *m = CONTAINER_OF(task, struct stream_mem, task);
    int left = READS_PER_TURN;

    if (!m->base.closed) {
        report(m);
        while (left > 0 && deliver_one(m))
            left--;
        if (left == 0)
            schedule(m);
    }
    if (m->base.closed) {
        chunk_queue_clear(&m->inbox);
        worker_undefer(&m->task);
        mem_free(m);
    }
}

static int mem_write(struct stream *s, const struct iovec *iov, int count)
{
    struct stream_mem *m = mem_of(s);
    int err = m->error;

    for (int i = 0; i < count && err == 0; i++) {
        if (!m->other)
            err = UV_EPIPE;
        else if (m->fail_write_error && m->written + iov[i].iov_len > m->fail_after)
            err = m->fail_write_error;
        else
            chunk_queue_add(&m->other->inbox, iov[i].iov_base, iov[i].iov_len);
        m->written += iov[i].iov_len;
    }
    if (err != 0) {
        m->error = err;
        return err;
    }
    if (m->other)
        schedule(m->other);
    if (mem_unsent(s) > STREAM_LOW_WATER_BYTES)
        m->owes_drain = true;
    return 0;
}

static void mem_read(struct stream *s, bool on)
{
    if (on)
        schedule(mem_of(s));
}

static void end_output(struct stream_mem *m)
{
    if (!m->other)
        return;
    m->other->eof_follows = true;
    schedule(m->other);
}

static void mem_shutdown(struct stream *s)
{
    end_output(mem_of(s));
}

static void mem_close(struct stream *s, bool flush)
{
    struct stream_mem *m = mem_of(s);

    (void)flush; /* what was written is with the other end already */
    end_output(m);
    if (m->other) {
        m->other->other = NULL;
        if (m->other->owes_drain)
            schedule(m->other);
    }
    m->other = NULL;
    schedule(m);
}

const struct stream_ops stream_mem_ops = {
    .name = "mem",
    .write = mem_write,
    .unsent = mem_unsent,
    .read = mem_read,
    .shutdown = mem_shutdown,
    .close = mem_close,
};

static struct stream_mem *new_end(struct worker *w)
{
    struct stream_mem *m = mem_alloc0(1, sizeof(*m));

    m->base.ops = &stream_mem_ops;
    m->base.worker = w;
    m->base.ready = true;
    m->read_max = 16 * 1024;
    m->window = 64 * 1024;
    chunk_queue_init(&m->inbox, &w->chunks);
    worker_task_init(&m->task, run);
    return m;
}

void stream_mem_pair(struct worker *w, struct stream **a, struct stream **b)
{
    struct stream_mem *x = new_end(w), *y = new_end(w);

    x->other = y;
    y->other = x;
    *a = &x->base;
    *b = &y->base;
}

void stream_mem_set_read_max(struct stream *s, size_t bytes)
{
    ASSERT(bytes > 0);
    mem_of(s)->read_max = bytes;
}

void stream_mem_set_window(struct stream *s, size_t bytes)
{
    mem_of(s)->window = bytes;
}

void stream_mem_fail_write(struct stream *s, uint64_t after_bytes, int err)
{
    mem_of(s)->fail_after = after_bytes;
    mem_of(s)->fail_write_error = err;
}

void stream_mem_fail(struct stream *s, int err)
{
    mem_of(s)->fail_error = err;
    schedule(mem_of(s));
}

void stream_mem_set_connecting(struct stream *s)
{
    s->ready = false;
    mem_of(s)->is_connecting = true;
}

void stream_mem_connect(struct stream *s)
{
    struct stream_mem *m = mem_of(s);

    ASSERT(m->is_connecting);
    m->is_connecting = false;
    m->owes_ready = true;
    schedule(m);
}
