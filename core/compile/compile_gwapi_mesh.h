/* Routes of the Gateway API that are bound to Services (GAMMA), in sidecars.
 *
 * A route of the Service's namespace is the producer's and for every client; one of the client's
 * namespace is the consumer's, and counts instead of the producer's for clients there (GW-4).
 * Others count for nobody. A VirtualService of the host goes first: the two do not merge (GW-9). */
#ifndef CORE_COMPILE_COMPILE_GWAPI_MESH_H
#define CORE_COMPILE_COMPILE_GWAPI_MESH_H

#include "core/compile/compile_part.h"
#include "core/compile/compile_route.h"

/* An object of the Gateway API came (add) or goes: marks the hosts that it concerns. */
void compile_gwapi_mesh_follow(struct compile *c, struct object *o, bool add);
/* Appends HTTP routes for place->port of a host to v. */
void compile_gwapi_mesh_http(const struct compile_route_place *place, struct str host,
                             struct model_route_vhost *v);
/* Appends routes of connections to list, which has room for compile_gwapi_mesh_room more. Returns
 * the new count. */
uint32_t compile_gwapi_mesh_streams(const struct compile_route_place *place, struct str host,
                                    struct compile_part *part, struct model_tcp_route *list,
                                    uint32_t count);
uint32_t compile_gwapi_mesh_room(const struct compile *c, struct str host);

#endif
