/* Istio's Gateway: a server with several hosts becomes a listener for each. */
#include "cmd/convert.h"
#include "core/api/istio_gateway.h"

#define CLASS "istio"

static void add_certificate(struct convert *c, struct node *list, struct str name)
{
    ptrdiff_t slash = str_chr(name, '/');
    struct node *ref = convert_item(c, list);

    convert_text(c, ref, "name", slash < 0 ? name : str_skip(name, (size_t)slash + 1));
    if (slash > 0)
        convert_text(c, ref, "namespace", str_head(name, (size_t)slash));
}

static void add_tls(struct convert *c, const struct istio_gateway_tls *tls, struct node *listener)
{
    struct node *to = convert_map(c, listener, "tls"), *refs;

    if (tls->mode == ISTIO_GATEWAY_TLS_PASSTHROUGH) {
        convert_text(c, to, "mode", STR("Passthrough"));
        return;
    }
    if (tls->mode == ISTIO_GATEWAY_TLS_AUTO_PASSTHROUGH) { /* Istio's own way to say it */
        convert_text(c, to, "mode", STR("Passthrough"));
        convert_text(c, convert_map(c, to, "options"), "gateway.istio.io/listener-protocol",
                     STR("auto-passthrough"));
        return;
    }
    convert_text(c, to, "mode", STR("Terminate"));
    refs = convert_list(c, to, "certificateRefs");
    if (tls->credential_name.len)
        add_certificate(c, refs, tls->credential_name);
    for (size_t i = 0; i < tls->credential_names_count; i++)
        add_certificate(c, refs, tls->credential_names[i]);
    if (!tls->credential_name.len && !tls->credential_names_count)
        convert_warn(c, tls->at,
                     "certificates in files have no form: put them into a Secret and "
                     "name it in certificateRefs");
    if (tls->mode == ISTIO_GATEWAY_TLS_MUTUAL || tls->mode == ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL)
        convert_warn(c, tls->at,
                     "client certificates are asked for by spec.tls.frontend of the "
                     "Gateway, with the CA in a ConfigMap: not converted");
    else if (tls->mode != ISTIO_GATEWAY_TLS_SIMPLE)
        convert_warn(c, tls->at, "this TLS mode has no form");
    if (tls->min_version || tls->max_version || tls->cipher_suites_count)
        convert_warn(c, tls->at, "versions and ciphers have no form");
}

static const char *protocol_of(const struct istio_gateway_server *s)
{
    struct str p = s->port->protocol;

    if (str_ieq(p, STR("HTTPS")))
        return s->tls && s->tls->mode == ISTIO_GATEWAY_TLS_PASSTHROUGH ? "TLS" : "HTTPS";
    if (str_ieq(p, STR("TLS")))
        return "TLS";
    return istio_gateway_is_plain_http(p) ? "HTTP" : "TCP";
}

/* "." is the gateway's own namespace, a name another one. */
static void add_allowed(struct convert *c, struct str ns, struct node *listener)
{
    struct node *from = convert_map(c, convert_map(c, listener, "allowedRoutes"), "namespaces");
    struct node *labels;

    if (!ns.p || str_is(ns, "*")) {
        convert_text(c, from, "from", STR("All"));
    } else if (str_is(ns, ".") || str_eq(ns, c->object->ns)) {
        convert_text(c, from, "from", STR("Same"));
    } else {
        convert_text(c, from, "from", STR("Selector"));
        labels = convert_map(c, convert_map(c, from, "selector"), "matchLabels");
        convert_text(c, labels, "kubernetes.io/metadata.name", ns);
    }
}

/* An HTTPRoute that sends all requests of a listener to https. */
static void add_redirect(struct convert *c, struct str listener)
{
    const struct object *o = c->object;
    struct node *spec = convert_object(
        c, "gateway.networking.k8s.io/v1", "HTTPRoute",
        arena_printf(&c->arena, "%.*s-%.*s-redirect", STR_ARG(o->name), STR_ARG(listener)), o->ns);
    struct node *parent = convert_item(c, convert_list(c, spec, "parentRefs")), *filter, *to;

    convert_text(c, parent, "name", o->name);
    convert_text(c, parent, "sectionName", listener);
    filter = convert_item(
        c, convert_list(c, convert_item(c, convert_list(c, spec, "rules")), "filters"));
    convert_text(c, filter, "type", STR("RequestRedirect"));
    to = convert_map(c, filter, "requestRedirect");
    convert_text(c, to, "scheme", STR("https"));
    convert_int(c, to, "statusCode", 301);
}

static struct str listener_name(struct convert *c, const struct istio_gateway_server *s, size_t i)
{
    struct str name = s->name.len ? s->name : s->port->name;

    if (!name.len)
        name = arena_printf(&c->arena, "port-%lld", (long long)s->port->number);
    return s->hosts_count == 1 ? name : arena_printf(&c->arena, "%.*s-%zu", STR_ARG(name), i + 1);
}

static void add_server(struct convert *c, const struct istio_gateway_server *s,
                       struct node *listeners, struct node *redirects)
{
    for (size_t i = 0; i < s->hosts_count; i++) {
        struct node *listener = convert_item(c, listeners);
        ptrdiff_t slash = str_chr(s->hosts[i], '/');
        struct str ns = slash < 0 ? STR_NONE : str_head(s->hosts[i], (size_t)slash);
        struct str host = slash < 0 ? s->hosts[i] : str_skip(s->hosts[i], (size_t)slash + 1);
        struct str name = listener_name(c, s, i);

        convert_text(c, listener, "name", name);
        if (!str_is(host, "*"))
            convert_text(c, listener, "hostname", arena_lower(&c->arena, host));
        convert_int(c, listener, "port", s->port->number);
        convert_text(c, listener, "protocol", str_of(protocol_of(s)));
        if (s->tls && !s->tls->https_redirect)
            add_tls(c, s->tls, listener);
        else if (s->tls)
            node_add(redirects, node_new_str(&c->arena, name));
        add_allowed(c, ns, listener);
    }
    if (s->bind.len)
        convert_warn(c, s->at, "an address to bind to has no form");
}

/* Whoever runs the gateway's workloads: Istio finds them by labels, the Gateway API makes them. */
static void add_workloads(struct convert *c, const struct istio_gateway *gw, struct node *spec)
{
    struct node *address;

    for (size_t i = 0; i < gw->selector_count; i++) {
        if (!str_is(gw->selector[i].key, "istio"))
            continue;
        address = convert_item(c, convert_list(c, spec, "addresses"));
        convert_text(c, address, "type", STR("Hostname"));
        convert_text(c, address, "value",
                     arena_printf(&c->arena, "istio-%.*s.istio-system.svc.cluster.local",
                                  STR_ARG(gw->selector[i].value)));
        convert_warn(c, gw->at,
                     "the selector became the address of the gateway's Service: check its name, or "
                     "remove spec.addresses to get workloads of its own");
        return;
    }
}

void convert_gateway(struct convert *c)
{
    const struct istio_gateway *gw = c->object->spec;
    struct node *spec = convert_object(c, "gateway.networking.k8s.io/v1", "Gateway",
                                       c->object->name, c->object->ns);
    struct node *redirects = node_new(&c->arena, NODE_LIST), *listeners;

    convert_text(c, spec, "gatewayClassName", STR(CLASS));
    add_workloads(c, gw, spec);
    listeners = convert_list(c, spec, "listeners");
    for (size_t i = 0; i < gw->servers_count; i++) {
        if (gw->servers[i].port)
            add_server(c, &gw->servers[i], listeners, redirects);
    }
    NODE_EACH(name, redirects)
    add_redirect(c, name->text);
}
