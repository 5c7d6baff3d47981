#include "core/http/http_pool.h"

#include "core/base/error.h"
#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/http/http_h1_client.h"
#include "core/http/http_h2_client.h"
#include "core/http/http_idle.h"
#include "core/http/http_pool_config.h"
#include "core/loop/worker.h"
#include "core/net/stream.h"

/* One connection, from dialling to its end:
 *
 *   dialling ─► ready: h1 or h2 set ─► gone (on_close of the client)
 *      └─► failed: its waiters are told
 */
struct conn {
    struct list link; /* in pool->conns */
    struct list idle; /* in pool->idle, HTTP/1 only */
    struct http_pool *pool;
    struct stream *stream; /* while dialling */
    struct timer timer;    /* of the dialling */
    struct http_h1_client *h1;
    struct http_h2_client *h2;
    uint64_t idle_since_ms;
    uint64_t reused_ms; /* when the last request took it; 0: it was new */
    uint32_t served;
};

struct http_pool_waiter {
    struct list link;
    struct http_pool *pool;
    http_pool_ready_fn ready;
    void *arg;
};

struct http_pool {
    struct worker *worker;
    struct http_pool_config config;
    http_pool_connect_fn connect;
    void *arg;
    struct list conns;
    struct list idle; /* the hottest first */
    struct list waiters;
    struct worker_task task;
    struct timer sweep;
    struct http_idle idle_limit; /* HTTP/1 */
    struct http_h1_limits limits;
    struct http_h2_client_config h2_config;
    uint32_t conn_count, idle_count, dialing, waiting;
    uint8_t learned; /* enum http_protocol: what the last connection spoke */
    bool closing;
};

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static enum http_protocol protocol_of(const struct http_pool *p)
{
    return p->config.protocol != HTTP_PROTOCOL_AUTO ? p->config.protocol : p->learned;
}

/* ---- connections at hand ---- */

static void take_from_idle(struct conn *c)
{
    if (!list_is_linked(&c->idle))
        return;
    list_remove(&c->idle);
    c->pool->idle_count--;
}

/* The last request this connection may carry has begun. */
static bool is_used_up(const struct conn *c)
{
    uint32_t max = c->pool->config.max_requests_per_conn;

    return max && c->served >= max;
}

static struct http_stream *request_on(struct conn *c)
{
    struct http_stream *hs;

    c->reused_ms = c->served ? worker_now_ms(c->pool->worker) : 0;
    c->served++;
    if (c->h1) {
        take_from_idle(c);
        hs = http_h1_client_request(c->h1);
        if (is_used_up(c))
            http_h1_client_drain(c->h1);
    } else {
        hs = http_h2_client_request(c->h2);
        if (is_used_up(c))
            http_h2_client_drain(c->h2);
    }
    return hs;
}

/* Too long idle: the peer may be closing it at this moment. A new connection is never. */
static bool is_stale(const struct conn *c)
{
    struct http_pool *p = c->pool;
    uint64_t now = worker_now_ms(p->worker);

    return c->served && now - c->idle_since_ms >= http_idle_limit_ms(&p->idle_limit, now);
}

static struct conn *find_now(struct http_pool *p)
{
    LIST_FOREACH(link, next, &p->idle)
    {
        struct conn *c = LIST_ITEM(link, struct conn, idle);

        if (!http_h1_client_is_idle(c->h1)) /* one that just ended is told about later */
            continue;
        if (!is_stale(c))
            return c;
        take_from_idle(c);
        http_h1_client_close(c->h1);
    }
    if (protocol_of(p) == HTTP_PROTOCOL_H1)
        return NULL;
    LIST_FOREACH(link, next, &p->conns)
    {
        struct conn *c = LIST_ITEM(link, struct conn, link);

        if (c->h2 && http_h2_client_room(c->h2) > 0)
            return c;
    }
    return NULL;
}

static bool has_too_many_requests(const struct http_pool *p)
{
    const struct http_pool_counts *all = p->config.counts;

    return p->config.max_requests && all &&
           http_pool_count_of(&all->requests) >= p->config.max_requests;
}

/* ERR_LIMIT: there is a connection, but too many requests are in motion. ERR_AGAIN: there is none.
 */
static int try_now(struct http_pool *p, struct http_stream **hs)
{
    struct conn *c = find_now(p);

    if (!c)
        return ERR_AGAIN;
    if (has_too_many_requests(p))
        return ERR_LIMIT;
    *hs = request_on(c);
    return 0;
}

static void count_waiting(struct http_pool *p, int by)
{
    p->waiting += (uint32_t)by;
    if (p->config.counts)
        http_pool_count(&p->config.counts->pending, by);
}

static void count_conns(struct http_pool *p, int by)
{
    p->conn_count += (uint32_t)by;
    if (p->config.counts)
        http_pool_count(&p->config.counts->connections, by);
}

/* ---- connections come and go ---- */

static void remove_conn(struct conn *c)
{
    struct http_pool *p = c->pool;

    take_from_idle(c);
    list_remove(&c->link);
    timer_cancel(&c->timer);
    count_conns(p, -1);
    mem_free(c);
    if (p->waiting || p->closing)
        worker_defer(p->worker, &p->task);
}

static void start_sweep(struct http_pool *p)
{
    if (!timer_is_running(&p->sweep))
        timer_start(&p->sweep, or_default(p->config.idle_timeout_ms, 90000) / 2 + 1);
}

static void on_h1_idle(void *arg)
{
    struct conn *c = arg;
    struct http_pool *p = c->pool;
    uint32_t seconds;

    c->idle_since_ms = worker_now_ms(p->worker);
    if (http_h1_client_get_idle_s(c->h1, &seconds))
        http_idle_told(&p->idle_limit, seconds);
    list_push_front(&p->idle, &c->idle);
    p->idle_count++;
    if (p->idle_count > or_default(p->config.max_idle, 512)) {
        struct conn *oldest = LIST_ITEM(p->idle.prev, struct conn, idle);

        take_from_idle(oldest);
        http_h1_client_close(oldest->h1);
    }
    start_sweep(p);
    if (p->waiting)
        worker_defer(p->worker, &p->task);
}

static void on_h2_room(void *arg)
{
    struct conn *c = arg;
    struct http_pool *p = c->pool;

    c->idle_since_ms = worker_now_ms(p->worker);
    start_sweep(p);
    if (p->waiting)
        worker_defer(p->worker, &p->task);
}

static void on_h2_goaway(void *arg)
{
    struct conn *c = arg;

    if (c->pool->waiting)
        worker_defer(c->pool->worker, &c->pool->task);
}

static void on_close(void *arg, int err)
{
    struct conn *c = arg;
    uint64_t now = worker_now_ms(c->pool->worker);

    if (err == ERR_PROTO) /* bytes nobody asked for: our doing */
        ;
    else if (c->h1 && c->served && list_is_linked(&c->idle)) /* by us it is not in there */
        http_idle_closed(&c->pool->idle_limit, c->idle_since_ms, now);
    else if (c->h1 && c->reused_ms && http_h1_client_was_unread(c->h1))
        http_idle_closed(&c->pool->idle_limit, c->idle_since_ms, c->reused_ms);
    remove_conn(c);
}

static const struct http_h1_client_events h1_events = { on_h1_idle, on_close };
static const struct http_h2_client_events h2_events = { on_h2_room, on_h2_goaway, on_close };

static void tell(struct http_pool *p, struct http_stream *hs, int err)
{
    struct http_pool_waiter *waiter =
        LIST_ITEM(list_pop(&p->waiters), struct http_pool_waiter, link);
    http_pool_ready_fn ready = waiter->ready;
    void *arg = waiter->arg;

    count_waiting(p, -1);
    mem_free(waiter);
    ready(arg, hs, err);
}

/* A dial failed. HTTP/1: who asked first hears of it, the others have dials of their own. HTTP/2:
 * all who waited for it. */
static void dial_failed(struct conn *c, int err)
{
    struct http_pool *p = c->pool;
    uint32_t others;

    p->dialing--;
    stream_close(c->stream);
    c->stream = NULL;
    others = p->conn_count - 1;
    remove_conn(c);
    if (others && protocol_of(p) == HTTP_PROTOCOL_H1) {
        if (p->waiting)
            tell(p, NULL, err);
        return;
    }
    for (uint32_t n = others && p->dialing ? 0 : p->waiting; n > 0 && p->waiting > 0; n--)
        tell(p, NULL, err);
}

static void on_dial_timeout(struct timer *t)
{
    dial_failed(CONTAINER_OF(t, struct conn, timer), ERR_TIMEOUT);
}

static void retire(struct conn *c)
{
    take_from_idle(c);
    if (c->h1)
        http_h1_client_drain(c->h1);
    else if (c->h2)
        http_h2_client_drain(c->h2);
}

static void on_age(struct timer *t)
{
    retire(CONTAINER_OF(t, struct conn, timer));
}

/* The stream is ready: the connection takes its protocol. */
static int established(struct conn *c)
{
    struct http_pool *p = c->pool;
    struct stream *s = c->stream;
    int err = 0;

    timer_cancel(&c->timer);
    p->learned = (uint8_t)http_pool_config_negotiated(&p->config, s);
    p->dialing--;
    c->stream = NULL;
    if (p->learned == HTTP_PROTOCOL_H2) {
        err = http_h2_client_new(s, &p->h2_config, &h2_events, c, &c->h2);
        if (err)
            remove_conn(c);
    } else {
        c->h1 = http_h1_client_new(s, &p->limits, &h1_events, c);
        c->idle_since_ms = worker_now_ms(p->worker);
        list_push_front(&p->idle, &c->idle);
        p->idle_count++;
    }
    if (!err && p->config.max_age_ms) {
        timer_init(&c->timer, &p->worker->timers, on_age);
        timer_start(&c->timer, p->config.max_age_ms);
    }
    start_sweep(p);
    return err;
}

static void on_dial_ready(void *arg)
{
    struct conn *c = arg;
    struct http_pool *p = c->pool;

    if (http_pool_config_accepts(&p->config, c->stream))
        (void)established(c);
    else
        dial_failed(c, ERR_UNSUPPORTED);
    worker_defer(p->worker, &p->task);
}

static void on_dial_read(void *arg, const uint8_t *p, size_t len)
{
    (void)arg, (void)p, (void)len; /* not reading yet */
}

static void on_dial_eof(void *arg)
{
    dial_failed(arg, ERR_CLOSED);
}

static void on_dial_error(void *arg, int err)
{
    dial_failed(arg, err);
}

static const struct stream_events dial_events = {
    .on_ready = on_dial_ready,
    .on_read = on_dial_read,
    .on_eof = on_dial_eof,
    .on_error = on_dial_error,
};

static int dial(struct http_pool *p)
{
    struct stream *s;
    struct conn *c;
    int err = p->connect(p->arg, p->worker, &s);

    if (err)
        return err;
    c = mem_alloc0(1, sizeof(*c));
    c->pool = p;
    c->stream = s;
    list_init(&c->idle);
    timer_init(&c->timer, &p->worker->timers, on_dial_timeout);
    list_push(&p->conns, &c->link);
    count_conns(p, 1);
    p->dialing++;
    if (stream_is_ready(s))
        return established(c);
    stream_set_events(s, &dial_events, c);
    timer_start(&c->timer, or_default(p->config.connect_timeout_ms, 10000));
    return 0;
}

static bool may_dial(struct http_pool *p)
{
    const struct http_pool_counts *all = p->config.counts;
    uint32_t max = p->config.max_connections;

    /* Where others have taken all connections, a pool without any may have one, lest its requests
     * wait for ever. */
    if (max && all && p->conn_count && http_pool_count_of(&all->connections) >= max)
        return false;
    if (max && p->conn_count >= max)
        return false;
    if (protocol_of(p) == HTTP_PROTOCOL_H2 && find_now(p))
        return false; /* the task has not told who waits yet */
    /* What is not known to be HTTP/1 may turn out to carry all of them. */
    return p->dialing == 0 || (protocol_of(p) == HTTP_PROTOCOL_H1 && p->dialing < p->waiting);
}

/* Serves who waits, then sees whether more connections are wanted. Top level. */
static void on_task(struct worker_task *task)
{
    struct http_pool *p = CONTAINER_OF(task, struct http_pool, task);
    struct http_stream *hs = NULL;
    int found = 0;

    while (p->waiting && !p->closing && (found = try_now(p, &hs)) != ERR_AGAIN)
        tell(p, found ? NULL : hs, found);
    while (p->waiting > p->dialing && !p->closing && may_dial(p)) {
        int err = dial(p);

        if (err && p->waiting)
            tell(p, NULL, err);
        else if (!err && (found = try_now(p, &hs)) != ERR_AGAIN)
            tell(p, found ? NULL : hs, found);
    }
    while (p->closing && p->waiting)
        tell(p, NULL, ERR_CLOSED);
    if (p->closing && p->conn_count == 0) {
        worker_undefer(&p->task);
        timer_cancel(&p->sweep);
        mem_free(p);
    }
}

/* ---- idle connections ---- */

static bool is_idle(const struct conn *c)
{
    return c->h1 ? list_is_linked(&c->idle) : c->h2 && http_h2_client_active(c->h2) == 0;
}

static void on_sweep(struct timer *t)
{
    struct http_pool *p = CONTAINER_OF(t, struct http_pool, sweep);
    uint64_t now = worker_now_ms(p->worker), limit = http_idle_limit_ms(&p->idle_limit, now);
    uint64_t max = or_default(p->config.idle_timeout_ms, 90000);

    LIST_FOREACH(link, next, &p->conns)
    {
        struct conn *c = LIST_ITEM(link, struct conn, link);

        if (is_idle(c) && now - c->idle_since_ms >= (c->h1 && limit < max ? limit : max))
            retire(c);
    }
    if (p->conn_count)
        start_sweep(p);
}

/* ---- for owners ---- */

struct http_pool *http_pool_new(struct worker *w, const struct http_pool_config *config,
                                http_pool_connect_fn connect, void *arg)
{
    struct http_pool *p = mem_alloc0(1, sizeof(*p));

    p->worker = w;
    p->config = *config;
    p->connect = connect;
    p->arg = arg;
    list_init(&p->conns);
    list_init(&p->idle);
    list_init(&p->waiters);
    worker_task_init(&p->task, on_task);
    timer_init(&p->sweep, &w->timers, on_sweep);
    http_pool_config_limits(config, &p->limits, &p->h2_config);
    http_idle_init(&p->idle_limit);
    return p;
}

void http_pool_drain(struct http_pool *p)
{
    LIST_FOREACH(link, next, &p->conns)
    {
        struct conn *c = LIST_ITEM(link, struct conn, link);

        if (!c->stream) {
            retire(c);
            continue;
        }
        p->dialing--; /* to where it was, as it was spoken to: who waits dials anew */
        stream_close(c->stream);
        c->stream = NULL;
        remove_conn(c);
    }
    if (p->waiting)
        worker_defer(p->worker, &p->task);
}

void http_pool_configure(struct http_pool *p, const struct http_pool_config *config)
{
    enum http_protocol protocol = p->config.protocol;
    int conns = (int)p->conn_count, waiting = (int)p->waiting;

    count_conns(p, -conns); /* where it counted so far, then where it will */
    count_waiting(p, -waiting);
    p->config = *config;
    p->config.protocol = protocol;
    count_conns(p, conns);
    count_waiting(p, waiting);
    p->h2_config.max_streams = config->max_streams_per_conn;
    p->h2_config.ping_interval_ms = config->ping_interval_ms;
}

void http_pool_free(struct http_pool *p)
{
    if (!p)
        return;
    p->closing = true;
    http_pool_drain(p);
    worker_defer(p->worker, &p->task);
}

int http_pool_get(struct http_pool *p, http_pool_ready_fn ready, void *arg, struct http_stream **hs,
                  struct http_pool_waiter **waiter)
{
    const struct http_pool_config *config = &p->config;

    int err = ERR_AGAIN;

    *hs = NULL;
    *waiter = NULL;
    if (p->closing)
        return ERR_CLOSED;
    if (config->max_requests && !config->counts &&
        http_pool_active(p) + p->waiting >= config->max_requests)
        return ERR_LIMIT;
    if (!p->waiting) /* who came first is served first */
        err = try_now(p, hs);
    if (err != ERR_AGAIN)
        return err;
    if ((config->counts ? http_pool_count_of(&config->counts->pending) : p->waiting) >=
        or_default(config->max_pending, 65536))
        return ERR_LIMIT;
    count_waiting(p, 1); /* so that may_dial counts this one */
    if (may_dial(p)) {
        err = dial(p);
        if (!err && p->waiting == 1)
            err = try_now(p, hs);
        else if (!err)
            err = ERR_AGAIN;
        if (err != ERR_AGAIN) {
            count_waiting(p, -1);
            return err;
        }
    }
    *waiter = mem_alloc0(1, sizeof(**waiter));
    (*waiter)->pool = p;
    (*waiter)->ready = ready;
    (*waiter)->arg = arg;
    list_push(&p->waiters, &(*waiter)->link);
    return 0;
}

void http_pool_cancel(struct http_pool_waiter *waiter)
{
    count_waiting(waiter->pool, -1);
    list_remove(&waiter->link);
    mem_free(waiter);
}

uint32_t http_pool_connections(const struct http_pool *p)
{
    return p->conn_count;
}

uint32_t http_pool_active(const struct http_pool *p)
{
    uint32_t count = 0;

    LIST_FOREACH(link, next, &p->conns)
    {
        const struct conn *c = LIST_ITEM(link, struct conn, link);

        if (c->h2)
            count += http_h2_client_active(c->h2);
        else if (c->h1 && !list_is_linked(&c->idle))
            count++;
    }
    return count;
}

uint32_t http_pool_pending(const struct http_pool *p)
{
    return p->waiting;
}

uint64_t http_pool_idle_limit_ms(const struct http_pool *p)
{
    return http_idle_limit_ms(&p->idle_limit, worker_now_ms(p->worker));
}
