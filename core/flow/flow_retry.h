/* May this attempt be repeated? Istio's and Envoy's retry conditions as pure functions
 * (spec features.md section 2.6). Any thread. */
#ifndef CORE_FLOW_FLOW_RETRY_H
#define CORE_FLOW_FLOW_RETRY_H

#include "core/base/random.h"
#include "core/http/http_stream.h"
#include "core/model/model_route.h"

/* A response head: by its status, by gRPC status for gRPC requests, or by a header. One that says
 * x-envoy-overloaded is never retried. */
bool flow_retry_on_response(const struct model_retry *retry, const struct http_msg *head);
/* A failed connection attempt. */
bool flow_retry_on_connect_failure(const struct model_retry *retry);
/* A stream that ended before a response head. Beside the policy, one attempt is always repeatable
 * when the peer certainly did not act on it (spec: keep-alive races). body_started: some of the
 * request's body has been sent. */
bool flow_retry_on_reset(const struct model_retry *retry, const struct http_failure *failure,
                         bool body_started);
/* An attempt that took longer than perTryTimeout. Istio's default conditions do not have it. */
bool flow_retry_on_timeout(const struct model_retry *retry);
/* Fully jittered exponential backoff before retry number n (1, 2, ...), in ms. */
uint64_t flow_retry_backoff_ms(const struct model_retry *retry, uint32_t n, struct random *random);

#endif
