#include "core/net/stream_proxy.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/sniff.h"
#include "core/net/stream_peek.h"

#define TIMEOUT_MS 5000

/* Works on a peek layer of its own, which collects the header. */
struct stream_proxy {
    struct stream base; /* lower is the peek layer */
    struct proxy_header header;
    char *tlvs;
    struct worker_task task; /* frees */
    bool optional, has_header;
};

static struct stream_proxy *proxy_of(const struct stream *s)
{
    return CONTAINER_OF((uintptr_t)s, struct stream_proxy, base);
}

static void keep_header(struct stream_proxy *x, const struct proxy_header *h)
{
    x->header = *h;
    x->has_header = true;
    if (h->tlvs.len) {
        x->tlvs = mem_dup(h->tlvs.p, h->tlvs.len);
        x->header.tlvs.p = x->tlvs;
    } else {
        x->header.tlvs = STR_NONE;
    }
}

static bool decide(void *arg, struct stream *peek, struct str bytes, enum stream_peek_why why)
{
    struct stream_proxy *x = arg;
    struct proxy_header h;
    size_t used = 0;
    int err;

    if (why == STREAM_PEEK_ERROR)
        return true; /* on_lower_error comes next */
    err = proxy_header_decode(bytes, &h, &used);
    if (err == ERR_AGAIN && why == STREAM_PEEK_BYTES)
        return false;
    if (err == 0) {
        keep_header(x, &h);
        stream_peek_skip(peek, used);
    } else if (!x->optional || sniff_proxy(bytes) == SNIFF_YES) {
        stream_emit_error(&x->base, why == STREAM_PEEK_TIMEOUT ? ERR_TIMEOUT : ERR_PROTO);
        return true;
    }
    if (x->base.reading)
        stream_read_start(x->base.lower);
    stream_emit_ready(&x->base);
    return true;
}

static void on_lower_read(void *arg, const uint8_t *p, size_t len)
{
    stream_emit_read(&((struct stream_proxy *)arg)->base, p, len);
}

static void on_lower_eof(void *arg)
{
    stream_emit_eof(&((struct stream_proxy *)arg)->base);
}

static void on_lower_drain(void *arg)
{
    stream_emit_drain(&((struct stream_proxy *)arg)->base);
}

static void on_lower_error(void *arg, int err)
{
    stream_emit_error(&((struct stream_proxy *)arg)->base, err);
}

static const struct stream_events lower_events = {
    .on_read = on_lower_read,
    .on_eof = on_lower_eof,
    .on_drain = on_lower_drain,
    .on_error = on_lower_error,
};

static int proxy_write(struct stream *s, const struct iovec *iov, int count)
{
    return stream_write(s->lower, iov, count);
}

static size_t proxy_unsent(const struct stream *s)
{
    return stream_unsent(s->lower);
}

static void proxy_read(struct stream *s, bool on)
{
    if (!s->ready)
        return;
    if (on)
        stream_read_start(s->lower);
    else
        stream_read_stop(s->lower);
}

static void proxy_shutdown(struct stream *s)
{
    stream_shutdown(s->lower);
}

static void on_free(struct worker_task *task)
{
    struct stream_proxy *x = CONTAINER_OF(task, struct stream_proxy, task);

    mem_free(x->tlvs);
    mem_free(x);
}

static void proxy_close(struct stream *s, bool flush)
{
    if (flush)
        stream_close_flush(s->lower);
    else
        stream_close(s->lower);
    worker_defer(s->worker, &proxy_of(s)->task);
}

static const struct addr *proxy_addr(const struct stream *s, enum stream_addr which)
{
    const struct stream_proxy *x = proxy_of(s);

    if (!x->has_header || x->header.is_local)
        return NULL;
    return which == STREAM_ADDR_PEER ? &x->header.src : &x->header.dst;
}

const struct stream_ops stream_proxy_ops = {
    .name = "proxy",
    .write = proxy_write,
    .unsent = proxy_unsent,
    .read = proxy_read,
    .shutdown = proxy_shutdown,
    .close = proxy_close,
    .addr = proxy_addr,
};

struct stream *stream_proxy_new(struct stream *lower, const struct stream_proxy_options *options)
{
    struct stream_proxy *x = mem_alloc0(1, sizeof(*x));
    struct stream_peek_options peek = { .limit_bytes = PROXY_HEADER_MAX_BYTES };

    peek.timeout_ms = options && options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
    x->optional = options && options->optional;
    x->base.ops = &stream_proxy_ops;
    x->base.worker = lower->worker;
    worker_task_init(&x->task, on_free);
    x->base.lower = stream_peek_new(lower, &peek, decide, x);
    stream_set_events(x->base.lower, &lower_events, x);
    return &x->base;
}

const struct proxy_header *stream_proxy_header(const struct stream *s)
{
    const struct stream_proxy *x = proxy_of(s);

    ASSERT(s->ops == &stream_proxy_ops);
    return x->has_header ? &x->header : NULL;
}

int stream_proxy_write(struct stream *s, int version, const struct addr *src,
                       const struct addr *dst)
{
    uint8_t bytes[PROXY_HEADER_OUT_BYTES];

    return stream_write_bytes(s, bytes, proxy_header_encode(version, src, dst, bytes));
}
