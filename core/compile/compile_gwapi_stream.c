#include "core/compile/compile_gwapi_stream.h"

#include "core/api/gateway_api_stream_route.h"
#include "core/base/mem.h"
#include "core/compile/compile_gwapi_route.h"

static void note_use(void *arg, struct str host)
{
    compile_gateway_note_use(arg, host);
}

void compile_gwapi_stream_route(const struct compile_gwapi_world *w,
                                const struct compile_route_place *place, const struct object *route,
                                uint32_t rule, struct compile_part *part,
                                struct model_tcp_route *to)
{
    const struct gateway_api_stream_rule *from =
        &((const struct gateway_api_stream_route *)route->spec)->rules[rule];
    struct arena *a = &part->arena;

    to->clusters = arena_alloc0(a, from->backends_count, sizeof(*to->clusters));
    to->source = compile_source(route, from->at.line, a);
    for (size_t i = 0; i < from->backends_count; i++) {
        struct model_weighted_cluster *c = &to->clusters[to->cluster_count];
        const struct field_opt *weight = &from->backends[i].weight;

        if (weight->set && weight->value == 0)
            continue;
        c->weight = weight->set ? (uint32_t)weight->value : 1;
        c->cluster = compile_part_cluster(
            part, compile_gwapi_route_cluster(w, place, route, GATEWAY_API_REF(&from->backends[i]),
                                              &c->cluster_name, a));
        to->weight_total += c->weight;
        to->cluster_count++;
    }
}

static void set_hosts(const struct compile_gwapi_listener *l, const struct gateway_api_any_route *r,
                      struct arena *a, struct model_tcp_route *to)
{
    to->sni_hosts = arena_alloc0(a, r->hostnames_count, sizeof(*to->sni_hosts));
    for (size_t i = 0; i < r->hostnames_count; i++) {
        struct str met;

        if (compile_gwapi_meet(l->spec->hostname, r->hostnames[i], &met))
            to->sni_hosts[to->sni_host_count++] = arena_lower(a, met);
    }
}

static bool is_attached(const struct compile_gwapi_parent *p,
                        const struct compile_gwapi_listener *l)
{
    for (uint32_t i = 0; !p->accepted.reason && i < p->listener_count; i++)
        if (p->listeners[i] == l)
            return true;
    return false;
}

static uint32_t room_of(const struct compile_gwapi_view *v, const struct compile_gwapi_listener *l)
{
    uint32_t room = 0;

    for (uint32_t i = 0; i < v->parent_count; i++) {
        if (is_attached(&v->parents[i], l))
            room += (uint32_t)((const struct gateway_api_stream_route *)v->parents[i].route->spec)
                        ->rules_count;
    }
    return room;
}

/* Of hosts the narrower go first: exact ones, then by length; else older routes do. */
static size_t weight_of(const struct model_tcp_route *r)
{
    size_t best = 0;

    for (uint32_t i = 0; i < r->sni_host_count; i++) {
        size_t w = r->sni_hosts[i].len + (r->sni_hosts[i].p[0] == '*' ? 0 : 1024);

        best = w > best ? w : best;
    }
    return best;
}

static void sort(struct model_gateway_server *to)
{
    for (uint32_t i = 1; i < to->tcp_count; i++) {
        struct model_tcp_route r = to->tcp[i];
        uint32_t at = i;

        for (; at > 0 && weight_of(&to->tcp[at - 1]) < weight_of(&r); at--)
            to->tcp[at] = to->tcp[at - 1];
        to->tcp[at] = r;
    }
}

void compile_gwapi_stream_build(struct compile *c, const struct compile_gwapi_view *v,
                                const struct compile_gwapi_listener *l, struct compile_part *part,
                                struct compile_gateway *data, struct model_gateway_server *to)
{
    struct compile_route_place place = { .c = c,
                                         .port = (uint16_t)l->spec->port,
                                         .gateway = STR("gateway"),
                                         .on_use = note_use,
                                         .arg = data };

    to->tcp = arena_alloc0(&part->arena, room_of(v, l), sizeof(*to->tcp));
    for (uint32_t i = 0; i < v->parent_count; i++) {
        const struct compile_gwapi_parent *p = &v->parents[i];
        const struct gateway_api_stream_route *r = p->route->spec;

        for (uint32_t k = 0; is_attached(p, l) && k < r->rules_count; k++) {
            struct model_tcp_route *t = &to->tcp[to->tcp_count++];

            set_hosts(l, p->spec, &part->arena, t);
            compile_gwapi_stream_route(v->world, &place, p->route, k, part, t);
        }
    }
    sort(to);
}
