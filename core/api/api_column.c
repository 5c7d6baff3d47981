#include "core/api/api_column.h"

#include <string.h>

#include "core/api/k8s_config_map.h"
#include "core/api/k8s_deployment.h"
#include "core/api/k8s_endpoint_slice.h"
#include "core/api/k8s_endpoints.h"
#include "core/api/k8s_event.h"
#include "core/api/k8s_ingress.h"
#include "core/api/k8s_pod.h"
#include "core/api/k8s_secret.h"
#include "core/api/k8s_service.h"
#include "core/api/object.h"
#include "core/text/node_jsonpath.h"

enum { MANY = 3 }; /* so many addresses are shown, the rest is counted */

/* ---- ages ---- */

static void write_two(struct buf *out, int64_t a, const char *unit_a, int64_t b, const char *unit_b)
{
    if (b > 0)
        buf_printf(out, "%lld%s%lld%s", (long long)a, unit_a, (long long)b, unit_b);
    else
        buf_printf(out, "%lld%s", (long long)a, unit_a);
}

/* kubectl's steps: the bigger a length of time is, the less of it is worth showing. */
void api_column_write_age(int64_t ns, struct buf *out)
{
    int64_t s = ns / 1000000000, m = s / 60, h = m / 60, d = h / 24, y = d / 365;

    if (s < 0)
        buf_add_str(out, STR("0s"));
    else if (s < 120)
        buf_printf(out, "%llds", (long long)s);
    else if (m < 10)
        write_two(out, m, "m", s % 60, "s");
    else if (m < 180)
        buf_printf(out, "%lldm", (long long)m);
    else if (h < 8)
        write_two(out, h, "h", m % 60, "m");
    else if (h < 48)
        buf_printf(out, "%lldh", (long long)h);
    else if (d < 8)
        write_two(out, d, "d", h % 24, "h");
    else if (y < 2)
        buf_printf(out, "%lldd", (long long)d);
    else if (y < 8)
        write_two(out, y, "y", d % 365, "d");
    else
        buf_printf(out, "%lldy", (long long)y);
}

static void write_age_of(const struct field_opt *when, int64_t now_ns, struct buf *out)
{
    if (when->set)
        api_column_write_age(now_ns - when->value, out);
    else
        buf_add_str(out, STR("<unknown>"));
}

/* ---- cells that no path can say ---- */

static void write_or_none(struct str s, struct buf *out)
{
    buf_add_str(out, s.len > 0 ? s : STR("<none>"));
}

static void write_labels(const struct field_pair *labels, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%.*s=%.*s", i ? "," : "", STR_ARG(labels[i].key),
                   STR_ARG(labels[i].value));
    if (n == 0)
        buf_add_str(out, STR("<none>"));
}

static void ingress_hosts(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_ingress *s = o->spec;
    const char *comma = "";

    (void)now_ns;
    for (size_t i = 0; i < s->rules_count; i++) {
        if (!s->rules[i].host.len)
            continue;
        buf_printf(out, "%s%.*s", comma, STR_ARG(s->rules[i].host));
        comma = ",";
    }
    if (!*comma)
        buf_add_str(out, STR("*"));
}

static void ingress_address(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_ingress_status *status = o->status;
    const struct k8s_ingress_balancer *lb = status ? status->load_balancer : NULL;

    (void)now_ns;
    for (size_t i = 0; lb && i < lb->ingress_count; i++)
        buf_printf(
            out, "%s%.*s", i ? "," : "",
            STR_ARG(lb->ingress[i].ip.len > 0 ? lb->ingress[i].ip : lb->ingress[i].hostname));
}

static void ingress_ports(const struct object *o, int64_t now_ns, struct buf *out)
{
    (void)now_ns;
    buf_add_str(out, ((const struct k8s_ingress *)o->spec)->tls_count ? STR("80, 443") : STR("80"));
}

static void service_external(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_service *s = o->spec;
    const struct k8s_service_status *status = o->status;
    const struct k8s_service_balancer *lb = status ? status->load_balancer : NULL;

    (void)now_ns;
    if (str_is(s->type, "ExternalName")) {
        write_or_none(s->external_name, out);
        return;
    }
    for (size_t i = 0; lb && i < lb->ingress_count; i++)
        buf_printf(
            out, "%s%.*s", i ? "," : "",
            STR_ARG(lb->ingress[i].ip.len > 0 ? lb->ingress[i].ip : lb->ingress[i].hostname));
    for (size_t i = 0; i < s->external_ips_count; i++)
        buf_printf(out, "%s%.*s", i || (lb && lb->ingress_count) ? "," : "",
                   STR_ARG(s->external_ips[i]));
    if ((!lb || lb->ingress_count == 0) && s->external_ips_count == 0)
        buf_add_str(out, str_is(s->type, "LoadBalancer") ? STR("<pending>") : STR("<none>"));
}

static void service_ports(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_service *s = o->spec;

    (void)now_ns;
    for (size_t i = 0; i < s->ports_count; i++) {
        const struct k8s_service_port *p = &s->ports[i];

        buf_printf(out, "%s%lld", i ? "," : "", (long long)p->port);
        if (p->node_port > 0)
            buf_printf(out, ":%lld", (long long)p->node_port);
        buf_printf(out, "/%.*s", STR_ARG(p->protocol.len > 0 ? p->protocol : STR("TCP")));
    }
    if (s->ports_count == 0)
        buf_add_str(out, STR("<none>"));
}

static void service_type(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_service *s = o->spec;

    (void)now_ns;
    buf_add_str(out, s->type.len > 0 ? s->type : STR("ClusterIP"));
}

static void service_ip(const struct object *o, int64_t now_ns, struct buf *out)
{
    (void)now_ns;
    write_or_none(((const struct k8s_service *)o->spec)->cluster_ip, out);
}

static void service_selector(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_service *s = o->spec;

    (void)now_ns;
    write_labels(s->selector, s->selector_count, out);
}

static void endpoints_list(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_endpoints *e = o->spec;
    size_t shown = 0, all = 0;

    (void)now_ns;
    for (size_t i = 0; i < e->subsets_count; i++) {
        const struct k8s_endpoints_subset *s = &e->subsets[i];

        for (size_t j = 0; j < s->addresses_count * (s->ports_count ? s->ports_count : 1); j++) {
            const struct k8s_endpoints_address *a = &s->addresses[j % s->addresses_count];

            if (++all > MANY)
                continue;
            buf_printf(out, "%s%.*s", shown++ ? "," : "", STR_ARG(a->ip));
            if (s->ports_count > 0)
                buf_printf(out, ":%lld", (long long)s->ports[j / s->addresses_count].port);
        }
    }
    if (all > MANY)
        buf_printf(out, " + %zu more...", all - MANY);
    if (all == 0)
        buf_add_str(out, STR("<none>"));
}

static void slice_ports(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_endpoint_slice *s = o->spec;

    (void)now_ns;
    for (size_t i = 0; i < s->ports_count && i < MANY; i++) {
        if (s->ports[i].port.set)
            buf_printf(out, "%s%lld", i ? "," : "", (long long)s->ports[i].port.value);
        else
            buf_printf(out, "%s*", i ? "," : "");
    }
    if (s->ports_count > MANY)
        buf_printf(out, " + %zu more...", s->ports_count - MANY);
    if (s->ports_count == 0)
        buf_add_str(out, STR("<unset>"));
}

static void slice_endpoints(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_endpoint_slice *s = o->spec;
    size_t all = 0;

    (void)now_ns;
    for (size_t i = 0; i < s->endpoints_count; i++)
        for (size_t j = 0; j < s->endpoints[i].addresses_count; j++)
            if (++all <= MANY)
                buf_printf(out, "%s%.*s", all > 1 ? "," : "",
                           STR_ARG(s->endpoints[i].addresses[j]));
    if (all > MANY)
        buf_printf(out, " + %zu more...", all - MANY);
    if (all == 0)
        buf_add_str(out, STR("<unset>"));
}

static void secret_count(const struct object *o, int64_t now_ns, struct buf *out)
{
    (void)now_ns;
    buf_printf(out, "%zu", ((const struct k8s_secret *)o->spec)->data_count);
}

static void config_map_count(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_config_map *m = o->spec;

    (void)now_ns;
    buf_printf(out, "%zu", m->data_count + m->binary_data_count);
}

static void service_account_secrets(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct node *secrets = node_getz(o->node, "secrets");

    (void)now_ns;
    buf_printf(out, "%zu", secrets ? secrets->count : 0);
}

static void pod_ready(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_pod *p = o->spec;
    const struct k8s_pod_status *s = o->status;
    size_t ready = 0;

    (void)now_ns;
    for (size_t i = 0; s && i < s->containers_count; i++)
        ready += s->containers[i].ready;
    buf_printf(out, "%zu/%zu", ready, p->containers_count);
}

static void pod_status(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_pod_status *s = o->status;

    (void)now_ns;
    if (o->meta->deleted.set)
        buf_add_str(out, STR("Terminating"));
    else if (s && s->reason.len > 0)
        buf_add_str(out, s->reason);
    else
        buf_add_str(out, s && s->phase.len > 0 ? s->phase : STR("Unknown"));
}

static void pod_restarts(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_pod_status *s = o->status;
    int64_t restarts = 0;

    (void)now_ns;
    for (size_t i = 0; s && i < s->containers_count; i++)
        restarts += s->containers[i].restart_count;
    buf_printf(out, "%lld", (long long)restarts);
}

static void deployment_ready(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_deployment *d = o->spec;
    const struct k8s_deployment_status *s = o->status;

    (void)now_ns;
    buf_printf(out, "%lld/%lld", (long long)(s ? s->ready : 0),
               (long long)(d->replicas.set ? d->replicas.value : 1));
}

static void deployment_updated(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_deployment_status *s = o->status;

    (void)now_ns;
    buf_printf(out, "%lld", (long long)(s ? s->updated : 0));
}

static void deployment_available(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_deployment_status *s = o->status;

    (void)now_ns;
    buf_printf(out, "%lld", (long long)(s ? s->available : 0));
}

static void event_seen(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_event *e = o->spec;

    write_age_of(e->last.set         ? &e->last
                 : e->event_time.set ? &e->event_time
                                     : &e->first,
                 now_ns, out);
}

static void event_object(const struct object *o, int64_t now_ns, struct buf *out)
{
    const struct k8s_event *e = o->spec;
    struct str kind = e->involved ? e->involved->kind : STR_NONE;

    (void)now_ns;
    for (size_t i = 0; i < kind.len; i++)
        buf_add_char(out, str_lower_char(kind.p[i]));
    buf_printf(out, "/%.*s", STR_ARG(e->involved ? e->involved->name : STR_NONE));
}

/* ---- the columns ---- */

/* clang-format off */
#define AGE { "AGE", ".metadata.creationTimestamp", "date", 0, "Time since it was created.", NULL }
#define LIST(name) const struct api_column_list name = { name##_rows, sizeof(name##_rows) / sizeof(name##_rows[0]) }

static const struct api_kind_column api_column_age_rows[] = { AGE };
LIST(api_column_age);

static const struct api_kind_column api_column_service_rows[] = {
    { "TYPE", NULL, "string", 0, "How it can be reached.", service_type },
    { "CLUSTER-IP", NULL, "string", 0, "Its virtual address.", service_ip },
    { "EXTERNAL-IP", NULL, "string", 0, "Addresses from outside.", service_external },
    { "PORT(S)", NULL, "string", 0, "Ports, with node ports and protocols.", service_ports },
    AGE,
    { "SELECTOR", NULL, "string", 1, "Labels of the pods behind it.", service_selector },
};
LIST(api_column_service);

static const struct api_kind_column api_column_endpoints_rows[] = {
    { "ENDPOINTS", NULL, "string", 0, "Addresses and ports.", endpoints_list }, AGE,
};
LIST(api_column_endpoints);

static const struct api_kind_column api_column_endpoint_slice_rows[] = {
    { "ADDRESSTYPE", ".addressType", "string", 0, "IPv4, IPv6 or FQDN.", NULL },
    { "PORTS", NULL, "string", 0, "Ports of all endpoints.", slice_ports },
    { "ENDPOINTS", NULL, "string", 0, "Addresses.", slice_endpoints },
    AGE,
};
LIST(api_column_endpoint_slice);

static const struct api_kind_column api_column_namespace_rows[] = {
    { "STATUS", ".status.phase", "string", 0, "Active or Terminating.", NULL }, AGE,
};
LIST(api_column_namespace);

static const struct api_kind_column api_column_service_account_rows[] = {
    { "SECRETS", NULL, "string", 0, "Number of secrets.", service_account_secrets }, AGE,
};
LIST(api_column_service_account);

static const struct api_kind_column api_column_secret_rows[] = {
    { "TYPE", ".type", "string", 0, "What is in it.", NULL },
    { "DATA", NULL, "integer", 0, "Number of keys.", secret_count },
    AGE,
};
LIST(api_column_secret);

static const struct api_kind_column api_column_config_map_rows[] = {
    { "DATA", NULL, "integer", 0, "Number of keys.", config_map_count }, AGE,
};
LIST(api_column_config_map);

static const struct api_kind_column api_column_pod_rows[] = {
    { "READY", NULL, "string", 0, "Containers that are ready, of all.", pod_ready },
    { "STATUS", NULL, "string", 0, "What it is doing.", pod_status },
    { "RESTARTS", NULL, "integer", 0, "How often containers were started again.", pod_restarts },
    AGE,
    { "IP", ".status.podIP", "string", 1, "Its address.", NULL },
    { "NODE", ".spec.nodeName", "string", 1, "Node it runs on.", NULL },
};
LIST(api_column_pod);

static const struct api_kind_column api_column_deployment_rows[] = {
    { "READY", NULL, "string", 0, "Pods that are ready, of those wanted.", deployment_ready },
    { "UP-TO-DATE", NULL, "integer", 0, "Pods of the newest template.", deployment_updated },
    { "AVAILABLE", NULL, "integer", 0, "Pods that take traffic.", deployment_available },
    AGE,
};
LIST(api_column_deployment);

static const struct api_kind_column api_column_event_rows[] = {
    { "LAST SEEN", NULL, "string", 0, "Time since it happened last.", event_seen },
    { "TYPE", ".type", "string", 0, "Normal or Warning.", NULL },
    { "REASON", ".reason", "string", 0, "What happened.", NULL },
    { "OBJECT", NULL, "string", 0, "What it happened to.", event_object },
    { "MESSAGE", ".message", "string", 0, "What happened, in full.", NULL },
};
LIST(api_column_event);

static const struct api_kind_column api_column_lease_rows[] = {
    { "HOLDER", ".spec.holderIdentity", "string", 0, "Who holds it.", NULL }, AGE,
};
LIST(api_column_lease);

static const struct api_kind_column api_column_ingress_rows[] = {
    { "CLASS", ".spec.ingressClassName", "string", 0, "Its IngressClass.", NULL },
    { "HOSTS", NULL, "string", 0, "Hosts of its rules.", ingress_hosts },
    { "ADDRESS", NULL, "string", 0, "Where it can be reached.", ingress_address },
    { "PORTS", NULL, "string", 0, "Ports of the gateway.", ingress_ports },
    AGE,
};
LIST(api_column_ingress);

static const struct api_kind_column api_column_ingress_class_rows[] = {
    { "CONTROLLER", ".spec.controller", "string", 0, "Who serves Ingresses of the class.", NULL },
    { "PARAMETERS", ".spec.parameters.name", "string", 0, "Object with its settings.", NULL },
    AGE,
};
LIST(api_column_ingress_class);

static const struct api_kind_column api_column_virtual_service_rows[] = {
    { "GATEWAYS", ".spec.gateways", "string", 0, "Gateways that the rules are for.", NULL },
    { "HOSTS", ".spec.hosts", "string", 0, "Names that clients ask for.", NULL },
    AGE,
};
LIST(api_column_virtual_service);

static const struct api_kind_column api_column_destination_rule_rows[] = {
    { "HOST", ".spec.host", "string", 0, "The service.", NULL }, AGE,
};
LIST(api_column_destination_rule);

static const struct api_kind_column api_column_service_entry_rows[] = {
    { "HOSTS", ".spec.hosts", "string", 0, "Names of the service.", NULL },
    { "LOCATION", ".spec.location", "string", 0, "Outside of the mesh or a part of it.", NULL },
    { "RESOLUTION", ".spec.resolution", "string", 0, "How its addresses are found.", NULL },
    AGE,
};
LIST(api_column_service_entry);

static const struct api_kind_column api_column_workload_entry_rows[] = {
    AGE, { "ADDRESS", ".spec.address", "string", 0, "Its address.", NULL },
};
LIST(api_column_workload_entry);

static const struct api_kind_column api_column_peer_authentication_rows[] = {
    { "MODE", ".spec.mtls.mode", "string", 0, "Whether callers must use mTLS.", NULL }, AGE,
};
LIST(api_column_peer_authentication);

static const struct api_kind_column api_column_authorization_policy_rows[] = {
    { "ACTION", ".spec.action", "string", 0, "What is done with what a rule fits.", NULL }, AGE,
};
LIST(api_column_authorization_policy);

#define CONDITION(type) ".status.conditions[?(@.type==\"" type "\")].status"

static const struct api_kind_column api_column_gateway_class_rows[] = {
    { "CONTROLLER", ".spec.controllerName", "string", 0, "Who makes gateways of the class work.", NULL },
    { "ACCEPTED", CONDITION("Accepted"), "string", 0, "Whether it does.", NULL },
    AGE,
    { "DESCRIPTION", ".spec.description", "string", 1, "What the class is for.", NULL },
};
LIST(api_column_gateway_class);

static const struct api_kind_column api_column_gateway_rows[] = {
    { "CLASS", ".spec.gatewayClassName", "string", 0, "Its GatewayClass.", NULL },
    { "ADDRESS", ".status.addresses[*].value", "string", 0, "Where it can be reached.", NULL },
    { "PROGRAMMED", CONDITION("Programmed"), "string", 0, "Whether it works.", NULL },
    AGE,
};
LIST(api_column_gateway);

static const struct api_kind_column api_column_listener_set_rows[] = {
    { "ACCEPTED", CONDITION("Accepted"), "string", 0, "Whether the Gateway takes it.", NULL },
    { "PROGRAMMED", CONDITION("Programmed"), "string", 0, "Whether it works.", NULL },
    AGE,
};
LIST(api_column_listener_set);

static const struct api_kind_column api_column_route_rows[] = {
    { "HOSTNAMES", ".spec.hostnames", "string", 0, "Hosts it is for.", NULL }, AGE,
};
LIST(api_column_route);

static const struct api_kind_column api_column_mesh_rows[] = {
    { "ACCEPTED", CONDITION("Accepted"), "string", 0, "Whether there is such a mesh.", NULL }, AGE,
};
LIST(api_column_mesh);
/* clang-format on */

void api_column_cell(const struct object *o, const struct api_kind_column *column, int64_t now_ns,
                     struct buf *out)
{
    struct arena scratch;
    const struct node *n;

    if (column->render) {
        column->render(o, now_ns, out);
        return;
    }
    if (str_is(str_of(column->type), "date")) {
        write_age_of(&o->meta->created, now_ns, out);
        return;
    }
    arena_init(&scratch, 4096);
    n = object_to_node(o, STR_NONE, &scratch);
    if (strchr(column->path, '[')) { /* a table's own path: it has no mistakes to report */
        struct str why;

        (void)node_jsonpath_write(n, str_of(column->path), &scratch, out, &why);
        n = NULL;
    } else {
        n = node_path(n, column->path + 1);
    }
    if (n && (n->kind == NODE_LIST || n->kind == NODE_MAP))
        node_write_json(n, out, NODE_SORTED);
    else if (n && n->kind != NODE_NULL)
        buf_add_str(out, n->text);
    arena_deinit(&scratch);
}
