/* Asks external authorizers before a request or a connection goes on (AZ-1, AZ-18). Internal to
 * core/flow; loop thread.
 *
 *     begin -> [body is collected] -> question -> answer -> next authorizer ... -> go_on
 *                                                   '-> denied: the request is answered,
 *                                                       the connection closed
 *
 * All of them must agree; what one changes in the request the next one is told. */
#ifndef CORE_FLOW_FLOW_EXT_AUTHZ_H
#define CORE_FLOW_FLOW_EXT_AUTHZ_H

#include "core/flow/flow_request.h"
#include "core/flow/flow_tcp.h"

/* False: nobody is to be asked. Else r is answered or go_on is called, maybe before this returns.
 */
bool flow_ext_authz_begin(struct flow_request *r, void (*go_on)(struct flow_request *r));
/* The same for the authorizer of its route, after all filters. */
bool flow_ext_authz_begin_route(struct flow_request *r, void (*go_on)(struct flow_request *r));
/* More of the request's body is in r->pending, or its end came. */
void flow_ext_authz_body(struct flow_request *r);
/* What the authorizers want the client to get beside the answer. */
void flow_ext_authz_respond(const struct flow_request *r, struct http_msg *head);

/* The same for a connection; refuse closes it. */
bool flow_ext_authz_begin_tcp(struct flow_tcp *t, const struct model_authz *authz,
                              void (*go_on)(struct flow_tcp *t),
                              void (*refuse)(struct flow_tcp *t, const char *why));

/* Nothing is asked any more; x may be NULL. */
void flow_ext_authz_end(struct flow_ext_authz *x);

#endif
