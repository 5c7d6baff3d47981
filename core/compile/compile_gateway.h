/* Gateways that this process is: listeners, TLS servers, and routes of the VirtualServices bound to
 * them. */
#ifndef CORE_COMPILE_COMPILE_GATEWAY_H
#define CORE_COMPILE_COMPILE_GATEWAY_H

#include "core/compile/compile_part.h"
#include "core/compile/compile_state.h"

/* data of the part c->gateway */
struct compile_gateway {
    struct arena *arena; /* the part's */
    struct model_listener *listeners;
    uint32_t listener_count;
    struct model_route_table **tables; /* borrowed: the part holds them */
    uint32_t table_count;
    /* What the next build may take over. */
    struct map vhosts; /* "TABLE|DOMAIN" -> compile_gateway_host.c's cache entry */
    struct map uses;   /* hosts that routes of the Gateway API name */
    struct map tls;    /* "KIND/NS/NAME/INDEX" -> compile_gateway_tls.c's cache entry */
};

/* A new part. Virtual hosts and TLS settings of the old one (may be NULL) are kept where their
 * inputs are the same. */
struct compile_part *compile_gateway_build(struct compile *c, const struct compile_part *old);

/* Where a gateway's port is really bound; bind may be empty. */
struct addr compile_gateway_bind(const struct compile *c, struct str bind, uint16_t port);
/* Fills g->names: of a host of two servers the first one's. */
void compile_gateway_name_servers(struct compile_part *part, struct model_gateway *g);
/* Notes that a route of the Gateway API names a host. */
void compile_gateway_note_use(struct compile_gateway *data, struct str host);

/* How many listeners and tables c->gateway brings; appends them to s, which has room for them. */
uint32_t compile_gateway_listener_count(const struct compile *c);
uint32_t compile_gateway_table_count(const struct compile *c);
void compile_gateway_listeners(const struct compile *c, struct snapshot *s);

#endif
