/* RequestAuthentications that hold for our workload, as rules of core/model. */
#ifndef CORE_COMPILE_COMPILE_JWT_H
#define CORE_COMPILE_COMPILE_JWT_H

#include "core/compile/compile_state.h"
#include "core/model/model_jwt.h"

/* One reference for the caller; NULL: no rule. */
struct model_jwt *compile_jwt_build(struct compile *c);

#endif
