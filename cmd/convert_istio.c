/* The Gateway API's Gateway, HTTPRoute, TLSRoute and TCPRoute as Istio's objects. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/convert.h"
#include "core/api/gateway_api_gateway.h"
#include "core/api/gateway_api_route.h"
#include "core/api/gateway_api_stream_route.h"
#include "core/base/mem.h"

#define ISTIO "networking.istio.io/v1"

/* ---- Gateway ---- */

static void set_tls(struct convert *c, struct node *server,
                    const struct gateway_api_listener_tls *tls)
{
    struct node *to = convert_map(c, server, "tls"), *names;

    if (tls->mode == GATEWAY_API_TLS_PASSTHROUGH) {
        convert_text(c, to, "mode", STR("PASSTHROUGH"));
        return;
    }
    convert_text(c, to, "mode", STR("SIMPLE"));
    if (tls->certificates_count == 1) {
        convert_text(c, to, "credentialName", tls->certificates[0].name);
    } else if (tls->certificates_count) {
        names = convert_list(c, to, "credentialNames");
        for (size_t i = 0; i < tls->certificates_count; i++)
            node_add(names, node_new_str(&c->arena, tls->certificates[i].name));
    }
    if (tls->options_count)
        convert_warn(c, tls->at, "options of the listener's TLS are left out");
}

static bool is_one_namespace(const struct label_selector *s)
{
    return s && s->match_labels_count == 1 && s->rules_count == 0 &&
           str_is(s->match_labels[0].key, "kubernetes.io/metadata.name");
}

/* Which namespaces may attach routes is said in front of the host. */
static struct str host_of(struct convert *c, const struct gateway_api_listener *l)
{
    struct str host = l->hostname.len ? l->hostname : STR("*");
    const struct gateway_api_route_namespaces *ns = l->allowed ? l->allowed->namespaces : NULL;

    if (ns && ns->from == GATEWAY_API_FROM_ALL)
        return host;
    if (ns && ns->from == GATEWAY_API_FROM_SELECTOR && is_one_namespace(ns->selector))
        return arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(ns->selector->match_labels[0].value),
                            STR_ARG(host));
    if (ns && ns->from == GATEWAY_API_FROM_SELECTOR) {
        convert_warn(c, l->at, "namespaces by labels have no form: all may attach now");
        return host;
    }
    return arena_printf(&c->arena, "./%.*s", STR_ARG(host));
}

static void gateway(struct convert *c)
{
    const struct gateway_api_gateway *gw = c->object->spec;
    struct node *spec = convert_object(c, ISTIO, "Gateway", c->object->name, c->object->ns);
    struct node *labels = convert_map(c, spec, "selector"), *servers;

    convert_text(c, labels, "gateway.networking.k8s.io/gateway-name", c->object->name);
    servers = convert_list(c, spec, "servers");
    for (size_t i = 0; i < gw->listeners_count; i++) {
        const struct gateway_api_listener *l = &gw->listeners[i];
        struct node *server = convert_item(c, servers), *port = convert_map(c, server, "port");

        convert_int(c, port, "number", l->port);
        convert_text(c, port, "name", l->name);
        convert_text(c, port, "protocol", l->protocol);
        node_add(convert_list(c, server, "hosts"), node_new_str(&c->arena, host_of(c, l)));
        if (l->tls)
            set_tls(c, server, l->tls);
    }
    if (gw->tls && gw->tls->frontend)
        convert_warn(c, gw->at, "validation of client certificates is left out: use mode MUTUAL");
}

/* ---- what all routes share ---- */

/* Hosts and gateways of a route. */
static struct node *begin(struct convert *c, const struct gateway_api_any_route *r)
{
    struct node *spec = convert_object(c, ISTIO, "VirtualService", c->object->name, c->object->ns);
    struct node *hosts = convert_list(c, spec, "hosts"), *gateways = NULL;

    for (size_t i = 0; i < r->parents_count; i++) {
        const struct gateway_api_ref_parent_ref *p = &r->parents[i];
        struct str ns = p->ns.len ? p->ns : c->object->ns;

        if (str_is(p->kind, "Service")) {
            node_add(hosts,
                     node_new_str(&c->arena, arena_printf(&c->arena, "%.*s.%.*s.svc.cluster.local",
                                                          STR_ARG(p->name), STR_ARG(ns))));
            continue;
        }
        if (p->section.len)
            convert_warn(c, p->at,
                         "one listener of a gateway cannot be named: the route is for all");
        if (!gateways)
            gateways = convert_list(c, spec, "gateways");
        node_add(gateways, node_new_str(&c->arena, arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(ns),
                                                                STR_ARG(p->name))));
    }
    for (size_t i = 0; (gateways || !hosts->count) && i < r->hostnames_count; i++)
        node_add(hosts, node_new_str(&c->arena, r->hostnames[i]));
    if (!hosts->count && gateways)
        node_add(hosts, node_new_str(&c->arena, STR("*")));
    if (!hosts->count) {
        convert_warn(c, r->at, "the route is attached to nothing that has a name: left out");
        node_remove(c->out, c->out->last);
    }
    return spec;
}

static void set_destination(struct convert *c, struct node *to, const struct gateway_api_ref *ref)
{
    struct str ns = ref->ns.len ? ref->ns : c->object->ns;

    if (str_is(ref->kind, "Hostname"))
        convert_text(c, to, "host", ref->name);
    else
        convert_text(c, to, "host",
                     arena_printf(&c->arena, "%.*s.%.*s.svc.cluster.local", STR_ARG(ref->name),
                                  STR_ARG(ns)));
    if (ref->port.set)
        convert_int(c, convert_map(c, to, "port"), "number", ref->port.value);
}

static int64_t weight_of(struct field_opt w)
{
    return w.set ? w.value : 1;
}

/* ---- filters ---- */

static void set_ops(struct convert *c, struct node *rule, const char *side,
                    const struct gateway_api_headers *from)
{
    struct node *headers = node_getz(rule, "headers"), *to, *map;

    if (!headers)
        headers = convert_map(c, rule, "headers");
    to = convert_map(c, headers, side);
    map = from->set_count ? convert_map(c, to, "set") : NULL;
    for (size_t i = 0; i < from->set_count; i++)
        node_set(map, from->set[i].name, node_new_str(&c->arena, from->set[i].value));
    map = from->add_count ? convert_map(c, to, "add") : NULL;
    for (size_t i = 0; i < from->add_count; i++)
        node_set(map, from->add[i].name, node_new_str(&c->arena, from->add[i].value));
    for (size_t i = 0; i < from->remove_count; i++)
        node_add(convert_list_of(c, to, "remove"), node_new_str(&c->arena, from->remove[i]));
}

static void set_redirect(struct convert *c, struct node *rule, const struct gateway_api_redirect *r)
{
    struct node *to = convert_map(c, rule, "redirect");

    convert_text(c, to, "scheme", r->scheme);
    convert_text(c, to, "authority", r->hostname);
    if (r->path && r->path->type == GATEWAY_API_REPLACE_FULL_PATH)
        convert_text(c, to, "uri", r->path->full_path);
    else if (r->path)
        convert_text(c, to, "prefixRewrite", r->path->prefix.len ? r->path->prefix : STR("/"));
    if (r->port.set)
        convert_int(c, to, "port", r->port.value);
    convert_int(c, to, "redirectCode", r->status.set ? r->status.value : 302);
}

static void set_rewrite(struct convert *c, struct node *rule, const struct gateway_api_rewrite *r)
{
    struct node *to = convert_map(c, rule, "rewrite"), *by;

    convert_text(c, to, "authority", r->hostname);
    if (r->path && r->path->type == GATEWAY_API_REPLACE_PREFIX_MATCH) {
        convert_text(c, to, "uri", r->path->prefix.len ? r->path->prefix : STR("/"));
    } else if (r->path) {
        by = convert_map(c, to, "uriRegexRewrite");
        convert_text(c, by, "match", STR(".*"));
        convert_text(c, by, "rewrite", r->path->full_path);
    }
}

static void add_mirror(struct convert *c, struct node *rule, const struct gateway_api_mirror *m)
{
    struct node *to = convert_item(c, convert_list_of(c, rule, "mirrors"));
    double percent = 100;

    if (m->backend)
        set_destination(c, convert_map(c, to, "destination"),
                        (const struct gateway_api_ref *)m->backend);
    if (m->percent.set)
        percent = (double)m->percent.value;
    else if (m->fraction)
        percent = 100.0 * (double)m->fraction->numerator /
                  (double)(m->fraction->denominator.set ? m->fraction->denominator.value : 100);
    if (percent < 100)
        node_set(convert_map(c, to, "percentage"), STR("value"),
                 node_new_double(&c->arena, percent));
}

static void add_strings(struct convert *c, struct node *to, const char *key, const struct str *list,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        node_add(convert_list_of(c, to, key), node_new_str(&c->arena, list[i]));
}

static void set_cors(struct convert *c, struct node *rule, const struct gateway_api_cors *from)
{
    struct node *to = convert_map(c, rule, "corsPolicy");

    for (size_t i = 0; i < from->origins_count; i++) {
        struct node *origin = convert_item(c, convert_list_of(c, to, "allowOrigins"));
        bool any = str_chr(from->origins[i], '*') >= 0;

        if (any)
            convert_warn(c, from->at, "an origin with * became an expression: check it");
        convert_text(c, origin, any ? "regex" : "exact", any ? STR(".*") : from->origins[i]);
    }
    add_strings(c, to, "allowMethods", from->methods, from->methods_count);
    add_strings(c, to, "allowHeaders", from->headers, from->headers_count);
    add_strings(c, to, "exposeHeaders", from->expose, from->expose_count);
    if (from->max_age_s.set)
        convert_time(c, to, "maxAge", from->max_age_s.value * 1000000000);
    if (from->credentials.set)
        node_set(to, STR("allowCredentials"),
                 node_new_bool(&c->arena, from->credentials.value != 0));
}

static void add_filters(struct convert *c, struct node *rule, const struct gateway_api_filter *list,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct gateway_api_filter *f = &list[i];

        if (f->request_headers)
            set_ops(c, rule, "request", f->request_headers);
        if (f->response_headers)
            set_ops(c, rule, "response", f->response_headers);
        if (f->redirect)
            set_redirect(c, rule, f->redirect);
        if (f->rewrite)
            set_rewrite(c, rule, f->rewrite);
        if (f->mirror)
            add_mirror(c, rule, f->mirror);
        if (f->cors)
            set_cors(c, rule, f->cors);
        if (f->auth || f->extension)
            convert_warn(c, f->at, "external authorization and extensions are left out");
    }
}

/* ---- matches ---- */

static void add_values(struct convert *c, struct node *match, const char *key,
                       const struct gateway_api_header_match *list, size_t count)
{
    struct node *map = count ? convert_map(c, match, key) : NULL;

    for (size_t i = 0; i < count; i++) {
        struct node *value = node_new(&c->arena, NODE_MAP);

        convert_text(c, value, list[i].type == GATEWAY_API_MATCH_REGEX ? "regex" : "exact",
                     list[i].value);
        node_set(map, list[i].name, value);
    }
}

/* A prefix of whole segments is two of Istio's matches: the path itself, and what is below it. */
static void add_match(struct convert *c, struct node *rule, const struct gateway_api_http_match *m)
{
    struct str path = m->path ? m->path->value : STR("/");
    int type = m->path ? m->path->type : GATEWAY_API_MATCH_PREFIX;
    bool two =
        type != GATEWAY_API_MATCH_EXACT && type != GATEWAY_API_MATCH_REGEX && !str_is(path, "/");

    if (two && str_ends(path, STR("/")))
        path = str_head(path, path.len - 1);
    for (int i = 0; i < (two ? 2 : 1); i++) {
        struct node *match = convert_item(c, convert_list_of(c, rule, "match"));
        struct node *uri = convert_map(c, match, "uri");

        if (two)
            convert_text(c, uri, i ? "prefix" : "exact",
                         i ? arena_printf(&c->arena, "%.*s/", STR_ARG(path)) : path);
        else
            convert_text(c, uri,
                         type == GATEWAY_API_MATCH_EXACT   ? "exact"
                         : type == GATEWAY_API_MATCH_REGEX ? "regex"
                                                           : "prefix",
                         path);
        if (m->method.len)
            convert_text(c, convert_map(c, match, "method"), "exact", m->method);
        add_values(c, match, "headers", m->headers, m->headers_count);
        add_values(c, match, "queryParams", m->params, m->params_count);
    }
}

/* ---- rules, in the order in which they win ---- */

struct ranked {
    const struct gateway_api_http_rule *rule;
    const struct gateway_api_http_match *match; /* NULL: the rule has none */
    size_t place;
};

static int type_rank(const struct ranked *r)
{
    int type = r->match && r->match->path ? r->match->path->type : GATEWAY_API_MATCH_PREFIX;

    return type == GATEWAY_API_MATCH_EXACT ? 0 : type == GATEWAY_API_MATCH_REGEX ? 1 : 2;
}

static size_t length_of(const struct ranked *r)
{
    return r->match && r->match->path ? r->match->path->value.len : 1;
}

static int order(size_t a, size_t b) /* the greater one first */
{
    return a > b ? -1 : a < b;
}

static int by_precedence(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;
    int result = type_rank(a) - type_rank(b);

    if (!result)
        result = order(length_of(a), length_of(b));
    if (!result)
        result = order(a->match && a->match->method.len, b->match && b->match->method.len);
    if (!result)
        result =
            order(a->match ? a->match->headers_count : 0, b->match ? b->match->headers_count : 0);
    if (!result)
        result =
            order(a->match ? a->match->params_count : 0, b->match ? b->match->params_count : 0);
    return result ? result : order(b->place, a->place);
}

static void add_times(struct convert *c, struct node *to, const struct gateway_api_http_rule *r)
{
    struct node *retries;

    if (r->timeouts && r->timeouts->request.set)
        convert_time(c, to, "timeout", r->timeouts->request.value);
    if (!r->retry && !(r->timeouts && r->timeouts->backend_request.set))
        return;
    retries = convert_map(c, to, "retries");
    convert_int(c, retries, "attempts",
                r->retry && r->retry->attempts.set ? r->retry->attempts.value : 1);
    if (r->timeouts && r->timeouts->backend_request.set)
        convert_time(c, retries, "perTryTimeout", r->timeouts->backend_request.value);
    if (r->retry && r->retry->backoff.set)
        convert_time(c, retries, "backoff", r->retry->backoff.value);
    if (r->retry && r->retry->codes_count) {
        struct str text = STR("connect-failure,refused-stream");

        for (size_t i = 0; i < r->retry->codes_count; i++)
            text =
                arena_printf(&c->arena, "%.*s,%lld", STR_ARG(text), (long long)r->retry->codes[i]);
        convert_text(c, retries, "retryOn", text);
    }
}

static void add_rule(struct convert *c, struct node *http, const struct ranked *r)
{
    const struct gateway_api_http_rule *rule = r->rule;
    struct node *to = convert_item(c, http);

    if (r->match)
        add_match(c, to, r->match);
    add_filters(c, to, rule->filters, rule->filters_count);
    add_times(c, to, rule);
    for (size_t i = 0; i < rule->backends_count; i++) {
        const struct gateway_api_http_backend *b = &rule->backends[i];
        struct node *route = convert_item(c, convert_list_of(c, to, "route"));

        set_destination(c, convert_map(c, route, "destination"), (const struct gateway_api_ref *)b);
        if (rule->backends_count > 1)
            convert_int(c, route, "weight", weight_of(b->weight));
        add_filters(c, route, b->filters, b->filters_count);
    }
    if (!rule->backends_count && !node_getz(to, "redirect")) {
        node_unset(to, STR("rewrite"));
        convert_int(c, convert_map(c, to, "directResponse"), "status", 500);
        convert_warn(c, rule->at, "a rule without backends answers 500");
    }
    if (rule->session)
        convert_warn(c, rule->at,
                     "session persistence is left out: use consistentHash of a "
                     "DestinationRule");
}

static void http_route(struct convert *c)
{
    const struct gateway_api_route_http_route *r = c->object->spec;
    struct node *http = convert_list(c, begin(c, (const struct gateway_api_any_route *)r), "http");
    struct ranked *list;
    size_t n = 0;

    for (size_t i = 0; i < r->rules_count; i++)
        n += r->rules[i].matches_count ? r->rules[i].matches_count : 1;
    list = arena_alloc0(&c->arena, n, sizeof(*list));
    n = 0;
    for (size_t i = 0; i < r->rules_count; i++) {
        for (size_t k = 0; k < r->rules[i].matches_count; k++, n++)
            list[n] = (struct ranked){ &r->rules[i], &r->rules[i].matches[k], n };
        if (!r->rules[i].matches_count) {
            list[n] = (struct ranked){ &r->rules[i], NULL, n };
            n++;
        }
    }
    if (n > 1)
        qsort(list, n, sizeof(*list), by_precedence);
    for (size_t i = 0; i < n; i++)
        add_rule(c, http, &list[i]);
}

/* ---- bytes ---- */

static void stream_route(struct convert *c, const char *key)
{
    const struct gateway_api_stream_route *r = c->object->spec;
    struct node *spec = begin(c, (const struct gateway_api_any_route *)r);
    struct node *list = convert_list(c, spec, key);

    for (size_t i = 0; i < r->rules_count; i++) {
        struct node *rule = convert_item(c, list), *match = NULL;

        if (str_is(str_of(key), "tls"))
            match = convert_item(c, convert_list(c, rule, "match"));
        for (size_t k = 0; k < r->hostnames_count; k++)
            node_add(convert_list_of(c, match, "sniHosts"),
                     node_new_str(&c->arena, r->hostnames[k]));
        if (match && !r->hostnames_count)
            node_add(convert_list(c, match, "sniHosts"), node_new_str(&c->arena, STR("*")));
        for (size_t k = 0; k < r->rules[i].backends_count; k++) {
            const struct gateway_api_ref_backend_ref *b = &r->rules[i].backends[k];
            struct node *route = convert_item(c, convert_list_of(c, rule, "route"));

            set_destination(c, convert_map(c, route, "destination"),
                            (const struct gateway_api_ref *)b);
            if (r->rules[i].backends_count > 1)
                convert_int(c, route, "weight", weight_of(b->weight));
        }
    }
}

size_t convert_istio(struct convert *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->in->count; i++) {
        c->object = c->in->items[i];
        n++;
        switch (c->object->kind->id) {
        case API_KIND_K8S_GATEWAY:
            gateway(c);
            break;
        case API_KIND_HTTP_ROUTE:
            http_route(c);
            break;
        case API_KIND_TLS_ROUTE:
            stream_route(c, "tls");
            break;
        case API_KIND_TCP_ROUTE:
            stream_route(c, "tcp");
            break;
        default:
            n--;
            break;
        }
    }
    return n;
}
