#include "core/compile/compile_sidecar.h"

#include "core/api/workload_selector.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_mesh.h"

/* ---- choosing ---- */

struct choice {
    const struct compile *c;
    const struct object *best;
    int rank; /* of best: 3 selects us, 2 the namespace's, 1 the mesh's */
};

static int rank_of(const struct compile *c, const struct object *o)
{
    const struct sidecar *s = o->spec;
    bool has_selector = s->selector && s->selector->labels_count;

    if (str_eq(o->ns, c->node->ns)) {
        if (!has_selector)
            return 2;
        return compile_has_labels(c, s->selector->labels, s->selector->labels_count) ? 3 : 0;
    }
    return str_eq(o->ns, c->root_ns) && !has_selector ? 1 : 0;
}

static void consider(void *arg, const struct object *o)
{
    struct choice *choice = arg;
    int rank = rank_of(choice->c, o);

    if (rank == 0 || rank < choice->rank ||
        (rank == choice->rank && object_compare_age(o, choice->best) >= 0))
        return;
    choice->best = o;
    choice->rank = rank;
}

void compile_sidecar_follow(struct compile *c)
{
    struct choice choice = { .c = c };

    if (!(c->dirty & COMPILE_PART_SIDECAR))
        return;
    c->dirty &= ~(uint32_t)COMPILE_PART_SIDECAR;
    if (c->node->is_gateway)
        return;
    compile_each_object(c, API_KIND_SIDECAR, consider, &choice);
    if (choice.best == c->sidecar)
        return;
    object_unref(c->sidecar);
    c->sidecar = choice.best ? object_ref((struct object *)(uintptr_t)choice.best) : NULL;
    compile_host_mark_all(c, COMPILE_DIRTY_ROUTES);
    c->dirty |= COMPILE_PART_INBOUND | COMPILE_PART_VIPS;
}

const struct sidecar *compile_sidecar(const struct compile *c)
{
    return c->sidecar ? c->sidecar->spec : NULL;
}

/* ---- egress ---- */

/* "NS/HOST" of an egress listener, taken apart. */
struct egress_host {
    struct str ns, host;
    bool excludes;
};

static struct egress_host read_host(const struct compile *c, struct str text)
{
    struct egress_host e = { .host = text };

    e.ns = str_cut(&e.host, '/');
    if (str_is(e.ns, "~")) { /* nothing at all */
        e.ns = STR_NONE;
    } else if (str_starts(e.ns, STR("~"))) {
        e.excludes = true;
        e.ns = str_skip(e.ns, 1);
    }
    /* As wherever else a Sidecar speaks of its own namespace: that of the workload. */
    if (str_is(e.ns, "."))
        e.ns = c->node->ns;
    return e;
}

static bool is_of_ns(const struct egress_host *e, struct str ns)
{
    return str_is(e->ns, "*") || (e->ns.len && str_eq(e->ns, ns));
}

/* Every name that host stands for is one of pattern's. Both may be wildcards; case is ignored. */
static bool is_within(struct str host, struct str pattern)
{
    if (str_is(pattern, "*") || str_ieq(host, pattern))
        return true;
    return str_starts(pattern, STR("*")) && host.len >= pattern.len &&
           str_ieq(str_skip(host, host.len - (pattern.len - 1)), str_skip(pattern, 1));
}

static bool covers(const struct compile *c, const struct sidecar_egress *e,
                   const struct registry_service *s)
{
    bool found = false;

    for (size_t i = 0; i < e->hosts_count; i++) {
        struct egress_host h = read_host(c, e->hosts[i]);

        if (!is_of_ns(&h, s->ns) || !is_within(s->host, h.host))
            continue;
        if (h.excludes)
            return false;
        found = true;
    }
    return found;
}

/* A listener of that port before the one for all ports. */
static const struct sidecar_egress *listener_of(const struct sidecar *sc, uint16_t port)
{
    const struct sidecar_egress *all = NULL;

    for (size_t i = 0; i < sc->egress_count; i++) {
        const struct sidecar_egress *e = &sc->egress[i];

        if (e->port && e->port->number == port)
            return e;
        if (!e->port)
            all = e;
    }
    return all;
}

bool compile_sidecar_imports(const struct compile *c, const struct registry_service *s,
                             uint16_t port)
{
    const struct sidecar *sc = compile_sidecar(c);
    const struct sidecar_egress *e;

    if (!sc || !sc->egress_count)
        return true;
    e = listener_of(sc, port);
    return e && covers(c, e, s);
}

bool compile_sidecar_imports_rule(const struct compile *c, struct str ns, const struct str *hosts,
                                  uint32_t count)
{
    const struct sidecar *sc = compile_sidecar(c);

    if (!sc || !sc->egress_count)
        return true;
    for (size_t i = 0; i < sc->egress_count; i++) {
        for (size_t j = 0; j < sc->egress[i].hosts_count; j++) {
            struct egress_host h = read_host(c, sc->egress[i].hosts[j]);

            for (uint32_t k = 0; !h.excludes && is_of_ns(&h, ns) && k < count; k++) {
                if (is_within(hosts[k], h.host) || is_within(h.host, hosts[k]))
                    return true;
            }
        }
    }
    return false;
}

/* ---- unknown destinations ---- */

enum model_outbound_policy compile_sidecar_outbound_policy(const struct compile *c)
{
    const struct sidecar *sc = compile_sidecar(c);

    if (!sc || !sc->outbound)
        return c->mesh->outbound_policy;
    return sc->outbound->mode == SIDECAR_ALLOW_ANY ? MODEL_ALLOW_ANY : MODEL_REGISTRY_ONLY;
}

struct model_cluster *compile_sidecar_egress_proxy(const struct compile *c)
{
    const struct sidecar *sc = compile_sidecar(c);
    const struct virtual_service_destination *to =
        sc && sc->outbound ? sc->outbound->egress_proxy : NULL;
    struct model_cluster *found = NULL;
    const struct compile_host *h;
    struct arena a;

    if (!to)
        return NULL;
    arena_init(&a, 256);
    h = compile_host_find(c, compile_full_host(c, to->host, c->sidecar->ns, &a));
    if (h && to->port)
        found = compile_host_cluster(h, (uint16_t)to->port->number, to->subset);
    arena_deinit(&a);
    return found ? found : c->blackhole;
}

/* ---- ingress ---- */

const struct sidecar_ingress *compile_sidecar_ingress(const struct compile *c, uint16_t port)
{
    const struct sidecar *sc = compile_sidecar(c);

    for (size_t i = 0; sc && i < sc->ingress_count; i++) {
        if (sc->ingress[i].port->number == port)
            return &sc->ingress[i];
    }
    return NULL;
}
