/* Puts the parts together to a snapshot. */
#ifndef CORE_COMPILE_COMPILE_SNAPSHOT_H
#define CORE_COMPILE_COMPILE_SNAPSHOT_H

#include "core/compile/compile_state.h"

/* One reference for the caller. */
struct snapshot *compile_snapshot_build(struct compile *c);

#endif
