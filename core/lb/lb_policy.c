#include "core/lb/lb_policy.h"

bool lb_policy_is_even(const struct lb_host *hosts, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (hosts[i].weight != hosts[0].weight)
            return false;
    }
    return true;
}

static bool is_candidate(const struct lb_host *host, bool only_fresh)
{
    return host->usable && !(only_fresh && host->tried);
}

static int32_t by_weight(const struct lb_host *hosts, uint32_t count, struct random *random,
                         bool only_fresh)
{
    uint64_t total = 0, ticket;

    for (uint32_t i = 0; i < count; i++)
        total += is_candidate(&hosts[i], only_fresh) ? hosts[i].weight : 0;
    if (total == 0)
        return -1;
    ticket = random_below(random, total);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_candidate(&hosts[i], only_fresh))
            continue;
        if (ticket < hosts[i].weight)
            return (int32_t)i;
        ticket -= hosts[i].weight;
    }
    return -1;
}

int32_t lb_policy_fallback(const struct lb_host *hosts, uint32_t count, struct random *random)
{
    int32_t found = by_weight(hosts, count, random, true);

    return found >= 0 ? found : by_weight(hosts, count, random, false);
}
