#include "core/compile/compile_vs.h"

#include "core/base/mem.h"
#include "core/compile/compile_delegate.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_sidecar.h"

/* ---- reading ---- */

static void read_hosts(const struct compile *c, struct compile_vs *vs)
{
    vs->hosts = arena_alloc0(&vs->arena, vs->spec->hosts_count, sizeof(*vs->hosts));
    for (size_t i = 0; i < vs->spec->hosts_count; i++)
        vs->hosts[vs->host_count++] =
            compile_full_host(c, vs->spec->hosts[i], vs->object->ns, &vs->arena);
}

static void read_gateways(struct compile_vs *vs)
{
    const struct virtual_service *spec = vs->spec;

    vs->gateways = arena_alloc0(&vs->arena, spec->gateways_count, sizeof(*vs->gateways));
    vs->is_mesh = spec->gateways_count == 0;
    for (size_t i = 0; i < spec->gateways_count; i++) {
        struct str g = spec->gateways[i];

        if (str_is(g, "mesh"))
            vs->is_mesh = true;
        else
            vs->gateways[vs->gateway_count++] =
                str_chr(g, '/') >= 0 ? g : compile_pair(vs->object->ns, g, &vs->arena);
    }
}

static void read_delegates(struct compile_vs *vs)
{
    const struct virtual_service *spec = vs->spec;

    vs->delegates = arena_alloc0(&vs->arena, spec->http_count, sizeof(*vs->delegates));
    for (size_t i = 0; i < spec->http_count; i++) {
        const struct virtual_service_delegate *d = spec->http[i].delegate;

        if (d)
            vs->delegates[vs->delegate_count++] =
                compile_pair(d->ns.len ? d->ns : vs->object->ns, d->name, &vs->arena);
    }
}

static bool is_shown_to(const struct compile *c, const struct compile_vs *vs, struct str ns)
{
    const struct mesh_config *m = &c->mesh->config;

    return compile_mesh_is_exported(vs->spec->export_to, vs->spec->export_to_count,
                                    m->default_virtual_service_export_to,
                                    m->default_virtual_service_export_to_count, vs->object->ns, ns);
}

static struct compile_vs *vs_new(const struct compile *c, struct object *o)
{
    struct compile_vs *vs = mem_alloc0(1, sizeof(*vs));

    arena_init(&vs->arena, 256);
    arena_init(&vs->rule_arena, 256);
    vs->object = object_ref(o);
    vs->spec = o->spec;
    vs->key = compile_pair(o->ns, o->name, &vs->arena);
    vs->is_visible = is_shown_to(c, vs, c->node->ns);
    read_hosts(c, vs);
    read_gateways(vs);
    read_delegates(vs);
    return vs;
}

static void forget_rules(struct compile_vs *vs)
{
    for (uint32_t i = 0; i < vs->held_count; i++)
        object_unref(vs->held[i]);
    mem_free(vs->held);
    vs->held = NULL;
    vs->held_count = 0;
    arena_reset(&vs->rule_arena);
    vs->rules = NULL;
    vs->rule_count = 0;
    vs->has_rules = false;
}

static void vs_free(struct compile_vs *vs)
{
    forget_rules(vs);
    object_unref(vs->object);
    arena_deinit(&vs->rule_arena);
    arena_deinit(&vs->arena);
    mem_free(vs);
}

/* ---- coming and going ---- */

static void mark(struct compile *c, const struct compile_vs *vs)
{
    if (vs->is_mesh && vs->is_visible && !c->node->is_gateway) {
        for (uint32_t i = 0; i < vs->host_count; i++)
            compile_host_mark_matching(c, vs->hosts[i], COMPILE_DIRTY_ROUTES);
    }
    if (vs->gateway_count && c->node->is_gateway)
        c->dirty |= COMPILE_PART_GATEWAY;
}

/* A delegate changed: the rules of its roots are made anew. */
static void mark_roots(struct compile *c, struct str key)
{
    const struct multimap_list *l = multimap_get(&c->vs.delegates_used, key);

    for (uint32_t i = 0; l && i < l->count; i++) {
        forget_rules(l->items[i]);
        mark(c, l->items[i]);
    }
}

static void enter(struct compile *c, struct compile_vs *vs, bool add)
{
    bool (*move)(struct multimap *, struct str, void *) = add ? multimap_add : multimap_remove;

    for (uint32_t i = 0; vs->is_mesh && vs->is_visible && i < vs->host_count; i++)
        move(&c->vs.by_host, vs->hosts[i], vs);
    for (uint32_t i = 0; vs->is_visible && i < vs->gateway_count; i++)
        move(&c->vs.by_gateway, vs->gateways[i], vs);
    for (uint32_t i = 0; i < vs->delegate_count; i++)
        move(&c->vs.delegates_used, vs->delegates[i], vs);
}

static void drop(struct compile *c, struct compile_vs *vs)
{
    map_remove(&c->vs.by_key, vs->key);
    enter(c, vs, false);
    mark(c, vs);
    vs_free(vs);
}

void compile_vs_put(struct compile *c, struct object *o)
{
    struct compile_vs *vs = vs_new(c, o), *old = map_get(&c->vs.by_key, vs->key);

    if (old && compile_is_same_object(old->object, o)) {
        vs_free(vs);
        return;
    }
    if (old)
        drop(c, old);
    map_put(&c->vs.by_key, vs->key, vs);
    enter(c, vs, true);
    mark(c, vs);
    mark_roots(c, vs->key);
}

void compile_vs_remove(struct compile *c, struct str ns, struct str name)
{
    struct arena a;
    struct str key;
    struct compile_vs *vs;

    arena_init(&a, 256);
    key = compile_pair(ns, name, &a);
    vs = map_get(&c->vs.by_key, key);
    if (vs) {
        drop(c, vs);
        mark_roots(c, key);
    }
    arena_deinit(&a);
}

void compile_vs_reread(struct compile *c)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->vs.by_key, &at));) {
        struct compile_vs *vs = s->value;

        if (vs->delegate_count)
            forget_rules(vs);
        if (is_shown_to(c, vs, c->node->ns) == vs->is_visible)
            continue;
        enter(c, vs, false);
        mark(c, vs);
        vs->is_visible = !vs->is_visible;
        enter(c, vs, true);
        mark(c, vs);
    }
}

void compile_vs_free_all(struct compile *c)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->vs.by_key, &at));)
        vs_free(s->value);
    map_deinit(&c->vs.by_key);
    multimap_deinit(&c->vs.by_host);
    multimap_deinit(&c->vs.by_gateway);
    multimap_deinit(&c->vs.delegates_used);
}

/* ---- finding ---- */

static bool is_older(const struct compile_vs *a, const struct compile_vs *b)
{
    int64_t ta = a->object->meta->created.value, tb = b->object->meta->created.value;

    return ta != tb ? ta < tb : str_cmp(a->key, b->key) < 0;
}

static struct compile_vs *oldest(const struct compile *c, const struct multimap_list *l)
{
    struct compile_vs *best = NULL;

    for (uint32_t i = 0; l && i < l->count; i++) {
        struct compile_vs *vs = l->items[i];

        if ((!best || is_older(vs, best)) &&
            compile_sidecar_imports_rule(c, vs->object->ns, vs->hosts, vs->host_count))
            best = vs;
    }
    return best;
}

struct compile_vs *compile_vs_find_mesh(const struct compile *c, struct str host)
{
    struct compile_vs *found = oldest(c, multimap_get(&c->vs.by_host, host));
    struct str pattern = host;
    struct arena a;

    if (found || c->vs.by_host.map.count == 0)
        return found;
    arena_init(&a, 256);
    while (!found && (pattern = compile_host_wider(pattern, &a)).p)
        found = oldest(c, multimap_get(&c->vs.by_host, pattern));
    arena_deinit(&a);
    return found;
}

uint32_t compile_vs_of_gateway(const struct compile *c, struct str gateway, struct arena *a,
                               struct compile_vs ***out)
{
    const struct multimap_list *l = multimap_get(&c->vs.by_gateway, gateway);
    struct compile_vs **list = arena_alloc0(a, l ? l->count : 0, sizeof(*list));
    uint32_t n = 0;

    for (uint32_t i = 0; l && i < l->count; i++) {
        struct compile_vs *vs = l->items[i];
        uint32_t at = n++;

        for (; at && is_older(vs, list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = vs;
    }
    *out = list;
    return n;
}

struct compile_vs *compile_vs_find(const struct compile *c, struct str key)
{
    return map_get(&c->vs.by_key, key);
}

bool compile_vs_has_host(const struct compile_vs *vs, struct str host)
{
    for (uint32_t i = 0; i < vs->host_count; i++) {
        if (str_eq(vs->hosts[i], host))
            return true;
    }
    return false;
}

/* ---- rules ---- */

static void keep(struct compile_vs *vs, struct object *o)
{
    vs->held = mem_resize(vs->held, vs->held_count + 1, sizeof(struct object *));
    vs->held[vs->held_count++] = object_ref(o);
}

static void add_delegated(struct compile *c, struct compile_vs *vs, uint32_t rule,
                          const struct compile_vs *from)
{
    const struct virtual_service_http *root = &vs->spec->http[rule];

    keep(vs, from->object);
    for (size_t i = 0; i < from->spec->http_count; i++) {
        const struct virtual_service_http *merged =
            compile_delegate_merge(root, &from->spec->http[i], &vs->rule_arena);

        if (!merged) {
            compile_warn(c, from->object, from->spec->http[i].at, "MSH1032", "",
                         "the rule is left out: its match is not within that of %.*s which "
                         "delegates to it",
                         STR_ARG(vs->key));
            continue;
        }
        vs->rules[vs->rule_count++] = (struct compile_route_rule){ .http = merged,
                                                                   .owner = from->object,
                                                                   .index = (uint32_t)i };
    }
}

void compile_vs_resolve(struct compile *c, struct compile_vs *vs)
{
    size_t most = vs->spec->http_count;

    if (vs->has_rules)
        return;
    for (uint32_t i = 0; i < vs->delegate_count; i++) {
        const struct compile_vs *d = compile_vs_find(c, vs->delegates[i]);

        most += d ? d->spec->http_count : 0;
    }
    vs->rules = arena_alloc0(&vs->rule_arena, most, sizeof(*vs->rules));
    for (uint32_t i = 0, at = 0; i < vs->spec->http_count; i++) {
        const struct compile_vs *d;

        if (!vs->spec->http[i].delegate) {
            vs->rules[vs->rule_count++] = (struct compile_route_rule){ .http = &vs->spec->http[i],
                                                                       .owner = vs->object,
                                                                       .index = i };
            continue;
        }
        d = compile_vs_find(c, vs->delegates[at++]);
        if (d && d->host_count == 0 && is_shown_to(c, d, vs->object->ns))
            add_delegated(c, vs, i, d);
        else if (d && d->host_count == 0)
            compile_warn(c, vs->object, vs->spec->http[i].at, "MSH1038", "",
                         "the rule is left out: its delegate %.*s is not exported to namespace "
                         "%.*s (spec.exportTo)",
                         STR_ARG(d->key), STR_ARG(vs->object->ns));
        else
            compile_warn(c, vs->object, vs->spec->http[i].at, "IST0101", "",
                         "Referenced delegate not found: \"%.*s\"", STR_ARG(vs->delegates[at - 1]));
    }
    vs->has_rules = true;
}
