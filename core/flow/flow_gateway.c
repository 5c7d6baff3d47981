#include "core/flow/flow_gateway.h"

#include <stdio.h>

#include "core/route/route.h"
#include "core/tls/tls_hello.h"

const struct model_gateway_server *flow_gateway_plain(const struct model_gateway *g)
{
    for (uint32_t i = 0; i < g->server_count; i++) {
        if (g->servers[i].tls_mode == MODEL_GATEWAY_PLAIN)
            return &g->servers[i];
    }
    return NULL;
}

bool flow_gateway_has_tls(const struct model_gateway *g)
{
    return g->names.count > 0;
}

bool flow_gateway_has_passthrough(const struct model_gateway *g)
{
    for (uint32_t i = 0; i < g->server_count; i++) {
        if (g->servers[i].tls_mode == MODEL_GATEWAY_PASSTHROUGH ||
            g->servers[i].tls_mode == MODEL_GATEWAY_AUTO)
            return true;
    }
    return false;
}

static const struct model_gateway_server *by_name(const struct model_gateway *g, struct str name)
{
    const struct model_gateway_server *s = name.len ? map_get(&g->names, name) : NULL;
    ptrdiff_t dot;

    /* From the second label on: "*.x.y" does not cover "x.y" itself. */
    for (size_t from = 1; !s && from < name.len; from++) {
        dot = str_chr(str_skip(name, from), '.');
        if (dot < 0)
            break;
        from += (size_t)dot;
        s = map_get(&g->names, str_skip(name, from));
    }
    return s ? s : map_get(&g->names, STR("*"));
}

/* The mesh's own form of server name in parts. */
struct auto_name {
    struct str port, subset, host;
};

static bool read_auto_name(struct str sni, struct auto_name *out)
{
    ptrdiff_t at;

    if (!str_starts(sni, STR("outbound_.")))
        return false;
    sni = str_skip(sni, 10);
    at = str_find(sni, STR("_."));
    if (at <= 0)
        return false;
    out->port = str_head(sni, (size_t)at);
    sni = str_skip(sni, (size_t)at + 2);
    at = str_find(sni, STR("_."));
    if (at < 0)
        return false;
    out->subset = str_head(sni, (size_t)at);
    out->host = str_skip(sni, (size_t)at + 2);
    return out->host.len > 0;
}

const struct model_gateway_server *flow_gateway_named(const struct model_gateway *g, struct str sni)
{
    const struct model_gateway_server *s;
    struct auto_name name;

    if (read_auto_name(sni, &name)) {
        s = by_name(g, name.host);
        if (s && s->tls_mode == MODEL_GATEWAY_AUTO)
            return s;
    }
    s = by_name(g, sni);
    return s && s->tls_mode != MODEL_GATEWAY_AUTO ? s : NULL;
}

struct model_cluster *flow_gateway_auto_cluster(const struct snapshot *s, struct str sni)
{
    struct auto_name name;
    char text[TLS_HELLO_SNI_MAX + 16];
    struct model_cluster *c;
    int len;

    if (!read_auto_name(sni, &name))
        return NULL;
    len = snprintf(text, sizeof(text), "outbound|%.*s|%.*s|%.*s", STR_ARG(name.port),
                   STR_ARG(name.subset), STR_ARG(name.host));
    if (len < 0 || (size_t)len >= sizeof(text))
        return NULL;
    c = snapshot_find_cluster(s, str_make(text, (size_t)len));
    return c && !c->config->external ? c : NULL;
}

bool flow_gateway_is_misdirected(const struct flow_conn *c, const struct flow_view *view,
                                 struct str authority)
{
    const struct model_gateway *g = view->listener ? view->listener->gateway : NULL;
    const struct model_gateway_server *other;
    struct str host = route_host_split(authority).host;
    char text[ROUTE_HOST_MAX];

    if (!c->is_tls || !g || !view->server || host.len > sizeof(text))
        return false;
    for (size_t i = 0; i < host.len; i++)
        text[i] = str_lower_char(host.p[i]);
    host = str_make(text, host.len);
    for (uint32_t i = 0; i < view->server->sni_host_count; i++) {
        if (route_host_matches(view->server->sni_hosts[i], host))
            return false;
    }
    other = flow_gateway_named(g, host);
    return other && other != view->server;
}
