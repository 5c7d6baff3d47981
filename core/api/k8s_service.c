#include "core/api/k8s_service.h"

#include <stdio.h>

#include "core/api/api_check.h"
#include "core/api/api_default.h"
#include "core/api/object_meta.h"

#define CORE "io.k8s.api.core.v1."

static void check_port(struct field_check *c, const void *message)
{
    const struct k8s_service_port *p = message;

    if (p->protocol.len > 0 && !str_is(p->protocol, "TCP") && !str_is(p->protocol, "UDP") &&
        !str_is(p->protocol, "SCTP"))
        field_decode_error_at(c, "protocol", "\"%.*s\" is not TCP, UDP or SCTP",
                              STR_ARG(p->protocol));
    if (p->target_port.set && !p->target_port.is_text &&
        (p->target_port.number < 1 || p->target_port.number > 65535))
        field_decode_error_at(c, "targetPort", "%lld is outside 1..65535",
                              (long long)p->target_port.number);
}

static bool is_type(struct str s)
{
    return s.len == 0 || str_is(s, "ClusterIP") || str_is(s, "NodePort") ||
           str_is(s, "LoadBalancer") || str_is(s, "ExternalName");
}

static void check_ports(struct field_check *c, const struct k8s_service *s)
{
    for (size_t i = 0; i < s->ports_count; i++) {
        const struct k8s_service_port *p = &s->ports[i];
        char where[40];

        snprintf(where, sizeof(where), "ports[%zu].name", i);
        if (s->ports_count > 1 && p->name.len == 0)
            field_decode_error_at(c, where, "is required when there are several ports");
        for (size_t j = 0; j < i; j++) {
            if (p->name.len > 0 && str_eq(p->name, s->ports[j].name))
                field_decode_error_at(c, where, "two ports are called \"%.*s\"", STR_ARG(p->name));
            if (p->port == s->ports[j].port && str_eq(p->protocol, s->ports[j].protocol)) {
                snprintf(where, sizeof(where), "ports[%zu].port", i);
                field_decode_error_at(c, where, "port %lld appears twice", (long long)p->port);
            }
        }
    }
}

static void check_service(struct field_check *c, const void *message)
{
    const struct k8s_service *s = message;
    bool headless = str_is(s->cluster_ip, "None"), named = str_is(s->type, "ExternalName");

    if (!is_type(s->type))
        field_decode_error_at(c, "type",
                              "\"%.*s\" is not ClusterIP, NodePort, LoadBalancer or "
                              "ExternalName",
                              STR_ARG(s->type));
    if (s->cluster_ip.len > 0 && !headless && !api_check_is_ip(s->cluster_ip))
        field_decode_error_at(c, "clusterIP", "\"%.*s\" is not an IP address or \"None\"",
                              STR_ARG(s->cluster_ip));
    if (named && s->external_name.len == 0)
        field_decode_error_at(c, "externalName", "is required for type ExternalName");
    if (!named && !headless && s->ports_count == 0)
        field_decode_error_at(c, "ports", "at least one port is required");
    check_ports(c, s);
}

/* clang-format off */
#define T struct k8s_service_port
static const struct field k8s_service_port_fields[] = {
    FIELD_STR(T, name, "name", .check = api_check_label, .help = "Name; needed when there are several. Its prefix may tell the protocol: http-web."),
    FIELD_STR(T, protocol, "protocol", .default_text = "TCP", .help = "TCP, UDP or SCTP."),
    FIELD_STR(T, app_protocol, "appProtocol", .help = "What is spoken there: http, https, grpc, tcp, kubernetes.io/h2c."),
    FIELD_INT32(T, port, "port", .required = true, .min = 1, .max = 65535, .help = "Port of the service."),
    FIELD_INT_OR_STRING(T, target_port, "targetPort", .default_text = "port", .help = "Port of the pods, by number or name."),
    FIELD_INT32(T, node_port, "nodePort", .max = 65535, .help = "Port on every node."),
};
static FIELD_MESSAGE(k8s_service_port, CORE "ServicePort", .at = FIELD_AT(T, at), .check = check_port, .help = "A port of a service.");
#undef T

#define T struct k8s_service_client_ip
static const struct field k8s_service_client_ip_fields[] = {
    FIELD_OPT_INT32(T, timeout_s, "timeoutSeconds", .min = 1, .max = 86400, .enforced = FIELD_NOT_ENFORCED, .help = "Seconds a client stays with its pod."),
};
static FIELD_MESSAGE(k8s_service_client_ip, CORE "ClientIPConfig", .help = "Affinity by address.");
#undef T

#define T struct k8s_service_affinity
static const struct field k8s_service_affinity_fields[] = {
    FIELD_MSG(T, client_ip, "clientIP", k8s_service_client_ip, .enforced = FIELD_NOT_ENFORCED, .help = "Affinity by address."),
};
static FIELD_MESSAGE(k8s_service_affinity, CORE "SessionAffinityConfig", .help = "Settings of session affinity.");
#undef T

#define T struct k8s_service
static const struct field k8s_service_fields[] = {
    FIELD_LIST_MSG(T, ports, "ports", k8s_service_port, .merge_key = "port,protocol", .help = "Ports of the service."),
    FIELD_MAP_STR(T, selector, "selector", .help = "Labels of the pods behind it."),
    FIELD_STR(T, cluster_ip, "clusterIP", .help = "Its virtual address; \"None\" for a headless service."),
    FIELD_LIST_STR(T, cluster_ips, "clusterIPs", .help = "Its virtual addresses, one per family."),
    FIELD_STR(T, type, "type", .default_text = "ClusterIP", .help = "ClusterIP, NodePort, LoadBalancer or ExternalName."),
    FIELD_LIST_STR(T, external_ips, "externalIPs", .check = api_check_ip, .enforced = FIELD_NOT_ENFORCED, .help = "More addresses that lead here."),
    FIELD_STR(T, session_affinity, "sessionAffinity", .default_text = "None", .help = "ClientIP or None; Istio ignores it."),
    FIELD_MSG(T, affinity_config, "sessionAffinityConfig", k8s_service_affinity, .enforced = FIELD_NOT_ENFORCED, .help = "Settings of session affinity."),
    FIELD_STR(T, load_balancer_ip, "loadBalancerIP", .help = "Address to ask a load balancer for."),
    FIELD_LIST_STR(T, load_balancer_source_ranges, "loadBalancerSourceRanges", .check = api_check_ip_or_cidr, .help = "Clients that a load balancer lets in."),
    FIELD_STR(T, external_name, "externalName", .check = api_check_host, .help = "Name that this one is an alias of."),
    FIELD_STR(T, external_traffic_policy, "externalTrafficPolicy", .help = "Cluster or Local, for traffic from outside."),
    FIELD_STR(T, internal_traffic_policy, "internalTrafficPolicy", .default_text = "Cluster", .help = "Cluster or Local, for traffic from inside."),
    FIELD_INT32(T, health_check_node_port, "healthCheckNodePort", .max = 65535, .help = "Port where a load balancer asks for health."),
    FIELD_BOOL(T, publish_not_ready_addresses, "publishNotReadyAddresses", .help = "Send traffic to pods that are not ready, too."),
    FIELD_LIST_STR(T, ip_families, "ipFamilies", .help = "IPv4, IPv6."),
    FIELD_STR(T, ip_family_policy, "ipFamilyPolicy", .help = "SingleStack, PreferDualStack or RequireDualStack."),
    FIELD_OPT_BOOL(T, allocate_node_ports, "allocateLoadBalancerNodePorts", .help = "Whether a load balancer needs node ports."),
    FIELD_STR(T, load_balancer_class, "loadBalancerClass", .help = "Which load balancer is asked."),
    FIELD_STR(T, traffic_distribution, "trafficDistribution", .help = "PreferClose, PreferSameZone or PreferSameNode."),
};
FIELD_MESSAGE(k8s_service, CORE "ServiceSpec", .at = FIELD_AT(T, at), .check = check_service, .help = "A name, ports and the pods behind them.");
#undef T

#define T struct k8s_service_ingress
static const struct field k8s_service_ingress_fields[] = {
    FIELD_STR(T, ip, "ip", .help = "Address."),
    FIELD_STR(T, hostname, "hostname", .help = "Name."),
    FIELD_STR(T, ip_mode, "ipMode", .help = "VIP or Proxy."),
};
static FIELD_MESSAGE(k8s_service_ingress, CORE "LoadBalancerIngress", .help = "Where a load balancer can be reached.");
#undef T

#define T struct k8s_service_balancer
static const struct field k8s_service_balancer_fields[] = {
    FIELD_LIST_MSG(T, ingress, "ingress", k8s_service_ingress, .help = "Where it can be reached."),
};
static FIELD_MESSAGE(k8s_service_balancer, CORE "LoadBalancerStatus", .help = "State of a load balancer.");
#undef T

#define T struct k8s_service_status
static const struct field k8s_service_status_fields[] = {
    FIELD_MSG(T, load_balancer, "loadBalancer", k8s_service_balancer, .help = "State of the load balancer."),
};
FIELD_MESSAGE(k8s_service_status, CORE "ServiceStatus", .help = "State of a service.");
#undef T

struct k8s_service_root {
    OBJECT_META_HEAD;
    struct k8s_service *spec;
    struct k8s_service_status *status;
};

#define T struct k8s_service_root
static const struct field k8s_service_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", k8s_service, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", k8s_service_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(k8s_service_root, CORE "Service", .at = FIELD_AT(T, at), .help = "A name, ports and the pods behind them.");
#undef T
/* clang-format on */

void k8s_service_set_defaults(struct arena *a, struct node *object)
{
    struct node *spec = api_default_map(a, object, "spec"), *ports = node_getz(spec, "ports");

    api_default_str(a, spec, "type", "ClusterIP");
    api_default_str(a, spec, "sessionAffinity", "None");
    if (!str_is(node_get_str(spec, "type"), "ExternalName"))
        api_default_str(a, spec, "internalTrafficPolicy", "Cluster");
    if (!ports || ports->kind != NODE_LIST)
        return;
    NODE_EACH(port, ports)
    {
        struct node *number = node_getz(port, "port");

        api_default_str(a, port, "protocol", "TCP");
        if (number && !node_getz(port, "targetPort"))
            node_set(port, STR("targetPort"), node_copy(a, number));
    }
}
