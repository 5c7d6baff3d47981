#include "core/compile/compile_gateway.h"

#include <stdlib.h>

#include "core/api/istio_gateway.h"
#include "core/base/mem.h"
#include "core/compile/compile_gateway_host.h"
#include "core/compile/compile_gateway_tcp.h"
#include "core/compile/compile_gateway_tls.h"
#include "core/compile/compile_gwapi_gateway.h"
#include "core/compile/compile_gwapi_view.h"
#include "core/compile/compile_gwapi_world.h"
#include "core/compile/compile_vs.h"
#include "core/tls/tls_config.h"

/* One server of one Gateway, as far as it is for us. */
struct server {
    const struct object *gateway;
    struct str gateway_key; /* "NS/NAME" */
    const struct istio_gateway_server *spec;
    uint32_t index;
    uint8_t protocol; /* enum model_protocol */
    struct str bind;
    uint16_t port;
};

/* Everything on one address and port. */
struct group {
    struct server **servers;
    uint32_t count;
    struct model_listener *listener;
};

struct gateway_build {
    struct compile *c;
    struct compile_part *part;
    struct compile_gateway *data;
    const struct compile_gateway *old;
    struct arena *scratch;
    struct server *servers;
    uint32_t server_count;
};

/* ---- which servers ---- */

struct pick {
    struct compile *c;
    const struct object **list;
    size_t count, cap;
};

static void pick_one(void *arg, const struct object *o)
{
    struct pick *p = arg;
    const struct istio_gateway *g = o->spec;

    if (!compile_has_labels(p->c, g->selector, g->selector_count)) /* GWB-3 */
        return;
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 8;
        p->list = mem_resize(p->list, p->cap, sizeof(*p->list));
    }
    p->list[p->count++] = o;
}

static int oldest_first(const void *a, const void *b)
{
    const struct object *const *oa = a, *const *ob = b;
    int64_t ta = (*oa)->meta->created.value, tb = (*ob)->meta->created.value;
    int order = str_cmp((*oa)->ns, (*ob)->ns);

    if (ta != tb)
        return ta < tb ? -1 : 1;
    return order ? order : str_cmp((*oa)->name, (*ob)->name);
}

static void add_servers(struct gateway_build *b, const struct object *o)
{
    const struct istio_gateway *g = o->spec;

    b->servers = arena_grow(b->scratch, b->servers, b->server_count,
                            b->server_count + g->servers_count, sizeof(*b->servers));
    for (size_t i = 0; i < g->servers_count; i++) {
        const struct istio_gateway_server *s = &g->servers[i];

        if (!s->port)
            continue;
        b->servers[b->server_count++] = (struct server){
            .gateway = o,
            .gateway_key = compile_pair(o->ns, o->name, b->scratch),
            .spec = s,
            .index = (uint32_t)i,
            .protocol = registry_service_protocol_named(s->port->protocol),
            .bind = s->bind,
            .port = (uint16_t)s->port->number,
        };
    }
}

static void collect_servers(struct gateway_build *b)
{
    struct pick p = { .c = b->c };

    compile_each_object(b->c, API_KIND_GATEWAY, pick_one, &p);
    if (p.count > 1)
        qsort(p.list, p.count, sizeof(*p.list), oldest_first);
    for (size_t i = 0; i < p.count; i++)
        add_servers(b, p.list[i]);
    mem_free(p.list);
}

/* ---- servers of one group ---- */

static bool is_http(const struct server *s)
{
    return s->protocol == MODEL_PROTOCOL_HTTP || s->protocol == MODEL_PROTOCOL_HTTP2 ||
           s->protocol == MODEL_PROTOCOL_GRPC;
}

static uint8_t tls_mode(const struct server *s)
{
    static const uint8_t modes[] = {
        [ISTIO_GATEWAY_TLS_PASSTHROUGH] = MODEL_GATEWAY_PASSTHROUGH,
        [ISTIO_GATEWAY_TLS_SIMPLE] = MODEL_GATEWAY_TLS,
        [ISTIO_GATEWAY_TLS_MUTUAL] = MODEL_GATEWAY_TLS,
        [ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL] = MODEL_GATEWAY_TLS,
        [ISTIO_GATEWAY_TLS_ISTIO_MUTUAL] = MODEL_GATEWAY_MESH,
        [ISTIO_GATEWAY_TLS_AUTO_PASSTHROUGH] = MODEL_GATEWAY_AUTO,
    };

    if (!s->spec->tls || (s->protocol != MODEL_PROTOCOL_TLS && s->protocol != MODEL_PROTOCOL_HTTPS))
        return MODEL_GATEWAY_PLAIN;
    return modes[s->spec->tls->mode];
}

static bool is_encrypted(const struct server *s)
{
    return s->protocol == MODEL_PROTOCOL_TLS || s->protocol == MODEL_PROTOCOL_HTTPS;
}

static struct str host_part(struct str host)
{
    ptrdiff_t slash = str_chr(host, '/');

    return slash < 0 ? host : str_skip(host, (size_t)slash + 1);
}

static void set_sni(struct gateway_build *b, const struct server *s,
                    struct model_gateway_server *to)
{
    to->sni_hosts = arena_alloc0(&b->part->arena, s->spec->hosts_count, sizeof(*to->sni_hosts));
    for (size_t i = 0; i < s->spec->hosts_count; i++)
        to->sni_hosts[to->sni_host_count++] =
            arena_lower(&b->part->arena, host_part(s->spec->hosts[i]));
}

static struct model_gateway_server *add_model(struct gateway_build *b, struct group *g,
                                              const struct server *s)
{
    struct model_gateway *m = g->listener->gateway;
    struct model_gateway_server *to = &m->servers[m->server_count++];

    to->name = arena_printf(&b->part->arena, "%.*s/%u", STR_ARG(s->gateway_key), s->index);
    to->protocol = s->protocol;
    to->source = compile_source(s->gateway, s->spec->at.line, &b->part->arena);
    return to;
}

static struct model_route_table *keep_table(struct gateway_build *b, struct model_route_table *t)
{
    compile_part_table(b->part, t);
    model_route_table_unref(t); /* the part's reference stays */
    b->data->tables[b->data->table_count++] = t;
    return t;
}

static void add_http_hosts(struct compile_gateway_hosts *hosts, const struct server *s)
{
    bool redirect = s->spec->tls && s->spec->tls->https_redirect && !is_encrypted(s);

    compile_gateway_host_add(hosts, s->gateway, s->gateway_key, s->spec, redirect);
}

/* All plain HTTP servers of a port are one (GWB-2). */
static void build_plain_http(struct gateway_build *b, struct group *g)
{
    struct compile_gateway_hosts hosts;
    struct model_gateway_server *to = NULL;

    compile_gateway_host_init(&hosts, b->c, g->servers[0]->port,
                              arena_printf(b->scratch, "http.%u%s%.*s", g->servers[0]->port,
                                           g->servers[0]->bind.len ? "." : "",
                                           STR_ARG(g->servers[0]->bind)));
    for (uint32_t i = 0; i < g->count; i++) {
        if (!is_http(g->servers[i]))
            continue;
        to = to ? to : add_model(b, g, g->servers[i]);
        to->grpc_web |= str_ieq(g->servers[i]->spec->port->protocol, STR("GRPC-WEB"));
        add_http_hosts(&hosts, g->servers[i]);
    }
    if (to)
        to->http = keep_table(b, compile_gateway_host_build(&hosts, b->data, b->old));
    compile_gateway_host_deinit(&hosts);
}

static void drop_tls(void *ptr)
{
    tls_config_unref(ptr);
}

static void build_https(struct gateway_build *b, const struct server *s,
                        struct model_gateway_server *to)
{
    struct compile_gateway_hosts hosts;
    struct str name =
        arena_printf(b->scratch, "https.%u.%.*s.%.*s.%.*s%s%.*s", s->port,
                     STR_ARG(s->spec->port->name), STR_ARG(s->gateway->name),
                     STR_ARG(s->gateway->ns), s->bind.len ? "." : "", STR_ARG(s->bind));

    compile_gateway_host_init(&hosts, b->c, s->port, name);
    add_http_hosts(&hosts, s);
    to->http = keep_table(b, compile_gateway_host_build(&hosts, b->data, b->old));
    compile_gateway_host_deinit(&hosts);
}

static void build_bytes(struct gateway_build *b, const struct server *s,
                        struct model_gateway_server *to)
{
    compile_gateway_tcp_build(b->c, b->part, s->gateway, s->gateway_key, s->spec, s->port,
                              to->tls_mode == MODEL_GATEWAY_PASSTHROUGH, to);
}

/* A server whose certificate cannot be had is left out: the others go on, and its clients see a
 * handshake that fails. */
static void build_encrypted(struct gateway_build *b, struct group *g, const struct server *s)
{
    uint8_t mode = tls_mode(s);
    bool http = s->protocol == MODEL_PROTOCOL_HTTPS &&
                (mode == MODEL_GATEWAY_TLS || mode == MODEL_GATEWAY_MESH);
    struct tls_config *tls = NULL;
    struct model_gateway_server *to;

    if (!s->spec->tls) {
        compile_warn(b->c, s->gateway, s->spec->at, "MSH1036", "",
                     "the server is left out: protocol %.*s needs tls",
                     STR_ARG(s->spec->port->protocol));
        return;
    }
    if (mode == MODEL_GATEWAY_TLS) {
        tls = compile_gateway_tls_get(b->c, b->data, b->old, s->gateway, s->spec, s->index, http);
        if (!tls)
            return;
        compile_part_hold(b->part, drop_tls, tls);
    }
    to = add_model(b, g, s);
    to->tls_mode = mode;
    to->tls = tls;
    set_sni(b, s, to);
    if (http)
        build_https(b, s, to);
    else if (mode != MODEL_GATEWAY_AUTO)
        build_bytes(b, s, to);
}

/* ---- conflicts (GWB-2) ---- */

static void complain(const struct gateway_build *b, const struct server *s, const char *why)
{
    compile_warn(b->c, s->gateway, s->spec->at, "MSH1037", "", "the server is left out: %s", why);
}

static bool shares_host(const struct server *a, const struct server *b, struct str *which)
{
    for (size_t i = 0; i < a->spec->hosts_count; i++) {
        for (size_t j = 0; j < b->spec->hosts_count; j++) {
            if (str_ieq(host_part(a->spec->hosts[i]), host_part(b->spec->hosts[j]))) {
                *which = b->spec->hosts[j];
                return true;
            }
        }
    }
    return false;
}

static bool conflicts(const struct gateway_build *b, const struct group *g, const struct server *s)
{
    for (uint32_t i = 0; i < g->count; i++) {
        const struct server *other = g->servers[i];
        struct str host;

        if (is_encrypted(other) != is_encrypted(s) || is_http(other) != is_http(s)) {
            complain(b, s, "an older server uses this port with another protocol");
            return true;
        }
        if (is_encrypted(s) && shares_host(other, s, &host)) {
            compile_warn(b->c, s->gateway, s->spec->at, "MSH1037", "",
                         "the server is left out: an older one serves \"%.*s\" on this port",
                         STR_ARG(host));
            return true;
        }
        if (!is_encrypted(s) && !is_http(s)) {
            complain(b, s, "an older server takes all connections of this port");
            return true;
        }
    }
    return false;
}

/* ---- listeners ---- */

struct addr compile_gateway_bind(const struct compile *c, struct str bind, uint16_t port)
{
    const struct compile_options *o = &c->options;
    struct addr at = o->gateway_bind;

    if (bind.len == 0 || addr_parse(bind, 0, &at) != 0) {
        if (at.family == ADDR_NONE)
            at = (struct addr){ .family = ADDR_IPV4 };
    }
    if (at.family == ADDR_UNIX)
        return at;
    at.port = port;
    for (uint32_t i = 0; i < o->port_map_count; i++) {
        if (o->port_maps[i].port == port)
            at.port = o->port_maps[i].bind_port;
    }
    return at;
}

static void add_listener(struct gateway_build *b, struct group *g, const struct server *s)
{
    struct arena *a = &b->part->arena;
    struct model_listener *l = &b->data->listeners[b->data->listener_count++];

    l->name = arena_printf(a, "%.*s_%u", STR_ARG(s->bind.len ? s->bind : STR("0.0.0.0")), s->port);
    l->bind = compile_gateway_bind(b->c, s->bind, s->port);
    l->kind = MODEL_LISTENER_GATEWAY;
    l->app_port = s->port;
    l->gateway = arena_alloc0(a, 1, sizeof(*l->gateway));
    l->gateway->servers = arena_alloc0(a, b->server_count, sizeof(*l->gateway->servers));
    l->gateway->authz = b->c->authz;
    l->gateway->jwt = b->c->jwt;
    g->listener = l;
}

/* A host of two servers is the older one's; conflicts() has seen to that for equal names. */
void compile_gateway_name_servers(struct compile_part *part, struct model_gateway *g)
{
    compile_part_map(part, &g->names);
    for (uint32_t i = 0; i < g->server_count; i++) {
        struct model_gateway_server *s = &g->servers[i];

        for (uint32_t j = 0; j < s->sni_host_count; j++) {
            struct str name = s->sni_hosts[j];

            if (name.len > 1 && name.p[0] == '*')
                name = str_skip(name, 1);
            if (!map_get(&g->names, name))
                map_put(&g->names, name, s);
        }
    }
}

static void build_group(struct gateway_build *b, const struct server *first)
{
    struct group g = { 0 };

    g.servers = arena_alloc0(b->scratch, b->server_count, sizeof(*g.servers));
    for (uint32_t i = 0; i < b->server_count; i++) {
        struct server *s = &b->servers[i];

        if (s->port == first->port && str_eq(s->bind, first->bind) && !conflicts(b, &g, s))
            g.servers[g.count++] = s;
    }
    add_listener(b, &g, first);
    build_plain_http(b, &g);
    for (uint32_t i = 0; i < g.count; i++) {
        if (is_encrypted(g.servers[i]))
            build_encrypted(b, &g, g.servers[i]);
        else if (!is_http(g.servers[i]))
            build_bytes(b, g.servers[i], add_model(b, &g, g.servers[i]));
    }
    compile_gateway_name_servers(b->part, g.listener->gateway);
}

static bool is_first(const struct gateway_build *b, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (b->servers[i].port == b->servers[index].port &&
            str_eq(b->servers[i].bind, b->servers[index].bind))
            return false;
    }
    return true;
}

static void drop_jwt(void *ptr)
{
    model_jwt_unref(ptr);
}

static void drop_authz(void *ptr)
{
    model_authz_unref(ptr);
}

static void drop_data(void *ptr)
{
    struct compile_gateway *data = ptr;

    compile_gateway_host_drop(data);
    compile_gateway_tls_drop(data);
}

void compile_gateway_note_use(struct compile_gateway *data, struct str host)
{
    if (!map_get(&data->uses, host))
        map_put(&data->uses, arena_str(data->arena, host), data);
}

struct compile_part *compile_gateway_build(struct compile *c, const struct compile_part *old)
{
    struct compile_part *part = compile_part_new();
    struct arena scratch;
    struct gateway_build b = { .c = c, .part = part, .old = old ? old->data : NULL };
    struct compile_gwapi_world world = compile_gwapi_world_of(c);
    struct compile_gwapi_view view;
    uint32_t room;

    arena_init(&scratch, 4096);
    b.scratch = &scratch;
    b.data = arena_alloc0(&part->arena, 1, sizeof(*b.data));
    b.data->arena = &part->arena;
    part->data = b.data;
    compile_part_hold(part, drop_data, b.data);
    if (c->authz)
        compile_part_hold(part, drop_authz, model_authz_ref(c->authz));
    if (c->jwt)
        compile_part_hold(part, drop_jwt, model_jwt_ref(c->jwt));
    compile_part_map(part, &b.data->uses);
    collect_servers(&b);
    compile_gwapi_view_build(&world, &scratch, &view);
    room = b.server_count + compile_gwapi_gateway_room(c, &view);
    b.data->listeners = arena_alloc0(&part->arena, room, sizeof(*b.data->listeners));
    b.data->tables = arena_alloc0(&part->arena, room, sizeof(struct model_route_table *));
    for (uint32_t i = 0; i < b.server_count; i++) {
        if (is_first(&b, i))
            build_group(&b, &b.servers[i]);
    }
    compile_gwapi_gateway_build(c, &view, part, b.data, b.old);
    arena_deinit(&scratch);
    return part;
}

uint32_t compile_gateway_listener_count(const struct compile *c)
{
    return c->gateway ? ((const struct compile_gateway *)c->gateway->data)->listener_count : 0;
}

uint32_t compile_gateway_table_count(const struct compile *c)
{
    return c->gateway ? ((const struct compile_gateway *)c->gateway->data)->table_count : 0;
}

void compile_gateway_listeners(const struct compile *c, struct snapshot *s)
{
    const struct compile_gateway *data = c->gateway ? c->gateway->data : NULL;

    for (uint32_t i = 0; data && i < data->listener_count; i++) {
        s->listeners[s->listener_count] = data->listeners[i];
        s->listeners[s->listener_count++].proxy_protocol = s->settings.http.proxy_protocol;
    }
    for (uint32_t i = 0; data && i < data->table_count; i++)
        s->tables[s->table_count++] = model_route_table_ref(data->tables[i]);
}
