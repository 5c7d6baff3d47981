/* The header list of a message: names in lower case, well-known ones with a token.
 *
 * Items and the bytes they point to live in one arena; nothing is freed singly. A list is read and
 * changed by one owner. */
#ifndef CORE_HTTP_HTTP_HEADERS_H
#define CORE_HTTP_HTTP_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/http/http_token.h"

struct http_header {
    struct str name; /* lower case */
    struct str value;
    uint16_t token; /* enum http_token, HTTP_TOKEN_NONE for others */
    bool secret;    /* never put into a compression table, shown as <redacted> in dumps */
    bool spelt;     /* behind name.p[0..len-1] the name follows as it came (http_spelling.h) */
};

/* The name as its sender spelt it, where that was kept. */
static inline struct str http_header_spelling(const struct http_header *item)
{
    return str_make(item->spelt ? item->name.p + item->name.len : item->name.p, item->name.len);
}

struct http_headers {
    struct http_header *items;
    uint32_t count, cap;
    struct arena *arena; /* items and slices live here */
};

/* An empty list; nothing is allocated until the first header. */
void http_headers_init(struct http_headers *h, struct arena *arena);
/* Appends; name must be lower case and live as long as the arena, as value must. */
void http_headers_add(struct http_headers *h, struct str name, struct str value);
void http_headers_add_token(struct http_headers *h, enum http_token token, struct str value);
/* Appends; twice[0..len-1] is the name in lower case, twice[len..2*len-1] as it came. */
void http_headers_add_spelt(struct http_headers *h, const char *twice, size_t len,
                            struct str value);
/* First value, or an empty slice with NULL pointer. */
struct str http_headers_get(const struct http_headers *h, enum http_token token);
struct str http_headers_get_name(const struct http_headers *h, struct str name);
/* All values joined by "," in the arena (as RFC 9110 section 5.3 lets one read them); NULL pointer
 * when absent. */
struct str http_headers_get_all(const struct http_headers *h, struct str name, struct arena *a);
/* Replaces all headers of this name by one, or appends. */
void http_headers_set(struct http_headers *h, struct str name, struct str value);
void http_headers_set_token(struct http_headers *h, enum http_token token, struct str value);
/* Removes all headers of this name; returns how many. */
uint32_t http_headers_remove(struct http_headers *h, struct str name);
uint32_t http_headers_remove_token(struct http_headers *h, enum http_token token);
/* The same in one pass for every header whose token is marked in drop[0..HTTP_TOKEN_COUNT-1], and
 * for every one of which drop says so. */
uint32_t http_headers_remove_marked(struct http_headers *h, const bool *drop);
uint32_t http_headers_remove_if(struct http_headers *h,
                                bool (*drop)(const void *arg, const struct http_header *item),
                                const void *arg);
/* Copies the list (not the slices) into another arena's list; with deep the bytes too. */
void http_headers_copy(struct http_headers *to, const struct http_headers *from, bool deep);

/* Headers that the codecs write from the message's fields: a second one would break framing. */
bool http_headers_is_framing(enum http_token token);

/* RFC 9110 field-name (token) in lower case / field-value without CR, LF, NUL. */
bool http_headers_is_name(struct str name);
bool http_headers_is_value(struct str value);

#endif
