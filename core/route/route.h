/* Finding the route of a request in a table of core/model.
 *
 * Hosts: exact, then the longest matching "*.suffix", then "*". Inside a virtual host the first
 * route in order that matches wins; an index skips those whose path cannot match, so that 10,000
 * routes cost about as much as ten. Tables are immutable; any thread. */
#ifndef CORE_ROUTE_ROUTE_H
#define CORE_ROUTE_ROUTE_H

#include "core/http/http_msg.h"
#include "core/model/model_route.h"

/* What matching looks at. path is normalised (route_path.h) and without query. */
struct route_query {
    const struct http_msg *head;
    struct str path, query;
    uint16_t port; /* the listener's port, for match.port */
    struct arena *arena; /* for joined header values */
};

/* authority as received: port and a trailing dot are ignored, case too. NULL: no virtual host. */
const struct model_vhost *route_find_vhost(const struct model_route_table *table,
                                           struct str authority);
/* The same for "host:port" domains of explicit listeners: tries host with port first. */
const struct model_route *route_find(const struct model_vhost *vhost, const struct route_query *q);

/* The cluster for this request by weight; ticket is any random number. Borrowed. */
const struct model_weighted_cluster *route_pick_cluster(const struct model_route *route,
                                                        uint64_t ticket);
/* First TCP route whose conditions hold; sni may be empty. */
const struct model_tcp_route *route_find_tcp(const struct model_tcp_route *routes, uint32_t count,
                                             const struct addr *src, const struct addr *dst,
                                             struct str sni);
const struct model_weighted_cluster *route_pick_tcp(const struct model_tcp_route *route,
                                                    uint64_t ticket);
/* "*", "*.example.com" or exact, both lower case. */
bool route_host_matches(struct str pattern, struct str host);
/* Host part of an authority, without port and trailing dot, lower case, in the arena or a slice. */
struct str route_host_of(struct str authority, struct arena *a);

/* Matches one value; used for headers, CORS origins and methods too. */
bool route_match_string(const struct model_string_match *m, struct str value);

/* New path (with query) after rewrite of a matched request; in the arena. */
struct str route_rewrite_path(const struct model_route *route, const struct route_query *q);
/* Location of a redirect; scheme is "http" or "https" of the request. */
struct str route_redirect_location(const struct model_route *route, const struct route_query *q,
                                   uint16_t listener_port);

/* Builds vhost->index when that pays (more than 8 routes); memory from arena. Called by the
 * compiler once all routes are in place. */
void route_index_build(struct model_vhost *vhost, struct arena *arena);
/* Fills table->exact, suffix and any from its virtual hosts; the first definition of a domain wins.
 * Called by the compiler. */
void route_table_index(struct model_route_table *table);

#endif
