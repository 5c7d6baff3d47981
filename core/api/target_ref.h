/* An object that a policy is attached to. */
#ifndef CORE_API_TARGET_REF_H
#define CORE_API_TARGET_REF_H

#include "core/text/field_decode.h"

struct target_ref {
    struct field_at at;
    struct str group, kind, name, ns;
};

extern FIELD_DECLARE(target_ref);

/* In a policy's check: at most one of selector, targetRef and targetRefs may be written. */
void target_ref_check_one(struct field_check *c, bool has_selector, const struct target_ref *ref,
                          const struct target_ref *refs);

#endif
