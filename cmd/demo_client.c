#include "cmd/demo_client.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/dns/dns_resolver.h"
#include "core/http/http_pool.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"

struct target {
    struct list link;
    struct demo_client *client;
    char *host;
    uint16_t port;
    struct addr at; /* where it was last found */
    struct http_pool *pool;
};

struct demo_client {
    struct worker *worker;
    struct dns_resolver *resolver;
    struct addr proxy;
    struct http_pool_config pool;
    struct list targets, calls;
};

/* resolve ──► pool ──► stream ──► answer, and a timer over all. */
struct call {
    struct list link;
    struct target *target;
    struct arena arena;
    struct http_headers headers; /* of the request */
    struct str path, authority;
    struct dns_lookup *lookup;
    struct http_pool_waiter *waiter;
    struct http_stream *stream;
    struct http_msg *head; /* of the answer, in the stream's arena */
    struct buf body;
    struct timer timer;
    struct worker_task task;
    int err; /* task: what to tell */
    uint64_t start_ns;
    demo_client_fn done;
    void *arg;
};

static int connect_target(void *arg, struct worker *w, struct stream **out)
{
    const struct target *t = arg;

    return stream_tcp_connect(w, &t->at, NULL, out);
}

static void call_free(struct call *c)
{
    list_remove(&c->link);
    timer_cancel(&c->timer);
    worker_undefer(&c->task);
    dns_resolver_cancel(c->lookup);
    if (c->waiter)
        http_pool_cancel(c->waiter);
    if (c->stream)
        http_stream_release(c->stream);
    buf_deinit(&c->body);
    arena_deinit(&c->arena);
    mem_free(c);
}

static void finish(struct call *c, int err)
{
    struct demo_client_reply reply = { .err = err, .took_us = (uv_hrtime() - c->start_ns) / 1000 };

    timer_cancel(&c->timer);
    if (!err) {
        reply.status = c->head->status;
        reply.headers = &c->head->headers;
        reply.body = buf_str(&c->body);
    }
    c->done(c->arg, &reply);
    call_free(c);
}

static void on_task(struct worker_task *task)
{
    struct call *c = CONTAINER_OF(task, struct call, task);

    finish(c, c->err);
}

static void on_timer(struct timer *t)
{
    finish(CONTAINER_OF(t, struct call, timer), ERR_TIMEOUT);
}

/* ---- the answer ---- */

static void on_head(void *arg, struct http_msg *head, bool end)
{
    struct call *c = arg;

    if (head->status < 200)
        return;
    c->head = head;
    if (end)
        finish(c, 0);
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct call *c = arg;

    http_stream_consume(c->stream, len);
    if (buf_add(&c->body, p, len) != 0)
        finish(c, ERR_LIMIT);
    else if (end)
        finish(c, 0);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    (void)trailers;
    finish(arg, 0);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    finish(arg, failure->err ? failure->err : ERR_CLOSED);
}

static const struct http_stream_events events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_reset = on_reset,
};

/* ---- the request ---- */

static void send_request(struct call *c, struct http_stream *hs)
{
    struct http_msg head;

    c->stream = hs;
    http_stream_set_events(hs, &events, c);
    http_msg_init(&head, &c->arena);
    http_msg_set_method(&head, STR("GET"));
    head.scheme = STR("http");
    head.authority = c->authority;
    head.path = c->path;
    head.content_length = 0;
    http_headers_copy(&head.headers, &c->headers, false);
    if (http_stream_send_head(hs, &head, true) != 0) {
        c->err = ERR_CLOSED;
        worker_defer(c->target->client->worker, &c->task);
    }
}

static void on_stream(void *arg, struct http_stream *hs, int err)
{
    struct call *c = arg;

    c->waiter = NULL;
    if (err)
        finish(c, err);
    else
        send_request(c, hs);
}

static void ask_pool(struct call *c)
{
    struct http_stream *hs;
    int err = http_pool_get(c->target->pool, on_stream, c, &hs, &c->waiter);

    if (err) {
        c->err = err;
        worker_defer(c->target->client->worker, &c->task);
    } else if (hs) {
        send_request(c, hs);
    }
}

static void on_found(void *arg, int err, const struct dns_addrs *addrs)
{
    struct call *c = arg;
    struct target *t = c->target;
    struct addr at;

    c->lookup = NULL;
    if (err) {
        finish(c, err);
        return;
    }
    at = addrs->list[0];
    at.port = t->port;
    if (!addr_eq(&at, &t->at)) {
        t->at = at;
        http_pool_drain(t->pool);
    }
    ask_pool(c);
}

static struct target *find_target(struct demo_client *client, struct str host, uint16_t port)
{
    struct target *t;

    LIST_FOREACH(it, tmp, &client->targets)
    {
        t = LIST_ITEM(it, struct target, link);
        if (t->port == port && str_is(host, t->host))
            return t;
    }
    t = mem_alloc0(1, sizeof(*t));
    t->client = client;
    t->host = str_dup(host);
    t->port = port;
    t->at = client->proxy;
    t->pool = http_pool_new(client->worker, &client->pool, connect_target, t);
    list_push(&client->targets, &t->link);
    return t;
}

void demo_client_get(struct demo_client *client, const struct demo_client_request *request,
                     demo_client_fn done, void *arg)
{
    struct call *c = mem_alloc0(1, sizeof(*c));

    c->target = find_target(client, request->host, request->port);
    c->done = done;
    c->arg = arg;
    c->start_ns = uv_hrtime();
    arena_init(&c->arena, 1024);
    buf_init(&c->body, DEMO_CLIENT_BODY_MAX);
    http_headers_init(&c->headers, &c->arena);
    if (request->headers)
        http_headers_copy(&c->headers, request->headers, true);
    c->path = arena_str(&c->arena, request->path);
    c->authority = arena_printf(&c->arena, "%s:%u", c->target->host, c->target->port);
    timer_init(&c->timer, &client->worker->timers, on_timer);
    timer_start(&c->timer, request->timeout_ms);
    worker_task_init(&c->task, on_task);
    list_push(&client->calls, &c->link);
    if (client->proxy.family != ADDR_NONE)
        ask_pool(c);
    else
        c->lookup = dns_resolver_start(client->resolver, str_of(c->target->host), DNS_FAMILY_IPV4,
                                       on_found, c);
}

struct demo_client *demo_client_new(struct worker *w, const struct addr *proxy)
{
    struct demo_client *c = mem_alloc0(1, sizeof(*c));

    c->worker = w;
    c->proxy = *proxy;
    c->pool.protocol = HTTP_PROTOCOL_H1;
    list_init(&c->targets);
    list_init(&c->calls);
    if (dns_resolver_new(w, NULL, &c->resolver) != 0) {
        mem_free(c);
        return NULL;
    }
    return c;
}

void demo_client_free(struct demo_client *c)
{
    if (!c)
        return;
    LIST_FOREACH(it, tmp, &c->calls)
    call_free(LIST_ITEM(it, struct call, link));
    LIST_FOREACH(it, tmp, &c->targets)
    {
        struct target *t = LIST_ITEM(it, struct target, link);

        /* Its connections may want the target once more before they are gone. */
        http_pool_free(t->pool);
        list_remove(&t->link);
        mem_free(t->host);
        mem_free(t);
    }
    dns_resolver_free(c->resolver);
    mem_free(c);
}
