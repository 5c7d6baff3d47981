/* What holds for one request in time and tries: its route's timeout and retries, as far as headers
 * of the request don't say otherwise. Internal to core/flow; loop thread.
 *
 * Envoy's headers count on their way out of a sidecar, whose app is trusted; gateways take them off
 * and the inbound hop passes them by (RT-11):
 *
 *     x-envoy-upstream-rq-timeout-ms, x-envoy-upstream-rq-per-try-timeout-ms
 *     x-envoy-retry-on, x-envoy-retry-grpc-on      words, beside those of the route
 *     x-envoy-max-retries                          instead of the route's number
 *     x-envoy-retriable-status-codes, x-envoy-retriable-header-names
 *
 * A gRPC request brings its deadline in grpc-timeout, of which a route's timeout is the bound
 * (RT-7). Towards the app there are no timeouts; what it cannot have seen is tried again, gRPC
 * apart (RT-8). */
#ifndef CORE_FLOW_FLOW_POLICY_H
#define CORE_FLOW_FLOW_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/http/http_msg.h"
#include "core/model/model_route.h"

struct flow_policy {
    const struct model_retry *retry; /* NULL: no retries */
    uint64_t timeout_ms;             /* of all tries together; 0: none */
    uint64_t per_try_ms;             /* 0: none */
};

enum flow_policy_side { FLOW_POLICY_OUTBOUND, FLOW_POLICY_GATEWAY };

/* Headers that are for us alone are taken out of head. route may be NULL. What policy points to
 * belongs to the route or to the head's arena. */
void flow_policy_init(struct flow_policy *policy, enum flow_policy_side side,
                      const struct model_route *route, struct http_msg *head, bool is_grpc,
                      struct arena *a);
/* Towards the app; retry: of the inbound side, may be NULL. */
void flow_policy_init_inbound(struct flow_policy *policy, const struct model_retry *retry,
                              bool is_grpc);

/* What the upstream is told of its time: x-envoy-expected-rq-timeout-ms, 0: nothing. */
uint64_t flow_policy_expected_ms(const struct flow_policy *policy);

#endif
