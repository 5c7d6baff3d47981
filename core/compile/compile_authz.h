/* AuthorizationPolicies that hold for our workload, as typed values (spec features.md 2.11). */
#ifndef CORE_COMPILE_COMPILE_AUTHZ_H
#define CORE_COMPILE_COMPILE_AUTHZ_H

#include "core/compile/compile_state.h"

/* One reference for the caller; NULL: no policy. */
struct model_authz *compile_authz_build(struct compile *c);

#endif
