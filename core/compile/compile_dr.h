/* DestinationRules: which one holds for a service as this node sees it, and what it says about one
 * port and subset. */
#ifndef CORE_COMPILE_COMPILE_DR_H
#define CORE_COMPILE_COMPILE_DR_H

#include "core/api/destination_rule.h"
#include "core/compile/compile_state.h"

struct compile_dr {
    struct object *object; /* one reference */
    const struct destination_rule *spec;
    struct arena arena;
    struct str key, host; /* full, lower case */
};

struct compile_dr_subset {
    const struct destination_rule_subset *subset;
    const struct object *object;
};

/* What one or several merged rules say about a host (DR-3). */
struct compile_dr_result {
    const struct traffic_policy *policy; /* NULL: none */
    const struct object *object;       /* whose; the first rule when there is no policy; or NULL */
    struct compile_dr_subset *subsets; /* each name once */
    uint32_t subset_count;
};

/* Blocks in force for one port and subset (DR-4); NULL: default. */
struct compile_dr_policy {
    const struct traffic_policy_lb *lb;
    const struct traffic_policy_pool *pool;
    const struct traffic_policy_outlier *outlier;
    const struct traffic_policy_tls *tls;
    const struct traffic_policy_tunnel *tunnel;
    const struct traffic_policy_proxy_protocol *proxy_protocol;
    const struct traffic_policy_retry_budget *retry_budget;
    const struct gateway_api_retry_constraint *retry_constraint; /* where retry_budget is NULL */
    const struct object *session_owner; /* an XBackendTrafficPolicy that keeps sessions, or NULL */
};

void compile_dr_put(struct compile *c, struct object *o);
void compile_dr_remove(struct compile *c, struct str ns, struct str name);
void compile_dr_free_all(struct compile *c);

/* DR-10: the mesh's defaults for blocks that no rule sets. */
void compile_dr_fill(const struct compile *c, struct compile_dr_policy *policy);

/* DR-1, DR-2, DR-3; memory in a. */
void compile_dr_find(const struct compile *c, struct str host, struct str service_ns,
                     struct arena *a, struct compile_dr_result *out);
/* subset may be NULL. */
struct compile_dr_policy compile_dr_policy_of(const struct compile_dr_result *r,
                                              const struct destination_rule_subset *subset,
                                              uint16_t port);

#endif
