#include "core/dns/dns_forward.h"

#include <errno.h>
#include <stdio.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/sock.h"
#include "core/net/stream_tcp.h"

#define KEY_MAX_BYTES    (DNS_NAME_MAX_BYTES + 6)
#define CACHED_MAX_BYTES ((size_t)4096)
#define UDP_MAX_BYTES    ((size_t)65535)

/* A reply kept. */
struct kept {
    struct list used; /* in forward->kept, the one not used for longest first */
    uint64_t since_ms, expires_ms;
    struct str key, reply;
    char bytes[]; /* of both */
};

/* The UDP socket of one try; outlives its question until libuv lets go of it. */
struct socket {
    uv_poll_t poll;
    struct dns_forward_ask *ask; /* NULL: nobody cares any more */
    int fd;
};

struct dns_forward_ask {
    struct list link; /* in forward->asks */
    struct dns_forward *forward;
    struct dns_msg_query query;
    uint8_t name[DNS_NAME_MAX_BYTES]; /* as we ask it */
    uint16_t id;
    bool is_tcp;
    size_t server; /* the one asked now */
    struct socket *socket;
    struct stream *stream;
    struct buf in; /* what came by TCP, or the reply */
    struct timer timer;
    struct worker_task task; /* tells the asker */
    int err;
    dns_forward_fn done;
    void *arg;
};

struct dns_forward {
    struct worker *worker;
    struct dns_forward_options options;
    struct map by_key;
    struct list asks, kept;
    size_t ask_count;
};

static void try_server(struct dns_forward_ask *a);

/* ---- the cache ---- */

static struct str make_key(const struct dns_msg_query *q, char out[KEY_MAX_BYTES])
{
    size_t n = q->wire_len;

    for (size_t i = 0; i < n; i++)
        out[i] = str_lower_char((char)q->wire[i]);
    out[n++] = (char)(q->type >> 8);
    out[n++] = (char)q->type;
    out[n++] = (char)(q->qclass >> 8);
    out[n++] = (char)q->qclass;
    out[n++] = (char)(q->checking_disabled | q->has_edns << 1 | q->dnssec_ok << 2);
    return str_make(out, n);
}

static void drop_kept(struct dns_forward *f, struct kept *k)
{
    map_remove(&f->by_key, k->key);
    list_remove(&k->used);
    mem_free(k);
}

static void keep(struct dns_forward *f, const struct dns_msg_query *q, struct str reply,
                 uint32_t ttl_s)
{
    char text[KEY_MAX_BYTES];
    struct str key = make_key(q, text);
    struct kept *k = map_get(&f->by_key, key);

    if (k)
        drop_kept(f, k);
    if (ttl_s == 0 || reply.len > CACHED_MAX_BYTES)
        return;
    if (f->by_key.count >= f->options.cache_max)
        drop_kept(f, LIST_ITEM(f->kept.next, struct kept, used));
    if (ttl_s > f->options.ttl_max_s)
        ttl_s = f->options.ttl_max_s;
    k = mem_alloc_flex(sizeof(*k), key.len + reply.len, 1);
    memcpy(k->bytes, key.p, key.len);
    memcpy(k->bytes + key.len, reply.p, reply.len);
    k->key = str_make(k->bytes, key.len);
    k->reply = str_make(k->bytes + key.len, reply.len);
    k->since_ms = worker_now_ms(f->worker);
    k->expires_ms = k->since_ms + (uint64_t)ttl_s * 1000;
    list_push(&f->kept, &k->used);
    map_put(&f->by_key, k->key, k);
}

/* Copies a kept reply into out. */
static bool find_kept(struct dns_forward *f, const struct dns_msg_query *q, struct buf *out)
{
    char text[KEY_MAX_BYTES];
    struct kept *k = map_get(&f->by_key, make_key(q, text));
    uint64_t now_ms = worker_now_ms(f->worker);

    if (!k)
        return false;
    if (now_ms >= k->expires_ms) {
        drop_kept(f, k);
        return false;
    }
    list_remove(&k->used);
    list_push(&f->kept, &k->used);
    buf_add_str(out, k->reply);
    dns_msg_readdress(out->p + out->start, buf_len(out), q,
                      (uint32_t)((now_ms - k->since_ms) / 1000));
    return true;
}

/* ---- one question ---- */

static void on_socket_closed(uv_handle_t *handle)
{
    mem_free(CONTAINER_OF((uv_poll_t *)handle, struct socket, poll));
}

/* Ends the present try. */
static void hang_up(struct dns_forward_ask *a)
{
    timer_cancel(&a->timer);
    if (a->socket) {
        a->socket->ask = NULL;
        uv_close((uv_handle_t *)&a->socket->poll, on_socket_closed);
        sock_close(a->socket->fd);
        a->socket = NULL;
    }
    stream_close(a->stream);
    a->stream = NULL;
    buf_clear(&a->in);
}

static void free_ask(struct dns_forward_ask *a)
{
    hang_up(a);
    worker_undefer(&a->task);
    list_remove(&a->link);
    a->forward->ask_count--;
    buf_deinit(&a->in);
    mem_free(a);
}

void dns_forward_cancel(struct dns_forward_ask *ask)
{
    if (ask)
        free_ask(ask);
}

static void run_done(struct worker_task *task)
{
    struct dns_forward_ask *a = CONTAINER_OF(task, struct dns_forward_ask, task);
    struct buf reply = a->in;
    dns_forward_fn done = a->done;
    void *arg = a->arg;
    int err = a->err;

    buf_init(&a->in, 0);
    free_ask(a);
    done(arg, err, err == 0 ? buf_str(&reply) : STR_NONE);
    buf_deinit(&reply);
}

static void fail(struct dns_forward_ask *a, int err)
{
    hang_up(a);
    a->err = err;
    worker_defer(a->forward->worker, &a->task);
}

static void try_next(struct dns_forward_ask *a)
{
    hang_up(a);
    a->server++;
    try_server(a);
}

/* Takes a message as the reply. Returns whether it was one. */
static bool take_reply(struct dns_forward_ask *a, struct str bytes)
{
    struct dns_msg_reply reply;
    struct buf copy;

    if (dns_msg_decode_reply(bytes, &a->query, a->id, a->name, &reply) != 0)
        return false;
    if ((reply.rcode == DNS_RCODE_SERVER || reply.rcode == DNS_RCODE_REFUSED) &&
        a->server + 1 < a->forward->options.server_count) {
        try_next(a);
        return true;
    }
    buf_init(&copy, 0);
    buf_add_str(&copy, bytes);
    dns_msg_readdress(copy.p, buf_len(&copy), &a->query, 0);
    keep(a->forward, &a->query, buf_str(&copy), reply.ttl_s);
    hang_up(a);
    buf_deinit(&a->in);
    a->in = copy;
    worker_defer(a->forward->worker, &a->task);
    return true;
}

static void on_timer(struct timer *t)
{
    try_next(CONTAINER_OF(t, struct dns_forward_ask, timer));
}

/* ---- by UDP ---- */

static void on_datagram(uv_poll_t *poll, int status, int events)
{
    struct socket *s = CONTAINER_OF(poll, struct socket, poll);
    char *bytes;
    ssize_t n;

    (void)events;
    (void)status;
    while (s->ask) {
        bytes = s->ask->forward->worker->rx;
        n = recv(s->fd, bytes, UDP_MAX_BYTES, MSG_DONTWAIT);
        if (n < 0) {
            /* A refusal comes back as an error of the connected socket. */
            if (errno != EAGAIN && errno != EINTR)
                try_next(s->ask);
            return;
        }
        (void)take_reply(s->ask, str_make(bytes, (size_t)n)); /* strangers' messages are skipped */
    }
}

static int open_socket(struct dns_forward_ask *a, const struct addr *server, int *out)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(server, &ss);
    int err = sock_open(server, SOCK_DGRAM, out);

    if (err == 0 && a->forward->options.mark)
        err = sock_set_mark(*out, a->forward->options.mark);
    if (err == 0 && connect(*out, (struct sockaddr *)&ss, len) != 0)
        err = -errno;
    return err;
}

static int ask_by_udp(struct dns_forward_ask *a, const struct addr *server, struct str message)
{
    struct socket *s = mem_alloc0(1, sizeof(*s));
    int err;

    s->fd = -1;
    err = open_socket(a, server, &s->fd);
    if (err == 0 && send(s->fd, message.p, message.len, MSG_NOSIGNAL) < 0)
        err = -errno;
    if (err == 0)
        err = uv_poll_init(&a->forward->worker->loop, &s->poll, s->fd);
    if (err != 0) {
        sock_close(s->fd);
        mem_free(s);
        return err;
    }
    s->ask = a;
    a->socket = s;
    uv_poll_start(&s->poll, UV_READABLE, on_datagram);
    return 0;
}

/* ---- by TCP: each message behind its length in two bytes ---- */

static void on_tcp_read(void *arg, const uint8_t *p, size_t len)
{
    struct dns_forward_ask *a = arg;
    struct str all;
    size_t want;

    buf_add(&a->in, p, len);
    all = buf_str(&a->in);
    if (all.len < 2)
        return;
    want = (size_t)(uint8_t)all.p[0] << 8 | (uint8_t)all.p[1];
    if (all.len - 2 >= want && !take_reply(a, str_head(str_skip(all, 2), want)))
        try_next(a);
}

static void on_tcp_eof(void *arg)
{
    try_next(arg);
}

static void on_tcp_error(void *arg, int err)
{
    (void)err;
    try_next(arg);
}

static const struct stream_events tcp_events = {
    .on_read = on_tcp_read,
    .on_eof = on_tcp_eof,
    .on_error = on_tcp_error,
};

static int ask_by_tcp(struct dns_forward_ask *a, const struct addr *server, struct str message)
{
    struct stream_tcp_options options = { .mark = a->forward->options.mark };
    uint8_t head[2] = { (uint8_t)(message.len >> 8), (uint8_t)message.len };
    int err = stream_tcp_connect(a->forward->worker, server, &options, &a->stream);

    if (err != 0)
        return err;
    stream_set_events(a->stream, &tcp_events, a);
    stream_read_start(a->stream);
    err = stream_write_bytes(a->stream, head, sizeof(head));
    return err ? err : stream_write_bytes(a->stream, message.p, message.len);
}

/* ---- asking ---- */

static void try_server(struct dns_forward_ask *a)
{
    struct dns_forward *f = a->forward;
    uint64_t random;
    struct buf message;
    int err = ERR_TIMEOUT;

    for (; a->server < f->options.server_count; a->server++) {
        random_bytes(&a->id, sizeof(a->id));
        random_bytes(&random, sizeof(random));
        dns_msg_mix_case(&a->query, f->options.keep_case ? 0 : random, a->name);
        buf_init(&message, 0);
        dns_msg_encode_query(&a->query, a->id, a->name, &message);
        err = a->is_tcp ? ask_by_tcp(a, &f->options.servers[a->server], buf_str(&message))
                        : ask_by_udp(a, &f->options.servers[a->server], buf_str(&message));
        buf_deinit(&message);
        if (err == 0) {
            timer_start(&a->timer, f->options.timeout_ms);
            return;
        }
        hang_up(a);
    }
    fail(a, ERR_TIMEOUT);
}

struct dns_forward_ask *dns_forward_start(struct dns_forward *f, const struct dns_msg_query *q,
                                          bool is_tcp, dns_forward_fn done, void *arg)
{
    struct dns_forward_ask *a = mem_alloc0(1, sizeof(*a));

    a->forward = f;
    a->query = *q;
    a->is_tcp = is_tcp;
    a->done = done;
    a->arg = arg;
    buf_init(&a->in, DNS_MSG_MAX_BYTES + 2 + WORKER_RX_BYTES);
    timer_init(&a->timer, &f->worker->timers, on_timer);
    worker_task_init(&a->task, run_done);
    list_push(&f->asks, &a->link);
    f->ask_count++;
    if (find_kept(f, q, &a->in))
        worker_defer(f->worker, &a->task);
    else if (f->ask_count > f->options.pending_max)
        fail(a, ERR_OVERLOAD);
    else
        try_server(a);
    return a;
}

struct dns_forward *dns_forward_new(struct worker *w, const struct dns_forward_options *options)
{
    struct dns_forward *f = mem_alloc0(1, sizeof(*f));

    f->worker = w;
    f->options = *options;
    f->options.timeout_ms = options->timeout_ms ? options->timeout_ms : 5000;
    f->options.pending_max = options->pending_max ? options->pending_max : 512;
    f->options.cache_max = options->cache_max ? options->cache_max : 1024;
    f->options.ttl_max_s = options->ttl_max_s ? options->ttl_max_s : 3600;
    map_init(&f->by_key);
    list_init(&f->asks);
    list_init(&f->kept);
    return f;
}

void dns_forward_free(struct dns_forward *f)
{
    if (!f)
        return;
    while (!list_is_empty(&f->asks))
        free_ask(LIST_ITEM(f->asks.next, struct dns_forward_ask, link));
    while (!list_is_empty(&f->kept))
        drop_kept(f, LIST_ITEM(f->kept.next, struct kept, used));
    map_deinit(&f->by_key);
    mem_free(f);
}

/* ---- resolv.conf ---- */

static struct str next_word(struct str *line)
{
    struct str word = STR_NONE;

    while (line->p && word.len == 0)
        word = str_trim(str_cut(line, ' '));
    return word;
}

size_t dns_forward_read_conf(const char *path, struct dns_forward_options *out, char **search,
                             size_t search_max)
{
    FILE *file = fopen(path, "re");
    size_t count = 0;
    char text[1024];

    out->server_count = 0;
    if (!file)
        return 0;
    while (fgets(text, sizeof(text), file)) {
        struct str line = str_trim(str_of(text)), word;

        for (size_t i = 0; i < line.len; i++)
            text[line.p - text + (ptrdiff_t)i] = line.p[i] == '\t' ? ' ' : line.p[i];
        word = next_word(&line);
        if (str_is(word, "nameserver") && out->server_count < DNS_FORWARD_SERVERS) {
            if (addr_parse(next_word(&line), 53, &out->servers[out->server_count]) == 0)
                out->server_count++;
        } else if (str_is(word, "search") || str_is(word, "domain")) {
            while (count) /* the last such line counts */
                mem_free(search[--count]);
            while ((word = next_word(&line)).len && count < search_max)
                search[count++] = str_dup(word);
        }
    }
    fclose(file);
    return count;
}
