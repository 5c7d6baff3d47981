/* The path a request goes on with: rewrite.uri, prefix and regex rewrites (VS-11). Any thread. */
#ifndef CORE_ROUTE_ROUTE_REWRITE_H
#define CORE_ROUTE_ROUTE_REWRITE_H

#include "core/route/route_match.h"

#define ROUTE_REWRITE_MAX_BYTES 65536

/* New path (with query) after rewrite of a matched request; in the arena. The request's own path
 * when the route rewrites none, or a regex rewrite would exceed the limit. */
struct str route_rewrite_path(const struct model_route *route, const struct route_query *q);

/* q->path with what the route's path condition matched as a prefix replaced by `with`; a route
 * without path condition matched "/". Other conditions matched the whole path. No query. */
struct str route_rewrite_prefix(const struct model_string_match *path, struct str with,
                                const struct route_query *q);

/* path with the request's query, if it has one. */
struct str route_rewrite_join(struct str path, const struct route_query *q);

#endif
