/* An object that a policy is attached to. */
#ifndef CORE_API_TARGET_REF_H
#define CORE_API_TARGET_REF_H

#include "core/text/field.h"

struct target_ref {
    struct field_at at;
    struct str group, kind, name, ns;
};

extern FIELD_DECLARE(target_ref);

#endif
