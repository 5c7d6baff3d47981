#include "core/flow/flow_tcp.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/filter/filter_authz.h"
#include "core/flow/flow_ext_authz.h"
#include "core/flow/flow_listen.h"
#include "core/flow/flow_probe.h"
#include "core/flow/upstream.h"
#include "core/flow/upstream_pick.h"
#include "core/http/stream_tunnel.h"
#include "core/loop/clock.h"
#include "core/net/relay.h"
#include "core/telemetry/telemetry.h"
#include "core/tls/stream_tls.h"
#include "core/tls/tls_peer.h"

#define REPORT_MS ((uint64_t)5000)           /* Istio's tcp reporting interval */
#define IDLE_MS   ((uint64_t)60 * 60 * 1000) /* TC-1 */

static struct telemetry *telemetry_of(const struct flow_tcp *t)
{
    return flow_worker_options(t->fw)->telemetry;
}

static bool is_tunnel(const struct stream *s)
{
    return s->ops == &stream_tunnel_ops;
}

static void report(struct flow_tcp *t, uint64_t in, uint64_t out)
{
    if (in != t->reported_in || out != t->reported_out)
        telemetry_tcp_bytes(telemetry_of(t), t->fw->worker, &t->decision, in - t->reported_in,
                            out - t->reported_out);
    t->reported_in = in;
    t->reported_out = out;
}

static void on_report(struct timer *timer)
{
    struct flow_tcp *t = CONTAINER_OF(timer, struct flow_tcp, report);
    uint64_t in, out;

    relay_counts(t->relay, &in, &out);
    report(t, in, out);
    timer_start(&t->report, REPORT_MS);
}

void flow_tcp_free(struct flow_tcp *t)
{
    list_remove(&t->link);
    timer_cancel(&t->report);
    timer_cancel(&t->limit);
    if (t->is_waiting)
        upstream_wait_cancel(&t->wait);
    if (t->waiter)
        http_pool_cancel(t->waiter);
    flow_ext_authz_end(t->ext_authz);
    stream_close(t->up);
    stream_close(t->down);
    if (t->host)
        upstream_done(t->host);
    if (t->counts)
        http_pool_count(&t->counts->pool.connections, -1);
    model_cluster_unref(t->endpoints);
    flow_worker_drop_lease(t->fw, t->lease);
    tls_peer_unref(t->tls_peer);
    arena_deinit(&t->arena);
    mem_free(t);
}

static void finish(struct flow_tcp *t, uint64_t in, uint64_t out)
{
    struct flow_worker *fw = t->fw;

    if (!t->is_refused)
        report(t, in, out);
    t->decision.bytes_in = in;
    t->decision.bytes_out = out;
    t->decision.end_ns = clock_ns();
    if (t->is_refused && t->lease->snapshot->settings.no_listener_log)
        ; /* nobody is told */
    else if (t->is_refused)
        telemetry_tcp_refused(telemetry_of(t), fw->worker, &t->decision);
    else
        telemetry_tcp_close(telemetry_of(t), fw->worker, &t->decision);
    if (!t->down)
        t->up = NULL; /* the relay had both */
    flow_tcp_free(t);
    flow_worker_count(&fw->connections, -1);
}

/* Before the relay closes its streams: the connection had no address of its own when it began. */
static void note_local(struct flow_tcp *t)
{
    const struct addr *local = stream_local(t->up);

    if (local)
        t->decision.upstream_local = *local;
}

static void on_relay_done(void *arg, const struct relay_result *result)
{
    struct flow_tcp *t = arg;

    t->relay = NULL;
    note_local(t);
    if (result->end == RELAY_END_B_FAILED) {
        t->decision.flags |= t->is_up ? DECISION_UC : DECISION_UF;
        if (!t->is_up)
            upstream_outlier_failed(t->host, 503);
        t->decision.upstream_failure = error_text(result->err);
    } else if (result->end == RELAY_END_A_FAILED) {
        t->decision.flags |= DECISION_DC;
    } else if (result->end == RELAY_END_IDLE) {
        t->decision.flags |= DECISION_SI;
    }
    finish(t, result->a_to_b_bytes, result->b_to_a_bytes);
}

static void fail(struct flow_tcp *t, uint32_t flag, const char *why)
{
    if (t->undecided) { /* the client will hear of it when it wants something */
        t->undecided->probe = NULL;
        flow_probe_abandon(t);
        return;
    }
    if (!flag && is_tunnel(t->down)) /* a policy */
        stream_tunnel_refuse(t->down, 401);
    t->decision.flags |= flag;
    t->decision.termination = why;
    finish(t, 0, 0);
}

static void on_resolved(struct upstream_wait *wait, int err)
{
    struct flow_tcp *t = CONTAINER_OF(wait, struct flow_tcp, wait);

    t->is_waiting = false;
    if (err)
        fail(t, DECISION_UH | DECISION_DF, "dns_resolution_failure");
    else
        flow_tcp_connect(t);
}

static void on_up_ready(void *arg)
{
    struct flow_tcp *t = arg;

    t->is_up = true;
    upstream_outlier_connected(t->host);
    upstream_outlier_answered(t->host, 200); /* CB-7: of bytes only the connecting counts */
    if (is_tunnel(t->front))
        stream_tunnel_accept(t->front);
}

/* maxConnectionDuration */
static void on_limit(struct timer *timer)
{
    struct flow_tcp *t = CONTAINER_OF(timer, struct flow_tcp, limit);
    uint64_t in, out;

    relay_counts(t->relay, &in, &out);
    note_local(t);
    relay_cancel(t->relay);
    t->relay = NULL;
    t->decision.flags |= DECISION_DT;
    finish(t, in, out);
}

void flow_tcp_relay(struct flow_tcp *t, struct stream *up)
{
    uint64_t life = t->host->cluster->config->limits.max_connection_ms;
    uint64_t idle = t->host->cluster->config->limits.tcp_idle_timeout_ms;
    struct relay_options options = { .idle_timeout_ms = idle ? idle : IDLE_MS,
                                     .b_ready = on_up_ready };
    struct stream *down = t->down;

    if (t->undecided) {
        flow_probe_listen(t, up);
        return;
    }
    t->front = down;
    t->down = NULL;
    t->decision.endpoint = t->host->endpoint;
    t->endpoints = model_cluster_ref(t->host->cluster); /* maybe newer than our lease */
    t->decision.upstream_remote = t->host->addr;
    t->decision.mtls_up = upstream_is_mtls(t->host);
    telemetry_tcp_open(telemetry_of(t), t->fw->worker, &t->decision);
    t->up = up;
    if (stream_is_ready(up))
        on_up_ready(t);
    t->relay = relay_start(down, up, &options, on_relay_done, t);
    timer_start(&t->report, REPORT_MS);
    timer_init(&t->limit, &t->fw->worker->timers, on_limit);
    if (life)
        timer_start(&t->limit, life);
}

static void cannot_connect(struct flow_tcp *t, int err)
{
    if (err != ERR_LIMIT)
        upstream_outlier_failed(t->host, 503);
    t->decision.upstream_failure = error_text(err);
    fail(t, err == ERR_LIMIT ? DECISION_UO : DECISION_UF, "upstream_connection_failure");
}

static void connect_alone(struct flow_tcp *t)
{
    const struct decision *d = &t->decision;
    struct upstream_from from = { .src = &d->peer,
                                  .dst = d->original_dst.family != ADDR_NONE ? &d->original_dst
                                                                             : &d->local };
    struct stream *up;
    int err = t->is_opaque ? upstream_connect_opaque(t->host, &up)
                           : upstream_connect(t->host, &from, &up);

    if (err)
        cannot_connect(t, err);
    else
        flow_tcp_relay(t, up);
}

/* ---- on the multiplexed hop ---- */

static void on_stream(struct flow_tcp *t, struct http_stream *hs)
{
    char text[ADDR_TEXT_MAX];
    struct http_msg head;
    struct stream *up;
    int err;

    http_msg_init(&head, hs->arena);
    http_msg_set_method(&head, STR("CONNECT"));
    head.authority = str_of(addr_format(&t->host->addr, text));
    err = stream_tunnel_ask(hs, &head, &up);
    if (err)
        cannot_connect(t, err);
    else
        flow_tcp_relay(t, up);
}

static void on_hop_failed(struct flow_tcp *t, int err)
{
    if (err == ERR_UNSUPPORTED) {
        upstream_is_no_mesh(t->host);
        connect_alone(t);
    } else {
        cannot_connect(t, err);
    }
}

static void on_pool_ready(void *arg, struct http_stream *hs, int err)
{
    struct flow_tcp *t = arg;

    t->waiter = NULL;
    if (err)
        on_hop_failed(t, err);
    else
        on_stream(t, hs);
}

static void connect_by_hop(struct flow_tcp *t)
{
    struct http_stream *hs;
    int err = http_pool_get(upstream_pool(t->host, UPSTREAM_MESH, NULL), on_pool_ready, t, &hs,
                            &t->waiter);

    if (err)
        on_hop_failed(t, err);
    else if (hs)
        on_stream(t, hs);
}

/* ---- through a proxy (tunnel) ---- */

static void on_asked(void *arg)
{
    struct flow_tcp *t = arg;
    struct stream *up = t->up;

    timer_cancel(&t->limit);
    t->up = NULL;
    flow_tcp_relay(t, up);
}

static void give_up_asking(struct flow_tcp *t, int err)
{
    timer_cancel(&t->limit);
    stream_close(t->up);
    t->up = NULL;
    cannot_connect(t, err);
}

static void on_ask_error(void *arg, int err)
{
    give_up_asking(arg, err);
}

static void on_ask_eof(void *arg)
{
    give_up_asking(arg, ERR_CLOSED);
}

static void on_ask_read(void *arg, const uint8_t *p, size_t len)
{
    (void)arg, (void)p, (void)len; /* not reading yet */
}

static void on_ask_timeout(struct timer *timer)
{
    give_up_asking(CONTAINER_OF(timer, struct flow_tcp, limit), ERR_TIMEOUT);
}

static const struct stream_events asking = {
    .on_ready = on_asked,
    .on_read = on_ask_read,
    .on_eof = on_ask_eof,
    .on_error = on_ask_error,
};

/* Nothing of the client's goes before the proxy agreed: over HTTP/1 it would be part of nothing. */
static void ask_proxy(struct flow_tcp *t, struct http_stream *hs)
{
    const struct model_tunnel *tunnel = &t->host->cluster->config->tunnel;
    struct http_msg head;
    int err;

    http_msg_init(&head, hs->arena);
    http_msg_set_method(&head, tunnel->is_post ? STR("POST") : STR("CONNECT"));
    head.authority = tunnel->target;
    head.scheme = STR("http");
    if (tunnel->is_post)
        head.path = STR("/");
    head.content_length = HTTP_LENGTH_UNKNOWN;
    err = stream_tunnel_ask(hs, &head, &t->up);
    if (err) {
        cannot_connect(t, err);
        return;
    }
    stream_set_events(t->up, &asking, t);
    timer_init(&t->limit, &t->fw->worker->timers, on_ask_timeout);
    timer_start(&t->limit, t->host->cluster->config->limits.connect_timeout_ms);
}

static void on_proxy_ready(void *arg, struct http_stream *hs, int err)
{
    struct flow_tcp *t = arg;

    t->waiter = NULL;
    if (err)
        cannot_connect(t, err);
    else
        ask_proxy(t, hs);
}

static void connect_by_proxy(struct flow_tcp *t)
{
    struct http_pool *pool = upstream_pool(t->host, upstream_kind_for(t->host, false, false), NULL);
    struct http_stream *hs;
    int err = http_pool_get(pool, on_proxy_ready, t, &hs, &t->waiter);

    if (err)
        cannot_connect(t, err);
    else if (hs)
        ask_proxy(t, hs);
}

/* ---- the choice ---- */

/* CB-2, for bytes: nothing waits. */
static bool count_connection(struct flow_tcp *t)
{
    struct upstream_counts *counts = t->cluster->counts;
    uint32_t max = t->cluster->cluster->config->limits.max_connections;

    if (counts && max && http_pool_count_of(&counts->pool.connections) >= max) {
        upstream_stats_add(&t->cluster->stats, UPSTREAM_STAT_CONNECTION_OVERFLOW, 1);
        return false;
    }
    if (counts)
        http_pool_count(&counts->pool.connections, 1);
    t->counts = counts;
    return true;
}

/* Until the balancer's choice is an endpoint with a proxy, each other one once. */
static int pick_meshed(struct flow_tcp *t, struct upstream_want *want)
{
    struct upstream_host **tried = mem_alloc0(t->cluster->count + 1, sizeof(*tried));
    struct upstream_host *host = NULL;
    int err;

    want->tried = tried;
    while (!(err = upstream_pick(t->cluster, want, &host))) {
        if (host->endpoint && host->endpoint->hop != MODEL_HOP_PLAIN)
            break;
        upstream_done(host); /* the cluster still holds it */
        if (want->tried_count == t->cluster->count) {
            err = ERR_NOT_FOUND;
            break;
        }
        tried[want->tried_count++] = host;
    }
    mem_free(tried);
    t->host = err ? NULL : host;
    return err;
}

void flow_tcp_connect(struct flow_tcp *t)
{
    struct upstream_hash hash;
    struct upstream_want want = { .dst = &t->decision.original_dst,
                                  .hash = &hash,
                                  .name = t->decision.sni };
    int err;

    upstream_hash_peer(&t->cluster->cluster->config->hash_by, &t->decision.peer, &hash);
    err = t->is_opaque ? pick_meshed(t, &want) : upstream_pick(t->cluster, &want, &t->host);
    if (err == ERR_AGAIN) {
        t->wait.ready = on_resolved;
        t->is_waiting = true;
        upstream_wait(t->cluster, &t->wait);
        return;
    }
    if (err) {
        fail(t, DECISION_UH, "no_healthy_upstream");
        return;
    }
    if (!count_connection(t)) {
        fail(t, DECISION_UO, "upstream_overflow");
        return;
    }
    if (t->cluster->cluster->config->tunnel.target.len)
        connect_by_proxy(t);
    else if (!t->is_opaque && upstream_is_multiplexed(t->host))
        connect_by_hop(t);
    else
        connect_alone(t);
}

struct flow_tcp *flow_tcp_new(struct flow_conn *c)
{
    struct flow_tcp *t = mem_alloc0(1, sizeof(*t));
    struct decision *d = &t->decision;

    t->fw = c->fw;
    t->lease = flow_worker_share_lease(c->view.lease); /* the decision tells of what c saw */
    t->is_opaque = c->is_opaque;
    arena_init(&t->arena, 512);
    timer_init(&t->report, &c->fw->worker->timers, on_report);
    list_init(&t->link);
    flow_worker_begin_decision(c->fw, d);
    d->is_tcp = true;
    d->snapshot = t->lease->snapshot;
    d->listener = c->view.listener;
    d->inbound = c->kind == MODEL_LISTENER_INBOUND || c->kind == MODEL_LISTENER_INBOUND_PORT;
    d->gateway = c->kind == MODEL_LISTENER_GATEWAY;
    d->grpc_status = -1;
    d->authz_rule = -1;
    d->peer = c->peer;
    d->local = c->local;
    d->original_dst = c->original_dst;
    if (d->inbound)
        d->original_dst.port = c->port;
    d->mtls_down = c->is_mtls;
    d->peer_identity = arena_str(&t->arena, c->peer_identity);
    d->sni = arena_str(&t->arena, c->sni);
    return t;
}

void flow_tcp_take_over(struct flow_tcp *t, struct flow_conn *c)
{
    t->down = c->stream;
    c->stream = NULL;
    t->tls_peer = c->tls_peer;
    c->tls_peer = NULL;
    c->probe = NULL;
    t->undecided = NULL;
    list_push(&t->fw->tcps, &t->link);
    flow_conn_forget(c);
}

static void authorized_outside(struct flow_tcp *t)
{
    const char *why = t->authz ? filter_authz_refuses_tcp(t->authz, &t->decision, &t->arena) : NULL;

    if (why) {
        fail(t, 0, why);
        return;
    }
    if (!t->to) {
        fail(t, DECISION_NR, "filter_chain_not_found");
        return;
    }
    t->decision.cluster = t->to;
    t->cluster = upstream_get(t->fw, t->to);
    flow_tcp_connect(t);
}

static void refused_outside(struct flow_tcp *t, const char *why)
{
    t->decision.details = why;
    fail(t, 0, NULL);
}

void flow_tcp_start(struct flow_conn *c, struct model_cluster *cluster,
                    const struct model_authz *authz)
{
    struct flow_tcp *t = flow_tcp_new(c);

    flow_tcp_take_over(t, c);
    t->authz = authz;
    t->to = cluster;
    if (!flow_ext_authz_begin_tcp(t, authz, authorized_outside, refused_outside))
        authorized_outside(t);
}

void flow_tcp_refuse(struct flow_conn *c, uint32_t flags, const char *why)
{
    struct flow_tcp *t = flow_tcp_new(c);
    const char *text = arena_printf(&t->arena, "%s", why).p;

    flow_tcp_take_over(t, c);
    t->is_refused = true;
    t->decision.flags |= flags;
    if (flags & DECISION_NR)
        t->decision.details = text;
    else
        t->decision.termination = text;
    finish(t, 0, 0);
}

static void cut(struct flow_tcp *t)
{
    uint64_t in = t->reported_in, out = t->reported_out;

    if (t->relay) {
        relay_counts(t->relay, &in, &out);
        note_local(t);
    }
    relay_cancel(t->relay);
    t->relay = NULL;
    finish(t, in, out);
}

void flow_tcp_close_denied(struct flow_worker *fw)
{
    const struct flow_options *o = flow_worker_options(fw);

    LIST_FOREACH(it, tmp, &fw->tcps)
    {
        struct flow_tcp *t = LIST_ITEM(it, struct flow_tcp, link);

        if (t->tls_peer && o->is_denied(o->is_denied_arg, t->tls_peer))
            cut(t);
    }
}

uint32_t flow_tcp_close_all(struct flow_worker *fw)
{
    uint32_t count = 0;

    LIST_FOREACH(it, tmp, &fw->tcps)
    {
        cut(LIST_ITEM(it, struct flow_tcp, link));
        count++;
    }
    return count;
}
