#include "core/lb/lb_random.h"

#include "core/base/mem.h"

#define MAX_DRAWS 8

/* Sums of weights up to and with each host; NULL state: all weigh the same. */
static void *build(const struct lb_host *hosts, uint32_t count, struct random *random)
{
    uint64_t *sums, total = 0;

    (void)random;
    if (lb_policy_is_even(hosts, count))
        return NULL;
    sums = mem_alloc0(count, sizeof(*sums));
    for (uint32_t i = 0; i < count; i++)
        sums[i] = total += hosts[i].weight;
    return sums;
}

static uint32_t draw(const uint64_t *sums, uint32_t count, struct random *random)
{
    uint32_t low = 0, high = count - 1;
    uint64_t ticket;

    if (!sums)
        return (uint32_t)random_below(random, count);
    ticket = random_below(random, sums[count - 1]);
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (ticket < sums[mid])
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static int32_t pick(void *state, const struct lb_host *hosts, uint32_t count, struct random *random)
{
    for (int i = 0; i < MAX_DRAWS; i++) {
        uint32_t host = draw(state, count, random);

        if (lb_policy_is_fresh(&hosts[host]))
            return (int32_t)host;
    }
    return lb_policy_fallback(hosts, count, random);
}

const struct lb_policy lb_random = { .name = "RANDOM", .build = build, .pick = pick };
