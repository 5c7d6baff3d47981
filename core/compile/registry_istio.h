/* ServiceEntries and WorkloadEntries as sources of the registry. */
#ifndef CORE_COMPILE_REGISTRY_ISTIO_H
#define CORE_COMPILE_REGISTRY_ISTIO_H

#include "core/compile/registry_source.h"

/* DN-2: whether this host of a ServiceEntry is to be given addresses. */
bool registry_istio_wants_address(const struct object *o, struct str host);

/* Fills src from src->object. */
void registry_istio_read(struct registry_source *src, const struct registry_view *view);

#endif
