#include "core/route/route_key.h"

#include "core/base/hash.h"
#include "core/text/regex_prefix.h"

static bool path_key(const struct model_string_match *path, struct route_key *key, struct arena *a)
{
    *key = (struct route_key){ .kind = ROUTE_KEY_PATH_PREFIX, .text = path->value };
    switch (path->type) {
    case MODEL_MATCH_EXACT:
        key->kind = ROUTE_KEY_PATH_EXACT;
        break;
    case MODEL_MATCH_PREFIX:
        break;
    case MODEL_MATCH_PATH_PREFIX:
        if (key->text.len && key->text.p[key->text.len - 1] == '/')
            key->text.len--; /* "/a/" matches "/a" too */
        break;
    case MODEL_MATCH_REGEX:
        key->text = regex_prefix_of(path->value, a);
        return key->text.len > 0;
    default:
        return false;
    }
    if (path->ignore_case) {
        key->kind = key->kind == ROUTE_KEY_PATH_EXACT ? ROUTE_KEY_PATH_EXACT_ANY_CASE
                                                      : ROUTE_KEY_PATH_PREFIX_ANY_CASE;
        key->text = arena_lower(a, key->text);
    }
    return true;
}

/* What is not there must not match: then a look-up of what is there finds all. */
static bool is_value(const struct model_string_match *m)
{
    return m->type == MODEL_MATCH_EXACT && !m->invert && !m->ignore_case &&
           !(m->missing_is_empty && m->value.len == 0);
}

uint32_t route_key_list(const struct model_match *m, struct route_key keys[ROUTE_KEYS_MAX],
                        struct arena *a)
{
    uint32_t n = 0;

    if (m->path && !m->path->invert && path_key(m->path, &keys[n], a))
        n++;
    for (uint32_t i = 0; i < m->header_count && n < ROUTE_KEYS_MAX; i++) {
        const struct model_header_match *h = &m->headers[i];

        if (!h->claim_count && is_value(&h->match))
            keys[n++] = (struct route_key){ ROUTE_KEY_HEADER, h->token, h->name, h->match.value };
    }
    for (uint32_t i = 0; i < m->query_count && n < ROUTE_KEYS_MAX; i++) {
        const struct model_query_match *q = &m->queries[i];

        if (is_value(&q->match))
            keys[n++] = (struct route_key){ ROUTE_KEY_QUERY, 0, q->name, q->match.value };
    }
    return n;
}

/* Keys are made by who configures, so a secret is not needed. */
uint64_t route_key_hash(const struct route_key *key)
{
    uint64_t seed = key->kind;

    if (key->name.len)
        seed = hash_content_seeded(key->name.p, key->name.len, seed);
    seed = hash_content_seeded(key->text.len ? key->text.p : "", key->text.len, seed);
    return seed ? seed : 1;
}
