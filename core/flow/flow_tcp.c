#include "core/flow/flow_tcp.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/filter/filter_authz.h"
#include "core/flow/flow_listen.h"
#include "core/flow/upstream.h"
#include "core/loop/clock.h"
#include "core/net/relay.h"
#include "core/telemetry/telemetry.h"
#include "core/tls/stream_tls.h"
#include "core/tls/tls_peer.h"

#define REPORT_MS ((uint64_t)5000)           /* Istio's tcp reporting interval */
#define IDLE_MS   ((uint64_t)60 * 60 * 1000) /* TC-1 */

struct flow_tcp {
    struct list link; /* in flow_worker.tcps */
    struct flow_worker *fw;
    struct flow_lease *lease;
    struct arena arena; /* text of the decision: the TLS stream it came from ends first */
    struct decision decision;
    struct stream *down; /* until the relay owns it */
    struct upstream *cluster;
    struct upstream_host *host;
    struct upstream_wait wait;
    bool is_waiting;
    bool is_opaque; /* mesh mTLS passes through: only to endpoints that end it */
    struct relay *relay;
    struct stream *up; /* the relay's, for its address */
    struct timer report;
    uint64_t reported_in, reported_out;
    struct tls_peer *tls_peer;
};

static struct telemetry *telemetry_of(const struct flow_tcp *t)
{
    return flow_worker_options(t->fw)->telemetry;
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

static void finish(struct flow_tcp *t, uint64_t in, uint64_t out)
{
    struct flow_worker *fw = t->fw;

    list_remove(&t->link);
    timer_cancel(&t->report);
    if (t->is_waiting)
        upstream_wait_cancel(&t->wait);
    report(t, in, out);
    t->decision.bytes_in = in;
    t->decision.bytes_out = out;
    t->decision.end_ns = clock_ns();
    telemetry_tcp_close(telemetry_of(t), fw->worker, &t->decision);
    stream_close(t->down);
    if (t->host)
        upstream_done(t->host);
    flow_worker_drop_lease(fw, t->lease);
    tls_peer_unref(t->tls_peer);
    arena_deinit(&t->arena);
    flow_worker_count(&fw->connections, -1);
    mem_free(t);
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
        t->decision.flags |=
            result->a_to_b_bytes || result->b_to_a_bytes ? DECISION_UC : DECISION_UF;
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
    t->decision.flags |= flag;
    t->decision.termination = why;
    finish(t, 0, 0);
}

static void connect_upstream(struct flow_tcp *t);

static void on_resolved(struct upstream_wait *wait, int err)
{
    struct flow_tcp *t = CONTAINER_OF(wait, struct flow_tcp, wait);

    t->is_waiting = false;
    if (err)
        fail(t, DECISION_UH | DECISION_DF, "dns_resolution_failure");
    else
        connect_upstream(t);
}

static void start_relay(struct flow_tcp *t, struct stream *up)
{
    uint64_t idle = t->cluster->cluster->config->limits.tcp_idle_timeout_ms;
    struct relay_options options = { .idle_timeout_ms = idle ? idle : IDLE_MS };
    struct stream *down = t->down;

    t->down = NULL;
    t->decision.endpoint = t->host->endpoint;
    t->decision.upstream_remote = t->host->addr;
    t->decision.mtls_up = upstream_is_mtls(t->host);
    telemetry_tcp_open(telemetry_of(t), t->fw->worker, &t->decision);
    t->up = up;
    t->relay = relay_start(down, up, &options, on_relay_done, t);
    timer_start(&t->report, REPORT_MS);
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

static void connect_upstream(struct flow_tcp *t)
{
    struct upstream_hash hash;
    struct upstream_want want = { .dst = &t->decision.original_dst, .hash = &hash };
    struct stream *up;
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
    err = t->is_opaque ? upstream_connect_opaque(t->host, &up) : upstream_connect(t->host, &up);
    if (err) {
        t->decision.upstream_failure = error_text(err);
        fail(t, DECISION_UF, "upstream_connection_failure");
        return;
    }
    start_relay(t, up);
}

/* Moves what the connection knows into t; c's own references go over or are dropped. */
static struct flow_tcp *tcp_new(struct flow_conn *c)
{
    struct flow_tcp *t = mem_alloc0(1, sizeof(*t));
    struct decision *d = &t->decision;

    t->fw = c->fw;
    t->down = c->stream;
    c->stream = NULL;
    t->lease = flow_worker_take_lease(c->fw);
    t->is_opaque = c->is_opaque;
    t->tls_peer = c->tls_peer;
    c->tls_peer = NULL;
    arena_init(&t->arena, 512);
    timer_init(&t->report, &c->fw->worker->timers, on_report);
    list_push(&c->fw->tcps, &t->link);
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

void flow_tcp_start(struct flow_conn *c, struct model_cluster *cluster,
                    const struct model_authz *authz)
{
    struct flow_tcp *t = tcp_new(c);

    flow_conn_forget(c);
    if (authz && !filter_authz_allows_tcp(authz, &t->decision)) {
        fail(t, 0, "rbac_access_denied_matched_policy[none]");
        return;
    }
    if (!cluster) {
        fail(t, DECISION_NR, "filter_chain_not_found");
        return;
    }
    t->decision.cluster = cluster;
    t->cluster = upstream_get(t->fw, cluster);
    connect_upstream(t);
}

uint32_t flow_tcp_close_all(struct flow_worker *fw)
{
    uint32_t count = 0;

    LIST_FOREACH(it, tmp, &fw->tcps)
    {
        struct flow_tcp *t = LIST_ITEM(it, struct flow_tcp, link);
        uint64_t in = t->reported_in, out = t->reported_out;

        if (t->relay) {
            relay_counts(t->relay, &in, &out);
            note_local(t);
        }
        relay_cancel(t->relay);
        t->relay = NULL;
        finish(t, in, out);
        count++;
    }
    return count;
}
