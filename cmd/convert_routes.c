/* Istio's VirtualService: HTTPRoute, TLSRoute and TCPRoute. */
#include <stdio.h>

#include "cmd/convert.h"
#include "core/api/k8s_service.h"
#include "core/api/virtual_service.h"

#define GROUP "gateway.networking.k8s.io/"

/* ---- where it is attached ---- */

static void add_parent(struct convert *c, struct node *list, struct str gateway,
                       const struct virtual_service *vs)
{
    ptrdiff_t slash = str_chr(gateway, '/');
    struct node *ref;

    if (str_is(gateway, "mesh")) {
        for (size_t i = 0; i < vs->hosts_count; i++) {
            struct str rest = vs->hosts[i];

            ref = convert_item(c, list);
            node_set_str(&c->arena, ref, "group", STR(""));
            convert_text(c, ref, "kind", STR("Service"));
            convert_text(c, ref, "name", str_cut(&rest, '.'));
            if (rest.p)
                convert_text(c, ref, "namespace", str_cut(&rest, '.'));
        }
        return;
    }
    ref = convert_item(c, list);
    convert_text(c, ref, "name", slash < 0 ? gateway : str_skip(gateway, (size_t)slash + 1));
    if (slash > 0)
        convert_text(c, ref, "namespace", str_head(gateway, (size_t)slash));
}

static bool is_for_mesh_alone(const struct virtual_service *vs)
{
    for (size_t i = 0; i < vs->gateways_count; i++) {
        if (!str_is(vs->gateways[i], "mesh"))
            return false;
    }
    return true;
}

static struct node *begin(struct convert *c, const char *version, const char *kind,
                          const char *suffix)
{
    const struct virtual_service *vs = c->object->spec;
    char api[64];
    struct node *spec, *parents, *hosts;

    snprintf(api, sizeof(api), GROUP "%s", version);
    spec = convert_object(c, arena_strz(&c->arena, str_of(api)), kind,
                          arena_printf(&c->arena, "%.*s%s", STR_ARG(c->object->name), suffix),
                          c->object->ns);
    parents = convert_list(c, spec, "parentRefs");
    for (size_t i = 0; i < vs->gateways_count; i++)
        add_parent(c, parents, vs->gateways[i], vs);
    if (vs->gateways_count == 0)
        add_parent(c, parents, STR("mesh"), vs);
    if (is_for_mesh_alone(vs) || (vs->hosts_count == 1 && str_is(vs->hosts[0], "*")))
        return spec; /* a route of a Service is for that Service's host */
    hosts = convert_list(c, spec, "hostnames");
    for (size_t i = 0; i < vs->hosts_count; i++)
        node_add(hosts, node_new_str(&c->arena, arena_lower(&c->arena, vs->hosts[i])));
    return spec;
}

/* ---- backends ---- */

/* The only port of a Service that is among what is converted; a guess for others. */
static int64_t port_of(struct convert *c, struct str name, struct str ns,
                       const struct virtual_service_destination *to)
{
    for (size_t i = 0; i < c->in->count; i++) {
        const struct object *o = c->in->items[i];
        const struct k8s_service *svc = o->spec;

        if (o->kind->id == API_KIND_SERVICE && str_eq(o->name, name) &&
            str_eq(o->ns, ns.len ? ns : c->object->ns) && svc->ports_count == 1)
            return svc->ports[0].port;
    }
    convert_warn(c, to->at, "a backend needs a port: 80 is a guess for %.*s", STR_ARG(to->host));
    return 80;
}

static void set_backend(struct convert *c, struct node *ref,
                        const struct virtual_service_destination *to)
{
    struct str rest = to->host, name = str_cut(&rest, '.');
    struct str ns = rest.p ? str_cut(&rest, '.') : STR_NONE;

    if (rest.p && !str_starts(rest, STR("svc"))) {
        convert_text(c, ref, "group", STR("networking.istio.io"));
        convert_text(c, ref, "kind", STR("Hostname"));
        name = to->host;
        ns = STR_NONE;
    }
    if (to->subset.len) {
        name = arena_printf(&c->arena, "%.*s-%.*s", STR_ARG(name), STR_ARG(to->subset));
        convert_warn(c, to->at,
                     "subset \"%.*s\" became the Service %.*s: make one that selects its labels",
                     STR_ARG(to->subset), STR_ARG(name));
    }
    convert_text(c, ref, "name", name);
    convert_text(c, ref, "namespace", ns);
    convert_int(c, ref, "port", to->port ? to->port->number : port_of(c, name, ns, to));
}

/* ---- filters ---- */

static struct node *add_filter(struct convert *c, struct node *where, const char *type,
                               const char *key)
{
    struct node *filter = convert_item(c, convert_list_of(c, where, "filters"));

    convert_text(c, filter, "type", str_of(type));
    return convert_map(c, filter, key);
}

static void add_pairs(struct convert *c, struct node *to, const char *key,
                      const struct field_pair *list, size_t count)
{
    struct node *out = count ? convert_list(c, to, key) : NULL;

    for (size_t i = 0; i < count; i++) {
        struct node *item = convert_item(c, out);

        convert_text(c, item, "name", list[i].key);
        node_set_str(&c->arena, item, "value", list[i].value);
    }
}

static void add_header_ops(struct convert *c, struct node *where,
                           const struct virtual_service_header_ops *ops, const char *type,
                           const char *key)
{
    struct node *to, *out;

    if (!ops || !(ops->set_count || ops->add_count || ops->remove_count))
        return;
    to = add_filter(c, where, type, key);
    add_pairs(c, to, "set", ops->set, ops->set_count);
    add_pairs(c, to, "add", ops->add, ops->add_count);
    out = ops->remove_count ? convert_list(c, to, "remove") : NULL;
    for (size_t i = 0; i < ops->remove_count; i++)
        node_add(out, node_new_str(&c->arena, ops->remove[i]));
}

static void add_headers(struct convert *c, struct node *where,
                        const struct virtual_service_headers *h)
{
    if (!h)
        return;
    add_header_ops(c, where, h->request, "RequestHeaderModifier", "requestHeaderModifier");
    add_header_ops(c, where, h->response, "ResponseHeaderModifier", "responseHeaderModifier");
}

static void add_path(struct convert *c, struct node *to, struct str uri, bool by_prefix)
{
    struct node *path = convert_map(c, to, "path");

    convert_text(c, path, "type", by_prefix ? STR("ReplacePrefixMatch") : STR("ReplaceFullPath"));
    convert_text(c, path, by_prefix ? "replacePrefixMatch" : "replaceFullPath", uri);
}

/* Which matches of a rule: rewriting means another thing for prefixes, so that a rule with both
 * kinds becomes two. */
enum which { ALL, PREFIXES, OTHERS };

static bool is_prefix(const struct virtual_service_http_match *m)
{
    return !m->uri || m->uri->prefix.p;
}

static bool has(const struct virtual_service_http *h, bool prefix)
{
    for (size_t i = 0; i < h->match_count; i++) {
        if (is_prefix(&h->match[i]) == prefix)
            return true;
    }
    return h->match_count == 0 && prefix;
}

static void add_rewrite(struct convert *c, struct node *rule, const struct virtual_service_http *h,
                        enum which which)
{
    const struct virtual_service_rewrite *r = h->rewrite;
    struct node *to;

    if (!r)
        return;
    if (r->uri_regex)
        convert_warn(c, r->at, "a rewrite by expression has no form");
    if (!r->uri.len && !r->authority.len)
        return;
    to = add_filter(c, rule, "URLRewrite", "urlRewrite");
    convert_text(c, to, "hostname", r->authority);
    if (r->uri.len)
        add_path(c, to, r->uri, which == PREFIXES || (which == ALL && has(h, true)));
}

static void add_redirect(struct convert *c, struct node *rule,
                         const struct virtual_service_redirect *r)
{
    struct node *to;

    if (!r)
        return;
    to = add_filter(c, rule, "RequestRedirect", "requestRedirect");
    convert_text(c, to, "scheme", r->scheme);
    convert_text(c, to, "hostname", r->authority);
    if (r->uri.len)
        add_path(c, to, r->uri, false);
    else if (r->prefix_rewrite.len)
        add_path(c, to, r->prefix_rewrite, true);
    if (r->port.set)
        convert_int(c, to, "port", r->port.value);
    if (r->derive_port.set && r->derive_port.value == VIRTUAL_SERVICE_FROM_REQUEST_PORT)
        convert_warn(c, r->at, "the request's port cannot be kept in a redirect");
    convert_int(c, to, "statusCode", r->code ? r->code : 301);
}

static void add_mirror(struct convert *c, struct node *rule,
                       const struct virtual_service_destination *to, double percent)
{
    struct node *mirror = add_filter(c, rule, "RequestMirror", "requestMirror");

    set_backend(c, convert_map(c, mirror, "backendRef"), to);
    if (percent < 100)
        convert_int(c, mirror, "percent", (int64_t)percent);
}

static void add_mirrors(struct convert *c, struct node *rule, const struct virtual_service_http *h)
{
    if (h->mirror)
        add_mirror(c, rule, h->mirror, h->mirror_percentage ? h->mirror_percentage->value : 100);
    for (size_t i = 0; i < h->mirrors_count; i++)
        add_mirror(c, rule, h->mirrors[i].destination,
                   h->mirrors[i].percentage ? h->mirrors[i].percentage->value : 100);
}

static void add_strings(struct convert *c, struct node *to, const char *key, const struct str *list,
                        size_t count)
{
    struct node *out = count ? convert_list(c, to, key) : NULL;

    for (size_t i = 0; i < count; i++)
        node_add(out, node_new_str(&c->arena, list[i]));
}

static void add_cors(struct convert *c, struct node *rule, const struct virtual_service_cors *from)
{
    struct node *to, *origins;

    if (!from)
        return;
    to = add_filter(c, rule, "CORS", "cors");
    origins = convert_list(c, to, "allowOrigins");
    for (size_t i = 0; i < from->allow_origins_count; i++) {
        if (from->allow_origins[i].exact.p)
            node_add(origins, node_new_str(&c->arena, from->allow_origins[i].exact));
        else
            convert_warn(c, from->at, "origins by prefix or expression have no form");
    }
    add_strings(c, to, "allowMethods", from->allow_methods, from->allow_methods_count);
    add_strings(c, to, "allowHeaders", from->allow_headers, from->allow_headers_count);
    add_strings(c, to, "exposeHeaders", from->expose_headers, from->expose_headers_count);
    if (from->max_age.set)
        convert_int(c, to, "maxAge", from->max_age.value / 1000000000);
    if (from->allow_credentials.set)
        node_set(to, STR("allowCredentials"),
                 node_new_bool(&c->arena, from->allow_credentials.value != 0));
}

/* ---- matches ---- */

static void add_match_path(struct convert *c, struct node *match, const struct string_match *uri)
{
    struct node *path = convert_map(c, match, "path");

    convert_text(c, path, "type",
                 uri->exact.p   ? STR("Exact")
                 : uri->regex.p ? STR("RegularExpression")
                                : STR("PathPrefix"));
    convert_text(c, path, "value",
                 uri->exact.p    ? uri->exact
                 : uri->regex.p  ? uri->regex
                 : uri->prefix.p ? uri->prefix
                                 : STR("/"));
    if (!uri->prefix.p || str_is(uri->prefix, "/"))
        return;
    if (str_ends(uri->prefix, STR("/")))
        convert_warn(c, uri->at,
                     "prefixes are of whole segments here: \"%.*s\" also matches \"%.*s\"",
                     STR_ARG(uri->prefix), STR_ARG(str_head(uri->prefix, uri->prefix.len - 1)));
    else
        convert_warn(c, uri->at,
                     "prefixes are of whole segments here: \"%.*s\" no longer matches \"%.*sx\"",
                     STR_ARG(uri->prefix), STR_ARG(uri->prefix));
}

/* Names and values of headers or query parameters. */
static void add_match_values(struct convert *c, struct node *match, const char *key,
                             const struct string_match_entry *list, size_t count)
{
    struct node *out = count ? convert_list(c, match, key) : NULL;

    for (size_t i = 0; i < count; i++) {
        const struct string_match *m = &list[i].value;
        struct node *item = convert_item(c, out);

        convert_text(c, item, "name", list[i].key);
        if (m->exact.p) {
            node_set_str(&c->arena, item, "value", m->exact);
            continue;
        }
        convert_text(c, item, "type", STR("RegularExpression"));
        convert_text(c, item, "value",
                     m->regex.p    ? m->regex
                     : m->prefix.p ? arena_printf(&c->arena, "%.*s.*", STR_ARG(m->prefix))
                                   : STR(".+"));
    }
}

static void add_match(struct convert *c, struct node *rule,
                      const struct virtual_service_http_match *m)
{
    struct node *match = convert_item(c, convert_list_of(c, rule, "matches"));

    if (m->uri)
        add_match_path(c, match, m->uri);
    if (m->method && m->method->exact.p)
        convert_text(c, match, "method", m->method->exact);
    else if (m->method)
        convert_warn(c, m->at, "methods can be matched exactly only");
    add_match_values(c, match, "headers", m->headers, m->headers_count);
    add_match_values(c, match, "queryParams", m->query_params, m->query_params_count);
    if (m->ignore_uri_case)
        convert_warn(c, m->at, "paths cannot be matched without regard to case");
    if (m->without_headers_count)
        convert_warn(c, m->at, "the absence of a header cannot be matched: the match is wider now");
    if (m->authority || m->scheme || m->port || m->source_labels_count || m->source_namespace.len ||
        m->gateways_count)
        convert_warn(c, m->at,
                     "authority, scheme, port, source and gateways of a match have no "
                     "form: the match is wider now");
}

static struct str path_of(const struct virtual_service_http_match *m)
{
    if (!m->uri || m->uri->regex.p)
        return m->uri ? STR_NONE : STR("/");
    return m->uri->exact.p ? m->uri->exact : m->uri->prefix.p ? m->uri->prefix : STR("/");
}

/* Istio takes the first rule that matches, the Gateway API the one with the longest path. */
static void warn_order(struct convert *c, const struct virtual_service *vs)
{
    for (size_t i = 0; i < vs->http_count; i++) {
        for (size_t k = 0; k < vs->http[i].match_count; k++) {
            struct str early = path_of(&vs->http[i].match[k]);

            for (size_t j = i + 1; early.p && j < vs->http_count; j++) {
                for (size_t n = 0; n < vs->http[j].match_count; n++) {
                    struct str late = path_of(&vs->http[j].match[n]);

                    if (!late.p || late.len <= early.len || !str_starts(late, early))
                        continue;
                    convert_warn(
                        c, vs->http[j].at,
                        "this rule for \"%.*s\" goes before the one for \"%.*s\" above it: "
                        "here the longer path wins, not the first rule",
                        STR_ARG(late), STR_ARG(early));
                    return;
                }
            }
        }
    }
}

/* ---- rules ---- */

static void add_timeouts(struct convert *c, struct node *rule, const struct virtual_service_http *h)
{
    const struct virtual_service_retry *retry = h->retries;
    struct node *timeouts = NULL, *to;

    if (h->timeout.set || (retry && retry->per_try_timeout.set))
        timeouts = convert_map(c, rule, "timeouts");
    if (h->timeout.set)
        convert_time(c, timeouts, "request", h->timeout.value);
    if (!retry)
        return;
    if (retry->per_try_timeout.set)
        convert_time(c, timeouts, "backendRequest", retry->per_try_timeout.value);
    to = convert_map(c, rule, "retry");
    convert_int(c, to, "attempts", retry->attempts);
    if (retry->backoff.set)
        convert_time(c, to, "backoff", retry->backoff.value);
    if (retry->retry_on.len)
        convert_warn(c, retry->at, "retryOn has no form but status codes: \"%.*s\" is left out",
                     STR_ARG(retry->retry_on));
}

static void add_backends(struct convert *c, struct node *rule, const struct virtual_service_http *h)
{
    for (size_t i = 0; i < h->route_count; i++) {
        const struct virtual_service_http_route *from = &h->route[i];
        struct node *ref = convert_item(c, convert_list_of(c, rule, "backendRefs"));

        if (from->destination)
            set_backend(c, ref, from->destination);
        if (h->route_count > 1)
            convert_int(c, ref, "weight", from->weight);
        add_headers(c, ref, from->headers);
    }
}

static void add_rule_of(struct convert *c, struct node *rules, const struct virtual_service_http *h,
                        enum which which)
{
    struct node *rule = convert_item(c, rules);

    if (which != OTHERS)
        convert_text(c, rule, "name", h->name);
    for (size_t i = 0; i < h->match_count; i++) {
        if (which == ALL || is_prefix(&h->match[i]) == (which == PREFIXES))
            add_match(c, rule, &h->match[i]);
    }
    add_headers(c, rule, h->headers);
    add_rewrite(c, rule, h, which);
    add_redirect(c, rule, h->redirect);
    add_mirrors(c, rule, h);
    add_cors(c, rule, h->cors);
    add_timeouts(c, rule, h);
    add_backends(c, rule, h);
}

static void add_rule(struct convert *c, struct node *rules, const struct virtual_service_http *h)
{
    if (h->rewrite && h->rewrite->uri.len && has(h, true) && has(h, false)) {
        add_rule_of(c, rules, h, PREFIXES);
        add_rule_of(c, rules, h, OTHERS);
    } else {
        add_rule_of(c, rules, h, ALL);
    }
    if (h->fault)
        convert_warn(c, h->fault->at, "faults have no form");
    if (h->direct_response)
        convert_warn(c, h->direct_response->at, "answers of the gateway's own have no form");
    if (h->delegate)
        convert_warn(c, h->at, "delegation has no form: attach the other route to the Gateway");
}

/* ---- bytes ---- */

static void add_l4(struct convert *c, struct node *spec,
                   const struct virtual_service_l4_route *list, size_t count)
{
    struct node *rule = convert_item(c, convert_list_of(c, spec, "rules"));

    for (size_t i = 0; i < count; i++) {
        struct node *ref = convert_item(c, convert_list_of(c, rule, "backendRefs"));

        if (list[i].destination)
            set_backend(c, ref, list[i].destination);
        if (count > 1)
            convert_int(c, ref, "weight", list[i].weight);
    }
}

/* Names of a TLS match are the route's host names, so each rule is a route. */
static void add_tls(struct convert *c, const struct virtual_service *vs, size_t i)
{
    const struct virtual_service_tls *from = &vs->tls[i];
    char suffix[32];
    struct node *spec, *hosts;

    snprintf(suffix, sizeof(suffix), vs->tls_count > 1 ? "-tls-%zu" : "-tls", i + 1);
    spec = begin(c, "v1", "TLSRoute", suffix);
    hosts = convert_list(c, spec, "hostnames");
    for (size_t k = 0; k < from->match_count; k++) {
        for (size_t n = 0; n < from->match[k].sni_hosts_count; n++) {
            if (str_is(from->match[k].sni_hosts[n], "*"))
                convert_warn(c, from->match[k].at, "a TLSRoute names its hosts: \"*\" is left out");
            else
                node_add(hosts, node_new_str(&c->arena, from->match[k].sni_hosts[n]));
        }
        if (from->match[k].destination_subnets_count || from->match[k].source_labels_count)
            convert_warn(c, from->match[k].at, "subnets and source labels have no form");
    }
    add_l4(c, spec, from->route, from->route_count);
    if (!hosts->count)
        node_remove(c->out, c->out->last);
}

static void add_tcp(struct convert *c, const struct virtual_service *vs, size_t i)
{
    const struct virtual_service_tcp *from = &vs->tcp[i];
    char suffix[32];
    struct node *spec;

    snprintf(suffix, sizeof(suffix), vs->tcp_count > 1 ? "-tcp-%zu" : "-tcp", i + 1);
    spec = begin(c, "v1alpha2", "TCPRoute", suffix);
    node_unset(spec, STR("hostnames"));
    for (size_t k = 0; k < from->match_count; k++) {
        if (from->match[k].port) {
            NODE_EACH(parent, node_getz(spec, "parentRefs"))
            convert_int(c, parent, "port", from->match[k].port);
        }
        if (from->match[k].destination_subnets_count || from->match[k].source_subnet.len ||
            from->match[k].source_labels_count)
            convert_warn(c, from->match[k].at, "subnets and source labels have no form");
    }
    add_l4(c, spec, from->route, from->route_count);
}

void convert_routes(struct convert *c)
{
    const struct virtual_service *vs = c->object->spec;

    if (vs->http_count) {
        struct node *rules = convert_list(c, begin(c, "v1", "HTTPRoute", ""), "rules");

        for (size_t i = 0; i < vs->http_count; i++)
            add_rule(c, rules, &vs->http[i]);
        warn_order(c, vs);
    }
    for (size_t i = 0; i < vs->tls_count; i++)
        add_tls(c, vs, i);
    for (size_t i = 0; i < vs->tcp_count; i++)
        add_tcp(c, vs, i);
}
