#include "core/http/http_spelling.h"

#include <string.h>

static const enum http_token tokens[HTTP_SPELT_COUNT] = {
    [HTTP_SPELT_HOST] = HTTP_TOKEN_HOST,
    [HTTP_SPELT_CONTENT_LENGTH] = HTTP_TOKEN_CONTENT_LENGTH,
    [HTTP_SPELT_TRANSFER_ENCODING] = HTTP_TOKEN_TRANSFER_ENCODING,
    [HTTP_SPELT_CONNECTION] = HTTP_TOKEN_CONNECTION,
    [HTTP_SPELT_UPGRADE] = HTTP_TOKEN_UPGRADE,
    [HTTP_SPELT_EXPECT] = HTTP_TOKEN_EXPECT,
};

char *http_spelling_twice(struct str name, struct arena *a)
{
    char *twice = arena_alloc(a, 2 * name.len);

    memcpy(twice, name.p, name.len);
    memcpy(twice + name.len, name.p, name.len);
    return twice;
}

void http_spelling_read(struct http_msg *m)
{
    const struct http_headers *h = &m->headers;
    struct http_spelling *s = arena_alloc0(h->arena, 1, sizeof(*s));

    for (uint32_t i = 0; i < h->count; i++) {
        for (int k = 0; k < HTTP_SPELT_COUNT; k++) {
            if (h->items[i].token == tokens[k])
                s->names[k] = http_header_spelling(&h->items[i]);
        }
    }
    m->spelling = s;
}

void http_spelling_apply(const struct http_spelling *spelling, char *p, size_t len)
{
    struct str rest = str_make(p, len);

    while (rest.p && rest.len) {
        struct str line = str_cut(&rest, '\n');
        struct str name = str_cut(&line, ':');

        for (int k = 0; k < HTTP_SPELT_COUNT && line.p; k++) {
            if (spelling->names[k].p && str_ieq(name, spelling->names[k]))
                memcpy(p + (name.p - p), spelling->names[k].p, name.len);
        }
    }
}
