/* Request authentication: tokens are verified before a route is looked for, because routes may ask
 * for what they say (spec features.md section 2.13).
 *
 * No token at all passes; whether one is needed is for AuthorizationPolicy to say (JW-2). A token
 * that some rule takes makes the request authenticated; a token that none takes ends it. */
#ifndef CORE_FILTER_FILTER_JWT_H
#define CORE_FILTER_FILTER_JWT_H

#include "core/filter/filter.h"

/* Looks at fr->jwt's rules. Sets fr->claims, removes the token and sets headers as the rules say,
 * fr->head->path included; FILTER_REPLY: refused. Called by core/flow, before the route; wall_s is
 * Unix time. */
enum filter_result filter_jwt_request(struct filter_request *fr, int64_t wall_s);
/* Drops what the request holds; its claims are gone then. */
void filter_jwt_end(struct filter_request *fr);

#endif
