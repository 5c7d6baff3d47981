/* Circuit breakers: what all workers of this process have going to one cluster (CB-1).
 *
 * Counts exist for clusters with a limit only, and are shared by the workers without a lock, so
 * that a limit may be passed by as many as there are workers at the same instant. What was counted
 * remembers where: limits come and go with the configuration. */
#ifndef CORE_FLOW_UPSTREAM_LIMITS_H
#define CORE_FLOW_UPSTREAM_LIMITS_H

#include <pthread.h>

#include "core/base/map.h"
#include "core/flow/upstream_window.h"
#include "core/http/http_pool.h"
#include "core/model/model_cluster.h"

struct upstream_counts {
    struct http_pool_counts pool; /* connections, pending, requests */
    atomic_uint retries;
    /* For budgets over a time; untouched without: */
    struct upstream_window tries, retried; /* of the budget's interval */
    struct upstream_window rate;           /* retries, of the time of the least rate */
};

/* Of a process: cluster id -> counts. They live as long as the table. */
struct upstream_limits {
    pthread_mutex_t lock;
    struct map by_cluster; /* id -> struct upstream_counts */
};

void upstream_limits_init(struct upstream_limits *l);
void upstream_limits_deinit(struct upstream_limits *l);
/* The counts of a cluster, or NULL when its config has no limit. Any thread. */
struct upstream_counts *upstream_limits_get(struct upstream_limits *l,
                                            const struct model_cluster *cluster);

/* A request is sent, for the first time or again. Any thread, as below; counts may be NULL. */
void upstream_limits_begin_try(struct upstream_counts *counts, const struct model_limits *limits,
                               uint64_t now_ms);
/* May one more try be made? is_counted: the request is counted as one that is tried again; else it
 * is from now on, when it may, until upstream_limits_end_retry. */
bool upstream_limits_begin_retry(struct upstream_counts *counts, const struct model_limits *limits,
                                 bool is_counted, uint64_t now_ms);
void upstream_limits_end_retry(struct upstream_counts *counts); /* NULL is allowed */

#endif
