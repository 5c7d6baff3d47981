#include "core/flow/flow_probe.h"

#include "core/filter/filter_authz.h"
#include "core/flow/flow_tcp.h"
#include "core/net/stream_peek.h"

/* Servers that stayed quiet so often are asked again once a minute. */
#define QUIET_PROBES_MAX    3
#define QUIET_PROBE_EACH_MS ((uint64_t)60 * 1000)

#define QUIET_MS ((uint64_t)25)
/* On a port that takes both, a peer with a proxy begins TLS; it is given the time to. */
#define QUIET_MESHED_MS ((uint64_t)1000)

static bool may_speak_first(const struct flow_conn *c, const struct flow_view *v)
{
    if (c->kind == MODEL_LISTENER_OUTBOUND)
        return v->protocol == MODEL_PROTOCOL_AUTO && flow_conn_dst(c);
    return v->inbound && v->inbound->mtls != MODEL_MTLS_STRICT &&
           (v->inbound->protocol == MODEL_PROTOCOL_AUTO ||
            v->inbound->protocol == MODEL_PROTOCOL_TCP);
}

uint64_t flow_probe_after_ms(const struct flow_conn *c, const struct flow_view *v)
{
    const struct model_telemetry_peer *peer = NULL;

    if (!may_speak_first(c, v))
        return 0;
    if (v->inbound && v->inbound->mtls == MODEL_MTLS_PERMISSIVE)
        peer = snapshot_find_peer(v->lease->snapshot, &c->peer);
    return peer && peer->hop != MODEL_HOP_PLAIN ? QUIET_MESHED_MS : QUIET_MS;
}

/* Who is asked outside must not be asked for nothing. */
static bool may_connect_early(struct flow_tcp *t, const struct model_authz *authz)
{
    struct filter_authz_verdict match;

    return filter_authz_external_tcp(authz, &t->decision, 0, &match) == authz->external_count &&
           !filter_authz_refuses_tcp(authz, &t->decision, &t->arena);
}

struct flow_tcp *flow_probe_start(struct flow_conn *c, struct model_cluster *cluster,
                                  const struct model_authz *authz)
{
    struct upstream *up = upstream_get(c->fw, cluster);
    struct flow_tcp *t;

    if (cluster->config->tunnel.target.len)
        return NULL;
    if (up->quiet_probes >= QUIET_PROBES_MAX) {
        if (worker_now_ms(c->fw->worker) < up->probe_after_ms)
            return NULL;
        up->probe_after_ms = worker_now_ms(c->fw->worker) + QUIET_PROBE_EACH_MS;
    }
    t = flow_tcp_new(c);
    if (authz && !may_connect_early(t, authz)) {
        flow_probe_abandon(t);
        return NULL;
    }
    c->probe = t;
    t->undecided = c;
    t->decision.cluster = cluster;
    t->cluster = up;
    flow_tcp_connect(t);
    return c->probe; /* NULL again when it failed */
}

/* For the next ones: do these servers speak first? */
static void note_probe(struct flow_tcp *t, bool spoke)
{
    struct upstream *up = t->host ? t->host->up : NULL;

    if (up && spoke)
        up->quiet_probes = 0;
    else if (up && t->up && stream_is_ready(t->up) && up->quiet_probes < QUIET_PROBES_MAX)
        up->quiet_probes++;
}

static bool on_up_spoke(void *arg, struct stream *s, struct str bytes, enum stream_peek_why why)
{
    struct flow_tcp *t = arg;
    struct flow_conn *c = t->undecided;

    (void)s;
    if (why == STREAM_PEEK_ERROR || (why == STREAM_PEEK_EOF && bytes.len == 0)) {
        t->undecided->probe = NULL;
        flow_probe_abandon(t);
        return true;
    }
    note_probe(t, true);
    stream_peek_stop(c->stream);
    flow_tcp_take_over(t, c);
    flow_tcp_relay(t, t->up);
    return true;
}

void flow_probe_listen(struct flow_tcp *t, struct stream *up)
{
    t->up = stream_peek_new(up, NULL, on_up_spoke, t);
}

void flow_probe_commit(struct flow_tcp *t, struct flow_conn *c)
{
    struct stream *up = t->up;

    note_probe(t, false);
    flow_tcp_take_over(t, c);
    if (!up)
        return; /* still connecting */
    stream_peek_stop(up);
    flow_tcp_relay(t, up);
}

void flow_probe_abandon(struct flow_tcp *t)
{
    if (!t)
        return;
    note_probe(t, false);
    flow_tcp_free(t);
}
