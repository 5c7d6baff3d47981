#include "core/compile/compile_inbound.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/api/peer_authentication.h"
#include "core/api/workload_selector.h"
#include "core/base/mem.h"
#include "core/compile/compile_action.h"
#include "core/compile/compile_cluster.h"
#include "core/compile/compile_dr.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_peer.h"
#include "core/compile/compile_sidecar.h"
#include "core/compile/compile_tls_server.h"
#include "core/compile/compile_traffic.h"
#include "core/compile/digest.h"
#include "core/tls/tls_config.h"

/* ---- which services are ours ---- */

static bool is_own_workload(const struct compile *c, const struct registry_workload *w)
{
    if (str_eq(w->ns, c->node->ns) && str_eq(w->name, c->node->name))
        return true;
    for (uint32_t i = 0; i < w->addr_count; i++) {
        for (uint32_t j = 0; j < c->node->addr_count; j++) {
            if (!addr_is_loopback(&w->addrs[i]) && addr_eq_ip(&w->addrs[i], &c->node->addrs[j]))
                return true;
        }
    }
    return false;
}

static const struct registry_endpoint *own_endpoint(const struct compile *c, struct str host)
{
    const struct registry_endpoints *set = registry_find_endpoints(c->registry, host);

    for (uint32_t i = 0; set && i < set->count; i++) {
        if (is_own_workload(c, set->list[i].workload))
            return &set->list[i];
    }
    return NULL;
}

static bool is_own(const struct compile *c, const struct registry_service *s)
{
    if (!s || s->external)
        return false;
    if (s->selector_count && str_eq(s->ns, c->node->ns) &&
        workload_selector_is_match(s->selector, s->selector_count, c->labels, c->label_count))
        return true;
    return own_endpoint(c, s->host) != NULL;
}

void compile_inbound_follow(struct compile *c, struct str host)
{
    struct map_slot *slot = map_find(&c->own_hosts, host);
    bool now = is_own(c, registry_find(c->registry, host));

    if (c->node->is_gateway || (!slot && !now))
        return;
    c->dirty |= COMPILE_PART_INBOUND;
    if (slot && !now) {
        char *text = (char *)(uintptr_t)slot->key.p;

        map_remove(&c->own_hosts, host);
        mem_free(text);
    } else if (!slot) {
        map_put(&c->own_hosts, str_make(str_dup(host), host.len), c);
    }
}

void compile_inbound_free(struct compile *c)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->own_hosts, &at));)
        mem_free((char *)(uintptr_t)s->key.p);
    map_deinit(&c->own_hosts);
}

/* ---- ports ---- */

struct inbound_build {
    struct compile *c;
    struct compile_part *part;
    struct compile_inbound *in;
    const struct compile_inbound *old;
    uint32_t cap;
    struct model_telemetry_peer local;
};

static struct model_inbound_port *find_port(struct inbound_build *b, uint16_t port)
{
    for (uint32_t i = 0; i < b->in->model.port_count; i++) {
        if (b->in->model.ports[i].port == port)
            return &b->in->model.ports[i];
    }
    return NULL;
}

/* The first service that says something wins; hosts come in order of names. */
static void add_port(struct inbound_build *b, uint16_t port, uint8_t protocol,
                     const struct registry_service *s)
{
    struct model_inbound_port *p = find_port(b, port);
    struct arena *a = &b->part->arena;

    if (!port)
        return;
    if (!p) {
        struct model_inbound *m = &b->in->model;

        if (m->port_count == b->cap) {
            b->cap = b->cap ? b->cap * 2 : 8;
            m->ports = arena_grow(a, m->ports, m->port_count, b->cap, sizeof(*m->ports));
        }
        p = &m->ports[m->port_count++];
        *p = (struct model_inbound_port){ .port = port, .protocol = protocol };
    }
    if (p->protocol == MODEL_PROTOCOL_AUTO)
        p->protocol = protocol;
    if (s && !p->service_host.len) {
        p->service_host = arena_str(a, s->host);
        p->service_name = arena_str(a, s->name);
        p->service_ns = arena_str(a, s->ns);
    }
}

/* The app port of the command line that a service's port stands for; 0: none. */
static uint16_t told_port(const struct compile_options *o, const struct registry_port *p)
{
    for (uint32_t i = 0; i < o->app_port_count; i++) {
        const struct compile_app_port *told = &o->app_ports[i];

        if (told->port == p->target || told->port == p->port ||
            (told->service_port && told->service_port == p->port))
            return told->port;
    }
    return 0;
}

/* Where our app listens for a port of a service. Told on the command line, it counts: what the
 * registry says is then where others reach us, which may be a port of our own listener. */
static uint16_t app_port(const struct compile *c, const struct registry_service *s, uint32_t index)
{
    const struct registry_endpoint *e = own_endpoint(c, s->host);

    if (c->options.app_port_count)
        return told_port(&c->options, &s->ports[index]);
    return e ? e->ports[index] : s->ports[index].target;
}

static int by_host(const void *a, const void *b)
{
    const struct registry_service *const *sa = a, *const *sb = b;

    return str_cmp((*sa)->host, (*sb)->host);
}

static bool has_ingress(const struct compile *c)
{
    const struct sidecar *sc = compile_sidecar(c);

    return sc && sc->ingress_count;
}

static void add_services(struct inbound_build *b)
{
    const struct registry_service **list =
        mem_alloc0(b->c->own_hosts.count, sizeof(struct registry_service *));
    uint32_t n = 0;
    size_t at = 0;

    for (struct map_slot *slot; (slot = map_next(&b->c->own_hosts, &at));) {
        const struct registry_service *s = registry_find(b->c->registry, slot->key);

        if (s)
            list[n++] = s;
    }
    if (n > 1)
        qsort(list, n, sizeof(*list), by_host);
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < list[i]->port_count; j++) {
            uint16_t port = app_port(b->c, list[i], j);

            if (!list[i]->ports[j].is_udp && (!has_ingress(b->c) || find_port(b, port)))
                add_port(b, port, list[i]->ports[j].protocol, list[i]);
        }
    }
    mem_free(list);
}

/* A Sidecar that lists listeners lists all; services then only say whose they are. */
static void add_ingress(struct inbound_build *b)
{
    const struct sidecar *sc = compile_sidecar(b->c);

    for (size_t i = 0; sc && i < sc->ingress_count; i++) {
        const struct sidecar_port *port = sc->ingress[i].port;

        add_port(b, (uint16_t)port->number,
                 registry_service_protocol(port->protocol, port->name, (uint16_t)port->number),
                 NULL);
    }
}

static void add_app_ports(struct inbound_build *b)
{
    const struct compile_options *o = &b->c->options;

    for (uint32_t i = 0; i < o->app_port_count; i++)
        add_port(b, o->app_ports[i].port, o->app_ports[i].protocol, NULL);
}

/* ---- clusters ---- */

/* Where the app listens: beside us, unless an ingress listener says otherwise. An address for all,
 * or none, means that of the workload. */
static struct addr app_addr(const struct compile *c, uint16_t port)
{
    const struct sidecar_ingress *in = compile_sidecar_ingress(c, port);
    struct addr at = { .family = ADDR_IPV4, .ip = { 127, 0, 0, 1 }, .port = port };
    struct str text = in ? in->default_endpoint : STR_NONE;
    uint64_t number;
    ptrdiff_t colon;

    if (!in)
        return at;
    if (str_starts(text, STR("unix://"))) {
        struct arena a;

        arena_init(&a, 128);
        (void)addr_parse(arena_printf(&a, "unix:%.*s", STR_ARG(str_skip(text, 7))), 0, &at);
        arena_deinit(&a);
        return at;
    }
    if (addr_parse(text, 0, &at) == 0 && addr_is_loopback(&at))
        return at;
    if (c->node->addr_count)
        at = c->node->addrs[0];
    at.port = port;
    colon = str_rchr(text, ':');
    if (colon >= 0 && str_to_u64(str_skip(text, (size_t)colon + 1), 65535, &number) == 0)
        at.port = (uint16_t)number;
    return at;
}

static struct model_endpoints *app_endpoint(const struct compile *c, uint16_t port)
{
    struct model_endpoints *set = compile_cluster_new_endpoints();
    char text[ADDR_TEXT_MAX];

    set->list = arena_alloc0(&set->arena, 1, sizeof(*set->list));
    set->count = 1;
    set->weight_total = 1;
    set->list[0] = (struct model_endpoint){
        .addr = app_addr(c, port),
        .port = port,
        .weight = 1,
        .healthy = true,
    };
    set->hash = digest_str(0, str_of(addr_format(&set->list[0].addr, text)));
    return set;
}

static const struct traffic_policy_pool *sidecar_pool(const struct compile *c, uint16_t port)
{
    const struct sidecar_ingress *in = compile_sidecar_ingress(c, port);
    const struct sidecar *sc = compile_sidecar(c);

    if (in && in->pool)
        return in->pool;
    return sc ? sc->inbound_pool : NULL;
}

/* DR-8: of a DestinationRule only the connection pool counts on the way in, and a Sidecar's before
 * it; one counts, they are not merged. */
static void set_limits(struct inbound_build *b, const struct model_inbound_port *p,
                       struct model_cluster_config *config)
{
    const struct registry_service *s =
        p->service_host.len ? registry_find(b->c->registry, p->service_host) : NULL;
    const struct traffic_policy_pool *pool = sidecar_pool(b->c, p->port);
    struct compile_dr_result dr = { 0 };
    struct compile_dr_policy policy;
    struct arena a;

    arena_init(&a, 256);
    if (s)
        compile_dr_find(b->c, s->host, s->ns, &a, &dr);
    policy = compile_dr_policy_of(&dr, NULL, p->port);
    pool = pool ? pool : policy.pool;
    compile_traffic_limits(b->c, pool, &config->limits);
    config->client_protocol = pool && pool->http && pool->http->use_client_protocol;
    arena_deinit(&a);
}

static struct model_cluster *keep(struct inbound_build *b, struct model_cluster_config *config,
                                  struct model_endpoints *set)
{
    struct model_cluster *made = NULL;

    for (uint32_t i = 0; b->old && i < b->old->cluster_count && !made; i++) {
        struct model_cluster *was = b->old->clusters[i];

        if (str_eq(was->config->name, config->name) && was->config->hash == config->hash)
            made = model_cluster_ref(was);
    }
    if (made) {
        model_cluster_config_unref(config);
        model_endpoints_unref(set);
    } else {
        made = model_cluster_new(config, set);
        compile_list_put(&b->c->clusters, made);
        b->c->dirty |= COMPILE_PART_CLUSTERS;
    }
    compile_part_cluster(b->part, made);
    model_cluster_unref(made); /* the part's reference stays */
    b->in->clusters[b->in->cluster_count++] = made;
    return made;
}

static void make_cluster(struct inbound_build *b, struct model_inbound_port *p)
{
    struct model_cluster_config *config;
    struct model_endpoints *set;
    char name[32];

    (void)snprintf(name, sizeof(name), "inbound|%u||", p->port);
    config = compile_cluster_new_config(str_of(name), MODEL_CLUSTER_APP);
    config->port = p->port;
    config->protocol = p->protocol;
    config->tls_mode = MODEL_TLS_DISABLE;
    config->host = config->service_host = arena_str(&config->arena, p->service_host);
    config->service_name = arena_str(&config->arena, p->service_name);
    config->service_ns = arena_str(&config->arena, p->service_ns);
    set_limits(b, p, config);
    config->hash = digest_u64(digest_str(1, p->service_host), p->protocol);
    config->hash = compile_traffic_digest(config->hash, config);
    set = app_endpoint(b->c, p->port);
    config->hash = digest_u64(config->hash, set->hash);
    config->is_inbound = !addr_is_loopback(&set->list[0].addr);
    p->cluster = keep(b, config, set);
}

static void make_other(struct inbound_build *b)
{
    struct model_inbound_port *p = arena_alloc0(&b->part->arena, 1, sizeof(*p));
    struct model_cluster_config *config =
        compile_cluster_new_config(STR("InboundPassthroughCluster"), MODEL_CLUSTER_ORIGINAL_DST);

    config->tls_mode = MODEL_TLS_DISABLE;
    config->is_inbound = true;
    compile_traffic_limits(b->c, NULL, &config->limits);
    config->hash = 1;
    p->cluster = keep(b, config, compile_cluster_new_endpoints());
    b->in->model.other = p;
}

static void drop_tls(void *ptr)
{
    tls_config_unref(ptr);
}

static void set_own_tls(struct inbound_build *b, struct model_inbound_port *p)
{
    const struct sidecar_ingress *in = compile_sidecar_ingress(b->c, p->port);
    struct arena a;

    p->own_tls = in && in->tls;
    if (!p->own_tls)
        return;
    arena_init(&a, 4096);
    if (compile_tls_server(b->c, b->c->sidecar, in->tls, p->protocol == MODEL_PROTOCOL_HTTPS,
                           &p->tls, &a) == 0)
        compile_part_hold(b->part, drop_tls, p->tls);
    else
        p->tls = NULL;
    arena_deinit(&a);
}

static void settle(struct inbound_build *b, struct model_inbound_port *p)
{
    struct compile *c = b->c;

    set_own_tls(b, p);
    p->mtls = compile_peer_mode(c, c->node->ns, c->labels, c->label_count, p->port);
    p->local = b->local;
    p->authz = c->authz;
    p->jwt = c->jwt;
}

/* MT-9: a port that is told a mode has it without a Service, too. */
static void add_policy_ports(struct inbound_build *b)
{
    const struct compile *c = b->c;
    const struct peer_authentication *own =
        compile_peer_own(c, c->node->ns, c->labels, c->label_count);

    for (size_t i = 0; own && i < own->ports_count; i++) {
        uint64_t number;

        if (str_to_u64(own->ports[i].key, 65535, &number) != 0 || find_port(b, (uint16_t)number))
            continue;
        add_port(b, (uint16_t)number, MODEL_PROTOCOL_AUTO, NULL);
        if (find_port(b, (uint16_t)number)) {
            find_port(b, (uint16_t)number)->cluster = b->in->model.other->cluster;
            settle(b, find_port(b, (uint16_t)number));
        }
    }
}

/* ---- the whole ---- */

static void describe_self(struct inbound_build *b)
{
    const struct model_node *n = b->c->node;
    struct arena *a = &b->part->arena;

    b->local = (struct model_telemetry_peer){
        .workload = arena_str(a, n->workload_name),
        .ns = arena_str(a, n->ns),
        .app = arena_str(a, n->app),
        .version = arena_str(a, n->version),
        .cluster = arena_str(a, n->cluster_id),
        .canonical_service = arena_str(a, n->canonical_service),
        .canonical_revision = arena_str(a, n->canonical_revision),
    };
    if (n->service_account.len && b->c->trust_domain.len)
        b->local.principal =
            arena_printf(a, "spiffe://%.*s/ns/%.*s/sa/%.*s", STR_ARG(b->c->trust_domain),
                         STR_ARG(n->ns), STR_ARG(n->service_account));
}

static int by_port(const void *a, const void *b)
{
    const struct model_inbound_port *pa = a, *pb = b;

    return (int)pa->port - (int)pb->port;
}

static void drop_jwt(void *ptr)
{
    model_jwt_unref(ptr);
}

static void drop_authz(void *ptr)
{
    model_authz_unref(ptr);
}

/* Clusters of ports that are no more. */
static void forget_old(struct inbound_build *b)
{
    for (uint32_t i = 0; b->old && i < b->old->cluster_count; i++) {
        struct str name = b->old->clusters[i]->config->name;
        bool stays = false;

        for (uint32_t j = 0; j < b->in->cluster_count; j++)
            stays |= str_eq(b->in->clusters[j]->config->name, name);
        if (stays)
            continue;
        compile_list_remove(&b->c->clusters, name);
        b->c->dirty |= COMPILE_PART_CLUSTERS;
    }
}

struct compile_part *compile_inbound_build(struct compile *c, const struct compile_part *old)
{
    struct compile_part *part = compile_part_new();
    struct inbound_build b = { .c = c, .part = part, .old = old ? old->data : NULL };
    struct model_inbound *m;

    b.in = arena_alloc0(&part->arena, 1, sizeof(*b.in));
    part->data = b.in;
    m = &b.in->model;
    m->retry = compile_action_retry_inbound(c->mesh->config.default_inbound_http_retry_policy,
                                            &part->arena);
    describe_self(&b);
    add_ingress(&b);
    add_app_ports(&b);
    add_services(&b);
    b.in->clusters = arena_alloc0(&part->arena, m->port_count + 1, sizeof(struct model_cluster *));
    for (uint32_t i = 0; i < m->port_count; i++) {
        make_cluster(&b, &m->ports[i]);
        settle(&b, &m->ports[i]);
    }
    make_other(&b);
    settle(&b, m->other);
    add_policy_ports(&b);
    if (m->port_count > 1)
        qsort(m->ports, m->port_count, sizeof(*m->ports), by_port);
    if (c->authz)
        compile_part_hold(part, drop_authz, model_authz_ref(c->authz));
    if (c->jwt)
        compile_part_hold(part, drop_jwt, model_jwt_ref(c->jwt));
    forget_old(&b);
    return part;
}
