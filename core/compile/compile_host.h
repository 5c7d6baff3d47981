/* What is kept per host: marked when something it was made from changes, rebuilt by compile_run. */
#ifndef CORE_COMPILE_COMPILE_HOST_H
#define CORE_COMPILE_COMPILE_HOST_H

#include "core/compile/compile_state.h"

/* NULL: nobody named it. */
struct compile_host *compile_host_find(const struct compile *c, struct str name);
/* H-9: the service of the mesh that an ExternalName service stands for. NULL: h is no such service,
 * or what it names is none. */
const struct compile_host *compile_host_concrete(const struct compile *c,
                                                 const struct compile_host *h);
/* What datagrams to a port go to, in gateways; NULL: no such port. */
struct model_cluster *compile_host_udp_cluster(const struct compile_host *h, uint16_t port);
/* A cluster of a host; subset may be empty. NULL: no such port or subset. */
struct model_cluster *compile_host_cluster(const struct compile_host *h, uint16_t port,
                                           struct str subset);

/* what: enum compile_dirty. The host is made when it is not there. */
void compile_host_mark(struct compile *c, struct str name, uint32_t what);
/* The host of that name, or all that a "*.suffix" covers and the pattern itself. */
void compile_host_mark_matching(struct compile *c, struct str pattern, uint32_t what);
void compile_host_mark_all(struct compile *c, uint32_t what);

/* The next wider pattern: "a.b.c" -> "*.b.c" -> "*.c" -> "*" -> p == NULL. In a. */
struct str compile_host_wider(struct str pattern, struct arena *a);

/* Rebuilds what is marked: first clusters, then routes that name them. */
void compile_host_run(struct compile *c);
void compile_host_free_all(struct compile *c);

#endif
