/* Gateways as others see them: clients that reuse connections, the Services in front, routes that
 * ask for claims, policies that select them in a way that has no effect. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/authorization_policy.h"
#include "core/api/istio_gateway.h"
#include "core/api/istio_telemetry.h"
#include "core/api/k8s_service.h"
#include "core/api/request_authentication.h"
#include "core/api/virtual_service.h"
#include "core/api/wasm_plugin.h"
#include "core/api/workload_selector.h"

#define CLAIM "@request.auth.claims"

/* ---- one certificate at several gateways ---- */

static bool same_certificate(const struct istio_gateway_tls *a, const struct istio_gateway_tls *b)
{
    if (a->credential_name.len || b->credential_name.len)
        return str_eq(a->credential_name, b->credential_name);
    return a->server_certificate.len && str_eq(a->server_certificate, b->server_certificate) &&
           a->private_key.len && str_eq(a->private_key, b->private_key);
}

static bool has_certificate(const struct istio_gateway *gw, const struct istio_gateway_tls *tls)
{
    for (size_t i = 0; i < gw->servers_count; i++) {
        if (gw->servers[i].tls && same_certificate(gw->servers[i].tls, tls))
            return true;
    }
    return false;
}

static void check_certificate(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct istio_gateway *gw = o->spec;
    const struct istio_gateway_tls *tls = gw->servers[i].tls;
    const struct object *other;

    /* Others may be for the same workloads and fewer, wherever their objects are. */
    for (size_t at = 0; tls && (other = analyze_state_next(s, API_KIND_GATEWAY, &at));) {
        const struct istio_gateway *g = other->spec;

        if (other == o ||
            !workload_selector_is_match(gw->selector, gw->selector_count, g->selector,
                                        g->selector_count) ||
            !has_certificate(g, tls))
            continue;
        analyze_state_report(
            s, o, DIAG_WARNING, "IST0138",
            arena_printf(&s->arena, "spec.servers[%zu].tls.%s", i,
                         tls->credential_name.len ? "credentialName" : "serverCertificate"),
            "Duplicate certificate in multiple gateways [%.*s %.*s] may cause "
            "404s if clients re-use HTTP2 connections.",
            STR_ARG(analyze_state_id(s, o)), STR_ARG(analyze_state_id(s, other)));
    }
}

void analyze_gateway_use_certificates(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_GATEWAY, &at));) {
        for (size_t i = 0; i < ((const struct istio_gateway *)o->spec)->servers_count; i++)
            check_certificate(s, o, i);
    }
}

/* ---- the Service in front ---- */

/* Whether the Service leads to the port, or has it itself: then a caller may have meant that. */
static bool is_target(const struct k8s_service *svc, int64_t port)
{
    for (size_t i = 0; i < svc->ports_count; i++) {
        const struct k8s_service_port *p = &svc->ports[i];

        if ((!p->protocol.len || str_is(p->protocol, "TCP")) &&
            (p->port == port ||
             (p->target_port.set && !p->target_port.is_text && p->target_port.number == port)))
            return true;
    }
    return false;
}

/* Pods are reached by Services only; what else can be a gateway may need none. */
static bool is_some_pod(const struct analyze_state *s, const struct istio_gateway *gw)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_POD, &at));) {
        if (workload_selector_is_match(gw->selector, gw->selector_count, o->meta->labels,
                                       o->meta->labels_count))
            return true;
    }
    return false;
}

/* Whether a Service that selects the gateway's workloads has the port; *any: there is one that
 * should. */
static bool has_port(const struct analyze_state *s, const struct istio_gateway *gw, int64_t port,
                     bool *any)
{
    const struct object *o;

    *any = is_some_pod(s, gw);
    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_SERVICE, &at));) {
        const struct k8s_service *svc = o->spec;

        if (!svc->selector_count ||
            !analyze_state_has_workload(s, o->ns, svc->selector, svc->selector_count, gw->selector,
                                        gw->selector_count))
            continue;
        *any = true;
        if (is_target(svc, port))
            return true;
    }
    return false;
}

void analyze_gateway_use_ports(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_GATEWAY, &at));) {
        const struct istio_gateway *gw = o->spec;

        for (size_t i = 0; i < gw->servers_count; i++) {
            bool any;

            if (!gw->servers[i].port || has_port(s, gw, gw->servers[i].port->number, &any) || !any)
                continue;
            analyze_state_report(
                s, o, DIAG_WARNING, "IST0162",
                arena_printf(&s->arena, "spec.servers[%zu].port.number", i),
                "The gateway is listening on a target port (port %lld) that is not defined in the "
                "Service associated with its workload instances (Pod selector %.*s). If you need "
                "to access the gateway port through the gateway Service, it will not be available.",
                (long long)gw->servers[i].port->number,
                STR_ARG(analyze_state_labels(s, gw->selector, gw->selector_count)));
        }
    }
}

/* ---- routes by claims ---- */

/* The first claim a match of the route asks for; p == NULL: none. */
static struct str claim_of(const struct virtual_service_http *h)
{
    for (size_t i = 0; i < h->match_count; i++) {
        for (size_t k = 0; k < h->match[i].headers_count; k++) {
            if (str_starts(h->match[i].headers[k].key, STR(CLAIM)))
                return h->match[i].headers[k].key;
        }
        for (size_t k = 0; k < h->match[i].without_headers_count; k++) {
            if (str_starts(h->match[i].without_headers[k].key, STR(CLAIM)))
                return h->match[i].without_headers[k].key;
        }
    }
    return STR_NONE;
}

/* Whether a selector of ns (NULL: all there) holds for workloads of the gateway; of a gateway that
 * has none yet, for its own labels. */
static bool selects_gateway(const struct analyze_state *s, struct str ns,
                            const struct workload_selector *selector, const struct object *gw)
{
    const struct istio_gateway *g = gw->spec;
    const struct field_pair *labels = selector ? selector->labels : NULL;
    size_t count = selector ? selector->labels_count : 0;
    bool is_root = str_eq(ns, s->root_ns);

    if (analyze_state_has_workload(s, STR_NONE, g->selector, g->selector_count, NULL, 0))
        return analyze_state_has_workload(s, is_root ? STR_NONE : ns, labels, count, g->selector,
                                          g->selector_count);
    return (is_root || str_eq(ns, gw->ns)) &&
           workload_selector_is_match(labels, count, g->selector, g->selector_count);
}

static bool verifies_tokens(const struct analyze_state *s, const struct object *gw)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_REQUEST_AUTHENTICATION, &at));) {
        const struct request_authentication *ra = o->spec;

        if (ra->rules_count && selects_gateway(s, o->ns, ra->selector, gw))
            return true;
    }
    return false;
}

static const struct object *find_gateway(const struct analyze_state *s, const struct object *vs,
                                         struct str name)
{
    ptrdiff_t slash = str_chr(name, '/');
    struct str ns = slash < 0 ? vs->ns : str_head(name, (size_t)slash);

    return analyze_state_find(s, API_KIND_GATEWAY, ns,
                              slash < 0 ? name : str_skip(name, (size_t)slash + 1));
}

static void check_claims(struct analyze_state *s, const struct object *o, size_t i,
                         struct str claim)
{
    const struct virtual_service *vs = o->spec;

    for (size_t k = 0; k < vs->gateways_count; k++) {
        const struct object *gw = find_gateway(s, o, vs->gateways[k]);

        if (gw && !verifies_tokens(s, gw))
            analyze_state_report(
                s, o, DIAG_ERROR, "IST0149", arena_printf(&s->arena, "spec.http[%zu].match", i),
                "The virtual service uses the JWT claim based routing (key: %.*s) but found no "
                "request authentication for the gateway (%.*s). The request authentication must "
                "first be applied for the gateway to validate the JWT token and make the claims "
                "available for routing.",
                STR_ARG(claim), STR_ARG(analyze_state_id(s, gw)));
    }
}

void analyze_gateway_use_claims(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_VIRTUAL_SERVICE, &at));) {
        const struct virtual_service *vs = o->spec;

        for (size_t i = 0; i < vs->http_count; i++) {
            struct str claim = claim_of(&vs->http[i]);

            if (claim.p)
                check_claims(s, o, i, claim);
        }
    }
}

/* ---- gateways of the other API ---- */

#define GENERATED "istio-autogenerated-k8s-gateway"

void analyze_gateway_use_generated(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_VIRTUAL_SERVICE, &at));) {
        const struct virtual_service *vs = o->spec;

        for (size_t i = 0; i < vs->gateways_count; i++) {
            if (str_find(vs->gateways[i], STR(GENERATED)) >= 0)
                analyze_state_report(
                    s, o, DIAG_WARNING, "IST0165", arena_printf(&s->arena, "spec.gateways[%zu]", i),
                    "The VirtualService refers to the internal gateway %.*s, which "
                    "is made from a Gateway of the Gateway API and may change. Use "
                    "an HTTPRoute instead.",
                    STR_ARG(vs->gateways[i]));
        }
    }
}

#define GATEWAY_NAME STR("gateway.networking.k8s.io/gateway-name")

/* The Gateway whose workloads the labels name, by its label or by those of a Pod of it; p == NULL:
 * none. */
static struct str gateway_of(const struct analyze_state *s, struct str ns,
                             const struct workload_selector *selector)
{
    const struct object *o;

    for (size_t i = 0; i < selector->labels_count; i++) {
        if (str_eq(selector->labels[i].key, GATEWAY_NAME))
            return selector->labels[i].value;
    }
    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_POD, &at));) {
        struct str name = object_meta_label(o->meta, GATEWAY_NAME);

        if (name.p && str_eq(o->ns, ns) &&
            workload_selector_is_match(selector->labels, selector->labels_count, o->meta->labels,
                                       o->meta->labels_count))
            return name;
    }
    return STR_NONE;
}

static void check_selector(struct analyze_state *s, const struct object *o,
                           const struct workload_selector *selector)
{
    struct str name = selector ? gateway_of(s, o->ns, selector) : STR_NONE;

    if (name.p)
        analyze_state_report(
            s, o, DIAG_WARNING, "IST0166", STR("spec.selector"),
            "Ineffective selector on Kubernetes Gateway %.*s. Use targetRefs instead.",
            STR_ARG(name));
}

static const struct workload_selector *selector_of(const struct object *o)
{
    switch (o->kind->id) {
    case API_KIND_AUTHORIZATION_POLICY:
        return ((const struct authorization_policy *)o->spec)->selector;
    case API_KIND_REQUEST_AUTHENTICATION:
        return ((const struct request_authentication *)o->spec)->selector;
    case API_KIND_TELEMETRY:
        return ((const struct istio_telemetry *)o->spec)->selector;
    case API_KIND_WASM_PLUGIN:
        return ((const struct wasm_plugin *)o->spec)->selector;
    default:
        return NULL;
    }
}

void analyze_gateway_use_selectors(struct analyze_state *s)
{
    for (size_t i = 0; i < s->fresh; i++)
        check_selector(s, s->objects[i], selector_of(s->objects[i]));
}
