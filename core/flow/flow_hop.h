/* What arrives inside the multiplexed hop besides HTTP requests: connections, each a CONNECT to a
 * port of the app (HBONE's form). Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_HOP_H
#define CORE_FLOW_FLOW_HOP_H

#include "core/flow/flow_conn.h"
#include "core/http/http_stream.h"

/* A CONNECT came on a hop's connection. Owns hs. Its authority names an address by which peers
 * reach the app: what is not ours is refused with 400, a port that takes no mutual TLS with 403. */
void flow_hop_connect(struct flow_conn *c, struct http_stream *hs, struct http_msg *head, bool end);

#endif
