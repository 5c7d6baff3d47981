/* A workload of the registry with the services it is a member of, as bytes for the wire. */
#ifndef CORE_COMPILE_REGISTRY_ENCODE_H
#define CORE_COMPILE_REGISTRY_ENCODE_H

#include "core/base/buf.h"
#include "core/compile/l4_policy.h"
#include "core/compile/registry.h"

/* Appends an encoded istio.workload.Address of w, its services, and the policies (of layer 4; NULL:
 * none) that it has to name. 0, or ERR_LIMIT: out is full. For services: registry_address.h. */
int registry_encode_workload(const struct registry *r, const struct l4_policy *policies,
                             const struct registry_workload *w, struct buf *out);

#endif
