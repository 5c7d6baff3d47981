/* Metrics of clusters that have limits or outlier detection, under Envoy's names, for those who
 * look at them as Istio's pages say. One set per cluster and worker; its thread. */
#ifndef CORE_FLOW_UPSTREAM_STATS_H
#define CORE_FLOW_UPSTREAM_STATS_H

#include <stdbool.h>

#include "core/stats/stats.h"

/* Rows of the table in upstream_stats.c. */
enum upstream_stat {
    UPSTREAM_STAT_EJECTIONS_ACTIVE,
    UPSTREAM_STAT_EJECTIONS_ENFORCED,
    UPSTREAM_STAT_EJECTIONS_OVERFLOW,
    UPSTREAM_STAT_DETECTED_5XX,
    UPSTREAM_STAT_DETECTED_GATEWAY,
    UPSTREAM_STAT_DETECTED_LOCAL,
    UPSTREAM_STAT_PENDING_OVERFLOW,
    UPSTREAM_STAT_CONNECTION_OVERFLOW,
    UPSTREAM_STAT_RETRY_OVERFLOW,
    UPSTREAM_STAT_COUNT,
};

struct upstream_stats {
    struct stats *stats; /* NULL: nobody counts */
    struct stats_shard *shard;
    uint32_t slots[UPSTREAM_STAT_COUNT];
    bool is_open;
};

/* stats may be NULL. Opens the series of a cluster once. */
void upstream_stats_open(struct upstream_stats *u, struct stats *stats, int worker,
                         struct str cluster);
void upstream_stats_close(struct upstream_stats *u);

/* Nothing happens while it is not open. */
void upstream_stats_add(struct upstream_stats *u, enum upstream_stat which, uint64_t n);
void upstream_stats_set(struct upstream_stats *u, enum upstream_stat which, int64_t value);

#endif
