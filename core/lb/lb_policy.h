/* What a balancer's file implements, and what several of them share. Internal to core/lb. */
#ifndef CORE_LB_LB_POLICY_H
#define CORE_LB_LB_POLICY_H

#include "core/lb/lb.h"

/* Hosts to choose from; all of them may be used. */
struct lb_view {
    const struct lb_host *hosts;
    const uint32_t *members; /* places in hosts */
    uint32_t count;          /* 2 or more */
    const double *shares;    /* by_hash policies: each member's part of all keys; sum 1 */
    const struct model_cluster_config *config;
    struct random *random;
    uint64_t hash; /* by_hash policies: of the key, or random */
    uint64_t now_ms;
};

/* A row of the table in lb.c. */
struct lb_policy {
    const char *name;
    bool by_hash; /* one state for all localities of a priority, which hold shares */
    /* State, or NULL when the policy keeps none; freed with mem_free after release (may be NULL).
     */
    void *(*build)(const struct lb_view *view);
    void (*release)(void *state);
    /* A place in members. */
    uint32_t (*pick)(void *state, const struct lb_view *view);
};

static inline const struct lb_host *lb_policy_host(const struct lb_view *v, uint32_t at)
{
    return &v->hosts[v->members[at]];
}

static inline bool lb_policy_is_fresh(const struct lb_view *v, uint32_t at)
{
    return !lb_policy_host(v, at)->tried;
}

/* A host's weight at this moment: less than its own while it warms up. */
double lb_policy_weight(const struct lb_view *v, uint32_t at);

/* True when all weigh the same: then no schedule is needed. */
bool lb_policy_is_even(const struct lb_view *v);

/* By weight at random among the fresh hosts, else among all. Looks at every host: for when a
 * policy's own way has met too many that were tried. */
uint32_t lb_policy_fallback(const struct lb_view *v);

#endif
