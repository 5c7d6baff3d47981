/* Route tables of the Gateway API's HTTP and HTTPS listeners: the hosts where listeners and routes
 * meet. A request belongs to the most specific listener that its host fits and to no other, even
 * when that one has no route for it (GW-5). */
#ifndef CORE_COMPILE_COMPILE_GWAPI_HOSTS_H
#define CORE_COMPILE_COMPILE_GWAPI_HOSTS_H

#include "core/compile/compile_gateway.h"
#include "core/compile/compile_gwapi_view.h"

/* One table for listeners of one port. One reference for the caller; hosts that its routes name are
 * noted in data. */
struct model_route_table *compile_gwapi_hosts_build(struct compile *c,
                                                    const struct compile_gwapi_view *v,
                                                    struct compile_gwapi_listener *const *listeners,
                                                    uint32_t count, struct str name,
                                                    struct compile_gateway *data);

#endif
