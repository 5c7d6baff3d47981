/* One request of our own to a cluster, with its whole answer: authorizers are asked so. http_client
 * with the balancing, mTLS and hops of upstream.h. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_CALL_H
#define CORE_FLOW_FLOW_CALL_H

#include "core/flow/flow_worker.h"
#include "core/http/http_client.h"

struct flow_call;

#define FLOW_CALL_ANSWER_MAX ((size_t)1024 * 1024) /* bytes of an answer's body */

struct flow_call_request {
    const struct http_msg *head;
    struct str body;
    bool h2; /* where the cluster takes both */
    uint64_t timeout_ms;
};

/* request and what it points to must live until done, which runs once, later, unless cancelled. Its
 * errors are those of http_client, and ERR_NOT_FOUND: no endpoint. */
struct flow_call *flow_call_start(struct flow_worker *fw, struct model_cluster *cluster,
                                  const struct flow_call_request *request, http_client_fn done,
                                  void *arg);
void flow_call_cancel(struct flow_call *call); /* NULL is allowed */

#endif
