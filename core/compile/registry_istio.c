#include "core/compile/registry_istio.h"

#include "core/api/istio_status.h"
#include "core/api/service_entry.h"
#include "core/base/error.h"

static const uint8_t resolutions[] = {
    [SERVICE_ENTRY_NONE] = REGISTRY_NONE,
    [SERVICE_ENTRY_STATIC] = REGISTRY_STATIC,
    [SERVICE_ENTRY_DNS] = REGISTRY_DNS,
    [SERVICE_ENTRY_DNS_ROUND_ROBIN] = REGISTRY_DNS_ONE,
    [SERVICE_ENTRY_DYNAMIC_DNS] = REGISTRY_DYNAMIC,
};

/* ---- ServiceEntry: the service of one host ---- */

static void read_addresses(struct registry_service *s, const struct service_entry *se)
{
    s->vips = arena_alloc0(&s->arena, se->addresses_count + 1, sizeof(*s->vips));
    s->nets = arena_alloc0(&s->arena, se->addresses_count, sizeof(*s->nets));
    for (size_t i = 0; i < se->addresses_count; i++) {
        struct addr_net net;

        if (addr_parse_ip(se->addresses[i], &s->vips[s->vip_count]) == 0)
            s->vip_count++;
        else if (addr_net_parse(se->addresses[i], &net) == 0)
            s->nets[s->net_count++] = net;
    }
}

/* Addresses that control gave out stand in the status and are the same for every proxy. */
static void read_given_addresses(struct registry_service *s, const struct object *o)
{
    const struct istio_status_addressed *status = o->status;

    if (!status || !s->wants_vip)
        return;
    s->vips = arena_alloc0(&s->arena, status->addresses_count, sizeof(*s->vips));
    for (size_t i = 0; i < status->addresses_count; i++) {
        if (str_ieq(status->addresses[i].host, s->host) &&
            addr_parse_ip(status->addresses[i].value, &s->vips[s->vip_count]) == 0)
            s->vip_count++;
    }
    if (s->vip_count) {
        s->vip_allocated = true;
        s->wants_vip = false;
    }
}

bool registry_istio_wants_address(const struct object *o, struct str host)
{
    const struct service_entry *se = o->spec;

    return se->addresses_count == 0 && se->resolution != SERVICE_ENTRY_NONE && host.len &&
           host.p[0] != '*' &&
           !str_is(object_meta_label(o->meta, STR("networking.istio.io/enable-autoallocate-ip")),
                   "false");
}

static void read_ports(struct registry_service *s, const struct service_entry *se)
{
    s->ports = arena_alloc0(&s->arena, se->ports_count, sizeof(*s->ports));
    for (size_t i = 0; i < se->ports_count; i++) {
        const struct service_entry_port *from = &se->ports[i];
        struct registry_port *p = &s->ports[s->port_count++];

        p->name = arena_str(&s->arena, from->name);
        p->port = (uint16_t)from->number;
        p->target = (uint16_t)(from->target_port ? from->target_port : from->number);
        p->protocol = registry_service_protocol(from->protocol, from->name, p->port);
        p->is_udp = str_ieq(from->protocol, STR("UDP"));
    }
}

static void copy_strs(struct arena *a, const struct str *from, size_t count, struct str **to,
                      uint32_t *to_count)
{
    *to = arena_alloc0(a, count, sizeof(**to));
    *to_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        (*to)[i] = arena_str(a, from[i]);
}

static void read_selector(struct registry_service *s, const struct workload_selector_labels *from)
{
    if (!from)
        return;
    s->selector = arena_alloc0(&s->arena, from->labels_count, sizeof(*s->selector));
    s->selector_count = (uint32_t)from->labels_count;
    for (uint32_t i = 0; i < s->selector_count; i++) {
        s->selector[i].key = arena_str(&s->arena, from->labels[i].key);
        s->selector[i].value = arena_str(&s->arena, from->labels[i].value);
    }
}

static struct registry_service *read_host(const struct object *o, struct str host)
{
    const struct service_entry *se = o->spec;
    struct registry_service *s = registry_service_new();

    s->host = arena_lower(&s->arena, host);
    s->ns = o->ns;
    s->name = o->name;
    s->resolution = resolutions[se->resolution];
    s->external = se->location == SERVICE_ENTRY_MESH_EXTERNAL;
    s->created = o->meta->created.set ? o->meta->created.value : 0;
    s->source = registry_source_of_object(o);
    read_ports(s, se);
    read_addresses(s, se);
    s->wants_vip = registry_istio_wants_address(o, s->host);
    read_given_addresses(s, o);
    s->distribution = registry_service_distribution(
        object_meta_annotation(o->meta, STR("networking.istio.io/traffic-distribution")));
    read_selector(s, se->workload_selector);
    copy_strs(&s->arena, se->export_to, se->export_to_count, &s->export_to, &s->export_to_count);
    copy_strs(&s->arena, se->subject_alt_names, se->subject_alt_names_count, &s->sans,
              &s->san_count);
    return s;
}

/* ---- workloads ---- */

static void read_place(struct registry_workload *w, struct str address)
{
    struct addr a;

    w->addrs = arena_alloc0(&w->arena, 1, sizeof(*w->addrs));
    if (str_starts(address, STR("unix://")))
        address = arena_printf(&w->arena, "unix:%.*s", STR_ARG(str_skip(address, 7)));
    if (addr_parse_ip(address, &a) == 0 ||
        (str_starts(address, STR("unix:")) && addr_parse(address, 0, &a) == 0)) {
        w->addrs[0] = a;
        w->addr_count = 1;
    } else {
        w->hostname = arena_lower(&w->arena, address);
    }
}

static void read_entry(struct registry_workload *w, const struct workload_entry *we)
{
    read_place(w, we->address);
    w->network = we->network;
    w->locality = we->locality;
    w->weight = we->weight > 0 ? (uint32_t)we->weight : 1;
    w->service_account = we->service_account;
    w->ports_by_service = true;
    w->named_ports = we->ports;
    w->named_port_count = (uint32_t)we->ports_count;
}

static struct registry_workload *new_workload(const struct object *o,
                                              const struct registry_view *view,
                                              const struct workload_entry *we)
{
    struct registry_workload *w = registry_workload_new();

    w->name = o->name;
    w->ns = o->ns;
    w->cluster = view->cluster_id;
    read_entry(w, we);
    return w;
}

static struct registry_workload *inline_workload(const struct object *o,
                                                 const struct registry_view *view,
                                                 const struct workload_entry *we, size_t index)
{
    struct registry_workload *w = new_workload(o, view, we);

    w->uid = arena_printf(&w->arena, "%.*s/networking.istio.io/ServiceEntry/%.*s/%.*s/%zu",
                          STR_ARG(view->cluster_id), STR_ARG(o->ns), STR_ARG(o->name), index);
    registry_workload_set_labels(w, we->labels, we->labels_count);
    return w;
}

static void add_members(struct registry_source *src, struct registry_workload *w)
{
    for (uint32_t i = 0; i < src->service_count; i++) {
        struct registry_service *s = src->services[i];

        registry_source_add_member(src, s->ns, s->host)->own = w;
    }
}

/* DNS without endpoints: the host itself is resolved. */
static void add_host_as_endpoint(struct registry_source *src, const struct registry_view *view,
                                 struct registry_service *s)
{
    struct workload_entry we = { .address = s->host };
    struct registry_workload *w = new_workload(src->object, view, &we);

    w->uid =
        arena_printf(&w->arena, "%.*s/networking.istio.io/ServiceEntry/%.*s/%.*s/%.*s",
                     STR_ARG(view->cluster_id), STR_ARG(s->ns), STR_ARG(s->name), STR_ARG(s->host));
    registry_source_give_workload(src, w);
    registry_source_add_member(src, s->ns, s->host)->own = w;
}

static void read_service_entry(struct registry_source *src, const struct registry_view *view)
{
    const struct object *o = src->object;
    const struct service_entry *se = o->spec;

    for (size_t i = 0; i < se->hosts_count; i++)
        registry_source_give_service(src, read_host(o, se->hosts[i]));
    for (size_t i = 0; i < se->endpoints_count; i++) {
        struct registry_workload *w = inline_workload(o, view, &se->endpoints[i], i);

        registry_source_give_workload(src, w);
        add_members(src, w);
    }
    for (uint32_t i = 0; i < src->service_count && !se->endpoints_count; i++) {
        struct registry_service *s = src->services[i];

        if (!s->selector_count && s->host.p[0] != '*' &&
            (s->resolution == REGISTRY_DNS || s->resolution == REGISTRY_DNS_ONE))
            add_host_as_endpoint(src, view, s);
    }
}

/* Labels stand in the spec, else in the metadata. A condition Healthy that is not True takes a
 * workload with health checks out. */
static void read_workload_entry(struct registry_source *src, const struct registry_view *view)
{
    const struct object *o = src->object;
    const struct workload_entry *we = o->spec;
    const struct istio_status *status = o->status;
    struct registry_workload *w = new_workload(o, view, we);

    w->uid = arena_printf(&w->arena, "%.*s/networking.istio.io/WorkloadEntry/%.*s/%.*s",
                          STR_ARG(view->cluster_id), STR_ARG(o->ns), STR_ARG(o->name));
    if (we->labels_count)
        registry_workload_set_labels(w, we->labels, we->labels_count);
    else
        registry_workload_set_labels(w, o->meta->labels, o->meta->labels_count);
    for (size_t i = 0; status && i < status->conditions_count; i++) {
        if (str_is(status->conditions[i].type, "Healthy"))
            w->healthy = str_is(status->conditions[i].status, "True");
    }
    src->selectable = true;
    registry_source_give_workload(src, w);
}

void registry_istio_read(struct registry_source *src, const struct registry_view *view)
{
    switch (src->object->kind->id) {
    case API_KIND_SERVICE_ENTRY:
        read_service_entry(src, view);
        return;
    default:
        ASSERT(src->object->kind->id == API_KIND_WORKLOAD_ENTRY);
        read_workload_entry(src, view);
    }
}
