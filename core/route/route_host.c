#include "core/route/route_host.h"

struct route_host_parts route_host_split(struct str authority)
{
    struct route_host_parts parts = { .host = authority };
    ptrdiff_t at;

    if (authority.len && authority.p[0] == '[') {
        at = str_chr(authority, ']');
        if (at < 0)
            return (struct route_host_parts){ 0 };
        parts.host = str_head(authority, (size_t)at + 1);
        parts.port = str_skip(authority, (size_t)at + 1);
        if (parts.port.len && parts.port.p[0] != ':')
            return (struct route_host_parts){ 0 };
        parts.port = str_skip(parts.port, 1);
        return parts;
    }
    at = str_rchr(authority, ':');
    if (at >= 0) {
        parts.host = str_head(authority, (size_t)at);
        parts.port = str_skip(authority, (size_t)at + 1);
    }
    if (parts.host.len && parts.host.p[parts.host.len - 1] == '.')
        parts.host.len--;
    return parts;
}

static bool has_upper(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] >= 'A' && s.p[i] <= 'Z')
            return true;
    }
    return false;
}

struct str route_host_of(struct str authority, struct arena *a)
{
    struct str host = route_host_split(authority).host;

    return has_upper(host) ? arena_lower(a, host) : host;
}

bool route_host_matches(struct str pattern, struct str host)
{
    if (pattern.len == 0 || pattern.p[0] != '*')
        return str_eq(pattern, host);
    pattern = str_skip(pattern, 1);
    return pattern.len == 0 || (host.len > pattern.len && str_ends(host, pattern));
}
