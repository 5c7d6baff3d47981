#include "core/compile/compile_gwapi_view.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/compile/compile_gwapi_listener.h"

/* ---- objects in order ---- */

struct list {
    const struct object **items;
    size_t count, cap;
};

static void add_object(void *arg, const struct object *o)
{
    struct list *l = arg;

    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->items = mem_resize(l->items, l->cap, sizeof(*l->items));
    }
    l->items[l->count++] = o;
}

static void collect(const struct compile_gwapi_world *w, uint16_t kind, struct list *l)
{
    w->each(w->arg, kind, add_object, l);
}

static void sort(struct list *l)
{
    if (l->count > 1)
        qsort(l->items, l->count, sizeof(*l->items), object_by_age);
}

/* ---- gateways ---- */

/* Addresses are the operator's business here: those of the machine can be bound, names of other
 * types mean nothing. */
static void check_addresses(struct compile_gwapi_gateway *g, struct arena *a)
{
    for (size_t i = 0; i < g->spec->addresses_count; i++) {
        struct str type = g->spec->addresses[i].type;

        if (!str_is(type, "IPAddress") && !str_is(type, "Hostname")) {
            g->accepted = (struct compile_gwapi_fault){
                "UnsupportedAddress",
                arena_printf(a, "addresses of type \"%.*s\" cannot be had", STR_ARG(type))
            };
            return;
        }
    }
}

static void add_gateways(struct compile_gwapi_view *v)
{
    struct list l = { 0 };

    collect(v->world, API_KIND_K8S_GATEWAY, &l);
    sort(&l);
    v->gateways = arena_alloc0(v->arena, l.count, sizeof(*v->gateways));
    for (size_t i = 0; i < l.count; i++) {
        const struct gateway_api_gateway *spec = l.items[i]->spec;
        struct compile_gwapi_gateway *g = &v->gateways[v->gateway_count];

        if (!compile_gwapi_is_our_class(v->world, spec->class_name))
            continue;
        g->object = l.items[i];
        g->spec = spec;
        check_addresses(g, v->arena);
        compile_gwapi_listener_add(v, g, NULL);
        v->gateway_count++;
    }
    mem_free(l.items);
}

static struct compile_gwapi_gateway *find_gateway(const struct compile_gwapi_view *v, struct str ns,
                                                  struct str name)
{
    for (uint32_t i = 0; i < v->gateway_count; i++)
        if (str_eq(v->gateways[i].object->name, name) && str_eq(v->gateways[i].object->ns, ns))
            return &v->gateways[i];
    return NULL;
}

static void add_sets(struct compile_gwapi_view *v)
{
    struct list l = { 0 };

    collect(v->world, API_KIND_LISTENER_SET, &l);
    sort(&l);
    v->sets = arena_alloc0(v->arena, l.count, sizeof(*v->sets));
    for (size_t i = 0; i < l.count; i++) {
        const struct gateway_api_gateway_listener_set *spec = l.items[i]->spec;
        const struct gateway_api_ref *ref = GATEWAY_API_REF(spec->parent);
        struct compile_gwapi_set *set = &v->sets[v->set_count];
        struct compile_gwapi_gateway *g;

        if (!ref || !compile_gwapi_is_ref(ref, GATEWAY_API_GROUP, "Gateway"))
            continue;
        g = find_gateway(v, compile_gwapi_ns(ref, l.items[i]->ns), ref->name);
        if (!g)
            continue;
        set->object = l.items[i];
        set->gateway = g;
        if (!compile_gwapi_listener_may_join(v->world, g, set->object))
            set->accepted = (struct compile_gwapi_fault){
                "NotAllowed", STR("the Gateway takes no ListenerSets of this namespace")
            };
        else
            g->set_count++;
        compile_gwapi_listener_add(v, g, set);
        v->set_count++;
    }
    mem_free(l.items);
}

/* ---- routes ---- */

static bool has_kind(const struct compile_gwapi_listener *l, const struct object *route)
{
    return l->kinds >> (route->kind->id - API_KIND_HTTP_ROUTE) & 1;
}

static bool shares_host(const struct compile_gwapi_listener *l,
                        const struct gateway_api_any_route *spec)
{
    struct str met;

    if (spec->hostnames_count == 0)
        return true;
    for (size_t i = 0; i < spec->hostnames_count; i++)
        if (compile_gwapi_meet(l->spec->hostname, spec->hostnames[i], &met))
            return true;
    return false;
}

/* How far the best listener got; later reasons tell more. */
enum step { STEP_PARENT, STEP_ALLOWED, STEP_HOST, STEP_DONE };

static enum step try_listener(const struct compile_gwapi_world *w,
                              const struct compile_gwapi_listener *l,
                              const struct compile_gwapi_parent *p)
{
    const struct gateway_api_ref *ref = p->ref;

    if (ref->section.len && !str_eq(ref->section, l->spec->name))
        return STEP_PARENT;
    if (ref->port.set && ref->port.value != l->spec->port)
        return STEP_PARENT;
    if (!has_kind(l, p->route) || !compile_gwapi_listener_allows(w, l, p->route->ns))
        return STEP_ALLOWED;
    if (l->protocol != COMPILE_GWAPI_TCP && l->protocol != COMPILE_GWAPI_UDP &&
        !shares_host(l, p->spec))
        return STEP_HOST;
    return STEP_DONE;
}

static void attach(struct compile_gwapi_view *v, struct compile_gwapi_parent *p,
                   struct compile_gwapi_gateway *g, const struct compile_gwapi_set *set)
{
    static const struct {
        const char *reason, *message;
    } why[] = {
        [STEP_PARENT] = { "NoMatchingParent", "no listener has this name and port" },
        [STEP_ALLOWED] = { "NotAllowedByListeners",
                           "no listener takes routes of this kind and namespace" },
        [STEP_HOST] = { "NoMatchingListenerHostname", "no listener shares a host with the route" },
    };
    enum step best = STEP_PARENT;

    p->listeners = arena_alloc0(v->arena, g->listener_count, sizeof(*p->listeners));
    for (uint32_t i = 0; i < g->listener_count; i++) {
        struct compile_gwapi_listener *l = g->listeners[i];
        enum step step;

        if (l->set != set) /* a parent is a Gateway's own listeners, or those of one set */
            continue;
        step = try_listener(v->world, l, p);
        best = step > best ? step : best;
        if (step != STEP_DONE)
            continue;
        p->listeners[p->listener_count++] = l;
        l->attached++;
    }
    if (best != STEP_DONE)
        p->accepted = (struct compile_gwapi_fault){ why[best].reason, str_of(why[best].message) };
}

bool compile_gwapi_view_service_parent(const struct compile_gwapi_world *w,
                                       const struct object *route,
                                       const struct gateway_api_ref *ref, struct arena *a,
                                       struct compile_gwapi_parent *p)
{
    const struct gateway_api_any_route *spec = route->spec;
    struct str ns = compile_gwapi_ns(ref, route->ns);

    if (!compile_gwapi_is_ref(ref, "", "Service"))
        return false;
    *p = (struct compile_gwapi_parent){ .route = route,
                                        .spec = spec,
                                        .ref = ref,
                                        .is_ours = true,
                                        .service_ns = ns,
                                        .service_name = ref->name };
    p->service_port = ref->port.set ? (uint16_t)ref->port.value : 0;
    if (route->kind->id == API_KIND_UDP_ROUTE)
        p->accepted = (struct compile_gwapi_fault){ "UnsupportedValue",
                                                    STR("sidecars do not forward datagrams") };
    else if (!w->has_service(w->arg, ns, ref->name, 0, false))
        p->accepted = (struct compile_gwapi_fault){ "NoMatchingParent",
                                                    arena_printf(a, "there is no Service %.*s/%.*s",
                                                                 STR_ARG(ns), STR_ARG(ref->name)) };
    else if (!w->has_service(w->arg, ns, ref->name, p->service_port, false))
        p->accepted = (struct compile_gwapi_fault){
            "NoMatchingParent", arena_printf(a, "Service %.*s/%.*s has no port %u", STR_ARG(ns),
                                             STR_ARG(ref->name), p->service_port)
        };
    return true;
}

static const struct compile_gwapi_set *find_set(const struct compile_gwapi_view *v, struct str ns,
                                                struct str name)
{
    for (uint32_t i = 0; i < v->set_count; i++)
        if (str_eq(v->sets[i].object->name, name) && str_eq(v->sets[i].object->ns, ns))
            return &v->sets[i];
    return NULL;
}

static void add_parent(struct compile_gwapi_view *v, const struct object *route,
                       const struct gateway_api_ref *ref)
{
    struct compile_gwapi_parent *p = &v->parents[v->parent_count++];
    const struct gateway_api_any_route *spec = route->spec;
    struct str ns = compile_gwapi_ns(ref, route->ns);
    const struct compile_gwapi_set *set = NULL;
    struct compile_gwapi_gateway *g = NULL;

    if (compile_gwapi_view_service_parent(v->world, route, ref, v->arena, p))
        return;
    *p = (struct compile_gwapi_parent){ .route = route, .spec = spec, .ref = ref };
    if (compile_gwapi_is_ref(ref, GATEWAY_API_GROUP, "Gateway")) {
        g = find_gateway(v, ns, ref->name);
    } else if (compile_gwapi_is_ref(ref, GATEWAY_API_GROUP, "ListenerSet")) {
        set = find_set(v, ns, ref->name);
        g = set ? set->gateway : NULL;
    }
    p->is_ours = g != NULL;
    p->gateway = g;
    if (g)
        attach(v, p, g, set);
}

/* A route that wants default Gateways is attached to all that are such, unless it names them. */
static void add_default_parents(struct compile_gwapi_view *v, const struct object *route,
                                uint32_t since)
{
    const struct gateway_api_any_route *spec = route->spec;
    uint32_t own = v->parent_count;

    for (uint32_t i = 0;
         spec->use_default_gateways == GATEWAY_API_SCOPE_ALL && i < v->gateway_count; i++) {
        const struct object *g = v->gateways[i].object;
        struct gateway_api_ref *ref;
        bool named = false;

        for (uint32_t k = since; k < own; k++)
            named |= v->parents[k].gateway == &v->gateways[i];
        if (named || v->gateways[i].spec->default_scope != GATEWAY_API_SCOPE_ALL)
            continue;
        ref = arena_alloc0(v->arena, 1, sizeof(*ref));
        ref->group = STR(GATEWAY_API_GROUP);
        ref->kind = STR("Gateway");
        ref->ns = g->ns;
        ref->name = g->name;
        add_parent(v, route, ref);
    }
}

static void add_routes(struct compile_gwapi_view *v)
{
    struct list l = { 0 };
    size_t room = 0;

    for (uint16_t kind = API_KIND_HTTP_ROUTE; kind <= API_KIND_UDP_ROUTE; kind++)
        collect(v->world, kind, &l);
    sort(&l);
    for (size_t i = 0; i < l.count; i++)
        room += ((const struct gateway_api_any_route *)l.items[i]->spec)->parents_count +
                v->gateway_count;
    v->parents = arena_alloc0(v->arena, room, sizeof(*v->parents));
    for (size_t i = 0; i < l.count; i++) {
        const struct gateway_api_any_route *spec = l.items[i]->spec;
        uint32_t since = v->parent_count;

        for (uint32_t j = 0; j < spec->parents_count; j++)
            add_parent(v, l.items[i], GATEWAY_API_REF(&spec->parents[j]));
        add_default_parents(v, l.items[i], since);
    }
    mem_free(l.items);
}

void compile_gwapi_view_build(const struct compile_gwapi_world *w, struct arena *a,
                              struct compile_gwapi_view *out)
{
    *out = (struct compile_gwapi_view){ .world = w, .arena = a };
    add_gateways(out);
    add_sets(out);
    for (uint32_t i = 0; i < out->gateway_count; i++)
        compile_gwapi_listener_settle(w, &out->gateways[i], a);
    add_routes(out);
}

bool compile_gwapi_view_works(const struct compile_gwapi_listener *l)
{
    return !l->accepted.reason && !l->conflict.reason && !l->refs.reason && l->kinds != 0;
}

const struct gateway_api_frontend_validation *
compile_gwapi_view_validation(const struct compile_gwapi_listener *l)
{
    const struct gateway_api_gateway_tls *tls = l->gateway->spec->tls;
    const struct gateway_api_frontend_tls *f = tls ? tls->frontend : NULL;

    for (size_t i = 0; f && i < f->ports_count; i++)
        if (f->ports[i].port == l->spec->port)
            return f->ports[i].tls ? f->ports[i].tls->validation : NULL;
    return f && f->usual ? f->usual->validation : NULL;
}

void compile_gwapi_view_each_secret(const struct compile_gwapi_view *v,
                                    void (*each)(void *arg, struct str ns, struct str name),
                                    void *arg)
{
    for (uint32_t i = 0; i < v->gateway_count; i++) {
        for (uint32_t k = 0; k < v->gateways[i].listener_count; k++) {
            const struct compile_gwapi_listener *l = v->gateways[i].listeners[k];
            const struct gateway_api_listener_tls *tls = l->spec->tls;

            if (!tls || l->passthrough || !compile_gwapi_view_works(l))
                continue;
            for (size_t c = 0; c < tls->certificates_count; c++)
                each(arg, compile_gwapi_ns(GATEWAY_API_REF(&tls->certificates[c]), l->owner->ns),
                     tls->certificates[c].name);
        }
    }
}
