/* Copies of requests sent elsewhere, whose answers are thrown away (VS-15). Internal to core/flow;
 * loop thread. */
#ifndef CORE_FLOW_FLOW_MIRROR_H
#define CORE_FLOW_FLOW_MIRROR_H

#include "core/flow/flow_request.h"

/* For each mirror of the route whose percentage hits: sends the head as it is now. A request with a
 * body is copied too, by flow_mirror_body; what a slow mirror has not taken beyond 64 KiB makes us
 * give that copy up, never the request. */
void flow_mirror_start(struct flow_request *r);
void flow_mirror_body(struct flow_request *r, const uint8_t *p, size_t len, bool end);
/* The request is over; copies end by themselves. */
void flow_mirror_detach(struct flow_request *r);

#endif
