/* Virtual hosts of a gateway's HTTP servers: where the hosts of servers and of VirtualServices
 * meet. */
#ifndef CORE_COMPILE_COMPILE_GATEWAY_HOST_H
#define CORE_COMPILE_COMPILE_GATEWAY_HOST_H

#include "core/api/istio_gateway.h"
#include "core/compile/compile_gateway.h"

struct compile_vs;

/* One table in the making. */
struct compile_gateway_hosts {
    struct compile *c;
    uint16_t port;
    struct str name; /* of the table */
    struct arena arena;
    struct map by_domain;                        /* -> struct compile_gateway_domain */
    struct compile_gateway_domain *first, *last; /* in the order they came */
    uint32_t count;
};

void compile_gateway_host_init(struct compile_gateway_hosts *hosts, struct compile *c,
                               uint16_t port, struct str table_name);
void compile_gateway_host_deinit(struct compile_gateway_hosts *hosts);
/* Enters a server of a Gateway and the VirtualServices bound to it (GWB-1); redirect: GWB-4. */
void compile_gateway_host_add(struct compile_gateway_hosts *hosts, const struct object *gateway,
                              struct str gateway_key, const struct istio_gateway_server *server,
                              bool redirect);
/* Enters VirtualServices that were made for a server and are bound by no name. They may go after
 * compile_gateway_host_build. */
void compile_gateway_host_add_made(struct compile_gateway_hosts *hosts,
                                   const struct object *gateway, struct str gateway_key,
                                   const struct istio_gateway_server *server,
                                   struct compile_vs **list, uint32_t count);
/* One reference for the caller. Virtual hosts come from old (may be NULL) when their inputs are the
 * same, and are remembered in data. */
struct model_route_table *compile_gateway_host_build(struct compile_gateway_hosts *hosts,
                                                     struct compile_gateway *data,
                                                     const struct compile_gateway *old);
void compile_gateway_host_drop(struct compile_gateway *data);

/* The more specific of a server's "[NS/]HOST" and a VirtualService's host; p == NULL: they don't
 * meet. Lower case, in a. */
struct str compile_gateway_host_meet(struct str server_host, struct str gateway_ns,
                                     struct str vs_host, struct str vs_ns, struct arena *a);
/* Calls each for the hosts that routes of the gateway name. */
void compile_gateway_host_each_use(const struct compile_gateway *data,
                                   void (*each)(void *arg, struct str host), void *arg);

#endif
