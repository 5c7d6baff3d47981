#include "core/lb/lb_elsewhere.h"

static unsigned priority_of(const struct model_endpoints *set, const struct lb_host *h)
{
    unsigned p = set && set->groups ? set->groups[h->group].priority : 0;

    return p < 63 ? p : 63;
}

uint64_t lb_elsewhere_bit(const struct model_endpoints *set, const struct lb_host *host)
{
    return UINT64_C(1) << priority_of(set, host);
}

int32_t lb_elsewhere_pick(const struct model_endpoints *set, const struct lb_host *hosts,
                          uint32_t count, uint64_t shunned, struct random *random)
{
    unsigned best = 64;
    uint64_t total = 0;
    int32_t at = -1;

    for (uint32_t i = 0; i < count; i++) {
        unsigned p = priority_of(set, &hosts[i]);

        if (!hosts[i].usable || (shunned >> p & 1) || p > best)
            continue;
        total = p < best ? hosts[i].weight : total + hosts[i].weight;
        best = p;
        /* One of those so far, each with the chance that its weight gives it. */
        if (random_below(random, total) < hosts[i].weight)
            at = (int32_t)i;
    }
    return at;
}
