/* One request of our own to a cluster, with its whole answer: authorizers are asked so.
 * Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_CALL_H
#define CORE_FLOW_FLOW_CALL_H

#include "core/flow/flow_worker.h"
#include "core/http/http_msg.h"

struct flow_call;

#define FLOW_CALL_ANSWER_MAX ((size_t)1024 * 1024) /* bytes of an answer's body */

struct flow_call_answer {
    int err;         /* 0, or why there is none: ERR_TIMEOUT, ERR_NOT_FOUND (no endpoint), ... */
    uint16_t status; /* 0 with err */
    struct str body;
    const struct http_headers *headers, *trailers; /* trailers NULL: there were none */
};
/* What answer points to is gone after it, as the call is. */
typedef void (*flow_call_fn)(void *arg, const struct flow_call_answer *answer);

/* head and body must live until done, which runs once, later. */
struct flow_call *flow_call_start(struct flow_worker *fw, struct model_cluster *cluster,
                                  const struct http_msg *head, struct str body, bool h2,
                                  uint64_t timeout_ms, flow_call_fn done, void *arg);
void flow_call_cancel(struct flow_call *call); /* done is not called; NULL is allowed */

#endif
