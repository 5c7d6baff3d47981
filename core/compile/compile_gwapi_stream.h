/* TCPRoutes and TLSRoutes as routes of connections. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_STREAM_H
#define CORE_COMPILE_COMPILE_GWAPI_STREAM_H

#include "core/compile/compile_gateway.h"
#include "core/compile/compile_gwapi_view.h"
#include "core/compile/compile_route.h"

/* Fills to->tcp for a TCP or TLS listener. */
void compile_gwapi_stream_build(struct compile *c, const struct compile_gwapi_view *v,
                                const struct compile_gwapi_listener *l, struct compile_part *part,
                                struct compile_gateway *data, struct model_gateway_server *to);
/* One rule of a route; what it holds goes to part. */
void compile_gwapi_stream_route(const struct compile_gwapi_world *w,
                                const struct compile_route_place *place, const struct object *route,
                                uint32_t rule, struct compile_part *part,
                                struct model_tcp_route *to);

#endif
