/* Routes of connections whose bytes are not HTTP, or are not looked at: tcp and tls rules of
 * VirtualServices, and the plain way to a service. */
#ifndef CORE_COMPILE_COMPILE_TCP_H
#define CORE_COMPILE_COMPILE_TCP_H

#include "core/compile/compile_part.h"
#include "core/compile/compile_vs.h"

/* Fills h->tcp anew. on_use is told of every host whose clusters the routes name. */
void compile_tcp_build(struct compile *c, struct compile_host *h,
                       void (*on_use)(void *arg, struct str host), void *arg);

/* Appends the tls (then tcp) rules of a VirtualService that are for this place; memory and
 * references go to part. list has room for compile_tcp_room(vs) more. Returns the new count. */
uint32_t compile_tcp_tls_rules(const struct compile_route_place *place, const struct compile_vs *vs,
                               struct compile_part *part, struct model_tcp_route *list,
                               uint32_t count);
uint32_t compile_tcp_tcp_rules(const struct compile_route_place *place, const struct compile_vs *vs,
                               struct compile_part *part, struct model_tcp_route *list,
                               uint32_t count);
uint32_t compile_tcp_room(const struct compile_vs *vs);

#endif
