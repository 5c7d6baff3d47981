/* A way into a virtual host with many routes.
 *
 * Each route is filed under one key (route_key.h): of the conditions it has, the one that the
 * fewest other routes share. A request can be asked for all keys it meets: its path, its path cut
 * at each length that some prefix has, the values of headers and query parameters that keys name.
 * So a few looks into a hash table find every route that may match, whatever their number; routes
 * without any key are in one list for all requests. Lists are in order, and merging them by route
 * number keeps the rule that the first match wins. Immutable; any thread. */
#ifndef CORE_ROUTE_ROUTE_INDEX_H
#define CORE_ROUTE_ROUTE_INDEX_H

#include "core/route/route_match.h"

/* From this many routes on an index pays. */
#define ROUTE_INDEX_MIN_ROUTES 9

struct route_index; /* opaque */

/* Builds vhost->index when that pays, else leaves it NULL; memory from arena. Called by the
 * compiler once all routes are in place. */
void route_index_build(struct model_vhost *vhost, struct arena *arena);

/* First route in order that matches, or NULL. */
const struct model_route *route_index_find(const struct route_index *index,
                                           const struct model_vhost *vhost,
                                           const struct route_query *q);

#endif
