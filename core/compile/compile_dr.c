#include "core/compile/compile_dr.h"

#include "core/api/workload_selector.h"
#include "core/base/mem.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_mesh.h"

/* ---- coming and going ---- */

static void rule_free(struct compile_dr *dr)
{
    object_unref(dr->object);
    arena_deinit(&dr->arena);
    mem_free(dr);
}

static void mark(struct compile *c, const struct compile_dr *dr)
{
    if (c->own_hosts.count) /* DR-8: our own way in may follow it */
        c->dirty |= COMPILE_PART_INBOUND;
    compile_host_mark_matching(c, dr->host, COMPILE_DIRTY_CLUSTERS);
}

static void drop(struct compile *c, struct compile_dr *dr)
{
    map_remove(&c->dr.by_key, dr->key);
    multimap_remove(&c->dr.by_host, dr->host, dr);
    mark(c, dr);
    rule_free(dr);
}

void compile_dr_put(struct compile *c, struct object *o)
{
    struct compile_dr *dr = mem_alloc0(1, sizeof(*dr)), *old;

    arena_init(&dr->arena, 256);
    dr->object = object_ref(o);
    dr->spec = o->spec;
    dr->key = compile_pair(o->ns, o->name, &dr->arena);
    dr->host = compile_full_host(c, dr->spec->host, o->ns, &dr->arena);
    old = map_get(&c->dr.by_key, dr->key);
    if (old && compile_is_same_object(old->object, o)) {
        rule_free(dr);
        return;
    }
    if (old)
        drop(c, old);
    map_put(&c->dr.by_key, dr->key, dr);
    multimap_add(&c->dr.by_host, dr->host, dr);
    mark(c, dr);
}

void compile_dr_remove(struct compile *c, struct str ns, struct str name)
{
    struct arena a;
    struct compile_dr *dr;

    arena_init(&a, 256);
    dr = map_get(&c->dr.by_key, compile_pair(ns, name, &a));
    arena_deinit(&a);
    if (dr)
        drop(c, dr);
}

void compile_dr_free_all(struct compile *c)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->dr.by_key, &at));)
        rule_free(s->value);
    map_deinit(&c->dr.by_key);
    multimap_deinit(&c->dr.by_host);
}

/* ---- choosing ---- */

static bool is_older(const struct compile_dr *a, const struct compile_dr *b)
{
    int64_t ta = a->object->meta->created.value, tb = b->object->meta->created.value;

    return ta != tb ? ta < tb : str_cmp(a->key, b->key) < 0;
}

static bool is_level(const struct compile *c, const struct compile_dr *dr, struct str ns)
{
    return str_eq(dr->object->ns, ns) &&
           compile_mesh_is_exported(dr->spec->export_to, dr->spec->export_to_count,
                                    c->mesh->config.default_destination_rule_export_to,
                                    c->mesh->config.default_destination_rule_export_to_count, ns,
                                    c->node->ns);
}

static bool selects_us(const struct compile *c, const struct compile_dr *dr)
{
    const struct workload_selector *s = dr->spec->workload_selector;

    return s && s->labels_count && str_eq(dr->object->ns, c->node->ns) &&
           compile_has_labels(c, s->labels, s->labels_count);
}

static bool has_selector(const struct compile_dr *dr)
{
    return dr->spec->workload_selector && dr->spec->workload_selector->labels_count;
}

static bool same_export(const struct compile_dr *a, const struct compile_dr *b)
{
    if (a->spec->export_to_count != b->spec->export_to_count)
        return false;
    for (size_t i = 0; i < a->spec->export_to_count; i++) {
        if (!str_eq(a->spec->export_to[i], b->spec->export_to[i]))
            return false;
    }
    return true;
}

/* The rules of one level for one host, oldest first; those that select this node alone when there
 * are some. Returns how many. */
static uint32_t rules_of(const struct compile *c, const struct multimap_list *l, struct str ns,
                         struct arena *a, const struct compile_dr ***out)
{
    const struct compile_dr **list = arena_alloc0(a, l->count, sizeof(*list));
    bool selected = false;
    uint32_t n = 0;

    for (uint32_t i = 0; i < l->count; i++)
        selected |= is_level(c, l->items[i], ns) && selects_us(c, l->items[i]);
    for (uint32_t i = 0; i < l->count; i++) {
        const struct compile_dr *dr = l->items[i];
        uint32_t at = n;

        if (!is_level(c, dr, ns) || (selected ? !selects_us(c, dr) : has_selector(dr)))
            continue;
        for (; at && is_older(dr, list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = dr;
        n++;
    }
    *out = list;
    return n;
}

static bool has_subset(const struct compile_dr_result *r, struct str name)
{
    for (uint32_t i = 0; i < r->subset_count; i++) {
        if (str_eq(r->subsets[i].subset->name, name))
            return true;
    }
    return false;
}

static void merge(const struct compile_dr **rules, uint32_t count, struct arena *a,
                  struct compile_dr_result *out)
{
    size_t most = 0;

    out->object = rules[0]->object;
    for (uint32_t i = 0; i < count; i++)
        most += rules[i]->spec->subsets_count;
    out->subsets = arena_alloc0(a, most, sizeof(*out->subsets));
    for (uint32_t i = 0; i < count; i++) {
        const struct compile_dr *dr = rules[i];

        if (!same_export(dr, rules[0]))
            continue;
        if (!out->policy && dr->spec->policy) {
            out->policy = dr->spec->policy;
            out->object = dr->object;
        }
        for (size_t s = 0; s < dr->spec->subsets_count; s++) {
            if (!has_subset(out, dr->spec->subsets[s].name))
                out->subsets[out->subset_count++] =
                    (struct compile_dr_subset){ &dr->spec->subsets[s], dr->object };
        }
    }
}

/* The most specific host of a level (DR-2). */
static bool find_in(const struct compile *c, struct str host, struct str ns, struct arena *a,
                    struct compile_dr_result *out)
{
    struct str pattern = host;

    while (pattern.p) {
        const struct multimap_list *l = multimap_get(&c->dr.by_host, pattern);
        const struct compile_dr **rules;
        uint32_t count = l ? rules_of(c, l, ns, a, &rules) : 0;

        if (count) {
            merge(rules, count, a, out);
            return true;
        }
        pattern = compile_host_wider(pattern, a);
    }
    return false;
}

void compile_dr_find(const struct compile *c, struct str host, struct str service_ns,
                     struct arena *a, struct compile_dr_result *out)
{
    struct str own = c->node->ns;

    *out = (struct compile_dr_result){ 0 };
    if (c->dr.by_key.count == 0)
        return;
    if (!str_eq(own, c->root_ns) && find_in(c, host, own, a, out))
        return;
    if (!str_eq(service_ns, own) && find_in(c, host, service_ns, a, out))
        return;
    if (!str_eq(service_ns, c->root_ns))
        (void)find_in(c, host, c->root_ns, a, out);
}

/* ---- what it says ---- */

static const struct traffic_policy_port *port_block(const struct traffic_policy *p, uint16_t port)
{
    for (size_t i = 0; p && i < p->ports_count; i++) {
        if (p->ports[i].port && p->ports[i].port->number == port)
            return &p->ports[i];
    }
    return NULL;
}

/* The port's blocks replace those of all ports wholesale; it has no others. */
static void take_port(struct compile_dr_policy *out, const struct traffic_policy_port *p)
{
    if (!p)
        return;
    out->lb = p->lb;
    out->pool = p->pool;
    out->outlier = p->outlier;
    out->tls = p->tls;
}

static void take(struct compile_dr_policy *out, const struct traffic_policy *p, uint16_t port)
{
    if (!p)
        return;
    out->lb = p->lb ? p->lb : out->lb;
    out->pool = p->pool ? p->pool : out->pool;
    out->outlier = p->outlier ? p->outlier : out->outlier;
    out->tls = p->tls ? p->tls : out->tls;
    out->tunnel = p->tunnel ? p->tunnel : out->tunnel;
    out->proxy_protocol = p->proxy_protocol ? p->proxy_protocol : out->proxy_protocol;
    out->retry_budget = p->retry_budget ? p->retry_budget : out->retry_budget;
    take_port(out, port_block(p, port));
}

struct compile_dr_policy compile_dr_policy_of(const struct compile_dr_result *r,
                                              const struct destination_rule_subset *subset,
                                              uint16_t port)
{
    struct compile_dr_policy out = { 0 };

    take(&out, r->policy, port);
    take(&out, subset ? subset->policy : NULL, port);
    return out;
}

void compile_dr_fill(const struct compile *c, struct compile_dr_policy *policy)
{
    const struct mesh_config_traffic_policy *d = c->mesh->config.default_traffic_policy;

    if (!d)
        return;
    policy->pool = policy->pool ? policy->pool : d->connection_pool;
    policy->outlier = policy->outlier ? policy->outlier : d->outlier_detection;
}
