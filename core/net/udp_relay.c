#include "core/net/udp_relay.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/net/sock.h"

#define BATCH         32
#define DATAGRAM_MAX  ((size_t)64 * 1024) /* any that there can be */
#define READS         4                   /* batches at a wake-up; others want the worker too */
#define SESSION_MAX   65536
#define IDLE_MS       60000
#define CONTROL_BYTES CMSG_SPACE(sizeof(struct in6_pktinfo))
#define RECEIVE_BYTES (1024 * 1024)

struct session {
    struct list link; /* in relay->sessions, the one that was used last at the end */
    struct udp_relay *relay;
    struct addr client;
    struct sockaddr_storage to; /* the same as the kernel says it */
    socklen_t to_len;
    char control[CONTROL_BYTES]; /* from which of our addresses answers go: the one asked */
    size_t control_len;
    uint64_t last_ms;
    int fd;
    uv_poll_t poll;
    void *arg;
};

struct udp_relay {
    struct worker *worker;
    int fd;
    uv_poll_t poll;
    struct addr at;
    uint32_t session_max, idle_ms;
    bool is_stopped;
    const struct udp_relay_events *events;
    void *arg;
    struct map by_client; /* addr_hash -> struct session */
    struct list sessions;
    uint32_t open_handles; /* polls that libuv still knows, and one for the relay itself */
    struct timer idle;
    /* One batch. Pages that no datagram reaches cost nothing. */
    char *bytes;
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec in_iov[BATCH];
    struct sockaddr_storage from[BATCH];
    char controls[BATCH][CONTROL_BYTES];
};

static void count(struct udp_relay *r, enum udp_relay_count what, uint64_t by)
{
    if (by)
        r->events->count(r->arg, what, by);
}

/* ---- the end ---- */

static void release(struct udp_relay *r)
{
    if (--r->open_handles > 0)
        return;
    mem_free(r->bytes);
    mem_free(r);
}

static void on_session_closed(uv_handle_t *handle)
{
    struct session *s = CONTAINER_OF(handle, struct session, poll);
    struct udp_relay *r = s->relay;

    mem_free(s);
    release(r);
}

static void on_relay_closed(uv_handle_t *handle)
{
    release(CONTAINER_OF(handle, struct udp_relay, poll));
}

static void end_session(struct session *s)
{
    struct udp_relay *r = s->relay;

    list_remove(&s->link);
    map_remove_u64(&r->by_client, addr_hash(&s->client));
    uv_poll_stop(&s->poll);
    sock_close(s->fd);
    s->fd = -1;
    r->events->close(r->arg, s->arg);
    uv_close((uv_handle_t *)&s->poll, on_session_closed);
}

static void on_idle(struct timer *t)
{
    struct udp_relay *r = CONTAINER_OF(t, struct udp_relay, idle);
    uint64_t now = worker_now_ms(r->worker), ended = 0;

    while (!list_is_empty(&r->sessions)) {
        struct session *s = LIST_ITEM(r->sessions.next, struct session, link);
        uint64_t due = s->last_ms + r->idle_ms;

        if (due > now) {
            timer_start(&r->idle, due - now);
            break;
        }
        end_session(s);
        ended++;
    }
    count(r, UDP_RELAY_IDLE, ended);
}

static void touch(struct session *s)
{
    struct udp_relay *r = s->relay;

    s->last_ms = worker_now_ms(r->worker);
    list_remove(&s->link);
    list_push(&r->sessions, &s->link);
    if (!timer_is_running(&r->idle))
        timer_start(&r->idle, r->idle_ms);
}

/* ---- batches ---- */

/* How many came; 0: none; or the negative errno. */
static int receive(struct udp_relay *r, int fd, bool with_names)
{
    int n;

    for (int i = 0; i < BATCH; i++) {
        r->in_iov[i] = (struct iovec){ r->bytes + (size_t)i * DATAGRAM_MAX, DATAGRAM_MAX };
        r->in[i].msg_hdr = (struct msghdr){
            .msg_iov = &r->in_iov[i],
            .msg_iovlen = 1,
            .msg_name = with_names ? &r->from[i] : NULL,
            .msg_namelen = with_names ? sizeof(r->from[i]) : 0,
            .msg_control = with_names ? r->controls[i] : NULL,
            .msg_controllen = with_names ? CONTROL_BYTES : 0,
        };
    }
    n = recvmmsg(fd, r->in, BATCH, MSG_DONTWAIT, NULL);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Sends in[first..first+n-1]; returns the bytes that went and how many datagrams in *sent. */
static uint64_t send_run(struct udp_relay *r, int fd, const struct session *to_client, int first,
                         int n, int *sent)
{
    uint64_t bytes = 0;
    int done = 0;

    for (int i = 0; i < n; i++) {
        r->in_iov[first + i].iov_len = r->in[first + i].msg_len;
        r->out[i].msg_hdr = (struct msghdr){ .msg_iov = &r->in_iov[first + i], .msg_iovlen = 1 };
        if (to_client) {
            r->out[i].msg_hdr.msg_name = (void *)(uintptr_t)&to_client->to;
            r->out[i].msg_hdr.msg_namelen = to_client->to_len;
            r->out[i].msg_hdr.msg_control =
                to_client->control_len ? (void *)(uintptr_t)to_client->control : NULL;
            r->out[i].msg_hdr.msg_controllen = to_client->control_len;
        }
    }
    *sent = 0;
    while (done < n) {
        int got = sendmmsg(fd, r->out + done, (unsigned)(n - done), MSG_DONTWAIT | MSG_NOSIGNAL);

        if (got <= 0 && errno == EINTR)
            continue;
        if (got <= 0) { /* that one is lost; a full socket takes none of the others either */
            if (errno == EAGAIN || errno == ENOBUFS)
                break;
            done++;
            continue;
        }
        for (int i = done; i < done + got; i++)
            bytes += r->out[i].msg_len;
        done += got;
        *sent += got;
    }
    return bytes;
}

/* ---- from servers ---- */

static void pass_back(struct session *s, int n)
{
    struct udp_relay *r = s->relay;
    int sent;
    uint64_t bytes = send_run(r, r->fd, s, 0, n, &sent);

    count(r, UDP_RELAY_TX_DATAGRAMS, (uint64_t)sent);
    count(r, UDP_RELAY_TX_BYTES, bytes);
    count(r, UDP_RELAY_TX_ERRORS, (uint64_t)(n - sent));
    touch(s);
}

static void on_server(uv_poll_t *poll, int status, int events)
{
    struct session *s = CONTAINER_OF(poll, struct session, poll);
    int n = 0;

    (void)events;
    for (int i = 0; i < READS; i++) {
        n = receive(s->relay, s->fd, false);
        if (n > 0)
            pass_back(s, n);
        if (n < BATCH)
            break;
    }
    if (n >= 0 && status >= 0)
        return;
    /* Nobody listens there: who comes next may find another server. libuv has stopped looking at
     * the socket if status is an error, which sending may have met before us. */
    count(s->relay, UDP_RELAY_RX_ERRORS, 1);
    end_session(s);
}

/* ---- from clients ---- */

static int connect_to(const struct addr *to, int *out)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(to, &sa);
    int fd = -1, err = sock_open(to, SOCK_DGRAM, &fd);

    if (err)
        return err;
    if (connect(fd, (struct sockaddr *)&sa, len) != 0) {
        err = -errno;
        sock_close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

static struct session *begin_session(struct udp_relay *r, const struct addr *client)
{
    struct addr to;
    struct session *s;
    void *arg;
    int fd = -1;

    if (r->is_stopped || r->by_client.count >= r->session_max) {
        count(r, UDP_RELAY_OVERFLOW, 1);
        return NULL;
    }
    if (!r->events->open(r->arg, client, &to, &arg)) {
        count(r, UDP_RELAY_NO_ROUTE, 1);
        return NULL;
    }
    if (connect_to(&to, &fd) != 0) {
        count(r, UDP_RELAY_OVERFLOW, 1);
        r->events->close(r->arg, arg);
        return NULL;
    }
    s = mem_alloc0(1, sizeof(*s));
    s->relay = r;
    s->client = *client;
    s->fd = fd;
    s->arg = arg;
    list_init(&s->link);
    uv_poll_init(&r->worker->loop, &s->poll, fd);
    uv_poll_start(&s->poll, UV_READABLE, on_server);
    r->open_handles++;
    map_put_u64(&r->by_client, addr_hash(client), s);
    count(r, UDP_RELAY_SESSIONS, 1);
    return s;
}

/* By what way answers go is for the routing table to say, but for addresses that mean nothing
 * without their link. */
static void keep_local(struct session *s, const struct msghdr *m)
{
    struct cmsghdr head = { 0 };
    struct in_pktinfo v4;
    struct in6_pktinfo v6;
    char *data = s->control + CMSG_LEN(0);

    s->control_len = m->msg_controllen < CONTROL_BYTES ? m->msg_controllen : CONTROL_BYTES;
    memcpy(s->control, m->msg_control, s->control_len);
    if (s->control_len >= sizeof(head))
        memcpy(&head, s->control, sizeof(head));
    if (head.cmsg_len == CMSG_LEN(sizeof(v4)) && head.cmsg_level == IPPROTO_IP) {
        memcpy(&v4, data, sizeof(v4));
        v4.ipi_ifindex = 0;
        memcpy(data, &v4, sizeof(v4));
    } else if (head.cmsg_len == CMSG_LEN(sizeof(v6)) && head.cmsg_level == IPPROTO_IPV6) {
        memcpy(&v6, data, sizeof(v6));
        if (!IN6_IS_ADDR_LINKLOCAL(&v6.ipi6_addr))
            v6.ipi6_ifindex = 0;
        memcpy(data, &v6, sizeof(v6));
    }
}

static struct session *session_of(struct udp_relay *r, int i)
{
    struct msghdr *m = &r->in[i].msg_hdr;
    struct session *s;
    struct addr client;

    if (addr_from_sockaddr(m->msg_name, m->msg_namelen, &client) != 0 || client.port == 0)
        return NULL;
    s = map_get_u64(&r->by_client, addr_hash(&client));
    if (s && !addr_eq(&s->client, &client)) { /* two clients of one hash: the later one stays */
        end_session(s);
        s = NULL;
    }
    if (!s)
        s = begin_session(r, &client);
    if (!s)
        return NULL;
    memcpy(&s->to, m->msg_name, m->msg_namelen);
    s->to_len = m->msg_namelen;
    keep_local(s, m);
    touch(s);
    return s;
}

static void pass_on(struct session *s, int first, int n)
{
    int sent;

    (void)send_run(s->relay, s->fd, NULL, first, n, &sent);
    count(s->relay, UDP_RELAY_RX_ERRORS, (uint64_t)(n - sent));
}

/* Runs of one client's go out at once. */
static void take_batch(struct udp_relay *r, int n)
{
    struct session *s = NULL;
    uint64_t bytes = 0;
    int first = 0;

    for (int i = 0; i < n; i++) {
        struct session *now = session_of(r, i);

        bytes += r->in[i].msg_len;
        if (now == s)
            continue;
        if (s)
            pass_on(s, first, i - first);
        s = now;
        first = i;
    }
    if (s)
        pass_on(s, first, n - first);
    count(r, UDP_RELAY_RX_DATAGRAMS, (uint64_t)n);
    count(r, UDP_RELAY_RX_BYTES, bytes);
}

static void on_client(uv_poll_t *poll, int status, int events)
{
    struct udp_relay *r = CONTAINER_OF(poll, struct udp_relay, poll);

    (void)events;
    if (status < 0) /* libuv stops then; what it was about is told below */
        uv_poll_start(&r->poll, UV_READABLE, on_client);
    for (int i = 0; i < READS; i++) {
        int n = receive(r, r->fd, true);

        if (n < 0)
            count(r, UDP_RELAY_RX_ERRORS, 1);
        if (n > 0)
            take_batch(r, n);
        if (n < BATCH)
            return;
    }
}

/* ---- the relay ---- */

/* Answers go out from the address that was asked, which matters where we have several. */
static void want_local(int fd, uint8_t family)
{
    int on = 1, bytes = RECEIVE_BYTES;

    if (family == ADDR_IPV4)
        (void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    else
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static int bind_to(const struct addr *at, bool reuse_port, int *out, struct addr *bound)
{
    struct sock_bind_options options = { .reuse_port = reuse_port };
    int fd = -1, err = sock_open(at, SOCK_DGRAM, &fd);

    if (err)
        return err;
    err = sock_bind(fd, at, &options);
    if (!err)
        err = sock_local(fd, bound);
    if (err) {
        sock_close(fd);
        return err;
    }
    want_local(fd, at->family);
    *out = fd;
    return 0;
}

int udp_relay_open(struct worker *w, const struct addr *at, const struct udp_relay_options *options,
                   const struct udp_relay_events *events, void *arg, struct udp_relay **out)
{
    struct udp_relay *r;
    struct addr bound;
    int fd = -1, err = bind_to(at, options->reuse_port, &fd, &bound);

    if (err)
        return err;
    r = mem_alloc0(1, sizeof(*r));
    r->worker = w;
    r->fd = fd;
    r->at = bound;
    r->session_max = options->session_max ? options->session_max : SESSION_MAX;
    r->idle_ms = options->idle_ms ? options->idle_ms : IDLE_MS;
    r->events = events;
    r->arg = arg;
    r->bytes = mem_alloc(BATCH * DATAGRAM_MAX);
    r->open_handles = 1;
    map_init(&r->by_client);
    list_init(&r->sessions);
    timer_init(&r->idle, &w->timers, on_idle);
    uv_poll_init(&w->loop, &r->poll, fd);
    uv_poll_start(&r->poll, UV_READABLE, on_client);
    *out = r;
    return 0;
}

void udp_relay_review(struct udp_relay *r, bool (*keep)(void *arg, void *session))
{
    LIST_FOREACH(it, tmp, &r->sessions)
    {
        struct session *s = LIST_ITEM(it, struct session, link);

        if (!keep || !keep(r->arg, s->arg))
            end_session(s);
    }
}

void udp_relay_stop(struct udp_relay *r)
{
    r->is_stopped = true;
}

void udp_relay_close(struct udp_relay *r)
{
    if (!r)
        return;
    udp_relay_review(r, NULL);
    timer_cancel(&r->idle);
    map_deinit(&r->by_client);
    uv_poll_stop(&r->poll);
    sock_close(r->fd);
    uv_close((uv_handle_t *)&r->poll, on_relay_closed);
}

const struct addr *udp_relay_addr(const struct udp_relay *r)
{
    return &r->at;
}

uint32_t udp_relay_sessions(const struct udp_relay *r)
{
    return (uint32_t)r->by_client.count;
}
