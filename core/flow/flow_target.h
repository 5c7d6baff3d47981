/* Where a connection's bytes go when they are no HTTP. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_TARGET_H
#define CORE_FLOW_FLOW_TARGET_H

#include "core/flow/flow_conn.h"

/* Called on purpose rather than captured: bytes say nothing of where to, a Host header does, if
 * only for the answer that nobody knows it. */
bool flow_target_is_explicit(const struct flow_conn *c);

/* The cluster of the TCP route that fits what is known of the connection, NULL: nowhere. *authz:
 * the policies on the way, or NULL. Both belong to the snapshot of the connection's view. */
struct model_cluster *flow_target_tcp(struct flow_conn *c, const struct model_authz **authz);

#endif
