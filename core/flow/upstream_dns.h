/* Clusters whose endpoints are host names: resolved on first use and again as records expire.
 * Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_UPSTREAM_DNS_H
#define CORE_FLOW_UPSTREAM_DNS_H

#include "core/flow/upstream.h"

struct dns_addrs;

void upstream_dns_new(struct upstream *up);
void upstream_dns_free(struct upstream *up);
/* up->cluster changed: resolve its names. */
void upstream_dns_follow(struct upstream *up);
/* False until every name was answered once (with addresses or an error). */
bool upstream_dns_is_ready(const struct upstream *up);
bool upstream_dns_has_no_waits(const struct upstream *up);
void upstream_dns_add_wait(struct upstream *up, struct upstream_wait *wait);

/* When a name whose newest good answer is addrs (NULL: it has none) is asked for again, in ms from
 * now. retry_ms: MeshConfig's dnsRefreshRate; 0: 5 s. */
uint64_t upstream_dns_again_ms(const struct dns_addrs *addrs, uint64_t retry_ms);

#endif
