#include "core/flow/flow_hop.h"

#include "core/base/log.h"
#include "core/flow/flow_listen.h"
#include "core/http/stream_tunnel.h"

static struct log_module log_module = LOG_MODULE("flow");

static void refuse(struct flow_conn *c, struct http_stream *hs, struct str authority, int status,
                   const char *why)
{
    log_info("connection of %.*s to %.*s refused: %s", STR_ARG(c->peer_identity),
             STR_ARG(authority), why);
    (void)http_stream_reply(hs, status, NULL, STR_NONE);
    http_stream_release(hs);
}

/* The app's port that peers reach by this port; 0: none. */
static uint16_t app_port(const struct flow_conn *c, uint16_t port)
{
    const struct flow_listen *l = flow_listen_on(c->fw, port);

    if (c->kind == MODEL_LISTENER_INBOUND)
        return l ? 0 : port; /* ours are no app's */
    if (port == c->original_dst.port)
        return c->port;
    return l && l->kind == MODEL_LISTENER_INBOUND_PORT ? l->app_port : 0;
}

/* Captured connections went to an address of the app, so what is asked for inside must be there
 * too. Where peers reach us by a port of our own, their address for us may be anything. */
static bool is_here(const struct flow_conn *c, const struct addr *to)
{
    return c->kind != MODEL_LISTENER_INBOUND || addr_eq_ip(to, &c->original_dst);
}

void flow_hop_connect(struct flow_conn *c, struct http_stream *hs, struct http_msg *head, bool end)
{
    const struct model_inbound_port *inbound = NULL;
    struct addr to;
    uint16_t port = 0;

    if (addr_parse(head->authority, 0, &to) == 0 && is_here(c, &to))
        port = app_port(c, to.port);
    if (port)
        inbound = snapshot_find_inbound(flow_conn_view(c)->lease->snapshot, port);
    if (!inbound)
        refuse(c, hs, head->authority, 400, "no workload listens there");
    else if (inbound->mtls == MODEL_MTLS_DISABLE)
        refuse(c, hs, head->authority, 403, "mutual TLS is disabled on this port");
    else
        flow_conn_accept_inside(c, stream_tunnel_serve(hs, end), port);
}
