#include "core/compile/compile_gateway_host.h"

#include "core/base/mem.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_match.h"
#include "core/compile/compile_vs.h"
#include "core/compile/digest.h"
#include "core/route/route.h"
#include "core/route/route_host.h"
#include "core/route/route_index.h"

/* A VirtualService for a domain, by way of a Gateway. */
struct binding {
    struct compile_vs *vs;
    struct str gateway_key;
    struct binding *next;
};

struct compile_gateway_domain {
    struct str domain;
    struct binding *first, *last;
    bool require_tls;
    struct compile_gateway_domain *next;
};

/* A virtual host with what it was made from. */
struct use {
    struct str host;
    uint64_t stamp;
    struct use *next;
};

struct entry {
    struct model_route_vhost *vhost; /* one reference */
    uint64_t inputs;
    struct use *uses;
};

/* ---- hosts ---- */

struct str compile_gateway_host_meet(struct str server_host, struct str gateway_ns,
                                     struct str vs_host, struct str vs_ns, struct arena *a)
{
    struct str host = server_host, ns = STR("*");

    if (str_chr(server_host, '/') >= 0)
        ns = str_cut(&host, '/');
    if (str_is(ns, "."))
        ns = gateway_ns;
    if (!str_is(ns, "*") && !str_eq(ns, vs_ns))
        return STR_NONE;
    host = arena_lower(a, host);
    if (route_host_matches(host, vs_host))
        return vs_host;
    return route_host_matches(vs_host, host) ? host : STR_NONE;
}

/* ---- collecting ---- */

void compile_gateway_host_init(struct compile_gateway_hosts *hosts, struct compile *c,
                               uint16_t port, struct str table_name)
{
    *hosts = (struct compile_gateway_hosts){ .c = c, .port = port, .name = table_name };
    arena_init(&hosts->arena, 4096);
    map_init(&hosts->by_domain);
}

void compile_gateway_host_deinit(struct compile_gateway_hosts *hosts)
{
    map_deinit(&hosts->by_domain);
    arena_deinit(&hosts->arena);
}

static struct compile_gateway_domain *get_domain(struct compile_gateway_hosts *hosts,
                                                 struct str domain)
{
    struct compile_gateway_domain *d = map_get(&hosts->by_domain, domain);

    if (d)
        return d;
    d = arena_alloc0(&hosts->arena, 1, sizeof(*d));
    d->domain = arena_str(&hosts->arena, domain);
    map_put(&hosts->by_domain, d->domain, d);
    if (hosts->last)
        hosts->last->next = d;
    else
        hosts->first = d;
    hosts->last = d;
    hosts->count++;
    return d;
}

static void bind_to(struct compile_gateway_hosts *hosts, struct compile_gateway_domain *d,
                    struct compile_vs *vs, struct str gateway_key)
{
    struct binding *b;

    for (b = d->first; b; b = b->next) {
        if (b->vs == vs) /* by two hosts of a server, or two servers */
            return;
    }
    b = arena_alloc0(&hosts->arena, 1, sizeof(*b));
    b->vs = vs;
    b->gateway_key = arena_str(&hosts->arena, gateway_key);
    if (d->last)
        d->last->next = b;
    else
        d->first = b;
    d->last = b;
}

static void bind_vs(struct compile_gateway_hosts *hosts, const struct object *gateway,
                    struct str gateway_key, const struct istio_gateway_server *server,
                    struct compile_vs *vs, bool redirect)
{
    for (uint32_t i = 0; i < vs->host_count; i++) {
        for (size_t j = 0; j < server->hosts_count; j++) {
            struct str met = compile_gateway_host_meet(server->hosts[j], gateway->ns, vs->hosts[i],
                                                       vs->object->ns, &hosts->arena);
            struct compile_gateway_domain *d;

            if (!met.p)
                continue;
            d = get_domain(hosts, met);
            d->require_tls |= redirect;
            bind_to(hosts, d, vs, gateway_key);
        }
    }
}

void compile_gateway_host_add(struct compile_gateway_hosts *hosts, const struct object *gateway,
                              struct str gateway_key, const struct istio_gateway_server *server,
                              bool redirect)
{
    struct compile_vs **list;
    uint32_t count = compile_vs_of_gateway(hosts->c, gateway_key, &hosts->arena, &list);

    for (uint32_t i = 0; i < count; i++) {
        compile_vs_resolve(hosts->c, list[i]);
        if (list[i]->rule_count)
            bind_vs(hosts, gateway, gateway_key, server, list[i], redirect);
    }
    for (size_t i = 0; redirect && i < server->hosts_count; i++) { /* GWB-4 */
        struct str host = server->hosts[i];

        if (str_chr(host, '/') >= 0)
            (void)str_cut(&host, '/');
        get_domain(hosts, arena_lower(&hosts->arena, host))->require_tls = true;
    }
}

void compile_gateway_host_add_made(struct compile_gateway_hosts *hosts,
                                   const struct object *gateway, struct str gateway_key,
                                   const struct istio_gateway_server *server,
                                   struct compile_vs **list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bind_vs(hosts, gateway, gateway_key, server, list[i], false);
}

/* ---- what a virtual host is made from ---- */

static uint64_t stamp_of(const struct compile *c, struct str host)
{
    const struct compile_host *h = compile_host_find(c, host);

    return h ? h->stamp : 0;
}

static uint64_t digest_domain(const struct compile_gateway_domain *d)
{
    uint64_t h = digest_u64(1, d->require_tls);

    for (const struct binding *b = d->first; b; b = b->next) {
        h = digest_str(digest_str(h, b->gateway_key), b->vs->key);
        h = digest_u64(h, b->vs->object->content_hash);
        h = digest_u64(digest_str(h, str_of(b->vs->object->file)), (uint64_t)b->vs->object->line);
        for (uint32_t i = 0; i < b->vs->held_count; i++)
            h = digest_u64(h, b->vs->held[i]->content_hash);
    }
    return h;
}

static bool is_fresh(const struct compile *c, const struct entry *e, uint64_t inputs)
{
    if (!e || e->inputs != inputs)
        return false;
    for (const struct use *u = e->uses; u; u = u->next) {
        if (stamp_of(c, u->host) != u->stamp)
            return false;
    }
    return true;
}

/* ---- building ---- */

struct note_arg {
    struct compile *c;
    struct entry *entry;
    struct arena *a;
};

static void note_use(void *arg, struct str host)
{
    struct note_arg *n = arg;
    struct use *u;

    for (u = n->entry->uses; u; u = u->next) {
        if (str_eq(u->host, host))
            return;
    }
    u = arena_alloc0(n->a, 1, sizeof(*u));
    u->host = arena_str(n->a, host);
    u->stamp = stamp_of(n->c, host);
    u->next = n->entry->uses;
    n->entry->uses = u;
}

/* H-5: what takes everything stands behind the routes of all VirtualServices. */
static void sort_routes(struct model_route_vhost *v)
{
    struct model_route *sorted = arena_alloc0(&v->arena, v->vhost.route_count, sizeof(*sorted));
    uint32_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < v->vhost.route_count; i++) {
            if (compile_match_is_all(&v->vhost.routes[i].match) == (pass == 1))
                sorted[n++] = v->vhost.routes[i];
        }
    }
    v->vhost.routes = sorted;
}

static struct model_route_vhost *build_vhost(const struct compile_gateway_hosts *hosts,
                                             const struct compile_gateway_domain *d,
                                             struct note_arg *note)
{
    struct model_route_vhost *v = compile_route_new_vhost();
    struct compile_route_place place = {
        .c = hosts->c, .port = hosts->port, .on_use = note_use, .arg = note
    };
    uint32_t room = 0, several = 0;

    for (const struct binding *b = d->first; b; b = b->next, several++)
        room += compile_route_room(b->vs->rules, b->vs->rule_count);
    v->vhost.routes = arena_alloc0(&v->arena, room, sizeof(*v->vhost.routes));
    for (const struct binding *b = d->first; b; b = b->next) {
        place.gateway = b->gateway_key;
        compile_route_build(&place, b->vs->rules, b->vs->rule_count, v, room);
    }
    if (several > 1)
        sort_routes(v);
    v->vhost.name = arena_printf(&v->arena, "%.*s:%u", STR_ARG(d->domain), hosts->port);
    v->vhost.domains = arena_alloc0(&v->arena, 1, sizeof(*v->vhost.domains));
    v->vhost.domains[0] = arena_str(&v->arena, d->domain);
    v->vhost.domain_count = 1;
    v->vhost.require_tls = d->require_tls;
    route_index_build(&v->vhost, &v->arena);
    hosts->c->stats.rebuilt++;
    return v;
}

static struct model_route_vhost *get_vhost(const struct compile_gateway_hosts *hosts,
                                           const struct compile_gateway_domain *d,
                                           struct compile_gateway *data,
                                           const struct compile_gateway *old)
{
    struct str key =
        arena_printf(data->arena, "%.*s|%.*s", STR_ARG(hosts->name), STR_ARG(d->domain));
    struct entry *was = old ? map_get(&old->vhosts, key) : NULL;
    struct entry *e = arena_alloc0(data->arena, 1, sizeof(*e));
    struct note_arg note = { hosts->c, e, data->arena };

    e->inputs = digest_domain(d);
    if (is_fresh(hosts->c, was, e->inputs)) {
        e->vhost = model_route_vhost_ref(was->vhost);
        for (const struct use *u = was->uses; u; u = u->next)
            note_use(&note, u->host);
        hosts->c->stats.shared++;
    } else {
        e->vhost = build_vhost(hosts, d, &note);
    }
    map_put(&data->vhosts, key, e);
    return e->vhost;
}

struct model_route_table *compile_gateway_host_build(struct compile_gateway_hosts *hosts,
                                                     struct compile_gateway *data,
                                                     const struct compile_gateway *old)
{
    struct model_route_table *t = mem_alloc0(1, sizeof(*t));

    atomic_init(&t->refs, 1);
    arena_init(&t->arena, 1024);
    t->name = arena_str(&t->arena, hosts->name);
    t->port = hosts->port;
    t->vhosts = arena_alloc0(&t->arena, hosts->count, sizeof(struct model_route_vhost *));
    for (const struct compile_gateway_domain *d = hosts->first; d; d = d->next)
        t->vhosts[t->vhost_count++] = model_route_vhost_ref(get_vhost(hosts, d, data, old));
    route_table_index(t);
    return t;
}

void compile_gateway_host_drop(struct compile_gateway *data)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&data->vhosts, &at));)
        model_route_vhost_unref(((struct entry *)s->value)->vhost);
    map_deinit(&data->vhosts);
}

void compile_gateway_host_each_use(const struct compile_gateway *data,
                                   void (*each)(void *arg, struct str host), void *arg)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&data->vhosts, &at));) {
        for (const struct use *u = ((const struct entry *)s->value)->uses; u; u = u->next)
            each(arg, u->host);
    }
}
