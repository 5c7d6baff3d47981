#include "core/flow/flow_target.h"

#include "core/flow/flow_gateway.h"
#include "core/flow/flow_listen.h"
#include "core/flow/flow_view.h"
#include "core/route/route.h"

bool flow_target_is_explicit(const struct flow_conn *c)
{
    return addr_eq(&c->original_dst, &c->local);
}

static struct model_cluster *tcp_cluster(struct flow_conn *c, const struct model_tcp_route *routes,
                                         uint32_t count)
{
    const struct model_weighted_cluster *target;
    const struct model_tcp_route *route =
        route_find_tcp(routes, count, &c->peer, &c->original_dst, c->sni);

    if (!route)
        return NULL;
    target = route_pick_tcp(route, random_next(&c->fw->worker->random));
    return target ? target->cluster : NULL;
}

struct model_cluster *flow_target_tcp(struct flow_conn *c, const struct model_authz **authz)
{
    const struct flow_view *v = flow_conn_view(c);
    const struct model_outbound *out = v->lease->snapshot->outbound;
    struct model_cluster *cluster = NULL;

    *authz = NULL;
    if (v->inbound) {
        cluster = v->inbound->cluster;
        *authz = v->inbound->authz;
    } else if (v->server && v->server->tls_mode == MODEL_GATEWAY_AUTO) {
        c->is_opaque = true;
        cluster = flow_gateway_auto_cluster(v->lease->snapshot, c->sni);
        *authz = v->listener->gateway->authz;
    } else if (v->server) {
        cluster = tcp_cluster(c, v->server->tcp, v->server->tcp_count);
        *authz = v->listener->gateway->authz;
    } else if (v->service) {
        cluster = tcp_cluster(c, v->service->tcp, v->service->tcp_count);
    } else if (v->by_port) {
        cluster = tcp_cluster(c, v->by_port->tcp, v->by_port->tcp_count);
    }
    /* Those told by port are some among others there; an address is one service's alone. */
    if (!cluster && c->kind == MODEL_LISTENER_OUTBOUND && out && !v->service &&
        !flow_target_is_explicit(c))
        cluster = out->policy == MODEL_REGISTRY_ONLY ? out->blackhole : out->passthrough;
    return cluster;
}
