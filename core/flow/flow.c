#include "core/flow/flow.h"

#include <pthread.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/flow/flow_conn.h"
#include "core/flow/flow_listen.h"
#include "core/flow/flow_request.h"
#include "core/flow/flow_tcp.h"
#include "core/flow/flow_udp.h"
#include "core/flow/flow_worker.h"
#include "core/flow/upstream.h"
#include "core/net/sock.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_identity.h"

#define REQUESTS_MAX 100000 /* per worker: a bound on memory before a limit per client bites */

struct given_fd {
    struct list link;
    char *name;
    int fd;
};

struct bound_addr {
    struct list link;
    char *name;
    struct addr wanted, addr;
};

struct flow {
    struct flow_options options;
    struct upstream_limits limits;
    pthread_mutex_t lock; /* workers, given, bound: changed at start, publish and stop only */
    struct list workers;
    struct list given;         /* struct given_fd */
    struct list bound;         /* struct bound_addr */
    struct snapshot *snapshot; /* newest; for workers attached later */
    uint64_t identity_generation;
    struct tls_identity *identity;
    struct pki_trust *trust;
    struct drain *drain; /* under way; NULL: none */
};

/* ---- process ---- */

struct flow *flow_new(const struct flow_options *options)
{
    struct flow *f = mem_alloc0(1, sizeof(*f));

    f->options = *options;
    upstream_limits_init(&f->limits);
    pthread_mutex_init(&f->lock, NULL);
    list_init(&f->workers);
    list_init(&f->given);
    list_init(&f->bound);
    return f;
}

struct drain {
    struct flow *flow;
    struct worker *caller;
    struct timer timer;
    uint64_t stop_accept_ms, end_ms; /* on the caller's clock */
    bool stopped;
    void (*done)(void *arg, uint32_t cut);
    void *arg;
};

/* The end came before the drain's. */
static void drain_forget(struct flow *f)
{
    if (f->drain)
        timer_cancel(&f->drain->timer);
    mem_free(f->drain);
    f->drain = NULL;
}

void flow_free(struct flow *f)
{
    if (!f)
        return;
    ASSERT(list_is_empty(&f->workers));
    drain_forget(f);
    LIST_FOREACH(it, tmp, &f->given)
    {
        struct given_fd *g = LIST_ITEM(it, struct given_fd, link);

        sock_close(g->fd);
        mem_free(g->name);
        mem_free(g);
    }
    LIST_FOREACH(it, tmp, &f->bound)
    {
        struct bound_addr *b = LIST_ITEM(it, struct bound_addr, link);

        mem_free(b->name);
        mem_free(b);
    }
    snapshot_unref(f->snapshot);
    tls_identity_unref(f->identity);
    pki_trust_unref(f->trust);
    pthread_mutex_destroy(&f->lock);
    upstream_limits_deinit(&f->limits);
    mem_free(f);
}

struct upstream_limits *flow_worker_limits(const struct flow_worker *fw)
{
    return &fw->flow->limits;
}

const struct flow_options *flow_worker_options(const struct flow_worker *fw)
{
    return &fw->flow->options;
}

void flow_give_listener(struct flow *f, struct str name, int fd)
{
    struct given_fd *g = mem_alloc(sizeof(*g));

    g->name = str_dup(name);
    g->fd = fd;
    pthread_mutex_lock(&f->lock);
    list_push(&f->given, &g->link);
    pthread_mutex_unlock(&f->lock);
}

int flow_worker_take_fd(struct flow_worker *fw, struct str name)
{
    struct flow *f = fw->flow;
    int fd = -1;

    pthread_mutex_lock(&f->lock);
    LIST_FOREACH(it, tmp, &f->given)
    {
        struct given_fd *g = LIST_ITEM(it, struct given_fd, link);

        if (!str_is(name, g->name))
            continue;
        fd = g->fd;
        list_remove(&g->link);
        mem_free(g->name);
        mem_free(g);
        break;
    }
    pthread_mutex_unlock(&f->lock);
    return fd;
}

static struct bound_addr *find_bound(struct flow *f, struct str name)
{
    LIST_FOREACH(it, tmp, &f->bound)
    {
        struct bound_addr *b = LIST_ITEM(it, struct bound_addr, link);

        if (str_is(name, b->name))
            return b;
    }
    return NULL;
}

void flow_worker_lock_bind(struct flow_worker *fw, struct str name, struct addr *at)
{
    struct bound_addr *b;

    pthread_mutex_lock(&fw->flow->lock);
    b = find_bound(fw->flow, name);
    if (b && at->port == 0 && addr_eq(&b->wanted, at))
        *at = b->addr;
}

void flow_worker_unlock_bind(struct flow_worker *fw, struct str name, const struct addr *bound)
{
    struct flow *f = fw->flow;
    struct bound_addr *b = find_bound(f, name);

    if (bound && !b) {
        b = mem_alloc0(1, sizeof(*b));
        b->name = str_dup(name);
        list_push(&f->bound, &b->link);
        b->wanted = *bound;
        b->wanted.port = 0;
    }
    if (bound)
        b->addr = *bound;
    pthread_mutex_unlock(&f->lock);
}

int flow_listener_addr(struct flow *f, struct str name, struct addr *out)
{
    struct bound_addr *b;

    pthread_mutex_lock(&f->lock);
    b = find_bound(f, name);
    if (b)
        *out = b->addr;
    pthread_mutex_unlock(&f->lock);
    return b ? 0 : ERR_NOT_FOUND;
}

void flow_get_totals(struct flow *f, struct flow_totals *out)
{
    *out = (struct flow_totals){ 0 };
    pthread_mutex_lock(&f->lock);
    LIST_FOREACH(it, tmp, &f->workers)
    {
        struct flow_worker *fw = LIST_ITEM(it, struct flow_worker, link);

        out->connections += atomic_load_explicit(&fw->connections, memory_order_relaxed);
        out->requests += atomic_load_explicit(&fw->requests_active, memory_order_relaxed);
        out->connections_total +=
            atomic_load_explicit(&fw->connections_total, memory_order_relaxed);
        out->requests_total += atomic_load_explicit(&fw->requests_total, memory_order_relaxed);
    }
    pthread_mutex_unlock(&f->lock);
}

/* ---- on each worker ---- */

/* Connections look at their config with each request, so old ones follow too. */
static void use_http_settings(struct flow_worker *fw, const struct model_http_settings *s)
{
    struct http_server_config *sides[] = { &fw->outbound_http, &fw->inbound_http,
                                           &fw->gateway_http };

    for (size_t i = 0; i < COUNT_OF(sides); i++) {
        sides[i]->accept_http10 = s->accept_http10;
        sides[i]->keep_case = s->keep_header_case;
        sides[i]->idle_timeout_ms = (uint32_t)s->idle_timeout_ms;
        sides[i]->head_timeout_ms = (uint32_t)s->head_timeout_ms;
    }
    fw->gateway_http.max_streams = s->max_streams;
    fw->gateway_http.stream_window_bytes = s->stream_window_bytes;
    fw->gateway_http.connection_window_bytes = s->connection_window_bytes;
}

static void use_snapshot(struct flow_worker *fw, struct snapshot *s,
                         struct flow_publish_result *result)
{
    struct flow_lease *old = fw->lease, *lease = mem_alloc0(1, sizeof(*lease));
    bool other_tls = !flow_identity_is_same_tls(old ? old->snapshot : NULL, s);

    lease->snapshot = snapshot_ref(s);
    fw->lease = lease;
    if (old && old->users == 0) {
        snapshot_unref(old->snapshot);
        mem_free(old);
    }
    use_http_settings(fw, &s->settings.http);
    upstream_follow(fw, s);
    if (other_tls)
        flow_identity_renew(fw);
    flow_listen_follow(fw, s, result);
}

static void worker_free(void *ptr)
{
    struct flow_worker *fw = ptr;
    struct flow *f = fw->flow;

    pthread_mutex_lock(&f->lock);
    list_remove(&fw->link);
    pthread_mutex_unlock(&f->lock);
    flow_listen_close_all(fw);
    flow_udp_close_all(fw);
    flow_tcp_close_all(fw);
    LIST_FOREACH(it, tmp, &fw->conns)
    flow_conn_close(LIST_ITEM(it, struct flow_conn, link));
    /* The loop runs once more in worker_deinit; what is left by then is told by its leak check. */
    uv_run(&fw->worker->loop, UV_RUN_NOWAIT);
    upstream_free_all(fw);
    if (fw->lease && fw->lease->users == 0) {
        snapshot_unref(fw->lease->snapshot);
        mem_free(fw->lease);
    }
    flow_identity_deinit(&fw->id);
    slab_deinit(&fw->requests);
    mem_free(fw);
}

void flow_attach(struct flow *f, struct worker *w)
{
    static struct worker_key key;
    struct flow_worker *fw = mem_alloc0(1, sizeof(*fw));
    struct flow_publish_result result = { 0 };

    fw->flow = f;
    fw->worker = w;
    list_init(&fw->listens);
    list_init(&fw->udps);
    list_init(&fw->conns);
    list_init(&fw->tcps);
    map_init(&fw->upstreams);
    slab_init(&fw->requests, sizeof(struct flow_request), 0);
    flow_worker_init_http(fw);
    worker_set(w, &key, fw, worker_free);
    pthread_mutex_lock(&f->lock);
    list_push(&f->workers, &fw->link);
    pthread_mutex_unlock(&f->lock);
    if (f->identity)
        flow_identity_use(fw, f->identity, f->trust, f->identity_generation);
    if (f->snapshot)
        use_snapshot(fw, f->snapshot, &result);
}

/* ---- one job for all workers, and a word back ---- */

struct broadcast;
typedef void (*broadcast_fn)(struct flow_worker *fw, struct broadcast *b);

struct broadcast_part {
    struct mailbox_message message;
    struct flow_worker *fw;
    struct broadcast *all;
};

struct broadcast {
    struct mailbox_message reply; /* to the caller's worker */
    struct flow *flow;
    broadcast_fn each;
    void (*last)(struct broadcast *b); /* on the caller, or on the last worker when there is none */
    struct worker *caller;
    atomic_uint left;
    pthread_mutex_t lock; /* of what parts write into the result */
    struct flow_publish_result result;
    struct snapshot *snapshot;
    struct tls_identity *identity;
    struct pki_trust *trust;
    uint64_t generation;
    flow_published_fn published;
    void *arg;
    uint32_t count;
    struct broadcast_part parts[];
};

static void broadcast_end(struct broadcast *b)
{
    if (b->last)
        b->last(b);
    snapshot_unref(b->snapshot);
    tls_identity_unref(b->identity);
    pki_trust_unref(b->trust);
    pthread_mutex_destroy(&b->lock);
    mem_free(b);
}

static void on_broadcast_reply(struct mailbox_message *m)
{
    broadcast_end(CONTAINER_OF(m, struct broadcast, reply));
}

static void on_broadcast_part(struct mailbox_message *m)
{
    struct broadcast_part *p = CONTAINER_OF(m, struct broadcast_part, message);
    struct broadcast *b = p->all;

    b->each(p->fw, b);
    if (atomic_fetch_sub_explicit(&b->left, 1, memory_order_acq_rel) != 1)
        return;
    b->reply.fn = on_broadcast_reply;
    if (b->caller)
        worker_post(b->caller, &b->reply);
    else
        broadcast_end(b);
}

static struct broadcast *broadcast_new(struct flow *f, broadcast_fn each)
{
    struct broadcast *b;
    uint32_t count = 0;

    pthread_mutex_lock(&f->lock);
    LIST_FOREACH(it, tmp, &f->workers)
    count++;
    b = mem_alloc_flex(sizeof(*b), count, sizeof(b->parts[0]));
    LIST_FOREACH(it, tmp, &f->workers)
    {
        struct broadcast_part *p = &b->parts[b->count++];

        p->fw = LIST_ITEM(it, struct flow_worker, link);
        p->all = b;
        p->message.fn = on_broadcast_part;
    }
    pthread_mutex_unlock(&f->lock);
    b->flow = f;
    b->each = each;
    b->caller = worker_current();
    pthread_mutex_init(&b->lock, NULL);
    atomic_init(&b->left, count);
    return b;
}

static void broadcast_send(struct broadcast *b)
{
    uint32_t count = b->count;

    if (count == 0) {
        broadcast_end(b);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        worker_post(b->parts[i].fw->worker, &b->parts[i].message);
}

/* ---- publish ---- */

static void publish_each(struct flow_worker *fw, struct broadcast *b)
{
    struct flow_publish_result result = { 0 };

    use_snapshot(fw, b->snapshot, &result);
    pthread_mutex_lock(&b->lock);
    if (b->result.failed == 0)
        memcpy(b->result.message, result.message, sizeof(result.message));
    b->result.failed += result.failed;
    pthread_mutex_unlock(&b->lock);
}

static void publish_last(struct broadcast *b)
{
    b->result.version = b->snapshot->version;
    if (b->published)
        b->published(b->arg, &b->result);
}

void flow_publish(struct flow *f, struct snapshot *s, flow_published_fn done, void *arg)
{
    struct broadcast *b = broadcast_new(f, publish_each);

    b->snapshot = s;
    b->published = done;
    b->arg = arg;
    b->last = publish_last;
    snapshot_ref(s);
    snapshot_unref(f->snapshot);
    f->snapshot = s;
    broadcast_send(b);
}

/* ---- identity ---- */

static void identity_each(struct flow_worker *fw, struct broadcast *b)
{
    if (b->generation > fw->id.generation)
        flow_identity_use(fw, b->identity, b->trust, b->generation);
}

void flow_set_identity(struct flow *f, struct tls_identity *identity, struct pki_trust *trust)
{
    struct broadcast *b = broadcast_new(f, identity_each);

    tls_identity_unref(f->identity);
    pki_trust_unref(f->trust);
    f->identity = identity;
    f->trust = trust;
    b->identity = tls_identity_ref(identity);
    b->trust = pki_trust_ref(trust);
    b->generation = ++f->identity_generation;
    broadcast_send(b);
}

static void recheck_each(struct flow_worker *fw, struct broadcast *b)
{
    const struct flow_options *o = &b->flow->options;

    LIST_FOREACH(it, tmp, &fw->conns)
    {
        struct flow_conn *c = LIST_ITEM(it, struct flow_conn, link);

        if (c->tls_peer && o->is_denied(o->is_denied_arg, c->tls_peer))
            flow_conn_close(c);
    }
    flow_tcp_close_denied(fw);
    upstream_identity_changed(fw);
}

void flow_recheck_peers(struct flow *f)
{
    if (f->options.is_denied)
        broadcast_send(broadcast_new(f, recheck_each));
}

/* ---- drain ---- */

static void stop_accepting_each(struct flow_worker *fw, struct broadcast *b)
{
    (void)b;
    flow_listen_close_all(fw);
    LIST_FOREACH(it, tmp, &fw->conns)
    flow_conn_drain(LIST_ITEM(it, struct flow_conn, link)); /* those taken since the drain began */
}

static void begin_drain_each(struct flow_worker *fw, struct broadcast *b)
{
    (void)b;
    fw->draining = true;
    LIST_FOREACH(it, tmp, &fw->conns)
    flow_conn_drain(LIST_ITEM(it, struct flow_conn, link));
}

static void cut_each(struct flow_worker *fw, struct broadcast *b)
{
    (void)b;
    flow_udp_close_all(fw);
    flow_tcp_close_all(fw);
    LIST_FOREACH(it, tmp, &fw->conns)
    flow_conn_close(LIST_ITEM(it, struct flow_conn, link));
}

static void on_drain_timer(struct timer *t)
{
    struct drain *d = CONTAINER_OF(t, struct drain, timer);
    uint64_t now = worker_now_ms(d->caller);
    struct flow_totals totals;

    if (!d->stopped && now >= d->stop_accept_ms) {
        d->stopped = true;
        broadcast_send(broadcast_new(d->flow, stop_accepting_each));
    }
    flow_get_totals(d->flow, &totals);
    if (now < d->end_ms && (!d->stopped || totals.connections > 0)) {
        timer_start(&d->timer, 20);
        return;
    }
    broadcast_send(broadcast_new(d->flow, cut_each));
    d->flow->drain = NULL;
    d->done(d->arg, (uint32_t)totals.connections);
    mem_free(d);
}

void flow_drain(struct flow *f, uint64_t accept_ms, uint64_t timeout_ms,
                void (*done)(void *arg, uint32_t cut), void *arg)
{
    struct drain *d = mem_alloc0(1, sizeof(*d));

    f->drain = d;
    d->flow = f;
    d->caller = worker_current();
    d->done = done;
    d->arg = arg;
    d->stop_accept_ms = worker_now_ms(d->caller) + accept_ms;
    d->end_ms = worker_now_ms(d->caller) + timeout_ms;
    timer_init(&d->timer, &d->caller->timers, on_drain_timer);
    broadcast_send(broadcast_new(f, begin_drain_each));
    timer_start(&d->timer, 10);
}
