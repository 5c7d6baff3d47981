/* Where a redirecting route sends the client (VS-14). Any thread. */
#ifndef CORE_ROUTE_ROUTE_REDIRECT_H
#define CORE_ROUTE_ROUTE_REDIRECT_H

#include "core/route/route_match.h"

/* Value of Location, in q's arena; scheme is the request's. The port is the redirect's, or the
 * request's own while the authority stays; a scheme's default port is not written. */
struct str route_redirect_location(const struct model_route *route, const struct route_query *q,
                                   uint16_t listener_port);

#endif
