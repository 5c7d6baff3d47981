#include "core/compile/compile_gwapi_mesh.h"

#include <stdlib.h>

#include "core/api/gateway_api_stream_route.h"
#include "core/base/mem.h"
#include "core/compile/compile_gwapi_route.h"
#include "core/compile/compile_gwapi_stream.h"
#include "core/compile/compile_gwapi_world.h"
#include "core/compile/compile_host.h"

static struct str host_of(const struct compile *c, const struct object *route,
                          const struct gateway_api_ref_parent_ref *ref, struct arena *a)
{
    struct str ns = compile_gwapi_ns(GATEWAY_API_REF(ref), route->ns);

    return arena_printf(a, "%.*s.%.*s.svc.%.*s", STR_ARG(ref->name), STR_ARG(ns),
                        STR_ARG(c->dns_domain));
}

/* ---- what concerns whom ---- */

static void follow_route(struct compile *c, struct object *o, bool add)
{
    const struct gateway_api_any_route *spec = o->spec;
    struct arena a;

    arena_init(&a, 256);
    for (size_t i = 0; i < spec->parents_count; i++) {
        const struct gateway_api_ref_parent_ref *ref = &spec->parents[i];
        struct str host;

        if (!compile_gwapi_is_ref(GATEWAY_API_REF(ref), "", "Service"))
            continue;
        host = host_of(c, o, ref, &a);
        if (add)
            multimap_add(&c->service_routes, host, o);
        else
            multimap_remove(&c->service_routes, host, o);
        compile_host_mark(c, host, COMPILE_DIRTY_ROUTES);
    }
    arena_deinit(&a);
}

void compile_gwapi_mesh_follow(struct compile *c, struct object *o, bool add)
{
    size_t at = 0;

    if (compile_gwapi_is_route(o->kind->id))
        follow_route(c, o, add);
    else if (o->kind->id == API_KIND_REFERENCE_GRANT)
        for (struct map_slot *s; (s = map_next(&c->service_routes.map, &at));)
            compile_host_mark(c, s->key, COMPILE_DIRTY_ROUTES);
}

/* ---- which routes ---- */

struct pick {
    const struct compile_route_place *place;
    struct str host;
    bool streams;
    const struct object **items;
    uint32_t count;
};

static bool is_kind(const struct pick *p, const struct object *o)
{
    bool http = o->kind->id == API_KIND_HTTP_ROUTE || o->kind->id == API_KIND_GRPC_ROUTE;

    return p->streams ? o->kind->id == API_KIND_TCP_ROUTE || o->kind->id == API_KIND_TLS_ROUTE
                      : http;
}

/* Whether one of its parents is this port of the host. */
static bool is_for_port(const struct pick *p, const struct object *o, struct arena *a)
{
    const struct gateway_api_any_route *spec = o->spec;

    for (size_t i = 0; i < spec->parents_count; i++) {
        const struct gateway_api_ref_parent_ref *ref = &spec->parents[i];

        if (compile_gwapi_is_ref(GATEWAY_API_REF(ref), "", "Service") &&
            (!ref->port.set || ref->port.value == p->place->port) &&
            str_eq(host_of(p->place->c, o, ref, a), p->host))
            return true;
    }
    return false;
}

static struct str service_ns(struct str host)
{
    struct str rest = host;

    (void)str_cut(&rest, '.');
    return str_cut(&rest, '.');
}

/* The consumer's routes, or else the producer's. */
static void pick(struct pick *p, struct arena *a)
{
    const struct compile *c = p->place->c;
    const struct multimap_list *l = multimap_get(&c->service_routes, p->host);
    struct str owner = service_ns(p->host);
    struct str from[] = { c->node->ns, owner };

    p->items = arena_alloc0(a, l ? l->count : 0, sizeof(*p->items));
    for (size_t pass = 0; l && pass < COUNT_OF(from) && p->count == 0; pass++) {
        for (uint32_t i = 0; i < l->count; i++) {
            const struct object *o = l->items[i];

            if (str_eq(o->ns, from[pass]) && is_kind(p, o) && is_for_port(p, o, a))
                p->items[p->count++] = o;
        }
    }
    if (p->count > 1)
        qsort(p->items, p->count, sizeof(*p->items), object_by_age);
}

/* ---- routes ---- */

void compile_gwapi_mesh_http(const struct compile_route_place *place, struct str host,
                             struct model_route_vhost *v)
{
    struct pick p = { .place = place, .host = host };
    struct compile_gwapi_route_source *sources;
    struct compile_gwapi_world world;
    struct arena a;

    if (!multimap_get(&place->c->service_routes, host))
        return;
    arena_init(&a, 1024);
    world = compile_gwapi_world_of(place->c);
    pick(&p, &a);
    sources = arena_alloc0(&a, p.count, sizeof(*sources));
    for (uint32_t i = 0; i < p.count; i++) /* hostnames mean nothing here */
        sources[i] = (struct compile_gwapi_route_source){ p.items[i], STR("") };
    compile_gwapi_route_build(&world, place, sources, p.count, v);
    arena_deinit(&a);
}

uint32_t compile_gwapi_mesh_room(const struct compile *c, struct str host)
{
    const struct multimap_list *l = multimap_get(&c->service_routes, host);
    uint32_t room = 0;

    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct object *o = l->items[i];

        if (o->kind->id == API_KIND_TCP_ROUTE || o->kind->id == API_KIND_TLS_ROUTE)
            room += (uint32_t)((const struct gateway_api_stream_route *)o->spec)->rules_count;
    }
    return room;
}

uint32_t compile_gwapi_mesh_streams(const struct compile_route_place *place, struct str host,
                                    struct compile_part *part, struct model_tcp_route *list,
                                    uint32_t count)
{
    struct pick p = { .place = place, .host = host, .streams = true };
    struct compile_gwapi_world world;
    struct arena a;

    if (!multimap_get(&place->c->service_routes, host))
        return count;
    arena_init(&a, 1024);
    world = compile_gwapi_world_of(place->c);
    pick(&p, &a);
    for (uint32_t i = 0; i < p.count; i++) {
        const struct gateway_api_stream_route *r = p.items[i]->spec;

        for (uint32_t k = 0; k < r->rules_count; k++) {
            struct model_tcp_route *to = &list[count++];

            to->sni_hosts = arena_alloc0(&part->arena, r->hostnames_count, sizeof(*to->sni_hosts));
            for (size_t h = 0; h < r->hostnames_count; h++)
                to->sni_hosts[to->sni_host_count++] = arena_lower(&part->arena, r->hostnames[h]);
            compile_gwapi_stream_route(&world, place, p.items[i], k, part, to);
        }
    }
    arena_deinit(&a);
    return count;
}
