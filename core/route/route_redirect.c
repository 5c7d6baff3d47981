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

/* The request's own authority, without its port when another one follows, or when the port belongs
 * to the scheme that is left: :80 does not follow to https. */
static struct str own_host(const struct http_msg *head, struct str scheme, bool drop_port)
{
    struct route_host_parts own = route_host_split(head->authority);
    struct str proto = http_headers_get(&head->headers, HTTP_TOKEN_X_FORWARDED_PROTO);
    uint64_t own_port;

    if (own.port.len == 0)
        return head->authority;
    if (proto.len == 0)
        proto = head->scheme;
    if (drop_port)
        return own.host;
    if (!str_eq(proto, scheme) && str_to_u64(own.port, 65535, &own_port) == 0 &&
        is_default_port(proto, own_port))
        return own.host;
    return head->authority;
}

struct str route_redirect_location(const struct model_route *route, const struct route_query *q,
                                   uint16_t listener_port)
{
    const struct model_redirect *r = route->redirect;
    struct str scheme = r->scheme.len ? r->scheme : q->head->scheme;
    struct str path = new_path(route, q), host;
    uint64_t port = r->has_port ? r->port : r->port_from_request ? listener_port : 0;

    if (scheme.len == 0)
        scheme = STR("http");
    if (is_default_port(scheme, port))
        port = 0;
    host = r->authority.len ? r->authority : own_host(q->head, scheme, r->has_port || port);
    if (port == 0)
        return arena_printf(q->arena, "%.*s://%.*s%.*s", STR_ARG(scheme), STR_ARG(host),
                            STR_ARG(path));
    return arena_printf(q->arena, "%.*s://%.*s:%u%.*s", STR_ARG(scheme), STR_ARG(host),
                        (unsigned)port, STR_ARG(path));
}
