/* A sidecar's way out, as a snapshot holds it: services by address, tables by port. */
#ifndef CORE_COMPILE_COMPILE_OUTBOUND_H
#define CORE_COMPILE_COMPILE_OUTBOUND_H

#include "core/compile/compile_state.h"

/* In s's memory; what compile_vip keeps, as of now. */
struct model_outbound *compile_outbound_build(struct compile *c, struct snapshot *s);
/* To be called when s goes: the maps that are its own. */
void compile_outbound_deinit(struct model_outbound *out);

#endif
