/* Istio's workload API: what control tells about workloads and services, byte-compatible with
 * ztunnel's (istio.workload.Address). Only structs and tables; both ends use them.
 *
 * Names on the wire: a workload's is its uid (at least three slashes), a service's is
 * "NAMESPACE/HOSTNAME"; "NETWORK/IP" is an alias of either. */
#ifndef CORE_COMPILE_WORKLOAD_MSG_H
#define CORE_COMPILE_WORKLOAD_MSG_H

#include "core/text/field.h"

#define WORKLOAD_MSG_ADDRESS_TYPE "type.googleapis.com/istio.workload.Address"

/* Extensions of ours in Workload.extensions and Service.extensions (Any of bytes): what Istio's
 * messages have no field for. Readers that don't know them skip them. */
#define WORKLOAD_MSG_DETAIL_NAME "mesh.dev/detail"

enum workload_msg_tunnel {
    WORKLOAD_MSG_TUNNEL_NONE = 0,
    WORKLOAD_MSG_TUNNEL_HBONE = 1,
    WORKLOAD_MSG_TUNNEL_LEGACY_MTLS = 2, /* Istio's sidecars */
};

enum workload_msg_type {
    WORKLOAD_MSG_DEPLOYMENT = 0,
    WORKLOAD_MSG_CRONJOB = 1,
    WORKLOAD_MSG_POD = 2,
    WORKLOAD_MSG_JOB = 3,
};

enum workload_msg_status { WORKLOAD_MSG_HEALTHY = 0, WORKLOAD_MSG_UNHEALTHY = 1 };

enum workload_msg_network_mode { WORKLOAD_MSG_STANDARD = 0, WORKLOAD_MSG_HOST_NETWORK = 1 };

enum workload_msg_app_protocol {
    WORKLOAD_MSG_UNKNOWN = 0,
    WORKLOAD_MSG_HTTP11 = 1,
    WORKLOAD_MSG_HTTP2 = 2,
    WORKLOAD_MSG_GRPC = 3,
    WORKLOAD_MSG_TCP = 4,
    WORKLOAD_MSG_TLS = 5,
};

enum workload_msg_lb_mode {
    WORKLOAD_MSG_LB_UNSPECIFIED = 0,
    WORKLOAD_MSG_LB_STRICT = 1,
    WORKLOAD_MSG_LB_FAILOVER = 2,
    WORKLOAD_MSG_LB_PASSTHROUGH = 3, /* headless: to the address that was asked for */
};

enum workload_msg_health_policy { WORKLOAD_MSG_ONLY_HEALTHY = 0, WORKLOAD_MSG_ALLOW_ALL = 1 };

enum workload_msg_visibility { WORKLOAD_MSG_PUBLIC = 0, WORKLOAD_MSG_NAMESPACE = 1 };

struct workload_msg_port {
    int64_t service_port, target_port;
    int app_protocol; /* enum workload_msg_app_protocol */
};

struct workload_msg_port_list {
    struct workload_msg_port *ports;
    size_t ports_count;
};

struct workload_msg_service_ports { /* of the map Workload.services */
    struct str key;                 /* "NAMESPACE/HOSTNAME" */
    struct workload_msg_port_list value;
};

struct workload_msg_network_address {
    struct str network;
    struct str address;      /* 4 or 16 bytes */
    struct field_opt length; /* of a network; !set: one address */
};

struct workload_msg_hostname {
    struct str ns, hostname;
};

struct workload_msg_gateway {
    struct workload_msg_hostname *hostname; /* one of the two */
    struct workload_msg_network_address *address;
    int64_t hbone_mtls_port;
};

struct workload_msg_weighted_waypoint {
    struct workload_msg_gateway *destination;
    int64_t weight;
};

struct workload_msg_app_tunnel {
    int protocol; /* 0 none, 1 PROXY */
    int64_t port;
};

struct workload_msg_locality {
    struct str region, zone, subzone;
};

struct workload_msg_extension {
    struct str name;
    struct field_any *config;
};

struct workload_msg_workload {
    struct str name, ns;
    struct str *addresses; /* 4 or 16 bytes each */
    size_t addresses_count;
    struct str network;
    int tunnel_protocol;        /* enum workload_msg_tunnel */
    struct str trust_domain;    /* empty: the mesh's */
    struct str service_account; /* empty: "default" */
    struct workload_msg_gateway *waypoint;
    struct str node, canonical_name, canonical_revision;
    int workload_type; /* enum workload_msg_type */
    struct str workload_name;
    bool native_tunnel;
    struct str *authorization_policies;
    size_t authorization_policies_count;
    int status; /* enum workload_msg_status */
    struct str cluster_id;
    struct workload_msg_gateway *network_gateway;
    struct str uid, hostname;
    struct workload_msg_service_ports *services;
    size_t services_count;
    struct workload_msg_app_tunnel *application_tunnel;
    struct workload_msg_locality *locality;
    int network_mode; /* enum workload_msg_network_mode */
    struct workload_msg_extension *extensions;
    size_t extensions_count;
    struct field_opt capacity; /* !set: 1 */
};

struct workload_msg_load_balancing {
    int *routing_preference; /* 1 region .. 6 network */
    size_t routing_preference_count;
    int mode;          /* enum workload_msg_lb_mode */
    int health_policy; /* enum workload_msg_health_policy */
};

struct workload_msg_service {
    struct str name, ns, hostname;
    struct workload_msg_network_address *addresses;
    size_t addresses_count;
    struct workload_msg_port *ports;
    size_t ports_count;
    struct str *subject_alt_names;
    size_t subject_alt_names_count;
    struct workload_msg_gateway *waypoint;
    struct workload_msg_load_balancing *load_balancing;
    int ip_families;
    struct workload_msg_extension *extensions;
    size_t extensions_count;
    bool canonical, ingress_use_waypoint;
    struct workload_msg_weighted_waypoint *weighted_waypoints;
    size_t weighted_waypoints_count;
    int visibility; /* enum workload_msg_visibility */
};

struct workload_msg_address { /* one of the two */
    struct workload_msg_workload *workload;
    struct workload_msg_service *service;
};

/* What a mesh proxy wants to know beyond Istio's fields; config of the extension
 * WORKLOAD_MSG_DETAIL_NAME, of type "type.googleapis.com/mesh.dev.WorkloadDetail". */
struct workload_msg_detail {
    struct field_pair *labels;
    size_t labels_count;
    int hop;                        /* enum model_hop */
    bool no_account;                /* its identity is not known; else no account means "default" */
    struct str unix_path;           /* it listens there, and has no address */
    struct str dns_name, subdomain; /* its name below a headless service's */
};

/* The same for a service, "type.googleapis.com/mesh.dev.ServiceDetail". */
struct workload_msg_service_port_detail {
    int64_t port;
    struct str name;
    int protocol; /* enum model_protocol */
};

struct workload_msg_service_detail {
    struct workload_msg_service_port_detail *ports;
    size_t ports_count;
    int resolution; /* enum registry_resolution */
    bool external, headless;
    struct str *export_to;
    size_t export_to_count;
    struct str *dns_endpoints; /* host names behind a DNS service */
    size_t dns_endpoints_count;
    int64_t created;     /* nanoseconds since 1970 */
    struct str alias_of; /* ExternalName */
    bool kubernetes;     /* from a Service of Kubernetes' */
    bool vip_allocated;  /* its addresses were given to it by the mesh */
    bool not_ready_too;  /* publishNotReadyAddresses */
};

extern FIELD_DECLARE(workload_msg_address);
extern FIELD_DECLARE(workload_msg_workload);
extern FIELD_DECLARE(workload_msg_service);
extern FIELD_DECLARE(workload_msg_detail);
extern FIELD_DECLARE(workload_msg_service_detail);

/* The config of the extension of that name, or NULL. */
const struct field_any *workload_msg_find_extension(const struct workload_msg_extension *list,
                                                    size_t count, struct str name);

#endif
