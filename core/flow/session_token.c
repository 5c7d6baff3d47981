#include "core/flow/session_token.h"

/* Takes the first n digits off; false: they are no digits. */
static bool take_hex(struct str *s, size_t n, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s->p[i];
        uint64_t digit;

        if (c >= '0' && c <= '9')
            digit = (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint64_t)(c - 'a' + 10);
        else
            return false;
        *out = *out << 4 | digit;
    }
    *s = str_skip(*s, n);
    return true;
}

static bool decode(struct str s, struct session_token *out)
{
    uint64_t rule, backend, endpoint, since;

    if (s.len != SESSION_TOKEN_LEN || !take_hex(&s, 8, &rule) || !take_hex(&s, 8, &backend) ||
        !take_hex(&s, 16, &endpoint) || !take_hex(&s, 11, &since))
        return false;
    *out = (struct session_token){ .rule = (uint32_t)rule,
                                   .backend = (uint32_t)backend,
                                   .endpoint = endpoint,
                                   .since_ms = since };
    return true;
}

bool session_token_find(struct str list, uint32_t rule, struct session_token *out)
{
    struct session_token t;

    for (int n = 0; n < SESSION_TOKEN_MAX && list.p; n++) {
        if (decode(str_cut(&list, '.'), &t) && t.rule == rule) {
            *out = t;
            return true;
        }
    }
    return false;
}

struct str session_token_join(const struct session_token *t, struct str others, struct arena *a)
{
    struct str list = arena_printf(a, "%08x%08x%016llx%011llx", t->rule, t->backend,
                                   (unsigned long long)t->endpoint,
                                   (unsigned long long)(t->since_ms & 0xfffffffffffULL));

    for (int n = 1; n < SESSION_TOKEN_MAX && others.p; n++) {
        struct str item = str_cut(&others, '.');
        struct session_token other;

        if (decode(item, &other) && other.rule != t->rule)
            list = arena_printf(a, "%.*s.%.*s", STR_ARG(list), STR_ARG(item));
    }
    return list;
}
