/* A workload as the registry knows it: where it is, who it is. And a set of them as the members of
 * one service. Immutable once sealed, counted. One thread at a time. */
#ifndef CORE_COMPILE_REGISTRY_WORKLOAD_H
#define CORE_COMPILE_REGISTRY_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/api/object.h"
#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/model/model_endpoints.h"
#include "core/net/addr.h"
#include "core/text/field.h"

struct registry_workload {
    uint32_t refs;
    struct arena arena;
    struct object *object;                /* reference: text may be its; or NULL */
    uint64_t hash;                        /* of what is below */
    const struct registry_source *source; /* while it is registered; for the registry itself */
    struct str uid;                       /* "CLUSTER/GROUP/KIND/NS/NAME" */
    struct str name, ns;
    struct addr *addrs; /* without port */
    uint32_t addr_count;
    struct str hostname; /* when it has no address */
    /* Its own name below the name of the headless service "subdomain" of its namespace; or empty.
     */
    struct str dns_name, subdomain;
    struct str network, locality, node, cluster;
    struct str service_account; /* empty: its identity is not known */
    struct str trust_domain;    /* empty: the mesh's */
    struct field_pair *labels;
    uint32_t label_count;
    uint32_t weight;
    uint8_t hop; /* enum model_hop */
    bool healthy;
    struct str workload_name, app, version, canonical_service, canonical_revision;
    struct field_pair_int *named_ports; /* container port names, WorkloadEntry.ports */
    uint32_t named_port_count;
    bool ports_by_service; /* named_ports: by names of service ports, not of containers */
};

/* One workload as member of a service. */
struct registry_endpoint {
    const struct registry_workload *workload;
    const uint16_t *ports; /* by index of the service's ports; 0: does not serve it */
    struct str hostname;   /* its own name below a headless service's; or empty */
    bool healthy;
};

struct registry_endpoints {
    uint32_t refs;
    struct arena arena;
    uint64_t hash;
    struct registry_endpoint *list; /* each workload holds a reference; sorted by uid */
    uint32_t count;
};

/* Empty, with one reference; its text goes into its arena. */
struct registry_workload *registry_workload_new(void);
/* Derives hop, app, version and canonical names from the labels where they are not set, computes
 * the hash; nothing may be changed afterwards. */
void registry_workload_seal(struct registry_workload *w);
struct registry_workload *registry_workload_ref(const struct registry_workload *w);
void registry_workload_unref(struct registry_workload *w); /* NULL is allowed */

/* Copies labels into w's arena. */
void registry_workload_set_labels(struct registry_workload *w, const struct field_pair *labels,
                                  size_t count);
/* The value of a label; p == NULL: none. */
struct str registry_workload_label(const struct registry_workload *w, struct str key);
/* The number behind a port name, or 0. */
uint16_t registry_workload_named_port(const struct registry_workload *w, struct str name);
/* "TD/ns/NS/sa/SA" (no scheme); empty for workloads outside the mesh. In a. */
struct str registry_workload_principal(const struct registry_workload *w, struct str trust_domain,
                                       struct arena *a);

void registry_workload_set_unref(struct registry_endpoints *set); /* NULL is allowed */

#endif
