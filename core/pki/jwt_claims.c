#include "core/pki/jwt_claims.h"

uint32_t jwt_claims_split(struct str path, struct str parts[JWT_CLAIMS_MAX_DEPTH])
{
    bool brackets = str_find(path, STR("][")) >= 0 || str_starts(path, STR("["));
    uint32_t n = 0;

    if (str_starts(path, STR("[")))
        path = str_skip(path, 1);
    if (brackets && str_ends(path, STR("]")))
        path = str_head(path, path.len - 1);
    while (path.p) {
        ptrdiff_t at = brackets ? str_find(path, STR("][")) : str_chr(path, '.');
        struct str part = at < 0 ? path : str_head(path, (size_t)at);

        if (!part.len || n == JWT_CLAIMS_MAX_DEPTH)
            return 0;
        parts[n++] = part;
        path = at < 0 ? STR_NONE : str_skip(path, (size_t)at + (brackets ? 2 : 1));
    }
    return n;
}

static const struct node *find(const struct jwt_claims *c, const struct str *path, uint32_t depth)
{
    const struct node *n = c ? c->payload : NULL;

    for (uint32_t i = 0; i < depth && n; i++)
        n = node_get(n, path[i]);
    return depth ? n : NULL;
}

static bool is_scalar(const struct node *n)
{
    return n->kind != NODE_MAP && n->kind != NODE_LIST && n->kind != NODE_NULL;
}

static bool is_spaced(const struct jwt_claims *c, struct str name)
{
    if (str_is(name, "scope") || str_is(name, "permission"))
        return true;
    for (uint32_t i = 0; i < c->spaced_count; i++) {
        if (str_eq(name, c->spaced[i]))
            return true;
    }
    return false;
}

static bool any_word(struct str text, bool (*fn)(void *arg, struct str value), void *arg)
{
    while (text.p) {
        struct str word = str_cut(&text, ' ');

        if (word.len && fn(arg, word))
            return true;
    }
    return false;
}

bool jwt_claims_any(const struct jwt_claims *c, const struct str *path, uint32_t depth,
                    bool (*fn)(void *arg, struct str value), void *arg)
{
    const struct node *n = find(c, path, depth);

    if (!n)
        return false;
    if (n->kind == NODE_LIST) {
        NODE_EACH(one, n)
        {
            if (is_scalar(one) && fn(arg, one->text))
                return true;
        }
        return false;
    }
    if (!is_scalar(n))
        return false;
    if (fn(arg, n->text))
        return true;
    return n->kind == NODE_STRING && is_spaced(c, path[depth - 1]) && any_word(n->text, fn, arg);
}

struct str jwt_claims_text(const struct jwt_claims *c, const struct str *path, uint32_t depth)
{
    const struct node *n = find(c, path, depth);

    return n && is_scalar(n) ? n->text : STR_NONE;
}
