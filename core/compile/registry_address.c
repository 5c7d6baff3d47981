#include "core/compile/registry_address.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/workload_msg.h"
#include "core/text/proto.h"

/* trafficDistribution as ztunnels read it: the scopes of near_scopes up to some place, by failover.
 */
static const int near_scopes[] = { 6, 1, 2, 3, 4 }; /* network, region, zone, subzone, node */
static const uint8_t near_counts[] = {
    [REGISTRY_DISTRIBUTION_ZONE] = 3,
    [REGISTRY_DISTRIBUTION_CLOSE] = 4,
    [REGISTRY_DISTRIBUTION_NODE] = 5,
};

static uint8_t read_distribution(const struct workload_msg_load_balancing *lb)
{
    size_t count = lb && lb->mode == WORKLOAD_MSG_LB_FAILOVER ? lb->routing_preference_count : 0;

    for (size_t i = 0; i < COUNT_OF(near_counts); i++) {
        if (count && near_counts[i] == count)
            return (uint8_t)i;
    }
    return REGISTRY_DISTRIBUTION_ANY;
}

static const uint8_t protocols[] = {
    [WORKLOAD_MSG_UNKNOWN] = MODEL_PROTOCOL_AUTO, [WORKLOAD_MSG_HTTP11] = MODEL_PROTOCOL_HTTP,
    [WORKLOAD_MSG_HTTP2] = MODEL_PROTOCOL_HTTP2,  [WORKLOAD_MSG_GRPC] = MODEL_PROTOCOL_GRPC,
    [WORKLOAD_MSG_TCP] = MODEL_PROTOCOL_TCP,      [WORKLOAD_MSG_TLS] = MODEL_PROTOCOL_TLS,
};

static const int app_protocols[] = {
    [MODEL_PROTOCOL_AUTO] = WORKLOAD_MSG_UNKNOWN, [MODEL_PROTOCOL_HTTP] = WORKLOAD_MSG_HTTP11,
    [MODEL_PROTOCOL_HTTP2] = WORKLOAD_MSG_HTTP2,  [MODEL_PROTOCOL_GRPC] = WORKLOAD_MSG_GRPC,
    [MODEL_PROTOCOL_TCP] = WORKLOAD_MSG_TCP,      [MODEL_PROTOCOL_TLS] = WORKLOAD_MSG_TLS,
    [MODEL_PROTOCOL_HTTPS] = WORKLOAD_MSG_TLS,
};

/* ---- reading ---- */

static int read_ip(struct str bytes, struct addr *out)
{
    memset(out, 0, sizeof(*out));
    if (bytes.len != 4 && bytes.len != 16)
        return ERR_INVALID;
    out->family = bytes.len == 4 ? ADDR_IPV4 : ADDR_IPV6;
    memcpy(out->ip, bytes.p, bytes.len);
    return 0;
}

/* Numbers that a peer sends for ports and enums are cut to what they may be. */
static uint16_t port_of(int64_t number)
{
    return number > 0 && number < 65536 ? (uint16_t)number : 0;
}

static uint8_t protocol_of(int app_protocol)
{
    return app_protocol >= 0 && app_protocol <= WORKLOAD_MSG_TLS ? protocols[app_protocol]
                                                                 : (uint8_t)MODEL_PROTOCOL_AUTO;
}

static int read_detail(const struct workload_msg_extension *list, size_t count,
                       const struct field_message *m, struct arena *a, void *out)
{
    const struct field_any *any =
        workload_msg_find_extension(list, count, STR(WORKLOAD_MSG_DETAIL_NAME));

    memset(out, 0, m->size);
    return any ? proto_decode(m, any->value.p, any->value.len, a, 0, out) : 0;
}

static int read_vips(struct registry_service *s, const struct workload_msg_service *m)
{
    s->vips = arena_alloc0(&s->arena, m->addresses_count, sizeof(*s->vips));
    s->nets = arena_alloc0(&s->arena, m->addresses_count, sizeof(*s->nets));
    for (size_t i = 0; i < m->addresses_count; i++) {
        const struct workload_msg_network_address *from = &m->addresses[i];
        struct addr ip;

        if (read_ip(from->address, &ip) != 0)
            return ERR_INVALID;
        if (!from->length.set || from->length.value >= (int64_t)from->address.len * 8)
            s->vips[s->vip_count++] = ip;
        else
            s->nets[s->net_count++] =
                (struct addr_net){ .base = ip, .bits = (uint8_t)from->length.value };
    }
    return 0;
}

static void read_service_ports(struct registry_service *s, const struct workload_msg_service *m,
                               const struct workload_msg_service_detail *d)
{
    s->ports = arena_alloc0(&s->arena, m->ports_count, sizeof(*s->ports));
    for (size_t i = 0; i < m->ports_count; i++) {
        struct registry_port *p = &s->ports[s->port_count++];

        p->port = port_of(m->ports[i].service_port);
        p->target = port_of(m->ports[i].target_port);
        p->protocol = protocol_of(m->ports[i].app_protocol);
        for (size_t j = 0; j < d->ports_count; j++) {
            if (d->ports[j].port != p->port)
                continue;
            p->name = d->ports[j].name;
            if (d->ports[j].protocol >= 0 && d->ports[j].protocol <= MODEL_PROTOCOL_HTTPS)
                p->protocol = (uint8_t)d->ports[j].protocol;
        }
    }
}

static void read_visibility(struct registry_service *s, const struct workload_msg_service *m,
                            const struct workload_msg_service_detail *d)
{
    static const struct str own[] = { STR_INIT(".") };

    s->export_to = d->export_to;
    s->export_to_count = (uint32_t)d->export_to_count;
    if (m->visibility == WORKLOAD_MSG_NAMESPACE && !d->export_to_count) {
        s->export_to = arena_dup(&s->arena, own, sizeof(own));
        s->export_to_count = 1;
    }
}

static int read_service(struct registry_source *src, struct str bytes)
{
    struct registry_service *s = registry_service_new();
    struct workload_msg_address m;
    struct workload_msg_service_detail d;

    /* Decoded again, into the service's own memory. */
    if (proto_decode(&workload_msg_address_message, bytes.p, bytes.len, &s->arena, 0, &m) != 0 ||
        !m.service->hostname.len ||
        read_detail(m.service->extensions, m.service->extensions_count,
                    &workload_msg_service_detail_message, &s->arena, &d) != 0 ||
        read_vips(s, m.service) != 0) {
        registry_service_unref(s);
        return ERR_INVALID;
    }
    s->host = arena_lower(&s->arena, m.service->hostname);
    s->ns = m.service->ns;
    s->name = m.service->name;
    s->sans = m.service->subject_alt_names;
    s->san_count = (uint32_t)m.service->subject_alt_names_count;
    s->resolution =
        d.resolution >= 0 && d.resolution <= REGISTRY_DYNAMIC ? (uint8_t)d.resolution : 0;
    s->external = d.external;
    s->headless = d.headless;
    s->created = d.created;
    s->alias_of = d.alias_of;
    s->kubernetes = d.kubernetes;
    s->vip_allocated = d.vip_allocated;
    s->not_ready_too = d.not_ready_too;
    s->distribution = read_distribution(m.service->load_balancing);
    if (m.service->load_balancing && m.service->load_balancing->mode == WORKLOAD_MSG_LB_PASSTHROUGH)
        s->resolution = REGISTRY_NONE;
    s->source = (struct model_source){ .kind = STR("Address"), .ns = s->ns, .name = s->host };
    read_service_ports(s, m.service, &d);
    read_visibility(s, m.service, &d);
    registry_source_give_service(src, s);
    return 0;
}

static int read_addrs(struct registry_workload *w, const struct workload_msg_workload *m,
                      const struct workload_msg_detail *d)
{
    w->addrs = arena_alloc0(&w->arena, m->addresses_count + 1, sizeof(*w->addrs));
    if (d->unix_path.len) {
        w->addr_count = 1;
        return addr_parse(arena_printf(&w->arena, "unix:%.*s", STR_ARG(d->unix_path)), 0,
                          &w->addrs[0]);
    }
    for (size_t i = 0; i < m->addresses_count; i++) {
        if (read_ip(m->addresses[i], &w->addrs[w->addr_count++]) != 0)
            return ERR_INVALID;
    }
    if (!w->addr_count)
        w->hostname = arena_lower(&w->arena, m->hostname);
    return 0;
}

static void read_members(struct registry_source *src, struct registry_workload *w,
                         const struct workload_msg_workload *m)
{
    for (size_t i = 0; i < m->services_count; i++) {
        const struct workload_msg_port_list *list = &m->services[i].value;
        struct str host = m->services[i].key, ns = str_cut(&host, '/');
        struct registry_member *member;

        if (!host.len)
            continue;
        member = registry_source_add_member(src, ns, host);
        member->own = w;
        member->ports = arena_alloc0(&src->arena, list->ports_count, sizeof(*member->ports));
        for (size_t j = 0; j < list->ports_count; j++) {
            struct registry_member_port *p = &member->ports[member->port_count++];

            p->service_port = port_of(list->ports[j].service_port);
            p->target = port_of(list->ports[j].target_port);
        }
    }
}

static void read_who(struct registry_workload *w, const struct workload_msg_workload *m,
                     const struct workload_msg_detail *d)
{
    const struct workload_msg_locality *l = m->locality;

    w->uid = m->uid;
    w->name = m->name;
    w->ns = m->ns;
    w->network = m->network;
    w->node = m->node;
    w->cluster = m->cluster_id;
    w->trust_domain = m->trust_domain;
    w->service_account = m->service_account.len ? m->service_account
                         : d->no_account        ? STR_NONE
                                                : STR("default");
    w->workload_name = m->workload_name;
    w->canonical_service = m->canonical_name;
    w->canonical_revision = m->canonical_revision;
    w->healthy = m->status == WORKLOAD_MSG_HEALTHY;
    w->weight = m->capacity.set && m->capacity.value > 0 ? (uint32_t)m->capacity.value : 1;
    w->dns_name = d->dns_name;
    w->subdomain = d->subdomain;
    w->labels = d->labels;
    w->label_count = (uint32_t)d->labels_count;
    if (l && l->region.len)
        w->locality = arena_printf(&w->arena, "%.*s/%.*s/%.*s", STR_ARG(l->region),
                                   STR_ARG(l->zone), STR_ARG(l->subzone));
    if (d->hop > MODEL_HOP_PLAIN && d->hop <= MODEL_HOP_MESH)
        w->hop = (uint8_t)d->hop;
    else if (m->tunnel_protocol == WORKLOAD_MSG_TUNNEL_LEGACY_MTLS)
        w->hop = MODEL_HOP_ISTIO;
}

static int read_workload(struct registry_source *src, struct str bytes)
{
    struct registry_workload *w = registry_workload_new();
    struct workload_msg_address m;
    struct workload_msg_detail d;

    if (proto_decode(&workload_msg_address_message, bytes.p, bytes.len, &w->arena, 0, &m) != 0 ||
        !m.workload->uid.len ||
        read_detail(m.workload->extensions, m.workload->extensions_count,
                    &workload_msg_detail_message, &w->arena, &d) != 0 ||
        read_addrs(w, m.workload, &d) != 0) {
        registry_workload_unref(w);
        return ERR_INVALID;
    }
    read_who(w, m.workload, &d);
    registry_source_give_workload(src, w);
    read_members(src, w, m.workload);
    return 0;
}

int registry_address_read(struct registry_source *src, const struct registry_view *view,
                          struct str bytes)
{
    struct workload_msg_address m;
    struct arena a;
    bool is_workload, is_service;

    (void)view;
    arena_init(&a, 1024);
    if (proto_decode(&workload_msg_address_message, bytes.p, bytes.len, &a, PROTO_BORROW, &m) != 0)
        memset(&m, 0, sizeof(m));
    is_workload = m.workload != NULL;
    is_service = m.service != NULL;
    arena_deinit(&a);
    if (is_workload)
        return read_workload(src, bytes);
    return is_service ? read_service(src, bytes) : ERR_INVALID;
}

/* ---- writing ---- */

static struct str ip_bytes(const struct addr *a)
{
    return str_make(a->ip, a->family == ADDR_IPV4 ? 4 : 16);
}

static int add_detail(struct arena *a, const struct field_message *m, const void *detail,
                      struct workload_msg_extension **list, size_t *count)
{
    struct workload_msg_extension *e = arena_alloc0(a, 1, sizeof(*e));

    e->name = STR(WORKLOAD_MSG_DETAIL_NAME);
    e->config = arena_alloc0(a, 1, sizeof(*e->config));
    *list = e;
    *count = 1;
    return proto_encode_any(m, detail, a, e->config);
}

static void write_addresses(struct workload_msg_service *m, const struct registry_service *s,
                            struct arena *a)
{
    m->addresses = arena_alloc0(a, s->vip_count + s->net_count, sizeof(*m->addresses));
    for (uint32_t i = 0; i < s->vip_count; i++)
        m->addresses[m->addresses_count++].address = ip_bytes(&s->vips[i]);
    for (uint32_t i = 0; i < s->net_count; i++) {
        struct workload_msg_network_address *to = &m->addresses[m->addresses_count++];

        to->address = ip_bytes(&s->nets[i].base);
        to->length = (struct field_opt){ true, s->nets[i].bits };
    }
}

static void write_ports(struct workload_msg_service *m, struct workload_msg_service_detail *d,
                        const struct registry_service *s, struct arena *a)
{
    m->ports = arena_alloc0(a, s->port_count, sizeof(*m->ports));
    d->ports = arena_alloc0(a, s->port_count, sizeof(*d->ports));
    for (uint32_t i = 0; i < s->port_count; i++) {
        const struct registry_port *p = &s->ports[i];

        if (p->is_udp)
            continue;
        m->ports[m->ports_count++] = (struct workload_msg_port){
            .service_port = p->port,
            .target_port = p->target,
            .app_protocol = app_protocols[p->protocol],
        };
        d->ports[d->ports_count++] = (struct workload_msg_service_port_detail){
            .port = p->port, .name = p->name, .protocol = p->protocol
        };
    }
}

static void write_distribution(uint8_t distribution, int *scopes,
                               struct workload_msg_load_balancing *out)
{
    memcpy(scopes, near_scopes, sizeof(near_scopes));
    out->mode = WORKLOAD_MSG_LB_FAILOVER;
    out->routing_preference = scopes;
    out->routing_preference_count = near_counts[distribution];
}

int registry_address_encode_service(const struct registry_service *s, struct buf *out)
{
    struct workload_msg_service m = { .name = s->name, .ns = s->ns, .hostname = s->host };
    struct workload_msg_address address = { .service = &m };
    struct workload_msg_load_balancing lb = { .mode = WORKLOAD_MSG_LB_PASSTHROUGH };
    int scopes[COUNT_OF(near_scopes)];
    struct workload_msg_service_detail d = { .resolution = s->resolution,
                                             .external = s->external,
                                             .headless = s->headless,
                                             .created = s->created,
                                             .alias_of = s->alias_of,
                                             .kubernetes = s->kubernetes,
                                             .vip_allocated = s->vip_allocated,
                                             .not_ready_too = s->not_ready_too,
                                             .export_to = s->export_to,
                                             .export_to_count = s->export_to_count };
    struct arena a;
    int err;

    arena_init(&a, 1024);
    m.subject_alt_names = s->sans;
    m.subject_alt_names_count = s->san_count;
    m.canonical = true;
    if (s->resolution == REGISTRY_NONE || s->distribution)
        m.load_balancing = &lb;
    if (s->resolution != REGISTRY_NONE && s->distribution)
        write_distribution(s->distribution, scopes, &lb);
    write_addresses(&m, s, &a);
    write_ports(&m, &d, s, &a);
    err = add_detail(&a, &workload_msg_service_detail_message, &d, &m.extensions,
                     &m.extensions_count);
    if (!err)
        err = proto_encode(&workload_msg_address_message, &address, out);
    arena_deinit(&a);
    return err;
}

static void write_memberships(struct workload_msg_workload *m,
                              const struct registry_address_membership *services, size_t count,
                              struct arena *a)
{
    m->services = arena_alloc0(a, count, sizeof(*m->services));
    for (size_t i = 0; i < count; i++) {
        const struct registry_service *s = services[i].service;
        struct workload_msg_service_ports *to = &m->services[m->services_count++];

        to->key = arena_printf(a, "%.*s/%.*s", STR_ARG(s->ns), STR_ARG(s->host));
        to->value.ports = arena_alloc0(a, s->port_count, sizeof(*to->value.ports));
        for (uint32_t j = 0; j < s->port_count; j++) {
            if (services[i].ports[j] && !s->ports[j].is_udp)
                to->value.ports[to->value.ports_count++] =
                    (struct workload_msg_port){ .service_port = s->ports[j].port,
                                                .target_port = services[i].ports[j] };
        }
    }
}

static struct workload_msg_locality *write_locality(const struct registry_workload *w,
                                                    struct arena *a)
{
    struct workload_msg_locality *l = arena_alloc0(a, 1, sizeof(*l));
    struct str rest = w->locality;

    l->region = str_cut(&rest, '/');
    l->zone = str_cut(&rest, '/');
    l->subzone = rest;
    return l;
}

int registry_address_encode_workload(const struct registry_workload *w,
                                     const struct registry_address_more *more, struct buf *out)
{
    struct workload_msg_workload m = {
        .uid = w->uid,
        .name = w->name,
        .ns = w->ns,
        .hostname = w->hostname,
        .network = w->network,
        .node = w->node,
        .cluster_id = w->cluster,
        .trust_domain = w->trust_domain,
        .workload_name = w->workload_name,
        .canonical_name = w->canonical_service,
        .canonical_revision = w->canonical_revision,
        .workload_type = WORKLOAD_MSG_POD,
        .authorization_policies = more->policies,
        .authorization_policies_count = more->policy_count,
        .status = w->healthy ? WORKLOAD_MSG_HEALTHY : WORKLOAD_MSG_UNHEALTHY,
    };
    struct workload_msg_address address = { .workload = &m };
    struct workload_msg_detail d = { .labels = w->labels,
                                     .labels_count = w->label_count,
                                     .hop = w->hop,
                                     .dns_name = w->dns_name,
                                     .subdomain = w->subdomain,
                                     .no_account = w->service_account.len == 0 };
    char path[ADDR_TEXT_MAX];
    struct arena a;
    int err;

    arena_init(&a, 1024);
    m.addresses = arena_alloc0(&a, w->addr_count, sizeof(*m.addresses));
    for (uint32_t i = 0; i < w->addr_count; i++) {
        if (w->addrs[i].family == ADDR_UNIX)
            d.unix_path = str_skip(str_of(addr_format(&w->addrs[i], path)), sizeof("unix:") - 1);
        else
            m.addresses[m.addresses_count++] = ip_bytes(&w->addrs[i]);
    }
    if (!str_is(w->service_account, "default"))
        m.service_account = w->service_account;
    if (w->weight > 1)
        m.capacity = (struct field_opt){ true, w->weight };
    if (w->hop != MODEL_HOP_PLAIN)
        m.tunnel_protocol = WORKLOAD_MSG_TUNNEL_LEGACY_MTLS;
    if (w->locality.len)
        m.locality = write_locality(w, &a);
    write_memberships(&m, more->services, more->service_count, &a);
    err = add_detail(&a, &workload_msg_detail_message, &d, &m.extensions, &m.extensions_count);
    if (!err)
        err = proto_encode(&workload_msg_address_message, &address, out);
    arena_deinit(&a);
    return err;
}
