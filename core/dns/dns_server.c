#include "core/dns/dns_server.h"

#include <errno.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/listener.h"
#include "core/net/sock.h"

#define TTL_S              30
#define READS_PER_WAKEUP   32
#define SEARCH_MAX         8
#define QUERY_MAX_BYTES    ((size_t)4096) /* no honest question is longer */
#define CONN_QUESTIONS_MAX 64             /* of one connection at a time */

/* A question that was passed on. */
struct question {
    struct list link; /* in the connection's or the server's questions */
    struct dns_server *server;
    struct conn *conn; /* NULL: by UDP from peer */
    struct dns_forward_ask *ask;
    struct dns_msg_query query;
    struct sockaddr_storage peer;
    socklen_t peer_len;
};

/* A TCP client. */
struct conn {
    struct list link;
    struct dns_server *server;
    struct stream *stream;
    struct buf in;
    struct timer idle;
    struct list questions;
    size_t question_count;
    bool eof;
    struct worker_task task; /* frees */
};

struct dns_server {
    struct worker *worker;
    struct dns_forward *forward;
    struct listener *listener;
    uv_poll_t poll;
    int fd;
    struct addr at;
    dns_server_fn fn;
    void *arg;
    char *search[SEARCH_MAX];
    size_t search_count, conn_count, tcp_max;
    uint32_t tcp_idle_ms;
    struct list conns, questions;
    struct dns_server_counts counts;
};

/* ---- sending ---- */

static void drop_conn(struct conn *c);

static void send_tcp(struct conn *c, struct str message)
{
    uint8_t head[2] = { (uint8_t)(message.len >> 8), (uint8_t)message.len };
    struct iovec iov[2] = { { head, sizeof(head) }, { (void *)(uintptr_t)message.p, message.len } };

    if (!c->stream)
        return;
    if (stream_write(c->stream, iov, 2) != 0 || stream_unsent(c->stream) > STREAM_HIGH_WATER_BYTES)
        drop_conn(c);
}

static void send_udp(struct dns_server *s, const struct sockaddr_storage *peer, socklen_t peer_len,
                     struct str message)
{
    if (sendto(s->fd, message.p, message.len, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)peer, peer_len) < 0)
        s->counts.dropped++;
}

static void send_answer(const struct question *at, const struct dns_msg_answer *a)
{
    const struct dns_msg_query *q = &at->query;
    struct buf out;

    buf_init(&out, DNS_MSG_MAX_BYTES);
    dns_msg_encode_answer(q, a, at->conn ? DNS_MSG_MAX_BYTES : q->udp_bytes, &out);
    if (out.full)
        at->server->counts.dropped++;
    else if (at->conn)
        send_tcp(at->conn, buf_str(&out));
    else
        send_udp(at->server, &at->peer, at->peer_len, buf_str(&out));
    buf_deinit(&out);
}

static void send_error(const struct question *at, enum dns_rcode rcode)
{
    struct dns_msg_answer a = { .rcode = rcode };

    if (rcode != DNS_RCODE_NO_NAME)
        at->server->counts.failed++;
    send_answer(at, &a);
}

/* ---- known names ---- */

static enum dns_server_verdict look_up(const struct question *at, struct str name,
                                       struct dns_server_found *found)
{
    *found = (struct dns_server_found){ .ttl_s = TTL_S };
    return at->server->fn(at->server->arg, name, found);
}

/* name without a search domain behind it, when that is known. */
static enum dns_server_verdict look_up_short(const struct question *at, struct str name,
                                             struct dns_server_found *found, struct str *cname)
{
    const struct dns_server *s = at->server;

    for (size_t i = 0; i < s->search_count; i++) {
        struct str domain = str_of(s->search[i]);
        enum dns_server_verdict verdict;

        if (name.len <= domain.len + 1 || !str_ends(name, domain) ||
            name.p[name.len - domain.len - 1] != '.')
            continue;
        *cname = str_head(name, name.len - domain.len - 1);
        verdict = look_up(at, *cname, found);
        if (verdict == DNS_SERVER_KNOWN)
            return verdict;
    }
    *cname = STR_NONE;
    return DNS_SERVER_UNKNOWN;
}

/* Returns whether the question is answered. */
static bool answer_known(const struct question *at)
{
    const struct dns_msg_query *q = &at->query;
    struct str name = str_make(q->name, q->name_len);
    struct dns_msg_answer a = { 0 };
    struct dns_server_found found;
    enum dns_server_verdict verdict;

    if (q->name_len == 0 || q->qclass != 1 || (q->type != DNS_TYPE_A && q->type != DNS_TYPE_AAAA))
        return false;
    verdict = look_up(at, name, &found);
    if (verdict == DNS_SERVER_UNKNOWN)
        verdict = look_up_short(at, name, &found, &a.cname);
    if (verdict == DNS_SERVER_UNKNOWN)
        return false;
    at->server->counts.answered++;
    if (verdict != DNS_SERVER_KNOWN) {
        send_error(at, verdict == DNS_SERVER_NO_NAME ? DNS_RCODE_NO_NAME : DNS_RCODE_REFUSED);
        return true;
    }
    a.addrs = found.addrs;
    a.count = found.count;
    a.ttl_s = found.ttl_s;
    a.first = found.count ? random_below(&at->server->worker->random, found.count) : 0;
    send_answer(at, &a);
    return true;
}

/* ---- the others' names ---- */

static void drop_question(struct question *at)
{
    struct conn *c = at->conn;

    dns_forward_cancel(at->ask);
    list_remove(&at->link);
    mem_free(at);
    if (c && --c->question_count == 0 && c->eof)
        drop_conn(c);
}

static void on_reply(void *arg, int err, struct str reply)
{
    struct question *at = arg;

    at->ask = NULL;
    if (err != 0) {
        send_error(at, DNS_RCODE_SERVER);
    } else if (at->conn) {
        send_tcp(at->conn, reply);
    } else if (reply.len <= at->query.udp_bytes) {
        send_udp(at->server, &at->peer, at->peer_len, reply);
    } else {
        /* Larger than this client takes: it comes again by TCP. An empty answer that is too long.
         */
        struct dns_msg_answer too_long = { 0 };
        struct buf out;

        buf_init(&out, 0);
        dns_msg_encode_answer(&at->query, &too_long, 0, &out);
        send_udp(at->server, &at->peer, at->peer_len, buf_str(&out));
        buf_deinit(&out);
    }
    drop_question(at);
}

static void pass_on(const struct question *from)
{
    struct question *at = mem_dup(from, sizeof(*from));
    struct dns_server *s = at->server;

    s->counts.forwarded++;
    list_init(&at->link);
    list_push(at->conn ? &at->conn->questions : &s->questions, &at->link);
    if (at->conn)
        at->conn->question_count++;
    at->ask = dns_forward_start(s->forward, &at->query, at->conn != NULL, on_reply, at);
}

/* at: on the caller's stack, with everything but the query set. */
static void take_message(struct question *at, struct str message)
{
    at->server->counts.queries++;
    switch (dns_msg_decode_query(message, &at->query)) {
    case 0:
        if (!answer_known(at))
            pass_on(at);
        break;
    case ERR_PROTO:
        send_error(at, DNS_RCODE_FORMAT);
        break;
    case ERR_UNSUPPORTED:
        send_error(at, DNS_RCODE_NOT_IMPLEMENTED);
        break;
    case ERR_LIMIT:
        send_error(at, DNS_RCODE_VERSION);
        break;
    default:
        at->server->counts.dropped++;
    }
}

/* ---- UDP ---- */

static void on_datagram(uv_poll_t *poll, int status, int events)
{
    struct dns_server *s = CONTAINER_OF(poll, struct dns_server, poll);

    (void)status;
    (void)events;
    for (int i = 0; i < READS_PER_WAKEUP; i++) {
        struct question at = { .server = s, .peer_len = sizeof(at.peer) };
        ssize_t n = recvfrom(s->fd, s->worker->rx, QUERY_MAX_BYTES, MSG_DONTWAIT,
                             (struct sockaddr *)&at.peer, &at.peer_len);

        if (n >= 0)
            take_message(&at, str_make(s->worker->rx, (size_t)n));
        else if (errno == EAGAIN)
            return;
    }
}

/* ---- TCP ---- */

static void drop_questions(struct list *questions)
{
    while (!list_is_empty(questions))
        drop_question(LIST_ITEM(questions->next, struct question, link));
}

static void free_conn(struct worker_task *task)
{
    struct conn *c = CONTAINER_OF(task, struct conn, task);

    drop_questions(&c->questions);
    buf_deinit(&c->in);
    mem_free(c);
}

/* Closes it now; the rest goes when nobody up the stack uses it any more. */
static void drop_conn(struct conn *c)
{
    if (!c->stream)
        return;
    stream_close_flush(c->stream);
    c->stream = NULL;
    list_remove(&c->link);
    c->server->conn_count--;
    timer_cancel(&c->idle);
    worker_defer(c->server->worker, &c->task);
}

static void take_messages(struct conn *c)
{
    struct question at = { .server = c->server, .conn = c };

    while (c->stream && buf_len(&c->in) >= 2) {
        struct str all = buf_str(&c->in);
        size_t len = (size_t)(uint8_t)all.p[0] << 8 | (uint8_t)all.p[1];

        if (len > QUERY_MAX_BYTES || c->question_count >= CONN_QUESTIONS_MAX) {
            drop_conn(c);
            return;
        }
        if (all.len - 2 < len)
            return;
        take_message(&at, str_head(str_skip(all, 2), len));
        buf_consume(&c->in, len + 2);
    }
}

static void on_read(void *arg, const uint8_t *p, size_t len)
{
    struct conn *c = arg;

    timer_start(&c->idle, c->server->tcp_idle_ms);
    if (buf_add(&c->in, p, len) != 0) {
        drop_conn(c);
        return;
    }
    take_messages(c);
    if (c->stream && buf_len(&c->in) == 0)
        buf_shrink(&c->in);
}

/* Who has said all may still wait for answers. */
static void on_eof(void *arg)
{
    struct conn *c = arg;

    c->eof = true;
    if (c->question_count == 0)
        drop_conn(c);
}

static void on_error(void *arg, int err)
{
    (void)err;
    drop_conn(arg);
}

static void on_idle(struct timer *timer)
{
    drop_conn(CONTAINER_OF(timer, struct conn, idle));
}

static const struct stream_events conn_events = {
    .on_read = on_read,
    .on_eof = on_eof,
    .on_error = on_error,
};

static void on_accept(void *arg, struct stream *stream)
{
    struct dns_server *s = arg;
    struct conn *c;

    if (s->conn_count >= s->tcp_max) {
        s->counts.dropped++;
        stream_close(stream);
        return;
    }
    c = mem_alloc0(1, sizeof(*c));
    c->server = s;
    c->stream = stream;
    buf_init(&c->in, QUERY_MAX_BYTES + WORKER_RX_BYTES);
    list_init(&c->questions);
    worker_task_init(&c->task, free_conn);
    timer_init(&c->idle, &s->worker->timers, on_idle);
    timer_start(&c->idle, s->tcp_idle_ms);
    list_push(&s->conns, &c->link);
    s->conn_count++;
    stream_set_events(stream, &conn_events, c);
    stream_read_start(stream);
}

/* ---- start and end ---- */

/* UDP and TCP on one port. When the system chooses, what is free for the one may be taken for the
 * other: then again. */
static int open_sockets(struct dns_server *s, const struct addr *at)
{
    struct sock_bind_options none = { 0 };
    int err = UV_EADDRINUSE;

    for (int tries = 0; tries < 8; tries++) {
        err = sock_open(at, SOCK_DGRAM, &s->fd);
        if (err == 0)
            err = sock_bind(s->fd, at, &none);
        if (err == 0)
            err = sock_local(s->fd, &s->at);
        if (err == 0)
            err = listener_open(s->worker, &s->at, NULL, on_accept, s, &s->listener);
        if (err == 0)
            return 0;
        sock_close(s->fd);
        s->fd = -1;
        if (err != UV_EADDRINUSE || at->port)
            break;
    }
    return err;
}

static int take_sockets(struct dns_server *s, const struct dns_server_options *o)
{
    struct listener_options listener = { .fd = o->tcp_fd };
    int err;

    s->fd = o->udp_fd;
    err = sock_local(s->fd, &s->at);
    if (err == 0)
        err = listener_open(s->worker, &s->at, &listener, on_accept, s, &s->listener);
    if (err != 0)
        sock_close(s->fd);
    return err;
}

static void read_conf(struct dns_server *s, const struct dns_server_options *o)
{
    struct dns_forward_options forward = o->forward;
    const char *path = o->resolv_conf ? o->resolv_conf : "/etc/resolv.conf";

    if (path[0]) {
        s->search_count = dns_forward_read_conf(path, &forward, s->search, SEARCH_MAX);
    } else {
        while (s->search_count < o->search_count && s->search_count < SEARCH_MAX) {
            s->search[s->search_count] = mem_strdup(o->search[s->search_count]);
            s->search_count++;
        }
    }
    for (size_t i = 0; i < s->search_count; i++)
        for (char *c = s->search[i]; *c; c++)
            *c = str_lower_char(*c);
    s->forward = dns_forward_new(s->worker, &forward);
}

static void free_server(struct dns_server *s)
{
    dns_forward_free(s->forward);
    for (size_t i = 0; i < s->search_count; i++)
        mem_free(s->search[i]);
    mem_free(s);
}

static void on_poll_closed(uv_handle_t *handle)
{
    free_server(CONTAINER_OF((uv_poll_t *)handle, struct dns_server, poll));
}

int dns_server_open(struct worker *w, const struct dns_server_options *options, dns_server_fn fn,
                    void *arg, struct dns_server **out)
{
    struct dns_server *s = mem_alloc0(1, sizeof(*s));
    int err;

    s->worker = w;
    s->fn = fn;
    s->arg = arg;
    s->tcp_max = options->tcp_max ? options->tcp_max : 256;
    s->tcp_idle_ms = options->tcp_idle_ms ? options->tcp_idle_ms : 10000;
    list_init(&s->conns);
    list_init(&s->questions);
    err = options->use_fds ? take_sockets(s, options) : open_sockets(s, &options->at);
    if (err == 0 && (err = uv_poll_init(&w->loop, &s->poll, s->fd)) != 0) {
        listener_close(s->listener, false);
        sock_close(s->fd);
    }
    if (err != 0) {
        mem_free(s);
        return err;
    }
    read_conf(s, options);
    uv_poll_start(&s->poll, UV_READABLE, on_datagram);
    *out = s;
    return 0;
}

void dns_server_close(struct dns_server *s)
{
    if (!s)
        return;
    listener_close(s->listener, false);
    while (!list_is_empty(&s->conns)) {
        struct conn *c = LIST_ITEM(s->conns.next, struct conn, link);

        drop_conn(c);
        drop_questions(&c->questions);
    }
    drop_questions(&s->questions);
    uv_close((uv_handle_t *)&s->poll, on_poll_closed);
    sock_close(s->fd);
}

const struct addr *dns_server_addr(const struct dns_server *s)
{
    return &s->at;
}

void dns_server_get_counts(const struct dns_server *s, struct dns_server_counts *out)
{
    *out = s->counts;
}
