/* Finding the route of a request in a table of core/model.
 *
 * Hosts: exact, then the longest matching "*.suffix", then "*". Inside a virtual host the first
 * route in order that matches wins; an index (route_index.h) skips those whose path cannot match,
 * so that 10,000 routes cost about as much as ten. Conditions are in route_match.h, hosts in
 * route_host.h, what a route does to the path in route_rewrite.h and route_redirect.h. Tables are
 * immutable; any thread. */
#ifndef CORE_ROUTE_ROUTE_H
#define CORE_ROUTE_ROUTE_H

#include "core/http/http_msg.h"
#include "core/model/model.h"
#include "core/model/model_route.h"
#include "core/route/route_host.h"
#include "core/route/route_index.h"
#include "core/route/route_match.h"
#include "core/route/route_redirect.h"
#include "core/route/route_rewrite.h"

/* authority as received: a trailing dot and case are ignored, the port too unless the table has
 * domains with ports (those of explicit listeners): there "host:port" is looked up first and the
 * bare host stands for port 80. NULL: no virtual host. */
const struct model_vhost *route_find_vhost(const struct model_route_table *table,
                                           struct str authority);
/* First route in order whose conditions hold, or NULL. */
const struct model_route *route_find(const struct model_vhost *vhost, const struct route_query *q);

/* The cluster for this request by weight; ticket is any random number. Borrowed; NULL: the route
 * has none. */
const struct model_weighted_cluster *route_pick_cluster(const struct model_route *route,
                                                        uint64_t ticket);
/* The TCP route of a connection: of those whose conditions hold, up to and including the first
 * without conditions, the one with the narrowest destination network, then with the most specific
 * SNI (VS-18), then the first. sni may be empty; it is compared without case. */
const struct model_tcp_route *route_find_tcp(const struct model_tcp_route *routes, uint32_t count,
                                             const struct addr *src, const struct addr *dst,
                                             struct str sni);
const struct model_weighted_cluster *route_pick_tcp(const struct model_tcp_route *route,
                                                    uint64_t ticket);

/* Makes table->names from its virtual hosts: the first definition of a domain wins. Called by
 * whoever builds tables. */
void route_table_index(struct model_route_table *table);
/* What stands under a domain of a virtual host ("a.b", "a.b:80", "*.b", "*"; lower case) itself;
 * NULL: nothing. */
struct model_route_vhost *route_names_get(struct model_route_names *names, struct str domain);
/* NULL: takes it out. */
void route_names_set(struct model_route_names *names, struct str domain,
                     struct model_route_vhost *vhost);

#endif
