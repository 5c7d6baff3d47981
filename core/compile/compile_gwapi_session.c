#include "core/compile/compile_gwapi_session.h"

#include "core/compile/digest.h"
#include "core/text/duration.h"

uint32_t compile_gwapi_session_scope(const struct object *route, struct str name, size_t place)
{
    uint64_t h =
        digest_str(digest_str(digest_str(1, str_of(route->kind->kind)), route->ns), route->name);

    return (uint32_t)(name.len ? digest_str(h, name) : digest_u64(h, place));
}

/* GEP-1619: secure attributes by default; whether the cookie is for TLS alone is known with the
 * connection. */
static struct str cookie_tail(const struct gateway_api_session_cookie *c, uint64_t lifetime_ms,
                              struct arena *a)
{
    struct str path = c && c->path.len ? c->path : STR("/"), age = STR_NONE;

    if (c && c->lifetime == GATEWAY_API_LIFETIME_PERMANENT && lifetime_ms)
        age = arena_printf(a, "; Max-Age=%llu", (unsigned long long)((lifetime_ms + 999) / 1000));
    return arena_printf(a, "; Path=%.*s%.*s; HttpOnly; SameSite=Strict", STR_ARG(path),
                        STR_ARG(age));
}

struct model_session *compile_gwapi_session_build(const struct gateway_api_route_session *from,
                                                  uint32_t scope, struct arena *a)
{
    struct model_session *s;

    if (!from)
        return NULL;
    s = arena_alloc0(a, 1, sizeof(*s));
    if (from->absolute_timeout.set && from->absolute_timeout.value > 0)
        s->lifetime_ms = (uint64_t)((from->absolute_timeout.value + DURATION_MS - 1) / DURATION_MS);
    s->by_header = from->type == GATEWAY_API_SESSION_HEADER && from->header;
    if (s->by_header) {
        s->name = arena_lower(a, from->header->name);
        return s;
    }
    s->name = from->cookie && from->cookie->name.len ? arena_str(a, from->cookie->name)
                                                     : arena_printf(a, "mesh-session-%08x", scope);
    s->cookie_tail = cookie_tail(from->cookie, s->lifetime_ms, a);
    return s;
}

uint64_t compile_gwapi_session_digest(uint64_t h, const struct model_session *s)
{
    if (!s)
        return digest_u64(h, 0);
    h = digest_u64(digest_str(digest_str(h, s->name), s->cookie_tail), s->lifetime_ms);
    return digest_u64(h, s->by_header ? 2 : 1);
}
