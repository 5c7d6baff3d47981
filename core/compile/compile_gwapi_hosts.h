/* Route tables of the Gateway API's HTTP and HTTPS listeners: the hosts where listeners and routes
 * meet. A request belongs to the most specific listener that its host fits and to no other, even
 * when that one has no route for it (GW-5). */
#ifndef CORE_COMPILE_COMPILE_GWAPI_HOSTS_H
#define CORE_COMPILE_COMPILE_GWAPI_HOSTS_H

#include "core/compile/compile_gateway.h"
#include "core/compile/compile_gwapi_view.h"

/* What a table is for. */
struct compile_gwapi_hosts_place {
    struct compile_gwapi_listener *const *listeners; /* of one port, whose hosts the table has */
    uint32_t count;
    /* All listeners of the port (HTTPS): a request for a host of one that came by a connection made
     * for another is misdirected (421), so that clients who reuse connections make a new one. */
    struct compile_gwapi_listener *const *others;
    uint32_t other_count;
    struct str name; /* of the table */
};

/* One reference for the caller; hosts that the routes name are noted in data. */
struct model_route_table *compile_gwapi_hosts_build(struct compile *c,
                                                    const struct compile_gwapi_view *v,
                                                    const struct compile_gwapi_hosts_place *place,
                                                    struct compile_gateway *data);

#endif
