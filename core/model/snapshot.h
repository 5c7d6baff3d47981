/* What a worker reads while it serves: an immutable picture of the configuration.
 *
 *   snapshot
 *     listeners[]            where connections come in, and what table they use
 *       outbound             a sidecar's way out: VIPs, per-port HTTP tables, TCP routes
 *       inbound              a sidecar's way in: per app port mTLS mode, protocol, policies
 *       gateway              servers by SNI and host
 *     clusters               name -> cluster (endpoints, TLS, balancing, limits)
 *     settings               mesh-wide
 *
 * core/compile builds snapshots off the loop and never changes one afterwards. Parts that did not
 * change are shared between successive snapshots by reference count (clusters, route tables,
 * endpoint sets), so a change of one service costs what depends on it. A worker takes a snapshot by
 * message and drops the old one when its last request does. All text is in the part's own arena.
 * Reading: any thread. */
#ifndef CORE_MODEL_SNAPSHOT_H
#define CORE_MODEL_SNAPSHOT_H

#include "core/model/model.h"

struct snapshot {
    atomic_uint refs;
    uint64_t version;    /* 1, 2, 3, ... within this process */
    struct str revision; /* control's resume token this picture corresponds to, or empty */
    struct arena arena;
    const struct model_node *node;
    struct model_settings settings;
    const struct model_telemetry *telemetry; /* NULL: the settings' access log, and all metrics */
    struct model_listener *listeners;
    uint32_t listener_count;
    struct model_outbound *outbound; /* NULL for gateways */
    struct model_inbound *inbound;   /* NULL for gateways */
    struct model_cluster **clusters; /* each holds a reference; sorted by name */
    uint32_t cluster_count;
    struct model_route_table **tables; /* each holds a reference */
    uint32_t table_count;
    struct pmap peers_by_ip;       /* addr_format_ip -> model_telemetry_peer */
    struct pmap peers_by_identity; /* SPIFFE id without "spiffe://" -> the same */
    void (*deinit)(
        struct snapshot *s); /* set by the builder: drops what the maps and configs hold */
};

struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* NULL is allowed */

struct model_cluster *snapshot_find_cluster(const struct snapshot *s, struct str name);
const struct model_inbound_port *snapshot_find_inbound(const struct snapshot *s, uint16_t port);

/* The workload at the other end, by its IP or its SPIFFE id (with or without "spiffe://"); NULL:
 * unknown. Borrowed from the snapshot. */
const struct model_telemetry_peer *snapshot_find_peer(const struct snapshot *s,
                                                      const struct addr *ip);
const struct model_telemetry_peer *snapshot_find_peer_by_identity(const struct snapshot *s,
                                                                  struct str id);

#endif
