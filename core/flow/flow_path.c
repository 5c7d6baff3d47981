#include "core/flow/flow_path.h"

#include "core/route/route_path.h"

static enum route_path_mode mode_of(const struct model_http_settings *s)
{
    static const enum route_path_mode modes[] = {
        [MODEL_PATH_DEFAULT] = ROUTE_PATH_BASE,
        [MODEL_PATH_NONE] = ROUTE_PATH_NONE,
        [MODEL_PATH_BASE] = ROUTE_PATH_BASE,
        [MODEL_PATH_MERGE_SLASHES] = ROUTE_PATH_MERGE_SLASHES,
        [MODEL_PATH_DECODE_AND_MERGE_SLASHES] = ROUTE_PATH_DECODE_AND_MERGE_SLASHES,
    };
    enum route_path_mode mode = modes[s->path_normalization];

    return s->merge_slashes && mode == ROUTE_PATH_BASE ? ROUTE_PATH_MERGE_SLASHES : mode;
}

/* The slash that s begins with the escape of, or 0. */
static char slash_at(struct str s)
{
    if (s.len < 3 || s.p[0] != '%')
        return 0;
    if (s.p[1] == '2' && str_lower_char(s.p[2]) == 'f')
        return '/';
    return s.p[1] == '5' && str_lower_char(s.p[2]) == 'c' ? '\\' : 0;
}

/* p == NULL: there is none in the path, which ends before the query. */
static struct str unescape_slashes(struct str path, struct arena *a)
{
    char *to = NULL;
    size_t n = 0;
    bool in_query = false;

    for (size_t i = 0; i < path.len; i++) {
        char slash;

        in_query |= path.p[i] == '?' || path.p[i] == '#';
        slash = in_query ? 0 : slash_at(str_skip(path, i));
        if (slash && !to) {
            to = arena_alloc(a, path.len);
            for (; n < i; n++)
                to[n] = path.p[n];
        }
        if (to)
            to[n++] = slash ? slash : path.p[i];
        i += slash ? 2 : 0;
    }
    return to ? str_make(to, n) : STR_NONE;
}

enum flow_path_result flow_path_prepare(struct flow_request *r)
{
    const struct model_http_settings *s = &r->lease->snapshot->settings.http;
    struct http_msg *head = r->filter.head;
    struct str plain = STR_NONE;

    if (head->method == HTTP_METHOD_CONNECT || !head->path.len || head->path.p[0] != '/')
        return FLOW_PATH_OK;
    if (s->escaped_slashes != MODEL_ESCAPED_SLASHES_KEEP) {
        plain = unescape_slashes(head->path, r->filter.arena);
        if (plain.p && s->escaped_slashes == MODEL_ESCAPED_SLASHES_REJECT)
            return FLOW_PATH_BAD;
        if (plain.p)
            head->path = plain;
    }
    if (route_path_normalize(mode_of(s), head->path, r->filter.arena, &head->path) != 0)
        return FLOW_PATH_BAD;
    return plain.p && s->escaped_slashes == MODEL_ESCAPED_SLASHES_UNESCAPE_AND_REDIRECT
               ? FLOW_PATH_REDIRECT
               : FLOW_PATH_OK;
}
