#include "tests/unit/support/flow_rig.h"

#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/net/stream_tcp.h"
#include "core/route/route.h"

/* ---- upstreams ---- */

static void on_up_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                          struct http_msg *head, bool end)
{
    struct flow_rig_upstream *up = arg;
    char body[32];

    (void)conn;
    up->requests++;
    if (up->rig->on_request) {
        up->rig->on_request(up, hs, head, end);
        return;
    }
    (void)snprintf(body, sizeof(body), "up %d", (int)(up - up->rig->ups));
    http_stream_reply(hs, 200, "text/plain", str_of(body));
    http_stream_release(hs);
}

static void on_up_close(void *arg, struct http_server_conn *conn, int err)
{
    struct flow_rig_upstream *up = arg;

    (void)err;
    for (size_t i = 0; i < COUNT_OF(up->conns); i++) {
        if (up->conns[i] == conn)
            up->conns[i] = NULL;
    }
}

static const struct http_server_handler up_handler = { on_up_request, on_up_close };

static void on_up_accept(void *arg, struct stream *s)
{
    struct flow_rig_upstream *up = arg;

    up->connections++;
    if (up->rig->raw_upstreams) {
        http_wire_close(&up->raw);
        http_wire_open(&up->raw, s);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(up->conns); i++) {
        if (!up->conns[i]) {
            ASSERT((http_server_conn_new(s, &up->rig->up_config, &up_handler, up, &up->conns[i])) ==
                   0);
            return;
        }
    }
    stream_close(s);
}

/* ---- the snapshot ---- */

struct model_cluster *flow_rig_cluster(const struct flow_rig *r)
{
    struct model_cluster_config *c = mem_alloc0(1, sizeof(*c));
    struct model_endpoints *set = mem_alloc0(1, sizeof(*set));

    atomic_init(&c->refs, 1);
    arena_init(&c->arena, 0);
    c->name = r->cluster_name ? str_of(r->cluster_name)
                              : STR("outbound|80||svc.default.svc.cluster.local");
    c->host = STR("svc.default.svc.cluster.local");
    c->port = 80;
    c->type = r->cluster_type;
    c->protocol = r->cluster_protocol;
    c->lb = r->lb;
    c->limits = r->limits;
    c->outlier = r->outlier;
    c->hash_by = r->hash_by;
    c->client_protocol = r->client_protocol;
    atomic_init(&set->refs, 1);
    arena_init(&set->arena, 0);
    set->list = arena_alloc0(&set->arena, r->endpoint_count, sizeof(*set->list));
    for (uint32_t i = 0; i < r->endpoint_count; i++) {
        set->list[i].addr = *listener_addr(r->ups[i].listener);
        set->list[i].port = set->list[i].addr.port;
        set->list[i].weight = 1;
        set->list[i].healthy = true;
        set->count++;
    }
    return model_cluster_new(c, set);
}

static struct model_route_table *build_table(struct flow_rig *r, struct model_cluster *cluster)
{
    struct model_route_table *t = mem_alloc0(1, sizeof(*t));
    struct model_route_vhost *v = mem_alloc0(1, sizeof(*v));

    atomic_init(&t->refs, 1);
    arena_init(&t->arena, 0);
    t->name = STR("http.80");
    atomic_init(&v->refs, 1);
    arena_init(&v->arena, 0);
    v->vhost.name = STR("svc");
    v->vhost.domains = arena_alloc0(&v->arena, 1, sizeof(struct str));
    v->vhost.domains[0] = STR("*");
    v->vhost.domain_count = 1;
    v->vhost.routes = arena_alloc0(&v->arena, 1, sizeof(struct model_route));
    v->vhost.routes[0] = r->route;
    v->vhost.route_count = 1;
    v->vhost.routes[0].clusters = arena_alloc0(&v->arena, 1, sizeof(struct model_weighted_cluster));
    v->vhost.routes[0].clusters[0].cluster = cluster; /* kept by the snapshot */
    v->vhost.routes[0].clusters[0].weight = 1;
    v->vhost.routes[0].cluster_count = 1;
    v->vhost.routes[0].weight_total = 1;
    t->vhosts = arena_alloc0(&t->arena, 1, sizeof(struct model_route_vhost *));
    t->vhosts[0] = v;
    t->vhost_count = 1;
    route_table_index(t);
    return t;
}

void flow_rig_publish(struct flow_rig *r)
{
    struct snapshot *s = mem_alloc0(1, sizeof(*s));
    struct model_gateway *g;

    atomic_init(&s->refs, 1);
    arena_init(&s->arena, 0);
    pmap_init(&s->peers_by_ip, NULL);
    pmap_init(&s->peers_by_identity, NULL);
    s->version = ++r->version;
    s->node = &r->node;
    s->settings.http = r->http;
    s->clusters = arena_alloc0(&s->arena, 1, sizeof(struct model_cluster *));
    s->clusters[0] = flow_rig_cluster(r);
    s->cluster_count = 1;
    s->tables = arena_alloc0(&s->arena, 1, sizeof(struct model_route_table *));
    s->tables[0] = build_table(r, s->clusters[0]);
    s->table_count = 1;
    g = arena_alloc0(&s->arena, 1, sizeof(*g));
    g->servers = arena_alloc0(&s->arena, 1, sizeof(*g->servers));
    g->server_count = 1;
    g->servers[0].protocol = MODEL_PROTOCOL_HTTP;
    g->servers[0].http = s->tables[0];
    s->listeners = arena_alloc0(&s->arena, 1, sizeof(*s->listeners));
    s->listener_count = 1;
    s->listeners[0].name = STR("gw");
    addr_parse(STR("127.0.0.1:0"), 0, &s->listeners[0].bind);
    s->listeners[0].kind = MODEL_LISTENER_GATEWAY;
    s->listeners[0].gateway = g;
    flow_publish(r->flow, s, NULL, NULL);
    http_wire_turn(&r->w);
    ASSERT((flow_listener_addr(r->flow, STR("gw"), &r->addr)) == 0);
}

/* ---- life ---- */

void flow_rig_init(struct flow_rig *r)
{
    struct flow_options options = { .node = &r->node };

    memset(r, 0, sizeof(*r));
    r->node.name = STR("gw");
    r->node.ns = STR("default");
    r->node.is_gateway = true;
    r->endpoint_count = 1;
    r->cluster_protocol = MODEL_PROTOCOL_HTTP;
    r->cluster_type = MODEL_CLUSTER_STATIC;
    r->route.name = STR("default");
    r->route.action = MODEL_ACTION_FORWARD;
    ASSERT((worker_init(&r->w, 0, 1)) == 0);
    r->stats = stats_new(1);
    r->telemetry = telemetry_new(r->stats, &r->node);
    options.telemetry = r->telemetry;
    options.stats = r->stats;
    r->flow = flow_new(&options);
    flow_attach(r->flow, &r->w);
    for (int i = 0; i < FLOW_RIG_UPSTREAMS; i++) {
        struct listener_options lo = { .fd = -1 };
        struct addr any;

        addr_parse(STR("127.0.0.1:0"), 0, &any);
        r->ups[i].rig = r;
        ASSERT((listener_open(&r->w, &any, &lo, on_up_accept, &r->ups[i], &r->ups[i].listener)) ==
               0);
    }
}

void flow_rig_deinit(struct flow_rig *r)
{
    for (int i = 0; i < FLOW_RIG_UPSTREAMS; i++) {
        listener_close(r->ups[i].listener, false);
        http_wire_close(&r->ups[i].raw);
        for (size_t k = 0; k < COUNT_OF(r->ups[i].conns); k++) {
            if (r->ups[i].conns[k])
                http_server_conn_close(r->ups[i].conns[k]);
        }
    }
    http_wire_turn(&r->w);
    worker_deinit(&r->w);
    flow_free(r->flow);
    telemetry_free(r->telemetry);
    stats_free(r->stats);
}

/* ---- the client ---- */

void flow_rig_connect(struct flow_rig *r, struct wire *client)
{
    struct stream *s;

    memset(client, 0, sizeof(*client));
    if ((stream_tcp_connect(&r->w, &r->addr, NULL, &s)) == 0)
        http_wire_open(client, s);
}

struct waiting {
    struct wire *end;
    const char *until;
};

static bool has_text(void *arg)
{
    struct waiting *wait = arg;

    return wait->end->s && strstr(http_wire_text(wait->end), wait->until) != NULL;
}

bool flow_rig_wait_text(struct flow_rig *r, struct wire *end, const char *until)
{
    struct waiting wait = { end, until };

    if (worker_run_until(&r->w, has_text, &wait, 5000) == 0)
        return true;
    printf("# waited for \"%s\", got \"%s\"\n", until, end->s ? http_wire_text(end) : "");
    return false;
}

static bool is_over(void *arg)
{
    struct wire *end = arg;

    return end->eof || end->err;
}

bool flow_rig_wait_eof(struct flow_rig *r, struct wire *end)
{
    return worker_run_until(&r->w, is_over, end, 5000) == 0;
}

bool flow_rig_ask(struct flow_rig *r, struct wire *client, const char *text, const char *until)
{
    http_wire_send(client, text);
    return flow_rig_wait_text(r, client, until);
}

void flow_rig_overflow(struct flow_rig *r, struct wire *a, struct wire *b, struct wire *c)
{
    static const char get[] = "GET / HTTP/1.1\r\nHost: svc\r\n\r\n";

    r->raw_upstreams = true;
    r->limits.max_connections = 1;
    r->limits.max_pending = 1;
    flow_rig_publish(r);
    flow_rig_connect(r, a);
    flow_rig_connect(r, b);
    flow_rig_connect(r, c);
    http_wire_send(a, get);
    (void)flow_rig_wait_text(r, &r->ups[0].raw, "\r\n\r\n");
    http_wire_send(b, get);
    http_wire_wait(&r->w, 50);
    (void)flow_rig_ask(r, c, get, "reset reason: overflow");
}

const char *flow_rig_decision(struct flow_rig *r)
{
    static char text[8192];
    struct telemetry_query query = { .max = 1 };
    struct buf out;

    buf_init(&out, sizeof(text) - 1);
    telemetry_recent(r->telemetry, &query, &out);
    str_copy(buf_str(&out), text, sizeof(text));
    buf_deinit(&out);
    return text;
}
