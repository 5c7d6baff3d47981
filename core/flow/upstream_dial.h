/* How connections to a host are made: the stack of streams, and the numbers of its pools. Internal
 * to upstream; loop thread. */
#ifndef CORE_FLOW_UPSTREAM_DIAL_H
#define CORE_FLOW_UPSTREAM_DIAL_H

#include "core/flow/upstream.h"
#include "core/flow/upstream_tls.h"

/* TCP alone. */
int upstream_dial_tcp(struct upstream_host *h, struct stream **out);
/* TCP, a PROXY header if from is given and the cluster wants one, and TLS if needed: *tls is made
 * once and kept by the caller. */
int upstream_dial_open(struct upstream_host *h, struct tls_config **tls, enum upstream_tls_use use,
                       const struct upstream_from *from, struct stream **out);
/* An http_pool_connect_fn; arg is a struct upstream_dial. */
int upstream_dial_for_pool(void *arg, struct worker *w, struct stream **out);
/* By the limits in force. */
struct http_pool_config upstream_dial_pool_config(const struct upstream_host *h,
                                                  enum upstream_kind kind);

#endif
