#include "core/flow/upstream_hash.h"

#include <stdlib.h>

#include "core/base/hash.h"
#include "core/http/http_cookie.h"

static void set(struct upstream_hash *out, struct str key)
{
    out->value = hash_content(key.p, key.len);
    out->is_set = true;
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Several lines of one name count in the order of their values, so that theirs does not matter. */
static void hash_header(const struct model_hash *by, const struct http_msg *head, struct arena *a,
                        struct upstream_hash *out)
{
    struct str *values = NULL;
    uint32_t count = 0;

    if (str_is(by->name, ":authority") || str_is(by->name, "host")) {
        set(out, head->authority);
        return;
    }
    for (uint32_t i = 0; i < head->headers.count; i++) {
        if (!str_eq(head->headers.items[i].name, by->name))
            continue;
        if (!values)
            values = arena_alloc(a, head->headers.count * sizeof(*values));
        values[count++] = head->headers.items[i].value;
    }
    if (count > 1)
        qsort(values, count, sizeof(*values), by_text);
    for (uint32_t i = 0; i < count; i++)
        out->value = hash_content_seeded(values[i].p, values[i].len, out->value);
    out->is_set = count > 0;
}

/* One and the same for all requests of a connection, so that those which race get one cookie. */
static struct str new_cookie(const struct addr *peer, const struct addr *local, struct arena *a)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    struct str both = arena_printf(a, "%s%s", addr_format(peer, from), addr_format(local, to));

    return arena_printf(a, "%016llx", (unsigned long long)hash_content(both.p, both.len));
}

static void hash_cookie(const struct model_hash *by, const struct http_msg *head,
                        const struct addr *peer, const struct addr *local, struct arena *a,
                        struct upstream_hash *out)
{
    struct str value = http_cookie_get(&head->headers, by->name);

    if (!value.len && by->cookie_tail.p) {
        value = new_cookie(peer, local, a);
        out->set_cookie = arena_printf(a, "%.*s=\"%.*s\"%.*s", STR_ARG(by->name), STR_ARG(value),
                                       STR_ARG(by->cookie_tail));
    }
    if (value.len)
        set(out, value);
}

static void hash_query(const struct model_hash *by, const struct http_msg *head,
                       struct upstream_hash *out)
{
    struct str rest = http_msg_query(head);

    while (rest.p) {
        struct str value = str_cut(&rest, '&'), key = str_cut(&value, '=');

        if (str_eq(key, by->name)) {
            set(out, value);
            return;
        }
    }
}

void upstream_hash_peer(const struct model_hash *by, const struct addr *peer,
                        struct upstream_hash *out)
{
    char text[ADDR_TEXT_MAX];

    *out = (struct upstream_hash){ 0 };
    if (by->key == MODEL_HASH_SOURCE_IP && (peer->family == ADDR_IPV4 || peer->family == ADDR_IPV6))
        set(out, str_of(addr_format_ip(peer, text)));
}

void upstream_hash_request(const struct model_hash *by, const struct http_msg *head,
                           const struct addr *peer, const struct addr *local, struct arena *a,
                           struct upstream_hash *out)
{
    *out = (struct upstream_hash){ 0 };
    switch (by->key) {
    case MODEL_HASH_HEADER:
        hash_header(by, head, a, out);
        return;
    case MODEL_HASH_COOKIE:
        hash_cookie(by, head, peer, local, a, out);
        return;
    case MODEL_HASH_QUERY:
        hash_query(by, head, out);
        return;
    default:
        upstream_hash_peer(by, peer, out);
        return;
    }
}
