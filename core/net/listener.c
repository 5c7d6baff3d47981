#include "core/net/listener.h"

#include <errno.h>
#include <unistd.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/sock.h"
#include "core/net/stream_tcp.h"

/* A storm of connections must not starve those that are there: the rest waits for the next turn. */
#define ACCEPTS_PER_WAKEUP      16
#define NO_DESCRIPTORS_PAUSE_MS 100

static struct log_module log_module = LOG_MODULE("net");

struct listener {
    uv_poll_t poll;
    struct timer retry; /* runs while descriptors are short */
    struct worker *worker;
    listener_accept_fn on_accept;
    void *arg;
    struct addr at;
    int fd;
    bool is_bound_here; /* the Unix socket file is ours to remove */
    bool paused, closed;
};

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void update_poll(struct listener *l)
{
    if (l->closed)
        return;
    if (l->paused || timer_is_running(&l->retry))
        uv_poll_stop(&l->poll);
    else
        uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
}

static void on_retry(struct timer *t)
{
    update_poll(CONTAINER_OF(t, struct listener, retry));
}

static bool is_shortage(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

/* Returns whether to go on accepting. */
static bool accept_one(struct listener *l)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    struct stream *s;
    struct addr peer;
    int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (is_shortage(errno)) {
            log_warn("accept: %s; trying again in %d ms", error_text(-errno),
                     NO_DESCRIPTORS_PAUSE_MS);
            timer_start(&l->retry, NO_DESCRIPTORS_PAUSE_MS);
            update_poll(l);
            return false;
        }
        /* The rest is about one connection that is gone again. */
        return errno != EAGAIN && errno != EBADF && errno != EINVAL;
    }
    if (addr_from_sockaddr((struct sockaddr *)&ss, len, &peer) != 0)
        peer = (struct addr){ 0 };
    if (stream_tcp_from_accept(l->worker, fd, &peer, &s) == 0)
        l->on_accept(l->arg, s);
    return !l->closed && !l->paused;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct listener *l = CONTAINER_OF(poll, struct listener, poll);

    (void)events;
    if (status < 0)
        log_error("listening socket: %s", error_text(status));
    for (int i = 0; i < ACCEPTS_PER_WAKEUP && accept_one(l); i++)
        ;
}

static int open_socket(const struct addr *at, const struct listener_options *o, int *fd)
{
    struct sock_bind_options bind_options = { .reuse_port = o->reuse_port,
                                              .transparent = o->transparent,
                                              .unix_mode = o->unix_mode };
    int err;

    if (o->fd < 0)
        return sock_listen(at, &bind_options, o->backlog, fd);
    err = sock_is_listening(o->fd) ? sock_set_nonblocking(o->fd) : UV_EINVAL;
    if (err != 0) {
        sock_close(o->fd);
        return err;
    }
    sock_set_nodelay(o->fd);
    *fd = o->fd;
    return 0;
}

int listener_open(struct worker *w, const struct addr *at, const struct listener_options *options,
                  listener_accept_fn on_accept, void *arg, struct listener **out)
{
    static const struct listener_options none = { .fd = -1 };
    const struct listener_options *o = options ? options : &none;
    struct listener *l;
    int fd, err;

    sock_ignore_sigpipe();
    err = open_socket(at, o, &fd);
    if (err != 0)
        return err;
    l = mem_alloc0(1, sizeof(*l));
    l->worker = w;
    l->on_accept = on_accept;
    l->arg = arg;
    l->fd = fd;
    l->is_bound_here = o->fd < 0;
    timer_init(&l->retry, &w->timers, on_retry);
    err = sock_local(fd, &l->at);
    if (err == 0)
        err = uv_poll_init(&w->loop, &l->poll, fd);
    if (err != 0) {
        sock_close(fd);
        mem_free(l);
        return err;
    }
    update_poll(l);
    *out = l;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(CONTAINER_OF((uv_poll_t *)handle, struct listener, poll));
}

int listener_close(struct listener *l, bool keep_fd)
{
    int fd;

    if (!l || l->closed)
        return -1;
    l->closed = true;
    fd = l->fd;
    timer_cancel(&l->retry);
    /* libuv forgets the descriptor here, so that it may be closed at once. */
    uv_close((uv_handle_t *)&l->poll, on_closed);
    if (keep_fd)
        return fd;
    close(fd);
    if (l->is_bound_here && l->at.family == ADDR_UNIX && l->at.path_len > 0 && l->at.path[0]) {
        struct sockaddr_storage ss;

        addr_to_sockaddr(&l->at, &ss);
        unlink(((struct sockaddr_un *)(void *)&ss)->sun_path);
    }
    return -1;
}

const struct addr *listener_addr(const struct listener *l)
{
    return &l->at;
}

void listener_pause(struct listener *l, bool paused)
{
    if (l->closed || l->paused == paused)
        return;
    l->paused = paused;
    update_poll(l);
}
