/* What a snapshot says about a connection: pure look-ups. Internal to core/flow; any thread. */
#ifndef CORE_FLOW_FLOW_VIEW_H
#define CORE_FLOW_FLOW_VIEW_H

#include "core/flow/flow_conn.h"

/* Fills view's pointers (not its lease) for a connection. */
void flow_view_resolve(const struct flow_conn *c, const struct snapshot *s, struct flow_view *view);

/* The server of a gateway listener for a name; is_tls: the client speaks TLS. NULL: none. */
const struct model_gateway_server *flow_view_find_server(const struct model_gateway *gateway,
                                                         bool is_tls, struct str sni);
bool flow_view_has_tls(const struct model_gateway *gateway);
bool flow_view_has_passthrough(const struct model_gateway *gateway);

#endif
