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

void upstream_limits_begin_try(struct upstream_counts *counts, const struct model_limits *limits,
                               uint64_t now_ms)
{
    if (counts && limits->budget.interval_ms)
        upstream_window_add(&counts->tries, limits->budget.interval_ms, now_ms);
}

static uint32_t more_of(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* RT-9; others: requests besides this one that are tried again now. Over a time both sides count
 * what began in it and what is there still. */
static bool is_in_budget(const struct upstream_counts *counts, const struct model_retry_budget *b,
                         uint32_t others, uint64_t now_ms)
{
    uint32_t all =
        http_pool_count_of(&counts->pool.requests) + http_pool_count_of(&counts->pool.pending);
    uint32_t retries = others;

    if (others < b->min_concurrency)
        return true;
    if (b->min_ms && upstream_window_count(&counts->rate, b->min_ms, now_ms) < b->min_count)
        return true;
    if (b->interval_ms) {
        all = more_of(all, upstream_window_count(&counts->tries, b->interval_ms, now_ms));
        retries = more_of(retries, upstream_window_count(&counts->retried, b->interval_ms, now_ms));
    }
    return retries < (uint32_t)(all * b->pct / 100);
}

static void count_retry(struct upstream_counts *counts, const struct model_retry_budget *b,
                        uint64_t now_ms)
{
    if (b->interval_ms)
        upstream_window_add(&counts->retried, b->interval_ms, now_ms);
    if (b->min_ms)
        upstream_window_add(&counts->rate, b->min_ms, now_ms);
}

bool upstream_limits_begin_retry(struct upstream_counts *counts, const struct model_limits *limits,
                                 bool is_counted, uint64_t now_ms)
{
    const struct model_retry_budget *b = &limits->budget;
    uint32_t others;

    if (!counts || (is_counted && !(b->is_on && (b->interval_ms || b->min_ms))))
        return true;
    others = http_pool_count_of(&counts->retries) - is_counted;
    if (b->is_on ? !is_in_budget(counts, b, others, now_ms)
                 : limits->max_retries && others >= limits->max_retries)
        return false;
    count_retry(counts, b, now_ms);
    if (!is_counted)
        http_pool_count(&counts->retries, 1);
    return true;
}

void upstream_limits_end_retry(struct upstream_counts *counts)
{
    if (counts)
        http_pool_count(&counts->retries, -1);
}
