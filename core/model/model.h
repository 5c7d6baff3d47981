/* Parts of a snapshot: the node, listeners and what they use, mesh-wide settings. See snapshot.h.
 */
#ifndef CORE_MODEL_MODEL_H
#define CORE_MODEL_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/map.h"
#include "core/base/pmap.h"
#include "core/base/str.h"
#include "core/model/model_authz.h"
#include "core/model/model_cluster.h"
#include "core/model/model_http.h"
#include "core/model/model_jwt.h"
#include "core/model/model_route.h"
#include "core/model/model_telemetry.h"
#include "core/net/addr.h"

struct tls_config; /* core/tls; refcounted by its own functions */

enum model_mtls { MODEL_MTLS_DISABLE, MODEL_MTLS_PERMISSIVE, MODEL_MTLS_STRICT };

enum model_outbound_policy {
    MODEL_ALLOW_ANY,
    MODEL_REGISTRY_ONLY,
    MODEL_ALLOW_ANY_DYNAMIC, /* HTTP by its Host (NR-3), the rest as ALLOW_ANY */
};

/* Who this proxy is: fixed at start, the same in every snapshot of the process. */
struct model_node {
    struct str id; /* "sidecar~10.0.0.1~name.ns~ns.svc.cluster.local" */
    struct str name, ns, service_account, trust_domain;
    struct str cluster_id, network;
    struct str workload_name, app, version, canonical_service, canonical_revision;
    struct model_label *labels;
    uint32_t label_count;
    struct addr *addrs; /* own IPs */
    uint32_t addr_count;
    struct str dns_domain;   /* "cluster.local" */
    struct str proxy_config; /* annotation proxy.istio.io/config, checked; empty: none */
    struct str locality;     /* "region/zone/subzone"; empty: as the registry has it */
    bool is_gateway;
};

struct model_label {
    struct str name, value;
};

/* A destination of raw bytes, chosen once per connection. */
struct model_tcp_route {
    struct addr_net *dst_nets; /* destinationSubnets; empty: any */
    uint32_t dst_net_count;
    struct addr_net *src_nets; /* sourceSubnet */
    uint32_t src_net_count;
    struct str *sni_hosts; /* TLS routes: exact or "*.suffix", lower case; empty: any (TCP) */
    uint32_t sni_host_count;
    struct model_weighted_cluster *clusters;
    uint32_t cluster_count;
    uint64_t weight_total;
    struct model_source source;
};

/* One service port as a target of captured connections. */
struct model_outbound_service {
    struct str host; /* "reviews.default.svc.cluster.local" */
    uint16_t port;
    uint8_t protocol;               /* enum model_protocol as declared; AUTO is sniffed */
    struct model_route_table *http; /* NULL: by_port's of this port number, if any */
    struct model_tcp_route *tcp;    /* first match wins; the last one has no conditions */
    uint32_t tcp_count;
};

/* Addresses of a name: a service's virtual ones, or a headless service's endpoints. */
struct model_dns_name {
    struct addr *addrs; /* port 0 */
    uint32_t count;
};

struct model_outbound {
    /* Keyed by addr_hash-able "ip:port" text as addr_format writes it. */
    struct pmap by_vip;      /* -> struct model_outbound_service */
    struct map by_port;      /* map_get_u64(port) -> struct model_route_table: hosts on that port */
    struct pmap tcp_by_port; /* port in digits -> struct model_outbound_service: services without
                                address */
    struct pmap
        names; /* service host, lower case -> struct model_dns_name: what the DNS proxy answers */
    struct model_route_table
        *any_port; /* for explicit (HTTP proxy style) listeners: "host:port" or port 80 */
    enum model_outbound_policy policy;
    struct model_cluster *passthrough, *blackhole;
    struct model_cluster *by_name; /* for unknown hosts; with MODEL_ALLOW_ANY_DYNAMIC, else NULL */
};

struct model_inbound_port {
    uint16_t port;    /* the app's port; 0: every port not listed */
    uint8_t protocol; /* enum model_protocol */
    uint8_t mtls;     /* enum model_mtls */
    bool own_tls;     /* a Sidecar ends TLS of clients outside of the mesh; counts where mtls is
                         DISABLE */
    struct tls_config *tls; /* its settings; NULL with own_tls: none that are good, so nobody */
    struct model_cluster *cluster;     /* "inbound|8080||": the app */
    struct model_authz *authz;         /* policies of this workload; NULL: none */
    struct model_jwt *jwt;             /* tokens that it takes; NULL: none */
    struct model_telemetry_peer local; /* destination labels */
    struct str service_host;           /* of the service that exposes this port, or empty */
    struct str service_name, service_ns;
};

struct model_inbound {
    struct model_inbound_port *ports; /* ascending by port */
    uint32_t port_count;
    struct model_inbound_port *other; /* for ports not listed */
    struct model_retry *retry;        /* of requests to the app; NULL: none */
};

enum model_gateway_tls {
    MODEL_GATEWAY_PLAIN,
    MODEL_GATEWAY_TLS,         /* ended here, with the server's own certificate */
    MODEL_GATEWAY_MESH,        /* ended here, as mesh mTLS with the process's identity */
    MODEL_GATEWAY_PASSTHROUGH, /* routed by server name */
    MODEL_GATEWAY_AUTO,        /* the server name is the cluster: outbound_.80_.v1_.HOST */
};

/* One server of a gateway. */
struct model_gateway_server {
    struct str name;       /* Gateway ns/name and server index */
    struct str *sni_hosts; /* TLS: names served; "*" any. AUTO: of services */
    uint32_t sni_host_count;
    uint8_t protocol;       /* enum model_protocol */
    uint8_t tls_mode;       /* enum model_gateway_tls */
    bool grpc_web;          /* requests of gRPC-Web become gRPC */
    struct tls_config *tls; /* MODEL_GATEWAY_TLS: one reference */
    struct model_route_table *http;
    struct model_tcp_route *tcp;
    uint32_t tcp_count;
    struct model_source source;
};

struct model_gateway {
    struct model_gateway_server *servers; /* on one address and port */
    uint32_t server_count;
    /* Of encrypted ones, by name: "a.example.com", ".example.com" for "*.example.com", "*". */
    struct map names; /* -> struct model_gateway_server */
    struct model_authz *authz;
    struct model_jwt *jwt;
};

enum model_listener_kind {
    MODEL_LISTENER_OUTBOUND,     /* capture or explicit: the original destination decides */
    MODEL_LISTENER_INBOUND,      /* capture: the original destination's port decides */
    MODEL_LISTENER_INBOUND_PORT, /* explicit: stands for one app port */
    MODEL_LISTENER_GATEWAY,
    MODEL_LISTENER_UDP, /* datagrams, by the first route of the gateway's one server */
};

struct model_listener {
    struct str name; /* stable across snapshots: "virtualOutbound", "0.0.0.0_8080" */
    struct addr bind;
    uint8_t kind;
    bool proxy_protocol; /* expect a PROXY header first */
    uint16_t app_port;   /* INBOUND_PORT */
    struct model_gateway *gateway;
};

/* TLS between proxies of the mesh. */
struct model_mesh_tls {
    struct str *domains; /* the mesh's trust domain, then those that stand for it */
    uint32_t domain_count;
    uint32_t cipher_count;
    struct str *ciphers; /* of TLS 1.2 that servers take, OpenSSL's names; none: the usual ones */
    uint8_t min_version; /* enum tls_version: the lowest that servers take */
};

struct model_settings {
    struct str trust_domain;
    struct str root_namespace; /* "istio-system" */
    struct model_access_log access_log;
    uint64_t drain_ms;           /* terminationDrainDuration, 5000 */
    bool metrics_apart;          /* enablePrometheusMerge: false */
    uint32_t connect_timeout_ms; /* 10000 */
    uint32_t detection_ms;       /* of a client that says nothing; then it is bytes. 0: for ever */
    uint32_t dns_retry_ms;       /* after a name could not be looked up; 0: 5000 */
    bool no_listener_log;        /* access logs tell nothing of connections that were refused */
    struct model_http_settings http;
    struct model_mesh_tls mesh_tls;
};

#endif
