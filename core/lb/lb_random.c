#include "core/lb/lb_random.h"

#include "core/base/mem.h"

#define MAX_DRAWS 8

/* Sums of weights up to and with each host; NULL state: all weigh the same. */
static void *build(const struct lb_view *view)
{
    uint64_t *sums, total = 0;

    if (lb_policy_is_even(view))
        return NULL;
    sums = mem_alloc0(view->count, sizeof(*sums));
    for (uint32_t i = 0; i < view->count; i++)
        sums[i] = total += lb_policy_host(view, i)->weight;
    return sums;
}

static uint32_t draw(const uint64_t *sums, const struct lb_view *view)
{
    uint32_t low = 0, high = view->count - 1;
    uint64_t ticket;

    if (!sums)
        return (uint32_t)random_below(view->random, view->count);
    ticket = random_below(view->random, sums[view->count - 1]);
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (ticket < sums[mid])
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static uint32_t pick(void *state, const struct lb_view *view)
{
    for (int i = 0; i < MAX_DRAWS; i++) {
        uint32_t at = draw(state, view);

        if (lb_policy_is_fresh(view, at))
            return at;
    }
    return lb_policy_fallback(view);
}

const struct lb_policy lb_random = { .name = "RANDOM", .build = build, .pick = pick };
