/* Several objects that describe one host: which of them counts, and what the others add to it.
 *
 *   H-10  a Service of Kubernetes' before others, then the oldest, then by namespace and name
 *   H-11  a ServiceEntry for the host of a Service adds its subjectAltNames, and nothing else
 *         ServiceEntries of one namespace may describe a host together, each some of its ports */
#ifndef CORE_COMPILE_REGISTRY_MERGE_H
#define CORE_COMPILE_REGISTRY_MERGE_H

#include "core/compile/registry_service.h"

bool registry_merge_is_better(const struct registry_service *a, const struct registry_service *b);

/* Whether others of candidates[0..count-1] add something to s, which is one of them. */
bool registry_merge_is_due(const struct registry_service *s,
                           struct registry_service *const *candidates, uint32_t count);
/* Adds it to s, a copy of one of them that is not sealed yet. */
void registry_merge_into(struct registry_service *s, struct registry_service *const *candidates,
                         uint32_t count);

#endif
