/* Rules of a VirtualService as routes of core/model: conditions, actions, header operations,
 * retries, faults, mirrors, CORS. */
#ifndef CORE_COMPILE_COMPILE_ROUTE_H
#define CORE_COMPILE_COMPILE_ROUTE_H

#include "core/api/virtual_service.h"
#include "core/compile/compile_state.h"

/* For which place routes are made. */
struct compile_route_place {
    struct compile *c;
    uint16_t port;      /* of the table: service port, or the gateway server's */
    struct str gateway; /* "NS/NAME"; empty: the mesh */
    /* Told of every host whose clusters are looked at, known or not. */
    void (*on_use)(void *arg, struct str host);
    void *arg;
};

/* One rule, with whose it is: a delegate's rules belong to the delegate. */
struct compile_route_rule {
    const struct virtual_service_http *http;
    const struct object *owner;
    uint32_t index; /* in owner's spec.http */
};

/* Appends to vhost what the rules make for this place; conditions that are no matter of a request
 * (port, gateways, source labels) are settled here. Stops behind a route that takes everything
 * (H-6). room: how many routes fit into vhost->vhost.routes. */
void compile_route_build(const struct compile_route_place *place,
                         const struct compile_route_rule *rules, uint32_t rule_count,
                         struct model_route_vhost *vhost, uint32_t room);
/* How many routes the rules can make at most. */
uint32_t compile_route_room(const struct compile_route_rule *rules, uint32_t rule_count);
/* The route of a service without VirtualService (NR-1). */
void compile_route_default(const struct compile_route_place *place, struct model_cluster *cluster,
                           struct model_route_vhost *vhost);

/* A cluster by (host, port, subset), reporting its use; NULL: none. */
struct model_cluster *compile_route_cluster(const struct compile_route_place *place,
                                            const struct object *owner,
                                            const struct virtual_service_destination *d,
                                            struct str *name, struct arena *a);

/* Whether sourceLabels and sourceNamespace, or gateways, admit this place (VS-6, VS-7). */
bool compile_route_is_for(const struct compile_route_place *place, const struct object *owner,
                          const struct str *gateways, size_t gateway_count,
                          const struct field_pair *labels, size_t label_count, struct str ns);

/* Until v goes: a reference of its own, returned (NULL stays NULL) / the expression, taken over; v
 * is a struct model_route_vhost. */
struct model_cluster *compile_route_keep_cluster(struct model_route_vhost *v,
                                                 struct model_cluster *cluster);
void compile_route_keep_regex(void *v, struct regex *r);
/* An empty virtual host with one reference; it gives back what it holds when it goes. */
struct model_route_vhost *compile_route_new_vhost(void);

#endif
