/* How a proxy describes itself to control: the node of Istio's shape, and the workload to register.
 * Any thread. */
#ifndef MODES_SHARED_XDS_NODE_H
#define MODES_SHARED_XDS_NODE_H

#include "core/base/arena.h"
#include "core/model/model.h"
#include "core/xds/xds_msg.h"

/* In a; borrows from node. admin: where our admin pages are, ADDR_NONE or NULL: not told. */
void xds_node_init(struct xds_msg_node *out, const struct model_node *node,
                   const struct addr *admin, struct arena *a);

struct xds_node_port {
    uint16_t port;        /* the app's */
    uint16_t service;     /* what clients ask for */
    const char *protocol; /* "http", "auto", ...; constant */
    struct addr address;  /* where the sidecar listens for it */
};
/* The same with MESH_PORTS and, where the app is probed (p), MESH_HEALTH: "ok" or what is wrong. */
void xds_node_init_workload(struct xds_msg_node *out, const struct model_node *node,
                            const struct xds_node_port *ports, size_t count, struct str health,
                            struct arena *a);
/* "http" for MODEL_PROTOCOL_HTTP: as the beginning of a service port's name. */
const char *xds_node_protocol(uint8_t protocol);

#endif
