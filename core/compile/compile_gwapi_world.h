/* The Gateway API's world as a proxy has it, and what of it concerns this node: its gateways'
 * listeners (compile_gwapi_gateway) and routes bound to Services (compile_gwapi_mesh). */
#ifndef CORE_COMPILE_COMPILE_GWAPI_WORLD_H
#define CORE_COMPILE_COMPILE_GWAPI_WORLD_H

#include "core/compile/compile_gwapi.h"
#include "core/compile/compile_state.h"

/* Borrows from c until its next change. */
struct compile_gwapi_world compile_gwapi_world_of(struct compile *c);

#endif
