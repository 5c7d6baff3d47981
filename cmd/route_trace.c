#include "cmd/route_trace.h"

#include "core/base/mem.h"
#include "core/flow/flow_gateway.h"
#include "core/route/route.h"
#include "core/route/route_explain.h"
#include "core/route/route_path.h"

struct trace {
    const struct snapshot *s;
    const struct route_trace_request *request;
    struct arena *a;
    struct node *out;
    struct route_query q;
};

/* ---- small things ---- */

static void put_int(struct arena *a, struct node *map, const char *key, uint64_t value)
{
    node_set(map, str_of(key), node_new_uint(a, value));
}

static void put_source(struct arena *a, struct node *map, const struct model_source *s)
{
    if (!s->kind.len)
        return;
    node_set_str(a, map, "object",
                 arena_printf(a, "%.*s %.*s%s%.*s", STR_ARG(s->kind), STR_ARG(s->ns),
                              s->ns.len ? "/" : "", STR_ARG(s->name)));
    node_set_text(a, map, "file", s->file);
    if (s->line)
        put_int(a, map, "line", s->line);
}

/* Nothing routes it: the answer it gets, and Envoy's flag. */
static void put_answer(struct trace *t, uint16_t status, const char *flag, struct str text)
{
    struct node *m = node_set_new(t->a, t->out, "answer", NODE_MAP);

    if (status)
        put_int(t->a, m, "status", status);
    if (flag)
        node_set_str(t->a, m, "flag", str_of(flag));
    node_set_str(t->a, m, "reason", text);
}

/* ---- where it goes ---- */

static const char *protection(const struct model_cluster_config *c, const struct model_endpoint *e)
{
    switch (c->tls_mode) {
    case MODEL_TLS_AUTO:
        return e && e->hop != MODEL_HOP_PLAIN ? "mTLS" : "plaintext";
    case MODEL_TLS_ISTIO_MUTUAL:
        return "mTLS";
    case MODEL_TLS_DISABLE:
        return "plaintext";
    default:
        return "TLS";
    }
}

static void put_endpoints(struct trace *t, struct node *m, const struct model_cluster *c)
{
    struct node *list = node_set_new(t->a, m, "endpoints", NODE_LIST);

    for (uint32_t i = 0; i < c->endpoints->count; i++) {
        const struct model_endpoint *e = &c->endpoints->list[i];
        struct node *n = node_add_new(t->a, list, NODE_MAP);
        char text[ADDR_TEXT_MAX];

        if (e->hostname.len)
            node_set_str(t->a, n, "address",
                         arena_printf(t->a, "%.*s:%u", STR_ARG(e->hostname), e->port));
        else
            node_set_str(t->a, n, "address", arena_str(t->a, str_of(addr_format(&e->addr, text))));
        node_set_text(t->a, n, "workload", e->peer.workload);
        node_set_text(t->a, n, "version", e->peer.version);
        node_set_text(t->a, n, "locality", e->locality);
        node_set_text(t->a, n, "identity", e->identity);
        node_set_str(t->a, n, "connection", str_of(protection(c->config, e)));
        node_set(n, STR("healthy"), node_new_bool(t->a, e->healthy));
    }
}

static void put_cluster(struct trace *t, struct node *m, const struct model_cluster *c)
{
    node_set_str(t->a, m, "cluster", c->config->name);
    put_source(t->a, m, &c->config->source);
    if (c->config->type == MODEL_CLUSTER_ORIGINAL_DST)
        node_set_str(t->a, m, "note", STR("to the address the client connected to"));
    else if (c->config->type == MODEL_CLUSTER_BLACKHOLE)
        node_set_str(t->a, m, "note", STR("to nowhere"));
    else
        put_endpoints(t, m, c);
}

static void put_destinations(struct trace *t, const struct model_weighted_cluster *list,
                             uint32_t count, uint64_t total)
{
    struct node *out = node_set_new(t->a, t->out, "destinations", NODE_LIST);

    for (uint32_t i = 0; i < count; i++) {
        struct node *m = node_add_new(t->a, out, NODE_MAP);

        if (count > 1 && total)
            node_set(m, STR("percent"),
                     node_new_double(t->a, (double)list[i].weight * 100 / (double)total));
        if (list[i].cluster) {
            put_cluster(t, m, list[i].cluster);
            continue;
        }
        node_set_str(t->a, m, "cluster", list[i].cluster_name);
        node_set_str(t->a, m, "note", STR("nobody has this host, port or subset: 503 NC"));
    }
}

/* ---- what the route does ---- */

static void put_retry(struct trace *t, struct node *m, const struct model_retry *r)
{
    struct node *n = node_set_new(t->a, m, "retries", NODE_MAP);

    put_int(t->a, n, "attempts", r->attempts);
    node_set_str(t->a, n, "on", model_route_retry_text(r->on, t->a));
    if (r->per_try_timeout_ms)
        put_int(t->a, n, "perTryTimeoutMs", r->per_try_timeout_ms);
}

static void put_headers(struct trace *t, struct node *m, const char *key,
                        const struct model_header_ops *ops)
{
    static const char *const words[] = { "set", "add", "remove" };
    struct node *list;

    if (!ops->count)
        return;
    list = node_set_new(t->a, m, key, NODE_LIST);
    for (uint32_t i = 0; i < ops->count; i++)
        node_add(list,
                 node_new_str(t->a, arena_printf(t->a, "%s %.*s%s%.*s", words[ops->items[i].op],
                                                 STR_ARG(ops->items[i].name),
                                                 ops->items[i].value.len ? ": " : "",
                                                 STR_ARG(ops->items[i].value))));
}

static void put_fault(struct trace *t, struct node *m, const struct model_fault *f)
{
    struct node *n = node_set_new(t->a, m, "fault", NODE_MAP);

    if (f->delay_pct > 0) {
        put_int(t->a, n, "delayMs", f->delay_ms);
        node_set(n, STR("delayPercent"), node_new_double(t->a, f->delay_pct));
    }
    if (f->abort_pct > 0) {
        put_int(t->a, n, f->abort_status ? "abortStatus" : "abortGrpcStatus",
                f->abort_status ? f->abort_status : (uint64_t)f->abort_grpc);
        node_set(n, STR("abortPercent"), node_new_double(t->a, f->abort_pct));
    }
}

static void put_session(struct trace *t, struct node *m, const struct model_route *r)
{
    const struct model_session *s = r->session;
    struct node *n;

    for (uint32_t i = 0; i < r->cluster_count && !s; i++)
        s = r->clusters[i].cluster ? r->clusters[i].cluster->config->session : NULL;
    if (!s)
        return;
    n = node_set_new(t->a, m, "session", NODE_MAP);
    node_set_str(t->a, n, s->by_header ? "header" : "cookie", s->name);
    if (s->lifetime_ms)
        put_int(t->a, n, "lifetimeMs", s->lifetime_ms);
}

static void put_policies(struct trace *t, const struct model_route *r)
{
    struct node *m = node_set_new(t->a, t->out, "policies", NODE_MAP), *list;

    if (r->timeout_ms)
        put_int(t->a, m, "timeoutMs", r->timeout_ms);
    if (r->retry)
        put_retry(t, m, r->retry);
    put_session(t, m, r);
    if (r->fault)
        put_fault(t, m, r->fault);
    if (r->cors)
        node_set(m, STR("cors"), node_new_bool(t->a, true));
    put_headers(t, m, "requestHeaders", &r->request);
    put_headers(t, m, "responseHeaders", &r->response);
    if (r->mirror_count) {
        list = node_set_new(t->a, m, "mirrors", NODE_LIST);
        for (uint32_t i = 0; i < r->mirror_count; i++) {
            struct node *n = node_add_new(t->a, list, NODE_MAP);

            node_set(n, STR("percent"), node_new_double(t->a, r->mirrors[i].pct));
            node_set_str(t->a, n, "cluster",
                         r->mirrors[i].cluster ? r->mirrors[i].cluster->config->name
                                               : STR("unknown"));
        }
    }
}

static void put_forward(struct trace *t, const struct model_route *r)
{
    if (r->rewrite) {
        struct node *m = node_set_new(t->a, t->out, "rewrite", NODE_MAP);

        node_set_text(t->a, m, "authority", r->rewrite->authority);
        if (r->rewrite->has_path || r->rewrite->regex)
            node_set_str(t->a, m, "path", route_rewrite_path(r, &t->q));
    }
    put_destinations(t, r->clusters, r->cluster_count, r->weight_total);
    put_policies(t, r);
}

static void put_action(struct trace *t, const struct model_route *r)
{
    struct node *m;

    switch (r->action) {
    case MODEL_ACTION_FORWARD:
        put_forward(t, r);
        return;
    case MODEL_ACTION_REDIRECT:
        m = node_set_new(t->a, t->out, "redirect", NODE_MAP);
        put_int(t->a, m, "status", r->redirect->status);
        node_set_str(t->a, m, "location", route_redirect_location(r, &t->q, t->request->port));
        return;
    case MODEL_ACTION_DIRECT:
        m = node_set_new(t->a, t->out, "response", NODE_MAP);
        put_int(t->a, m, "status", r->direct_status);
        put_int(t->a, m, "bodyBytes", r->direct_body.len);
        return;
    default:
        put_answer(t, 404, "NR", STR("the route leads nowhere"));
        return;
    }
}

/* ---- which route ---- */

static void put_route(struct trace *t, struct node *m, const struct model_route *r)
{
    node_set_text(t->a, m, "name", r->name);
    put_source(t->a, m, &r->source);
}

static void put_miss(struct trace *t, struct node *list, const struct model_route *r)
{
    struct node *m = node_add_new(t->a, list, NODE_MAP),
                *failed = node_set_new(t->a, m, "failed", NODE_MAP);
    struct route_explain why = { 0 };

    put_route(t, m, r);
    (void)route_explain_match(&r->match, &t->q, &why);
    node_set_str(t->a, failed, "field", str_of(why.field));
    node_set_text(t->a, failed, "name", why.name);
    node_set_str(t->a, failed, "wanted", why.wanted);
    if (why.had.p)
        node_set_str(t->a, failed, "had", why.had);
}

static void find_route(struct trace *t, const struct model_vhost *v)
{
    const struct model_route *r = route_find(v, &t->q);
    uint32_t before = r ? (uint32_t)(r - v->routes) : v->route_count;
    uint32_t first = before > ROUTE_TRACE_MISSES_MAX ? before - ROUTE_TRACE_MISSES_MAX : 0;
    struct node *misses = node_set_new(t->a, t->out, "misses", NODE_LIST);

    if (first)
        put_int(t->a, t->out, "missesNotShown", first);
    for (uint32_t i = first; i < before; i++)
        put_miss(t, misses, &v->routes[i]);
    if (!r) {
        put_answer(t, 404, "NR", STR("no route of this host takes the request"));
        return;
    }
    put_route(t, node_set_new(t->a, t->out, "route", NODE_MAP), r);
    put_action(t, r);
}

/* True: the table has the host. */
static bool find_host(struct trace *t, const struct model_route_table *table)
{
    const struct model_vhost *v;

    if (!table)
        return false;
    node_set_str(t->a, t->out, "table", table->name);
    v = route_find_vhost(table, t->request->head->authority);
    if (!v)
        return false;
    t->q.port = t->request->port;
    node_set_str(t->a, t->out, "virtualHost", v->name);
    if (v->require_tls && !t->request->is_tls) {
        struct node *m = node_set_new(t->a, t->out, "redirect", NODE_MAP);

        put_int(t->a, m, "status", 301);
        node_set_str(t->a, m, "location",
                     arena_printf(t->a, "https://%.*s%.*s",
                                  STR_ARG(route_host_of(t->request->head->authority, t->a)),
                                  STR_ARG(t->request->head->path)));
        return true;
    }
    find_route(t, v);
    return true;
}

/* ---- bytes ---- */

static void find_bytes(struct trace *t, const struct model_tcp_route *routes, uint32_t count,
                       const struct addr *dst)
{
    struct str sni = t->request->is_tls ? route_host_of(t->request->host, t->a) : STR("");
    const struct model_tcp_route *r = route_find_tcp(routes, count, NULL, dst, sni);

    node_set(t->out, STR("tcp"), node_new_bool(t->a, true));
    if (!r) {
        put_answer(t, 0, "NR", STR("no tcp or tls rule takes the connection"));
        return;
    }
    put_source(t->a, node_set_new(t->a, t->out, "route", NODE_MAP), &r->source);
    put_destinations(t, r->clusters, r->cluster_count, r->weight_total);
}

/* ---- a sidecar ---- */

/* What the client's name server says: by DNS search of its namespace. */
static const struct model_dns_name *find_name(const struct trace *t)
{
    const struct model_node *n = t->s->node;
    struct str host = route_host_of(t->request->host, t->a);
    const struct str names[] = {
        host,
        arena_printf(t->a, "%.*s.%.*s.svc.%.*s", STR_ARG(host), STR_ARG(n->ns),
                     STR_ARG(n->dns_domain)),
        arena_printf(t->a, "%.*s.svc.%.*s", STR_ARG(host), STR_ARG(n->dns_domain)),
        arena_printf(t->a, "%.*s.%.*s", STR_ARG(host), STR_ARG(n->dns_domain)),
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct model_dns_name *found = pmap_get(&t->s->outbound->names, names[i]);

        if (found && found->count)
            return found;
    }
    return NULL;
}

static const struct model_outbound_service *find_service(const struct trace *t, struct addr *dst)
{
    const struct model_outbound *out = t->s->outbound;
    const struct model_dns_name *name;
    const struct model_outbound_service *found;
    char text[ADDR_TEXT_MAX];

    *dst = (struct addr){ 0 };
    if (addr_parse_ip(t->request->host, dst) != 0 && (name = find_name(t)) != NULL)
        *dst = name->addrs[0];
    dst->port = t->request->port;
    if (dst->family != ADDR_NONE) {
        found = pmap_get(&out->by_vip, str_of(addr_format(dst, text)));
        if (found)
            return found;
    }
    if (map_get_u64(&out->by_port, t->request->port))
        return NULL;
    return pmap_get(&out->tcp_by_port, arena_u64(t->a, t->request->port));
}

static bool is_bytes(const struct trace *t, const struct model_outbound_service *service)
{
    return t->request->is_tls || service->protocol == MODEL_PROTOCOL_TCP ||
           service->protocol == MODEL_PROTOCOL_TLS || service->protocol == MODEL_PROTOCOL_HTTPS;
}

static void trace_unknown(struct trace *t)
{
    const struct model_outbound *out = t->s->outbound;
    struct node *list;

    if (out->policy == MODEL_REGISTRY_ONLY) {
        put_answer(t, 502, NULL, STR("nobody has this host, and REGISTRY_ONLY is set"));
        return;
    }
    node_set(t->out, STR("passthrough"), node_new_bool(t->a, true));
    list = node_set_new(t->a, t->out, "destinations", NODE_LIST);
    put_cluster(t, node_add_new(t->a, list, NODE_MAP), out->passthrough);
}

static void trace_sidecar(struct trace *t)
{
    const struct model_outbound *out = t->s->outbound;
    const struct model_outbound_service *service;
    const struct model_route_table *table;
    struct addr dst;

    node_set_str(t->a, t->out, "listener", STR("outbound"));
    service = find_service(t, &dst);
    if (service)
        node_set_str(t->a, t->out, "service",
                     arena_printf(t->a, "%.*s:%u", STR_ARG(service->host), service->port));
    if (service && is_bytes(t, service)) {
        find_bytes(t, service->tcp, service->tcp_count, &dst);
        return;
    }
    table = service && service->http ? service->http : map_get_u64(&out->by_port, t->request->port);
    if (t->request->is_tls || !find_host(t, table))
        trace_unknown(t);
}

/* ---- a gateway ---- */

static const struct model_gateway_server *find_server(const struct trace *t)
{
    const struct model_gateway_server *found = NULL;

    for (uint32_t i = 0; i < t->s->listener_count && !found; i++) {
        const struct model_listener *l = &t->s->listeners[i];
        struct str port = l->name;

        if (!l->gateway || l->kind == MODEL_LISTENER_UDP)
            continue;
        /* "0.0.0.0_8080": the port as configured, wherever its socket may be. */
        port = str_skip(port, (size_t)(str_rchr(port, '_') + 1));
        if (!str_eq(port, arena_u64(t->a, t->request->port)))
            continue;
        found = t->request->is_tls
                    ? flow_gateway_named(l->gateway, route_host_of(t->request->host, t->a))
                    : flow_gateway_plain(l->gateway);
    }
    return found;
}

static void trace_gateway(struct trace *t)
{
    const struct model_gateway_server *server = find_server(t);

    if (!server) {
        put_answer(t, 0, NULL,
                   t->request->is_tls ? STR("no server of this port has that name in a TLS hello")
                                      : STR("no server listens for plain HTTP on this port"));
        return;
    }
    node_set_str(t->a, t->out, "listener", server->name);
    put_source(t->a, node_set_new(t->a, t->out, "server", NODE_MAP), &server->source);
    if (!server->http)
        find_bytes(t, server->tcp, server->tcp_count, NULL);
    else if (!find_host(t, server->http))
        put_answer(t, 404, "NR", STR("no virtual host of this server has that name"));
}

struct node *route_trace(const struct snapshot *s, const struct route_trace_request *request,
                         struct arena *a)
{
    struct trace t = { .s = s, .request = request, .a = a, .out = node_new(a, NODE_MAP) };
    struct http_msg *head = request->head;

    if (route_path_normalize(ROUTE_PATH_BASE, head->path, a, &head->path) != 0) {
        put_answer(&t, 400, "DPE", STR("the path is not valid"));
        return t.out;
    }
    t.q = (struct route_query){ .head = head,
                                .path = http_msg_path_only(head),
                                .query = http_msg_query(head),
                                .port = request->port,
                                .arena = a };
    if (s->outbound)
        trace_sidecar(&t);
    else
        trace_gateway(&t);
    return t.out;
}
