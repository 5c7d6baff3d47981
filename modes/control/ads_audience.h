/* Who may know an object: namespaces, as text that is kept with it.
 *
 *   exportTo of VirtualServices, DestinationRules and services      as it says
 *   Sidecars, policies of workloads, telemetry, extensions          their namespace; all, when that
 * is the root namespace everything else                                                 all
 *
 * Any thread. */
#ifndef MODES_CONTROL_ADS_AUDIENCE_H
#define MODES_CONTROL_ADS_AUDIENCE_H

#include "core/api/object.h"
#include "core/base/arena.h"

/* Empty: all. Else namespaces between spaces, " " for none; in a. */
struct str ads_audience_of(const struct object *o, struct str root_ns, struct arena *a);
/* The same of an exportTo of namespace ns. */
struct str ads_audience_exported(const struct str *export_to, size_t count, struct str ns,
                                 struct arena *a);
bool ads_audience_has(struct str audience, struct str ns);

#endif
