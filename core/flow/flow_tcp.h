/* TCP connections through the proxy: one upstream chosen per connection, bytes relayed.
 * Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_TCP_H
#define CORE_FLOW_FLOW_TCP_H

#include "core/flow/flow_conn.h"

/* Takes over the connection's stream (c->stream) and what is known about it; c is freed. routes may
 * be empty when cluster is given. cluster NULL and no route: the connection is closed and logged.
 */
void flow_tcp_start(struct flow_conn *c, struct model_cluster *cluster,
                    const struct model_authz *authz);

/* Ends all connections of the worker. Returns how many there were. */
uint32_t flow_tcp_close_all(struct flow_worker *fw);

#endif
