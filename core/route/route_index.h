/* A way into a virtual host with many routes: by path.
 *
 * The distinct paths of exact and prefix conditions are kept sorted. The greatest one that is not
 * above a request's path has every condition that can match as itself or as one of its own
 * prefixes, so one binary search and a walk up a chain find all candidates. Each entry lists its
 * routes in order; routes with other conditions are in one list for all. Merging these lists by
 * route number keeps the rule that the first match wins. Immutable; any thread. */
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
