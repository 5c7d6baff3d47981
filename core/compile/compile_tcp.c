#include "core/compile/compile_tcp.h"

#include "core/base/mem.h"
#include "core/compile/compile_gwapi_mesh.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_sidecar.h"

/* ---- conditions ---- */

static void add_nets(const struct compile_route_place *place, const struct object *owner,
                     struct field_at at, const struct str *texts, size_t count, struct arena *a,
                     struct addr_net **out, uint32_t *out_count)
{
    *out = arena_alloc0(a, count, sizeof(**out));
    for (size_t i = 0; i < count; i++) {
        if (addr_net_parse(texts[i], &(*out)[*out_count]) == 0)
            ++*out_count;
        else
            compile_warn(place->c, owner, at, "MSH1033", "", "\"%.*s\" is not a network",
                         STR_ARG(texts[i]));
    }
}

static void add_targets(const struct compile_route_place *place, const struct object *owner,
                        const struct virtual_service_l4_route *from, size_t count,
                        struct compile_part *part, struct model_tcp_route *to)
{
    to->clusters = arena_alloc0(&part->arena, count, sizeof(*to->clusters));
    for (size_t i = 0; i < count; i++) {
        struct model_weighted_cluster *w = &to->clusters[to->cluster_count];

        if (!from[i].destination || (from[i].weight == 0 && count > 1))
            continue;
        w->cluster =
            compile_part_cluster(part, compile_route_cluster(place, owner, from[i].destination,
                                                             &w->cluster_name, &part->arena));
        w->weight = from[i].weight > 0 ? (uint32_t)from[i].weight : 1;
        to->weight_total += w->weight;
        to->cluster_count++;
    }
}

uint32_t compile_tcp_room(const struct compile_vs *vs)
{
    size_t n = 0;

    for (size_t i = 0; i < vs->spec->tls_count; i++)
        n += vs->spec->tls[i].match_count + 1;
    for (size_t i = 0; i < vs->spec->tcp_count; i++)
        n += vs->spec->tcp[i].match_count + 1;
    return (uint32_t)n;
}

uint32_t compile_tcp_tls_rules(const struct compile_route_place *place, const struct compile_vs *vs,
                               struct compile_part *part, struct model_tcp_route *list,
                               uint32_t count)
{
    const struct object *o = vs->object;
    struct arena *a = &part->arena;

    for (size_t i = 0; i < vs->spec->tls_count; i++) {
        const struct virtual_service_tls *rule = &vs->spec->tls[i];

        for (size_t j = 0; j < rule->match_count; j++) {
            const struct virtual_service_tls_match *m = &rule->match[j];
            struct model_tcp_route *r = &list[count];

            if ((m->port && m->port != place->port) ||
                !compile_route_is_for(place, o, m->gateways, m->gateways_count, m->source_labels,
                                      m->source_labels_count, m->source_namespace))
                continue;
            add_nets(place, o, m->at, m->destination_subnets, m->destination_subnets_count, a,
                     &r->dst_nets, &r->dst_net_count);
            r->sni_hosts = arena_alloc0(a, m->sni_hosts_count, sizeof(*r->sni_hosts));
            for (size_t k = 0; k < m->sni_hosts_count; k++)
                r->sni_hosts[r->sni_host_count++] = arena_lower(a, m->sni_hosts[k]);
            add_targets(place, o, rule->route, rule->route_count, part, r);
            r->source = compile_source(o, rule->at.line, a);
            count++;
        }
    }
    return count;
}

static bool tcp_match(const struct compile_route_place *place, const struct compile_vs *vs,
                      const struct virtual_service_tcp_match *m, struct compile_part *part,
                      struct model_tcp_route *r)
{
    if ((m->port && m->port != place->port) ||
        !compile_route_is_for(place, vs->object, m->gateways, m->gateways_count, m->source_labels,
                              m->source_labels_count, m->source_namespace))
        return false;
    add_nets(place, vs->object, m->at, m->destination_subnets, m->destination_subnets_count,
             &part->arena, &r->dst_nets, &r->dst_net_count);
    if (m->source_subnet.len)
        add_nets(place, vs->object, m->at, &m->source_subnet, 1, &part->arena, &r->src_nets,
                 &r->src_net_count);
    return true;
}

uint32_t compile_tcp_tcp_rules(const struct compile_route_place *place, const struct compile_vs *vs,
                               struct compile_part *part, struct model_tcp_route *list,
                               uint32_t count)
{
    for (size_t i = 0; i < vs->spec->tcp_count; i++) {
        const struct virtual_service_tcp *rule = &vs->spec->tcp[i];

        for (size_t j = 0; j < rule->match_count || j == 0; j++) {
            struct model_tcp_route *r = &list[count];

            if (rule->match_count && !tcp_match(place, vs, &rule->match[j], part, r))
                continue;
            add_targets(place, vs->object, rule->route, rule->route_count, part, r);
            r->source = compile_source(vs->object, rule->at.line, &part->arena);
            count++;
        }
    }
    return count;
}

/* ---- a service's own ---- */

static void add_default(const struct compile_route_place *place, const struct compile_host *h,
                        struct compile_part *part, struct model_tcp_route *r)
{
    struct model_cluster *cluster = compile_host_cluster(h, place->port, STR_NONE);

    r->clusters = arena_alloc0(&part->arena, 1, sizeof(*r->clusters));
    r->clusters[0].cluster = compile_part_cluster(part, cluster);
    r->clusters[0].cluster_name = cluster->config->name;
    r->clusters[0].weight = 1;
    r->cluster_count = 1;
    r->weight_total = 1;
    r->source = cluster->config->source;
}

static bool is_tls(uint8_t protocol)
{
    return protocol == MODEL_PROTOCOL_TLS || protocol == MODEL_PROTOCOL_HTTPS;
}

static void build_port(const struct compile_route_place *place, struct compile_host *h,
                       const struct compile_vs *vs, uint8_t protocol)
{
    struct compile_part *part = h->tcp_part;
    struct compile_tcp *to = &h->tcp[h->tcp_count++];
    uint32_t room =
        1 + (vs ? compile_tcp_room(vs) : 0) + compile_gwapi_mesh_room(place->c, h->name);

    to->port = place->port;
    to->routes = arena_alloc0(&part->arena, room, sizeof(*to->routes));
    if (vs && (is_tls(protocol) || protocol == MODEL_PROTOCOL_AUTO)) /* VS-18 */
        to->count = compile_tcp_tls_rules(place, vs, part, to->routes, to->count);
    if (vs)
        to->count = compile_tcp_tcp_rules(place, vs, part, to->routes, to->count);
    if (!to->count)
        to->count = compile_gwapi_mesh_streams(place, h->name, part, to->routes, to->count);
    if (!to->count)
        add_default(place, h, part, &to->routes[to->count++]);
}

static bool is_bytes(uint8_t protocol)
{
    return protocol == MODEL_PROTOCOL_TCP || protocol == MODEL_PROTOCOL_AUTO || is_tls(protocol);
}

void compile_tcp_build(struct compile *c, struct compile_host *h,
                       void (*on_use)(void *arg, struct str host), void *arg)
{
    struct compile_route_place place = { .c = c, .on_use = on_use, .arg = arg };
    const struct registry_service *s = h->service;
    const struct compile_vs *vs;

    compile_part_unref(h->tcp_part);
    h->tcp_part = NULL;
    h->tcp = NULL;
    h->tcp_count = 0;
    if (c->node->is_gateway || !s || compile_host_concrete(c, h))
        return;
    vs = compile_vs_find_mesh(c, h->name);
    h->tcp_part = compile_part_new();
    h->tcp = arena_alloc0(&h->tcp_part->arena, s->port_count, sizeof(*h->tcp));
    for (uint32_t i = 0; i < s->port_count; i++) {
        place.port = s->ports[i].port;
        if (!s->ports[i].is_udp && is_bytes(s->ports[i].protocol) &&
            compile_sidecar_imports(c, s, place.port))
            build_port(&place, h, vs, s->ports[i].protocol);
    }
}
