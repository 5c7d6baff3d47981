#include "core/compile/compile_gwapi.h"

#include "core/api/gateway_api_gateway.h"
#include "core/api/gateway_api_policy.h"
#include "core/api/service_entry.h"
#include "core/base/mem.h"

/* ---- references ---- */

struct str compile_gwapi_ns(const struct gateway_api_ref *ref, struct str ns)
{
    return ref->ns.len ? ref->ns : ns;
}

bool compile_gwapi_is_ref(const struct gateway_api_ref *ref, const char *group, const char *kind)
{
    return str_is(ref->group, group) && str_is(ref->kind, kind);
}

struct grant_search {
    const struct object *from;
    const struct gateway_api_ref *ref;
    struct str ns;
    bool found;
};

static bool is_from(const struct gateway_api_policy_grant *g, const struct object *o)
{
    for (size_t i = 0; i < g->from_count; i++)
        if (str_is(g->from[i].group, o->kind->group) && str_is(g->from[i].kind, o->kind->kind) &&
            str_eq(g->from[i].ns, o->ns))
            return true;
    return false;
}

static bool is_to(const struct gateway_api_policy_grant *g, const struct gateway_api_ref *ref)
{
    for (size_t i = 0; i < g->to_count; i++)
        if (str_eq(g->to[i].group, ref->group) && str_eq(g->to[i].kind, ref->kind) &&
            (g->to[i].name.len == 0 || str_eq(g->to[i].name, ref->name)))
            return true;
    return false;
}

static void look_at_grant(void *arg, const struct object *o)
{
    struct grant_search *s = arg;

    if (!s->found && str_eq(o->ns, s->ns))
        s->found = is_from(o->spec, s->from) && is_to(o->spec, s->ref);
}

bool compile_gwapi_may(const struct compile_gwapi_world *w, const struct object *from,
                       const struct gateway_api_ref *ref)
{
    struct grant_search s = { from, ref, compile_gwapi_ns(ref, from->ns), false };

    if (str_eq(s.ns, from->ns))
        return true;
    w->each(w->arg, API_KIND_REFERENCE_GRANT, look_at_grant, &s);
    return s.found;
}

/* ---- backends ---- */

static void fail(struct compile_gwapi_backend *out, const char *reason, struct str message)
{
    out->fault = (struct compile_gwapi_fault){ reason, message };
}

static void find_service(const struct compile_gwapi_world *w, const struct gateway_api_ref *ref,
                         struct str ns, bool is_udp, struct arena *a,
                         struct compile_gwapi_backend *out)
{
    out->host = arena_printf(a, "%.*s.%.*s.svc.%.*s", STR_ARG(ref->name), STR_ARG(ns),
                             STR_ARG(w->dns_domain));
    if (!ref->port.set)
        fail(out, "UnsupportedValue",
             arena_printf(a, "backend %.*s: a Service needs a port", STR_ARG(ref->name)));
    else if (!w->has_service(w->arg, ns, ref->name, 0, is_udp))
        fail(out, "BackendNotFound",
             arena_printf(a, "there is no Service %.*s/%.*s", STR_ARG(ns), STR_ARG(ref->name)));
    else if (!w->has_service(w->arg, ns, ref->name, (uint16_t)ref->port.value, is_udp))
        fail(out, "BackendNotFound",
             arena_printf(a, "Service %.*s/%.*s has no %sport %lld", STR_ARG(ns),
                          STR_ARG(ref->name), is_udp ? "UDP " : "", (long long)ref->port.value));
}

void compile_gwapi_find_backend(const struct compile_gwapi_world *w, const struct object *route,
                                const struct gateway_api_ref *ref, struct arena *a,
                                struct compile_gwapi_backend *out)
{
    struct str ns = compile_gwapi_ns(ref, route->ns);
    const struct object *entry;

    *out = (struct compile_gwapi_backend){ .port = ref->port.set ? (uint16_t)ref->port.value : 0 };
    if (!compile_gwapi_may(w, route, ref)) {
        fail(out, "RefNotPermitted",
             arena_printf(a,
                          "no ReferenceGrant of namespace %.*s lets %s of %.*s refer to %.*s %.*s",
                          STR_ARG(ns), route->kind->kind, STR_ARG(route->ns), STR_ARG(ref->kind),
                          STR_ARG(ref->name)));
        return;
    }
    if (compile_gwapi_is_ref(ref, "", "Service")) {
        find_service(w, ref, ns, route->kind->id == API_KIND_UDP_ROUTE, a, out);
        return;
    }
    if (compile_gwapi_is_ref(ref, "networking.istio.io", "Hostname")) {
        out->host = arena_lower(a, ref->name);
        return;
    }
    if (compile_gwapi_is_ref(ref, "networking.istio.io", "ServiceEntry")) {
        entry = w->find(w->arg, API_KIND_SERVICE_ENTRY, ns, ref->name);
        if (entry && ((const struct service_entry *)entry->spec)->hosts_count)
            out->host = arena_lower(a, ((const struct service_entry *)entry->spec)->hosts[0]);
        else
            fail(out, "BackendNotFound",
                 arena_printf(a, "there is no ServiceEntry %.*s/%.*s", STR_ARG(ns),
                              STR_ARG(ref->name)));
        return;
    }
    fail(out, "InvalidKind",
         arena_printf(a, "a backend cannot be a %.*s of group \"%.*s\"", STR_ARG(ref->kind),
                      STR_ARG(ref->group)));
}

/* ---- classes and kinds ---- */

bool compile_gwapi_is_our_controller(struct str controller)
{
    return str_is(controller, COMPILE_GWAPI_CONTROLLER) ||
           str_is(controller, COMPILE_GWAPI_ISTIO_CONTROLLER);
}

bool compile_gwapi_is_our_class(const struct compile_gwapi_world *w, struct str class_name)
{
    const struct object *o = w->find(w->arg, API_KIND_GATEWAY_CLASS, STR(""), class_name);

    if (!o)
        return str_is(class_name, "istio") || str_is(class_name, "mesh");
    return compile_gwapi_is_our_controller(
        ((const struct gateway_api_gateway_class *)o->spec)->controller);
}

bool compile_gwapi_wants(uint16_t kind)
{
    return kind >= API_KIND_GATEWAY_CLASS && kind <= API_KIND_XMESH;
}

bool compile_gwapi_is_route(uint16_t kind)
{
    return kind >= API_KIND_HTTP_ROUTE && kind <= API_KIND_UDP_ROUTE;
}

/* ---- hosts ---- */

static bool covers(struct str wide, struct str host)
{
    if (wide.len == 0 || str_ieq(wide, host))
        return true;
    if (!str_starts(wide, STR("*.")))
        return false;
    wide = str_skip(wide, 1); /* "*.a.b" covers "x.a.b", "y.x.a.b" and "*.x.a.b", not "a.b" */
    return host.len > wide.len && str_ends(host, wide);
}

bool compile_gwapi_meet(struct str a, struct str b, struct str *out)
{
    if (covers(a, b))
        *out = b;
    else if (covers(b, a))
        *out = a;
    else
        return false;
    return true;
}
