/* Gateways as others see them: clients that reuse connections, the Services in front, routes that
 * ask for claims, policies that select them in a way that has no effect. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/authorization_policy.h"
#include "core/api/istio_gateway.h"
#include "core/api/k8s_service.h"
#include "core/api/request_authentication.h"
#include "core/api/virtual_service.h"
#include "core/api/workload_selector.h"

#define CLAIM "@request.auth.claims"

/* ---- one certificate at several gateways ---- */

static bool shares_credential(const struct istio_gateway *a, struct str credential)
{
    for (size_t i = 0; i < a->servers_count; i++) {
        const struct istio_gateway_tls *tls = a->servers[i].tls;

        if (tls && str_eq(tls->credential_name, credential))
            return true;
    }
    return false;
}

static bool same_workloads(const struct istio_gateway *a, const struct istio_gateway *b)
{
    return a->selector_count == b->selector_count &&
           workload_selector_is_match(a->selector, a->selector_count, b->selector,
                                      b->selector_count);
}

static void check_certificate(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct istio_gateway *gw = o->spec;
    const struct istio_gateway_tls *tls = gw->servers[i].tls;
    const struct object *other;

    if (!tls || !tls->credential_name.len)
        return;
    for (size_t at = 0; (other = analyze_state_next(s, API_KIND_GATEWAY, &at));) {
        if (other == o || !str_eq(other->ns, o->ns) || !same_workloads(gw, other->spec) ||
            !shares_credential(other->spec, tls->credential_name))
            continue;
        analyze_state_report(s, o, DIAG_WARNING, "IST0138",
                             arena_printf(&s->arena, "spec.servers[%zu].tls.credentialName", i),
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

static bool is_target(const struct k8s_service *svc, int64_t port)
{
    for (size_t i = 0; i < svc->ports_count; i++) {
        const struct k8s_service_port *p = &svc->ports[i];

        if (p->target_port.is_text ||
            (p->target_port.set ? p->target_port.number : p->port) == port)
            return true;
    }
    return false;
}

/* Whether a Service that selects the gateway's workloads has the port; *any: there is such one. */
static bool has_port(const struct analyze_state *s, const struct istio_gateway *gw, int64_t port,
                     bool *any)
{
    const struct object *o;

    *any = false;
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

/* Whether tokens are verified at the workloads that a gateway's selector names. */
static bool verifies_tokens(const struct analyze_state *s, const struct istio_gateway *gw)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_REQUEST_AUTHENTICATION, &at));) {
        const struct request_authentication *ra = o->spec;

        if (ra->rules_count == 0)
            continue;
        if (!ra->selector ||
            workload_selector_is_match(ra->selector->labels, ra->selector->labels_count,
                                       gw->selector, gw->selector_count))
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

        if (gw && !verifies_tokens(s, gw->spec))
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

static bool selects_gateway_api(const struct workload_selector *selector)
{
    for (size_t i = 0; selector && i < selector->labels_count; i++) {
        if (str_is(selector->labels[i].key, "gateway.networking.k8s.io/gateway-name"))
            return true;
    }
    return false;
}

static void check_selector(struct analyze_state *s, const struct object *o,
                           const struct workload_selector *selector)
{
    if (selects_gateway_api(selector))
        analyze_state_report(
            s, o, DIAG_WARNING, "IST0166", STR("spec.selector"),
            "The selector names the workloads of a Gateway of the Gateway API, for "
            "which it has no effect at waypoints. Use targetRefs instead.");
}

void analyze_gateway_use_selectors(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_AUTHORIZATION_POLICY, &at));)
        check_selector(s, o, ((const struct authorization_policy *)o->spec)->selector);
    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_REQUEST_AUTHENTICATION, &at));)
        check_selector(s, o, ((const struct request_authentication *)o->spec)->selector);
}
