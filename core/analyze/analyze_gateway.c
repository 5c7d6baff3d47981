#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/istio_gateway.h"
#include "core/api/k8s_secret.h"
#include "core/api/workload_selector.h"
#include "core/loop/clock.h"
#include "core/pki/pki_cert.h"
#include "core/pki/pki_chain.h"

/* ---- two gateways that want the same ---- */

/* "ns/host" of a server, and "host" alone, as patterns. */
static struct str host_of(struct str pattern)
{
    ptrdiff_t slash = str_chr(pattern, '/');

    return slash < 0 ? pattern : str_skip(pattern, (size_t)slash + 1);
}

static bool share_host(const struct istio_gateway_server *a, const struct istio_gateway_server *b)
{
    for (size_t i = 0; i < a->hosts_count; i++) {
        for (size_t k = 0; k < b->hosts_count; k++) {
            if (str_ieq(host_of(a->hosts[i]), host_of(b->hosts[k])))
                return true;
        }
    }
    return false;
}

/* Whether one selector says all that the other one does. */
static bool is_narrower(const struct istio_gateway *a, const struct istio_gateway *b)
{
    return workload_selector_is_match(b->selector, b->selector_count, a->selector,
                                      a->selector_count);
}

/* Whether some workload is both gateways. */
static bool meet(const struct analyze_state *s, const struct istio_gateway *a,
                 const struct istio_gateway *b)
{
    if (is_narrower(a, b) && is_narrower(b, a))
        return true;
    return (is_narrower(a, b) || is_narrower(b, a)) &&
           analyze_state_has_workload(s, STR_NONE, a->selector, a->selector_count, b->selector,
                                      b->selector_count);
}

static bool wants_same(const struct istio_gateway_server *a, const struct istio_gateway_server *b)
{
    return a->port && b->port && a->port->number == b->port->number && str_eq(a->bind, b->bind) &&
           share_host(a, b);
}

static bool has_rival(const struct istio_gateway *gw, const struct istio_gateway_server *server)
{
    for (size_t i = 0; i < gw->servers_count; i++) {
        if (wants_same(server, &gw->servers[i]))
            return true;
    }
    return false;
}

static struct str hosts_of(struct analyze_state *s, const struct istio_gateway_server *server)
{
    struct str text = server->hosts_count ? server->hosts[0] : STR("");

    for (size_t i = 1; i < server->hosts_count; i++)
        text = arena_printf(&s->arena, "%.*s,%.*s", STR_ARG(text), STR_ARG(server->hosts[i]));
    return text;
}

static void check_server(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct istio_gateway *gw = o->spec;
    const struct istio_gateway_server *server = &gw->servers[i];
    struct str names = STR_NONE;
    const struct object *other;

    for (size_t at = 0; (other = analyze_state_next(s, API_KIND_GATEWAY, &at));) {
        if (other == o || !has_rival(other->spec, server) || !meet(s, gw, other->spec))
            continue;
        names = names.p ? arena_printf(&s->arena, "%.*s,%.*s", STR_ARG(names),
                                       STR_ARG(analyze_state_id(s, other)))
                        : analyze_state_id(s, other);
    }
    if (names.p)
        analyze_state_report(
            s, o, DIAG_ERROR, "IST0145", arena_printf(&s->arena, "spec.servers[%zu].hosts", i),
            "Conflict with gateways %.*s (workload selector %.*s, port %lld, hosts %.*s).",
            STR_ARG(names), STR_ARG(analyze_state_labels(s, gw->selector, gw->selector_count)),
            (long long)server->port->number, STR_ARG(hosts_of(s, server)));
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
                s, o, DIAG_ERROR, "IST0101",
                analyze_state_label_path(s, "spec.selector", gw->selector, gw->selector_count),
                "Referenced selector not found: \"%.*s\"",
                STR_ARG(analyze_state_labels(s, gw->selector, gw->selector_count)));
    }
}

/* ---- certificates ---- */

static bool has_key(const struct k8s_secret *secret, const char *key)
{
    return k8s_secret_find(secret, str_of(key)).len > 0;
}

/* The chain a gateway would show; p == NULL: no key is with it. */
static struct str chain_of(const struct k8s_secret *secret)
{
    if (has_key(secret, "tls.crt") && has_key(secret, "tls.key"))
        return k8s_secret_find(secret, STR("tls.crt"));
    if (has_key(secret, "cert") && has_key(secret, "key"))
        return k8s_secret_find(secret, STR("cert"));
    return STR_NONE;
}

/* What is wrong with the certificates, or NULL. */
static const char *problem(struct str pem)
{
    struct pki_chain chain;
    const char *why = NULL;

    if (!pem.p)
        return "it has no certificate with its key";
    if (pki_chain_parse_pem(pem, PKI_CERT_BUNDLE_MAX, &chain) != 0)
        return "its certificate cannot be read";
    for (size_t i = 0; i < chain.count && !why; i++) {
        const struct pki_cert_info *info = pki_cert_get_info(chain.certs[i]);

        if (clock_wall_s() > info->not_after_s)
            why = "its certificate has expired";
        else if (clock_wall_s() < info->not_before_s)
            why = "its certificate is not valid yet";
    }
    pki_chain_deinit(&chain);
    return why;
}

/* Where the gateway's workloads are, its Secrets are too; of one without any, at its object. NULL
 * and *broken: there is one that could not be read. */
static const struct object *find_secret(const struct analyze_state *s, const struct object *o,
                                        struct str name, bool *broken)
{
    const struct istio_gateway *gw = o->spec;
    const struct object *secret;
    bool any = false;

    *broken = analyze_state_is_broken(s, "Secret", o->ns, name);
    for (size_t i = 0; i < s->count; i++) {
        const struct object *w = s->objects[i];
        const struct field_pair *labels;
        size_t count;

        if (!analyze_state_workload(w, &labels, &count) ||
            !workload_selector_is_match(gw->selector, gw->selector_count, labels, count))
            continue;
        *broken = (any && *broken) || analyze_state_is_broken(s, "Secret", w->ns, name);
        any = true;
        secret = analyze_state_find(s, API_KIND_SECRET, w->ns, name);
        if (secret)
            return secret;
    }
    return any ? NULL : analyze_state_find(s, API_KIND_SECRET, o->ns, name);
}

static void check_credential(struct analyze_state *s, const struct object *o, struct str path,
                             struct str name)
{
    const struct object *secret;
    const char *why;
    bool broken;

    if (!name.len || str_find(name, STR("://")) >= 0)
        return;
    secret = find_secret(s, o, name, &broken);
    if (!secret && !broken) {
        analyze_state_report(s, o, s->missing, "IST0101", path,
                             "Referenced credentialName not found: \"%.*s\"", STR_ARG(name));
        return;
    }
    why = secret ? problem(chain_of(secret->spec)) : "the Secret does not hold by itself";
    if (why)
        analyze_state_report(s, o, DIAG_ERROR, "IST0161", path,
                             "The credential referenced by the Gateway %.*s in namespace %.*s is "
                             "invalid, which can cause the traffic not to work as expected: %s.",
                             STR_ARG(o->name), STR_ARG(secret ? secret->ns : o->ns), why);
}

static void check_credentials(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct istio_gateway_tls *tls = ((const struct istio_gateway *)o->spec)->servers[i].tls;

    if (!tls)
        return;
    check_credential(s, o, arena_printf(&s->arena, "spec.servers[%zu].tls.credentialName", i),
                     tls->credential_name);
    for (size_t k = 0; k < tls->credential_names_count; k++)
        check_credential(
            s, o, arena_printf(&s->arena, "spec.servers[%zu].tls.credentialNames[%zu]", i, k),
            tls->credential_names[k]);
}

void analyze_gateway_credentials(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_GATEWAY, &at));) {
        for (size_t i = 0; i < ((const struct istio_gateway *)o->spec)->servers_count; i++)
            check_credentials(s, o, i);
    }
}
