/* Headers the proxy itself adds and removes (spec features.md section 2.14). Internal to core/flow;
 * loop thread. */
#ifndef CORE_FLOW_FLOW_HEADS_H
#define CORE_FLOW_FLOW_HEADS_H

#include "core/flow/flow_request.h"

/* On arrival, before filters: request id, forwarded-for and proto on gateways, internal headers
 * stripped where the sender is not trusted; fills the decision's text. */
void flow_heads_on_arrival(struct flow_request *r);
/* On the head going upstream: attempt count, expected timeout, x-forwarded-client-cert, hop. */
void flow_heads_to_upstream(struct flow_request *r);
/* On the final response head going downstream: server, date, service time; hop headers removed. */
void flow_heads_to_downstream(struct flow_request *r, struct http_msg *head, bool local);

#endif
