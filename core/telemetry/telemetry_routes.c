#include "core/telemetry/telemetry_routes.h"

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/model/snapshot.h"

#define VHOST_ROUTE "envoy_virtual_host", "envoy_route"

static const struct stats_def defs[] = {
    [TELEMETRY_ROUTE_REQUESTS] = { .name = "envoy_vhost_route_upstream_rq_total",
                                   .help = "Requests of a route with statPrefix",
                                   .labels = { VHOST_ROUTE } },
    [TELEMETRY_ROUTE_CLASS] = { .name = "envoy_vhost_route_upstream_rq_xx",
                                .help = "Those by the class of their status",
                                .labels = { VHOST_ROUTE, "envoy_response_code_class" } },
    [TELEMETRY_ROUTE_RETRIES] = { .name = "envoy_vhost_route_upstream_rq_retry",
                                  .help = "Tries beside the first ones",
                                  .labels = { VHOST_ROUTE } },
    [TELEMETRY_ROUTE_TIMEOUTS] = { .name = "envoy_vhost_route_upstream_rq_timeout",
                                   .help = "Requests that timed out",
                                   .labels = { VHOST_ROUTE } },
};

struct entry {
    uint32_t slots[TELEMETRY_ROUTE_METRIC_COUNT];
};

struct telemetry_routes {
    const struct telemetry_route_families *families;
    struct stats_shard *shard;
    uint64_t version;   /* of the newest snapshot seen: pointers of others are not looked up */
    struct map entries; /* route's address + class -> struct entry */
};

void telemetry_routes_register(struct telemetry_route_families *out, struct stats *stats)
{
    for (size_t i = 0; i < TELEMETRY_ROUTE_METRIC_COUNT; i++)
        out->list[i] = stats_register(stats, &defs[i]);
}

struct telemetry_routes *telemetry_routes_new(const struct telemetry_route_families *families,
                                              struct stats_shard *shard)
{
    struct telemetry_routes *r = mem_alloc0(1, sizeof(*r));

    r->families = families;
    r->shard = shard;
    map_init(&r->entries);
    return r;
}

static void clear(struct telemetry_routes *r)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&r->entries, &at));) {
        struct entry *e = s->value;

        for (int i = 0; i < TELEMETRY_ROUTE_METRIC_COUNT; i++)
            stats_close_series(r->families->list[i], e->slots[i]);
        mem_free(e);
    }
    map_clear(&r->entries);
}

void telemetry_routes_free(struct telemetry_routes *r)
{
    if (!r)
        return;
    clear(r);
    map_deinit(&r->entries);
    mem_free(r);
}

static struct entry *entry_of(struct telemetry_routes *r, const struct decision *d, unsigned class)
{
    static const struct str names[] = { STR_INIT("0"), STR_INIT("1"), STR_INIT("2"),
                                        STR_INIT("3"), STR_INIT("4"), STR_INIT("5") };
    /* Routes are aligned to more than the six classes. */
    uint64_t key = (uint64_t)(uintptr_t)d->route + class;
    struct entry *e = map_get_u64(&r->entries, key);
    const struct str labels[] = { d->vhost ? d->vhost->name : STR_NONE, d->route->stat_prefix,
                                  names[class] };

    if (e)
        return e;
    e = mem_alloc0(1, sizeof(*e));
    for (int i = 0; i < TELEMETRY_ROUTE_METRIC_COUNT; i++)
        e->slots[i] = stats_open_series(r->families->list[i], labels);
    map_put_u64(&r->entries, key, e);
    return e;
}

void telemetry_routes_count(struct telemetry_routes *r, const struct decision *d)
{
    const struct entry *e;

    if (!d->route || !d->route->stat_prefix.len)
        return;
    if (d->snapshot && d->snapshot->version > r->version) {
        clear(r);
        r->version = d->snapshot->version;
    }
    e = entry_of(r, d, d->status < 600 ? d->status / 100 : 0);
    stats_add(r->shard, e->slots[TELEMETRY_ROUTE_REQUESTS], 1);
    stats_add(r->shard, e->slots[TELEMETRY_ROUTE_CLASS], 1);
    if (d->try_count > 1)
        stats_add(r->shard, e->slots[TELEMETRY_ROUTE_RETRIES], d->try_count - 1);
    if (d->flags & DECISION_UT)
        stats_add(r->shard, e->slots[TELEMETRY_ROUTE_TIMEOUTS], 1);
}
