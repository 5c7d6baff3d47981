/* From what people and control say to what workers read: objects and workloads in, snapshots out.
 *
 *   objects (VirtualService, Service, ...) --.
 *                                             >-- registry, indexes --> parts --> struct snapshot
 *   addresses (istio.workload.Address) ------'
 *
 * A struct compile lives in every proxy and gateway, and in control for analysis. It keeps the
 * parts it built (cluster configs, endpoint sets, virtual hosts, policies), each with what it was
 * built from, so that a change rebuilds only what read the thing that changed; parts that come out
 * equal are shared with the snapshot before. One thread at a time; any thread. */
#ifndef CORE_COMPILE_COMPILE_H
#define CORE_COMPILE_COMPILE_H

#include "core/api/object.h"
#include "core/base/diag.h"
#include "core/model/snapshot.h"

struct compile;
struct registry;

/* A listener that the process wants whatever the objects say. Gateways' own come from objects. */
struct compile_listener {
    struct str name; /* "virtualOutbound", "virtualInbound", "inbound-9080" */
    struct addr bind;
    uint8_t kind;      /* enum model_listener_kind */
    uint16_t app_port; /* INBOUND_PORT: which app port it stands for */
    bool proxy_protocol;
};

/* An app port told on the command line (mesh run -p 9080:http), for workloads nobody describes. */
struct compile_app_port {
    uint16_t port;
    uint8_t protocol; /* enum model_protocol */
    /* For registration only; 0: the same as port. */
    uint16_t service_port; /* what clients ask for */
    uint16_t reach_port;   /* where our listener for it is */
};

/* A gateway's port as configured -> the port really bound (for ports below 1024, or several
 * gateways on one machine); bind_port 0 lets the system choose. */
struct compile_port_map {
    uint16_t port, bind_port;
};

struct compile_options {
    const struct model_node *node; /* lives as long as the compile */
    const struct compile_listener *listeners;
    uint32_t listener_count;
    const struct compile_app_port *app_ports;
    uint32_t app_port_count;
    const struct compile_port_map *port_maps;
    uint32_t port_map_count;
    struct addr gateway_bind; /* address of gateway listeners; ADDR_NONE: all */
    struct model_settings settings;
    enum model_outbound_policy outbound_policy;
    bool outbound_policy_is_told; /* on the command line: MeshConfig's does not count */
    /* Chain and key of gateway servers with ISTIO_MUTUAL come from the process's identity. */
};

/* options is copied, text included. */
struct compile *compile_new(const struct compile_options *options);
void compile_free(struct compile *c); /* snapshots made by it stay valid */

/* Adds or replaces; a reference is taken. Nothing is built before compile_run. */
void compile_put(struct compile *c, struct object *o);
/* Unknown ones are ignored. kind: enum api_kind_id. */
void compile_remove(struct compile *c, uint16_t kind, struct str ns, struct str name);
/* The same for workload API resources; bytes is an encoded istio.workload.Address. ERR_INVALID: it
 * does not decode; nothing changed. */
int compile_put_address(struct compile *c, struct str resource_name, struct str bytes);
void compile_remove_address(struct compile *c, struct str resource_name);

/* Files that objects name were read by the last run: calls each(arg, path) for every one, to watch
 * them. */
void compile_files_each(const struct compile *c, void (*each)(void *arg, struct str path),
                        void *arg);
/* Looks whether any of them is another one now; if so, the next run reads it. */
bool compile_files_changed(struct compile *c);

/* Builds what changed. *out: a new snapshot with one reference for the caller, or NULL when nothing
 * that this node uses came out differently. What is wrong or surprising in the objects goes to d
 * (may be NULL), with their file and line; it never keeps the rest from working. */
void compile_run(struct compile *c, struct diag *d, struct snapshot **out);

/* Hosts that a table or a cluster named and the registry does not know: what to subscribe to. Calls
 * each(arg, host) for every one. */
void compile_missing_hosts(const struct compile *c, void (*each)(void *arg, struct str host),
                           void *arg);

/* Services and workloads as of the last run; borrowed, for name servers and dumps. */
const struct registry *compile_registry(const struct compile *c);

/* How much the last run did, for tests, logs and bench. */
struct compile_stats {
    uint32_t parts, rebuilt, shared;
    uint64_t duration_us;
};
void compile_last_stats(const struct compile *c, struct compile_stats *out);

#endif
