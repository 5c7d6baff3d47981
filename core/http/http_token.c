#include "core/http/http_token.h"

#include "core/base/error.h"

#define TABLE_SIZE 512 /* power of two, some six times the number of names */

static const struct str names[HTTP_TOKEN_COUNT] = {
    [HTTP_TOKEN_NONE] = STR_INIT(""),
#define X(id, name) [HTTP_TOKEN_##id] = STR_INIT(name),
#include "core/http/http_token.inc"
#undef X
};

static uint8_t table[TABLE_SIZE];
_Static_assert(HTTP_TOKEN_COUNT <= 256, "a token must fit into the table's cells");

/* Length, first, middle and the last two bytes tell nearly all names of the list apart. */
static unsigned slot_of(struct str name)
{
    const uint8_t *p = (const uint8_t *)name.p;
    uint32_t h = (uint32_t)name.len;

    h = h * 31 + p[0];
    h = h * 31 + p[name.len / 2];
    h = h * 31 + p[name.len - 1];
    h = h * 31 + p[name.len - (name.len > 1 ? 2 : 1)];
    return (h * 2654435761u) >> 23; /* the upper 9 bits */
}

/* Before main, so that no call needs a lock or a check. */
__attribute__((constructor)) static void fill_table(void)
{
    for (unsigned t = 1; t < HTTP_TOKEN_COUNT; t++) {
        unsigned at = slot_of(names[t]);

        while (table[at])
            at = (at + 1) % TABLE_SIZE;
        table[at] = (uint8_t)t;
    }
}

enum http_token http_token_of(struct str name)
{
    if (name.len == 0)
        return HTTP_TOKEN_NONE;
    for (unsigned at = slot_of(name); table[at]; at = (at + 1) % TABLE_SIZE) {
        if (str_eq(names[table[at]], name))
            return table[at];
    }
    return HTTP_TOKEN_NONE;
}

struct str http_token_name(enum http_token token)
{
    ASSERT(token < HTTP_TOKEN_COUNT);
    return names[token];
}
