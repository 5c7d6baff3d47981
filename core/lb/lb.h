/* Balancers: choosing one host of a cluster for one request, on one worker.
 *
 *   lb ── level per priority ── part per locality ── policy: schedule, ring or table over its hosts
 *          by health              by weight
 *
 * The owner keeps an array of lb_host (one per endpoint, in the endpoint set's order) with the
 * counts a balancer looks at. Which hosts may be used changes seldom: then everything is made anew
 * at the next pick, and holds only hosts that may be used, so that a pick meets no other. A policy
 * is one row of the table in lb.c and one file. Loop thread. */
#ifndef CORE_LB_LB_H
#define CORE_LB_LB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/random.h"
#include "core/model/model_cluster.h"

struct lb_host {
    uint32_t weight;         /* 1 or more */
    uint32_t active;         /* requests in motion on this worker */
    uint32_t group;          /* in the endpoint set's groups */
    bool usable;             /* healthy, resolved, not ejected; lb_changed after a change */
    bool tried;              /* by this request already: avoided while others are left */
    uint64_t since_ms;       /* worker time when it came: warm-up counts from here */
    const struct addr *addr; /* with port: the key of hashing; NULL without hashing */
};

struct lb; /* opaque */

struct lb_options {
    const struct model_cluster_config *config; /* borrowed for the balancer's life, as is set */
    const struct model_endpoints *set;         /* for its groups */
    struct random *random;
};

/* What is known of the request. */
struct lb_want {
    uint64_t hash; /* of the key, when has_hash */
    bool has_hash;
    uint64_t now_ms; /* worker time */
};

/* For count hosts, the set's. */
struct lb *lb_new(const struct lb_options *options, uint32_t count);
void lb_free(struct lb *lb); /* NULL is allowed */
/* The usable flag of some host changed. Cheap; the work is done by the next pick. */
void lb_changed(struct lb *lb);
/* Index of the host to use, or -1 when none is usable. Prefers hosts not tried, but where the hash
 * decides (RT-3). */
int32_t lb_pick(struct lb *lb, const struct lb_host *hosts, uint32_t count,
                const struct lb_want *want);

#endif
