/* Answers the proxy gives itself. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_REPLY_H
#define CORE_FLOW_FLOW_REPLY_H

#include "core/flow/flow_request.h"

/* Answers with status and a text body, or resets the client when a response has begun. gRPC
 * requests get a trailers-only answer with the matching grpc-status. details is a literal or lives
 * in the request's arena; flags are added to the decision. The request may be gone afterwards. */
void flow_reply_local(struct flow_request *r, uint16_t status, struct str body, const char *details,
                      uint32_t flags);
/* What a filter has put into r->filter.reply. */
void flow_reply_filter(struct flow_request *r);
void flow_reply_redirect(struct flow_request *r, uint16_t status, struct str location);

#endif
