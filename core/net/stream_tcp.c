/*
 *   connecting ──on_connected──► open ──fail──► dead
 *        │                        │               │
 *        └────────stream_close────┴──────► closing ──on_closed──► freed
 *                                  (flush: sending, then reading to the peer's end, at most 5 s)
 */
#include "core/net/stream_tcp.h"

#include <errno.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/sock.h"
#include "core/net/sock_names.h"

#define READ_MIN_BYTES     ((size_t)16 * 1024)
#define CONNECT_TIMEOUT_MS 10000
#define FLUSH_TIMEOUT_MS   5000
/* libuv keeps this many pieces inside a request; more cost it an allocation. */
#define WRITE_PIECES 4
#define SEND_PIECES  16

/* What libuv needs while it connects or while it waits to write; not there otherwise. */
union request {
    uv_connect_t connect;
    uv_write_t write;
};

struct stream_tcp {
    struct stream base;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    union request *request;
    struct chunk_queue out;    /* not taken by the kernel yet */
    struct timer timer;        /* connect or flush */
    struct worker_task opened; /* says that a connect that succeeded at once did; lingering: the
                                * worker's end */
    struct sock_names names;
    uint64_t received, sent;
    size_t writing_bytes; /* front of out that a uv_write holds; 0: none under way */
    size_t read_bytes, read_max, low_water;
    int fd;
    int error;          /* what killed it; 0 while alive */
    bool want_read;     /* the user reads */
    bool is_armed;      /* libuv reads: may lag behind want_read */
    bool eof_seen;      /* by us; base.eof_in says it was delivered */
    bool owes_drain;    /* unsent went above the low-water mark */
    bool owes_shutdown; /* when out is empty */
    bool is_lingering;  /* closed by the user, still flushing */
    bool is_closing;    /* uv_close was called */
};

_Static_assert(sizeof(struct stream_tcp) < 640, "idle connections are many");

/* Const is put aside here once: CONTAINER_OF has no form for it. */
static struct stream_tcp *tcp_of(const struct stream *s)
{
    return CONTAINER_OF((uintptr_t)s, struct stream_tcp, base);
}

/* ---- end ---- */

/* libuv has called back every request by now. */
static void on_closed(uv_handle_t *handle)
{
    struct stream_tcp *t = CONTAINER_OF(handle, struct stream_tcp, uv.handle);

    chunk_queue_clear(&t->out);
    worker_undefer(&t->opened);
    sock_names_deinit(&t->names);
    mem_free(t->request); /* of a write that failed to start, or failed */
    mem_free(t);
}

static void close_now(struct stream_tcp *t)
{
    if (t->is_closing)
        return;
    t->is_closing = true;
    timer_cancel(&t->timer);
    t->fd = -1; /* libuv closes it right here */
    uv_close(&t->uv.handle, on_closed);
}

static void disarm(struct stream_tcp *t)
{
    if (t->is_armed)
        uv_read_stop(&t->uv.stream);
    t->is_armed = false;
}

/* Marks it dead; the user is told by who calls, or not at all. */
static void die(struct stream_tcp *t, int err)
{
    if (t->error)
        return;
    t->error = err;
    disarm(t);
    timer_cancel(&t->timer);
    if (t->writing_bytes == 0)
        chunk_queue_clear(&t->out);
    if (t->is_lingering)
        close_now(t);
}

static void fail(struct stream_tcp *t, int err)
{
    if (t->error || t->is_closing)
        return;
    die(t, err);
    stream_emit_error(&t->base, err);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct stream_tcp *t = CONTAINER_OF(handle, struct stream_tcp, uv.handle);

    (void)suggested;
    buf->base = t->base.worker->rx;
    /* Nothing while paused: libuv then reports UV_ENOBUFS without reading. */
    buf->len = t->want_read ? t->read_bytes : 0;
}

/* A read that filled its room and was wholly forwarded earns more room. */
static void adapt_read(struct stream_tcp *t, size_t got)
{
    if (got < t->read_bytes || !t->want_read)
        return;
    t->read_bytes *= 2;
    if (t->read_bytes > t->read_max)
        t->read_bytes = t->read_max;
}

static void on_eof(struct stream_tcp *t)
{
    t->eof_seen = true;
    disarm(t);
    if (t->is_lingering && t->out.len == 0)
        close_now(t);
    else
        stream_emit_eof(&t->base);
}

static void on_read(uv_stream_t *uv, ssize_t got, const uv_buf_t *buf)
{
    struct stream_tcp *t = CONTAINER_OF(uv, struct stream_tcp, uv.stream);

    if (got > 0) {
        t->received += (uint64_t)got;
        stream_emit_read(&t->base, (const uint8_t *)buf->base, (size_t)got);
        if (!t->error && !t->is_closing)
            adapt_read(t, (size_t)got);
    } else if (got == UV_ENOBUFS) {
        /* Only now, when bytes came for a paused user, is the change of interest paid for. */
        disarm(t);
    } else if (got == UV_EOF) {
        on_eof(t);
    } else if (got < 0) {
        fail(t, (int)got);
    }
}

static void arm(struct stream_tcp *t)
{
    int err;

    if (t->is_armed || t->error || t->eof_seen || !t->base.ready || t->is_closing)
        return;
    err = uv_read_start(&t->uv.stream, on_alloc, on_read);
    ASSERT(err == 0); /* an open stream that is not read yet */
    t->is_armed = true;
}

static void tcp_read(struct stream *s, bool on)
{
    struct stream_tcp *t = tcp_of(s);

    t->want_read = on;
    if (on)
        arm(t);
    else
        t->read_bytes = READ_MIN_BYTES < t->read_max ? READ_MIN_BYTES : t->read_max;
}

/* ---- writing ---- */

static ssize_t send_some(struct stream_tcp *t, const struct iovec *iov, int count)
{
    ssize_t n = sock_send(t->fd, iov, count);

    if (n > 0)
        t->sent += (uint64_t)n;
    return n;
}

static void queue_rest(struct stream_tcp *t, const struct iovec *iov, int count, size_t skip)
{
    chunk_queue_add_pieces(&t->out, iov, count, skip);
    if (t->out.len > t->low_water)
        t->owes_drain = true;
}

/* Sends from the queue until it is empty or the kernel is full. */
static int send_queue(struct stream_tcp *t)
{
    struct iovec iov[SEND_PIECES];
    ssize_t n;

    while (t->out.len > 0) {
        n = send_some(t, iov, chunk_queue_peek(&t->out, iov, SEND_PIECES));
        if (n <= 0)
            return (int)n;
        chunk_queue_consume(&t->out, (size_t)n);
    }
    return 0;
}

static void on_written(uv_write_t *write, int status);

static int start_write(struct stream_tcp *t)
{
    struct iovec iov[WRITE_PIECES];
    uv_buf_t bufs[WRITE_PIECES];
    int count = chunk_queue_peek(&t->out, iov, WRITE_PIECES);
    int err;

    ASSERT(t->writing_bytes == 0);
    for (int i = 0; i < count; i++) {
        bufs[i] = uv_buf_init(iov[i].iov_base, (unsigned)iov[i].iov_len);
        t->writing_bytes += iov[i].iov_len;
    }
    if (!t->request)
        t->request = mem_alloc(sizeof(*t->request));
    err = uv_write(&t->request->write, &t->uv.stream, bufs, (unsigned)count, on_written);
    if (err != 0)
        t->writing_bytes = 0;
    return err;
}

static void finish_output(struct stream_tcp *t)
{
    if (t->owes_shutdown) {
        t->owes_shutdown = false;
        shutdown(t->fd, SHUT_WR);
    }
    if (t->is_lingering && t->eof_seen)
        close_now(t);
}

/* After the queue shrank, from the loop. */
static void after_sending(struct stream_tcp *t)
{
    if (t->out.len == 0) {
        mem_free(t->request);
        t->request = NULL;
        finish_output(t);
    }
    if (t->owes_drain && t->out.len <= t->low_water) {
        t->owes_drain = false;
        stream_emit_drain(&t->base);
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct stream_tcp *t = CONTAINER_OF(write->handle, struct stream_tcp, uv.stream);
    size_t len = t->writing_bytes;
    int err = status;

    t->writing_bytes = 0;
    if (t->is_closing || t->error) {
        mem_free(t->request);
        t->request = NULL;
        chunk_queue_clear(&t->out);
        return;
    }
    if (err == 0) {
        t->sent += len;
        chunk_queue_consume(&t->out, len);
        err = send_queue(t);
    }
    if (err == 0 && t->out.len > 0)
        err = start_write(t);
    err ? fail(t, err) : after_sending(t);
}

static int tcp_write(struct stream *s, const struct iovec *iov, int count)
{
    struct stream_tcp *t = tcp_of(s);
    size_t total = 0;
    ssize_t n;

    if (t->error)
        return t->error;
    for (int i = 0; i < count; i++)
        total += iov[i].iov_len;
    if (total == 0)
        return 0;
    if (!s->ready || t->out.len > 0) {
        queue_rest(t, iov, count, 0);
        return 0;
    }
    n = send_some(t, iov, count);
    if (n == (ssize_t)total)
        return 0;
    if (n >= 0) {
        queue_rest(t, iov, count, (size_t)n);
        n = start_write(t);
    }
    if (n != 0)
        die(t, (int)n);
    return (int)n;
}

static size_t tcp_unsent(const struct stream *s)
{
    return tcp_of(s)->error ? 0 : tcp_of(s)->out.len;
}

static void tcp_shutdown(struct stream *s)
{
    struct stream_tcp *t = tcp_of(s);

    if (t->error)
        return;
    if (s->ready && t->out.len == 0)
        shutdown(t->fd, SHUT_WR);
    else
        t->owes_shutdown = true;
}

static void on_worker_end(struct worker_task *task)
{
    close_now(CONTAINER_OF(task, struct stream_tcp, opened));
}

/* Nobody owns it any more: the worker's end must find it. */
static void end_with_worker(struct stream_tcp *t)
{
    if (list_is_linked(&t->opened.link))
        return; /* about to be opened, which comes here again */
    worker_task_init(&t->opened, on_worker_end);
    worker_at_end(t->base.worker, &t->opened);
}

static void tcp_close(struct stream *s, bool flush)
{
    struct stream_tcp *t = tcp_of(s);
    bool has_work = t->out.len > 0 || (s->ready && !t->eof_seen);

    if (!flush || t->error || !has_work) {
        close_now(t);
        return;
    }
    /* A close with unread input resets the connection, and what we sent last may be lost with it:
     * so end our direction and read the peer's to its end, throwing it away. */
    t->is_lingering = true;
    end_with_worker(t);
    timer_start(&t->timer, FLUSH_TIMEOUT_MS);
    tcp_shutdown(s);
    t->want_read = true;
    arm(t);
}

static void tcp_reset_on_close(struct stream *s)
{
    sock_set_reset(tcp_of(s)->fd);
}

static const struct addr *tcp_addr(const struct stream *s, enum stream_addr which)
{
    struct stream_tcp *t = tcp_of(s);

    return sock_names_get(&t->names, t->fd, which);
}

const struct stream_ops stream_tcp_ops = {
    .name = "tcp",
    .write = tcp_write,
    .unsent = tcp_unsent,
    .read = tcp_read,
    .shutdown = tcp_shutdown,
    .close = tcp_close,
    .reset_on_close = tcp_reset_on_close,
    .addr = tcp_addr,
};

/* ---- beginning ---- */

static void on_timeout(struct timer *timer)
{
    struct stream_tcp *t = CONTAINER_OF(timer, struct stream_tcp, timer);

    if (t->is_lingering)
        close_now(t);
    else
        fail(t, ERR_TIMEOUT);
}

/* Connected: what waited goes out, then the user is told. */
static void become_ready(struct stream_tcp *t)
{
    int err;

    if (t->is_closing || t->error)
        return;
    timer_cancel(&t->timer);
    t->base.ready = true;
    err = send_queue(t);
    if (err == 0 && t->out.len > 0)
        err = start_write(t);
    if (err != 0) {
        fail(t, err);
        return;
    }
    if (t->is_lingering) {
        end_with_worker(t);
        timer_start(&t->timer, FLUSH_TIMEOUT_MS);
    }
    if (t->want_read)
        arm(t);
    stream_emit_ready(&t->base);
    if (!t->error && !t->is_closing)
        after_sending(t);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct stream_tcp *t = CONTAINER_OF(connect->handle, struct stream_tcp, uv.stream);

    mem_free(t->request);
    t->request = NULL;
    if (status != 0)
        fail(t, status);
    else
        become_ready(t);
}

static void on_opened(struct worker_task *task)
{
    become_ready(CONTAINER_OF(task, struct stream_tcp, opened));
}

/* A stream around fd, which it owns from here on, also when this fails. */
static int new_tcp(struct worker *w, int fd, bool is_unix, struct stream_tcp **out)
{
    struct stream_tcp *t = mem_alloc0(1, sizeof(*t));
    int err;

    sock_ignore_sigpipe();
    t->base.ops = &stream_tcp_ops;
    t->base.worker = w;
    t->fd = fd;
    t->read_max = WORKER_RX_BYTES;
    t->read_bytes = READ_MIN_BYTES;
    t->low_water = STREAM_LOW_WATER_BYTES;
    chunk_queue_init(&t->out, &w->chunks);
    timer_init(&t->timer, &w->timers, on_timeout);
    worker_task_init(&t->opened, on_opened);
    err = is_unix ? uv_pipe_init(&w->loop, &t->uv.pipe, 0) : uv_tcp_init(&w->loop, &t->uv.tcp);
    if (err != 0) {
        sock_close(fd);
        mem_free(t);
        return err;
    }
    err = is_unix ? uv_pipe_open(&t->uv.pipe, fd) : uv_tcp_open(&t->uv.tcp, fd);
    if (err != 0) {
        sock_close(fd);
        close_now(t);
        return err;
    }
    *out = t;
    return 0;
}

int stream_tcp_from_accept(struct worker *w, int fd, const struct addr *peer, struct stream **out)
{
    struct stream_tcp *t;
    int err = new_tcp(w, fd, peer->family == ADDR_UNIX, &t);

    if (err != 0)
        return err;
    t->base.ready = true;
    t->names.peer = *peer;
    *out = &t->base;
    return 0;
}

int stream_tcp_from_fd(struct worker *w, int fd, struct stream **out)
{
    struct addr peer;
    int err = sock_peer(fd, &peer);

    if (err == 0)
        err = sock_set_nonblocking(fd);
    if (err != 0) {
        sock_close(fd);
        return err;
    }
    if (peer.family != ADDR_UNIX)
        sock_set_nodelay(fd);
    return stream_tcp_from_accept(w, fd, &peer, out);
}

static int apply_options(int fd, const struct stream_tcp_options *o)
{
    int err = 0;

    if (o->mark)
        err = sock_set_mark(fd, o->mark);
    if (err == 0)
        err = sock_set_keepalive(fd, o->keepalive.idle_s, o->keepalive.interval_s,
                                 o->keepalive.probes);
    if (err == 0 && o->bind)
        err = sock_bind_source(fd, o->bind, o->transparent);
    return err;
}

static int start_connect(struct stream_tcp *t, const struct sockaddr_storage *ss)
{
    int err;

    t->request = mem_alloc(sizeof(*t->request));
    err =
        uv_tcp_connect(&t->request->connect, &t->uv.tcp, (const struct sockaddr *)ss, on_connected);
    if (err != 0) {
        mem_free(t->request);
        t->request = NULL;
    }
    return err;
}

int stream_tcp_connect(struct worker *w, const struct addr *to,
                       const struct stream_tcp_options *options, struct stream **out)
{
    static const struct stream_tcp_options none;
    const struct stream_tcp_options *o = options ? options : &none;
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    bool is_unix = to->family == ADDR_UNIX;
    struct stream_tcp *t;
    int fd = -1, err;

    if (o->socket)
        fd = *o->socket;
    err = o->socket ? sock_set_nonblocking(fd) : sock_open(to, SOCK_STREAM, &fd);
    if (err == 0 && !is_unix)
        err = apply_options(fd, o);
    /* A Unix socket connects at once or not at all: when the other's queue is full, EAGAIN. */
    if (err == 0 && is_unix && connect(fd, (struct sockaddr *)&ss, len) != 0)
        err = -errno;
    if (err != 0) {
        sock_close(fd);
        return err;
    }
    err = new_tcp(w, fd, is_unix, &t);
    if (err != 0)
        return err;
    if (is_unix)
        worker_defer(w, &t->opened);
    else if ((err = start_connect(t, &ss)) != 0) {
        close_now(t);
        return err;
    }
    t->names.peer = *to;
    timer_start(&t->timer, o->connect_timeout_ms ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS);
    *out = &t->base;
    return 0;
}

/* ---- the rest ---- */

void stream_tcp_set_read_max(struct stream *s, size_t bytes)
{
    struct stream_tcp *t = tcp_of(s);

    ASSERT(s->ops == &stream_tcp_ops && bytes > 0);
    t->read_max = bytes < WORKER_RX_BYTES ? bytes : WORKER_RX_BYTES;
    if (t->read_bytes > t->read_max)
        t->read_bytes = t->read_max;
}

int stream_tcp_borrow(struct stream *s, int *fd)
{
    struct stream_tcp *t = tcp_of(s);

    if (s->ops != &stream_tcp_ops || t->error || t->eof_seen || !s->ready || s->eof_out)
        return ERR_UNSUPPORTED;
    t->low_water = 0;
    if (t->out.len > 0) {
        t->owes_drain = true;
        return ERR_AGAIN;
    }
    disarm(t);
    *fd = t->fd;
    return 0;
}

int stream_tcp_fd(const struct stream *s)
{
    return tcp_of(s)->fd;
}

void stream_tcp_counts(const struct stream *s, uint64_t *received, uint64_t *sent)
{
    const struct stream_tcp *t = tcp_of(s);

    *received = t->received;
    *sent = t->sent;
}
