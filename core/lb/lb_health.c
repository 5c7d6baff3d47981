#include "core/lb/lb_health.h"

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* What a priority can carry, in percent of all traffic. */
static uint32_t availability(const struct lb_health *h)
{
    uint64_t pct = h->total ? (uint64_t)LB_HEALTH_OVERPROVISIONING_PCT * h->healthy / h->total : 0;

    return pct < 100 ? (uint32_t)pct : 100;
}

/* Rounding down leaves a little: the first that can carry anything takes it. */
static void divide(struct lb_health *list, uint32_t count, uint32_t sum)
{
    uint32_t left = 100, first = count;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t pct = availability(&list[i]);

        list[i].share_pct = min_u32(left, pct * 100 / sum);
        left -= list[i].share_pct;
        if (pct && first == count)
            first = i;
    }
    if (first < count)
        list[first].share_pct += left;
}

/* All are in panic: by their number of hosts. */
static void divide_by_hosts(struct lb_health *list, uint32_t count)
{
    uint64_t hosts = 0;
    uint32_t left = 100;

    for (uint32_t i = 0; i < count; i++)
        hosts += list[i].total;
    for (uint32_t i = 0; i < count && hosts; i++) {
        list[i].share_pct = (uint32_t)((uint64_t)100 * list[i].total / hosts);
        left -= list[i].share_pct;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].total) {
            list[i].share_pct += left;
            return;
        }
    }
}

void lb_health_divide(struct lb_health *list, uint32_t count, uint32_t panic_pct)
{
    uint32_t sum = 0;
    bool all_panic = count > 0;

    for (uint32_t i = 0; i < count; i++)
        sum = min_u32(100, sum + availability(&list[i]));
    for (uint32_t i = 0; i < count; i++) {
        struct lb_health *h = &list[i];

        h->share_pct = 0;
        h->is_panic =
            sum < 100 && h->total && (uint64_t)100 * h->healthy < (uint64_t)panic_pct * h->total;
        all_panic = all_panic && (h->is_panic || !h->total);
    }
    if (all_panic)
        divide_by_hosts(list, count);
    else if (sum)
        divide(list, count, sum);
    else if (count)
        list[0].share_pct = 100; /* nobody can; the answer is that nobody is there */
}

double lb_health_weight(uint32_t weight, uint32_t healthy, uint32_t total)
{
    double part = total ? LB_HEALTH_OVERPROVISIONING_PCT / 100.0 * healthy / total : 0;

    return weight * (part < 1 ? part : 1);
}

static double part_of(uint32_t n, uint64_t of)
{
    return of ? (double)n / (double)of : 0;
}

bool lb_health_zones(struct lb_health_zone *list, uint32_t count, uint32_t source_total)
{
    struct lb_health_zone *local = 0;
    double direct, rest = 0;
    uint64_t hosts = 0;
    uint32_t used = 0;

    for (uint32_t i = 0; i < count; i++) {
        hosts += list[i].healthy;
        used += list[i].healthy > 0;
        local = list[i].is_local ? &list[i] : local;
    }
    if (!local || !local->healthy || used < 2 || !source_total)
        return false;
    direct =
        local->sources ? part_of(local->healthy, hosts) / part_of(local->sources, source_total) : 1;
    for (uint32_t i = 0; i < count; i++) {
        double spare = part_of(list[i].healthy, hosts) - part_of(list[i].sources, source_total);

        list[i].weight = &list[i] != local && list[i].healthy && spare > 0 ? spare : 0;
        rest += list[i].weight;
    }
    for (uint32_t i = 0; i < count; i++)
        list[i].weight = direct >= 1 || rest <= 0 ? 0 : (1 - direct) * list[i].weight / rest;
    local->weight = direct >= 1 || rest <= 0 ? 1 : direct;
    return true;
}
