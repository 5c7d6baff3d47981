#include "core/flow/upstream.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/flow/upstream_dial.h"
#include "core/flow/upstream_dns.h"
#include "core/flow/upstream_dynamic.h"
#include "core/flow/upstream_session.h"
#include "core/flow/upstream_tls.h"
#include "core/flow/upstream_told.h"
#include "core/tls/tls_config.h"

#define ORIGINAL_DST_IDLE_MS                                                                       \
    ((uint64_t)5 * 60 * 1000) /* an unused pass-through host is forgotten */
#define ORIGINAL_DST_MAX 4096

static void host_unref(struct upstream_host *h)
{
    if (--h->refs > 0)
        return;
    for (int k = 0; k < UPSTREAM_KIND_COUNT; k++)
        tls_config_unref(h->dials[k].tls);
    tls_config_unref(h->tcp_tls);
    model_cluster_unref(h->cluster);
    mem_free(h);
}

/* A pool's connect function may run as long as the pool exists, so each pool holds its host. */
static void drop_pools(struct upstream_host *h)
{
    for (int k = 0; k < UPSTREAM_KIND_COUNT; k++) {
        struct http_pool *pool = h->pools[k];

        if (!pool)
            continue;
        h->pools[k] = NULL;
        http_pool_free(pool);
        host_unref(h);
    }
}

/* Out of the cluster: idle connections close, running requests end by themselves. */
static void host_retire(struct upstream_host *h)
{
    h->up = NULL;
    upstream_told_free(h);
    drop_pools(h);
    host_unref(h);
}

static struct upstream_host *host_new(struct upstream *up, const struct model_endpoint *endpoint,
                                      const struct addr *addr)
{
    struct upstream_host *h = mem_alloc0(1, sizeof(*h));

    h->refs = 1;
    h->up = up;
    h->fw = up->fw;
    h->cluster = model_cluster_ref(up->cluster);
    h->endpoint = endpoint;
    h->addr = *addr;
    map_init(&h->told);
    h->since_ms = h->last_used_ms = worker_now_ms(up->fw->worker);
    for (int k = 0; k < UPSTREAM_KIND_COUNT; k++) {
        h->dials[k].host = h;
        h->dials[k].kind = (enum upstream_kind)k;
    }
    return h;
}

/* Can a host keep its connections when its endpoint's description becomes b? */
static bool is_same_target(const struct upstream_host *h, const struct model_endpoint *b)
{
    return h->endpoint && addr_eq(&h->addr, &b->addr) && h->endpoint->hop == b->hop &&
           str_eq(h->endpoint->identity, b->identity);
}

/* Sets are sorted alike, so the one looked for is mostly the next one: *at is where to begin. An
 * endpoint that is new costs a look at all. */
static struct upstream_host *take_old(struct upstream_host **old, uint32_t count, uint32_t *at,
                                      const struct model_endpoint *e)
{
    for (uint32_t n = 0; n < count; n++) {
        uint32_t i = *at + n < count ? *at + n : *at + n - count;
        struct upstream_host *h = old[i];

        if (h && is_same_target(h, e)) {
            old[i] = NULL;
            *at = i + 1 < count ? i + 1 : 0;
            return h;
        }
    }
    return NULL;
}

static void renew_host(struct upstream_host *h);

static bool has_same_names(const struct model_cluster_config *a,
                           const struct model_cluster_config *b)
{
    for (uint32_t i = 0; i < a->identity_count; i++) {
        if (!str_eq(a->identities[i], b->identities[i]))
            return false;
    }
    return true;
}

static bool is_same_transport(const struct model_cluster_config *a,
                              const struct model_cluster_config *b)
{
    return a->tls == b->tls && a->tls_mode == b->tls_mode &&
           a->proxy_protocol == b->proxy_protocol && str_eq(a->sni, b->sni) &&
           a->identity_count == b->identity_count && a->identities_only == b->identities_only &&
           has_same_names(a, b);
}

/* To the cluster as it is now, with new limits, and with new connections when they differ. */
static void move_host(struct upstream_host *h, const struct model_endpoint *e)
{
    struct model_cluster *was = h->cluster;
    bool is_same = was->config == h->up->cluster->config;

    h->cluster = model_cluster_ref(h->up->cluster);
    h->endpoint = e;
    if (!is_same && !is_same_transport(was->config, h->cluster->config))
        renew_host(h);
    for (int k = 0; k < UPSTREAM_KIND_COUNT && !is_same; k++) {
        h->dials[k].config = upstream_dial_pool_config(h, (enum upstream_kind)k);
        if (h->pools[k])
            http_pool_configure(h->pools[k], &h->dials[k].config);
    }
    model_cluster_unref(was);
}

bool upstream_is_usable(const struct upstream_host *h)
{
    return h->endpoint->healthy && h->addr.family != ADDR_NONE && !h->outlier.is_ejected;
}

static void fill_hosts(struct upstream *up, struct upstream_host **old, uint32_t old_count)
{
    const struct model_endpoints *set = up->cluster->endpoints;
    struct lb_options lb_options;
    uint32_t at = 0;

    upstream_session_forget(up);
    up->count = set->count;
    up->hosts = mem_alloc0(set->count, sizeof(struct upstream_host *));
    up->lb_hosts = mem_alloc0(set->count, sizeof(*up->lb_hosts));
    for (uint32_t i = 0; i < set->count; i++) {
        const struct model_endpoint *e = &set->list[i];
        struct upstream_host *h = take_old(old, old_count, &at, e);

        if (!h) {
            h = host_new(up, e, &e->addr);
        } else if (h->cluster != up->cluster) {
            move_host(h, e);
        }
        h->index = i;
        up->hosts[i] = h;
        up->lb_hosts[i] = (struct lb_host){
            .weight = e->weight ? e->weight : 1,
            .active = h->active,
            .group = e->group,
            .since_ms = h->since_ms,
            .addr = &h->addr,
            .usable = upstream_is_usable(h),
        };
    }
    lb_options = (struct lb_options){ .config = up->cluster->config,
                                      .set = set,
                                      .random = &up->fw->worker->random };
    up->lb = lb_new(&lb_options, up->count);
    upstream_outlier_follow(up);
}

static void retire_all(struct upstream_host **hosts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (hosts[i])
            host_retire(hosts[i]);
    }
}

/* Names resolve to sets of their own: their hosts are made by upstream_dns. */
static bool is_dns(const struct model_cluster *c)
{
    return c->config->type == MODEL_CLUSTER_DNS || c->config->type == MODEL_CLUSTER_DNS_ONE;
}

/* What finds its hosts: names, or the requests' own; an object may change which. */
static void set_source(struct upstream *up, const struct model_cluster *cluster)
{
    bool dns = is_dns(cluster), dynamic = cluster->config->type == MODEL_CLUSTER_DYNAMIC;

    if (up->dns && !dns)
        upstream_dns_free(up);
    if (up->dynamic && !dynamic)
        upstream_dynamic_free(up);
    if (dns && !up->dns)
        upstream_dns_new(up);
    if (dynamic && !up->dynamic)
        upstream_dynamic_new(up);
}

static void drop_by_addr(struct upstream *up)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&up->by_addr, &at));)
        host_retire(s->value);
    map_deinit(&up->by_addr);
}

void upstream_set_cluster(struct upstream *up, struct model_cluster *cluster)
{
    struct upstream_host **old = up->hosts;
    uint32_t old_count = up->count;

    if (up->cluster && up->cluster->config != cluster->config) {
        drop_by_addr(up);
        map_init(&up->by_addr);
    }
    set_source(up, cluster);
    model_cluster_ref(cluster);
    model_cluster_unref(up->cluster);
    up->cluster = cluster;
    up->counts = upstream_limits_get(flow_worker_limits(up->fw), cluster);
    if (up->counts || cluster->config->outlier.is_on)
        upstream_stats_open(&up->stats, flow_worker_options(up->fw)->stats, up->fw->worker->index,
                            cluster->config->name);
    if (is_dns(cluster)) {
        upstream_dns_follow(up);
        return;
    }
    if (up->dynamic)
        upstream_dynamic_follow(up);
    lb_free(up->lb);
    mem_free(up->lb_hosts);
    fill_hosts(up, old, old_count);
    retire_all(old, old_count);
    mem_free(old);
}

void upstream_set_hosts(struct upstream *up, struct model_cluster *resolved)
{
    struct upstream_host **old = up->hosts;
    uint32_t old_count = up->count;
    struct model_cluster *named = up->cluster;

    lb_free(up->lb);
    mem_free(up->lb_hosts);
    up->cluster = resolved; /* hosts hold the set their endpoints are in */
    fill_hosts(up, old, old_count);
    up->cluster = named;
    retire_all(old, old_count);
    mem_free(old);
}

struct upstream *upstream_get(struct flow_worker *fw, struct model_cluster *cluster)
{
    struct upstream *up = map_get_u64(&fw->upstreams, cluster->id);
    struct model_cluster *newest = NULL;

    if (up)
        return up;
    /* A virtual host outlives changes of endpoints, so what it names may be of an earlier time. */
    if (fw->lease)
        newest = snapshot_find_cluster(fw->lease->snapshot, cluster->config->name);
    if (newest)
        cluster = newest;
    up = upstream_open(fw, cluster);
    map_put_u64(&fw->upstreams, cluster->id, up);
    return up;
}

struct upstream *upstream_open(struct flow_worker *fw, struct model_cluster *cluster)
{
    struct upstream *up = mem_alloc0(1, sizeof(*up));

    up->fw = fw;
    map_init(&up->by_addr);
    map_init(&up->by_session);
    upstream_set_cluster(up, cluster);
    return up;
}

static void forget_by_addr(struct upstream *up, uint64_t unused_since_ms)
{
    struct upstream_host *dead[64];
    uint32_t count;

    do {
        size_t at = 0;

        count = 0;
        for (struct map_slot *s; count < COUNT_OF(dead) && (s = map_next(&up->by_addr, &at));) {
            struct upstream_host *h = s->value;

            if (h->active == 0 && h->last_used_ms <= unused_since_ms)
                dead[count++] = h;
        }
        for (uint32_t i = 0; i < count; i++) {
            map_remove_u64(&up->by_addr, addr_hash(&dead[i]->addr));
            host_retire(dead[i]);
        }
    } while (count == COUNT_OF(dead));
}

void upstream_close(struct upstream *up)
{
    upstream_outlier_stop(up);
    if (up->dns)
        upstream_dns_free(up);
    if (up->dynamic)
        upstream_dynamic_free(up);
    drop_by_addr(up);
    upstream_session_forget(up);
    retire_all(up->hosts, up->count);
    mem_free(up->hosts);
    mem_free(up->lb_hosts);
    lb_free(up->lb);
    upstream_stats_close(&up->stats);
    model_cluster_unref(up->cluster);
    mem_free(up);
}

void upstream_follow(struct flow_worker *fw, struct snapshot *s)
{
    struct upstream **gone = mem_alloc0(fw->upstreams.count, sizeof(struct upstream *));
    uint32_t gone_count = 0;
    size_t at = 0;

    for (struct map_slot *slot; (slot = map_next(&fw->upstreams, &at));) {
        struct upstream *up = slot->value;
        struct model_cluster *now = snapshot_find_cluster(s, up->cluster->config->name);

        if (!now)
            gone[gone_count++] = up;
        else if (now != up->cluster)
            upstream_set_cluster(up, now);
    }
    for (uint32_t i = 0; i < gone_count; i++) {
        map_remove_u64(&fw->upstreams, gone[i]->cluster->id);
        upstream_close(gone[i]);
    }
    mem_free(gone);
}

void upstream_free_all(struct flow_worker *fw)
{
    size_t at = 0;

    for (struct map_slot *slot; (slot = map_next(&fw->upstreams, &at));)
        upstream_close(slot->value);
    map_deinit(&fw->upstreams);
}

static void renew_host(struct upstream_host *h)
{
    for (int k = 0; k < UPSTREAM_KIND_COUNT; k++) {
        tls_config_unref(h->dials[k].tls);
        h->dials[k].tls = NULL;
        if (h->pools[k])
            http_pool_drain(h->pools[k]);
    }
    upstream_told_renew(h);
    tls_config_unref(h->tcp_tls);
    h->tcp_tls = NULL;
    h->speaks_istio = false;
}

void upstream_identity_changed(struct flow_worker *fw)
{
    size_t at = 0;

    for (struct map_slot *slot; (slot = map_next(&fw->upstreams, &at));) {
        struct upstream *up = slot->value;

        for (uint32_t i = 0; i < up->count; i++) {
            if (upstream_is_mtls(up->hosts[i]))
                renew_host(up->hosts[i]);
        }
    }
}

struct upstream_host *upstream_host_at(struct upstream *up, const struct addr *dst)
{
    struct upstream_host *h = map_get_u64(&up->by_addr, addr_hash(dst));
    uint64_t now = worker_now_ms(up->fw->worker);

    if (h && addr_eq(&h->addr, dst))
        return h;
    if (h) /* two addresses of one hash: the later one takes the place */
        host_retire(map_remove_u64(&up->by_addr, addr_hash(dst)));
    if (up->by_addr.count >= ORIGINAL_DST_MAX)
        forget_by_addr(up, now);
    else if (up->by_addr.count % 64 == 63 && now > ORIGINAL_DST_IDLE_MS)
        forget_by_addr(up, now - ORIGINAL_DST_IDLE_MS);
    h = host_new(up, NULL, dst);
    map_put_u64(&up->by_addr, addr_hash(dst), h);
    return h;
}

struct upstream_host *upstream_begin(struct upstream *up, struct upstream_host *h)
{
    h->refs++;
    h->active++;
    up->active++;
    if (h->endpoint)
        up->lb_hosts[h->index].active = h->active;
    return h;
}

void upstream_done(struct upstream_host *h)
{
    ASSERT(h->active > 0);
    h->active--;
    h->last_used_ms = worker_now_ms(h->fw->worker);
    if (h->up) {
        h->up->active--;
        if (h->endpoint)
            h->up->lb_hosts[h->index].active = h->active;
    }
    host_unref(h);
}

struct upstream_host *upstream_hold(struct upstream_host *h)
{
    h->refs++;
    return h;
}

void upstream_drop(struct upstream_host *h)
{
    host_unref(h);
}

bool upstream_is_mtls(const struct upstream_host *h)
{
    uint8_t mode = h->cluster->config->tls_mode;

    if (mode == MODEL_TLS_ISTIO_MUTUAL)
        return true;
    return mode == MODEL_TLS_AUTO && h->endpoint && h->endpoint->hop != MODEL_HOP_PLAIN;
}

bool upstream_is_multiplexed(const struct upstream_host *h)
{
    return upstream_is_mtls(h) && h->endpoint && h->endpoint->hop == MODEL_HOP_MESH &&
           !h->speaks_istio;
}

void upstream_is_no_mesh(struct upstream_host *h)
{
    h->speaks_istio = true;
}

enum upstream_kind upstream_kind_for(const struct upstream_host *h, bool h2, bool keep_case)
{
    if (upstream_is_multiplexed(h) && (h2 || !keep_case))
        return UPSTREAM_MESH;
    if (h->cluster->config->client_protocol)
        return h2 ? UPSTREAM_H2 : UPSTREAM_H1;
    switch (h->cluster->config->protocol) {
    case MODEL_PROTOCOL_HTTP2:
    case MODEL_PROTOCOL_GRPC:
        return UPSTREAM_H2;
    case MODEL_PROTOCOL_AUTO:
        return h2 ? UPSTREAM_H2 : UPSTREAM_H1;
    default:
        return h->cluster->config->h2_upgrade ? UPSTREAM_H2 : UPSTREAM_H1;
    }
}

struct http_pool *upstream_pool(struct upstream_host *h, enum upstream_kind kind,
                                const struct upstream_from *from)
{
    struct upstream_dial *dial = &h->dials[kind];

    if (from && h->cluster->config->proxy_protocol && kind != UPSTREAM_MESH)
        return upstream_told_pool(h, kind, from);
    if (h->pools[kind])
        return h->pools[kind];
    dial->config = upstream_dial_pool_config(h, kind);
    h->refs++;
    h->pools[kind] = http_pool_new(h->fw->worker, &dial->config, upstream_dial_for_pool, dial);
    return h->pools[kind];
}

int upstream_connect(struct upstream_host *h, const struct upstream_from *from, struct stream **out)
{
    return upstream_dial_open(h, &h->tcp_tls, UPSTREAM_TLS_TCP, from, out);
}

int upstream_connect_opaque(struct upstream_host *h, struct stream **out)
{
    return upstream_dial_tcp(h, out);
}

void upstream_wait(struct upstream *up, struct upstream_wait *wait)
{
    upstream_dns_add_wait(up->dynamic ? up->asked : up, wait);
}

void upstream_wait_cancel(struct upstream_wait *wait)
{
    list_remove(&wait->link);
}

bool upstream_has_no_waits(const struct upstream *up)
{
    return !up->dns || upstream_dns_has_no_waits(up);
}
