/* What a gateway believes of the headers its clients send: they are strangers, but for as many
 * proxies in front of it as gatewayTopology.numTrustedProxies says (GWB-7, GWB-8). Internal to
 * core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_EDGE_H
#define CORE_FLOW_FLOW_EDGE_H

#include "core/flow/flow_request.h"

/* Removes internal headers, appends to x-forwarded-for, sets x-forwarded-proto,
 * x-envoy-external-address, the scheme and the decision's client. */
void flow_edge_arrive(struct flow_request *r);

/* connectionSettings.httpHeadersWithUnderscoresAction: false refuses the request. */
bool flow_edge_check_names(struct flow_request *r);

#endif
