/* Which workloads are behind which service: by selectors over labels, by lists of addresses, by
 * what a workload says itself. The indexes that make a change cost what it touches. */
#ifndef CORE_COMPILE_REGISTRY_MEMBERS_H
#define CORE_COMPILE_REGISTRY_MEMBERS_H

#include "core/compile/multimap.h"
#include "core/compile/registry_source.h"

struct registry_index {
    struct multimap selectors; /* "NS|KEY=VALUE" of a selector's first pair -> registry_service */
    struct multimap labels;    /* "NS|KEY=VALUE" -> registry_workload that selectors find */
    struct multimap members;   /* "NS/HOST" -> registry_member */
    struct multimap pod_refs;  /* pod "NS/NAME" or IP -> registry_member that may be it */
    struct multimap pods;      /* "NS/NAME" -> registry_workload */
    struct multimap by_ip;     /* IP -> registry_workload */
};

void registry_members_init(struct registry_index *x);
void registry_members_deinit(struct registry_index *x);

/* Enters a source, or takes it out; mark(arg, host) for every host whose members may differ. */
void registry_members_add(struct registry_index *x, struct registry_source *src,
                          void (*mark)(void *arg, struct str host), void *arg);
void registry_members_remove(struct registry_index *x, struct registry_source *src,
                             void (*mark)(void *arg, struct str host), void *arg);

/* The members of a service, each once, sorted by uid; one reference for the caller. */
struct registry_endpoints *registry_members_collect(const struct registry_index *x,
                                                    const struct registry_service *s);
/* A pod before others; NULL: none. */
const struct registry_workload *registry_members_by_ip(const struct registry_index *x,
                                                       const struct addr *ip);

#endif
