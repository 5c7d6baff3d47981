#include "core/flow/flow_view.h"

#include <stdio.h>

#include "core/flow/flow_gateway.h"
#include "core/flow/flow_listen.h"

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
        view->server = c->is_tls ? flow_gateway_named(view->listener->gateway, c->sni)
                                 : flow_gateway_plain(view->listener->gateway);
        view->table = view->server ? view->server->http : NULL;
        break;
    }
}
