#include "core/route/route_rewrite.h"

#include <string.h>

#include "core/text/regex.h"

static struct str concat(struct arena *a, struct str x, struct str y)
{
    char *p = arena_alloc(a, x.len + y.len + 1);

    if (x.len)
        memcpy(p, x.p, x.len);
    if (y.len)
        memcpy(p + x.len, y.p, y.len);
    return str_make(p, x.len + y.len);
}

/* Whole segments: exactly one slash stands between the replacement and the rest. */
static struct str replace_segments(struct str prefix, struct str with, const struct route_query *q)
{
    struct str rest;

    if (prefix.len && prefix.p[prefix.len - 1] == '/')
        prefix.len--;
    rest = str_skip(q->path, prefix.len);
    if (with.len && with.p[with.len - 1] == '/' && rest.len)
        with.len--;
    if (with.len == 0 && rest.len == 0)
        return STR("/");
    return concat(q->arena, with, rest);
}

struct str route_rewrite_prefix(const struct model_string_match *path, struct str with,
                                const struct route_query *q)
{
    if (!path)
        return concat(q->arena, with, str_skip(q->path, 1));
    if (path->invert)
        return with;
    switch (path->type) {
    case MODEL_MATCH_PREFIX:
        return concat(q->arena, with, str_skip(q->path, path->value.len));
    case MODEL_MATCH_PATH_PREFIX:
        return replace_segments(path->value, with, q);
    case MODEL_MATCH_PRESENT:
        return concat(q->arena, with, str_skip(q->path, 1));
    default:
        return with;
    }
}

struct str route_rewrite_join(struct str path, const struct route_query *q)
{
    ptrdiff_t at = str_chr(q->head->path, '?');

    return at < 0 ? path : concat(q->arena, path, str_skip(q->head->path, (size_t)at));
}

struct str route_rewrite_path(const struct model_route *route, const struct route_query *q)
{
    const struct model_rewrite *r = route->rewrite;
    struct str path;

    if (!r || (!r->has_path && !r->regex))
        return q->head->path;
    if (r->has_path)
        path = route_rewrite_prefix(route->match.path, r->path, q);
    else if (regex_replace(r->regex, q->path, r->substitution, ROUTE_REWRITE_MAX_BYTES, q->arena,
                           &path, NULL))
        return q->head->path;
    /* What is sent upstream must be a path, whatever the rewrite left of it. */
    if (path.len == 0 || path.p[0] != '/')
        path = concat(q->arena, STR("/"), path);
    return route_rewrite_join(path, q);
}
