#include "modes/shared/dump.h"

#include "core/base/version.h"
#include "core/loop/clock.h"
#include "core/model/snapshot.h"
#include "core/pki/pki_cert.h"
#include "core/text/node.h"
#include "core/text/timestamp.h"
#include "core/tls/tls_identity.h"
#include "modes/shared/runtime.h"

/* Builds nodes in one arena, so that the dump is the same JSON that everything else writes. */

static void set_int(struct arena *a, struct node *map, const char *key, uint64_t value)
{
    node_set(map, str_of(key), node_new_uint(a, value));
}

static void set_addr(struct arena *a, struct node *map, const char *key, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];

    if (addr->family != ADDR_NONE)
        node_set_text(a, map, key, arena_str(a, str_of(addr_format(addr, text))));
}

static void set_source(struct arena *a, struct node *map, const struct model_source *s)
{
    if (!s->kind.len)
        return;
    node_set_text(
        a, map, "object",
        arena_printf(a, "%.*s %.*s/%.*s", STR_ARG(s->kind), STR_ARG(s->ns), STR_ARG(s->name)));
    if (s->file.len)
        node_set_text(a, map, "file", arena_printf(a, "%.*s:%u", STR_ARG(s->file), s->line));
    else if (s->line)
        set_int(a, map, "line", s->line);
}

static const char *const protocol_names[] = {
    "AUTO", "HTTP", "HTTP2", "GRPC", "TCP", "TLS", "HTTPS"
};
static const char *const mtls_names[] = { "DISABLE", "PERMISSIVE", "STRICT" };
static const char *const listener_names[] = { "outbound", "inbound", "inbound", "gateway", "udp" };
static const char *const type_names[] = { "STATIC",       "STRICT_DNS",  "LOGICAL_DNS",
                                          "ORIGINAL_DST", "DYNAMIC_DNS", "BLACKHOLE",
                                          "APP" };
static const char *const lb_names[] = { "ROUND_ROBIN", "LEAST_REQUEST", "RANDOM", "PASSTHROUGH" };
static const char *const hop_names[] = { "plain", "mtls", "mesh" };
static const char *const tls_names[] = { "AUTO", "DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL" };

static void dump_listeners(struct arena *a, struct runtime *rt, const struct snapshot *s,
                           struct node *out)
{
    for (uint32_t i = 0; i < s->listener_count; i++) {
        const struct model_listener *l = &s->listeners[i];
        struct node *m = node_add_new(a, out, NODE_MAP), *servers = NULL;
        struct addr bound = l->bind;

        (void)flow_listener_addr(runtime_flow(rt), l->name, &bound);
        node_set_text(a, m, "name", l->name);
        set_addr(a, m, "address", &bound);
        node_set_text(a, m, "kind", str_of(listener_names[l->kind]));
        if (l->app_port)
            set_int(a, m, "appPort", l->app_port);
        for (uint32_t k = 0; l->gateway && k < l->gateway->server_count; k++) {
            const struct model_gateway_server *gs = &l->gateway->servers[k];
            struct node *server, *hosts;

            servers = servers ? servers : node_set_new(a, m, "servers", NODE_LIST);
            server = node_add_new(a, servers, NODE_MAP);
            hosts = node_set_new(a, server, "hosts", NODE_LIST);
            node_set_text(a, server, "protocol", str_of(protocol_names[gs->protocol]));
            for (uint32_t h = 0; h < gs->sni_host_count; h++)
                node_add(hosts, node_new_str(a, gs->sni_hosts[h]));
            set_source(a, server, &gs->source);
        }
    }
}

static void dump_clusters(struct arena *a, const struct snapshot *s, struct node *out)
{
    for (uint32_t i = 0; i < s->cluster_count; i++) {
        const struct model_cluster_config *c = s->clusters[i]->config;
        const struct model_endpoints *set = s->clusters[i]->endpoints;
        struct node *m = node_add_new(a, out, NODE_MAP), *list;

        node_set_text(a, m, "name", c->name);
        node_set_text(a, m, "type", str_of(type_names[c->type]));
        node_set_text(a, m, "protocol", str_of(protocol_names[c->protocol]));
        node_set_text(a, m, "lb", str_of(lb_names[c->lb]));
        node_set_text(a, m, "tls", str_of(tls_names[c->tls_mode]));
        set_source(a, m, &c->source);
        list = node_set_new(a, m, "endpoints", NODE_LIST);
        for (uint32_t k = 0; k < set->count; k++) {
            const struct model_endpoint *e = &set->list[k];
            struct node *em = node_add_new(a, list, NODE_MAP);

            set_addr(a, em, "address", &e->addr);
            node_set_text(a, em, "hostname", e->hostname);
            set_int(a, em, "weight", e->weight);
            node_set_text(a, em, "hop", str_of(hop_names[e->hop]));
            node_set(em, STR("healthy"), node_new_bool(a, e->healthy));
            node_set_text(a, em, "identity", e->identity);
            node_set_text(a, em, "workload", e->peer.workload);
        }
    }
}

static void dump_match(struct arena *a, struct node *m, const struct model_match *match)
{
    static const char *const types[] = { "present", "exact", "prefix", "regex", "pathPrefix" };

    if (match->path)
        node_set_text(
            a, m, "path",
            arena_printf(a, "%s %.*s", types[match->path->type], STR_ARG(match->path->value)));
    if (match->header_count)
        set_int(a, m, "headers", match->header_count);
    if (match->port)
        set_int(a, m, "port", match->port);
}

static void dump_route(struct arena *a, struct node *m, const struct model_route *r)
{
    static const char *const actions[] = { "forward", "redirect", "direct", "not found" };

    node_set_text(a, m, "name", r->name);
    dump_match(a, m, &r->match);
    node_set_text(a, m, "action", str_of(actions[r->action]));
    if (r->cluster_count) {
        struct node *list = node_set_new(a, m, "clusters", NODE_LIST);

        for (uint32_t i = 0; i < r->cluster_count; i++) {
            struct node *c = node_add_new(a, list, NODE_MAP);

            node_set_text(a, c, "name", r->clusters[i].cluster_name);
            set_int(a, c, "weight", r->clusters[i].weight);
            if (!r->clusters[i].cluster)
                node_set(c, STR("known"), node_new_bool(a, false));
        }
    }
    if (r->timeout_ms)
        set_int(a, m, "timeoutMs", r->timeout_ms);
    if (r->retry)
        set_int(a, m, "retries", r->retry->attempts);
    if (r->session)
        node_set_text(a, m, "session", r->session->name);
    if (r->fault)
        node_set(m, STR("fault"), node_new_bool(a, true));
    set_source(a, m, &r->source);
}

static void dump_routes(struct arena *a, const struct snapshot *s, struct node *out)
{
    for (uint32_t i = 0; i < s->table_count; i++) {
        const struct model_route_table *t = s->tables[i];
        struct node *m = node_add_new(a, out, NODE_MAP), *vhosts;

        node_set_text(a, m, "name", t->name);
        set_int(a, m, "port", t->port);
        vhosts = node_set_new(a, m, "virtualHosts", NODE_LIST);
        for (uint32_t k = 0; k < t->vhost_count; k++) {
            const struct model_vhost *v = &t->vhosts[k]->vhost;
            struct node *vm = node_add_new(a, vhosts, NODE_MAP), *domains, *routes;

            node_set_text(a, vm, "name", v->name);
            domains = node_set_new(a, vm, "domains", NODE_LIST);
            for (uint32_t d = 0; d < v->domain_count; d++)
                node_add(domains, node_new_str(a, v->domains[d]));
            routes = node_set_new(a, vm, "routes", NODE_LIST);
            for (uint32_t r = 0; r < v->route_count; r++)
                dump_route(a, node_add_new(a, routes, NODE_MAP), &v->routes[r]);
        }
    }
}

static void dump_inbound(struct arena *a, const struct snapshot *s, struct node *ports,
                         struct node *policies)
{
    const struct model_authz *authz = NULL;

    for (uint32_t i = 0; s->inbound && i < s->inbound->port_count; i++) {
        const struct model_inbound_port *p = &s->inbound->ports[i];
        struct node *m = node_add_new(a, ports, NODE_MAP);

        set_int(a, m, "port", p->port);
        node_set_text(a, m, "protocol", str_of(protocol_names[p->protocol]));
        node_set_text(a, m, "mtls", str_of(mtls_names[p->mtls]));
        node_set_text(a, m, "service", p->service_host);
        authz = p->authz;
    }
    if (s->inbound && s->inbound->other && !authz)
        authz = s->inbound->other->authz;
    for (int action = 0; authz && action < MODEL_AUTHZ_ACTION_COUNT; action++) {
        static const char *const names[] = { "ALLOW", "DENY", "AUDIT", "CUSTOM" };

        for (uint32_t i = 0; i < authz->by_action[action].count; i++) {
            struct node *m = node_add_new(a, policies, NODE_MAP);

            node_set_text(a, m, "action", str_of(names[action]));
            set_int(a, m, "rules", authz->by_action[action].list[i].rule_count);
            set_source(a, m, &authz->by_action[action].list[i].source);
        }
    }
}

static struct str time_text(struct arena *a, int64_t s)
{
    char text[TIMESTAMP_TEXT_BYTES];

    return arena_str(a, str_make(text, timestamp_write(s * 1000000000, text)));
}

static void dump_identity(struct arena *a, struct runtime *rt, struct node *m)
{
    const struct tls_identity *id = runtime_identity(rt);
    const struct pki_cert_info *info;

    if (!id)
        return;
    info = tls_identity_info(id);
    node_set_text(a, m, "spiffeId", tls_identity_spiffe(id)->id);
    node_set_text(a, m, "notBefore", time_text(a, info->not_before_s));
    node_set_text(a, m, "notAfter", time_text(a, info->not_after_s));
    node_set_text(a, m, "issuer", info->issuer);
}

/* What the proxy was started with, before it had any object. */
static void dump_bootstrap(struct arena *a, struct runtime *rt, struct node *n)
{
    const struct runtime_options *o = runtime_get_options(rt);
    struct node *node = node_set_new(a, n, "node", NODE_MAP), *labels;

    node_set_text(a, n, "version", str_of(version_string()));
    node_set_text(a, node, "id", o->node->id);
    node_set_text(a, node, "namespace", o->node->ns);
    node_set_text(a, node, "serviceAccount", o->node->service_account);
    labels = node_set_new(a, node, "labels", NODE_MAP);
    for (uint32_t i = 0; i < o->node->label_count; i++)
        node_set(labels, o->node->labels[i].name, node_new_str(a, o->node->labels[i].value));
    set_int(a, n, "workers", o->workers ? o->workers : 1);
    set_addr(a, n, "admin", runtime_admin_addr(rt));
    set_addr(a, n, "health", runtime_health_addr(rt));
    set_addr(a, n, "metrics", runtime_metrics_addr(rt));
    node_set_text(a, n, "stateDir", str_of(o->state_dir));
}

void dump_config(struct runtime *rt, struct buf *out)
{
    const struct snapshot *s = runtime_snapshot(rt);
    struct node *root, *certs;
    struct arena a;

    arena_init(&a, 16384);
    root = node_new(&a, NODE_MAP);
    set_int(&a, root, "version", s ? s->version : 0);
    dump_bootstrap(&a, rt, node_set_new(&a, root, "bootstrap", NODE_MAP));
    if (s) {
        struct node *ports, *policies;

        node_set_text(&a, root, "node", s->node->id);
        node_set_text(&a, root, "revision", s->revision);
        dump_listeners(&a, rt, s, node_set_new(&a, root, "listeners", NODE_LIST));
        dump_clusters(&a, s, node_set_new(&a, root, "clusters", NODE_LIST));
        dump_routes(&a, s, node_set_new(&a, root, "routes", NODE_LIST));
        ports = node_set_new(&a, root, "inbound", NODE_LIST);
        policies = node_set_new(&a, root, "policies", NODE_LIST);
        dump_inbound(&a, s, ports, policies);
    }
    certs = node_new(&a, NODE_MAP);
    node_set(root, STR("certificate"), certs);
    dump_identity(&a, rt, certs);
    node_write_json(root, out, NODE_PRETTY);
    buf_add_char(out, '\n');
    arena_deinit(&a);
}

void dump_certs(struct runtime *rt, struct buf *out)
{
    struct node *root;
    struct arena a;

    arena_init(&a, 1024);
    root = node_new(&a, NODE_MAP);
    dump_identity(&a, rt, root);
    node_write_json(root, out, NODE_PRETTY);
    buf_add_char(out, '\n');
    arena_deinit(&a);
}

void dump_clusters_text(struct runtime *rt, struct buf *out)
{
    const struct snapshot *s = runtime_snapshot(rt);
    char text[ADDR_TEXT_MAX];

    for (uint32_t i = 0; s && i < s->cluster_count; i++) {
        const struct model_cluster *c = s->clusters[i];

        for (uint32_t k = 0; k < c->endpoints->count; k++) {
            const struct model_endpoint *e = &c->endpoints->list[k];

            buf_printf(out, "%.*s::%s::health_flags::%s\n", STR_ARG(c->config->name),
                       e->hostname.len ? (str_copy(e->hostname, text, sizeof(text)), text)
                                       : addr_format(&e->addr, text),
                       e->healthy ? "healthy" : "failed");
        }
    }
}

void dump_listeners_text(struct runtime *rt, struct buf *out)
{
    const struct snapshot *s = runtime_snapshot(rt);
    char text[ADDR_TEXT_MAX];

    for (uint32_t i = 0; s && i < s->listener_count; i++) {
        struct addr bound = s->listeners[i].bind;

        (void)flow_listener_addr(runtime_flow(rt), s->listeners[i].name, &bound);
        buf_printf(out, "%.*s::%s\n", STR_ARG(s->listeners[i].name), addr_format(&bound, text));
    }
}

void dump_server_info(struct runtime *rt, struct buf *out)
{
    const struct model_node *node = runtime_get_options(rt)->node;
    struct node *root;
    struct arena a;

    arena_init(&a, 1024);
    root = node_new(&a, NODE_MAP);
    node_set_text(&a, root, "version", str_of(version_string()));
    node_set_text(&a, root, "state", runtime_is_ready(rt) ? STR("LIVE") : STR("PRE_INITIALIZING"));
    node_set_text(&a, root, "node", node->id);
    node_set_text(&a, root, "namespace", node->ns);
    node_set_text(&a, root, "serviceAccount", node->service_account);
    set_int(&a, root, "workers", runtime_get_options(rt)->workers);
    dump_identity(&a, rt, root);
    node_write_json(root, out, NODE_PRETTY);
    buf_add_char(out, '\n');
    arena_deinit(&a);
}
