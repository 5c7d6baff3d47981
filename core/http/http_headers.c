#include "core/http/http_headers.h"

#include <string.h>

#define FIRST_COUNT 16

/* 1 for the characters of an RFC 9110 token in lower case. */
static const uint8_t name_chars[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1,         ['&'] = 1,         ['\''] = 1,
    ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1,         ['^'] = 1,         ['_'] = 1,
    ['`'] = 1, ['|'] = 1, ['~'] = 1, ['0' ... '9'] = 1, ['a' ... 'z'] = 1,
};

void http_headers_init(struct http_headers *h, struct arena *arena)
{
    *h = (struct http_headers){ .arena = arena };
}

static struct http_header *append(struct http_headers *h)
{
    if (h->count == h->cap) {
        uint32_t cap = h->cap ? h->cap * 2 : FIRST_COUNT;
        struct http_header *items = arena_alloc(h->arena, cap * sizeof(*items));

        if (h->count)
            memcpy(items, h->items, h->count * sizeof(*items));
        h->items = items;
        h->cap = cap;
    }
    return &h->items[h->count++];
}

static bool is_secret(enum http_token token)
{
    return token == HTTP_TOKEN_AUTHORIZATION || token == HTTP_TOKEN_COOKIE ||
           token == HTTP_TOKEN_SET_COOKIE;
}

static void add(struct http_headers *h, struct str name, enum http_token token, struct str value)
{
    struct http_header *item = append(h);

    item->name = name;
    item->value = value;
    item->token = (uint16_t)token;
    item->secret = is_secret(token);
    item->spelt = false;
}

void http_headers_add(struct http_headers *h, struct str name, struct str value)
{
    add(h, name, http_token_of(name), value);
}

void http_headers_add_spelt(struct http_headers *h, const char *twice, size_t len, struct str value)
{
    http_headers_add(h, str_make(twice, len), value);
    h->items[h->count - 1].spelt = true;
}

void http_headers_add_token(struct http_headers *h, enum http_token token, struct str value)
{
    add(h, http_token_name(token), token, value);
}

static bool matches(const struct http_header *item, struct str name, enum http_token token)
{
    return item->token == token && (token != HTTP_TOKEN_NONE || str_eq(item->name, name));
}

static struct http_header *find(const struct http_headers *h, struct str name,
                                enum http_token token)
{
    for (uint32_t i = 0; i < h->count; i++) {
        if (matches(&h->items[i], name, token))
            return &h->items[i];
    }
    return NULL;
}

/* A header that is there has a pointer, even when its value is empty. */
static struct str value_of(const struct http_header *item)
{
    return str_make(item->value.p ? item->value.p : "", item->value.len);
}

struct str http_headers_get(const struct http_headers *h, enum http_token token)
{
    const struct http_header *item = find(h, STR_NONE, token);

    return item ? value_of(item) : STR_NONE;
}

struct str http_headers_get_name(const struct http_headers *h, struct str name)
{
    const struct http_header *item = find(h, name, http_token_of(name));

    return item ? value_of(item) : STR_NONE;
}

struct str http_headers_get_all(const struct http_headers *h, struct str name, struct arena *a)
{
    enum http_token token = http_token_of(name);
    const struct http_header *first = find(h, name, token);
    size_t total = 0, count = 0, at = 0;
    char *joined;

    for (uint32_t i = 0; first && i < h->count; i++) {
        if (!matches(&h->items[i], name, token))
            continue;
        total += h->items[i].value.len + (count > 0);
        count++;
    }
    if (count == 0)
        return STR_NONE;
    if (count == 1)
        return value_of(first);
    joined = arena_alloc(a, total);
    for (uint32_t i = 0; i < h->count; i++) {
        struct str value = h->items[i].value;

        if (!matches(&h->items[i], name, token))
            continue;
        if (at)
            joined[at++] = ',';
        else if (&h->items[i] != first)
            joined[at++] = ','; /* the first value was empty */
        if (value.len)
            memcpy(joined + at, value.p, value.len);
        at += value.len;
    }
    return str_make(joined, total);
}

uint32_t http_headers_remove_if(struct http_headers *h,
                                bool (*drop)(const void *arg, const struct http_header *item),
                                const void *arg)
{
    uint32_t kept = 0, gone;

    for (uint32_t i = 0; i < h->count; i++) {
        if (drop(arg, &h->items[i]))
            continue;
        if (kept != i)
            h->items[kept] = h->items[i];
        kept++;
    }
    gone = h->count - kept;
    h->count = kept;
    return gone;
}

struct wanted {
    struct str name;
    enum http_token token;
};

static bool is_wanted(const void *arg, const struct http_header *item)
{
    const struct wanted *w = arg;

    return matches(item, w->name, w->token);
}

static bool is_marked(const void *arg, const struct http_header *item)
{
    return ((const bool *)arg)[item->token];
}

static void set(struct http_headers *h, struct str name, enum http_token token, struct str value)
{
    struct http_header *first = find(h, name, token);
    uint32_t at;

    if (!first) {
        add(h, name, token, value);
        return;
    }
    at = (uint32_t)(first - h->items) + 1;
    first->value = value;
    for (uint32_t i = at; i < h->count; i++) {
        if (!matches(&h->items[i], name, token))
            h->items[at++] = h->items[i];
    }
    h->count = at;
}

void http_headers_set(struct http_headers *h, struct str name, struct str value)
{
    set(h, name, http_token_of(name), value);
}

void http_headers_set_token(struct http_headers *h, enum http_token token, struct str value)
{
    set(h, http_token_name(token), token, value);
}

uint32_t http_headers_remove(struct http_headers *h, struct str name)
{
    return http_headers_remove_if(h, is_wanted, &(struct wanted){ name, http_token_of(name) });
}

uint32_t http_headers_remove_token(struct http_headers *h, enum http_token token)
{
    return http_headers_remove_if(h, is_wanted, &(struct wanted){ STR_NONE, token });
}

uint32_t http_headers_remove_marked(struct http_headers *h, const bool *drop)
{
    return http_headers_remove_if(h, is_marked, drop);
}

void http_headers_copy(struct http_headers *to, const struct http_headers *from, bool deep)
{
    if (to->cap < from->count) {
        to->cap = from->count + 8; /* a few are added on the way, as a rule */
        to->items = arena_alloc(to->arena, to->cap * sizeof(*to->items));
    }
    if (from->count)
        memcpy(to->items, from->items, from->count * sizeof(*to->items));
    to->count = from->count;
    for (uint32_t i = 0; deep && i < to->count; i++) {
        struct http_header *item = &to->items[i];

        if (item->spelt)
            item->name.p = arena_dup(to->arena, item->name.p, 2 * item->name.len);
        else if (item->token)
            item->name = http_token_name(item->token);
        else
            item->name = arena_str(to->arena, item->name);
        item->value = arena_str(to->arena, item->value);
    }
}

bool http_headers_is_framing(enum http_token token)
{
    switch (token) {
    case HTTP_TOKEN_CONNECTION:
    case HTTP_TOKEN_CONTENT_LENGTH:
    case HTTP_TOKEN_HTTP2_SETTINGS:
    case HTTP_TOKEN_KEEP_ALIVE:
    case HTTP_TOKEN_PROXY_CONNECTION:
    case HTTP_TOKEN_TE:
    case HTTP_TOKEN_TRANSFER_ENCODING:
    case HTTP_TOKEN_UPGRADE:
        return true;
    default:
        return false;
    }
}

bool http_headers_is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!name_chars[(uint8_t)name.p[i]])
            return false;
    }
    return name.len > 0;
}

/* True when one of the eight bytes is below 0x20 or is 0x7f; may also be true for a byte above one
 * that is (a borrow), which costs a second look only. */
static bool has_control(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t del = x ^ (ones * 0x7f);

    return (((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) & highs;
}

static bool is_plain(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)p[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool http_headers_is_value(struct str value)
{
    const char *p = value.p;
    size_t left = value.len;

    for (; left >= 8; p += 8, left -= 8) {
        uint64_t x;

        memcpy(&x, p, sizeof(x));
        if (has_control(x) && !is_plain(p, 8))
            return false;
    }
    return is_plain(p, left);
}
