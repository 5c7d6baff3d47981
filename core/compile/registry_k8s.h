/* Services, EndpointSlices, Endpoints and Pods of Kubernetes as sources of the registry. */
#ifndef CORE_COMPILE_REGISTRY_K8S_H
#define CORE_COMPILE_REGISTRY_K8S_H

#include "core/compile/registry_source.h"

/* Fills src from src->object. */
void registry_k8s_read(struct registry_source *src, const struct registry_view *view);

#endif
