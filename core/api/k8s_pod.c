#include "core/api/k8s_pod.h"

#include <stdio.h>

#include "core/api/api_check.h"
#include "core/api/api_default.h"
#include "core/api/object_meta.h"

#define CORE "io.k8s.api.core.v1."

static void check_pod(struct field_check *c, const void *message)
{
    const struct k8s_pod *p = message;
    char where[48];

    for (size_t i = 0; i < p->containers_count; i++)
        for (size_t j = 0; j < i; j++)
            if (p->containers[i].name.len > 0 &&
                str_eq(p->containers[i].name, p->containers[j].name)) {
                snprintf(where, sizeof(where), "containers[%zu].name", i);
                field_decode_error_at(c, where, "two containers are called \"%.*s\"",
                                      STR_ARG(p->containers[i].name));
            }
}

/* clang-format off */
#define T struct k8s_pod_port
static const struct field k8s_pod_port_fields[] = {
    FIELD_STR(T, name, "name", .check = api_check_label, .help = "Name that services may use."),
    FIELD_INT32(T, port, "containerPort", .required = true, .min = 1, .max = 65535, .help = "Port number."),
    FIELD_STR(T, protocol, "protocol", .default_text = "TCP", .help = "TCP, UDP or SCTP."),
    FIELD_INT32(T, host_port, "hostPort", .max = 65535, .help = "Port of the node that leads here."),
    FIELD_STR(T, host_ip, "hostIP", .help = "Address of the node for hostPort."),
};
static FIELD_MESSAGE(k8s_pod_port, CORE "ContainerPort", .help = "A port that a container listens on.");
#undef T

#define T struct k8s_pod_container
static const struct field k8s_pod_container_fields[] = {
    FIELD_STR(T, name, "name", .required = true, .check = api_check_label, .help = "Name, once in each pod."),
    FIELD_STR(T, image, "image", .help = "Image to run."),
    FIELD_LIST_MSG(T, ports, "ports", k8s_pod_port, .merge_key = "containerPort,protocol", .help = "Ports that it listens on."),
    FIELD_JSON(T, readiness_probe, "readinessProbe", .help = "How to see whether it takes traffic."),
    FIELD_JSON(T, liveness_probe, "livenessProbe", .help = "How to see whether it must be restarted."),
    FIELD_JSON(T, startup_probe, "startupProbe", .help = "How to see whether it has started."),
};
static FIELD_MESSAGE(k8s_pod_container, CORE "Container", .at = FIELD_AT(T, at), .help = "A container of a pod.");
#undef T

#define T struct k8s_pod
static const struct field k8s_pod_fields[] = {
    FIELD_LIST_MSG(T, containers, "containers", k8s_pod_container, .required = true, .merge_key = "name", .help = "What runs in it."),
    FIELD_LIST_MSG(T, init_containers, "initContainers", k8s_pod_container, .merge_key = "name", .help = "What runs before."),
    FIELD_STR(T, service_account, "serviceAccountName", .default_text = "default", .help = "Identity it runs as."),
    FIELD_STR(T, old_service_account, "serviceAccount", .help = "Old name of serviceAccountName."),
    FIELD_STR(T, node_name, "nodeName", .help = "Node it runs on."),
    FIELD_STR(T, hostname, "hostname", .check = api_check_label, .help = "Its host name."),
    FIELD_STR(T, subdomain, "subdomain", .check = api_check_label, .help = "Headless service that it has a name below."),
    FIELD_STR(T, dns_policy, "dnsPolicy", .default_text = "ClusterFirst", .help = "How it resolves names."),
    FIELD_STR(T, restart_policy, "restartPolicy", .default_text = "Always", .help = "When containers are started again."),
    FIELD_BOOL(T, host_network, "hostNetwork", .help = "Whether it has the node's network; then it is not in the mesh."),
    FIELD_OPT_INT(T, termination_grace_s, "terminationGracePeriodSeconds", .max = INT64_MAX, .help = "Seconds it has to end in order."),
};
FIELD_MESSAGE(k8s_pod, CORE "PodSpec", .at = FIELD_AT(T, at), .check = check_pod, .help = "What runs together on a node.");
#undef T

#define T struct k8s_pod_ip
static const struct field k8s_pod_ip_fields[] = {
    FIELD_STR(T, ip, "ip", .help = "Address."),
};
static FIELD_MESSAGE(k8s_pod_ip, CORE "PodIP", .help = "An address of a pod.");
#undef T

#define T struct k8s_pod_condition
static const struct field k8s_pod_condition_fields[] = {
    FIELD_STR(T, type, "type", .required = true, .help = "Ready, ContainersReady, Initialized, PodScheduled."),
    FIELD_STR(T, status, "status", .required = true, .help = "True, False or Unknown."),
    FIELD_STR(T, reason, "reason", .help = "Why, one word."),
    FIELD_STR(T, message, "message", .help = "Why, for people."),
    FIELD_TIMESTAMP(T, last_probe, "lastProbeTime", .help = "When it was last looked at."),
    FIELD_TIMESTAMP(T, last_transition, "lastTransitionTime", .help = "When the status last changed."),
};
static FIELD_MESSAGE(k8s_pod_condition, CORE "PodCondition", .help = "One thing that holds or does not.");
#undef T

#define T struct k8s_pod_container_status
static const struct field k8s_pod_container_status_fields[] = {
    FIELD_STR(T, name, "name", .help = "Name of the container."),
    FIELD_STR(T, image, "image", .help = "Image it runs."),
    FIELD_BOOL(T, ready, "ready", .help = "Whether its readiness probe holds."),
    FIELD_INT32(T, restart_count, "restartCount", .help = "How often it was started again."),
};
static FIELD_MESSAGE(k8s_pod_container_status, CORE "ContainerStatus", .help = "State of a container.");
#undef T

#define T struct k8s_pod_status
static const struct field k8s_pod_status_fields[] = {
    FIELD_STR(T, phase, "phase", .help = "Pending, Running, Succeeded, Failed or Unknown."),
    FIELD_STR(T, pod_ip, "podIP", .check = api_check_ip, .help = "Its address."),
    FIELD_LIST_MSG(T, pod_ips, "podIPs", k8s_pod_ip, .merge_key = "ip", .help = "Its addresses, one per family."),
    FIELD_STR(T, host_ip, "hostIP", .check = api_check_ip, .help = "The node's address."),
    FIELD_STR(T, reason, "reason", .help = "Why, one word."),
    FIELD_STR(T, message, "message", .help = "Why, for people."),
    FIELD_LIST_MSG(T, conditions, "conditions", k8s_pod_condition, .merge_key = "type", .help = "What holds now."),
    FIELD_LIST_MSG(T, containers, "containerStatuses", k8s_pod_container_status, .help = "State of its containers."),
    FIELD_TIMESTAMP(T, started, "startTime", .help = "When it was started."),
};
FIELD_MESSAGE(k8s_pod_status, CORE "PodStatus", .help = "State of a pod.");
#undef T

#define T struct k8s_pod_meta
static const struct field k8s_pod_meta_fields[] = {
    FIELD_STR(T, name, "name", .help = "Not used."),
    FIELD_STR(T, ns, "namespace", .help = "Not used."),
    FIELD_MAP_STR(T, labels, "labels", .help = "Labels for the pods."),
    FIELD_MAP_STR(T, annotations, "annotations", .help = "Annotations for the pods."),
};

static void check_template_meta(struct field_check *c, const void *message)
{
    const struct k8s_pod_meta *m = message;

    api_check_labels(c, "labels", m->labels, m->labels_count);
}

static FIELD_MESSAGE(k8s_pod_meta, CORE "PodTemplateMeta", .at = FIELD_AT(T, at), .check = check_template_meta, .help = "Metadata for pods.");
#undef T

#define T struct k8s_pod_template
static const struct field k8s_pod_template_fields[] = {
    FIELD_MSG(T, metadata, "metadata", k8s_pod_meta, .help = "Metadata for the pods."),
    FIELD_MSG(T, spec, "spec", k8s_pod, .help = "What the pods are."),
};
FIELD_MESSAGE(k8s_pod_template, CORE "PodTemplateSpec", .at = FIELD_AT(T, at), .help = "What pods are made from.");
#undef T

struct k8s_pod_root {
    OBJECT_META_HEAD;
    struct k8s_pod *spec;
    struct k8s_pod_status *status;
};

#define T struct k8s_pod_root
static const struct field k8s_pod_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", k8s_pod, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", k8s_pod_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(k8s_pod_root, CORE "Pod", .at = FIELD_AT(T, at), .help = "Containers that run together.");
#undef T
/* clang-format on */

bool k8s_pod_is_ready(const struct k8s_pod_status *status)
{
    for (size_t i = 0; status && i < status->conditions_count; i++)
        if (str_is(status->conditions[i].type, "Ready"))
            return str_is(status->conditions[i].status, "True");
    return false;
}

static void set_container_defaults(struct arena *a, const struct node *containers)
{
    if (!containers || containers->kind != NODE_LIST)
        return;
    NODE_EACH(container, containers)
    {
        const struct node *ports = node_getz(container, "ports");

        if (!ports || ports->kind != NODE_LIST)
            continue;
        NODE_EACH(port, ports)
        api_default_str(a, port, "protocol", "TCP");
    }
}

void k8s_pod_set_spec_defaults(struct arena *a, struct node *spec)
{
    if (!spec || spec->kind != NODE_MAP)
        return;
    api_default_str(a, spec, "restartPolicy", "Always");
    api_default_str(a, spec, "dnsPolicy", "ClusterFirst");
    set_container_defaults(a, node_getz(spec, "containers"));
    set_container_defaults(a, node_getz(spec, "initContainers"));
}

void k8s_pod_set_defaults(struct arena *a, struct node *object)
{
    struct node *spec = api_default_map(a, object, "spec");

    k8s_pod_set_spec_defaults(a, spec);
    api_default_str(a, spec, "serviceAccountName", "default");
    api_default_str(a, api_default_map(a, object, "status"), "phase", "Pending");
}
