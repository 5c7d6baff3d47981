#include "core/http/http_cookie.h"

static struct str unquote(struct str v)
{
    if (v.len >= 2 && v.p[0] == '"' && v.p[v.len - 1] == '"')
        return str_make(v.p + 1, v.len - 2);
    return v;
}

struct str http_cookie_next(const struct http_headers *h, struct str name, struct http_cookie *at)
{
    for (;;) {
        while (at->rest.p) {
            struct str value = str_cut(&at->rest, ';'), key = str_cut(&value, '=');

            if (value.p && str_eq(str_trim(key), name))
                return unquote(value);
        }
        while (at->header < h->count && !str_is(h->items[at->header].name, "cookie"))
            at->header++;
        if (at->header == h->count)
            return STR_NONE;
        at->rest = h->items[at->header++].value;
    }
}

struct str http_cookie_get(const struct http_headers *h, struct str name)
{
    struct http_cookie at = { 0 };

    return http_cookie_next(h, name, &at);
}
