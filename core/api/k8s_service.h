/* Kubernetes' Service: a name, ports and the pods behind them. */
#ifndef CORE_API_K8S_SERVICE_H
#define CORE_API_K8S_SERVICE_H

#include "core/text/field.h"

struct k8s_service_port {
    struct field_at at;
    struct str name, protocol, app_protocol;
    int64_t port;
    struct field_int_or_str target_port; /* !set: as port */
    int64_t node_port;
};

struct k8s_service_client_ip {
    struct field_opt timeout_s;
};

struct k8s_service_affinity {
    struct k8s_service_client_ip *client_ip;
};

struct k8s_service { /* the spec */
    struct field_at at;
    struct k8s_service_port *ports;
    size_t ports_count;
    struct field_pair *selector;
    size_t selector_count;
    struct str cluster_ip; /* "None": headless */
    struct str *cluster_ips;
    size_t cluster_ips_count;
    struct str type; /* "ClusterIP", "NodePort", "LoadBalancer", "ExternalName" */
    struct str *external_ips;
    size_t external_ips_count;
    struct str session_affinity;
    struct k8s_service_affinity *affinity_config;
    struct str load_balancer_ip;
    struct str *load_balancer_source_ranges;
    size_t load_balancer_source_ranges_count;
    struct str external_name;
    struct str external_traffic_policy, internal_traffic_policy;
    int64_t health_check_node_port;
    bool publish_not_ready_addresses;
    struct str *ip_families;
    size_t ip_families_count;
    struct str ip_family_policy;
    struct field_opt allocate_node_ports;
    struct str load_balancer_class;
    struct str traffic_distribution;
};

struct k8s_service_ingress {
    struct str ip, hostname, ip_mode;
};

struct k8s_service_balancer {
    struct k8s_service_ingress *ingress;
    size_t ingress_count;
};

struct k8s_service_status {
    struct k8s_service_balancer *load_balancer;
};

extern FIELD_DECLARE(k8s_service);
extern FIELD_DECLARE(k8s_service_status);
extern FIELD_DECLARE(k8s_service_root);

/* Fills in type, sessionAffinity, internalTrafficPolicy, protocol and targetPort. */
void k8s_service_set_defaults(struct arena *a, struct node *object);

#endif
