/* Who may know an object: namespaces, as text that is kept with it.
 *
 *   exportTo of VirtualServices, DestinationRules and services    as it says, else MeshConfig
 *   Sidecars, policies of workloads, telemetry, extensions        their namespace; of the root
 *                                                                 namespace: all
 *   everything else                                               all
 *
 * Any thread. */
#ifndef MODES_CONTROL_ADS_AUDIENCE_H
#define MODES_CONTROL_ADS_AUDIENCE_H

#include "core/api/object.h"
#include "core/base/arena.h"
#include "modes/control/ads_scope.h"

/* Empty: all. Else namespaces between spaces, " " for none; in a. */
struct str ads_audience_of(const struct object *o, const struct ads_scope *scope, struct arena *a);
/* Of the services of a ServiceEntry or Service with that exportTo. */
struct str ads_audience_of_service(const struct str *export_to, size_t count, struct str ns,
                                   const struct ads_scope *scope, struct arena *a);
/* The same of an exportTo of namespace ns, where none means all. */
struct str ads_audience_exported(const struct str *export_to, size_t count, struct str ns,
                                 struct arena *a);
bool ads_audience_has(struct str audience, struct str ns);

#endif
