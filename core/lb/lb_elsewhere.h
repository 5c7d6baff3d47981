/* A host for a retry that shall go to other localities (retryRemoteLocalities): of the priorities
 * that were not tried, the first with a usable host. Unlike lb_pick it looks at every host, since
 * retries are few and lb_pick holds no priority that gets no traffic. Loop thread. */
#ifndef CORE_LB_LB_ELSEWHERE_H
#define CORE_LB_LB_ELSEWHERE_H

#include "core/lb/lb.h"

/* The bit of a host's priority in shunned. */
uint64_t lb_elsewhere_bit(const struct model_endpoints *set, const struct lb_host *host);
/* Index of the host, by weight among those of its priority; -1: there is no other priority. */
int32_t lb_elsewhere_pick(const struct model_endpoints *set, const struct lb_host *hosts,
                          uint32_t count, uint64_t shunned, struct random *random);

#endif
