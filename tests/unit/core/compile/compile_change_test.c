/* What comes out after many small changes is what comes out of everything at once. */
#include "core/compile/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/random.h"
#include "core/compile/registry.h"
#include "core/route/route.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

enum { SERVICES = 6, NAMES = 4, EDITS = 500, KINDS = 15, K8S_GATEWAY = 11 };

/* ---- a snapshot as text ---- */

static void put_cluster(struct buf *b, const struct model_cluster *c)
{
    buf_printf(b, "cluster %.*s type %u lb %u tls %u proto %u ct %llu\n", STR_ARG(c->config->name),
               c->config->type, c->config->lb, c->config->tls_mode, c->config->protocol,
               (unsigned long long)c->config->limits.connect_timeout_ms);
    for (uint32_t i = 0; i < c->endpoints->count; i++) {
        const struct model_endpoint *e = &c->endpoints->list[i];
        char text[ADDR_TEXT_MAX];

        buf_printf(b, "  %s %.*s hop %u id %.*s w %u\n", addr_format(&e->addr, text),
                   STR_ARG(e->hostname), e->hop, STR_ARG(e->identity), e->weight);
    }
}

static void put_targets(struct buf *b, const struct model_weighted_cluster *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        buf_printf(b, " %s%.*s:%u", list[i].cluster ? "" : "NC ", STR_ARG(list[i].cluster_name),
                   list[i].weight);
}

static void put_vhost(struct buf *b, const struct model_vhost *v)
{
    buf_printf(b, " vhost %.*s tls %d\n", STR_ARG(v->name), v->require_tls);
    for (uint32_t i = 0; i < v->route_count; i++) {
        const struct model_route *r = &v->routes[i];

        buf_printf(b, "  %.*s action %u path %.*s from %.*s/%.*s:%u t %llu", STR_ARG(r->name),
                   r->action, STR_ARG(r->match.path ? r->match.path->value : STR_NONE),
                   STR_ARG(r->source.ns), STR_ARG(r->source.name), r->source.line,
                   (unsigned long long)r->timeout_ms);
        put_targets(b, r->clusters, r->cluster_count);
        buf_add_char(b, '\n');
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines of a map's entries, put out in their order. */
struct lines {
    char **list;
    size_t count;
};

static void add_line(struct lines *l, struct buf *line)
{
    l->list = realloc(l->list, (l->count + 1) * sizeof(*l->list));
    l->list[l->count++] = buf_take_strz(line);
}

static void put_lines(struct buf *b, struct lines *l)
{
    if (l->count)
        qsort(l->list, l->count, sizeof(*l->list), by_text);
    for (size_t i = 0; i < l->count; i++) {
        buf_printf(b, "%s", l->list[i]);
        free(l->list[i]);
    }
    free(l->list);
}

static void add_name(void *arg, struct str key, void *value)
{
    const struct model_route_vhost *v = value;
    struct buf line;

    buf_init(&line, 0);
    buf_printf(&line, " name %.*s -> %.*s\n", STR_ARG(key), STR_ARG(v->vhost.name));
    add_line(arg, &line);
}

static void put_names(struct buf *b, const struct pmap *m)
{
    struct lines l = { 0 };

    pmap_each(m, add_name, &l);
    put_lines(b, &l);
}

static void put_table(struct buf *b, const struct model_route_table *t)
{
    buf_printf(b, "table %.*s\n", STR_ARG(t->name));
    put_names(b, &t->names.exact);
    put_names(b, &t->names.suffix);
    for (uint32_t i = 0; i < t->vhost_count; i++)
        put_vhost(b, &t->vhosts[i]->vhost);
}

static void put_tcp(struct buf *b, const struct model_tcp_route *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        buf_printf(b, "  tcp nets %u sni %u", list[i].dst_net_count, list[i].sni_host_count);
        put_targets(b, list[i].clusters, list[i].cluster_count);
        buf_add_char(b, '\n');
    }
}

static void add_service_line(void *arg, struct str key, void *value)
{
    const struct model_outbound_service *o = value;
    struct buf line;

    buf_init(&line, 0);
    buf_printf(&line, "vip %.*s -> %.*s %u proto %u\n", STR_ARG(key), STR_ARG(o->host), o->port,
               o->protocol);
    put_tcp(&line, o->tcp, o->tcp_count);
    add_line(arg, &line);
}

static void put_services(struct buf *b, const struct pmap *m)
{
    struct lines l = { 0 };

    pmap_each(m, add_service_line, &l);
    put_lines(b, &l);
}

static void add_dns_line(void *arg, struct str key, void *value)
{
    const struct model_dns_name *n = value;
    char text[ADDR_TEXT_MAX];
    struct buf line;

    buf_init(&line, 0);
    buf_printf(&line, "dns %.*s", STR_ARG(key));
    for (uint32_t i = 0; i < n->count; i++)
        buf_printf(&line, " %s", addr_format_ip(&n->addrs[i], text));
    buf_add_char(&line, '\n');
    add_line(arg, &line);
}

static void put_dns_names(struct buf *b, const struct pmap *m)
{
    struct lines l = { 0 };

    pmap_each(m, add_dns_line, &l);
    put_lines(b, &l);
}

static void add_peer_line(void *arg, struct str key, void *value)
{
    const struct model_telemetry_peer *p = value;
    struct buf line;

    buf_init(&line, 0);
    buf_printf(&line, "peer %.*s is %.*s/%.*s\n", STR_ARG(key), STR_ARG(p->ns),
               STR_ARG(p->workload));
    add_line(arg, &line);
}

static void put_peers(struct buf *b, const struct pmap *m)
{
    struct lines l = { 0 };

    pmap_each(m, add_peer_line, &l);
    put_lines(b, &l);
}

static int by_name(const void *a, const void *b)
{
    const struct model_route_table *const *ta = a, *const *tb = b;

    return str_cmp((*ta)->name, (*tb)->name);
}

static char *text_of(const struct snapshot *s)
{
    struct model_route_table **tables = calloc(s->table_count + 1, sizeof(*tables));
    struct buf b;

    buf_init(&b, 0);
    for (uint32_t i = 0; i < s->cluster_count; i++)
        put_cluster(&b, s->clusters[i]);
    for (uint32_t i = 0; i < s->table_count; i++)
        tables[i] = s->tables[i];
    qsort(tables, s->table_count, sizeof(*tables), by_name);
    for (uint32_t i = 0; i < s->table_count; i++) {
        if (tables[i]->vhost_count)
            put_table(&b, tables[i]);
    }
    free(tables);
    put_peers(&b, &s->peers_by_ip);
    put_peers(&b, &s->peers_by_identity);
    if (s->outbound) {
        put_services(&b, &s->outbound->by_vip);
        put_services(&b, &s->outbound->tcp_by_port);
        put_dns_names(&b, &s->outbound->names);
    }
    for (uint32_t i = 0; s->inbound && i < s->inbound->port_count; i++)
        buf_printf(&b, "inbound %u mtls %u authz %d\n", s->inbound->ports[i].port,
                   s->inbound->ports[i].mtls, s->inbound->ports[i].authz != NULL);
    for (uint32_t i = 0; i < s->listener_count; i++) {
        const struct model_gateway *g = s->listeners[i].gateway;

        buf_printf(&b, "listener %.*s\n", STR_ARG(s->listeners[i].name));
        for (uint32_t j = 0; g && j < g->server_count; j++) {
            buf_printf(&b, " server %.*s sni %u\n", STR_ARG(g->servers[j].name),
                       g->servers[j].sni_host_count);
            put_tcp(&b, g->servers[j].tcp, g->servers[j].tcp_count);
        }
    }
    return buf_take_strz(&b);
}

/* ---- random edits ---- */

/* The objects that are there, as text, by place. */
static char *objects[KINDS][NAMES + SERVICES];
static const char *const kinds[KINDS] = {
    "Service",
    "WorkloadEntry",
    "VirtualService",
    "DestinationRule",
    "PeerAuthentication",
    "AuthorizationPolicy",
    "ServiceEntry",
    "Gateway",
    "EndpointSlice",
    "Secret",
    "HTTPRoute",
    "Gateway",
    "ReferenceGrant",
    "BackendTLSPolicy",
    "TCPRoute",
};
static const char *const namespaces[] = { "default", "other", "istio-system" };

static uint64_t below(struct random *r, uint64_t n)
{
    return random_next(r) % n;
}

static struct str host(struct random *r, struct arena *a)
{
    uint64_t n = below(r, SERVICES);

    switch (below(r, 4)) {
    case 0:
        return arena_printf(a, "s%llu", (unsigned long long)n);
    case 1:
        return arena_printf(a, "e%llu.example.com", (unsigned long long)below(r, 3));
    default:
        return arena_printf(a, "s%llu.%s.svc.cluster.local", (unsigned long long)n,
                            namespaces[below(r, 2)]);
    }
}

static void spec_of(struct random *r, int kind, size_t i, struct arena *a, struct buf *b)
{
    static const char *const protocols[] = { "http", "tcp", "grpc", "x" };
    static const char *const modes[] = { "STRICT", "PERMISSIVE", "DISABLE" };
    static const char *const entry_protocols[] = { "HTTP", "TCP", "TLS" };
    static const char *const addresses[] = { "", "10.77.0.1", "10.77.0.1, 10.77.0.2",
                                             "10.77.0.0/16" };
    static const char *const lbs[] = { "RANDOM", "ROUND_ROBIN", "LEAST_REQUEST" };

    switch (kind) {
    case 0:
        if (below(r, 6) == 0) {
            buf_printf(b, "spec: {type: ExternalName, externalName: s%llu.%s.svc.cluster.local}\n",
                       (unsigned long long)below(r, SERVICES), namespaces[below(r, 2)]);
            return;
        }
        buf_printf(b,
                   "spec:\n  clusterIP: %s\n  selector: {app: a%llu}\n  ports:\n"
                   "  - {name: %s, port: %u, targetPort: %u}\n",
                   below(r, 5) ? "''" : "None", (unsigned long long)below(r, 3),
                   protocols[below(r, 4)], 80 + (unsigned)below(r, 2),
                   8080 + (unsigned)below(r, 2));
        return;
    case 1:
        buf_printf(b,
                   "spec: {address: 10.0.%zu.%u, serviceAccount: s%u, "
                   "labels: {app: a%llu, version: v%llu%s}}\n",
                   i, 1 + (unsigned)below(r, 9), (unsigned)below(r, 2),
                   (unsigned long long)below(r, 3), (unsigned long long)below(r, 2),
                   below(r, 2) ? ", security.istio.io/tlsMode: istio" : "");
        return;
    case 2: {
        struct str h = below(r, 8) ? host(r, a) : STR("*.example.com");
        struct str d = host(r, a), e = host(r, a);

        buf_printf(
            b,
            "spec:\n  hosts: ['%.*s']\n  gateways: [%s]\n  http:\n"
            "  - match: [{uri: {prefix: /p%llu}}]\n    route: [{destination: {host: %.*s%s}}]\n"
            "  - route: [{destination: {host: %.*s}}]\n    timeout: %us\n",
            STR_ARG(h), below(r, 2) ? "mesh, default/g0" : "default/g1, mesh",
            (unsigned long long)below(r, 3), STR_ARG(d), below(r, 2) ? ", subset: v0" : "",
            STR_ARG(e), 1 + (unsigned)below(r, 9));
        return;
    }
    case 3: {
        struct str h = below(r, 6) ? host(r, a) : STR("*.svc.cluster.local");

        buf_printf(b,
                   "spec:\n  host: '%.*s'\n  trafficPolicy: {loadBalancer: {simple: %s}}\n"
                   "  subsets: [{name: v%llu, labels: {version: v0}}]\n",
                   STR_ARG(h), lbs[below(r, 3)], (unsigned long long)below(r, 2));
        return;
    }
    case 4:
        buf_printf(b, "spec: {mtls: {mode: %s}}\n", modes[below(r, 3)]);
        return;
    case 5:
        buf_printf(b, "spec: {action: %s, rules: [{}]}\n", below(r, 2) ? "ALLOW" : "DENY");
        return;
    case 6:
        buf_printf(b,
                   "spec:\n  hosts: [e%llu.example.com]\n  resolution: %s\n  exportTo: ['%s']\n"
                   "  ports: [{number: %u, name: p, protocol: %s}]\n"
                   "  endpoints: [{address: 10.9.0.%u}]\n  addresses: [%s]\n",
                   (unsigned long long)below(r, 3), "STATIC", below(r, 3) ? "*" : ".",
                   80 + (unsigned)below(r, 2), entry_protocols[below(r, 3)],
                   1 + (unsigned)below(r, 9), addresses[below(r, 4)]);
        return;
    case 7:
        buf_printf(b,
                   "spec:\n  selector: {istio: ingressgateway}\n  servers:\n"
                   "  - {port: {number: %u, name: p%zu, protocol: %s}, hosts: ['%s']}\n",
                   80 + (unsigned)below(r, 2), i, below(r, 4) ? "HTTP" : "TCP",
                   below(r, 2) ? "*" : "*.example.com");
        return;
    case 8:
        buf_printf(b,
                   "addressType: IPv4\nports: [{name: http, port: 8080}]\n"
                   "endpoints: [{addresses: [10.5.0.%u]}]\n",
                   1 + (unsigned)below(r, 9));
        return;
    case 9:
        buf_printf(b, "stringData: {a: b%llu}\n", (unsigned long long)below(r, 9));
        return;
    case 10:
        buf_printf(b,
                   "spec:\n  parentRefs: [{%s%llu%s}]\n  hostnames: ['%s']\n  rules:\n"
                   "  - matches: [{path: {value: /p%llu}}]\n"
                   "    backendRefs: [{name: s%llu, namespace: %s, port: 80}]\n"
                   "  - backendRefs: [{name: s%llu, port: 81, weight: %llu}]\n",
                   below(r, 2) ? "group: '', kind: Service, name: s" : "name: k",
                   (unsigned long long)below(r, 3), below(r, 2) ? "" : ", namespace: default",
                   below(r, 2) ? "a.example.com" : "*.example.com", (unsigned long long)below(r, 3),
                   (unsigned long long)below(r, SERVICES), namespaces[below(r, 2)],
                   (unsigned long long)below(r, SERVICES), (unsigned long long)below(r, 3));
        return;
    case 11: {
        bool http = below(r, 4) != 0;

        buf_printf(b,
                   "spec:\n  gatewayClassName: mesh\n  listeners:\n"
                   "  - {name: a, port: %u, protocol: %s%s, allowedRoutes: {namespaces: {from: "
                   "%s}}}\n",
                   80 + (unsigned)below(r, 3), http ? "HTTP" : "TCP",
                   http && below(r, 2) ? ", hostname: '*.example.com'" : "",
                   below(r, 2) ? "All" : "Same");
        return;
    }
    case 12:
        buf_printf(b,
                   "spec:\n  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: "
                   "%s}]\n  to: [{group: '', kind: Service}]\n",
                   namespaces[below(r, 2)]);
        return;
    case 13:
        buf_printf(b,
                   "spec:\n  targetRefs: [{group: '', kind: Service, name: s%llu}]\n"
                   "  validation: {hostname: a%llu.test, wellKnownCACertificates: System}\n",
                   (unsigned long long)below(r, SERVICES), (unsigned long long)below(r, 2));
        return;
    default:
        buf_printf(b,
                   "spec:\n  parentRefs: [{%s%llu}]\n  rules: [{backendRefs: [{name: s%llu, port: "
                   "80}]}]\n",
                   below(r, 2) ? "group: '', kind: Service, name: s" : "name: k",
                   (unsigned long long)below(r, 3), (unsigned long long)below(r, SERVICES));
        return;
    }
}

static const char *const versions[KINDS] = {
    "v1",
    "networking.istio.io/v1",
    "networking.istio.io/v1",
    "networking.istio.io/v1",
    "security.istio.io/v1",
    "security.istio.io/v1",
    "networking.istio.io/v1",
    "networking.istio.io/v1",
    "discovery.k8s.io/v1",
    "v1",
    "gateway.networking.k8s.io/v1",
    "gateway.networking.k8s.io/v1",
    "gateway.networking.k8s.io/v1beta1",
    "gateway.networking.k8s.io/v1",
    "gateway.networking.k8s.io/v1",
};

static const char prefixes[] = "swvdpaeglxhkrbt";

/* Places 0.. of a kind are spread over two namespaces; policies also over the root's. */
static const char *ns_of(int kind, size_t i)
{
    return namespaces[i % (kind == 4 || kind == 5 ? 3 : 2)];
}

static void edit(struct random *r, struct compile_rig *rig)
{
    int kind = (int)below(r, KINDS);
    size_t i = below(r, kind == 0 ? SERVICES : NAMES);
    struct arena a;
    struct buf b;
    char name[16];

    (void)snprintf(name, sizeof(name), "%c%zu", prefixes[kind], i);
    if (objects[kind][i] && below(r, 3) == 0) {
        free(objects[kind][i]);
        objects[kind][i] = NULL;
        compile_rig_remove(rig, kind == K8S_GATEWAY ? "gtw" : kinds[kind], ns_of(kind, i), name);
        return;
    }
    arena_init(&a, 1024);
    buf_init(&b, 0);
    buf_printf(&b, "apiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: %s%s%.*s%s}\n",
               versions[kind], kinds[kind], name, ns_of(kind, i),
               kind == 8 ? ", labels: {kubernetes.io/service-name: s" : "", kind == 8 ? 1 : 0,
               &"0123456789"[i], kind == 8 ? "}" : "");
    spec_of(r, kind, i, &a, &b);
    free(objects[kind][i]);
    objects[kind][i] = buf_take_strz(&b);
    OK(compile_rig_put(rig, objects[kind][i]));
    arena_deinit(&a);
}

static char *all_at_once(bool gateway)
{
    struct compile_rig fresh;
    char *text;

    if (gateway)
        compile_rig_init_gateway(&fresh);
    else
        compile_rig_init(&fresh);
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < NAMES + SERVICES; i++) {
            if (objects[kind][i])
                compile_rig_put(&fresh, objects[kind][i]);
        }
    }
    compile_rig_run(&fresh);
    text = text_of(fresh.snapshot);
    compile_rig_deinit(&fresh);
    return text;
}

static void print_difference(const char *got, const char *want)
{
    size_t i = 0, line = 0;

    for (; got[i] && got[i] == want[i]; i++) {
        if (got[i] == '\n')
            line = i + 1;
    }
    printf("# got:  %.200s\n# want: %.200s\n", got + line, want + line);
}

static void run_edits(bool gateway, uint64_t seed)
{
    struct compile_rig rig;
    struct random r;

    random_init(&r, seed);
    if (gateway)
        compile_rig_init_gateway(&rig);
    else
        compile_rig_init(&rig);
    compile_rig_run(&rig);
    for (int n = 0; n < EDITS; n++) {
        char *got, *want;
        bool same;

        for (uint64_t k = below(&r, 3); k < 3; k++)
            edit(&r, &rig);
        compile_rig_run(&rig);
        got = text_of(rig.snapshot);
        want = all_at_once(gateway);
        same = strcmp(got, want) == 0;
        if (!OK(same)) {
            NOTE("after edit %d of seed %llu", n, (unsigned long long)seed);
            print_difference(got, want);
            n = EDITS;
        }
        free(got);
        free(want);
    }
    compile_rig_deinit(&rig);
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < NAMES + SERVICES; i++) {
            free(objects[kind][i]);
            objects[kind][i] = NULL;
        }
    }
}

static void partial_equals_full_on_a_sidecar(void)
{
    run_edits(false, 1);
}

static void partial_equals_full_on_a_gateway(void)
{
    run_edits(true, 2);
}

static const struct tap_case cases[] = {
    { "partial_equals_full_on_a_sidecar", partial_equals_full_on_a_sidecar },
    { "partial_equals_full_on_a_gateway", partial_equals_full_on_a_gateway },
};

TAP_MAIN(cases)
