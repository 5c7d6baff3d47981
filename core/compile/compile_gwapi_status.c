#include "core/compile/compile_gwapi_status.h"

#include "core/base/mem.h"
#include "core/compile/compile_gwapi_condition.h"
#include "core/compile/compile_gwapi_judge.h"
#include "core/compile/compile_gwapi_view.h"

/* What the conformance suite calls what we do; ascending. */
static const char *const features[] = {
    "BackendTLSPolicy",
    "GRPCRoute",
    "GRPCRouteNamedRouteRule",
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayFrontendClientCertificateValidation",
    "GatewayFrontendClientCertificateValidationInsecureFallback",
    "GatewayHTTPListenerIsolation",
    "GatewayHTTPSListenerDetectMisdirectedRequests",
    "GatewayListenerSet",
    "GatewayPort8080",
    "HTTPRoute",
    "HTTPRoute303RedirectStatusCode",
    "HTTPRoute307RedirectStatusCode",
    "HTTPRoute308RedirectStatusCode",
    "HTTPRouteBackendProtocolH2C",
    "HTTPRouteBackendProtocolWebSocket",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteCORS",
    "HTTPRouteDestinationPortMatching",
    "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite",
    "HTTPRoutePortRedirect",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
    "HTTPRouteSchemeRedirect",
    "Mesh",
    "MeshConsumerRoute",
    "ReferenceGrant",
    "TCPRoute",
    "TLSRoute",
};

struct job {
    const struct compile_gwapi_status_input *in;
    struct compile_gwapi_view view;
    struct arena *arena;
};

static const struct node *old_status(const struct object *o)
{
    return o->node ? node_getz(o->node, "status") : NULL;
}

static struct compile_gwapi_condition_list begin(const struct job *j, struct node *parent,
                                                 const struct node *old, const struct object *o)
{
    return compile_gwapi_condition_begin(parent, old, o->meta->generation, j->in->now_ns, j->arena);
}

static void emit(const struct job *j, const struct object *o, struct node *status)
{
    j->in->emit(j->in->emit_arg, o, status);
}

/* The item of a list with that name, as it was. */
static const struct node *old_item(const struct node *old, const char *list, struct str name)
{
    const struct node *items = node_getz(old, list);

    if (items && items->kind == NODE_LIST)
        NODE_EACH(item, items)
    if (str_eq(node_get_str(item, "name"), name))
        return item;
    return NULL;
}

/* ---- classes ---- */

static void add_features(const struct job *j, struct node *status)
{
    struct node *list = node_new(j->arena, NODE_LIST);

    for (size_t i = 0; i < COUNT_OF(features); i++) {
        struct node *f = node_new(j->arena, NODE_MAP);

        node_set_str(j->arena, f, "name", str_of(features[i]));
        node_add(list, f);
    }
    node_set(status, STR("supportedFeatures"), list);
}

static void judge_class(void *arg, const struct object *o)
{
    struct job *j = arg;
    const struct gateway_api_gateway_class *spec = o->spec;
    struct node *status = node_new(j->arena, NODE_MAP);
    struct compile_gwapi_condition_list l;

    if (!compile_gwapi_is_our_controller(spec->controller) &&
        !str_is(spec->controller, "istio.io/mesh-controller") &&
        !str_is(spec->controller, "mesh.dev/mesh-controller"))
        return;
    l = begin(j, status, old_status(o), o);
    compile_gwapi_condition_add(&l, "Accepted", true, "Accepted", STR("ours"));
    if (o->kind->id == API_KIND_GATEWAY_CLASS)
        compile_gwapi_condition_add(&l, "SupportedVersion", true, "SupportedVersion",
                                    STR("the kinds are known in this version"));
    add_features(j, status);
    emit(j, o, status);
}

/* ---- listeners ---- */

static void add_kinds(const struct job *j, const struct compile_gwapi_listener *l,
                      struct node *status)
{
    struct node *list = node_new(j->arena, NODE_LIST);

    for (uint16_t kind = API_KIND_HTTP_ROUTE; kind <= API_KIND_UDP_ROUTE; kind++) {
        struct node *k = node_new(j->arena, NODE_MAP);

        if (!(l->kinds >> (kind - API_KIND_HTTP_ROUTE) & 1))
            continue;
        node_set_str(j->arena, k, "group", STR(GATEWAY_API_GROUP));
        node_set_str(j->arena, k, "kind", str_of(api_kind_by_id(kind)->kind));
        node_add(list, k);
    }
    node_set(status, STR("supportedKinds"), list);
}

static void add_listener(const struct job *j, const struct compile_gwapi_listener *l,
                         const struct node *old, struct node *list)
{
    struct node *status = node_new(j->arena, NODE_MAP);
    const struct compile_gwapi_fault *accepted = l->accepted.reason ? &l->accepted : &l->conflict;
    const struct compile_gwapi_fault *refs = l->refs.reason ? &l->refs : &l->kinds_fault;
    struct compile_gwapi_fault programmed = { 0 };
    struct compile_gwapi_condition_list c;

    if (!compile_gwapi_view_works(l))
        programmed = (struct compile_gwapi_fault){ "Invalid", STR("it does not listen") };
    node_set_str(j->arena, status, "name", l->spec->name);
    add_kinds(j, l, status);
    node_set(status, STR("attachedRoutes"), node_new_int(j->arena, l->attached));
    c = begin(j, status, old_item(old, "listeners", l->spec->name), l->owner);
    compile_gwapi_condition_judge(&c, "Accepted", accepted, "Accepted", "no errors");
    compile_gwapi_condition_add(&c, "Conflicted", l->conflict.reason != NULL,
                                l->conflict.reason ? l->conflict.reason : "NoConflicts",
                                l->conflict.reason ? l->conflict.message : STR("no conflicts"));
    compile_gwapi_condition_judge(&c, "ResolvedRefs", refs, "ResolvedRefs",
                                  "all references lead somewhere");
    compile_gwapi_condition_judge(&c, "Programmed", &programmed, "Programmed", "it listens");
    if (l->overlaps)
        compile_gwapi_condition_add(
            &c, "OverlappingTLSConfig", true, "OverlappingHostnames",
            STR("another listener of this port has hosts in common: a connection made for one may "
                "be used for the other"));
    node_add(list, status);
}

static void add_listeners(const struct job *j, const struct compile_gwapi_gateway *g,
                          const struct compile_gwapi_set *set, const struct node *old,
                          struct node *status)
{
    struct node *list = node_new(j->arena, NODE_LIST);

    node_set(status, STR("listeners"), list);
    for (uint32_t i = 0; i < g->listener_count; i++)
        if (g->listeners[i]->set == set)
            add_listener(j, g->listeners[i], old, list);
}

/* How many of them are sound in themselves, and how many there are. */
static void count_listeners(const struct compile_gwapi_gateway *g,
                            const struct compile_gwapi_set *set, uint32_t *good, uint32_t *all)
{
    *good = *all = 0;
    for (uint32_t i = 0; i < g->listener_count; i++) {
        const struct compile_gwapi_listener *l = g->listeners[i];

        if (l->set != set)
            continue;
        ++*all;
        *good += !l->accepted.reason && !l->conflict.reason;
    }
}

static void judge_listeners(struct compile_gwapi_condition_list *c,
                            const struct compile_gwapi_fault *f, uint32_t good, uint32_t all)
{
    if (f->reason)
        compile_gwapi_condition_add(c, "Accepted", false, f->reason, f->message);
    else if (good < all)
        compile_gwapi_condition_add(c, "Accepted", good > 0, "ListenersNotValid",
                                    STR("some listeners cannot be had"));
    else
        compile_gwapi_condition_add(c, "Accepted", true, "Accepted", STR("no errors"));
}

/* ---- gateways ---- */

struct addresses {
    const struct job *j;
    struct node *list;
};

static void add_address(void *arg, const char *type, struct str value)
{
    struct addresses *to = arg;
    struct node *n = node_new(to->j->arena, NODE_MAP);

    NODE_EACH(item, to->list)
    if (str_eq(node_get_str(item, "value"), value))
        return;
    if (to->list->count == 16)
        return;
    node_set_str(to->j->arena, n, "type", str_of(type));
    node_set_str(to->j->arena, n, "value", arena_str(to->j->arena, value));
    node_add(to->list, n);
}

static void judge_gateway(const struct job *j, const struct compile_gwapi_gateway *g)
{
    const struct node *old = old_status(g->object);
    struct node *status = node_new(j->arena, NODE_MAP);
    struct addresses to = { j, node_new(j->arena, NODE_LIST) };
    struct compile_gwapi_condition_list c;
    uint32_t good, all;

    for (size_t i = 0; i < g->spec->addresses_count && !g->accepted.reason; i++)
        if (g->spec->addresses[i].value.len)
            add_address(&to,
                        str_is(g->spec->addresses[i].type, "Hostname") ? "Hostname" : "IPAddress",
                        g->spec->addresses[i].value);
    if (to.list->count == 0 && j->in->addresses)
        j->in->addresses(j->in->addresses_arg, g->object, add_address, &to);
    node_set(status, STR("addresses"), to.list);
    node_set(status, STR("attachedListenerSets"), node_new_int(j->arena, g->set_count));
    c = begin(j, status, old, g->object);
    count_listeners(g, NULL, &good, &all);
    judge_listeners(&c, &g->accepted, good, all);
    if (g->accepted.reason || (good == 0 && g->set_count == 0))
        compile_gwapi_condition_add(&c, "Programmed", false, "Invalid",
                                    STR("nothing of it can be had"));
    else if (to.list->count == 0)
        compile_gwapi_condition_add(&c, "Programmed", false, "AddressNotAssigned",
                                    STR("no gateway process that serves it is connected"));
    else
        compile_gwapi_condition_add(&c, "Programmed", true, "Programmed", STR("it is served"));
    add_listeners(j, g, NULL, old, status);
    emit(j, g->object, status);
}

static void judge_set(const struct job *j, const struct compile_gwapi_set *set)
{
    const struct node *old = old_status(set->object);
    struct node *status = node_new(j->arena, NODE_MAP);
    struct compile_gwapi_condition_list c = begin(j, status, old, set->object);
    uint32_t good, all;

    count_listeners(set->gateway, set, &good, &all);
    judge_listeners(&c, &set->accepted, good, all);
    if (set->accepted.reason)
        compile_gwapi_condition_add(&c, "Programmed", false, set->accepted.reason,
                                    set->accepted.message);
    else if (good == 0)
        compile_gwapi_condition_add(&c, "Programmed", false, "ListenersNotValid",
                                    STR("no listener can be had"));
    else
        compile_gwapi_condition_add(&c, "Programmed", true, "Programmed", STR("it is served"));
    if (!set->accepted.reason)
        add_listeners(j, set->gateway, set, old, status);
    emit(j, set->object, status);
}

/* ---- routes ---- */

/* Copies what other controllers said. */
static void keep_others(const struct job *j, const struct node *old, const char *name,
                        struct node *list)
{
    const struct node *items = node_getz(old, name);

    if (!items || items->kind != NODE_LIST)
        return;
    NODE_EACH(item, items)
    if (!compile_gwapi_is_our_controller(node_get_str(item, "controllerName")))
        node_add(list, node_copy(j->arena, item));
}

static struct node *parent_ref(const struct job *j, const struct gateway_api_ref *ref)
{
    struct node *n = node_new(j->arena, NODE_MAP);

    node_set_str(j->arena, n, "group", ref->group);
    node_set_str(j->arena, n, "kind", ref->kind);
    if (ref->ns.len)
        node_set_str(j->arena, n, "namespace", ref->ns);
    node_set_str(j->arena, n, "name", ref->name);
    if (ref->section.len)
        node_set_str(j->arena, n, "sectionName", ref->section);
    if (ref->port.set)
        node_set(n, STR("port"), node_new_int(j->arena, ref->port.value));
    return n;
}

/* Our older words about the same parent. */
static const struct node *old_parent(const struct node *old, const struct node *ref)
{
    const struct node *items = node_getz(old, "parents");

    if (items && items->kind == NODE_LIST)
        NODE_EACH(item, items)
    if (compile_gwapi_is_our_controller(node_get_str(item, "controllerName")) &&
        node_getz(item, "parentRef") && node_equal(node_getz(item, "parentRef"), ref))
        return item;
    return NULL;
}

static struct str controller_of(const struct job *j, const struct compile_gwapi_parent *p)
{
    const struct object *class = p->gateway
                                     ? j->in->world->find(j->in->world->arg, API_KIND_GATEWAY_CLASS,
                                                          STR(""), p->gateway->spec->class_name)
                                     : NULL;

    return class ? ((const struct gateway_api_gateway_class *)class->spec)->controller
                 : STR(COMPILE_GWAPI_CONTROLLER);
}

static void add_parent(const struct job *j, const struct compile_gwapi_parent *p,
                       const struct compile_gwapi_judge *said, const struct node *old,
                       struct node *list)
{
    struct node *status = node_new(j->arena, NODE_MAP);
    struct node *ref = parent_ref(j, p->ref);
    const struct compile_gwapi_fault *accepted =
        p->accepted.reason ? &p->accepted : &said->accepted;
    struct compile_gwapi_condition_list c;

    node_set(status, STR("parentRef"), ref);
    node_set_str(j->arena, status, "controllerName", controller_of(j, p));
    c = begin(j, status, old_parent(old, ref), p->route);
    compile_gwapi_condition_judge(&c, "Accepted", accepted, "Accepted", "the route is in effect");
    compile_gwapi_condition_judge(&c, "ResolvedRefs", &said->refs, "ResolvedRefs",
                                  "all references lead somewhere");
    if (said->partial.reason && !accepted->reason)
        compile_gwapi_condition_add(&c, "PartiallyInvalid", true, said->partial.reason,
                                    said->partial.message);
    node_add(list, status);
}

/* Parents of one route stand together. A route that has nothing of ours and never had is left
 * alone. */
static uint32_t judge_route(const struct job *j, uint32_t first)
{
    const struct compile_gwapi_view *v = &j->view;
    const struct object *route = v->parents[first].route;
    const struct node *old = old_status(route), *was = node_getz(old, "parents");
    struct node *status = node_new(j->arena, NODE_MAP), *list = node_new(j->arena, NODE_LIST);
    struct compile_gwapi_judge said;
    uint32_t i;
    size_t others;

    compile_gwapi_judge_route(j->in->world, route, j->arena, &said);
    keep_others(j, old, "parents", list);
    others = list->count;
    for (i = first; i < v->parent_count && v->parents[i].route == route; i++)
        if (v->parents[i].is_ours)
            add_parent(j, &v->parents[i], &said, old, list);
    node_set(status, STR("parents"), list);
    if (list->count > others || (was && was->count != others))
        emit(j, route, status);
    return i;
}

/* ---- policies ---- */

static void judge_policy(void *arg, const struct object *o)
{
    struct job *j = arg;
    struct node *status = node_new(j->arena, NODE_MAP), *list = node_new(j->arena, NODE_LIST);
    const struct node *old = old_status(o);

    keep_others(j, old, "ancestors", list);
    compile_gwapi_judge_policy(&j->view, o, old, j->in->now_ns, j->arena, list);
    node_set(status, STR("ancestors"), list);
    if (list->count || (old && node_getz(old, "ancestors")))
        emit(j, o, status);
}

void compile_gwapi_status_run(const struct compile_gwapi_status_input *in, struct arena *a)
{
    struct job j = { .in = in, .arena = a };

    compile_gwapi_view_build(in->world, a, &j.view);
    in->world->each(in->world->arg, API_KIND_GATEWAY_CLASS, judge_class, &j);
    in->world->each(in->world->arg, API_KIND_XMESH, judge_class, &j);
    for (uint32_t i = 0; i < j.view.gateway_count; i++)
        judge_gateway(&j, &j.view.gateways[i]);
    for (uint32_t i = 0; i < j.view.set_count; i++)
        judge_set(&j, &j.view.sets[i]);
    for (uint32_t i = 0; i < j.view.parent_count;)
        i = judge_route(&j, i);
    in->world->each(in->world->arg, API_KIND_BACKEND_TLS_POLICY, judge_policy, &j);
}
