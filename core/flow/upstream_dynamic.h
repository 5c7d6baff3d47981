/* Clusters that go to the name that was asked for: in a Host header, or as a server name.
 *
 *     cluster "*.example.com" ── "a.example.com:443" ──► an upstream of its own, DNS, one endpoint
 *                             └─ "b.example.com:443" ──► ...
 *
 * The upstream of a name is made on first use and goes when it was not used for some minutes; there
 * are at most 1,024 a cluster and worker. Loopback addresses are not gone to: a name must not lead
 * a client to what listens beside the proxy. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_UPSTREAM_DYNAMIC_H
#define CORE_FLOW_UPSTREAM_DYNAMIC_H

#include "core/flow/upstream.h"

void upstream_dynamic_new(struct upstream *up);
void upstream_dynamic_free(struct upstream *up);
/* up->cluster changed. */
void upstream_dynamic_follow(struct upstream *up);

/* The upstream of a name; name may have a port behind it, port counts otherwise, and the cluster's
 * own before both. Borrowed until the loop turns. NULL: no name that the cluster is for, or too
 * many are in use. */
struct upstream *upstream_dynamic_get(struct upstream *up, struct str name, uint16_t port);

#endif
