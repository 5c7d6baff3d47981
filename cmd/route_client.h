/* Who asks, in `mesh route FROM URL`: the workload or gateway that FROM names among objects, as the
 * node whose proxy would route. */
#ifndef CMD_ROUTE_CLIENT_H
#define CMD_ROUTE_CLIENT_H

#include "core/api/object_set.h"
#include "core/model/model.h"

struct route_client {
    struct model_node node; /* text in the arena given */
    struct str object;      /* "Pod default/reviews-v1-5f9c"; empty: nobody has that name */
};

/* from: NAME, NS/NAME or NAME.NS of a Pod, WorkloadEntry, Deployment or WorkloadGroup, or of the
 * app they belong to (label app); "gateway/NAME" for the workload that a Gateway selects. Without
 * any of that name a workload with label app=NAME is taken for granted. ERR_NOT_FOUND: no such
 * Gateway. */
int route_client_find(struct route_client *out, const struct object_set *set, struct str from,
                      struct str ns, struct arena *a);

#endif
