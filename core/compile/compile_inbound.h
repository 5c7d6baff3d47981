/* A sidecar's way in: the ports of our own workload. */
#ifndef CORE_COMPILE_COMPILE_INBOUND_H
#define CORE_COMPILE_COMPILE_INBOUND_H

#include "core/compile/compile_part.h"
#include "core/compile/compile_state.h"

/* data of the part c->inbound */
struct compile_inbound {
    struct model_inbound model;
    struct model_cluster **clusters; /* borrowed: the part holds them */
    uint32_t cluster_count;
};

/* Told of every host that changed: remembers which services are ours. */
void compile_inbound_follow(struct compile *c, struct str host);
/* A new part. Clusters of the old one (may be NULL) are kept where they are equal. */
struct compile_part *compile_inbound_build(struct compile *c, const struct compile_part *old);
void compile_inbound_free(struct compile *c);

#endif
