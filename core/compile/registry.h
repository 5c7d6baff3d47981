/* Services and the workloads behind them, as one node sees them (or, in control, all of them).
 *
 *   Service, EndpointSlice, Endpoints, Pod --.
 *   ServiceEntry, WorkloadEntry --------------+--> services by host, each with its endpoints
 *   istio.workload.Address messages ----------'
 *
 * Several objects may describe one host: the best visible one is chosen (spec H-10). Everything
 * handed out is immutable and counted; a change makes a new struct. One thread at a time. */
#ifndef CORE_COMPILE_REGISTRY_H
#define CORE_COMPILE_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/api/object.h"
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/str.h"
#include "core/model/model_cluster.h"
#include "core/net/addr.h"
#include "core/text/field.h"

struct registry; /* opaque */

enum registry_resolution {
    REGISTRY_STATIC,  /* endpoints have addresses */
    REGISTRY_DNS,     /* endpoints have names; all their addresses count */
    REGISTRY_DNS_ONE, /* one name, its first address */
    REGISTRY_NONE,    /* to the address the client asked for: headless, or resolution NONE */
};

struct registry_port {
    struct str name;
    uint16_t port;          /* of the service */
    uint16_t target;        /* of its workloads, unless they say otherwise; 0: target_name */
    struct str target_name; /* a named container port */
    uint8_t protocol;       /* enum model_protocol, by PS-1 and PS-2 */
    bool is_udp;            /* never proxied */
};

struct registry_service {
    uint32_t refs;
    struct arena arena;
    uint64_t hash;    /* of what is below; not of the endpoints */
    struct str host;  /* lower case; may start with "*." */
    struct str ns;
    struct str name;  /* of the object */
    struct addr *vips; /* without port; IPs that stand for it */
    uint32_t vip_count;
    struct addr_net *nets; /* ServiceEntry addresses that are networks */
    uint32_t net_count;
    struct registry_port *ports; /* ascending by number */
    uint32_t port_count;
    uint8_t resolution; /* enum registry_resolution */
    bool external;      /* MESH_EXTERNAL */
    bool headless;      /* clusterIP None */
    bool kubernetes;    /* from a Service; wins over others (H-10) */
    bool vip_allocated; /* vips[0] was chosen by us (DN-2) */
    bool wants_vip;     /* and is to be: no address was given */
    struct str alias_of; /* ExternalName: the host it stands for (H-9); else empty */
    struct field_pair *selector; /* of workloads in its namespace; count 0: none */
    uint32_t selector_count;
    struct str *export_to; /* ".", "*", namespaces, "~"; count 0: everywhere */
    uint32_t export_to_count;
    struct str *sans;
    uint32_t san_count;
    int64_t created; /* nanoseconds since 1970; 0 unknown */
    struct model_source source;
};

struct registry_workload {
    uint32_t refs;
    struct arena arena;
    uint64_t hash;
    struct str uid; /* "CLUSTER/GROUP/KIND/NS/NAME" */
    struct str name, ns;
    struct addr *addrs; /* without port */
    uint32_t addr_count;
    struct str hostname; /* when it has no address */
    struct str network, locality, node, cluster;
    struct str service_account; /* never empty for members of the mesh: "default" */
    struct str trust_domain;    /* empty: the mesh's */
    struct field_pair *labels;
    uint32_t label_count;
    uint32_t weight;
    uint8_t hop; /* enum model_hop */
    bool healthy;
    struct str workload_name, app, version, canonical_service, canonical_revision;
    struct field_pair_int *named_ports; /* container port names, WorkloadEntry.ports */
    uint32_t named_port_count;
};

/* One workload as member of a service. */
struct registry_endpoint {
    const struct registry_workload *workload;
    const uint16_t *ports; /* by index of the service's ports; 0: does not serve it */
};

struct registry_endpoints {
    uint32_t refs;
    struct arena arena;
    uint64_t hash;
    struct registry_endpoint *list; /* each workload holds a reference; sorted by uid */
    uint32_t count;
};

struct registry_options {
    struct str dns_domain;   /* "cluster.local" */
    struct str node_ns;      /* whose view; empty: everything is visible (control) */
    struct str cluster_id;   /* "Kubernetes" when empty; first part of uids */
    struct str trust_domain;
};

/* options is copied. */
struct registry *registry_new(const struct registry_options *options);
void registry_free(struct registry *r); /* what was ref'd stays */

/* Whether a kind (enum api_kind_id) matters here. */
bool registry_wants(uint16_t kind);
/* Adds or replaces; takes a reference of its own. Nothing shows before registry_run. */
void registry_put(struct registry *r, struct object *o);
void registry_remove(struct registry *r, uint16_t kind, struct str ns, struct str name);
/* The same for istio.workload.Address; ERR_INVALID: does not decode, nothing changed. */
int registry_put_address(struct registry *r, struct str name, struct str bytes);
void registry_remove_address(struct registry *r, struct str name);

enum registry_changed {
    REGISTRY_CHANGED_SERVICE = 1,   /* definition: came, went, or differs */
    REGISTRY_CHANGED_ENDPOINTS = 2,
};

/* Brings the registry up to date; changed(arg, host, what) runs once per host that differs. */
void registry_run(struct registry *r, void (*changed)(void *arg, struct str host, uint32_t what),
                  void *arg);

/* Borrowed until the next registry_run. NULL: unknown. */
const struct registry_service *registry_find(const struct registry *r, struct str host);
const struct registry_endpoints *registry_find_endpoints(const struct registry *r, struct str host);
/* The workload with that IP, or NULL. */
const struct registry_workload *registry_find_workload(const struct registry *r,
                                                       const struct addr *ip);
/* Calls each(arg, service) for every chosen service, in no order. */
void registry_each_service(const struct registry *r,
                           void (*each)(void *arg, const struct registry_service *s), void *arg);
/* Likewise for workloads. Those of ServiceEntry endpoints and bare EndpointSlices included. */
void registry_each_workload(const struct registry *r,
                            void (*each)(void *arg, const struct registry_workload *w), void *arg);
/* The workloads that came, changed or went in the last registry_run: w NULL when it went. */
void registry_each_changed_workload(const struct registry *r,
                                    void (*each)(void *arg, struct str uid,
                                                 const struct registry_workload *w),
                                    void *arg);
/* Calls each(arg, service, port index pairs) for every service a workload is in. */
void registry_each_service_of(const struct registry *r, struct str uid,
                              void (*each)(void *arg, const struct registry_service *s,
                                           const struct registry_endpoint *e),
                              void *arg);

/* ---- as messages ---- */

/* "NS/HOST" and the uid: names of the Address resources. */
/* Appends an encoded istio.workload.Address. */
void registry_encode_service(const struct registry *r, const struct registry_service *s,
                             struct buf *out);
void registry_encode_workload(const struct registry *r, const struct registry_workload *w,
                              struct buf *out);

/* spiffe://TD/ns/NS/sa/SA of a workload, or empty when it is outside the mesh; in a. */
struct str registry_identity(const struct registry *r, const struct registry_workload *w,
                             struct arena *a);

struct registry_service *registry_service_ref(const struct registry_service *s);
void registry_service_unref(struct registry_service *s);
struct registry_workload *registry_workload_ref(const struct registry_workload *w);
void registry_workload_unref(struct registry_workload *w);

/* Whether a rule of namespace ns with that exportTo is visible in namespace to. */
bool registry_is_exported(const struct str *export_to, size_t count, struct str ns, struct str to);
/* The port with that number, or NULL. */
const struct registry_port *registry_service_port(const struct registry_service *s, uint16_t port);
/* Its index, or -1. */
int registry_service_port_index(const struct registry_service *s, uint16_t port);

#endif
