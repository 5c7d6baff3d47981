/* How requests are traced, made out of Telemetry objects and MeshConfig for one side of requests.
 * Part of compile_telemetry. */
#ifndef CORE_COMPILE_COMPILE_TRACING_H
#define CORE_COMPILE_COMPILE_TRACING_H

#include "core/compile/compile_state.h"
#include "core/model/model_telemetry.h"

/* levels: the Telemetry objects that count, the widest first; NULL: none. Memory in a. */
void compile_tracing_build(struct compile *c, const struct object *const *levels, size_t count,
                           enum model_side side, struct arena *a, struct model_tracing *out);

#endif
