#include "core/compile/compile.h"

#include <stdarg.h>
#include <string.h>

#include "core/api/workload_selector.h"
#include "core/base/mem.h"
#include "core/compile/compile_authz.h"
#include "core/compile/compile_cluster.h"
#include "core/compile/compile_dr.h"
#include "core/compile/compile_files.h"
#include "core/compile/compile_gateway.h"
#include "core/compile/compile_gateway_host.h"
#include "core/compile/compile_gwapi.h"
#include "core/compile/compile_gwapi_mesh.h"
#include "core/compile/compile_gwapi_policy.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_inbound.h"
#include "core/compile/compile_ingress.h"
#include "core/compile/compile_jwt.h"
#include "core/compile/compile_locality.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_part.h"
#include "core/compile/compile_peers.h"
#include "core/compile/compile_sidecar.h"
#include "core/compile/compile_snapshot.h"
#include "core/compile/compile_table.h"
#include "core/compile/compile_telemetry.h"
#include "core/compile/compile_traffic.h"
#include "core/compile/compile_vip.h"
#include "core/compile/compile_vs.h"
#include "core/loop/clock.h"
#include "core/pki/pki_trust.h"

/* ---- shared helpers, compile_state.h ---- */

struct str compile_pair(struct str ns, struct str name, struct arena *a)
{
    return arena_printf(a, "%.*s/%.*s", STR_ARG(ns), STR_ARG(name));
}

struct str compile_full_host(const struct compile *c, struct str host, struct str ns,
                             struct arena *a)
{
    struct addr ip;

    if (host.len && host.p[host.len - 1] == '.')
        host.len--;
    if (host.len == 0 || host.p[0] == '*' || str_chr(host, '.') >= 0 ||
        addr_parse_ip(host, &ip) == 0)
        return arena_lower(a, host);
    host =
        arena_printf(a, "%.*s.%.*s.svc.%.*s", STR_ARG(host), STR_ARG(ns), STR_ARG(c->dns_domain));
    return arena_lower(a, host);
}

bool compile_has_labels(const struct compile *c, const struct field_pair *want, size_t count)
{
    return workload_selector_is_match(want, count, c->labels, c->label_count);
}

struct model_source compile_source(const struct object *o, int line, struct arena *a)
{
    int at = line > 0 ? line : o->line;

    return (struct model_source){
        .kind = str_of(o->kind->kind),
        .ns = arena_str(a, o->ns),
        .name = arena_str(a, o->name),
        .file = arena_str(a, str_of(o->file)),
        .line = at > 0 ? (uint32_t)at : 0,
    };
}

/* One table a port is made from a rule, and each would say the same. */
static bool was_said(const struct diag *d, const struct diag_pos *pos, struct str object,
                     struct str message)
{
    for (const struct diag_item *i = d->first; i; i = i->next) {
        if (i->pos.line == pos->line && str_eq(i->message, message) && str_eq(i->object, object))
            return true;
    }
    return false;
}

struct diag_item *compile_warn(const struct compile *c, const struct object *o, struct field_at at,
                               const char *code, const char *path, const char *fmt, ...)
{
    struct diag_pos pos = { .file = o->file,
                            .line = at.line > 0 ? at.line : o->line,
                            .col = at.line > 0 ? at.col : o->col };
    struct diag *d = c->diag;
    struct diag_item *item = NULL;
    struct arena a;
    struct str message, title;
    va_list ap;

    if (!d)
        return NULL;
    arena_init(&a, 512);
    va_start(ap, fmt);
    message = arena_vprintf(&a, fmt, ap);
    va_end(ap);
    title = object_title(o, &a);
    if (!was_said(d, &pos, title, message)) {
        item = diag_add(d, DIAG_WARNING, code, &pos, str_of(path), "%.*s", STR_ARG(message));
        item->object = arena_str(&d->arena, title);
    }
    arena_deinit(&a);
    return item;
}

bool compile_is_same_object(const struct object *a, const struct object *b)
{
    return a->content_hash == b->content_hash && a->line == b->line &&
           str_eq(str_of(a->file), str_of(b->file)) &&
           a->meta->created.value == b->meta->created.value;
}

/* ---- objects of other kinds ---- */

static struct str object_key_in(uint16_t kind, struct str ns, struct str name, struct arena *a)
{
    return arena_printf(a, "%u/%.*s/%.*s", kind, STR_ARG(ns), STR_ARG(name));
}

const struct object *compile_find_object(const struct compile *c, uint16_t kind, struct str ns,
                                         struct str name)
{
    struct arena a;
    const struct compile_object *co;

    arena_init(&a, 256);
    co = map_get(&c->objects, object_key_in(kind, ns, name, &a));
    arena_deinit(&a);
    return co ? co->object : NULL;
}

void compile_each_object(const struct compile *c, uint16_t kind,
                         void (*each)(void *arg, const struct object *o), void *arg)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->objects, &at));) {
        const struct compile_object *co = s->value;

        if (co->object->kind->id == kind)
            each(arg, co->object);
    }
}

/* Which mTLS mode endpoints have depends on policies of their namespace, or of the whole mesh. */
static void mark_peer_auth(struct compile *c, const struct object *o)
{
    size_t at = 0;

    c->dirty |= COMPILE_PART_INBOUND;
    for (struct map_slot *s; (s = map_next(&c->hosts, &at));) {
        const struct compile_host *h = s->value;

        if (h->service && (str_eq(o->ns, c->root_ns) || str_eq(o->ns, h->service->ns)))
            compile_host_mark(c, h->name, COMPILE_DIRTY_CLUSTERS);
    }
}

static void mark_secret(struct compile *c, const struct object *o)
{
    const struct multimap_list *l;
    struct arena a;

    arena_init(&a, 256);
    l = multimap_get(&c->secret_users, compile_pair(o->ns, o->name, &a));
    for (uint32_t i = 0; l && i < l->count; i++)
        compile_host_mark(c, ((const struct compile_host *)l->items[i])->name,
                          COMPILE_DIRTY_CLUSTERS);
    arena_deinit(&a);
    if (c->node->is_gateway)
        c->dirty |= COMPILE_PART_GATEWAY;
}

static void mark_object(struct compile *c, struct object *o, bool add)
{
    if (compile_mesh_reads(c, o))
        c->dirty |= COMPILE_PART_MESH;
    switch (o->kind->id) {
    case API_KIND_PEER_AUTHENTICATION:
        if (add)
            multimap_add(&c->peer_auths, o->ns, o);
        else
            multimap_remove(&c->peer_auths, o->ns, o);
        mark_peer_auth(c, o);
        return;
    case API_KIND_AUTHORIZATION_POLICY:
    case API_KIND_REQUEST_AUTHENTICATION:
        c->dirty |= COMPILE_PART_AUTHZ;
        return;
    case API_KIND_TELEMETRY:
        c->dirty |= COMPILE_PART_TELEMETRY;
        return;
    case API_KIND_GATEWAY:
        if (c->node->is_gateway)
            c->dirty |= COMPILE_PART_GATEWAY;
        return;
    case API_KIND_SIDECAR:
        c->dirty |= COMPILE_PART_SIDECAR;
        return;
    case API_KIND_SECRET:
    case API_KIND_CONFIG_MAP:
        mark_secret(c, o);
        return;
    default:
        compile_gwapi_policy_follow(c, o, add);
        if (!c->node->is_gateway)
            compile_gwapi_mesh_follow(c, o, add);
        else if (compile_gwapi_wants(o->kind->id) || compile_ingress_wants(o->kind->id) ||
                 o->kind->id == API_KIND_NAMESPACE)
            c->dirty |= COMPILE_PART_GATEWAY;
        return;
    }
}

static void drop_object(struct compile *c, struct compile_object *co)
{
    map_remove(&c->objects, co->key);
    mark_object(c, co->object, false);
    object_unref(co->object);
    mem_free(co);
}

static void put_object(struct compile *c, struct object *o)
{
    struct compile_object *co, *old;
    struct arena a;
    struct str key;

    arena_init(&a, 256);
    key = object_key_in(o->kind->id, o->ns, o->name, &a);
    old = map_get(&c->objects, key);
    if (!old || !compile_is_same_object(old->object, o)) {
        if (old)
            drop_object(c, old);
        co = mem_alloc_flex(sizeof(*co), key.len + 1, 1);
        memcpy(co + 1, key.p, key.len);
        co->key = str_make(co + 1, key.len);
        co->object = object_ref(o);
        map_put(&c->objects, co->key, co);
        mark_object(c, o, true);
    }
    arena_deinit(&a);
}

static void remove_object(struct compile *c, uint16_t kind, struct str ns, struct str name)
{
    struct compile_object *co;
    struct arena a;

    arena_init(&a, 256);
    co = map_get(&c->objects, object_key_in(kind, ns, name, &a));
    if (co)
        drop_object(c, co);
    arena_deinit(&a);
}

/* ---- changes ---- */

void compile_put(struct compile *c, struct object *o)
{
    if (registry_wants(o->kind->id))
        registry_put(c->registry, o);
    else if (o->kind->id == API_KIND_VIRTUAL_SERVICE)
        compile_vs_put(c, o);
    else if (o->kind->id == API_KIND_DESTINATION_RULE)
        compile_dr_put(c, o);
    else
        put_object(c, o);
}

void compile_remove(struct compile *c, uint16_t kind, struct str ns, struct str name)
{
    if (registry_wants(kind))
        registry_remove(c->registry, kind, ns, name);
    else if (kind == API_KIND_VIRTUAL_SERVICE)
        compile_vs_remove(c, ns, name);
    else if (kind == API_KIND_DESTINATION_RULE)
        compile_dr_remove(c, ns, name);
    else
        remove_object(c, kind, ns, name);
}

int compile_put_address(struct compile *c, struct str resource_name, struct str bytes)
{
    return registry_put_address(c->registry, resource_name, bytes);
}

void compile_remove_address(struct compile *c, struct str resource_name)
{
    registry_remove_address(c->registry, resource_name);
}

/* ---- life ---- */

static void copy_options(struct compile *c, const struct compile_options *from)
{
    struct compile_options *to = &c->options;
    struct compile_listener *listeners;

    *to = *from;
    listeners = arena_dup(&c->arena, from->listeners, from->listener_count * sizeof(*listeners));
    for (uint32_t i = 0; i < from->listener_count; i++)
        listeners[i].name = arena_str(&c->arena, listeners[i].name);
    to->listeners = listeners;
    to->app_ports =
        arena_dup(&c->arena, from->app_ports, from->app_port_count * sizeof(*from->app_ports));
    to->port_maps =
        arena_dup(&c->arena, from->port_maps, from->port_map_count * sizeof(*from->port_maps));
    to->settings.trust_domain = arena_str(&c->arena, from->settings.trust_domain);
    to->settings.root_namespace = arena_str(&c->arena, from->settings.root_namespace);
    to->settings.access_log.path = arena_str(&c->arena, from->settings.access_log.path);
    to->settings.access_log.format = arena_str(&c->arena, from->settings.access_log.format);
    to->settings.http.server = arena_str(&c->arena, from->settings.http.server);
    if (!to->settings.connect_timeout_ms)
        to->settings.connect_timeout_ms = 10000;
}

static void copy_labels(struct compile *c)
{
    c->labels = arena_alloc0(&c->arena, c->node->label_count, sizeof(*c->labels));
    for (uint32_t i = 0; i < c->node->label_count; i++)
        c->labels[c->label_count++] =
            (struct field_pair){ c->node->labels[i].name, c->node->labels[i].value };
}

static struct model_cluster *fixed_cluster(struct compile *c, const char *name, uint8_t type)
{
    struct model_cluster_config *config = compile_cluster_new_config(str_of(name), type);

    config->tls_mode = MODEL_TLS_DISABLE;
    config->hash = 1;
    compile_traffic_limits(c, NULL, &config->limits);
    return model_cluster_new(config, model_endpoints_ref(c->no_endpoints));
}

struct compile *compile_new(const struct compile_options *options)
{
    struct compile *c = mem_alloc0(1, sizeof(*c));
    struct registry_options registry = { 0 };

    arena_init(&c->arena, 1024);
    c->node = options->node;
    copy_options(c, options);
    copy_labels(c);
    c->dns_domain = c->node->dns_domain.len ? c->node->dns_domain : STR("cluster.local");
    c->config_ns = c->options.settings.root_namespace.len ? c->options.settings.root_namespace
                                                          : STR("istio-system");
    c->root_ns = c->config_ns;
    c->trust_domain = c->options.settings.trust_domain.len ? c->options.settings.trust_domain
                      : c->node->trust_domain.len          ? c->node->trust_domain
                                                           : STR("cluster.local");
    registry.dns_domain = c->dns_domain;
    registry.node_ns = c->node->ns;
    registry.cluster_id = c->node->cluster_id;
    registry.trust_domain = c->trust_domain;
    c->registry = registry_new(&registry);
    compile_mesh_run(c);
    compile_vip_init(&c->vips);
    compile_peers_init(&c->peers);
    c->no_endpoints = compile_cluster_new_endpoints();
    c->passthrough = fixed_cluster(c, "PassthroughCluster", MODEL_CLUSTER_ORIGINAL_DST);
    c->blackhole = fixed_cluster(c, "BlackHoleCluster", MODEL_CLUSTER_BLACKHOLE);
    c->by_name = fixed_cluster(c, "DynamicDnsCluster", MODEL_CLUSTER_DYNAMIC);
    compile_list_put(&c->clusters, c->by_name);
    compile_list_put(&c->clusters, c->passthrough);
    compile_list_put(&c->clusters, c->blackhole);
    return c;
}

void compile_free(struct compile *c)
{
    size_t at = 0;

    if (!c)
        return;
    snapshot_unref(c->last);
    compile_table_free_all(c);
    compile_host_free_all(c);
    compile_vs_free_all(c);
    compile_dr_free_all(c);
    compile_inbound_free(c);
    compile_list_deinit(&c->clusters);
    for (struct map_slot *s; (s = map_next(&c->objects, &at));) {
        struct compile_object *co = s->value;

        object_unref(co->object);
        mem_free(co);
    }
    map_deinit(&c->objects);
    multimap_deinit(&c->aliases);
    multimap_deinit(&c->users);
    multimap_deinit(&c->secret_users);
    compile_files_free(c);
    multimap_deinit(&c->peer_auths);
    multimap_deinit(&c->service_routes);
    multimap_deinit(&c->service_policies);
    compile_vip_deinit(&c->vips);
    object_unref(c->sidecar);
    compile_part_unref(c->inbound);
    compile_part_unref(c->gateway);
    compile_peers_deinit(&c->peers);
    compile_part_unref(c->telemetry);
    model_authz_unref(c->authz);
    model_cluster_unref(c->by_name);
    model_jwt_unref(c->jwt);
    model_cluster_unref(c->passthrough);
    model_cluster_unref(c->blackhole);
    model_endpoints_unref(c->no_endpoints);
    pki_trust_unref(c->system_trust);
    registry_free(c->registry);
    compile_mesh_free(c->mesh);
    arena_deinit(&c->arena);
    mem_free(c);
}

/* ---- run ---- */

static void on_host(void *arg, struct str host, uint32_t what)
{
    struct compile *c = arg;
    uint32_t dirty = COMPILE_DIRTY_CLUSTERS;

    if (what & REGISTRY_CHANGED_SERVICE)
        dirty |= COMPILE_DIRTY_ROUTES;
    compile_host_mark(c, host, dirty);
    compile_inbound_follow(c, host);
}

static void follow_jwt(struct compile *c, uint32_t users)
{
    struct model_jwt *now = compile_jwt_build(c);
    bool same = now && c->jwt ? now->hash == c->jwt->hash : now == c->jwt;

    if (!same)
        c->dirty |= users;
    model_jwt_unref(same ? now : c->jwt);
    c->jwt = same ? c->jwt : now;
}

static void build_parts(struct compile *c)
{
    bool is_gateway = c->node->is_gateway;

    if (!c->telemetry || c->dirty & COMPILE_PART_TELEMETRY) {
        compile_part_unref(c->telemetry);
        c->telemetry = compile_telemetry_build(c);
    }
    if (c->dirty & COMPILE_PART_AUTHZ || !c->last) {
        struct model_authz *now = compile_authz_build(c);
        bool same = now && c->authz ? now->hash == c->authz->hash : now == c->authz;

        if (!same)
            c->dirty |= is_gateway ? COMPILE_PART_GATEWAY : COMPILE_PART_INBOUND;
        model_authz_unref(same ? now : c->authz);
        c->authz = same ? c->authz : now;
        follow_jwt(c, is_gateway ? COMPILE_PART_GATEWAY : COMPILE_PART_INBOUND);
    }
    if (!is_gateway && (!c->inbound || c->dirty & COMPILE_PART_INBOUND)) {
        struct compile_part *old = c->inbound;

        c->inbound = compile_inbound_build(c, old);
        compile_part_unref(old);
    }
    if (is_gateway && (!c->gateway || c->dirty & COMPILE_PART_GATEWAY)) {
        struct compile_part *old = c->gateway;

        c->gateway = compile_gateway_build(c, old);
        compile_part_unref(old);
    }
}

void compile_run(struct compile *c, struct diag *d, struct snapshot **out)
{
    uint64_t start = clock_ns();

    *out = NULL;
    c->diag = d;
    c->stats = (struct compile_stats){ 0 };
    compile_mesh_run(c);
    registry_run(c->registry, on_host, c);
    compile_locality_follow(c);
    compile_peers_follow(c);
    compile_sidecar_follow(c);
    compile_host_run(c);
    compile_table_run(c);
    build_parts(c);
    if (!c->last || c->dirty) {
        struct snapshot *s = compile_snapshot_build(c);

        snapshot_unref(c->last);
        c->last = s;
        *out = snapshot_ref(s);
    }
    c->dirty = 0;
    c->diag = NULL;
    c->stats.parts = c->last->cluster_count + c->last->table_count;
    c->stats.duration_us = (clock_ns() - start) / 1000;
}

struct missing {
    const struct compile *c;
    void (*each)(void *arg, struct str host);
    void *arg;
};

static void tell_missing(void *arg, struct str host)
{
    const struct missing *m = arg;

    if (host.p[0] != '*' && !registry_find(m->c->registry, host))
        m->each(m->arg, host);
}

void compile_missing_hosts(const struct compile *c, void (*each)(void *arg, struct str host),
                           void *arg)
{
    struct missing m = { c, each, arg };
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->users.map, &at));)
        tell_missing(&m, s->key);
    if (c->gateway)
        compile_gateway_host_each_use(c->gateway->data, tell_missing, &m);
    at = 0;
    for (struct map_slot *s;
         c->gateway && (s = map_next(&((struct compile_gateway *)c->gateway->data)->uses, &at));)
        tell_missing(&m, s->key);
}

void compile_last_stats(const struct compile *c, struct compile_stats *out)
{
    *out = c->stats;
}

const struct registry *compile_registry(const struct compile *c)
{
    return c->registry;
}
