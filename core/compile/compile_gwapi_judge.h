/* What is to be said about a route's rules, and about a BackendTLSPolicy. Part of
 * compile_gwapi_status. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_JUDGE_H
#define CORE_COMPILE_COMPILE_GWAPI_JUDGE_H

#include "core/compile/compile_gwapi_view.h"

struct compile_gwapi_judge {
    struct compile_gwapi_fault accepted; /* no rule can be done */
    struct compile_gwapi_fault refs;     /* a backend that is not there, or must not be named */
    struct compile_gwapi_fault partial;  /* some rules cannot be done */
};

void compile_gwapi_judge_route(const struct compile_gwapi_world *w, const struct object *route,
                               struct arena *a, struct compile_gwapi_judge *out);

/* What a policy's certificates and targets come to; reasons are those of its conditions. */
struct compile_gwapi_judge_tls {
    struct compile_gwapi_fault accepted, refs;
};
void compile_gwapi_judge_tls(const struct compile_gwapi_world *w, const struct object *policy,
                             struct arena *a, struct compile_gwapi_judge_tls *out);
/* Appends an ancestor status to list for every Gateway whose routes lead to a target. */
void compile_gwapi_judge_policy(const struct compile_gwapi_view *v, const struct object *policy,
                                const struct node *old, int64_t now_ns, struct arena *a,
                                struct node *list);

#endif
