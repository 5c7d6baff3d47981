#include "core/compile/compile_vhost.h"

#include "core/base/mem.h"
#include "core/compile/compile_gwapi_mesh.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_sidecar.h"
#include "core/compile/compile_vs.h"
#include "core/compile/digest.h"
#include "core/route/route_index.h"

/* ---- names ---- */

/* "name.ns" of "name.ns.svc.DOMAIN", cut in two; false: not of that form. */
static bool cut_service_name(const struct compile *c, struct str host, struct str *name,
                             struct str *ns)
{
    struct arena a;
    struct str suffix, rest = host;
    bool fits;

    arena_init(&a, 128);
    suffix = arena_printf(&a, ".svc.%.*s", STR_ARG(c->dns_domain));
    fits = str_ends(host, suffix);
    arena_deinit(&a);
    if (!fits || host.p[0] == '*')
        return false;
    rest = str_head(host, host.len - suffix.len);
    *name = str_cut(&rest, '.');
    *ns = rest;
    return name->len && ns->len && str_chr(*ns, '.') < 0;
}

static void add_domain(struct model_vhost *v, struct arena *a, struct str domain)
{
    v->domains[v->domain_count++] = arena_str(a, domain);
}

static void add_short_forms(const struct compile *c, struct str host, struct model_vhost *v,
                            struct arena *a)
{
    struct str name, ns;

    if (!cut_service_name(c, host, &name, &ns))
        return;
    add_domain(v, a, str_head(host, name.len + ns.len + sizeof(".svc")));
    add_domain(v, a, str_head(host, name.len + ns.len + 1));
    if (str_eq(ns, c->node->ns))
        add_domain(v, a, name);
}

/* The names by which requests may call a host (H-7, H-8), the full one first: the others give way
 * to another host's full name. */
static void add_domains(const struct compile *c, const struct compile_host *h,
                        struct model_vhost *v, struct arena *a)
{
    const struct registry_service *s = h->service;
    const struct multimap_list *aliases;
    char text[ADDR_TEXT_MAX];
    uint32_t most;

    aliases = multimap_get(&c->aliases, h->name);
    most = 4 + (s ? s->vip_count : 0) + (aliases ? aliases->count * 4 : 0);
    v->domains = arena_alloc0(a, most * 2, sizeof(*v->domains)); /* and names below them */
    add_domain(v, a, h->name);
    if (!s)
        return;
    for (uint32_t i = 0; aliases && i < aliases->count; i++) {
        const struct compile_host *alias = aliases->items[i];

        add_domain(v, a, alias->name);
        add_short_forms(c, alias->name, v, a);
    }
    for (uint32_t i = 0; i < s->vip_count; i++)
        add_domain(v, a, str_of(addr_format_ip(&s->vips[i], text)));
    add_short_forms(c, h->name, v, a);
    /* H-8: its members have names below all of those. */
    for (uint32_t i = 0, n = v->domain_count; s->headless && i < n; i++)
        add_domain(v, a, arena_printf(a, "*.%.*s", STR_ARG(v->domains[i])));
}

/* ---- building ---- */

static bool is_http(uint8_t protocol)
{
    return protocol == MODEL_PROTOCOL_HTTP || protocol == MODEL_PROTOCOL_HTTP2 ||
           protocol == MODEL_PROTOCOL_GRPC || protocol == MODEL_PROTOCOL_AUTO;
}

static struct model_route_vhost *build_port(struct compile_host *h, struct compile_vs *vs,
                                            const struct compile_route_place *place)
{
    struct model_route_vhost *v = compile_route_new_vhost();

    if (vs) {
        uint32_t room = compile_route_room(vs->rules, vs->rule_count);

        v->vhost.routes = arena_alloc0(&v->arena, room, sizeof(*v->vhost.routes));
        compile_route_build(place, vs->rules, vs->rule_count, v, room);
    }
    /* A VirtualService without a rule for this port and client is as none. */
    if (v->vhost.route_count == 0 && h->service)
        compile_gwapi_mesh_http(place, h->name, v);
    if (v->vhost.route_count == 0 && h->service)
        compile_route_default(place, compile_host_cluster(h, place->port, STR_NONE), v);
    if (v->vhost.route_count == 0) {
        model_route_vhost_unref(v);
        return NULL;
    }
    v->vhost.name = arena_printf(&v->arena, "%.*s:%u", STR_ARG(h->name), place->port);
    add_domains(place->c, h, &v->vhost, &v->arena);
    route_index_build(&v->vhost, &v->arena);
    return v;
}

static void add_port(struct compile_host *h, struct compile_vs *vs,
                     const struct compile_route_place *place)
{
    struct compile_vhost *to = &h->vhosts[h->vhost_count++];

    to->port = place->port;
    to->model = build_port(h, vs, place);
    to->names_hash =
        to->model ? digest_strs(to->port, to->model->vhost.domains, to->model->vhost.domain_count)
                  : 0;
}

void compile_vhost_drop(struct compile_vhost *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        model_route_vhost_unref(list[i].model);
    mem_free(list);
}

void compile_vhost_build(struct compile *c, struct compile_host *h,
                         void (*on_use)(void *arg, struct str host), void *arg)
{
    struct compile_route_place place = { .c = c, .on_use = on_use, .arg = arg };
    const struct registry_service *s = h->service;
    bool is_known = s && s->port_count == 0;
    struct compile_vs *vs;

    h->vhosts = NULL;
    h->vhost_count = 0;
    if (c->node->is_gateway)
        return;
    if (s && s->alias_of.len) {
        on_use(arg, s->alias_of);
        if (compile_host_concrete(c, h)) /* its names are among that one's (H-9) */
            return;
    }
    vs = compile_vs_find_mesh(c, h->name);
    if (vs) {
        compile_vs_resolve(c, vs);
        if (!vs->rule_count)
            vs = NULL; /* only tls or tcp rules */
    }
    h->vhosts = mem_alloc0(s && s->port_count ? s->port_count : 1, sizeof(*h->vhosts));
    for (uint32_t i = 0; s && i < s->port_count; i++) {
        place.port = s->ports[i].port;
        if (s->ports[i].is_udp || !compile_sidecar_imports(c, s, place.port))
            continue;
        is_known = true;
        if (is_http(s->ports[i].protocol))
            add_port(h, vs, &place);
    }
    /* H-4: on port 80 also hosts that no registry knows, as far as this workload may. */
    if (!is_known && vs && compile_vs_has_host(vs, h->name)) {
        place.port = 80;
        add_port(h, vs, &place);
    }
}
