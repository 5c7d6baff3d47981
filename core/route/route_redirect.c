#include "core/route/route_redirect.h"

#include "core/route/route_host.h"
#include "core/route/route_rewrite.h"

static bool is_default_port(struct str scheme, uint64_t port)
{
    return (port == 80 && str_is(scheme, "http")) || (port == 443 && str_is(scheme, "https"));
}

static struct str new_path(const struct model_route *route, const struct route_query *q)
{
    const struct model_redirect *r = route->redirect;

    if (r->path.len) /* may bring a query of its own */
        return str_chr(r->path, '?') >= 0 ? r->path : route_rewrite_join(r->path, q);
    if (r->path_prefix.len)
        return route_rewrite_join(route_rewrite_prefix(route->match.path, r->path_prefix, q), q);
    return q->head->path;
}

struct str route_redirect_location(const struct model_route *route, const struct route_query *q,
                                   uint16_t listener_port)
{
    const struct model_redirect *r = route->redirect;
    struct route_host_parts own = route_host_split(q->head->authority);
    struct str scheme = r->scheme.len ? r->scheme : q->head->scheme;
    struct str host = r->authority.len ? r->authority : own.host;
    struct str path = new_path(route, q);
    uint64_t port = 0;

    if (r->has_port && r->port)
        port = r->port;
    else if (r->port_from_request)
        port = listener_port;
    else if (!r->port_from_protocol && !r->authority.len && str_to_u64(own.port, 65535, &port))
        port = 0;
    /* The request's port belongs to its own scheme: :80 does not follow to https. */
    if (is_default_port(scheme, port) ||
        (!r->has_port && !r->port_from_request && (port == 80 || port == 443)))
        port = 0;
    if (scheme.len == 0)
        scheme = STR("http");
    if (port == 0)
        return arena_printf(q->arena, "%.*s://%.*s%.*s", STR_ARG(scheme), STR_ARG(host),
                            STR_ARG(path));
    return arena_printf(q->arena, "%.*s://%.*s:%u%.*s", STR_ARG(scheme), STR_ARG(host),
                        (unsigned)port, STR_ARG(path));
}
