#include "core/route/route_match.h"

#include <inttypes.h>

#include "core/text/regex.h"

static bool match_path_prefix(struct str prefix, struct str value)
{
    if (prefix.len && prefix.p[prefix.len - 1] == '/')
        prefix.len--;
    return str_starts(value, prefix) && (value.len == prefix.len || value.p[prefix.len] == '/');
}

static bool match_plain(const struct model_string_match *m, struct str value)
{
    switch (m->type) {
    case MODEL_MATCH_PRESENT:
        return true;
    case MODEL_MATCH_EXACT:
        return m->ignore_case ? str_ieq(value, m->value) : str_eq(value, m->value);
    case MODEL_MATCH_PREFIX:
        return m->ignore_case ? str_istarts(value, m->value) : str_starts(value, m->value);
    case MODEL_MATCH_REGEX:
        return regex_is_match(m->regex, value);
    case MODEL_MATCH_PATH_PREFIX:
        return match_path_prefix(m->value, value);
    default:
        return false;
    }
}

bool route_match_string(const struct model_string_match *m, struct str value)
{
    return match_plain(m, value) != m->invert;
}

/* A slice that is there even when it is empty. */
static struct str present(struct str s)
{
    return str_make(s.p ? s.p : "", s.len);
}

static struct str field_value(const struct http_msg *head, struct str name, struct arena *arena)
{
    if (str_is(name, ":authority") || str_is(name, "host"))
        return present(head->authority);
    if (str_is(name, ":method"))
        return present(head->method_name);
    if (str_is(name, ":path"))
        return present(head->path);
    if (str_is(name, ":scheme"))
        return present(head->scheme);
    if (str_is(name, "content-length") && head->content_length >= 0)
        return arena_printf(arena, "%" PRId64, head->content_length);
    if (str_is(name, "upgrade") && head->upgrade.len)
        return head->upgrade;
    return STR_NONE;
}

struct str route_match_header_value(const struct http_msg *head, struct str name, uint16_t token,
                                    struct arena *arena)
{
    const struct http_header *items = head->headers.items;
    struct str found = STR_NONE;

    for (uint32_t i = 0; i < head->headers.count; i++) {
        if (items[i].token != token || (token == HTTP_TOKEN_NONE && !str_eq(items[i].name, name)))
            continue;
        if (found.p)
            return http_headers_get_all(&head->headers, name, arena);
        found = present(items[i].value);
    }
    return found.p ? found : field_value(head, name, arena);
}

/* An absent header meets no condition on its value, not even an inverted one, unless the condition
 * takes it for an empty value. */
bool route_match_optional(const struct model_string_match *m, struct str value)
{
    if (value.p)
        return route_match_string(m, value);
    if (m->type == MODEL_MATCH_PRESENT)
        return m->invert;
    return m->missing_is_empty && route_match_string(m, STR(""));
}

struct str route_match_query_value(struct str query, struct str name)
{
    while (query.p) {
        struct str value = str_cut(&query, '&');
        struct str key = str_cut(&value, '=');

        if (str_eq(key, name))
            return present(value);
    }
    return STR_NONE;
}

static bool is_match(void *arg, struct str value)
{
    const struct model_string_match *m = arg;

    return match_plain(m, value);
}

/* Of a claim with several values one is enough; without the claim only an inverted match holds. */
static bool match_claim(const struct model_header_match *h, const struct jwt_claims *claims)
{
    struct model_string_match m = h->match;

    return jwt_claims_any(claims, h->claim, h->claim_count, is_match, &m) != h->match.invert;
}

bool route_match_header(const struct model_header_match *h, const struct route_query *q)
{
    if (h->claim_count)
        return match_claim(h, q->claims);
    return route_match_optional(&h->match,
                                route_match_header_value(q->head, h->name, h->token, q->arena));
}

bool route_match_request(const struct model_match *m, const struct route_query *q)
{
    const struct http_msg *head = q->head;

    if (m->path && !route_match_string(m->path, q->path))
        return false;
    if (m->port && m->port != q->port)
        return false;
    if (m->method && !route_match_string(m->method, head->method_name))
        return false;
    if (m->scheme && !route_match_string(m->scheme, head->scheme))
        return false;
    if (m->authority && !route_match_string(m->authority, head->authority))
        return false;
    for (uint32_t i = 0; i < m->header_count; i++) {
        if (!route_match_header(&m->headers[i], q))
            return false;
    }
    for (uint32_t i = 0; i < m->query_count; i++) {
        if (!route_match_optional(&m->queries[i].match,
                                  route_match_query_value(q->query, m->queries[i].name)))
            return false;
    }
    return true;
}
