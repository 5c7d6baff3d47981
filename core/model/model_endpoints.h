/* Endpoint sets: where the members of a cluster are, and what is known about them.
 *
 * Immutable, counted; a change of membership is a new set. Any thread. */
#ifndef CORE_MODEL_MODEL_ENDPOINTS_H
#define CORE_MODEL_MODEL_ENDPOINTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/net/addr.h"

enum model_hop {
    MODEL_HOP_PLAIN,
    MODEL_HOP_ISTIO, /* mTLS as between Istio sidecars: app's port, SNI outbound_..., ALPN istio-*
                      */
    MODEL_HOP_MESH,  /* a peer known to be `mesh`: multiplexed HTTP/2 over mTLS, negotiated by ALPN
                        with fallback to MODEL_HOP_ISTIO's */
};

/* What metrics and logs say about the workload at one end. Empty strings are shown as "unknown". */
struct model_telemetry_peer {
    struct str workload, ns, principal, app, version, cluster;
    struct str canonical_service, canonical_revision;
    uint8_t hop; /* enum model_hop: how it is reached, and so whether a proxy stands before it */
};

struct model_endpoint {
    struct addr addr;    /* ADDR_NONE when hostname is set */
    struct str hostname; /* DNS endpoints */
    uint16_t port;
    uint32_t weight; /* 1 or more */
    uint32_t group;  /* its place in the set's groups */
    uint8_t hop;     /* enum model_hop */
    bool healthy;
    struct str identity; /* SPIFFE id its certificate must carry; empty: any of the cluster's */
    struct str workload_uid;
    struct str locality; /* "region/zone/subzone" */
    struct model_telemetry_peer peer;
};

/* Endpoints of one locality and priority. */
struct model_endpoint_group {
    struct str locality;
    uint8_t priority; /* 0 first; the next ones when too few of those before are healthy */
    bool is_local;    /* zone-aware: the zone that we are in */
    uint32_t weight;  /* where the cluster is locality_weighted; 0: gets nothing */
    uint32_t sources; /* zone-aware: clients like us in that zone */
};

/* Immutable set, refcounted. */
struct model_endpoints {
    atomic_uint refs;
    struct arena arena;
    uint64_t hash; /* of the content: equal sets have equal hashes */
    uint32_t count;
    uint64_t weight_total;
    struct model_endpoint *list;
    struct model_endpoint_group *groups; /* ascending by priority; NULL: one for all */
    uint32_t group_count;
    uint32_t source_total; /* zone-aware: clients like us in all zones */
};

struct model_endpoints *model_endpoints_ref(struct model_endpoints *set);
void model_endpoints_unref(struct model_endpoints *set);

#endif
