/* The two halves of a cluster: its config, from a service's port and the DestinationRule in force;
 * and its endpoints, from the members of the service. */
#ifndef CORE_COMPILE_COMPILE_CLUSTER_H
#define CORE_COMPILE_COMPILE_CLUSTER_H

#include "core/compile/compile_dr.h"
#include "core/compile/compile_state.h"

/* What a cluster is made for. */
struct compile_cluster_key {
    const struct registry_service *service;
    const struct registry_endpoints *members; /* or NULL */
    uint32_t port_index;                      /* in the service's ports */
    const struct compile_dr_subset *subset;   /* or NULL */
};

/* One reference for the caller. *secret: the Secret that was read, "NS/NAME" in a, or untouched. */
struct model_cluster_config *compile_cluster_config(struct compile *c,
                                                    const struct compile_cluster_key *key,
                                                    const struct compile_dr_result *dr,
                                                    struct str *secret, struct arena *a);
/* One reference for the caller. a is for scratch. */
struct model_endpoints *compile_cluster_endpoints(struct compile *c,
                                                  const struct compile_cluster_key *key,
                                                  const struct compile_dr_result *dr,
                                                  struct arena *a);

/* "outbound|9080|v1|HOST"; in a. */
struct str compile_cluster_name(uint16_t port, struct str subset, struct str host, struct arena *a);
/* A config of that name and type, with nothing else set; to be filled and sealed by setting hash.
 */
struct model_cluster_config *compile_cluster_new_config(struct str name, uint8_t type);
/* An empty endpoint set. */
struct model_endpoints *compile_cluster_new_endpoints(void);
/* What metrics say about a workload; text in a. */
void compile_cluster_peer(const struct compile *c, const struct registry_workload *w,
                          struct arena *a, struct model_telemetry_peer *out);

#endif
