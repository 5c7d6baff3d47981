#include "core/compile/compile_outbound.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/compile/compile_table.h"

/* data of the part c->vips */
struct vips {
    struct map by_vip, tcp_by_port, names;
};

/* ---- services with addresses ---- */

static const struct compile_tcp *tcp_of(const struct compile_host *h, uint16_t port)
{
    for (uint32_t i = 0; i < h->tcp_count; i++) {
        if (h->tcp[i].port == port)
            return &h->tcp[i];
    }
    return NULL;
}

static void drop_part(void *ptr)
{
    compile_part_unref(ptr);
}

static struct model_outbound_service *
service_new(struct compile_part *p, const struct compile_host *h, const struct registry_port *port)
{
    struct model_outbound_service *s = arena_alloc0(&p->arena, 1, sizeof(*s));
    const struct compile_tcp *tcp = tcp_of(h, port->port);

    s->host = arena_str(&p->arena, h->name);
    s->port = port->port;
    s->protocol = port->protocol;
    if (tcp) {
        s->tcp = tcp->routes;
        s->tcp_count = tcp->count;
    }
    return s;
}

/* PS-5: of two services with one address and port the older one has it; H: names decide for HTTP
 * anyway. Hosts come in the order of names, so the outcome does not depend on the input's order. */
static bool is_older(const struct compile_host *a, const struct compile_host *b)
{
    return a->service->created && b->service->created && a->service->created < b->service->created;
}

struct owner {
    struct model_outbound_service *service;
    const struct compile_host *host;
};

static void add_vips(struct compile_part *p, struct vips *v, struct map *owners,
                     const struct compile_host *h, const struct registry_port *port)
{
    struct model_outbound_service *s = NULL;

    for (uint32_t i = 0; i < h->service->vip_count; i++) {
        struct addr at = h->service->vips[i];
        char text[ADDR_TEXT_MAX];
        const struct compile_host *other;
        struct str key;

        at.port = port->port;
        key = str_of(addr_format(&at, text));
        other = map_get(owners, key);
        if (other && !is_older(h, other))
            continue;
        s = s ? s : service_new(p, h, port);
        key = arena_str(&p->arena, key);
        map_put(&v->by_vip, key, s);
        map_put(owners, key, (void *)(uintptr_t)h); /* const for those who look it up */
    }
}

/* ---- names (DN-2, DN-3) ---- */

static uint32_t member_addrs(const struct compile_host *h, struct addr *out)
{
    const struct model_endpoints *set = h->clusters[0].model->endpoints;
    uint32_t n = 0;

    for (uint32_t i = 0; i < set->count; i++) {
        const struct model_endpoint *e = &set->list[i];

        if (!e->healthy || (e->addr.family != ADDR_IPV4 && e->addr.family != ADDR_IPV6))
            continue;
        out[n] = e->addr;
        out[n++].port = 0;
    }
    return n;
}

/* Virtual addresses of a service; a headless one is where its members are. */
static void add_dns_name(struct compile_part *p, struct vips *v, const struct compile_host *h)
{
    const struct registry_service *s = h->service;
    struct model_dns_name *name;

    if (h->name.p[0] == '*' || (!s->vip_count && !(s->headless && h->cluster_count)))
        return;
    name = arena_alloc0(&p->arena, 1, sizeof(*name));
    if (s->vip_count) {
        name->addrs = arena_dup(&p->arena, s->vips, s->vip_count * sizeof(*s->vips));
        name->count = s->vip_count;
    } else {
        name->addrs =
            arena_alloc0(&p->arena, h->clusters[0].model->endpoints->count, sizeof(*name->addrs));
        name->count = member_addrs(h, name->addrs);
    }
    map_put(&v->names, arena_str(&p->arena, h->name), name);
}

/* ---- services without: by port alone (PS-6) ---- */

static bool is_tls(uint8_t protocol)
{
    return protocol == MODEL_PROTOCOL_TLS || protocol == MODEL_PROTOCOL_HTTPS;
}

static bool is_by_port(const struct registry_service *s, const struct registry_port *port)
{
    if (port->protocol != MODEL_PROTOCOL_TCP && !is_tls(port->protocol))
        return false;
    return s->net_count || s->vip_count == 0 || s->vip_allocated;
}

static bool has_condition(const struct model_tcp_route *r)
{
    return r->dst_net_count + r->src_net_count + r->sni_host_count > 0;
}

/* The service's routes, narrowed to its networks and, for TLS, to its name. */
static void add_narrowed(struct compile_part *p, struct model_outbound_service *to,
                         const struct compile_host *h, const struct registry_port *port,
                         const struct compile_tcp *tcp)
{
    const struct registry_service *s = h->service;

    to->tcp =
        arena_grow(&p->arena, to->tcp, to->tcp_count, to->tcp_count + tcp->count, sizeof(*to->tcp));
    for (uint32_t i = 0; i < tcp->count; i++) {
        struct model_tcp_route r = tcp->routes[i];

        if (s->net_count && !r.dst_net_count) {
            r.dst_nets = arena_dup(&p->arena, s->nets, s->net_count * sizeof(*s->nets));
            r.dst_net_count = s->net_count;
        }
        if (is_tls(port->protocol) && !r.sni_host_count && !str_is(h->name, "*")) {
            r.sni_hosts = arena_alloc0(&p->arena, 1, sizeof(*r.sni_hosts));
            r.sni_hosts[0] = arena_str(&p->arena, h->name);
            r.sni_host_count = 1;
        }
        to->tcp[to->tcp_count++] = r;
    }
}

static void add_by_port(struct compile_part *p, struct vips *v, const struct compile_host *h,
                        const struct registry_port *port)
{
    struct model_outbound_service *to = map_get_u64(&v->tcp_by_port, port->port);
    const struct compile_tcp *tcp = tcp_of(h, port->port);

    if (!tcp)
        return;
    if (!to) {
        to = arena_alloc0(&p->arena, 1, sizeof(*to));
        to->host = arena_str(&p->arena, h->name);
        to->port = port->port;
        to->protocol = port->protocol;
        map_put_u64(&v->tcp_by_port, port->port, to);
    }
    if (is_tls(port->protocol))
        to->protocol = port->protocol; /* one that is told by name: the first bytes are looked at */
    add_narrowed(p, to, h, port, tcp);
}

/* Routes for everything go to the end, where they do not hide those behind them. */
static void sort_by_port(struct vips *v)
{
    size_t at = 0;

    for (struct map_slot *slot; (slot = map_next(&v->tcp_by_port, &at));) {
        struct model_outbound_service *s = slot->value;
        struct model_tcp_route *list = s->tcp;

        for (uint32_t i = 1; i < s->tcp_count; i++) {
            struct model_tcp_route r = list[i];
            uint32_t j = i;

            for (; has_condition(&r) && j && !has_condition(&list[j - 1]); j--)
                list[j] = list[j - 1];
            list[j] = r;
        }
    }
}

static int by_name(const void *a, const void *b)
{
    const struct compile_host *const *ha = a, *const *hb = b;

    return str_cmp((*ha)->name, (*hb)->name);
}

static uint32_t sorted_hosts(const struct compile *c, const struct compile_host ***out)
{
    const struct compile_host **list = mem_alloc0(c->hosts.count, sizeof(*list));
    uint32_t n = 0;
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->hosts, &at));) {
        const struct compile_host *h = s->value;

        if (h->service && (h->service->vip_count || h->service->headless || h->tcp_count))
            list[n++] = h;
    }
    if (n > 1)
        qsort(list, n, sizeof(*list), by_name);
    *out = list;
    return n;
}

struct compile_part *compile_outbound_vips(struct compile *c)
{
    struct compile_part *p = compile_part_new();
    struct vips *v = arena_alloc0(&p->arena, 1, sizeof(*v));
    const struct compile_host **hosts;
    uint32_t count = sorted_hosts(c, &hosts);
    struct map owners;

    p->data = v;
    map_init(&owners);
    for (uint32_t i = 0; i < count; i++) {
        const struct compile_host *h = hosts[i];

        add_dns_name(p, v, h);
        if (h->tcp_count)
            compile_part_hold(p, drop_part, compile_part_ref(h->tcp_part));
        for (uint32_t j = 0; j < h->service->port_count; j++) {
            const struct registry_port *port = &h->service->ports[j];

            if (port->is_udp)
                continue;
            add_vips(p, v, &owners, h, port);
            if (is_by_port(h->service, port))
                add_by_port(p, v, h, port);
        }
    }
    sort_by_port(v);
    compile_part_map(p, &v->by_vip);
    compile_part_map(p, &v->tcp_by_port);
    compile_part_map(p, &v->names);
    map_deinit(&owners);
    mem_free(hosts);
    return p;
}

/* ---- the whole ---- */

struct model_outbound *compile_outbound_build(struct compile *c, struct snapshot *s)
{
    struct model_outbound *out = arena_alloc0(&s->arena, 1, sizeof(*out));
    const struct vips *v = c->vips->data;
    size_t at = 0;

    /* The slots stay those of c->vips, which the snapshot holds. */
    out->by_vip = v->by_vip;
    out->tcp_by_port = v->tcp_by_port;
    out->names = v->names;
    for (struct map_slot *slot; (slot = map_next(&c->tables, &at));) {
        const struct compile_table *t = slot->value;

        map_put_u64(&out->by_port, t->port, t->model);
    }
    out->any_port = c->any_port ? c->any_port->model : NULL;
    out->policy = c->options.outbound_policy;
    out->passthrough = c->passthrough;
    out->blackhole = c->blackhole;
    return out;
}

void compile_outbound_deinit(struct model_outbound *out)
{
    map_deinit(&out->by_port);
}
