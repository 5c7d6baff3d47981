#include "core/compile/compile_vip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_part.h"
#include "core/compile/compile_sidecar.h"

/* A port of a service as what connections lead to. Several addresses may. */
struct compile_vip {
    atomic_uint refs;
    struct compile_part *tcp; /* one reference: holds the routes */
    int64_t created;          /* of the service */
    struct model_outbound_service model;
    char host[];
};

/* What a host has entered, to be taken out again. */
struct compile_vip_claim {
    struct compile_vip_claim *next;
    struct compile_vip *vip; /* NULL: a name, or a port */
    struct str key;
    uint16_t port; /* 0: a name */
};

static void vip_unref(struct compile_vip *v)
{
    if (atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    compile_part_unref(v->tcp);
    mem_free(v);
}

/* Values of by_vip are the services' models. */
static void drop_vip(void *value)
{
    vip_unref(CONTAINER_OF((struct model_outbound_service *)value, struct compile_vip, model));
}

static void *value_of(struct compile_vip *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return &v->model;
}

/* Values of by_port stand in a part of their own, and find it through what is in front of them. */
struct port_service {
    struct compile_part *part;
    struct model_outbound_service model;
};

static void drop_port(void *value)
{
    compile_part_unref(
        CONTAINER_OF((struct model_outbound_service *)value, struct port_service, model)->part);
}

static void drop_name(void *value)
{
    mem_free(value);
}

void compile_vip_init(struct compile_vips *v)
{
    pmap_init(&v->by_vip, drop_vip);
    pmap_init(&v->by_port, drop_port);
    pmap_init(&v->names, drop_name);
}

void compile_vip_deinit(struct compile_vips *v)
{
    pmap_deinit(&v->by_vip);
    pmap_deinit(&v->by_port);
    pmap_deinit(&v->names);
    multimap_deinit(&v->shared);
    multimap_deinit(&v->ports);
}

/* ---- services with addresses ---- */

static const struct compile_tcp *tcp_of(const struct compile_host *h, uint16_t port)
{
    for (uint32_t i = 0; i < h->tcp_count; i++) {
        if (h->tcp[i].port == port)
            return &h->tcp[i];
    }
    return NULL;
}

static struct compile_vip *vip_new(const struct compile_host *h, const struct registry_port *port)
{
    struct compile_vip *v = mem_alloc_flex(sizeof(*v), h->name.len, 1);
    const struct compile_tcp *tcp = tcp_of(h, port->port);

    memset(v, 0, sizeof(*v));
    atomic_init(&v->refs, 1);
    memcpy(v->host, h->name.p, h->name.len);
    v->created = h->service->created;
    v->model.host = str_make(v->host, h->name.len);
    v->model.port = port->port;
    v->model.protocol = port->protocol;
    if (tcp) {
        v->tcp = compile_part_ref(h->tcp_part);
        v->model.tcp = tcp->routes;
        v->model.tcp_count = tcp->count;
    }
    return v;
}

static struct compile_vip_claim *add_claim(struct compile_host *h, struct str key)
{
    struct compile_vip_claim *claim = arena_alloc0(&h->claim_arena, 1, sizeof(*claim));

    claim->key = arena_str(&h->claim_arena, key);
    claim->next = h->claims;
    h->claims = claim;
    return claim;
}

static int by_host(const void *a, const void *b)
{
    const struct compile_vip *const *va = a, *const *vb = b;

    return str_cmp((*va)->model.host, (*vb)->model.host);
}

/* PS-5: of two services with one address and port the older one has it, else the one first by name,
 * so that the outcome does not depend on the input's order. H: names decide for HTTP anyway. */
static struct compile_vip *best_of(const struct multimap_list *l)
{
    struct compile_vip **list = mem_dup(l->items, l->count * sizeof(struct compile_vip *)), *best;

    qsort(list, l->count, sizeof(struct compile_vip *), by_host);
    best = list[0];
    for (uint32_t i = 1; i < l->count; i++) {
        if (list[i]->created && best->created && list[i]->created < best->created)
            best = list[i];
    }
    mem_free(list);
    return best;
}

static struct compile_vip *owner_of(const struct compile_vips *v, struct str key)
{
    struct model_outbound_service *s = pmap_get(&v->by_vip, key);

    return s ? CONTAINER_OF(s, struct compile_vip, model) : NULL;
}

static void claim_vip(struct compile_vips *v, struct compile_host *h, struct str key,
                      struct compile_vip *vip)
{
    struct compile_vip *now = owner_of(v, key);
    struct compile_vip_claim *claim;

    if (now && str_eq(now->model.host, h->name))
        return; /* an address that is told twice */
    claim = add_claim(h, key);
    claim->vip = vip;
    claim->port = vip->model.port;
    atomic_fetch_add_explicit(&vip->refs, 1, memory_order_relaxed);
    if (now) {
        multimap_add(&v->shared, key, now);
        multimap_add(&v->shared, key, vip);
        if (best_of(multimap_get(&v->shared, key)) != vip)
            return;
    }
    pmap_put(&v->by_vip, key, value_of(vip));
}

static void release_vip(struct compile_vips *v, const struct compile_vip_claim *claim)
{
    bool is_shared = multimap_remove(&v->shared, claim->key, claim->vip);
    const struct multimap_list *l = is_shared ? multimap_get(&v->shared, claim->key) : NULL;
    struct compile_vip *best = l ? best_of(l) : NULL;

    if (owner_of(v, claim->key) == claim->vip) {
        if (best)
            pmap_put(&v->by_vip, claim->key, value_of(best));
        else
            pmap_remove(&v->by_vip, claim->key);
    }
    if (l && l->count == 1)
        multimap_remove(&v->shared, claim->key, best);
}

static void claim_addr(struct compile_vips *v, struct compile_host *h, struct addr at,
                       struct compile_vip *vip)
{
    char text[ADDR_TEXT_MAX];

    at.port = vip->model.port;
    claim_vip(v, h, str_of(addr_format(&at, text)), vip);
}

static bool is_own_addr(const struct model_node *node, const struct addr *a)
{
    for (uint32_t i = 0; i < node->addr_count; i++) {
        if (addr_eq_ip(&node->addrs[i], a))
            return true;
    }
    return false;
}

/* HL-1: bytes for a headless service are told by the address of the member they go to; HL-3: but
 * for ourselves, whom we reach without the mesh. */
static void claim_members(struct compile *c, struct compile_host *h, struct compile_vip *vip)
{
    const struct registry_endpoints *set = registry_find_endpoints(c->registry, h->name);

    for (uint32_t i = 0; set && i < set->count; i++) {
        const struct registry_workload *w = set->list[i].workload;

        for (uint32_t j = 0; j < w->addr_count; j++) {
            if (w->addrs[j].family != ADDR_UNIX && !is_own_addr(c->node, &w->addrs[j]))
                claim_addr(&c->vips, h, w->addrs[j], vip);
        }
    }
}

/* ---- services without: by port alone (PS-6) ---- */

static bool is_tls(uint8_t protocol)
{
    return protocol == MODEL_PROTOCOL_TLS || protocol == MODEL_PROTOCOL_HTTPS;
}

/* An address that was chosen for a service tells its bytes apart; a TLS name does so too, for who
 * looked it up elsewhere. */
static bool is_by_port(const struct registry_service *s, const struct registry_port *port)
{
    if (s->headless || port->is_udp)
        return false;
    if (is_tls(port->protocol))
        return s->net_count || s->vip_count == 0 || s->vip_allocated;
    return port->protocol == MODEL_PROTOCOL_TCP && (s->net_count || s->vip_count == 0);
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

/* Routes for everything go to the end, where they do not hide those behind them. */
static void sort_routes(struct model_outbound_service *s)
{
    struct model_tcp_route *list = s->tcp;

    for (uint32_t i = 1; i < s->tcp_count; i++) {
        struct model_tcp_route r = list[i];
        uint32_t j = i;

        for (; has_condition(&r) && j && !has_condition(&list[j - 1]); j--)
            list[j] = list[j - 1];
        list[j] = r;
    }
}

static int by_name(const void *a, const void *b)
{
    const struct compile_host *const *ha = a, *const *hb = b;

    return str_cmp((*ha)->name, (*hb)->name);
}

static void drop_part(void *ptr)
{
    compile_part_unref(ptr);
}

static void add_port(struct port_service *to, const struct compile_host *h, uint16_t number)
{
    const struct registry_port *port = registry_service_port(h->service, number);
    const struct compile_tcp *tcp = tcp_of(h, number);

    if (!port || !tcp)
        return;
    compile_part_hold(to->part, drop_part, compile_part_ref(h->tcp_part));
    if (!to->model.host.len) {
        to->model.host = arena_str(&to->part->arena, h->name);
        to->model.port = number;
        to->model.protocol = port->protocol;
    }
    if (is_tls(port->protocol))
        to->model.protocol = port->protocol; /* told by name: the first bytes are looked at */
    add_narrowed(to->part, &to->model, h, port, tcp);
}

static struct str port_key(char text[8], uint16_t port)
{
    return str_make(text, (size_t)snprintf(text, 8, "%u", port));
}

static void build_port(struct compile *c, uint16_t port)
{
    char text[8];
    struct str key = port_key(text, port);
    const struct multimap_list *l = multimap_get(&c->vips.ports, key);
    struct compile_host **hosts;
    struct compile_part *part;
    struct port_service *to;

    if (!l) {
        pmap_remove(&c->vips.by_port, key);
        return;
    }
    part = compile_part_new();
    to = arena_alloc0(&part->arena, 1, sizeof(*to));
    to->part = part;
    hosts = mem_dup(l->items, l->count * sizeof(struct compile_host *));
    qsort(hosts, l->count, sizeof(struct compile_host *), by_name);
    for (uint32_t i = 0; i < l->count; i++)
        add_port(to, hosts[i], port);
    mem_free(hosts);
    sort_routes(&to->model);
    pmap_put(&c->vips.by_port, key, &to->model);
}

/* ---- names (DN-2, DN-3) ---- */

static void tell_name(struct compile *c, struct compile_host *h, struct str name,
                      const struct addr *addrs, uint32_t count)
{
    struct model_dns_name *to = mem_alloc_flex(sizeof(*to), count, sizeof(*addrs));

    to->addrs = (struct addr *)(to + 1);
    to->count = count;
    if (count)
        memcpy(to->addrs, addrs, count * sizeof(*addrs));
    (void)add_claim(h, name);
    pmap_put(&c->vips.names, name, to);
}

/* Members that are ready; one by one under the names they have. */
static void tell_members(struct compile *c, struct compile_host *h)
{
    const struct registry_endpoints *set = registry_find_endpoints(c->registry, h->name);
    uint32_t most = 0, n = 0;
    struct addr *all;

    for (uint32_t i = 0; set && i < set->count; i++)
        most += set->list[i].workload->addr_count;
    all = mem_alloc0(most, sizeof(*all));
    for (uint32_t i = 0; set && i < set->count; i++) {
        const struct registry_endpoint *e = &set->list[i];
        uint32_t first = n;

        for (uint32_t j = 0; e->healthy && j < e->workload->addr_count; j++) {
            if (e->workload->addrs[j].family != ADDR_UNIX)
                all[n++] = e->workload->addrs[j];
        }
        if (n > first && e->hostname.len)
            tell_name(
                c, h,
                arena_printf(&h->claim_arena, "%.*s.%.*s", STR_ARG(e->hostname), STR_ARG(h->name)),
                all + first, n - first);
    }
    tell_name(c, h, h->name, all, n);
    mem_free(all);
}

/* An IPv6 address that stands for a service is of no use where there is no IPv6. */
static bool has_ipv6(const struct model_node *node)
{
    for (uint32_t i = 0; i < node->addr_count; i++) {
        if (node->addrs[i].family == ADDR_IPV6)
            return true;
    }
    return false;
}

static bool is_imported(const struct compile *c, const struct registry_service *s)
{
    bool found = s->port_count == 0;

    for (uint32_t i = 0; i < s->port_count && !found; i++)
        found = compile_sidecar_imports(c, s, s->ports[i].port);
    return found;
}

static void tell_names(struct compile *c, struct compile_host *h)
{
    const struct registry_service *s = h->service;
    const struct compile_host *concrete;
    uint32_t count = s->vip_count;

    if (!is_imported(c, s))
        return;
    /* Allocated ones stand in the order of families. */
    if (s->vip_allocated && count > 1 && s->vips[count - 1].family == ADDR_IPV6 &&
        !has_ipv6(c->node))
        count--;
    concrete = compile_host_concrete(c, h);
    if (concrete && concrete->service->vip_count)
        tell_name(c, h, h->name, concrete->service->vips, concrete->service->vip_count);
    else if (count)
        tell_name(c, h, h->name, s->vips, count);
    else if (s->headless)
        tell_members(c, h);
}

/* ---- a host ---- */

static void take_out(struct compile *c, struct compile_host *h)
{
    for (const struct compile_vip_claim *claim = h->claims; claim; claim = claim->next) {
        if (claim->vip)
            release_vip(&c->vips, claim);
        else if (claim->port)
            multimap_remove(&c->vips.ports, claim->key, h);
        else
            pmap_remove(&c->vips.names, claim->key);
    }
}

static void enter(struct compile *c, struct compile_host *h)
{
    const struct registry_service *s = h->service;

    tell_names(c, h);
    for (uint32_t i = 0; i < s->port_count; i++) {
        const struct registry_port *port = &s->ports[i];
        struct compile_vip *vip;
        char text[8];

        if (port->is_udp || !compile_sidecar_imports(c, s, port->port))
            continue;
        vip = vip_new(h, port);
        for (uint32_t j = 0; j < s->vip_count; j++)
            claim_addr(&c->vips, h, s->vips[j], vip);
        if (s->headless && tcp_of(h, port->port))
            claim_members(c, h, vip);
        vip_unref(vip);
        if (is_by_port(s, port) && tcp_of(h, port->port)) {
            struct compile_vip_claim *claim = add_claim(h, port_key(text, port->port));

            claim->port = port->port;
            multimap_add(&c->vips.ports, claim->key, h);
        }
    }
}

static void release_claims(struct compile_vip_claim *list)
{
    for (; list; list = list->next) {
        if (list->vip)
            vip_unref(list->vip);
    }
}

/* Ports that some service lost or has now are put together again. */
static void build_ports(struct compile *c, const struct compile_vip_claim *list)
{
    for (; list; list = list->next) {
        if (list->port && !list->vip)
            build_port(c, list->port);
    }
}

void compile_vip_follow(struct compile *c, struct compile_host *h)
{
    struct compile_vip_claim *old = h->claims;
    struct arena old_arena = h->claim_arena;

    if (!old && (c->node->is_gateway || !h->service))
        return;
    take_out(c, h);
    h->claims = NULL;
    arena_init(&h->claim_arena, 128);
    if (h->service && !c->node->is_gateway)
        enter(c, h);
    build_ports(c, old);
    build_ports(c, h->claims);
    release_claims(old);
    arena_deinit(&old_arena);
    c->dirty |= COMPILE_PART_VIPS;
}

void compile_vip_forget(struct compile_host *h)
{
    release_claims(h->claims);
    h->claims = NULL;
    arena_deinit(&h->claim_arena);
}
