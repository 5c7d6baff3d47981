#include "core/flow/flow_udp.h"

#include "core/base/mem.h"
#include "core/flow/flow_listen.h"
#include "core/flow/upstream_pick.h"
#include "core/net/udp_relay.h"
#include "core/route/route.h"
#include "core/stats/stats.h"

struct flow_udp {
    struct list link; /* in flow_worker.udps */
    struct flow_worker *fw;
    struct udp_relay *relay;
    struct str name; /* own copy */
    struct addr bind;
    struct stats_shard *shard; /* NULL: nothing is counted */
    uint32_t slots[UDP_RELAY_COUNT_COUNT], active;
};

/* ---- metrics, by the names of Envoy's UDP proxy ---- */

#define DEF(suffix, of_kind, text)                                                                 \
    {                                                                                              \
        .name = "envoy_udp_" suffix, .help = text, .kind = of_kind, .labels = { "udp_prefix" }     \
    }

static const struct stats_def active_def =
    DEF("downstream_sess_active", STATS_GAUGE, "Sessions of UDP clients");
static const struct stats_def defs[UDP_RELAY_COUNT_COUNT] = {
    [UDP_RELAY_SESSIONS] =
        DEF("downstream_sess_total", STATS_COUNTER, "Sessions of UDP clients that began"),
    [UDP_RELAY_NO_ROUTE] = DEF("downstream_sess_no_route", STATS_COUNTER,
                               "Datagrams dropped because there was no endpoint for them"),
    [UDP_RELAY_OVERFLOW] = DEF("downstream_sess_overflow", STATS_COUNTER,
                               "Datagrams dropped because there were too many sessions"),
    [UDP_RELAY_IDLE] = DEF("idle_timeout", STATS_COUNTER, "Sessions that ended by idleness"),
    [UDP_RELAY_RX_DATAGRAMS] =
        DEF("downstream_sess_rx_datagrams", STATS_COUNTER, "Datagrams of clients"),
    [UDP_RELAY_RX_BYTES] = DEF("downstream_sess_rx_bytes", STATS_COUNTER, "Bytes of clients"),
    [UDP_RELAY_RX_ERRORS] = DEF("downstream_sess_rx_errors", STATS_COUNTER,
                                "Errors of reading, and datagrams lost on their way to endpoints"),
    [UDP_RELAY_TX_DATAGRAMS] =
        DEF("downstream_sess_tx_datagrams", STATS_COUNTER, "Datagrams to clients"),
    [UDP_RELAY_TX_BYTES] = DEF("downstream_sess_tx_bytes", STATS_COUNTER, "Bytes to clients"),
    [UDP_RELAY_TX_ERRORS] =
        DEF("downstream_sess_tx_errors", STATS_COUNTER, "Datagrams lost on their way to clients"),
};

static void open_stats(struct flow_udp *u)
{
    struct stats *stats = flow_worker_options(u->fw)->stats;

    if (!stats)
        return;
    u->shard = stats_get_shard(stats, u->fw->worker->index);
    u->active = stats_open_series(stats_register(stats, &active_def), &u->name);
    for (int i = 0; i < UDP_RELAY_COUNT_COUNT; i++)
        u->slots[i] = stats_open_series(stats_register(stats, &defs[i]), &u->name);
}

static void close_stats(struct flow_udp *u)
{
    struct stats *stats = flow_worker_options(u->fw)->stats;

    if (!u->shard)
        return;
    stats_close_series(stats_register(stats, &active_def), u->active);
    for (int i = 0; i < UDP_RELAY_COUNT_COUNT; i++)
        stats_close_series(stats_register(stats, &defs[i]), u->slots[i]);
}

static void on_count(void *arg, enum udp_relay_count what, uint64_t by)
{
    struct flow_udp *u = arg;

    if (u->shard)
        stats_add(u->shard, u->slots[what], by);
}

/* ---- sessions: each holds its host as in use ---- */

/* The route in force: the first one of the listener. */
static const struct model_tcp_route *route_of(const struct flow_udp *u)
{
    const struct snapshot *s = u->fw->lease->snapshot;

    for (uint32_t i = 0; i < s->listener_count; i++) {
        const struct model_listener *m = &s->listeners[i];

        if (str_eq(m->name, u->name))
            return m->gateway->servers[0].tcp_count ? &m->gateway->servers[0].tcp[0] : NULL;
    }
    return NULL;
}

static bool on_open(void *arg, const struct addr *client, struct addr *to, void **session)
{
    struct flow_udp *u = arg;
    const struct model_tcp_route *route = route_of(u);
    const struct model_weighted_cluster *target =
        route ? route_pick_tcp(route, random_next(&u->fw->worker->random)) : NULL;
    struct upstream_hash hash;
    struct upstream_want want = { .hash = &hash };
    struct upstream_host *host;
    struct upstream *up;

    if (!target || !target->cluster)
        return false;
    up = upstream_get(u->fw, target->cluster);
    upstream_hash_peer(&up->cluster->config->hash_by, client, &hash);
    /* A name that is being resolved has no hosts yet: who sends again finds them. */
    if (upstream_pick(up, &want, &host) != 0)
        return false;
    *to = host->addr;
    *session = host;
    if (u->shard)
        stats_add(u->shard, u->active, 1);
    return true;
}

static void on_close(void *arg, void *session)
{
    struct flow_udp *u = arg;

    upstream_done(session);
    if (u->shard)
        stats_sub(u->shard, u->active, 1);
}

static const struct udp_relay_events events = {
    .open = on_open,
    .close = on_close,
    .count = on_count,
};

static bool is_kept(void *arg, void *session)
{
    const struct upstream_host *host = session;
    const struct model_tcp_route *route = route_of(arg);

    if (!host->up || !upstream_is_usable(host))
        return false;
    for (uint32_t i = 0; route && i < route->cluster_count; i++) {
        if (route->clusters[i].cluster && route->clusters[i].cluster->id == host->up->cluster->id)
            return true;
    }
    return false;
}

/* ---- listeners ---- */

static void close_one(struct flow_udp *u)
{
    list_remove(&u->link);
    udp_relay_close(u->relay);
    close_stats(u);
    mem_free((char *)(uintptr_t)u->name.p);
    mem_free(u);
}

static int open_one(struct flow_worker *fw, const struct model_listener *m)
{
    const struct udp_relay_options options = { .reuse_port = true };
    struct flow_udp *u = mem_alloc0(1, sizeof(*u));
    struct addr at = m->bind;
    int err;

    u->fw = fw;
    u->name = str_make(str_dup(m->name), m->name.len);
    u->bind = m->bind;
    flow_worker_lock_bind(fw, m->name, &at);
    err = udp_relay_open(fw->worker, &at, &options, &events, u, &u->relay);
    flow_worker_unlock_bind(fw, m->name, err ? NULL : udp_relay_addr(u->relay));
    if (err) {
        mem_free((char *)(uintptr_t)u->name.p);
        mem_free(u);
        return err;
    }
    open_stats(u);
    list_push(&fw->udps, &u->link);
    return 0;
}

static const struct model_listener *wanted(const struct snapshot *s, const struct flow_udp *u)
{
    for (uint32_t i = 0; i < s->listener_count; i++) {
        if (str_eq(s->listeners[i].name, u->name) && addr_eq(&s->listeners[i].bind, &u->bind))
            return &s->listeners[i];
    }
    return NULL;
}

static bool is_open(const struct flow_worker *fw, const struct model_listener *m)
{
    LIST_FOREACH(it, tmp, &fw->udps)
    {
        if (str_eq(LIST_ITEM(it, struct flow_udp, link)->name, m->name))
            return true;
    }
    return false;
}

void flow_udp_follow(struct flow_worker *fw, const struct snapshot *s,
                     struct flow_publish_result *result)
{
    LIST_FOREACH(it, tmp, &fw->udps)
    {
        struct flow_udp *u = LIST_ITEM(it, struct flow_udp, link);

        if (wanted(s, u))
            udp_relay_review(u->relay, is_kept);
        else
            close_one(u);
    }
    for (uint32_t i = 0; i < s->listener_count && !fw->draining; i++) {
        const struct model_listener *m = &s->listeners[i];
        int err = 0;

        if (m->kind == MODEL_LISTENER_UDP && !is_open(fw, m))
            err = open_one(fw, m);
        if (err)
            flow_listen_note_failure(result, m, err);
    }
}

void flow_udp_stop_all(struct flow_worker *fw)
{
    LIST_FOREACH(it, tmp, &fw->udps)
    udp_relay_stop(LIST_ITEM(it, struct flow_udp, link)->relay);
}

void flow_udp_close_all(struct flow_worker *fw)
{
    LIST_FOREACH(it, tmp, &fw->udps)
    close_one(LIST_ITEM(it, struct flow_udp, link));
}
