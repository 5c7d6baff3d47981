/* The upstream half of a request: choose a host, get a stream, send, receive, try again.
 * Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_EXCHANGE_H
#define CORE_FLOW_FLOW_EXCHANGE_H

#include "core/flow/flow_request.h"

/* r->cluster_model is set: starts the first attempt. */
void flow_exchange_start(struct flow_request *r);
/* Request body and trailers from downstream. */
void flow_exchange_body(struct flow_request *r, const uint8_t *p, size_t len, bool end);
void flow_exchange_trailers(struct flow_request *r, struct http_headers *trailers);
/* The client takes bytes again. */
void flow_exchange_resume(struct flow_request *r);
/* Gives up whatever is under way upstream; nothing is reported any more. */
void flow_exchange_abort(struct flow_request *r);

#endif
