#include "core/flow/flow_view.h"

#include <stdio.h>

#include "core/flow/flow_listen.h"
#include "core/route/route.h"

static bool is_tls_server(const struct model_gateway_server *s)
{
    return s->tls || s->tls_passthrough;
}

bool flow_view_has_tls(const struct model_gateway *g)
{
    for (uint32_t i = 0; i < g->server_count; i++) {
        if (is_tls_server(&g->servers[i]))
            return true;
    }
    return false;
}

bool flow_view_has_passthrough(const struct model_gateway *g)
{
    for (uint32_t i = 0; i < g->server_count; i++) {
        if (g->servers[i].tls_passthrough)
            return true;
    }
    return false;
}

static bool serves_name(const struct model_gateway_server *s, struct str sni)
{
    if (s->sni_host_count == 0)
        return true;
    for (uint32_t i = 0; i < s->sni_host_count; i++) {
        if (route_host_matches(s->sni_hosts[i], sni))
            return true;
    }
    return false;
}

/* Servers stand with the most specific names first. */
const struct model_gateway_server *flow_view_find_server(const struct model_gateway *g, bool is_tls,
                                                         struct str sni)
{
    for (uint32_t i = 0; i < g->server_count; i++) {
        const struct model_gateway_server *s = &g->servers[i];

        if (is_tls_server(s) == is_tls && (!is_tls || serves_name(s, sni)))
            return s;
    }
    return NULL;
}

static void resolve_outbound(const struct flow_conn *c, const struct snapshot *s,
                             struct flow_view *view)
{
    const struct model_outbound *out = s->outbound;
    char text[ADDR_TEXT_MAX];

    if (!out)
        return;
    if (addr_eq(&c->original_dst, &c->local)) { /* asked for by name, as a proxy */
        view->table = out->any_port;
        return;
    }
    view->table = map_get_u64(&out->by_port, c->port);
    view->service = pmap_get(&out->by_vip, str_of(addr_format(&c->original_dst, text)));
    if (view->service) {
        view->protocol = view->service->protocol;
        return;
    }
    (void)snprintf(text, sizeof(text), "%u", c->port);
    view->by_port = pmap_get(&out->tcp_by_port, str_of(text));
    if (view->by_port && !view->table)
        view->protocol = view->by_port->protocol;
}

void flow_view_resolve(const struct flow_conn *c, const struct snapshot *s, struct flow_view *view)
{
    view->listener = NULL;
    view->service = view->by_port = NULL;
    view->protocol = MODEL_PROTOCOL_AUTO;
    view->table = NULL;
    view->inbound = NULL;
    view->server = NULL;
    for (uint32_t i = 0; i < s->listener_count; i++) {
        if (str_eq(s->listeners[i].name, c->listen->name))
            view->listener = &s->listeners[i];
    }
    switch (c->kind) {
    case MODEL_LISTENER_OUTBOUND:
        resolve_outbound(c, s, view);
        break;
    case MODEL_LISTENER_INBOUND:
    case MODEL_LISTENER_INBOUND_PORT:
        view->inbound = snapshot_find_inbound(s, c->port);
        break;
    default:
        if (!view->listener || !view->listener->gateway)
            break;
        view->server = flow_view_find_server(view->listener->gateway, c->is_tls, c->sni);
        view->table = view->server ? view->server->http : NULL;
        break;
    }
}
