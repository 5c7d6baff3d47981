/* BackendTLSPolicy and XBackendTrafficPolicy as what a DestinationRule would say. A DestinationRule
 * of the user's wins, block by block (DR-9). */
#ifndef CORE_COMPILE_COMPILE_GWAPI_POLICY_H
#define CORE_COMPILE_COMPILE_GWAPI_POLICY_H

#include "core/compile/compile_dr.h"

/* A policy came (add) or goes: marks the services that it is for. Other kinds are ignored. */
void compile_gwapi_policy_follow(struct compile *c, struct object *o, bool add);
/* Fills in what is missing in policy for a port of a service; in a. Returns the object that says
 * how TLS is spoken there, or NULL when none does. */
const struct object *compile_gwapi_policy_fill(const struct compile *c,
                                               const struct registry_service *s,
                                               const struct registry_port *port, struct arena *a,
                                               struct compile_dr_policy *policy);

#endif
