/* Statistics of single routes, for those that ask for them by a statPrefix: Envoy's
 * vhost.NAME.route.PREFIX.*. One per worker; its thread. */
#ifndef CORE_TELEMETRY_TELEMETRY_ROUTES_H
#define CORE_TELEMETRY_TELEMETRY_ROUTES_H

#include "core/model/decision.h"
#include "core/stats/stats.h"

/* Rows of the table in telemetry_routes.c. */
enum telemetry_route_metric {
    TELEMETRY_ROUTE_REQUESTS,
    TELEMETRY_ROUTE_CLASS, /* by class of status: label envoy_response_code_class */
    TELEMETRY_ROUTE_RETRIES,
    TELEMETRY_ROUTE_TIMEOUTS,
    TELEMETRY_ROUTE_METRIC_COUNT,
};

struct telemetry_route_families {
    struct stats_family *list[TELEMETRY_ROUTE_METRIC_COUNT];
};

void telemetry_routes_register(struct telemetry_route_families *out, struct stats *stats);

struct telemetry_routes; /* opaque */

struct telemetry_routes *telemetry_routes_new(const struct telemetry_route_families *families,
                                              struct stats_shard *shard);
void telemetry_routes_free(struct telemetry_routes *r); /* NULL is allowed */
/* Does nothing for routes without statPrefix. */
void telemetry_routes_count(struct telemetry_routes *r, const struct decision *d);

#endif
