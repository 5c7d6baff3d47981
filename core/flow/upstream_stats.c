#include "core/flow/upstream_stats.h"

#define DEF(suffix, of_kind, text)                                                                 \
    {                                                                                              \
        .name = "envoy_cluster_" suffix, .help = text, .kind = of_kind, .labels = {                \
            "cluster_name"                                                                         \
        }                                                                                          \
    }

static const struct stats_def defs[UPSTREAM_STAT_COUNT] = {
    [UPSTREAM_STAT_EJECTIONS_ACTIVE] =
        DEF("outlier_detection_ejections_active", STATS_GAUGE, "Endpoints that are left out now"),
    [UPSTREAM_STAT_EJECTIONS_ENFORCED] = DEF("outlier_detection_ejections_enforced_total",
                                             STATS_COUNTER, "Endpoints that were left out"),
    [UPSTREAM_STAT_EJECTIONS_OVERFLOW] =
        DEF("outlier_detection_ejections_overflow", STATS_COUNTER,
            "Endpoints that were not left out because of maxEjectionPercent"),
    [UPSTREAM_STAT_DETECTED_5XX] =
        DEF("outlier_detection_ejections_detected_consecutive_5xx", STATS_COUNTER,
            "Endpoints that had too many errors in a row"),
    [UPSTREAM_STAT_DETECTED_GATEWAY] =
        DEF("outlier_detection_ejections_detected_consecutive_gateway_failure", STATS_COUNTER,
            "Endpoints that had too many gateway errors in a row"),
    [UPSTREAM_STAT_DETECTED_LOCAL] =
        DEF("outlier_detection_ejections_detected_consecutive_local_origin_failure", STATS_COUNTER,
            "Endpoints that could not be reached too often in a row"),
    [UPSTREAM_STAT_PENDING_OVERFLOW] =
        DEF("upstream_rq_pending_overflow", STATS_COUNTER, "Requests refused by a limit"),
    [UPSTREAM_STAT_CONNECTION_OVERFLOW] =
        DEF("upstream_cx_overflow", STATS_COUNTER, "Connections not made because of a limit"),
    [UPSTREAM_STAT_RETRY_OVERFLOW] =
        DEF("upstream_rq_retry_overflow", STATS_COUNTER, "Retries not made because of a limit"),
};

void upstream_stats_open(struct upstream_stats *u, struct stats *stats, int worker,
                         struct str cluster)
{
    if (u->is_open || !stats)
        return;
    u->stats = stats;
    u->shard = stats_get_shard(stats, worker);
    for (int i = 0; i < UPSTREAM_STAT_COUNT; i++)
        u->slots[i] = stats_open_series(stats_register(stats, &defs[i]), &cluster);
    u->is_open = true;
}

void upstream_stats_close(struct upstream_stats *u)
{
    if (!u->is_open)
        return;
    upstream_stats_set(u, UPSTREAM_STAT_EJECTIONS_ACTIVE, 0);
    for (int i = 0; i < UPSTREAM_STAT_COUNT; i++)
        stats_close_series(stats_register(u->stats, &defs[i]), u->slots[i]);
    u->is_open = false;
}

void upstream_stats_add(struct upstream_stats *u, enum upstream_stat which, uint64_t n)
{
    if (u->is_open)
        stats_add(u->shard, u->slots[which], n);
}

void upstream_stats_set(struct upstream_stats *u, enum upstream_stat which, int64_t value)
{
    if (u->is_open)
        stats_set(u->shard, u->slots[which], value);
}
