#include "core/compile/compile_ingress.h"

#include <stdlib.h>

#include "core/api/api_check.h"
#include "core/api/k8s_ingress.h"
#include "core/base/mem.h"
#include "core/compile/compile_gwapi_world.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/digest.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

/* Where a path of a host leads, or the default of an Ingress (path NULL). */
struct entry {
    struct str host;
    const struct object *owner;
    const struct k8s_ingress_path *path;
    const struct k8s_ingress_backend *backend;
    bool is_exact;
    struct str text; /* of the path, as it is compared */
    uint32_t order;  /* in which they came */
};

struct build {
    struct compile *c;
    struct arena *a;
    const struct object **list; /* ours, oldest first; heap */
    size_t count, cap;
    struct entry *entries;
    uint32_t entry_count;
    struct compile_ingress *out;
};

/* ---- which are ours ---- */

bool compile_ingress_wants(uint16_t kind)
{
    return kind == API_KIND_INGRESS || kind == API_KIND_INGRESS_CLASS;
}

bool compile_ingress_is_ours(const struct compile_gwapi_world *w, const struct mesh_config *m,
                             const struct object *o)
{
    struct str said = object_meta_annotation(o->meta, STR(K8S_INGRESS_ANNOTATION));
    const struct k8s_ingress *spec = o->spec;
    const struct object *class;

    if (m->ingress_controller_mode == MESH_CONFIG_INGRESS_MODE_OFF)
        return false;
    if (said.p) /* the old way goes first */
        return str_eq(said, m->ingress_class.len ? m->ingress_class : STR("istio"));
    if (!spec->class_name.len)
        return m->ingress_controller_mode == MESH_CONFIG_INGRESS_MODE_DEFAULT;
    class = w->find(w->arg, API_KIND_INGRESS_CLASS, STR(""), spec->class_name);
    return class && str_is(((const struct k8s_ingress_class *)class->spec)->controller,
                           COMPILE_INGRESS_CONTROLLER);
}

struct pick {
    struct build *b;
    const struct compile_gwapi_world *w;
    const struct mesh_config *m;
};

static void pick_one(void *arg, const struct object *o)
{
    const struct pick *p = arg;
    struct build *b = p->b;

    if (!compile_ingress_is_ours(p->w, p->m, o))
        return;
    if (b->count == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 8;
        b->list = mem_resize(b->list, b->cap, sizeof(*b->list));
    }
    b->list[b->count++] = o;
}

static void pick_all(struct build *b, const struct compile_gwapi_world *w,
                     const struct mesh_config *m)
{
    struct pick p = { b, w, m };

    w->each(w->arg, API_KIND_INGRESS, pick_one, &p);
    if (b->count > 1)
        qsort(b->list, b->count, sizeof(*b->list), object_by_age);
}

static bool is_for_us(const struct compile *c, const struct mesh_config *m)
{
    struct field_pair want = { STR("istio"), m->ingress_selector.len  ? m->ingress_selector
                                             : m->ingress_service.len ? m->ingress_service
                                                                      : STR("ingressgateway") };

    return compile_has_labels(c, &want, 1);
}

/* A name with a prefix would mean a Secret of any namespace. */
static bool has_secret(const struct k8s_ingress_tls *tls)
{
    return api_check_is_subdomain(tls->secret_name);
}

void compile_ingress_each_secret(const struct compile_gwapi_world *w, const struct mesh_config *m,
                                 void (*each)(void *arg, struct str ns, struct str name), void *arg)
{
    struct build b = { 0 };

    pick_all(&b, w, m);
    for (size_t i = 0; i < b.count; i++) {
        const struct k8s_ingress *spec = b.list[i]->spec;

        for (size_t j = 0; j < spec->tls_count; j++)
            if (has_secret(&spec->tls[j]))
                each(arg, b.list[i]->ns, spec->tls[j].secret_name);
    }
    mem_free(b.list);
}

/* ---- servers ---- */

static struct istio_gateway_server *add_server(struct build *b, const struct object *o,
                                               uint32_t index, struct field_at at, uint16_t port,
                                               const char *protocol)
{
    struct compile_ingress_server *s = &b->out->servers[b->out->server_count++];

    *s = (struct compile_ingress_server){ .owner = o, .index = index };
    s->spec.at = at;
    s->spec.port = arena_alloc0(b->a, 1, sizeof(*s->spec.port));
    s->spec.port->number = port;
    s->spec.port->protocol = str_of(protocol);
    s->spec.port->name = arena_printf(b->a, "%s-%u-ingress-%.*s-%.*s-%u", protocol, port,
                                      STR_ARG(o->name), STR_ARG(o->ns), index);
    return &s->spec;
}

static bool is_taken(const struct build *b, struct str host)
{
    for (uint32_t i = 0; i < b->out->server_count; i++) {
        const struct istio_gateway_server *s = &b->out->servers[i].spec;

        for (size_t j = 0; s->tls && j < s->hosts_count; j++)
            if (str_eq(s->hosts[j], host))
                return true;
    }
    return false;
}

/* Several Ingresses of a host name its certificate each: the oldest one's counts. */
static void add_tls(struct build *b, const struct object *o, uint32_t index)
{
    const struct k8s_ingress_tls *tls = &((const struct k8s_ingress *)o->spec)->tls[index];
    struct str *hosts = arena_alloc0(b->a, tls->hosts_count + 1, sizeof(*hosts));
    struct istio_gateway_server *s;
    size_t n = 0;

    if (!has_secret(tls))
        return;
    for (size_t i = 0; i < tls->hosts_count; i++)
        if (!is_taken(b, tls->hosts[i]))
            hosts[n++] = tls->hosts[i];
    if (tls->hosts_count == 0 && !is_taken(b, STR("*")))
        hosts[n++] = STR("*");
    if (n == 0)
        return;
    s = add_server(b, o, index + 1, tls->at, HTTPS_PORT, "HTTPS");
    s->hosts = hosts;
    s->hosts_count = n;
    s->tls = arena_alloc0(b->a, 1, sizeof(*s->tls));
    s->tls->at = tls->at;
    s->tls->mode = ISTIO_GATEWAY_TLS_SIMPLE;
    /* Kubernetes looks into the Ingress's namespace, Istio into the gateway's. */
    s->tls->credential_name = compile_find_object(b->c, API_KIND_SECRET, o->ns, tls->secret_name)
                                  ? arena_printf(b->a, "kubernetes-gateway://%.*s/%.*s",
                                                 STR_ARG(o->ns), STR_ARG(tls->secret_name))
                                  : tls->secret_name;
}

static void add_servers(struct build *b)
{
    struct istio_gateway_server *plain;
    size_t room = 1;

    for (size_t i = 0; i < b->count; i++)
        room += ((const struct k8s_ingress *)b->list[i]->spec)->tls_count;
    b->out->servers = arena_alloc0(b->a, room, sizeof(*b->out->servers));
    plain = add_server(b, b->list[0], 0, (struct field_at){ 0 }, HTTP_PORT, "HTTP");
    plain->hosts = arena_alloc0(b->a, 1, sizeof(*plain->hosts));
    plain->hosts[plain->hosts_count++] = STR("*");
    for (size_t i = 0; i < b->count; i++)
        for (uint32_t j = 0; j < ((const struct k8s_ingress *)b->list[i]->spec)->tls_count; j++)
            add_tls(b, b->list[i], j);
}

/* ---- paths ---- */

static struct entry *add_entry(struct build *b, const struct object *o, struct str host,
                               const struct k8s_ingress_path *path,
                               const struct k8s_ingress_backend *backend)
{
    struct entry *e = &b->entries[b->entry_count];

    *e = (struct entry){ .host = host.len ? arena_lower(b->a, host) : STR("*"),
                         .owner = o,
                         .path = path,
                         .backend = backend,
                         .order = b->entry_count++ };
    return e;
}

static struct str cut_end(struct str s, struct str end)
{
    return str_ends(s, end) ? str_head(s, s.len - end.len) : s;
}

static void read_path(struct entry *e)
{
    struct str all = e->path->path;

    e->text = all;
    switch (e->path->type) {
    case K8S_INGRESS_PATH_EXACT:
        e->is_exact = true;
        return;
    case K8S_INGRESS_PATH_PREFIX:
        e->text = cut_end(all, STR("/"));
        return;
    default:
        e->text = str_ends(all, STR(".*")) ? cut_end(all, STR(".*")) : cut_end(all, STR("*"));
        e->is_exact = all.len && e->text.len == all.len;
        return;
    }
}

static size_t room_of(const struct k8s_ingress *spec)
{
    size_t room = spec->rules_count + 1;

    for (size_t i = 0; i < spec->rules_count; i++)
        room += spec->rules[i].http ? spec->rules[i].http->paths_count : 0;
    return room;
}

static void add_paths(struct build *b, const struct object *o)
{
    const struct k8s_ingress *spec = o->spec;

    for (size_t i = 0; i < spec->rules_count; i++) {
        const struct k8s_ingress_rule *r = &spec->rules[i];

        for (size_t j = 0; r->http && j < r->http->paths_count; j++)
            read_path(add_entry(b, o, r->host, &r->http->paths[j], r->http->paths[j].backend));
        if (spec->default_backend && r->host.len)
            add_entry(b, o, r->host, NULL, spec->default_backend);
    }
    if (spec->default_backend)
        add_entry(b, o, STR_NONE, NULL, spec->default_backend);
}

/* By host; then the longest path, an exact one before a prefix, the oldest; defaults last. */
static int by_place(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    int order = str_cmp(a->host, b->host);

    if (order)
        return order;
    if (!a->path != !b->path)
        return a->path ? -1 : 1;
    if (a->text.len != b->text.len)
        return a->text.len > b->text.len ? -1 : 1;
    if (a->is_exact != b->is_exact)
        return a->is_exact ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* ---- rules ---- */

static uint16_t port_number(const struct compile *c, struct str host,
                            const struct k8s_ingress_port *port)
{
    const struct registry_service *s;

    if (!port || port->number)
        return port ? (uint16_t)port->number : 0;
    s = registry_find(c->registry, host);
    for (uint32_t i = 0; s && i < s->port_count; i++)
        if (str_eq(s->ports[i].name, port->name))
            return s->ports[i].port;
    return 0;
}

static void set_target(struct build *b, const struct entry *e, struct virtual_service_http *to)
{
    const struct k8s_ingress_service *s = e->backend ? e->backend->service : NULL;
    struct virtual_service_destination *d;

    if (!s) {
        to->direct_response = arena_alloc0(b->a, 1, sizeof(*to->direct_response));
        to->direct_response->status = 503;
        return;
    }
    d = arena_alloc0(b->a, 1, sizeof(*d));
    d->at = e->backend->at;
    d->host = arena_printf(b->a, "%.*s.%.*s.svc.%.*s", STR_ARG(s->name), STR_ARG(e->owner->ns),
                           STR_ARG(b->c->dns_domain));
    d->port = arena_alloc0(b->a, 1, sizeof(*d->port));
    d->port->number = port_number(b->c, d->host, s->port);
    to->route = arena_alloc0(b->a, 1, sizeof(*to->route));
    to->route[to->route_count++] =
        (struct virtual_service_http_route){ .at = d->at, .destination = d };
}

static void add_match(struct build *b, struct virtual_service_http *to, struct field_at at,
                      bool is_exact, struct str path)
{
    struct virtual_service_http_match *m = &to->match[to->match_count++];

    m->at = at;
    m->uri = arena_alloc0(b->a, 1, sizeof(*m->uri));
    if (is_exact)
        m->uri->exact = path;
    else
        m->uri->prefix = path.len ? path : STR("/");
}

static void set_match(struct build *b, const struct entry *e, struct virtual_service_http *to)
{
    if (!e->path)
        return;
    to->match = arena_alloc0(b->a, 2, sizeof(*to->match));
    if (e->path->type != K8S_INGRESS_PATH_PREFIX || !e->text.len) {
        add_match(b, to, e->path->at, e->is_exact, e->text);
        return;
    }
    add_match(b, to, e->path->at, true, e->text);
    add_match(b, to, e->path->at, false, arena_printf(b->a, "%.*s/", STR_ARG(e->text)));
}

/* What routes are made from besides the objects' content: numbers of ports that were named. */
static uint64_t digest_rule(uint64_t h, const struct object *o,
                            const struct virtual_service_http *http)
{
    h = digest_u64(h, o->content_hash);
    h = digest_u64(digest_str(h, str_of(o->file)), (uint64_t)o->line);
    return digest_u64(h,
                      http->route_count ? (uint64_t)http->route[0].destination->port->number : 0);
}

static struct compile_vs *make_host(struct build *b, const struct entry *first, uint32_t count)
{
    struct compile_vs *vs = arena_alloc0(b->a, 1, sizeof(*vs));
    struct virtual_service_http *http = arena_alloc0(b->a, count, sizeof(*http));
    uint64_t digest = 0;

    /* Borrowed: of what is made here nobody counts references or changes the object. */
    vs->object = (struct object *)(uintptr_t)first->owner;
    vs->hosts = arena_alloc0(b->a, 1, sizeof(*vs->hosts));
    vs->hosts[vs->host_count++] = first->host;
    vs->rules = arena_alloc0(b->a, count, sizeof(*vs->rules));
    for (uint32_t i = 0; i < count; i++) {
        const struct entry *e = &first[i];

        http[i].at = e->path ? e->path->at : e->backend->at;
        set_match(b, e, &http[i]);
        set_target(b, e, &http[i]);
        vs->rules[vs->rule_count++] =
            (struct compile_route_rule){ .http = &http[i], .owner = e->owner, .index = i };
        digest = digest_rule(digest, e->owner, &http[i]);
    }
    vs->has_rules = true;
    vs->key =
        arena_printf(b->a, "ingress:%.*s:%llx", STR_ARG(first->host), (unsigned long long)digest);
    return vs;
}

static void add_hosts(struct build *b)
{
    size_t room = 0;

    for (size_t i = 0; i < b->count; i++)
        room += room_of(b->list[i]->spec);
    b->entries = arena_alloc0(b->a, room, sizeof(*b->entries));
    for (size_t i = 0; i < b->count; i++)
        add_paths(b, b->list[i]);
    if (b->entry_count > 1)
        qsort(b->entries, b->entry_count, sizeof(*b->entries), by_place);
    b->out->hosts = arena_alloc0(b->a, b->entry_count, sizeof(struct compile_vs *));
    for (uint32_t i = 0, end; i < b->entry_count; i = end) {
        for (end = i + 1; end < b->entry_count && str_eq(b->entries[end].host, b->entries[i].host);
             end++)
            ;
        b->out->hosts[b->out->host_count++] = make_host(b, &b->entries[i], end - i);
    }
}

void compile_ingress_build(struct compile *c, struct arena *a, struct compile_ingress *out)
{
    const struct mesh_config *m = &c->mesh->config;
    struct compile_gwapi_world world = compile_gwapi_world_of(c);
    struct build b = { .c = c, .a = a, .out = out };

    *out = (struct compile_ingress){ 0 };
    if (!is_for_us(c, m))
        return;
    pick_all(&b, &world, m);
    if (b.count) {
        add_servers(&b);
        add_hosts(&b);
    }
    mem_free(b.list);
}
