/* Trace headers: what a request brought, what goes upstream, and whether a span is reported.
 *
 * A request that brings a context keeps its trace and its decision; another one gets a trace of its
 * own and is sampled by chance. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_TRACE_H
#define CORE_FLOW_FLOW_TRACE_H

#include "core/flow/flow_request.h"

/* On arrival: fills decision.trace and rewrites the request's headers. */
void flow_trace_arrive(struct flow_request *r);

#endif
