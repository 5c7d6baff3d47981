/* Balancers: choosing one host of a cluster for one request, on one worker.
 *
 * The owner keeps an array of lb_host (one per endpoint, in the endpoint set's order) with the
 * counts a balancer looks at; the balancer keeps only its position or schedule. A policy is one row
 * of the table in lb.c and one file. Loop thread. */
#ifndef CORE_LB_LB_H
#define CORE_LB_LB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/random.h"
#include "core/model/model_cluster.h"

struct lb_host {
    uint32_t weight; /* 1 or more */
    uint32_t active; /* requests in motion on this worker */
    bool usable;     /* healthy, resolved, not ejected */
    bool tried;      /* by this request already: avoided while others are usable */
};

struct lb; /* opaque */

/* policy: enum model_lb. For count hosts; rebuilt when the set changes. */
struct lb *lb_new(enum model_lb policy, const struct lb_host *hosts, uint32_t count,
                  struct random *random);
void lb_free(struct lb *lb); /* NULL is allowed */
/* Index of the host to use, or -1 when none is usable. Prefers hosts not tried. */
int32_t lb_pick(struct lb *lb, const struct lb_host *hosts, uint32_t count);

#endif
