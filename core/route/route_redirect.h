/* Where a redirecting route sends the client (VS-14). Any thread. */
#ifndef CORE_ROUTE_ROUTE_REDIRECT_H
#define CORE_ROUTE_ROUTE_REDIRECT_H

#include "core/route/route_match.h"

/* Value of Location, in q's arena; scheme is the request's. A port that the redirect gives is
 * written unless it is the scheme's default; without one an authority that stays keeps its own, as
 * Envoy does. */
struct str route_redirect_location(const struct model_route *route, const struct route_query *q,
                                   uint16_t listener_port);

#endif
