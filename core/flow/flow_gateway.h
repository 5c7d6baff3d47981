/* Gateways: which server a connection or a name belongs to. Pure look-ups. Internal to core/flow;
 * any thread. */
#ifndef CORE_FLOW_FLOW_GATEWAY_H
#define CORE_FLOW_FLOW_GATEWAY_H

#include "core/flow/flow_conn.h"

/* The server of connections without TLS, or NULL. */
const struct model_gateway_server *flow_gateway_plain(const struct model_gateway *g);
/* The server that a TLS client's server name (lower case; may be empty) leads to: exact, then the
 * longest wildcard, then "*". NULL: none, GWB-5. */
const struct model_gateway_server *flow_gateway_named(const struct model_gateway *g,
                                                      struct str sni);
bool flow_gateway_has_tls(const struct model_gateway *g);
/* Whether some server leaves TLS to those behind it, so that the first bytes must be looked at. */
bool flow_gateway_has_passthrough(const struct model_gateway *g);

/* GWB-9: where "outbound_.80_.v1_.HOST" leads; NULL: to nothing that may be reached that way. */
struct model_cluster *flow_gateway_auto_cluster(const struct snapshot *s, struct str sni);

/* Whether a request that this connection's server has no virtual host for asks for a name of
 * another server: the client used a connection for a name that it was not made for (RFC 9110
 * section 15.5.20). */
bool flow_gateway_is_misdirected(const struct flow_conn *c, const struct flow_view *view,
                                 struct str authority);

#endif
