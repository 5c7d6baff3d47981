/* A request and what protects its cluster: limits, and what its outcome says of the endpoint.
 * Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_GUARD_H
#define CORE_FLOW_FLOW_GUARD_H

#include "core/flow/flow_request.h"

/* May the request be tried once more? Counts that it is; flags the refusal otherwise. */
bool flow_guard_begin_retry(struct flow_request *r);
/* It is sent to r->cluster, for the first time or again. */
void flow_guard_tries(struct flow_request *r);
/* It has a stream to r->host / has none any more. */
void flow_guard_began(struct flow_request *r);
void flow_guard_ended(struct flow_request *r);
/* Nothing counts any more. */
void flow_guard_finish(struct flow_request *r);

/* The endpoint's answer: a head, then trailers if any. */
void flow_guard_answered(struct flow_request *r, const struct http_msg *head, bool end);
void flow_guard_trailers(struct flow_request *r, const struct http_headers *trailers);
/* No answer from r->host: 503 not connected or cut off, 504 too late. */
void flow_guard_failed(struct flow_request *r, uint16_t status);

/* Answers that a limit was reached. */
void flow_guard_reply_overflow(struct flow_request *r);

#endif
