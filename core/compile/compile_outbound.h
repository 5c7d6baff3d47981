/* A sidecar's way out, as a snapshot holds it: services by address, tables by port. */
#ifndef CORE_COMPILE_COMPILE_OUTBOUND_H
#define CORE_COMPILE_COMPILE_OUTBOUND_H

#include "core/compile/compile_part.h"
#include "core/compile/compile_state.h"

/* Services by address and port; a new part. */
struct compile_part *compile_outbound_vips(struct compile *c);
/* The whole, in s's memory; by_vip, tcp_by_port and names are those of c->vips. */
struct model_outbound *compile_outbound_build(struct compile *c, struct snapshot *s);
/* To be called when s goes: the maps that are its own. */
void compile_outbound_deinit(struct model_outbound *out);

#endif
