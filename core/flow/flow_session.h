/* Session persistence of one request: which backend and endpoint its token asks for, and the token
 * that its response carries when it went elsewhere. Internal to core/flow; loop thread.
 *
 *     request ── token of this rule, not expired? ──► its backend, if the route still leads there
 *                                                      and a host of it is up ──► its endpoint
 *        no: the route's weights ──► the balancer ──► response with a new token
 *
 * A rule's own persistence goes before that of its backends (GEP-1619). A backend of weight 0 keeps
 * its sessions as long as their endpoints are there. */
#ifndef CORE_FLOW_FLOW_SESSION_H
#define CORE_FLOW_FLOW_SESSION_H

#include "core/flow/session_token.h"
#include "core/model/model_route.h"

struct flow_request;
struct http_msg;

struct flow_session {
    const struct model_session *model; /* of the backend chosen; NULL: nothing is kept */
    bool is_known;                     /* token is the client's, and holds */
    struct session_token token;
    struct str list; /* what the client sent; may hold tokens of other rules */
};

/* Chooses among the route's backends; `ticket` is any random number. Fills r->session. NULL: the
 * route has none. */
const struct model_weighted_cluster *
flow_session_choose(struct flow_request *r, const struct model_route *route, uint64_t ticket);
/* The number of the endpoint that this try is for; 0: any. Tries after the first go where the
 * balancer wants. */
uint64_t flow_session_endpoint(const struct flow_request *r);
/* Tells the client of its endpoint, unless it knows. */
void flow_session_respond(struct flow_request *r, struct http_msg *head);

#endif
