#include "core/compile/compile_gwapi_hosts.h"

#include "core/base/mem.h"
#include "core/compile/compile_gwapi_route.h"
#include "core/compile/compile_host.h"
#include "core/compile/multimap.h"
#include "core/route/route.h"
#include "core/route/route_index.h"

struct domain {
    struct str name; /* "" is "*" */
    const struct compile_gwapi_listener *listener;
    bool misdirected;
    struct domain *next;
};

struct job {
    struct compile *c;
    const struct compile_gwapi_view *v;
    struct compile_gwapi_listener *const *listeners;
    uint32_t count;
    struct compile_gateway *data;
    struct arena scratch;
    struct map by_name;
    struct multimap by_hostname; /* of routes, "*" for none -> struct compile_gwapi_parent */
    struct domain *first, **end;
    uint32_t domain_count;
};

static struct domain *get_domain(struct job *j, struct str name,
                                 const struct compile_gwapi_listener *l)
{
    struct str key = name.len ? arena_lower(&j->scratch, name) : STR("*");
    struct domain *d = map_get(&j->by_name, key);

    if (d)
        return d;
    d = arena_alloc0(&j->scratch, 1, sizeof(*d));
    d->name = name.len ? key : STR("");
    d->listener = l;
    map_put(&j->by_name, key, d);
    *j->end = d;
    j->end = &d->next;
    j->domain_count++;
    return d;
}

static bool covers(struct str wide, struct str host)
{
    struct str met;

    return compile_gwapi_meet(wide, host, &met) && str_eq(met, host);
}

/* Another listener that host belongs to rather than to l. */
static bool is_others(const struct job *j, const struct compile_gwapi_listener *l, struct str host)
{
    for (uint32_t i = 0; i < j->count; i++) {
        struct str other = j->listeners[i]->spec->hostname;

        if (!str_eq(other, l->spec->hostname) && covers(l->spec->hostname, other) &&
            covers(other, host))
            return true;
    }
    return false;
}

static bool is_attached(const struct compile_gwapi_parent *p,
                        const struct compile_gwapi_listener *l)
{
    for (uint32_t i = 0; i < p->listener_count; i++)
        if (p->listeners[i] == l)
            return true;
    return false;
}

static void add_route_domains(struct job *j, const struct compile_gwapi_parent *p,
                              const struct compile_gwapi_listener *l)
{
    for (size_t i = 0; i < p->spec->hostnames_count; i++) {
        struct str met;

        if (compile_gwapi_meet(l->spec->hostname, p->spec->hostnames[i], &met) &&
            !is_others(j, l, met))
            (void)get_domain(j, met, l);
    }
}

/* ---- building ---- */

static void note_use(void *arg, struct str host)
{
    compile_gateway_note_use(arg, host);
}

static bool serves(const struct job *j, const struct compile_gwapi_parent *p,
                   const struct domain *d)
{
    for (uint32_t i = 0; i < j->count; i++)
        if (str_eq(j->listeners[i]->spec->hostname, d->listener->spec->hostname) &&
            is_attached(p, j->listeners[i]))
            return true;
    return false;
}

struct sources {
    struct compile_gwapi_route_source *items;
    uint32_t count;
};

/* Routes with that hostname, unless they came by a narrower one. */
static void add_sources(struct job *j, const struct domain *d, struct str hostname,
                        struct sources *to)
{
    const struct multimap_list *l = multimap_get(&j->by_hostname, hostname);

    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct compile_gwapi_parent *p = l->items[i];
        bool known = !serves(j, p, d);

        for (uint32_t k = 0; k < to->count && !known; k++)
            known = to->items[k].route == p->route;
        if (known)
            continue;
        to->items = arena_grow(&j->scratch, to->items, to->count, (size_t)to->count + 1,
                               sizeof(*to->items));
        to->items[to->count++] =
            (struct compile_gwapi_route_source){ p->route, l->key.len == 1 ? STR("") : l->key };
    }
}

/* From the domain itself to wider and wider ones; "*" are routes that name no host. */
static struct sources find_sources(struct job *j, const struct domain *d)
{
    struct sources s = { NULL, 0 };

    for (struct str h = d->name.len ? d->name : STR("*"); h.p;
         h = compile_host_wider(h, &j->scratch))
        add_sources(j, d, h, &s);
    return s;
}

static void index_routes(struct job *j)
{
    for (uint32_t i = 0; i < j->v->parent_count; i++) {
        struct compile_gwapi_parent *p = &j->v->parents[i];

        if (p->accepted.reason || p->listener_count == 0)
            continue;
        for (size_t k = 0; k < p->spec->hostnames_count; k++)
            multimap_add(&j->by_hostname, p->spec->hostnames[k], p);
        if (p->spec->hostnames_count == 0)
            multimap_add(&j->by_hostname, STR("*"), p);
    }
}

static void answer_421(struct model_route_vhost *v)
{
    struct model_route *r = arena_alloc0(&v->arena, 1, sizeof(*r));

    r->name = STR("misdirected");
    r->action = MODEL_ACTION_DIRECT;
    r->direct_status = 421;
    v->vhost.routes = r;
    v->vhost.route_count = 1;
}

static struct model_route_vhost *build_vhost(struct job *j, const struct domain *d)
{
    struct model_route_vhost *v = compile_route_new_vhost();
    struct sources sources = find_sources(j, d);
    uint16_t port = (uint16_t)j->listeners[0]->spec->port;
    struct compile_route_place place = {
        .c = j->c, .port = port, .gateway = STR("gateway"), .on_use = note_use, .arg = j->data
    };
    struct str name = d->name.len ? d->name : STR("*");

    if (d->misdirected)
        answer_421(v);
    else
        compile_gwapi_route_build(j->v->world, &place, sources.items, sources.count, v);
    v->vhost.name = arena_printf(&v->arena, "%.*s:%u", STR_ARG(name), port);
    v->vhost.domains = arena_alloc0(&v->arena, 1, sizeof(*v->vhost.domains));
    v->vhost.domains[0] = arena_str(&v->arena, name);
    v->vhost.domain_count = 1;
    route_index_build(&v->vhost, &v->arena);
    j->c->stats.rebuilt++;
    return v;
}

static void add_others(struct job *j, const struct compile_gwapi_hosts_place *p)
{
    for (uint32_t i = 0; i < p->other_count; i++) {
        const struct compile_gwapi_listener *l = p->others[i];

        if (l->protocol == COMPILE_GWAPI_HTTPS &&
            !map_get(&j->by_name, l->spec->hostname.len ? l->spec->hostname : STR("*")))
            get_domain(j, l->spec->hostname, l)->misdirected = true;
    }
}

struct model_route_table *compile_gwapi_hosts_build(struct compile *c,
                                                    const struct compile_gwapi_view *v,
                                                    const struct compile_gwapi_hosts_place *place,
                                                    struct compile_gateway *data)
{
    struct model_route_table *t = mem_alloc0(1, sizeof(*t));
    struct job j = {
        .c = c, .v = v, .listeners = place->listeners, .count = place->count, .data = data
    };

    arena_init(&j.scratch, 4096);
    map_init(&j.by_name);
    multimap_init(&j.by_hostname);
    index_routes(&j);
    j.end = &j.first;
    for (uint32_t i = 0; i < j.count; i++)
        (void)get_domain(&j, j.listeners[i]->spec->hostname, j.listeners[i]);
    add_others(&j, place);
    for (uint32_t i = 0; i < v->parent_count; i++)
        for (uint32_t k = 0; k < j.count && !v->parents[i].accepted.reason; k++)
            if (is_attached(&v->parents[i], j.listeners[k]))
                add_route_domains(&j, &v->parents[i], j.listeners[k]);
    atomic_init(&t->refs, 1);
    arena_init(&t->arena, 1024);
    t->name = arena_str(&t->arena, place->name);
    t->port = (uint16_t)j.listeners[0]->spec->port;
    t->vhosts = arena_alloc0(&t->arena, j.domain_count, sizeof(struct model_route_vhost *));
    for (const struct domain *d = j.first; d; d = d->next)
        t->vhosts[t->vhost_count++] = build_vhost(&j, d);
    route_table_index(t);
    map_deinit(&j.by_name);
    multimap_deinit(&j.by_hostname);
    arena_deinit(&j.scratch);
    return t;
}
