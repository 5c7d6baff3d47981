/* Listeners of UDP on one worker, following the snapshot: datagrams to the backends of a UDPRoute,
 * a client to one endpoint for as long as it sends. Internal to core/flow; loop thread.
 *
 * The kernel leads a client to one of the workers' sockets by its address. There are no policies
 * for datagrams, and no mutual TLS: they go as they came. */
#ifndef CORE_FLOW_FLOW_UDP_H
#define CORE_FLOW_FLOW_UDP_H

#include "core/flow/flow_worker.h"

/* Opens what is new, closes what is gone, ends sessions whose endpoint or backend is. Failures are
 * counted in *result and named. */
void flow_udp_follow(struct flow_worker *fw, const struct snapshot *s,
                     struct flow_publish_result *result);
/* No new sessions. */
void flow_udp_stop_all(struct flow_worker *fw);
void flow_udp_close_all(struct flow_worker *fw);

#endif
