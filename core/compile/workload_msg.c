#include "core/compile/workload_msg.h"

#include "core/compile/registry.h"
#include "core/model/model_cluster.h"

#define PKG "istio.workload."

static const struct field_enum_name tunnel_names[] = {
    { "NONE", WORKLOAD_MSG_TUNNEL_NONE, "Plain TCP." },
    { "HBONE", WORKLOAD_MSG_TUNNEL_HBONE, "HTTP CONNECT over mTLS." },
    { "LEGACY_ISTIO_MTLS", WORKLOAD_MSG_TUNNEL_LEGACY_MTLS, "mTLS on the app's port." },
};
static FIELD_ENUM_TABLE(tunnel, PKG "TunnelProtocol");

static const struct field_enum_name type_names[] = {
    { "DEPLOYMENT", WORKLOAD_MSG_DEPLOYMENT, "Of a Deployment." },
    { "CRONJOB", WORKLOAD_MSG_CRONJOB, "Of a CronJob." },
    { "POD", WORKLOAD_MSG_POD, "A pod of its own." },
    { "JOB", WORKLOAD_MSG_JOB, "Of a Job." },
};
static FIELD_ENUM_TABLE(type, PKG "WorkloadType");

static const struct field_enum_name status_names[] = {
    { "HEALTHY", WORKLOAD_MSG_HEALTHY, "Takes traffic." },
    { "UNHEALTHY", WORKLOAD_MSG_UNHEALTHY, "Takes none." },
};
static FIELD_ENUM_TABLE(status, PKG "WorkloadStatus");

static const struct field_enum_name network_mode_names[] = {
    { "STANDARD", WORKLOAD_MSG_STANDARD, "Has a network of its own." },
    { "HOST_NETWORK", WORKLOAD_MSG_HOST_NETWORK, "Uses its host's." },
};
static FIELD_ENUM_TABLE(network_mode, PKG "NetworkMode");

static const struct field_enum_name app_protocol_names[] = {
    { "UNKNOWN", WORKLOAD_MSG_UNKNOWN, "Not declared." },
    { "HTTP11", WORKLOAD_MSG_HTTP11, "HTTP/1.1." },
    { "HTTP2", WORKLOAD_MSG_HTTP2, "HTTP/2." },
    { "GRPC", WORKLOAD_MSG_GRPC, "gRPC." },
    { "TCP", WORKLOAD_MSG_TCP, "Bytes." },
    { "TLS", WORKLOAD_MSG_TLS, "TLS of the app." },
};
static FIELD_ENUM_TABLE(app_protocol, PKG "AppProtocol");

static const struct field_enum_name lb_scope_names[] = {
    { "UNSPECIFIED_SCOPE", 0, "None." }, { "REGION", 1, "Region." }, { "ZONE", 2, "Zone." },
    { "SUBZONE", 3, "Subzone." },        { "NODE", 4, "Node." },     { "CLUSTER", 5, "Cluster." },
    { "NETWORK", 6, "Network." },
};
static FIELD_ENUM_TABLE(lb_scope, PKG "LoadBalancing.Scope");

static const struct field_enum_name lb_mode_names[] = {
    { "UNSPECIFIED_MODE", WORKLOAD_MSG_LB_UNSPECIFIED, "Any." },
    { "STRICT", WORKLOAD_MSG_LB_STRICT, "Only what matches all preferences." },
    { "FAILOVER", WORKLOAD_MSG_LB_FAILOVER, "The nearest first." },
    { "PASSTHROUGH", WORKLOAD_MSG_LB_PASSTHROUGH, "To the address that was asked for." },
};
static FIELD_ENUM_TABLE(lb_mode, PKG "LoadBalancing.Mode");

static const struct field_enum_name health_policy_names[] = {
    { "ONLY_HEALTHY", WORKLOAD_MSG_ONLY_HEALTHY, "Healthy ones." },
    { "ALLOW_ALL", WORKLOAD_MSG_ALLOW_ALL, "All." },
};
static FIELD_ENUM_TABLE(health_policy, PKG "LoadBalancing.HealthPolicy");

static const struct field_enum_name ip_families_names[] = {
    { "AUTOMATIC", 0, "By its addresses." },
    { "IPV4_ONLY", 1, "IPv4." },
    { "IPV6_ONLY", 2, "IPv6." },
    { "DUAL", 3, "Both." },
};
static FIELD_ENUM_TABLE(ip_families, PKG "IPFamilies");

static const struct field_enum_name visibility_names[] = {
    { "PUBLIC", WORKLOAD_MSG_PUBLIC, "Everywhere." },
    { "NAMESPACE", WORKLOAD_MSG_NAMESPACE, "In its namespace." },
};
static FIELD_ENUM_TABLE(visibility, PKG "Service.Visibility");

static const struct field_enum_name app_tunnel_protocol_names[] = {
    { "NONE", 0, "None." },
    { "PROXY", 1, "PROXY protocol." },
};
static FIELD_ENUM_TABLE(app_tunnel_protocol, PKG "ApplicationTunnel.Protocol");

static const struct field_enum_name hop_names[] = {
    { "PLAIN", MODEL_HOP_PLAIN, "Plain TCP." },
    { "ISTIO", MODEL_HOP_ISTIO, "mTLS as Istio's sidecars speak it." },
    { "MESH", MODEL_HOP_MESH, "Multiplexed HTTP/2 over mTLS." },
};
static FIELD_ENUM_TABLE(hop, "mesh.dev.Hop");

static const struct field_enum_name protocol_names[] = {
    { "AUTO", MODEL_PROTOCOL_AUTO, "Not declared." },
    { "HTTP", MODEL_PROTOCOL_HTTP, "HTTP/1.1." },
    { "HTTP2", MODEL_PROTOCOL_HTTP2, "HTTP/2." },
    { "GRPC", MODEL_PROTOCOL_GRPC, "gRPC." },
    { "TCP", MODEL_PROTOCOL_TCP, "Bytes." },
    { "TLS", MODEL_PROTOCOL_TLS, "TLS of the app." },
    { "HTTPS", MODEL_PROTOCOL_HTTPS, "HTTPS of the app." },
};
static FIELD_ENUM_TABLE(protocol, "mesh.dev.Protocol");

static const struct field_enum_name resolution_names[] = {
    { "STATIC", REGISTRY_STATIC, "Addresses are given." },
    { "DNS", REGISTRY_DNS, "All addresses of its names." },
    { "DNS_ONE", REGISTRY_DNS_ONE, "The first address of its name." },
    { "NONE", REGISTRY_NONE, "The address that was asked for." },
    { "DYNAMIC", REGISTRY_DYNAMIC, "The name that was asked for." },
};
static FIELD_ENUM_TABLE(resolution, "mesh.dev.Resolution");

/* clang-format off */
#define T struct workload_msg_port
static const struct field workload_msg_port_fields[] = {
    FIELD_UINT32(T, service_port, "servicePort", .proto = 1, .help = "Port of the service."),
    FIELD_UINT32(T, target_port, "targetPort", .proto = 2, .help = "Port of the workload."),
    FIELD_ENUM(T, app_protocol, "appProtocol", app_protocol, .proto = 3, .help = "What is spoken."),
};
static FIELD_MESSAGE(workload_msg_port, PKG "Port", .help = "A port.");
#undef T

#define T struct workload_msg_port_list
static const struct field workload_msg_port_list_fields[] = {
    FIELD_LIST_MSG(T, ports, "ports", workload_msg_port, .proto = 1, .help = "Ports."),
};
static FIELD_MESSAGE(workload_msg_port_list, PKG "PortList", .help = "Ports of one service.");
#undef T

#define T struct workload_msg_network_address
static const struct field workload_msg_network_address_fields[] = {
    FIELD_STR(T, network, "network", .proto = 1, .help = "Network it is in."),
    FIELD_BYTES(T, address, "address", .proto = 2, .help = "4 or 16 bytes."),
    FIELD_OPT_UINT32(T, length, "length", .proto = 3, .help = "Prefix length."),
};
static FIELD_MESSAGE(workload_msg_network_address, PKG "NetworkAddress", .help = "An address in a network.");
#undef T

#define T struct workload_msg_hostname
static const struct field workload_msg_hostname_fields[] = {
    FIELD_STR(T, ns, "namespace", .proto = 1, .help = "Namespace."),
    FIELD_STR(T, hostname, "hostname", .proto = 2, .help = "Host name."),
};
static FIELD_MESSAGE(workload_msg_hostname, PKG "NamespacedHostname", .help = "A service.");
#undef T

#define T struct workload_msg_gateway
static const struct field workload_msg_gateway_fields[] = {
    FIELD_MSG(T, hostname, "hostname", workload_msg_hostname, .proto = 1, .oneof = 1, .help = "As a service."),
    FIELD_MSG(T, address, "address", workload_msg_network_address, .proto = 2, .oneof = 1, .help = "As an address."),
    FIELD_UINT32(T, hbone_mtls_port, "hboneMtlsPort", .proto = 3, .help = "Port for HBONE."),
};
static FIELD_MESSAGE(workload_msg_gateway, PKG "GatewayAddress", .help = "Where a gateway is.");
#undef T

#define T struct workload_msg_weighted_waypoint
static const struct field workload_msg_weighted_waypoint_fields[] = {
    FIELD_MSG(T, destination, "destination", workload_msg_gateway, .proto = 1, .help = "The waypoint."),
    FIELD_UINT32(T, weight, "weight", .proto = 2, .help = "Its share."),
};
static FIELD_MESSAGE(workload_msg_weighted_waypoint, PKG "WeightedWaypoint", .help = "A waypoint with a share.");
#undef T

#define T struct workload_msg_app_tunnel
static const struct field workload_msg_app_tunnel_fields[] = {
    FIELD_ENUM(T, protocol, "protocol", app_tunnel_protocol, .proto = 1, .help = "How."),
    FIELD_UINT32(T, port, "port", .proto = 2, .help = "Where."),
};
static FIELD_MESSAGE(workload_msg_app_tunnel, PKG "ApplicationTunnel", .help = "A tunnel that the app itself ends.");
#undef T

#define T struct workload_msg_locality
static const struct field workload_msg_locality_fields[] = {
    FIELD_STR(T, region, "region", .proto = 1, .help = "Region."),
    FIELD_STR(T, zone, "zone", .proto = 2, .help = "Zone."),
    FIELD_STR(T, subzone, "subzone", .proto = 3, .help = "Subzone."),
};
static FIELD_MESSAGE(workload_msg_locality, PKG "Locality", .help = "Where a workload is.");
#undef T

#define T struct workload_msg_extension
static const struct field workload_msg_extension_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .help = "Name."),
    FIELD_MSG(T, config, "config", field_any, .proto = 2, .help = "Content."),
};
static FIELD_MESSAGE(workload_msg_extension, PKG "Extension", .help = "An addition.");
#undef T

#define T struct workload_msg_workload
static const struct field workload_msg_workload_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .help = "Name."),
    FIELD_STR(T, ns, "namespace", .proto = 2, .help = "Namespace."),
    FIELD_LIST_BYTES(T, addresses, "addresses", .proto = 3, .help = "4 or 16 bytes each."),
    FIELD_STR(T, network, "network", .proto = 4, .help = "Network."),
    FIELD_ENUM(T, tunnel_protocol, "tunnelProtocol", tunnel, .proto = 5, .help = "How it is reached."),
    FIELD_STR(T, trust_domain, "trustDomain", .proto = 6, .help = "Trust domain; empty: the mesh's."),
    FIELD_STR(T, service_account, "serviceAccount", .proto = 7, .help = "Service account; empty: default."),
    FIELD_MSG(T, waypoint, "waypoint", workload_msg_gateway, .proto = 8, .help = "Its waypoint."),
    FIELD_STR(T, node, "node", .proto = 9, .help = "Node."),
    FIELD_STR(T, canonical_name, "canonicalName", .proto = 10, .help = "Canonical service."),
    FIELD_STR(T, canonical_revision, "canonicalRevision", .proto = 11, .help = "Canonical revision."),
    FIELD_ENUM(T, workload_type, "workloadType", type, .proto = 12, .help = "What owns it."),
    FIELD_STR(T, workload_name, "workloadName", .proto = 13, .help = "Name of what owns it."),
    FIELD_BOOL(T, native_tunnel, "nativeTunnel", .proto = 14, .help = "Ends tunnels itself."),
    FIELD_LIST_STR(T, authorization_policies, "authorizationPolicies", .proto = 16, .help = "Policies with a selector that fits."),
    FIELD_ENUM(T, status, "status", status, .proto = 17, .help = "Health."),
    FIELD_STR(T, cluster_id, "clusterId", .proto = 18, .help = "Cluster."),
    FIELD_MSG(T, network_gateway, "networkGateway", workload_msg_gateway, .proto = 19, .help = "Gateway of its network."),
    FIELD_STR(T, uid, "uid", .proto = 20, .help = "Unique id."),
    FIELD_STR(T, hostname, "hostname", .proto = 21, .help = "Host name, when it has no address."),
    FIELD_MAP_MSG(T, services, "services", workload_msg_service_ports, workload_msg_port_list, .proto = 22, .help = "Services it is part of."),
    FIELD_MSG(T, application_tunnel, "applicationTunnel", workload_msg_app_tunnel, .proto = 23, .help = "Tunnel of the app."),
    FIELD_MSG(T, locality, "locality", workload_msg_locality, .proto = 24, .help = "Where it is."),
    FIELD_ENUM(T, network_mode, "networkMode", network_mode, .proto = 25, .help = "Kind of network."),
    FIELD_LIST_MSG(T, extensions, "extensions", workload_msg_extension, .proto = 26, .help = "Additions."),
    FIELD_OPT_UINT32(T, capacity, "capacity", .proto = 27, .wrapper = true, .help = "Weight."),
};
FIELD_MESSAGE(workload_msg_workload, PKG "Workload", .help = "A workload.");
#undef T

#define T struct workload_msg_load_balancing
static const struct field workload_msg_load_balancing_fields[] = {
    FIELD_LIST_ENUM(T, routing_preference, "routingPreference", lb_scope, .proto = 1, .help = "What must agree, in order."),
    FIELD_ENUM(T, mode, "mode", lb_mode, .proto = 2, .help = "How preferences count."),
    FIELD_ENUM(T, health_policy, "healthPolicy", health_policy, .proto = 3, .help = "Which health counts."),
};
static FIELD_MESSAGE(workload_msg_load_balancing, PKG "LoadBalancing", .help = "Which workloads are chosen.");
#undef T

#define T struct workload_msg_service
static const struct field workload_msg_service_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .help = "Name."),
    FIELD_STR(T, ns, "namespace", .proto = 2, .help = "Namespace."),
    FIELD_STR(T, hostname, "hostname", .proto = 3, .help = "Host name."),
    FIELD_LIST_MSG(T, addresses, "addresses", workload_msg_network_address, .proto = 4, .help = "Virtual addresses."),
    FIELD_LIST_MSG(T, ports, "ports", workload_msg_port, .proto = 5, .help = "Ports."),
    FIELD_LIST_STR(T, subject_alt_names, "subjectAltNames", .proto = 6, .help = "Names its certificates may have."),
    FIELD_MSG(T, waypoint, "waypoint", workload_msg_gateway, .proto = 7, .help = "Its waypoint."),
    FIELD_MSG(T, load_balancing, "loadBalancing", workload_msg_load_balancing, .proto = 8, .help = "Balancing."),
    FIELD_ENUM(T, ip_families, "ipFamilies", ip_families, .proto = 9, .help = "Address families."),
    FIELD_LIST_MSG(T, extensions, "extensions", workload_msg_extension, .proto = 10, .help = "Additions."),
    FIELD_BOOL(T, canonical, "canonical", .proto = 11, .help = "The one of several with this host name."),
    FIELD_BOOL(T, ingress_use_waypoint, "ingressUseWaypoint", .proto = 12, .help = "Gateways use the waypoint."),
    FIELD_LIST_MSG(T, weighted_waypoints, "weightedWaypoints", workload_msg_weighted_waypoint, .proto = 13, .help = "Several waypoints."),
    FIELD_ENUM(T, visibility, "visibility", visibility, .proto = 14, .help = "Who may see it."),
};
FIELD_MESSAGE(workload_msg_service, PKG "Service", .help = "A service.");
#undef T

#define T struct workload_msg_address
static const struct field workload_msg_address_fields[] = {
    FIELD_MSG(T, workload, "workload", workload_msg_workload, .proto = 1, .oneof = 1, .help = "A workload."),
    FIELD_MSG(T, service, "service", workload_msg_service, .proto = 2, .oneof = 1, .help = "A service."),
};
FIELD_MESSAGE(workload_msg_address, PKG "Address", .help = "A workload or a service.");
#undef T

#define T struct workload_msg_detail
static const struct field workload_msg_detail_fields[] = {
    FIELD_MAP_STR(T, labels, "labels", .proto = 1, .help = "Labels."),
    FIELD_ENUM(T, hop, "hop", hop, .proto = 2, .help = "How a mesh proxy reaches it."),
    FIELD_BOOL(T, no_account, "noAccount", .proto = 3, .help = "Its identity is not known."),
    FIELD_STR(T, unix_path, "unixPath", .proto = 4, .help = "Socket it listens at."),
    FIELD_STR(T, dns_name, "dnsName", .proto = 5, .help = "Its name below a headless service's."),
    FIELD_STR(T, subdomain, "subdomain", .proto = 6, .help = "That headless service."),
};
FIELD_MESSAGE(workload_msg_detail, "mesh.dev.WorkloadDetail", .help = "More about a workload.");
#undef T

#define T struct workload_msg_service_port_detail
static const struct field workload_msg_service_port_detail_fields[] = {
    FIELD_UINT32(T, port, "port", .proto = 1, .help = "Port of the service."),
    FIELD_STR(T, name, "name", .proto = 2, .help = "Its name."),
    FIELD_ENUM(T, protocol, "protocol", protocol, .proto = 3, .help = "What is spoken."),
};
static FIELD_MESSAGE(workload_msg_service_port_detail, "mesh.dev.PortDetail", .help = "More about a port.");
#undef T

#define T struct workload_msg_service_detail
static const struct field workload_msg_service_detail_fields[] = {
    FIELD_LIST_MSG(T, ports, "ports", workload_msg_service_port_detail, .proto = 1, .help = "Ports."),
    FIELD_ENUM(T, resolution, "resolution", resolution, .proto = 2, .help = "How endpoints are found."),
    FIELD_BOOL(T, external, "external", .proto = 3, .help = "Outside the mesh."),
    FIELD_BOOL(T, headless, "headless", .proto = 4, .help = "Without virtual address."),
    FIELD_LIST_STR(T, export_to, "exportTo", .proto = 5, .help = "Namespaces that see it."),
    FIELD_LIST_STR(T, dns_endpoints, "dnsEndpoints", .proto = 6, .help = "Host names behind it."),
    FIELD_INT(T, created, "created", .proto = 7, .help = "When it was made."),
    FIELD_STR(T, alias_of, "aliasOf", .proto = 8, .help = "The host it stands for."),
    FIELD_BOOL(T, kubernetes, "kubernetes", .proto = 9, .help = "From a Service of Kubernetes'."),
    FIELD_BOOL(T, vip_allocated, "vipAllocated", .proto = 10, .help = "Its addresses are the mesh's gift."),
    FIELD_BOOL(T, not_ready_too, "notReadyToo", .proto = 11, .help = "Members that are not ready count."),
};
FIELD_MESSAGE(workload_msg_service_detail, "mesh.dev.ServiceDetail", .help = "More about a service.");
#undef T
/* clang-format on */

const struct field_any *workload_msg_find_extension(const struct workload_msg_extension *list,
                                                    size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].config && str_eq(list[i].name, name))
            return list[i].config;
    }
    return NULL;
}
