/* Rules of HTTPRoutes and GRPCRoutes as routes of core/model, in the Gateway API's order: what is
 * more specific goes first, whatever object it is in (GW-1). */
#ifndef CORE_COMPILE_COMPILE_GWAPI_ROUTE_H
#define CORE_COMPILE_COMPILE_GWAPI_ROUTE_H

#include "core/compile/compile_gwapi.h"
#include "core/compile/compile_route.h"

/* A route that is for the virtual host, and the widest it came by. */
struct compile_gwapi_route_source {
    const struct object *route;
    struct str hostname; /* of the route that covers the virtual host; empty: it names none */
};

/* Appends to vhost what the routes make. place->on_use is told of hosts. */
void compile_gwapi_route_build(const struct compile_gwapi_world *w,
                               const struct compile_route_place *place,
                               const struct compile_gwapi_route_source *sources, uint32_t count,
                               struct model_route_vhost *vhost);
/* A cluster of a backend, reporting its use; NULL: none, or the reference is bad. */
struct model_cluster *compile_gwapi_route_cluster(const struct compile_gwapi_world *w,
                                                  const struct compile_route_place *place,
                                                  const struct object *route,
                                                  const struct gateway_api_ref *ref,
                                                  struct str *name, struct arena *a);

#endif
