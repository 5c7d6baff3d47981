#include "core/compile/compile_traffic.h"

#include "core/api/gateway_api_policy.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/digest.h"
#include "core/http/http_headers.h"
#include "core/text/duration.h"

enum {
    RING_SIZE = 1024,
    RING_SIZE_MAX = 8 * 1024 * 1024,
    TABLE_SIZE = 65537,
    OUTLIER_ERRORS = 5,
    OUTLIER_INTERVAL_MS = 10000,
    OUTLIER_BASE_MS = 30000,
    OUTLIER_MAX_MS = 300000,
    OUTLIER_MAX_PCT = 10,
    BUDGET_PCT = 20,
    BUDGET_MIN = 3,
    CONSTRAINT_MS = 10000,
    CONSTRAINT_MIN = 10,
    CONSTRAINT_MIN_MS = 1000,
};

static uint64_t ms_of(const struct field_opt *d)
{
    return d->set && d->value > 0 ? (uint64_t)(d->value / DURATION_MS) : 0;
}

static uint64_t ms_or(const struct field_opt *d, uint64_t otherwise)
{
    uint64_t ms = ms_of(d);

    return ms ? ms : otherwise;
}

/* ---- connection pool ---- */

/* CB-3: 0 is as unset. */
static uint32_t limit_of(int64_t n)
{
    return n > 0 && n <= INT32_MAX ? (uint32_t)n : 0;
}

/* 0s switches the timeout off, which the model says as "very long". */
static uint64_t idle_of(const struct field_opt *d)
{
    return d->set ? (d->value > 0 ? ms_of(d) : MODEL_IDLE_NEVER_MS) : 0;
}

static void tcp_limits(const struct traffic_policy_tcp *tcp, struct model_limits *out)
{
    out->max_connections = limit_of(tcp->max_connections);
    if (ms_of(&tcp->connect_timeout))
        out->connect_timeout_ms = ms_of(&tcp->connect_timeout);
    out->max_connection_ms = ms_of(&tcp->max_connection_duration);
    out->tcp_idle_timeout_ms = idle_of(&tcp->idle_timeout);
    out->idle_timeout_ms = idle_of(&tcp->idle_timeout); /* CB-4: HTTP's own wins */
}

static void set_keepalive(const struct traffic_policy_keepalive *k, struct model_limits *out)
{
    if (!k)
        return;
    out->keepalive.set = true;
    out->keepalive.probes = limit_of(k->probes);
    out->keepalive.idle_s = (uint32_t)(ms_of(&k->time) / 1000);
    out->keepalive.interval_s = (uint32_t)(ms_of(&k->interval) / 1000);
}

static void http_limits(const struct traffic_policy_http *http, struct model_limits *out)
{
    out->max_pending = limit_of(http->http1_max_pending_requests);
    out->max_requests = limit_of(http->http2_max_requests);
    out->max_requests_per_conn = limit_of(http->max_requests_per_connection);
    out->max_retries = limit_of(http->max_retries);
    out->max_streams_per_conn = limit_of(http->max_concurrent_streams);
    if (ms_of(&http->idle_timeout))
        out->idle_timeout_ms = ms_of(&http->idle_timeout);
    if (http->http2_keep_alive) {
        out->ping_interval_ms = ms_of(&http->http2_keep_alive->interval);
        out->ping_timeout_ms = ms_of(&http->http2_keep_alive->timeout);
    }
}

void compile_traffic_limits(const struct compile *c, const struct traffic_policy_pool *pool,
                            struct model_limits *out)
{
    *out = (struct model_limits){ .connect_timeout_ms = c->mesh->settings.connect_timeout_ms };
    if (pool && pool->tcp)
        tcp_limits(pool->tcp, out);
    if (pool && pool->http)
        http_limits(pool->http, out);
    set_keepalive(pool && pool->tcp && pool->tcp->keepalive ? pool->tcp->keepalive
                                                            : c->mesh->config.tcp_keepalive,
                  out);
}

static void set_budget(const struct traffic_policy_retry_budget *b, struct model_retry_budget *out)
{
    if (!b)
        return;
    out->is_on = true;
    out->pct = b->percent.set ? b->percent.value : BUDGET_PCT;
    out->min_concurrency = limit_of(b->min_retry_concurrency);
    if (!out->min_concurrency)
        out->min_concurrency = BUDGET_MIN;
    out->interval_ms = ms_of(&b->budget_interval);
}

/* GEP-3388; where a part is left out the CRD's default for all of it counts. */
static void set_constraint(const struct gateway_api_retry_constraint *r,
                           struct model_retry_budget *out)
{
    const struct gateway_api_budget *b = r ? r->budget : NULL;
    const struct gateway_api_rate *rate = r ? r->min_rate : NULL;

    if (!r)
        return;
    out->is_on = true;
    out->pct = b && b->percent.set ? (double)b->percent.value : BUDGET_PCT;
    out->interval_ms = b && b->interval.set ? ms_of(&b->interval) : CONSTRAINT_MS;
    out->min_count = rate && rate->count.set ? (uint32_t)rate->count.value : CONSTRAINT_MIN;
    out->min_ms = rate ? ms_or(&rate->interval, CONSTRAINT_MIN_MS) : CONSTRAINT_MIN_MS;
}

/* ---- balancing ---- */

/* LB-7: without ttl there is no cookie of ours; a ttl of 0 is one for the session. */
static struct str cookie_tail(const struct traffic_policy_cookie *k, struct arena *a)
{
    struct str tail = STR("");

    if (!k->ttl.set)
        return STR_NONE;
    if (k->ttl.value >= DURATION_S)
        tail = arena_printf(a, "; Max-Age=%lld", (long long)(k->ttl.value / DURATION_S));
    if (k->path.len)
        tail = arena_printf(a, "%.*s; Path=%.*s", STR_ARG(tail), STR_ARG(k->path));
    for (size_t i = 0; i < k->attributes_count; i++) {
        const struct traffic_policy_cookie_attribute *at = &k->attributes[i];

        tail = arena_printf(a, "%.*s; %.*s%s%.*s", STR_ARG(tail), STR_ARG(at->name),
                            at->value.len ? "=" : "", STR_ARG(at->value));
    }
    tail = arena_printf(a, "%.*s; HttpOnly", STR_ARG(tail));
    return http_headers_is_value(tail) ? tail : STR_NONE;
}

static void set_key(const struct traffic_policy_hash *h, struct model_hash *out, struct arena *a)
{
    if (h->http_header_name.len) {
        out->key = MODEL_HASH_HEADER;
        out->name = arena_lower(a, h->http_header_name);
    } else if (h->http_cookie) {
        out->key = MODEL_HASH_COOKIE;
        out->name = arena_str(a, h->http_cookie->name);
        out->cookie_tail = cookie_tail(h->http_cookie, a);
    } else if (h->http_query_parameter_name.len) {
        out->key = MODEL_HASH_QUERY;
        out->name = arena_str(a, h->http_query_parameter_name);
    } else if (h->use_source_ip.set && h->use_source_ip.value) {
        out->key = MODEL_HASH_SOURCE_IP;
    }
}

static void set_hash(const struct traffic_policy_hash *h, struct model_cluster_config *config)
{
    struct model_hash *out = &config->hash_by;
    int64_t ring = h->ring_hash ? h->ring_hash->minimum_size : h->minimum_ring_size;

    config->lb = h->maglev ? MODEL_LB_MAGLEV : MODEL_LB_RING_HASH;
    out->table_size =
        h->maglev && h->maglev->table_size > 0 ? (uint32_t)h->maglev->table_size : TABLE_SIZE;
    out->ring_size = ring <= 0 ? RING_SIZE : ring < RING_SIZE_MAX ? (uint32_t)ring : RING_SIZE_MAX;
    set_key(h, out, &config->arena);
}

static void set_warmup(const struct traffic_policy_lb *lb, struct model_warmup *out)
{
    const struct traffic_policy_warmup *w = lb->warmup;

    out->duration_ms = ms_of(w ? &w->duration : &lb->warmup_duration);
    out->min_share = w && w->minimum_percent.set ? w->minimum_percent.value / 100 : 0.1;
    out->aggression = w && w->aggression.set ? w->aggression.value : 1;
}

static void set_lb(struct model_cluster_config *config, const struct traffic_policy_lb *lb)
{
    static const uint8_t simple[] = {
        [TRAFFIC_POLICY_LB_UNSPECIFIED] = MODEL_LB_LEAST_REQUEST,
        [TRAFFIC_POLICY_LB_LEAST_CONN] = MODEL_LB_LEAST_REQUEST,
        [TRAFFIC_POLICY_LB_RANDOM] = MODEL_LB_RANDOM,
        [TRAFFIC_POLICY_LB_PASSTHROUGH] = MODEL_LB_PASSTHROUGH,
        [TRAFFIC_POLICY_LB_ROUND_ROBIN] = MODEL_LB_ROUND_ROBIN,
        [TRAFFIC_POLICY_LB_LEAST_REQUEST] = MODEL_LB_LEAST_REQUEST,
    };

    if (!lb)
        return;
    if (lb->simple.set)
        config->lb = simple[lb->simple.value];
    if (config->lb == MODEL_LB_PASSTHROUGH)
        config->type = MODEL_CLUSTER_ORIGINAL_DST; /* LB-8 */
    if (lb->consistent_hash)
        set_hash(lb->consistent_hash, config);
    if (config->lb == MODEL_LB_LEAST_REQUEST || config->lb == MODEL_LB_ROUND_ROBIN)
        set_warmup(lb, &config->warmup);
}

/* ---- ejection ---- */

static uint32_t errors_of(const struct field_opt *n, uint32_t otherwise)
{
    return n->set ? (uint32_t)n->value : otherwise;
}

/* CB-5 */
static void set_outlier(struct model_cluster_config *config, const struct traffic_policy_outlier *o)
{
    struct model_outlier *out = &config->outlier;

    if (!o)
        return;
    out->is_on = true;
    out->consecutive_5xx = errors_of(&o->consecutive_5xx_errors, OUTLIER_ERRORS);
    out->consecutive_gateway = errors_of(&o->consecutive_gateway_errors, 0);
    out->split_local = o->split_external_local_origin_errors;
    if (out->split_local) {
        out->consecutive_local = errors_of(&o->consecutive_local_origin_failures, 0);
        if (!out->consecutive_local)
            out->consecutive_local = OUTLIER_ERRORS;
    }
    out->interval_ms = ms_or(&o->interval, OUTLIER_INTERVAL_MS);
    out->base_ms = ms_or(&o->base_ejection_time, OUTLIER_BASE_MS);
    out->max_ms = out->base_ms > OUTLIER_MAX_MS ? out->base_ms : OUTLIER_MAX_MS;
    out->max_ejection_pct = limit_of(o->max_ejection_percent);
    if (!out->max_ejection_pct)
        out->max_ejection_pct = OUTLIER_MAX_PCT;
    config->panic_pct = limit_of(o->min_health_percent);
    out->codes = arena_alloc0(&config->arena, o->http_error_codes_count, sizeof(*out->codes));
    for (size_t i = 0; i < o->http_error_codes_count; i++)
        out->codes[out->code_count++] = (uint16_t)o->http_error_codes[i];
}

/* ---- all of it ---- */

/* The mesh's own wish counts for ports that are known to be HTTP only. */
static bool upgrades(const struct compile *c, const struct model_cluster_config *config,
                     const struct traffic_policy_http *http)
{
    if (http && http->h2_upgrade_policy != TRAFFIC_POLICY_H2_DEFAULT)
        return http->h2_upgrade_policy == TRAFFIC_POLICY_H2_UPGRADE;
    return config->protocol == MODEL_PROTOCOL_HTTP &&
           c->mesh->config.h2_upgrade_policy == MESH_CONFIG_H2_UPGRADE_UPGRADE;
}

static void set_tunnel(struct model_cluster_config *config, const struct traffic_policy_tunnel *t)
{
    if (!t)
        return;
    config->tunnel.target = arena_printf(&config->arena, "%.*s:%lld", STR_ARG(t->target_host),
                                         (long long)t->target_port);
    config->tunnel.is_post = str_is(t->protocol, "POST");
}

void compile_traffic_apply(const struct compile *c, const struct compile_dr_policy *policy,
                           struct model_cluster_config *config)
{
    const struct traffic_policy_http *http = policy->pool ? policy->pool->http : NULL;

    compile_traffic_limits(c, policy->pool, &config->limits);
    set_budget(policy->retry_budget, &config->limits.budget);
    set_constraint(policy->retry_constraint, &config->limits.budget);
    config->h2_upgrade = upgrades(c, config, http);
    config->client_protocol = http && http->use_client_protocol;
    set_lb(config, policy->lb);
    set_outlier(config, policy->outlier);
    set_tunnel(config, policy->tunnel);
    if (policy->proxy_protocol)
        config->proxy_protocol = policy->proxy_protocol->version == TRAFFIC_POLICY_PROXY_V2 ? 2 : 1;
}

/* ---- digest ---- */

static uint64_t add_double(uint64_t h, double d)
{
    return digest_str(h, str_make(&d, sizeof(d)));
}

static uint64_t add_limits(uint64_t h, const struct model_limits *l)
{
    const uint64_t numbers[] = {
        l->max_connections,       l->max_pending,      l->max_requests,
        l->max_requests_per_conn, l->max_retries,      l->max_streams_per_conn,
        l->connect_timeout_ms,    l->idle_timeout_ms,  l->tcp_idle_timeout_ms,
        l->max_connection_ms,     l->keepalive.idle_s, l->keepalive.interval_s,
        l->keepalive.probes,      l->keepalive.set,    l->ping_interval_ms,
        l->ping_timeout_ms,       l->budget.is_on,     l->budget.min_concurrency,
        l->budget.interval_ms,    l->budget.min_count, l->budget.min_ms,
    };

    return add_double(digest_str(h, str_make(numbers, sizeof(numbers))), l->budget.pct);
}

static uint64_t add_outlier(uint64_t h, const struct model_outlier *o)
{
    const uint64_t numbers[] = { o->is_on,
                                 o->split_local,
                                 o->consecutive_5xx,
                                 o->consecutive_gateway,
                                 o->consecutive_local,
                                 o->interval_ms,
                                 o->base_ms,
                                 o->max_ms,
                                 o->max_ejection_pct };

    h = digest_str(h, str_make(numbers, sizeof(numbers)));
    return digest_str(h, str_make(o->codes, o->code_count * sizeof(*o->codes)));
}

uint64_t compile_traffic_digest(uint64_t h, const struct model_cluster_config *config)
{
    const struct model_hash *by = &config->hash_by;
    const struct model_warmup *w = &config->warmup;

    h = add_limits(h, &config->limits);
    h = add_outlier(h, &config->outlier);
    h = digest_str(digest_str(h, by->name), by->cookie_tail);
    h = digest_u64(h, by->ring_size | (uint64_t)by->table_size << 32);
    h = digest_u64(h, by->key | (uint64_t)(by->cookie_tail.p != NULL) << 8);
    h = add_double(add_double(digest_u64(h, w->duration_ms), w->min_share), w->aggression);
    h = digest_str(h, config->tunnel.target);
    h = digest_u64(h, config->panic_pct | (uint64_t)config->zone_min_cluster << 32);
    return digest_u64(h, (uint64_t)config->tunnel.is_post | (uint64_t)config->client_protocol << 1 |
                             (uint64_t)config->locality_weighted << 2 |
                             (uint64_t)config->proxy_protocol << 8 |
                             (uint64_t)config->h2_upgrade << 16);
}
