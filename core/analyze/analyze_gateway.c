#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/istio_gateway.h"
#include "core/api/k8s_secret.h"
#include "core/api/workload_selector.h"

/* ---- two gateways that want the same ---- */

/* "ns/host" of a server, and "host" alone, as patterns. */
static struct str host_of(struct str pattern)
{
    ptrdiff_t slash = str_chr(pattern, '/');

    return slash < 0 ? pattern : str_skip(pattern, (size_t)slash + 1);
}

static bool share_host(const struct istio_gateway_server *a, const struct istio_gateway_server *b,
                       struct str *host)
{
    for (size_t i = 0; i < a->hosts_count; i++) {
        for (size_t k = 0; k < b->hosts_count; k++) {
            *host = host_of(a->hosts[i]);
            if (str_ieq(*host, host_of(b->hosts[k])))
                return true;
        }
    }
    return false;
}

static bool same_selector(const struct istio_gateway *a, const struct istio_gateway *b)
{
    return a->selector_count == b->selector_count &&
           workload_selector_is_match(a->selector, a->selector_count, b->selector,
                                      b->selector_count);
}

static void check_server(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct istio_gateway *gw = o->spec;
    const struct istio_gateway_server *server = &gw->servers[i];
    const struct object *other;

    for (size_t at = 0; (other = analyze_state_next(s, API_KIND_GATEWAY, &at));) {
        const struct istio_gateway *g = other->spec;
        struct str host;

        for (size_t k = 0; k < g->servers_count && other != o && same_selector(gw, g); k++) {
            if (!server->port || !g->servers[k].port ||
                server->port->number != g->servers[k].port->number ||
                !str_eq(server->bind, g->servers[k].bind) ||
                !share_host(server, &g->servers[k], &host))
                continue;
            analyze_state_report(
                s, o, DIAG_ERROR, "IST0145", arena_printf(&s->arena, "spec.servers[%zu].hosts", i),
                "Conflict with gateways %.*s (workload selector %.*s, port %lld, hosts %.*s).",
                STR_ARG(analyze_state_id(s, other)),
                STR_ARG(analyze_state_labels(s, gw->selector, gw->selector_count)),
                (long long)server->port->number, STR_ARG(host));
        }
    }
}

void analyze_gateway_conflicts(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_GATEWAY, &at));) {
        for (size_t i = 0; i < ((const struct istio_gateway *)o->spec)->servers_count; i++)
            check_server(s, o, i);
    }
}

/* ---- whose they are ---- */

void analyze_gateway_selectors(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0;
         s->workload_count && (o = analyze_state_next_fresh(s, API_KIND_GATEWAY, &at));) {
        const struct istio_gateway *gw = o->spec;

        if (gw->selector_count &&
            !analyze_state_has_workload(s, STR_NONE, gw->selector, gw->selector_count, NULL, 0))
            analyze_state_report(
                s, o, DIAG_WARNING, "IST0101", STR("spec.selector"),
                "Referenced selector not found: \"%.*s\"",
                STR_ARG(analyze_state_labels(s, gw->selector, gw->selector_count)));
    }
}

/* ---- certificates ---- */

static bool has_key_pair(const struct k8s_secret *secret)
{
    return (k8s_secret_find(secret, STR("tls.crt")).p &&
            k8s_secret_find(secret, STR("tls.key")).p) ||
           (k8s_secret_find(secret, STR("cert")).p && k8s_secret_find(secret, STR("key")).p);
}

static void check_credential(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct istio_gateway_tls *tls = ((const struct istio_gateway *)o->spec)->servers[i].tls;
    struct str path = arena_printf(&s->arena, "spec.servers[%zu].tls.credentialName", i);
    const struct object *secret;

    /* Secrets come from the gateway's own namespace, which is where its object usually is too. */
    if (!tls || !tls->credential_name.len || str_find(tls->credential_name, STR("://")) >= 0)
        return;
    secret = analyze_state_find(s, API_KIND_SECRET, o->ns, tls->credential_name);
    if (!secret)
        analyze_state_report(s, o, s->missing, "IST0101", path,
                             "Referenced credentialName not found: \"%.*s\"",
                             STR_ARG(tls->credential_name));
    else if (!has_key_pair(secret->spec))
        analyze_state_report(s, o, DIAG_ERROR, "IST0161", path,
                             "The credential referenced by the Gateway %.*s in namespace %.*s is "
                             "invalid, which can cause the traffic not to work as expected.",
                             STR_ARG(o->name), STR_ARG(o->ns));
}

void analyze_gateway_credentials(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_GATEWAY, &at));) {
        for (size_t i = 0; i < ((const struct istio_gateway *)o->spec)->servers_count; i++)
            check_credential(s, o, i);
    }
}
