#include "core/lb/lb_policy.h"

#include <math.h>

double lb_policy_weight(const struct lb_view *v, uint32_t at)
{
    const struct lb_host *h = lb_policy_host(v, at);
    const struct model_warmup *w = &v->config->warmup;
    uint64_t age = v->now_ms > h->since_ms ? v->now_ms - h->since_ms : 1;
    double share;

    if (age >= w->duration_ms) /* also without warm-up */
        return h->weight;
    share = (double)age / (double)w->duration_ms;
    if (w->aggression > 0)
        share = pow(share, 1 / w->aggression);
    if (share < w->min_share)
        share = w->min_share;
    return h->weight * (share > 0.0001 ? share : 0.0001); /* a schedule divides by it */
}

static bool is_warming(const struct lb_view *v, uint32_t at)
{
    return v->now_ms < lb_policy_host(v, at)->since_ms + v->config->warmup.duration_ms;
}

bool lb_policy_is_even(const struct lb_view *v)
{
    for (uint32_t i = 0; i < v->count; i++) {
        if (lb_policy_host(v, i)->weight != lb_policy_host(v, 0)->weight ||
            (v->config->warmup.duration_ms && is_warming(v, i)))
            return false;
    }
    return true;
}

static bool by_weight(const struct lb_view *v, bool only_fresh, uint32_t *out)
{
    uint64_t total = 0, ticket;

    for (uint32_t i = 0; i < v->count; i++)
        total += !only_fresh || lb_policy_is_fresh(v, i) ? lb_policy_host(v, i)->weight : 0;
    if (total == 0)
        return false;
    ticket = random_below(v->random, total);
    for (uint32_t i = 0; i < v->count; i++) {
        const struct lb_host *h = lb_policy_host(v, i);

        if (only_fresh && h->tried)
            continue;
        if (ticket < h->weight) {
            *out = i;
            return true;
        }
        ticket -= h->weight;
    }
    return false;
}

uint32_t lb_policy_fallback(const struct lb_view *v)
{
    uint32_t found = 0;

    if (!by_weight(v, true, &found))
        (void)by_weight(v, false, &found);
    return found;
}
