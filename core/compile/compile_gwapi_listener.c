#include "core/compile/compile_gwapi_listener.h"

#include "core/base/mem.h"

#define BIT(kind) (1u << ((kind)-API_KIND_HTTP_ROUTE))

/* ---- protocols and kinds ---- */

static uint8_t protocol_of(struct str name)
{
    static const char *const names[] = {
        [COMPILE_GWAPI_HTTP] = "HTTP", [COMPILE_GWAPI_HTTPS] = "HTTPS", [COMPILE_GWAPI_TLS] = "TLS",
        [COMPILE_GWAPI_TCP] = "TCP",   [COMPILE_GWAPI_UDP] = "UDP",
    };

    for (uint8_t i = COMPILE_GWAPI_HTTP; i < COUNT_OF(names); i++)
        if (str_is(name, names[i]))
            return i;
    return COMPILE_GWAPI_OTHER;
}

static uint32_t kinds_of(const struct compile_gwapi_listener *l)
{
    switch (l->protocol) {
    case COMPILE_GWAPI_HTTP:
    case COMPILE_GWAPI_HTTPS:
        return BIT(API_KIND_HTTP_ROUTE) | BIT(API_KIND_GRPC_ROUTE);
    case COMPILE_GWAPI_TLS:
        return l->passthrough ? BIT(API_KIND_TLS_ROUTE)
                              : BIT(API_KIND_TLS_ROUTE) | BIT(API_KIND_TCP_ROUTE);
    case COMPILE_GWAPI_TCP:
        return BIT(API_KIND_TCP_ROUTE);
    case COMPILE_GWAPI_UDP:
        return BIT(API_KIND_UDP_ROUTE);
    default:
        return 0;
    }
}

static void set_kinds(struct compile_gwapi_listener *l, struct arena *a)
{
    const struct gateway_api_allowed_routes *allowed = l->spec->allowed;
    uint32_t wanted = 0;

    l->kinds = kinds_of(l);
    if (!allowed || allowed->kinds_count == 0)
        return;
    for (size_t i = 0; i < allowed->kinds_count; i++) {
        const struct api_kind *k =
            api_kind_by_gvk(allowed->kinds[i].group, STR_NONE, allowed->kinds[i].kind);

        if (k && compile_gwapi_is_route(k->id) && l->kinds & BIT(k->id))
            wanted |= BIT(k->id);
        else
            l->kinds_fault = (struct compile_gwapi_fault){
                "InvalidRouteKinds",
                arena_printf(a, "a listener of protocol %.*s cannot have %.*s of \"%.*s\"",
                             STR_ARG(l->spec->protocol), STR_ARG(allowed->kinds[i].kind),
                             STR_ARG(allowed->kinds[i].group))
            };
    }
    l->kinds = wanted;
}

/* ---- certificates ---- */

static struct compile_gwapi_fault check_certificate(const struct compile_gwapi_world *w,
                                                    const struct object *owner,
                                                    const struct gateway_api_ref_secret_ref *c,
                                                    struct arena *a)
{
    const struct gateway_api_ref *ref = GATEWAY_API_REF(c);
    struct str ns = compile_gwapi_ns(ref, owner->ns);
    const struct object *o;

    if (!compile_gwapi_is_ref(ref, "", "Secret"))
        return (struct compile_gwapi_fault){
            "InvalidCertificateRef",
            arena_printf(a, "a certificate cannot be a %.*s of group \"%.*s\"", STR_ARG(ref->kind),
                         STR_ARG(ref->group))
        };
    if (!compile_gwapi_may(w, owner, ref))
        return (struct compile_gwapi_fault){
            "RefNotPermitted",
            arena_printf(a,
                         "no ReferenceGrant of namespace %.*s lets %s of %.*s refer to Secret %.*s",
                         STR_ARG(ns), owner->kind->kind, STR_ARG(owner->ns), STR_ARG(ref->name))
        };
    if (!w->is_certificate)
        return (struct compile_gwapi_fault){ 0 };
    o = w->find(w->arg, API_KIND_SECRET, ns, ref->name);
    if (!o || !w->is_certificate(w->arg, o))
        return (struct compile_gwapi_fault){
            "InvalidCertificateRef",
            o ? arena_printf(a, "Secret %.*s/%.*s holds no certificate with its key", STR_ARG(ns),
                             STR_ARG(ref->name))
              : arena_printf(a, "there is no Secret %.*s/%.*s", STR_ARG(ns), STR_ARG(ref->name))
        };
    return (struct compile_gwapi_fault){ 0 };
}

static struct compile_gwapi_fault check_ca(const struct compile_gwapi_world *w,
                                           const struct object *gateway,
                                           const struct gateway_api_ref_object_ref *c,
                                           struct arena *a)
{
    const struct gateway_api_ref *ref = GATEWAY_API_REF(c);
    struct str ns = compile_gwapi_ns(ref, gateway->ns);
    const struct object *o;

    if (!compile_gwapi_is_ref(ref, "", "ConfigMap") && !compile_gwapi_is_ref(ref, "", "Secret"))
        return (struct compile_gwapi_fault){
            "InvalidCACertificateKind",
            arena_printf(a, "CA certificates cannot be a %.*s of group \"%.*s\"",
                         STR_ARG(ref->kind), STR_ARG(ref->group))
        };
    if (!compile_gwapi_may(w, gateway, ref))
        return (struct compile_gwapi_fault){
            "RefNotPermitted",
            arena_printf(a,
                         "no ReferenceGrant of namespace %.*s lets the Gateway refer to %.*s %.*s",
                         STR_ARG(ns), STR_ARG(ref->kind), STR_ARG(ref->name))
        };
    if (!w->is_ca || !str_is(ref->kind, "ConfigMap"))
        return (struct compile_gwapi_fault){ 0 };
    o = w->find(w->arg, API_KIND_CONFIG_MAP, ns, ref->name);
    if (!o || !w->is_ca(w->arg, o))
        return (struct compile_gwapi_fault){
            "InvalidCACertificateRef",
            arena_printf(a, "there is no ConfigMap %.*s/%.*s with CA certificates in ca.crt",
                         STR_ARG(ns), STR_ARG(ref->name))
        };
    return (struct compile_gwapi_fault){ 0 };
}

/* One good certificate is enough to serve; none is a fault. A CA that is bad is one always: else
 * clients would be let in who should not be. */
static void check_tls(const struct compile_gwapi_world *w, struct compile_gwapi_listener *l,
                      struct arena *a)
{
    const struct gateway_api_listener_tls *tls = l->spec->tls;
    const struct gateway_api_frontend_validation *v = compile_gwapi_view_validation(l);

    if (l->protocol != COMPILE_GWAPI_HTTPS && l->protocol != COMPILE_GWAPI_TLS)
        return;
    if (!tls || (!l->passthrough && tls->certificates_count == 0)) {
        l->refs = (struct compile_gwapi_fault){ "InvalidCertificateRef",
                                                STR("tls.certificateRefs is needed") };
        return;
    }
    if (l->passthrough)
        return;
    for (size_t i = 0; i < tls->certificates_count && !l->refs.reason; i++)
        l->refs = check_certificate(w, l->owner, &tls->certificates[i], a);
    for (size_t i = 0; v && i < v->cas_count && !l->refs.reason; i++)
        l->refs = check_ca(w, l->gateway->object, &v->cas[i], a);
}

/* ---- adding ---- */

static void fill(const struct compile_gwapi_world *w, struct compile_gwapi_listener *l,
                 struct arena *a)
{
    const struct gateway_api_listener_tls *tls = l->spec->tls;

    l->protocol = protocol_of(l->spec->protocol);
    l->passthrough = tls && tls->mode == GATEWAY_API_TLS_PASSTHROUGH;
    if (l->protocol == COMPILE_GWAPI_OTHER)
        l->accepted =
            (struct compile_gwapi_fault){ "UnsupportedProtocol",
                                          arena_printf(a, "protocol \"%.*s\" is not spoken here",
                                                       STR_ARG(l->spec->protocol)) };
    else if (l->protocol == COMPILE_GWAPI_HTTPS && l->passthrough)
        l->accepted =
            (struct compile_gwapi_fault){ "UnsupportedProtocol",
                                          STR("TLS that ends at the backend needs protocol TLS") };
    set_kinds(l, a);
    check_tls(w, l, a);
}

void compile_gwapi_listener_add(struct compile_gwapi_view *v, struct compile_gwapi_gateway *g,
                                const struct compile_gwapi_set *set)
{
    const struct gateway_api_gateway_listener_set *spec = set ? set->object->spec : NULL;
    const struct gateway_api_listener *list = set ? spec->listeners : g->spec->listeners;
    size_t count = set ? spec->listeners_count : g->spec->listeners_count;
    struct compile_gwapi_listener *items = arena_alloc0(v->arena, count, sizeof(*items));

    g->listeners = arena_grow(v->arena, g->listeners, g->listener_count, g->listener_count + count,
                              sizeof(*g->listeners));
    for (size_t i = 0; i < count; i++) {
        struct compile_gwapi_listener *l = &items[i];

        l->gateway = g;
        l->set = set;
        l->owner = set ? set->object : g->object;
        l->spec = &list[i];
        l->index = (uint32_t)i;
        fill(v->world, l, v->arena);
        if (set && set->accepted.reason)
            l->accepted = set->accepted;
        g->listeners[g->listener_count++] = l;
    }
    if (!set)
        g->own_count = g->listener_count;
}

/* ---- conflicts ---- */

static bool is_http(const struct compile_gwapi_listener *l)
{
    return l->protocol == COMPILE_GWAPI_HTTP;
}

static bool is_tls(const struct compile_gwapi_listener *l)
{
    return l->protocol == COMPILE_GWAPI_HTTPS || l->protocol == COMPILE_GWAPI_TLS;
}

/* UDP has ports of its own. */
static const char *conflict(const struct compile_gwapi_listener *a,
                            const struct compile_gwapi_listener *b)
{
    if (a->spec->port != b->spec->port ||
        (a->protocol == COMPILE_GWAPI_UDP) != (b->protocol == COMPILE_GWAPI_UDP))
        return NULL;
    if (is_http(a) != is_http(b) || is_tls(a) != is_tls(b))
        return "ProtocolConflict";
    if (!is_http(a) && !is_tls(a)) /* all of a TCP port is one listener's */
        return "ProtocolConflict";
    return str_eq(a->spec->hostname, b->spec->hostname) ? "HostnameConflict" : NULL;
}

void compile_gwapi_listener_settle(const struct compile_gwapi_world *w,
                                   struct compile_gwapi_gateway *g, struct arena *a)
{
    (void)w;
    for (uint32_t i = 0; i < g->listener_count; i++) {
        struct compile_gwapi_listener *l = g->listeners[i];

        for (uint32_t j = 0; j < i && !l->accepted.reason; j++) {
            struct compile_gwapi_listener *other = g->listeners[j];
            const char *reason =
                other->accepted.reason || other->conflict.reason ? NULL : conflict(other, l);
            struct str met;

            if (reason && !l->conflict.reason)
                l->conflict = (struct compile_gwapi_fault){
                    reason,
                    arena_printf(a, "listener %.*s has port %lld%s", STR_ARG(other->spec->name),
                                 (long long)l->spec->port, reason[0] == 'H' ? " and this host" : "")
                };
            if (is_tls(l) && is_tls(other) && l->spec->port == other->spec->port && !reason &&
                compile_gwapi_meet(l->spec->hostname, other->spec->hostname, &met))
                l->overlaps = other->overlaps = true;
        }
    }
}

/* ---- who may attach ---- */

static bool namespace_fits(const struct compile_gwapi_world *w, int from,
                           const struct label_selector *selector, struct str ns, struct str own)
{
    const struct object *o;
    struct field_pair name = { STR("kubernetes.io/metadata.name"), ns };

    if (from == GATEWAY_API_FROM_ALL)
        return true;
    if (from == GATEWAY_API_FROM_SAME)
        return str_eq(ns, own);
    if (from != GATEWAY_API_FROM_SELECTOR || !selector)
        return false;
    o = w->find(w->arg, API_KIND_NAMESPACE, STR(""), ns);
    return label_selector_is_match(selector, o ? o->meta->labels : &name,
                                   o ? o->meta->labels_count : 1);
}

bool compile_gwapi_listener_allows(const struct compile_gwapi_world *w,
                                   const struct compile_gwapi_listener *l, struct str ns)
{
    const struct gateway_api_route_namespaces *n =
        l->spec->allowed ? l->spec->allowed->namespaces : NULL;

    return namespace_fits(w, n && n->from ? n->from : GATEWAY_API_FROM_SAME, n ? n->selector : NULL,
                          ns, l->owner->ns);
}

bool compile_gwapi_listener_may_join(const struct compile_gwapi_world *w,
                                     const struct compile_gwapi_gateway *g,
                                     const struct object *set)
{
    const struct gateway_api_listener_namespaces *n =
        g->spec->allowed_listeners ? g->spec->allowed_listeners->namespaces : NULL;

    return n && namespace_fits(w, n->from, n->selector, set->ns, g->object->ns);
}
