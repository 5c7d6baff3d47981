/* What the blocks of a traffic policy come to in a cluster's config, block by block: balancing,
 * limits, ejection, tunnels. Defaults are Istio's. */
#ifndef CORE_COMPILE_COMPILE_TRAFFIC_H
#define CORE_COMPILE_COMPILE_TRAFFIC_H

#include "core/compile/compile_dr.h"
#include "core/compile/compile_state.h"

/* pool may be NULL. */
void compile_traffic_limits(const struct compile *c, const struct traffic_policy_pool *pool,
                            struct model_limits *out);
/* All blocks but TLS; text goes into config's arena. */
void compile_traffic_apply(const struct compile *c, const struct compile_dr_policy *policy,
                           struct model_cluster_config *config);
/* Everything that compile_traffic_apply set, added to h. */
uint64_t compile_traffic_digest(uint64_t h, const struct model_cluster_config *config);

#endif
