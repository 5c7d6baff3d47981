#include "core/flow/upstream_limits.h"

#include "core/base/mem.h"

void upstream_limits_init(struct upstream_limits *l)
{
    pthread_mutex_init(&l->lock, NULL);
    map_init(&l->by_cluster);
}

void upstream_limits_deinit(struct upstream_limits *l)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&l->by_cluster, &at));)
        mem_free(s->value);
    map_deinit(&l->by_cluster);
    pthread_mutex_destroy(&l->lock);
}

static bool has_limit(const struct model_limits *l)
{
    return l->max_connections || l->max_pending || l->max_requests || l->max_retries ||
           l->budget.is_on;
}

struct upstream_counts *upstream_limits_get(struct upstream_limits *l,
                                            const struct model_cluster *cluster)
{
    struct upstream_counts *counts;

    if (!has_limit(&cluster->config->limits))
        return NULL;
    pthread_mutex_lock(&l->lock);
    counts = map_get_u64(&l->by_cluster, cluster->id);
    if (!counts) {
        counts = mem_alloc0(1, sizeof(*counts));
        map_put_u64(&l->by_cluster, cluster->id, counts);
    }
    pthread_mutex_unlock(&l->lock);
    return counts;
}

/* RT-9 */
static uint32_t retries_allowed(const struct upstream_counts *counts, const struct model_limits *l)
{
    uint32_t now;

    if (!l->budget.is_on)
        return l->max_retries ? l->max_retries : UINT32_MAX;
    now = (uint32_t)((http_pool_count_of(&counts->pool.requests) +
                      http_pool_count_of(&counts->pool.pending)) *
                     l->budget.pct / 100);
    return now > l->budget.min_concurrency ? now : l->budget.min_concurrency;
}

bool upstream_limits_begin_retry(struct upstream_counts *counts, const struct model_limits *limits)
{
    if (!counts)
        return true;
    if (http_pool_count_of(&counts->retries) >= retries_allowed(counts, limits))
        return false;
    http_pool_count(&counts->retries, 1);
    return true;
}

void upstream_limits_end_retry(struct upstream_counts *counts)
{
    if (counts)
        http_pool_count(&counts->retries, -1);
}
