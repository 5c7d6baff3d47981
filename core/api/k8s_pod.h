/* Kubernetes' Pod, as far as a mesh looks at it: identity, ports, addresses, readiness. Everything
 * else in a pod stays in the object's nodes. */
#ifndef CORE_API_K8S_POD_H
#define CORE_API_K8S_POD_H

#include "core/text/field.h"

struct k8s_pod_port {
    struct str name, protocol, host_ip;
    int64_t port, host_port;
};

struct k8s_pod_container {
    struct field_at at;
    struct str name, image;
    struct k8s_pod_port *ports;
    size_t ports_count;
    const struct node *readiness_probe, *liveness_probe, *startup_probe; /* or NULL */
};

struct k8s_pod { /* the spec */
    struct field_at at;
    struct k8s_pod_container *containers;
    size_t containers_count;
    struct k8s_pod_container *init_containers;
    size_t init_containers_count;
    struct str service_account; /* serviceAccountName */
    struct str old_service_account;
    struct str node_name, hostname, subdomain, dns_policy, restart_policy;
    bool host_network;
    struct field_opt termination_grace_s;
};

struct k8s_pod_ip {
    struct str ip;
};

struct k8s_pod_condition {
    struct str type, status, reason, message;
    struct field_opt last_probe, last_transition;
};

struct k8s_pod_container_status {
    struct str name, image;
    bool ready;
    int64_t restart_count;
};

struct k8s_pod_status {
    struct str phase; /* "Pending", "Running", "Succeeded", "Failed" */
    struct str pod_ip, host_ip, reason, message;
    struct k8s_pod_ip *pod_ips;
    size_t pod_ips_count;
    struct k8s_pod_condition *conditions;
    size_t conditions_count;
    struct k8s_pod_container_status *containers;
    size_t containers_count;
    struct field_opt started;
};

struct k8s_pod_meta { /* of a template */
    struct field_at at;
    struct str name, ns;
    struct field_pair *labels;
    size_t labels_count;
    struct field_pair *annotations;
    size_t annotations_count;
};

struct k8s_pod_template {
    struct field_at at;
    struct k8s_pod_meta *metadata;
    struct k8s_pod *spec;
};

extern FIELD_DECLARE(k8s_pod);
extern FIELD_DECLARE(k8s_pod_status);
extern FIELD_DECLARE(k8s_pod_template);
extern FIELD_DECLARE(k8s_pod_root);

/* Whether the condition Ready is True. status may be NULL. */
bool k8s_pod_is_ready(const struct k8s_pod_status *status);
/* Fills in restartPolicy, dnsPolicy, serviceAccountName and the ports' protocol. */
void k8s_pod_set_defaults(struct arena *a, struct node *object);
/* The same for a spec inside another object. NULL is allowed. */
void k8s_pod_set_spec_defaults(struct arena *a, struct node *spec);

#endif
