/* What a rule of a VirtualService does beside forwarding: redirect, rewrite, retries, faults, CORS,
 * header operations. Values only; text goes into the arena. */
#ifndef CORE_COMPILE_COMPILE_ACTION_H
#define CORE_COMPILE_COMPILE_ACTION_H

#include "core/compile/compile_match.h"

struct model_redirect *compile_action_redirect(const struct virtual_service_redirect *from,
                                               struct arena *a);
/* ERR_INVALID: the expression of uriRegexRewrite does not compile; *why in the arena. */
int compile_action_rewrite(const struct compile_match_keeper *k,
                           const struct virtual_service_rewrite *from, struct model_rewrite **out,
                           struct str *why);
/* from NULL: the mesh's default (RT-1). NULL: no retries. */
struct model_retry *compile_action_retry(const struct virtual_service_retry *from, struct arena *a);
/* The same towards the app: of from count attempts, retryOn and backoff, by default what it cannot
 * have seen is tried twice again (RT-8). NULL: no retries. */
struct model_retry *compile_action_retry_inbound(const struct virtual_service_retry *from,
                                                 struct arena *a);
/* NULL: nothing is to be injected. */
struct model_fault *compile_action_fault(const struct virtual_service_fault *from, struct arena *a);
int compile_action_cors(const struct compile_match_keeper *k,
                        const struct virtual_service_cors *from, struct model_cors **out,
                        struct str *why);
void compile_action_headers(const struct virtual_service_header_ops *from, struct arena *a,
                            struct model_header_ops *out);

#endif
