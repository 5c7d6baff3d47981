/* Telemetry objects and MeshConfig's providers, made out for this proxy (TL-1 to TL-3).
 *
 *   defaultProviders, accessLogFile  <-  root namespace  <-  own namespace  <-  own workload
 *
 * Of each level the oldest object counts. Providers replace those of the wider level, overrides
 * come behind them. */
#ifndef CORE_COMPILE_COMPILE_TELEMETRY_H
#define CORE_COMPILE_COMPILE_TELEMETRY_H

#include "core/compile/compile_part.h"
#include "core/compile/compile_state.h"

/* Its data is struct model_telemetry. */
struct compile_part *compile_telemetry_build(struct compile *c);

#endif
