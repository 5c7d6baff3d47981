/* The Sidecar object that is for this workload: what it may know, and how it listens.
 *
 * One is chosen: of the workload's namespace the oldest that selects it, else the oldest without
 * selector, else the one without selector of the root namespace. It limits which services have
 * routes, addresses and names here, and which VirtualServices count (H-4); clusters stay, since an
 * imported VirtualService may send to a service that is not. */
#ifndef CORE_COMPILE_COMPILE_SIDECAR_H
#define CORE_COMPILE_COMPILE_SIDECAR_H

#include "core/api/sidecar.h"
#include "core/compile/compile_state.h"

/* Chooses anew when Sidecars changed, and marks what depends on it. */
void compile_sidecar_follow(struct compile *c);
/* The spec in force, or NULL. */
const struct sidecar *compile_sidecar(const struct compile *c);

/* Whether a port of a service is for this workload to call. */
bool compile_sidecar_imports(const struct compile *c, const struct registry_service *s,
                             uint16_t port);
/* Whether a VirtualService of a namespace for these hosts (full names) counts here. */
bool compile_sidecar_imports_rule(const struct compile *c, struct str ns, const struct str *hosts,
                                  uint32_t count);

enum model_outbound_policy compile_sidecar_outbound_policy(const struct compile *c);
/* outboundTrafficPolicy.egressProxy: where unknown destinations are sent; NULL: nowhere special. */
struct model_cluster *compile_sidecar_egress_proxy(const struct compile *c);

/* The ingress listener of an app port, or NULL. */
const struct sidecar_ingress *compile_sidecar_ingress(const struct compile *c, uint16_t port);

#endif
