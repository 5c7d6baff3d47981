/* The Service that a registered workload gets when nobody wrote one: named after its app label,
 * with its ports, marked with the label mesh.dev/auto. Ports of further workloads of the app are
 * added. Main thread. */
#ifndef MODES_CONTROL_WORKLOAD_SERVICE_H
#define MODES_CONTROL_WORKLOAD_SERVICE_H

#include "core/api/object.h"
#include "store/store.h"

#define WORKLOAD_SERVICE_LABEL "mesh.dev/auto"

/* entry: the workload as a WorkloadEntry; ports: a list of {port, service, protocol}, or NULL. */
void workload_service_ensure(struct store *s, const struct object *entry, const struct node *ports);

#endif
