#include "core/compile/registry_k8s.h"

#include "core/api/k8s_endpoint_slice.h"
#include "core/api/k8s_endpoints.h"
#include "core/api/k8s_pod.h"
#include "core/api/k8s_service.h"
#include "core/base/error.h"

static struct str host_of(struct arena *a, struct str name, struct str ns,
                          const struct registry_view *view)
{
    return arena_printf(a, "%.*s.%.*s.svc.%.*s", STR_ARG(name), STR_ARG(ns),
                        STR_ARG(view->dns_domain));
}

/* ---- Service ---- */

static void read_ports(struct registry_service *s, const struct k8s_service *spec)
{
    s->ports = arena_alloc0(&s->arena, spec->ports_count, sizeof(*s->ports));
    for (size_t i = 0; i < spec->ports_count; i++) {
        const struct k8s_service_port *from = &spec->ports[i];
        struct registry_port *p = &s->ports[s->port_count++];

        p->name = arena_str(&s->arena, from->name);
        p->port = (uint16_t)from->port;
        p->protocol = registry_service_protocol(from->app_protocol, from->name, p->port);
        p->is_udp = str_ieq(from->protocol, STR("UDP")) || str_ieq(from->protocol, STR("SCTP"));
        if (from->target_port.set && from->target_port.is_text)
            p->target_name = arena_str(&s->arena, from->target_port.text);
        else
            p->target = (uint16_t)(from->target_port.set ? from->target_port.number : from->port);
    }
}

static void add_vip(struct registry_service *s, struct str text)
{
    struct addr ip;

    if (addr_parse_ip(text, &ip) != 0)
        return;
    for (uint32_t i = 0; i < s->vip_count; i++) {
        if (addr_eq_ip(&s->vips[i], &ip))
            return;
    }
    s->vips[s->vip_count++] = ip;
}

static void read_addresses(struct registry_service *s, const struct k8s_service *spec)
{
    s->vips = arena_alloc0(&s->arena, spec->cluster_ips_count + 1, sizeof(*s->vips));
    s->headless = str_is(spec->cluster_ip, "None");
    add_vip(s, spec->cluster_ip);
    for (size_t i = 0; i < spec->cluster_ips_count; i++)
        add_vip(s, spec->cluster_ips[i]);
    s->resolution = s->headless ? REGISTRY_NONE : REGISTRY_STATIC;
    s->not_ready_too = spec->publish_not_ready_addresses;
}

/* The annotation networking.istio.io/exportTo: names separated by commas. */
static void read_export_to(struct registry_service *s, const struct object_meta *meta)
{
    struct str rest = object_meta_annotation(meta, STR("networking.istio.io/exportTo"));

    if (!rest.p)
        return;
    s->export_to = arena_alloc0(&s->arena, rest.len + 1, sizeof(*s->export_to));
    while (rest.p) {
        struct str one = str_trim(str_cut(&rest, ','));

        if (one.len)
            s->export_to[s->export_to_count++] = arena_str(&s->arena, one);
    }
}

static void read_selector(struct registry_service *s, const struct field_pair *pairs, size_t count)
{
    s->selector = arena_alloc0(&s->arena, count, sizeof(*s->selector));
    s->selector_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        s->selector[i].key = arena_str(&s->arena, pairs[i].key);
        s->selector[i].value = arena_str(&s->arena, pairs[i].value);
    }
}

/* H-9: a name for another host. When that host is no service of the mesh it is resolved. */
static void read_alias(struct registry_source *src, struct registry_service *s,
                       const struct registry_view *view)
{
    const struct k8s_service *spec = src->object->spec;
    struct registry_workload *w = registry_workload_new();

    s->alias_of = arena_lower(&s->arena, spec->external_name);
    s->resolution = REGISTRY_DNS;
    s->external = true;
    registry_source_give_service(src, s);
    w->uid = arena_printf(&w->arena, "%.*s//Service/%.*s/%.*s", STR_ARG(view->cluster_id),
                          STR_ARG(s->ns), STR_ARG(s->name));
    w->name = s->name;
    w->ns = s->ns;
    w->cluster = view->cluster_id;
    w->hostname = arena_str(&w->arena, s->alias_of);
    registry_source_give_workload(src, w);
    registry_source_add_member(src, s->ns, s->host)->own = w;
}

static void read_service(struct registry_source *src, const struct registry_view *view)
{
    const struct object *o = src->object;
    const struct k8s_service *spec = o->spec;
    struct registry_service *s = registry_service_new();

    s->host = arena_lower(&s->arena, host_of(&src->arena, o->name, o->ns, view));
    s->ns = o->ns;
    s->name = o->name;
    s->kubernetes = true;
    s->created = o->meta->created.set ? o->meta->created.value : 0;
    s->source = registry_source_of_object(o);
    s->distribution = registry_service_distribution(
        spec->traffic_distribution.len
            ? spec->traffic_distribution
            : object_meta_annotation(o->meta, STR("networking.istio.io/traffic-distribution")));
    read_ports(s, spec);
    read_addresses(s, spec);
    read_export_to(s, o->meta);
    if (str_is(spec->type, "ExternalName")) {
        read_alias(src, s, view);
        return;
    }
    /* Outside Kubernetes nobody gives out cluster addresses. */
    s->wants_vip = !s->headless && s->vip_count == 0;
    read_selector(s, spec->selector, spec->selector_count);
    registry_source_give_service(src, s);
}

/* ---- Pod ---- */

static void read_pod_addresses(struct registry_workload *w, const struct k8s_pod_status *status)
{
    w->addrs = arena_alloc0(&w->arena, status->pod_ips_count + 1, sizeof(*w->addrs));
    for (size_t i = 0; i < status->pod_ips_count; i++) {
        if (addr_parse_ip(status->pod_ips[i].ip, &w->addrs[w->addr_count]) == 0)
            w->addr_count++;
    }
    if (!w->addr_count && addr_parse_ip(status->pod_ip, &w->addrs[0]) == 0)
        w->addr_count = 1;
}

static void read_container_ports(struct registry_workload *w, const struct k8s_pod *spec)
{
    size_t most = 0;

    for (size_t i = 0; i < spec->containers_count; i++)
        most += spec->containers[i].ports_count;
    w->named_ports = arena_alloc0(&w->arena, most, sizeof(*w->named_ports));
    for (size_t i = 0; i < spec->containers_count; i++) {
        const struct k8s_pod_container *c = &spec->containers[i];

        for (size_t j = 0; j < c->ports_count; j++) {
            if (c->ports[j].name.len)
                w->named_ports[w->named_port_count++] =
                    (struct field_pair_int){ .key = c->ports[j].name, .value = c->ports[j].port };
        }
    }
}

/* A ReplicaSet's pods belong to the Deployment named before its hash. */
static struct str owner_name(const struct object_meta *meta)
{
    struct str hash = object_meta_label(meta, STR("pod-template-hash"));

    if (!meta->owners_count)
        return meta->name;
    if (hash.len && str_ends(meta->owners[0].name, hash) && meta->owners[0].name.len > hash.len + 1)
        return str_head(meta->owners[0].name, meta->owners[0].name.len - hash.len - 1);
    return meta->owners[0].name;
}

static void read_pod(struct registry_source *src, const struct registry_view *view)
{
    const struct object *o = src->object;
    const struct k8s_pod *spec = o->spec;
    const struct k8s_pod_status *status = o->status;
    struct registry_workload *w;

    if (!status || str_is(status->phase, "Succeeded") || str_is(status->phase, "Failed"))
        return;
    w = registry_workload_new();
    w->uid = arena_printf(&w->arena, "%.*s//Pod/%.*s/%.*s", STR_ARG(view->cluster_id),
                          STR_ARG(o->ns), STR_ARG(o->name));
    w->name = o->name;
    w->ns = o->ns;
    w->cluster = view->cluster_id;
    w->node = spec->node_name;
    w->service_account = spec->service_account.len ? spec->service_account : STR("default");
    if (spec->subdomain.len) {
        w->subdomain = spec->subdomain;
        w->dns_name = spec->hostname.len ? spec->hostname : o->name;
    }
    w->healthy = k8s_pod_is_ready(status) && !o->meta->deleted.set;
    w->workload_name = owner_name(o->meta);
    registry_workload_set_labels(w, o->meta->labels, o->meta->labels_count);
    read_pod_addresses(w, status);
    read_container_ports(w, spec);
    src->selectable = src->is_pod = true;
    registry_source_give_workload(src, w);
}

/* ---- EndpointSlice, Endpoints ---- */

/* A workload that nothing but its address is known of. */
static struct registry_workload *bare_workload(struct registry_source *src,
                                               const struct registry_view *view, struct str address)
{
    const struct object *o = src->object;
    struct registry_workload *w = registry_workload_new();

    w->uid = arena_printf(&w->arena, "%.*s/discovery/%.*s/%.*s/%.*s", STR_ARG(view->cluster_id),
                          STR_ARG(str_of(o->kind->kind)), STR_ARG(o->ns), STR_ARG(address));
    w->name = arena_str(&w->arena, address);
    w->ns = o->ns;
    w->cluster = view->cluster_id;
    w->addrs = arena_alloc0(&w->arena, 1, sizeof(*w->addrs));
    if (addr_parse_ip(address, w->addrs) == 0)
        w->addr_count = 1;
    else
        w->hostname = w->name;
    return w;
}

static void set_pod(struct registry_member *m, const struct k8s_object_ref *target, struct str ns)
{
    if (target && str_is(target->kind, "Pod") && target->name.len)
        m->pod = arena_printf(&m->source->arena, "%.*s/%.*s",
                              STR_ARG(target->ns.len ? target->ns : ns), STR_ARG(target->name));
}

static struct registry_member *list_member(struct registry_source *src,
                                           const struct registry_view *view, struct str name,
                                           struct str address, struct str hostname)
{
    const struct object *o = src->object;
    struct registry_member *m =
        registry_source_add_member(src, o->ns, host_of(&src->arena, name, o->ns, view));
    struct registry_workload *w = bare_workload(src, view, address);

    if (hostname.len) {
        w->subdomain = name;
        w->dns_name = hostname;
    }
    registry_source_give_workload(src, w);
    m->own = w;
    m->is_pod_list = true;
    if (w->addr_count)
        m->ip = w->addrs[0];
    return m;
}

static void read_slice(struct registry_source *src, const struct registry_view *view)
{
    const struct k8s_endpoint_slice *slice = src->object->root;
    struct str name = object_meta_label(src->object->meta, STR("kubernetes.io/service-name"));
    struct registry_member_port *ports =
        arena_alloc0(&src->arena, slice->ports_count, sizeof(*ports));

    for (size_t i = 0; i < slice->ports_count; i++) {
        ports[i].name = slice->ports[i].name;
        ports[i].target = (uint16_t)slice->ports[i].port.value;
    }
    for (size_t i = 0; name.len && i < slice->endpoints_count; i++) {
        const struct k8s_endpoint_slice_endpoint *e = &slice->endpoints[i];
        struct registry_member *m;

        if (e->conditions && e->conditions->ready.set && !e->conditions->ready.value)
            continue;
        m = list_member(src, view, name, e->addresses[0], e->hostname);
        set_pod(m, e->target, src->object->ns);
        m->ports = ports;
        m->port_count = (uint32_t)slice->ports_count;
    }
}

static void read_endpoints(struct registry_source *src, const struct registry_view *view)
{
    const struct k8s_endpoints *root = src->object->root;

    for (size_t i = 0; i < root->subsets_count; i++) {
        const struct k8s_endpoints_subset *subset = &root->subsets[i];
        struct registry_member_port *ports =
            arena_alloc0(&src->arena, subset->ports_count, sizeof(*ports));

        for (size_t j = 0; j < subset->ports_count; j++) {
            ports[j].name = subset->ports[j].name;
            ports[j].target = (uint16_t)subset->ports[j].port;
        }
        for (size_t j = 0; j < subset->addresses_count; j++) {
            struct registry_member *m =
                list_member(src, view, src->object->name, subset->addresses[j].ip,
                            subset->addresses[j].hostname);

            set_pod(m, subset->addresses[j].target, src->object->ns);
            m->ports = ports;
            m->port_count = (uint32_t)subset->ports_count;
        }
    }
}

void registry_k8s_read(struct registry_source *src, const struct registry_view *view)
{
    switch (src->object->kind->id) {
    case API_KIND_SERVICE:
        read_service(src, view);
        return;
    case API_KIND_POD:
        read_pod(src, view);
        return;
    case API_KIND_ENDPOINT_SLICE:
        read_slice(src, view);
        return;
    default:
        ASSERT(src->object->kind->id == API_KIND_ENDPOINTS);
        read_endpoints(src, view);
    }
}
