/* What a balancer's file implements, and what several of them share. Internal to core/lb. */
#ifndef CORE_LB_LB_POLICY_H
#define CORE_LB_LB_POLICY_H

#include "core/lb/lb.h"

/* A row of the table in lb.c. */
struct lb_policy {
    const char *name;
    /* State for count hosts, or NULL when the policy keeps none; freed with mem_free after
     * release (may be NULL). */
    void *(*build)(const struct lb_host *hosts, uint32_t count, struct random *random);
    void (*release)(void *state);
    /* As lb_pick; count is 2 or more and at least one host is usable, as far as is known. */
    int32_t (*pick)(void *state, const struct lb_host *hosts, uint32_t count,
                    struct random *random);
};

static inline bool lb_policy_is_fresh(const struct lb_host *host)
{
    return host->usable && !host->tried;
}

/* True when all weigh the same: then no schedule is needed. */
bool lb_policy_is_even(const struct lb_host *hosts, uint32_t count);

/* By weight at random among the fresh hosts, else among the usable ones, else -1. Looks at every
 * host: for when a policy's own way has met too many that cannot be used. */
int32_t lb_policy_fallback(const struct lb_host *hosts, uint32_t count, struct random *random);

#endif
