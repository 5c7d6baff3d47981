#include "core/net/relay_splice.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "core/base/mem.h"
#include "core/loop/worker.h"

#define PIPE_BYTES     (1 << 20)
#define PIPES_KEPT_MAX 32
#define EVENTS_MAX     256
/* Of one direction before others get their turn. */
#define ROUNDS_PER_TURN 8

struct pipe {
    struct list link;
    int in, out;
};

/* What all splices of a worker share. */
struct splicer {
    struct worker *worker;
    int epoll_fd;
    uv_poll_t poll;
    struct list pipes; /* empty ones */
    size_t pipe_count;
};

struct end {
    struct relay_splice *splice;
    int fd;
    bool readable, writable; /* as far as we know: until the kernel says EAGAIN */
};

/* One direction. */
struct flow {
    struct end *from, *to;
    struct pipe *pipe; /* NULL while nothing is inside */
    size_t in_pipe;
    bool eof;   /* from has ended */
    bool ended; /* and that was passed on */
};

struct relay_splice {
    struct splicer *splicer;
    struct end a, b;
    struct flow a_to_b, b_to_a;
    const struct relay_splice_events *events;
    void *arg;
    struct worker_task task; /* goes on with what is left, or frees */
    bool is_over;
};

static struct worker_key splicer_key;

/* ---- pipes ---- */

static struct pipe *take_pipe(struct splicer *x)
{
    struct list *item = list_pop(&x->pipes);
    struct pipe *p;
    int fds[2];

    if (item) {
        x->pipe_count--;
        return LIST_ITEM(item, struct pipe, link);
    }
    if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0)
        return NULL;
    /* The system may refuse so much to an ordinary user; then it is 64 KiB. */
    (void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
    p = mem_alloc0(1, sizeof(*p));
    p->out = fds[0];
    p->in = fds[1];
    return p;
}

static void free_pipe(struct pipe *p)
{
    close(p->in);
    close(p->out);
    mem_free(p);
}

static void put_pipe(struct splicer *x, struct flow *f)
{
    struct pipe *p = f->pipe;

    f->pipe = NULL;
    if (!p)
        return;
    if (f->in_pipe > 0 || x->pipe_count >= PIPES_KEPT_MAX) {
        free_pipe(p);
        return;
    }
    list_init(&p->link);
    list_push_front(&x->pipes, &p->link);
    x->pipe_count++;
}

/* ---- moving ---- */

static void fail(struct relay_splice *s, const struct end *who, int err)
{
    if (!s->is_over)
        s->events->on_failed(s->arg, who == &s->a, err);
}

/* Fills the pipe. Returns 0, or the error of the sender. */
static int fill(struct relay_splice *s, struct flow *f)
{
    ssize_t n;

    if (!f->pipe && !(f->pipe = take_pipe(s->splicer)))
        return -errno;
    n = splice(f->from->fd, NULL, f->pipe->in, NULL, PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) {
        f->in_pipe = (size_t)n;
        s->events->on_moved(s->arg, f == &s->a_to_b, (uint64_t)n);
    } else if (n == 0) {
        f->eof = true;
    } else if (errno == EAGAIN) {
        f->from->readable = false;
    } else if (errno != EINTR) {
        return -errno;
    }
    return 0;
}

static int empty(struct flow *f)
{
    ssize_t n =
        splice(f->pipe->out, NULL, f->to->fd, NULL, f->in_pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

    if (n > 0)
        f->in_pipe -= (size_t)n;
    else if (n < 0 && errno == EAGAIN)
        f->to->writable = false;
    else if (n < 0 && errno != EINTR)
        return -errno;
    return 0;
}

/* Moves as long as both sockets go along. Returns whether there is more to do right now. */
static bool pump(struct relay_splice *s, struct flow *f)
{
    int err, rounds = 0;

    while (!s->is_over && !f->ended) {
        if (f->in_pipe > 0) {
            if (!f->to->writable)
                return false;
            if ((err = empty(f)) != 0) {
                fail(s, f->to, err);
                return false;
            }
        } else if (f->eof) {
            f->ended = true;
            shutdown(f->to->fd, SHUT_WR);
            break;
        } else {
            if (!f->from->readable)
                break;
            if (rounds++ == ROUNDS_PER_TURN)
                return true;
            if ((err = fill(s, f)) != 0) {
                fail(s, f->from, err);
                return false;
            }
        }
    }
    if (!s->is_over)
        put_pipe(s->splicer, f);
    return false;
}

static void run(struct relay_splice *s)
{
    bool more = pump(s, &s->a_to_b);

    more |= !s->is_over && pump(s, &s->b_to_a);
    if (s->is_over)
        return;
    if (s->a_to_b.ended && s->b_to_a.ended)
        s->events->on_finished(s->arg);
    else if (more)
        worker_defer(s->splicer->worker, &s->task);
}

static void on_task(struct worker_task *task)
{
    struct relay_splice *s = CONTAINER_OF(task, struct relay_splice, task);

    if (s->is_over)
        mem_free(s);
    else
        run(s);
}

/* ---- the epoll set of a worker ---- */

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct splicer *x = CONTAINER_OF(poll, struct splicer, poll);
    struct epoll_event ready[EVENTS_MAX];
    int n = epoll_wait(x->epoll_fd, ready, EVENTS_MAX, 0);

    (void)status;
    (void)events;
    for (int i = 0; i < n; i++) {
        struct end *e = ready[i].data.ptr;
        const uint32_t dead = EPOLLHUP | EPOLLERR;

        /* What was stopped by an earlier one of these stays in memory until the turn ends. */
        e->readable |= (ready[i].events & (EPOLLIN | EPOLLRDHUP | dead)) != 0;
        e->writable |= (ready[i].events & (EPOLLOUT | dead)) != 0;
        if (!e->splice->is_over)
            run(e->splice);
    }
}

static void on_poll_closed(uv_handle_t *handle)
{
    mem_free(CONTAINER_OF((uv_poll_t *)handle, struct splicer, poll));
}

static void free_splicer(void *ptr)
{
    struct splicer *x = ptr;
    struct list *item;

    while ((item = list_pop(&x->pipes)))
        free_pipe(LIST_ITEM(item, struct pipe, link));
    uv_close((uv_handle_t *)&x->poll, on_poll_closed);
    close(x->epoll_fd);
}

static struct splicer *get_splicer(struct worker *w)
{
    struct splicer *x = worker_get(w, &splicer_key);

    if (x)
        return x;
    x = mem_alloc0(1, sizeof(*x));
    x->worker = w;
    list_init(&x->pipes);
    x->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (x->epoll_fd < 0 || uv_poll_init(&w->loop, &x->poll, x->epoll_fd) != 0) {
        if (x->epoll_fd >= 0)
            close(x->epoll_fd);
        mem_free(x);
        return NULL;
    }
    uv_poll_start(&x->poll, UV_READABLE, on_ready);
    worker_set(w, &splicer_key, x, free_splicer);
    return x;
}

static bool watch(struct splicer *x, struct end *e)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 .data.ptr = e };

    return epoll_ctl(x->epoll_fd, EPOLL_CTL_ADD, e->fd, &event) == 0;
}

struct relay_splice *relay_splice_start(struct worker *w, int a_fd, int b_fd,
                                        const struct relay_splice_events *events, void *arg)
{
    struct splicer *x = get_splicer(w);
    struct relay_splice *s;

    if (!x)
        return NULL;
    s = mem_alloc0(1, sizeof(*s));
    s->splicer = x;
    s->events = events;
    s->arg = arg;
    s->a = (struct end){ .splice = s, .fd = a_fd };
    s->b = (struct end){ .splice = s, .fd = b_fd };
    s->a_to_b = (struct flow){ .from = &s->a, .to = &s->b };
    s->b_to_a = (struct flow){ .from = &s->b, .to = &s->a };
    worker_task_init(&s->task, on_task);
    /* What is ready already is told as the first event. */
    if (watch(x, &s->a) && watch(x, &s->b))
        return s;
    relay_splice_stop(s);
    return NULL;
}

void relay_splice_stop(struct relay_splice *s)
{
    if (!s || s->is_over)
        return;
    s->is_over = true;
    epoll_ctl(s->splicer->epoll_fd, EPOLL_CTL_DEL, s->a.fd, NULL);
    epoll_ctl(s->splicer->epoll_fd, EPOLL_CTL_DEL, s->b.fd, NULL);
    put_pipe(s->splicer, &s->a_to_b);
    put_pipe(s->splicer, &s->b_to_a);
    worker_defer(s->splicer->worker, &s->task);
}
