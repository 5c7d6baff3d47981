/* ServiceEntries and WorkloadEntries as sources of the registry. */
#ifndef CORE_COMPILE_REGISTRY_ISTIO_H
#define CORE_COMPILE_REGISTRY_ISTIO_H

#include "core/compile/registry_source.h"

/* Fills src from src->object. */
void registry_istio_read(struct registry_source *src, const struct registry_view *view);

#endif
