#include "tests/unit/support/compile_rig.h"

#include <stdio.h>
#include <string.h>

#include "core/api/object_set.h"
#include "core/base/mem.h"
#include "core/route/route.h"

static struct model_label client_labels[] = {
    { STR_INIT("app"), STR_INIT("client") },
    { STR_INIT("version"), STR_INIT("v1") },
};
static struct model_label gateway_labels[] = { { STR_INIT("istio"), STR_INIT("ingressgateway") } };
static const struct compile_listener listeners[] = {
    { STR_INIT("virtualOutbound"),
      { .family = ADDR_IPV4, .port = 15001 },
      MODEL_LISTENER_OUTBOUND,
      0,
      false },
};

void compile_rig_init(struct compile_rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    diag_init(&rig->diag);
    arena_init(&rig->arena, 4096);
    rig->node = (struct model_node){
        .id = STR("sidecar~10.0.0.1~client.default~default.svc.cluster.local"),
        .name = STR("client"),
        .ns = STR("default"),
        .service_account = STR("client"),
        .trust_domain = STR("cluster.local"),
        .workload_name = STR("client"),
        .dns_domain = STR("cluster.local"),
        .labels = client_labels,
        .label_count = COUNT_OF(client_labels),
    };
    rig->options.listeners = listeners;
    rig->options.listener_count = COUNT_OF(listeners);
}

void compile_rig_init_gateway(struct compile_rig *rig)
{
    compile_rig_init(rig);
    rig->node.ns = STR("istio-system");
    rig->node.name = STR("gateway");
    rig->node.labels = gateway_labels;
    rig->node.label_count = COUNT_OF(gateway_labels);
    rig->node.is_gateway = true;
    rig->options.listeners = NULL;
    rig->options.listener_count = 0;
}

void compile_rig_start(struct compile_rig *rig)
{
    rig->options.node = &rig->node;
    rig->compile = compile_new(&rig->options);
}

void compile_rig_deinit(struct compile_rig *rig)
{
    snapshot_unref(rig->snapshot);
    compile_free(rig->compile);
    diag_deinit(&rig->diag);
    arena_deinit(&rig->arena);
}

static void print_diag(const struct diag *d)
{
    struct buf text;

    buf_init(&text, 0);
    diag_render_short(d, &text);
    printf("# %.*s\n", STR_ARG(buf_str(&text)));
    buf_deinit(&text);
}

bool compile_rig_put(struct compile_rig *rig, const char *yaml)
{
    struct object_set set;
    int err;

    if (!rig->compile)
        compile_rig_start(rig);
    diag_deinit(&rig->diag);
    diag_init(&rig->diag);
    object_set_init(&set);
    err = object_set_read(&set, str_of(yaml), "test.yaml", &rig->diag, NULL);
    if (err)
        print_diag(&rig->diag);
    for (size_t i = 0; i < set.count; i++)
        compile_put(rig->compile, set.items[i]);
    object_set_deinit(&set);
    return err == 0;
}

bool compile_rig_run(struct compile_rig *rig)
{
    struct snapshot *s;

    if (!rig->compile)
        compile_rig_start(rig);
    diag_deinit(&rig->diag);
    diag_init(&rig->diag);
    compile_run(rig->compile, &rig->diag, &s);
    if (!s)
        return false;
    snapshot_unref(rig->snapshot);
    rig->snapshot = s;
    return true;
}

bool compile_rig_apply(struct compile_rig *rig, const char *yaml)
{
    bool read = compile_rig_put(rig, yaml);

    return compile_rig_run(rig) && read;
}

bool compile_rig_begin(struct compile_rig *rig, const char *yaml)
{
    compile_rig_init(rig);
    return compile_rig_apply(rig, yaml);
}

bool compile_rig_begin_gateway(struct compile_rig *rig, const char *yaml)
{
    compile_rig_init_gateway(rig);
    return compile_rig_apply(rig, yaml);
}

void compile_rig_remove(struct compile_rig *rig, const char *kind, const char *ns, const char *name)
{
    compile_remove(rig->compile, api_kind_by_word(str_of(kind))->id, str_of(ns), str_of(name));
}

static const struct model_route_table *find_table(struct compile_rig *rig, uint16_t port)
{
    const struct model_outbound *out = rig->snapshot ? rig->snapshot->outbound : NULL;

    if (!out)
        return NULL;
    return port ? map_get_u64(&out->by_port, port) : out->any_port;
}

const struct model_vhost *compile_rig_vhost(struct compile_rig *rig, uint16_t port,
                                            const char *host)
{
    const struct model_route_table *t = find_table(rig, port);

    return t ? route_find_vhost(t, str_of(host)) : NULL;
}

static void add_headers(struct http_msg *head, const char *lines)
{
    struct str rest = str_of(lines);

    while (rest.p) {
        struct str value = str_cut(&rest, '\n'), name = str_cut(&value, ':');

        http_headers_add(&head->headers, name, str_trim(value));
    }
}

const struct model_route *compile_rig_route_in(struct compile_rig *rig,
                                               const struct model_route_table *table,
                                               const char *host, const char *path,
                                               const char *headers)
{
    const struct model_vhost *vhost = table ? route_find_vhost(table, str_of(host)) : NULL;
    struct http_msg *head = arena_alloc0(&rig->arena, 1, sizeof(*head));
    struct route_query q = { .head = head, .arena = &rig->arena };

    if (!vhost)
        return NULL;
    http_headers_init(&head->headers, &rig->arena);
    head->method = HTTP_METHOD_GET;
    head->method_name = STR("GET");
    head->authority = str_of(host);
    head->scheme = STR("http");
    head->path = str_of(path);
    if (headers)
        add_headers(head, headers);
    q.path = http_msg_path_only(head);
    q.query = http_msg_query(head);
    q.port = table->port;
    return route_find(vhost, &q);
}

const struct model_route *compile_rig_route(struct compile_rig *rig, uint16_t port,
                                            const char *host, const char *path, const char *headers)
{
    return compile_rig_route_in(rig, find_table(rig, port), host, path, headers);
}

const struct model_gateway_server *compile_rig_server(struct compile_rig *rig, const char *listener,
                                                      const char *sni)
{
    for (uint32_t i = 0; rig->snapshot && i < rig->snapshot->listener_count; i++) {
        const struct model_listener *l = &rig->snapshot->listeners[i];

        if (!str_is(l->name, listener) || !l->gateway)
            continue;
        for (uint32_t j = 0; j < l->gateway->server_count; j++) {
            const struct model_gateway_server *s = &l->gateway->servers[j];

            if (!sni && s->tls_mode == MODEL_GATEWAY_PLAIN)
                return s;
            for (uint32_t k = 0; sni && k < s->sni_host_count; k++) {
                if (route_host_matches(s->sni_hosts[k], str_of(sni)))
                    return s;
            }
        }
    }
    return NULL;
}

struct model_cluster *compile_rig_cluster(struct compile_rig *rig, const char *name)
{
    return rig->snapshot ? snapshot_find_cluster(rig->snapshot, str_of(name)) : NULL;
}

const struct model_outbound_service *compile_rig_vip(struct compile_rig *rig, const char *ip_port)
{
    return pmap_get(&rig->snapshot->outbound->by_vip, str_of(ip_port));
}

const char *compile_rig_target(const struct model_route *route)
{
    static char text[512];

    if (!route || !route->cluster_count)
        return "";
    if (!route->clusters[0].cluster)
        return "NC";
    (void)str_copy(route->clusters[0].cluster->config->name, text, sizeof(text));
    return text;
}

bool compile_rig_warned(const struct compile_rig *rig, const char *text)
{
    for (const struct diag_item *i = rig->diag.first; i; i = i->next) {
        if (str_find(i->message, str_of(text)) >= 0)
            return true;
    }
    return false;
}
