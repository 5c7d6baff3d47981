/* Whether a policy is for our workload: by namespace, selector, and what targetRefs name (spec
 * features.md AZ-2; the same for RequestAuthentication). */
#ifndef CORE_COMPILE_COMPILE_POLICY_H
#define CORE_COMPILE_COMPILE_POLICY_H

#include "core/api/target_ref.h"
#include "core/api/workload_selector.h"
#include "core/compile/compile_state.h"

struct compile_policy_scope {
    const struct workload_selector *selector; /* NULL: every workload */
    const struct target_ref *ref;             /* the old way; or NULL */
    const struct target_ref *refs;
    size_t ref_count;
};

bool compile_policy_is_for_us(const struct compile *c, const struct object *o,
                              const struct compile_policy_scope *scope);

#endif
