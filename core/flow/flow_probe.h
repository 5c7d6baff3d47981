/* Servers that speak first, on ports whose protocol nobody declared.
 *
 * A client that says nothing may wait for the server's greeting. After a while the connection that
 * its bytes would go to is opened without telling anybody, and who speaks first decides:
 *
 *   the server   bytes: the probe becomes the connection (TCP, as if it had been declared)
 *   the client   sniffed as ever; when it is bytes the open connection is used, else it is dropped
 *
 * Servers that stayed quiet three times in a row are asked once a minute only, so clients that open
 * connections ahead of requests cost their servers next to nothing. Internal to core/flow; loop
 * thread. */
#ifndef CORE_FLOW_FLOW_PROBE_H
#define CORE_FLOW_FLOW_PROBE_H

#include "core/flow/flow_conn.h"

struct flow_tcp;
struct stream;

/* How long c's client may be silent before its server is looked for; 0: for ever. */
uint64_t flow_probe_after_ms(const struct flow_conn *c, const struct flow_view *view);

/* Sets c->probe and returns it. Nothing is told of a probe that comes to nothing: then c->probe is
 * NULL again. NULL: not allowed by authz (may be NULL), or not worth it. When the server speaks, c
 * is gone. */
struct flow_tcp *flow_probe_start(struct flow_conn *c, struct model_cluster *cluster,
                                  const struct model_authz *authz);
/* For flow_tcp: the way to the server is open, or opening. */
void flow_probe_listen(struct flow_tcp *t, struct stream *up);
/* The client spoke first, and it is bytes. c is freed. */
void flow_probe_commit(struct flow_tcp *t, struct flow_conn *c);
/* The client spoke something else, or is gone. NULL is allowed. */
void flow_probe_abandon(struct flow_tcp *t);

#endif
