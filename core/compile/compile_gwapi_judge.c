#include "core/compile/compile_gwapi_judge.h"

#include "core/api/gateway_api_policy.h"
#include "core/api/gateway_api_stream_route.h"
#include "core/base/mem.h"
#include "core/compile/compile_gwapi_condition.h"
#include "core/compile/compile_gwapi_filter.h"

/* ---- routes ---- */

struct rules {
    const struct compile_gwapi_world *w;
    const struct object *route;
    struct arena *a;
    struct compile_gwapi_judge *out;
    size_t count, bad;
    struct compile_gwapi_fault why;
};

static void look_at_ref(struct rules *r, const struct gateway_api_ref *ref)
{
    struct compile_gwapi_backend b;

    compile_gwapi_find_backend(r->w, r->route, ref, r->a, &b);
    if (b.fault.reason && !r->out->refs.reason)
        r->out->refs = b.fault;
}

/* Whether the rule can be done with these filters. */
static bool look_at_filters(struct rules *r, const struct gateway_api_filter *list, size_t count,
                            bool of_backend)
{
    bool good = true;

    for (size_t i = 0; i < count; i++) {
        struct compile_gwapi_fault f = compile_gwapi_filter_judge(&list[i], of_backend, r->a);

        if (list[i].type == GATEWAY_API_FILTER_MIRROR && list[i].mirror)
            look_at_ref(r, GATEWAY_API_REF(list[i].mirror->backend));
        if (list[i].type == GATEWAY_API_FILTER_EXTERNAL_AUTH && list[i].auth)
            look_at_ref(r, GATEWAY_API_REF(list[i].auth->backend));
        if (!f.reason)
            continue;
        good = false;
        if (str_is(str_of(f.reason), "InvalidKind")) {
            if (!r->out->refs.reason)
                r->out->refs = f;
        }
        r->why = (struct compile_gwapi_fault){ "UnsupportedValue", f.message };
    }
    return good;
}

static void judge_http(struct rules *r, const struct gateway_api_route_http_route *spec)
{
    r->count = spec->rules_count;
    for (size_t i = 0; i < spec->rules_count; i++) {
        const struct gateway_api_http_rule *rule = &spec->rules[i];
        bool good = look_at_filters(r, rule->filters, rule->filters_count, false);

        for (size_t k = 0; k < rule->backends_count; k++) {
            look_at_ref(r, GATEWAY_API_REF(&rule->backends[k]));
            good &= look_at_filters(r, rule->backends[k].filters, rule->backends[k].filters_count,
                                    true);
        }
        r->bad += !good;
    }
}

static void judge_grpc(struct rules *r, const struct gateway_api_route_grpc_route *spec)
{
    r->count = spec->rules_count;
    for (size_t i = 0; i < spec->rules_count; i++) {
        const struct gateway_api_grpc_rule *rule = &spec->rules[i];
        bool good = look_at_filters(r, rule->filters, rule->filters_count, false);

        for (size_t k = 0; k < rule->backends_count; k++) {
            look_at_ref(r, GATEWAY_API_REF(&rule->backends[k]));
            good &= look_at_filters(r, rule->backends[k].filters, rule->backends[k].filters_count,
                                    true);
        }
        r->bad += !good;
    }
}

void compile_gwapi_judge_route(const struct compile_gwapi_world *w, const struct object *route,
                               struct arena *a, struct compile_gwapi_judge *out)
{
    struct rules r = { .w = w, .route = route, .a = a, .out = out };

    *out = (struct compile_gwapi_judge){ 0 };
    if (route->kind->id == API_KIND_HTTP_ROUTE) {
        judge_http(&r, route->spec);
    } else if (route->kind->id == API_KIND_GRPC_ROUTE) {
        judge_grpc(&r, route->spec);
    } else {
        const struct gateway_api_stream_route *spec = route->spec;

        for (size_t i = 0; i < spec->rules_count; i++)
            for (size_t k = 0; k < spec->rules[i].backends_count; k++)
                look_at_ref(&r, GATEWAY_API_REF(&spec->rules[i].backends[k]));
    }
    if (r.bad && r.bad == r.count)
        out->accepted = r.why;
    else if (r.bad)
        out->partial = r.why;
}

/* ---- BackendTLSPolicy ---- */

static struct compile_gwapi_fault judge_ca(const struct compile_gwapi_world *w,
                                           const struct object *policy,
                                           const struct gateway_api_ref_local_ref *ca,
                                           struct arena *a)
{
    const struct object *o;

    if (!compile_gwapi_is_ref(GATEWAY_API_REF(ca), "", "ConfigMap"))
        return (struct compile_gwapi_fault){
            "InvalidKind", arena_printf(a, "CA certificates cannot be a %.*s of group \"%.*s\"",
                                        STR_ARG(ca->kind), STR_ARG(ca->group))
        };
    if (!w->is_ca)
        return (struct compile_gwapi_fault){ 0 };
    o = w->find(w->arg, API_KIND_CONFIG_MAP, policy->ns, ca->name);
    if (!o || !w->is_ca(w->arg, o))
        return (struct compile_gwapi_fault){
            "InvalidCACertificateRef",
            arena_printf(a, "there is no ConfigMap %.*s with CA certificates in ca.crt",
                         STR_ARG(ca->name))
        };
    return (struct compile_gwapi_fault){ 0 };
}

/* One good CA is enough; without any, connections fail. */
void compile_gwapi_judge_tls(const struct compile_gwapi_world *w, const struct object *policy,
                             struct arena *a, struct compile_gwapi_judge_tls *out)
{
    const struct gateway_api_policy_tls_policy *spec = policy->spec;
    const struct gateway_api_backend_validation *v = spec->validation;
    size_t good = 0;

    *out = (struct compile_gwapi_judge_tls){ 0 };
    for (size_t i = 0; v && i < v->cas_count; i++) {
        struct compile_gwapi_fault f = judge_ca(w, policy, &v->cas[i], a);

        if (f.reason)
            out->refs = f;
        else
            good++;
    }
    if (v && v->well_known.len && !str_is(v->well_known, "System"))
        out->accepted = (struct compile_gwapi_fault){
            "Invalid", STR("of the well-known sets of certificates only System is known")
        };
    else if (v && v->cas_count && !good)
        out->accepted = (struct compile_gwapi_fault){ "NoValidCACertificate",
                                                      STR("no CA certificate can be had") };
}

static bool leads_to(const struct object *route, struct str ns, struct str name)
{
    const struct gateway_api_ref *ref;
    bool found = false;

#define LOOK(backends, n)                                                                          \
    for (size_t k = 0; k < (n); k++) {                                                             \
        ref = GATEWAY_API_REF(&(backends)[k]);                                                     \
        found |= compile_gwapi_is_ref(ref, "", "Service") && str_eq(ref->name, name) &&            \
                 str_eq(compile_gwapi_ns(ref, route->ns), ns);                                     \
    }
    if (route->kind->id == API_KIND_HTTP_ROUTE) {
        const struct gateway_api_route_http_route *r = route->spec;

        for (size_t i = 0; i < r->rules_count; i++)
            LOOK(r->rules[i].backends, r->rules[i].backends_count)
    } else if (route->kind->id == API_KIND_GRPC_ROUTE) {
        const struct gateway_api_route_grpc_route *r = route->spec;

        for (size_t i = 0; i < r->rules_count; i++)
            LOOK(r->rules[i].backends, r->rules[i].backends_count)
    } else {
        const struct gateway_api_stream_route *r = route->spec;

        for (size_t i = 0; i < r->rules_count; i++)
            LOOK(r->rules[i].backends, r->rules[i].backends_count)
    }
#undef LOOK
    return found;
}

/* Whether a route at g leads to one of the policy's targets. */
static bool is_ancestor(const struct compile_gwapi_view *v, const struct compile_gwapi_gateway *g,
                        const struct object *policy)
{
    const struct gateway_api_policy_tls_policy *spec = policy->spec;

    for (uint32_t i = 0; i < v->parent_count; i++) {
        const struct compile_gwapi_parent *p = &v->parents[i];

        if (p->listener_count == 0 || p->listeners[0]->gateway != g)
            continue;
        for (size_t t = 0; t < spec->targets_count; t++)
            if (compile_gwapi_is_ref(GATEWAY_API_REF(&spec->targets[t]), "", "Service") &&
                leads_to(p->route, policy->ns, spec->targets[t].name))
                return true;
    }
    return false;
}

/* An older policy for the same target and section goes first. */
struct rival {
    const struct object *policy;
    bool found;
};

static void look_for_rival(void *arg, const struct object *o)
{
    struct rival *r = arg;
    const struct gateway_api_policy_tls_policy *a = o->spec, *b = r->policy->spec;

    if (o == r->policy || !str_eq(o->ns, r->policy->ns) || object_compare_age(o, r->policy) > 0)
        return;
    for (size_t i = 0; i < a->targets_count; i++)
        for (size_t k = 0; k < b->targets_count; k++)
            r->found |= str_eq(a->targets[i].name, b->targets[k].name) &&
                        str_eq(a->targets[i].kind, b->targets[k].kind) &&
                        str_eq(a->targets[i].section, b->targets[k].section);
}

static const struct node *old_ancestor(const struct node *old, const struct node *ref)
{
    const struct node *items = node_getz(old, "ancestors");

    if (items && items->kind == NODE_LIST)
        NODE_EACH(item, items)
    if (compile_gwapi_is_our_controller(node_get_str(item, "controllerName")) &&
        node_getz(item, "ancestorRef") && node_equal(node_getz(item, "ancestorRef"), ref))
        return item;
    return NULL;
}

void compile_gwapi_judge_policy(const struct compile_gwapi_view *v, const struct object *policy,
                                const struct node *old, int64_t now_ns, struct arena *a,
                                struct node *list)
{
    struct compile_gwapi_judge_tls said;
    struct rival rival = { policy, false };

    compile_gwapi_judge_tls(v->world, policy, a, &said);
    v->world->each(v->world->arg, API_KIND_BACKEND_TLS_POLICY, look_for_rival, &rival);
    if (rival.found)
        said.accepted = (struct compile_gwapi_fault){
            "Conflicted", STR("an older BackendTLSPolicy is for the same Service")
        };
    for (uint32_t i = 0; i < v->gateway_count && list->count < 16; i++) {
        const struct object *g = v->gateways[i].object;
        struct node *status = node_new(a, NODE_MAP), *ref = node_new(a, NODE_MAP);
        struct compile_gwapi_condition_list c;

        if (!is_ancestor(v, &v->gateways[i], policy))
            continue;
        node_set_str(a, ref, "group", STR(GATEWAY_API_GROUP));
        node_set_str(a, ref, "kind", STR("Gateway"));
        node_set_str(a, ref, "namespace", g->ns);
        node_set_str(a, ref, "name", g->name);
        node_set(status, STR("ancestorRef"), ref);
        node_set_str(a, status, "controllerName", STR(COMPILE_GWAPI_CONTROLLER));
        c = compile_gwapi_condition_begin(status, old_ancestor(old, ref), policy->meta->generation,
                                          now_ns, a);
        compile_gwapi_condition_judge(&c, "Accepted", &said.accepted, "Accepted",
                                      "the policy is in effect");
        compile_gwapi_condition_judge(&c, "ResolvedRefs", &said.refs, "ResolvedRefs",
                                      "all references lead somewhere");
        node_add(list, status);
    }
}
