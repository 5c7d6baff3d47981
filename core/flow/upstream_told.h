/* Pools for clusters that want to be told the client by a PROXY header: a connection speaks for one
 * client, so each of a client's connections has connections of its own upstream. Internal to
 * upstream; loop thread. */
#ifndef CORE_FLOW_UPSTREAM_TOLD_H
#define CORE_FLOW_UPSTREAM_TOLD_H

#include "core/flow/upstream.h"

/* The pool for requests that came by this connection, made on first use; those that nobody uses go
 * away as others come. Borrowed for this call. */
struct http_pool *upstream_told_pool(struct upstream_host *h, enum upstream_kind kind,
                                     const struct upstream_from *from);
/* Connections of all of them are made anew from now on. */
void upstream_told_renew(struct upstream_host *h);
/* The host retires. */
void upstream_told_free(struct upstream_host *h);

#endif
