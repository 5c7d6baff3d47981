#include "core/compile/principal_domains.h"

enum { PRINCIPAL_SLASHES = 4 }; /* TD/ns/NS/sa/SA */

static bool is_whole(struct str text)
{
    size_t slashes = 0;

    for (size_t i = 0; i < text.len; i++)
        slashes += text.p[i] == '/';
    return slashes == PRINCIPAL_SLASHES;
}

/* td: as policies write it, a name or "*SUFFIX". */
static bool covers(struct str td, struct str domain)
{
    return td.len && td.p[0] == '*' ? str_ends(domain, str_skip(td, 1)) : str_eq(td, domain);
}

static bool is_ours(const struct principal_domains *d, struct str td)
{
    bool found = covers(td, d->own) || str_is(td, "cluster.local");

    for (size_t i = 0; i < d->alias_count && !found; i++)
        found = covers(td, d->aliases[i]);
    return found;
}

size_t principal_domains_expand(const struct principal_domains *d, struct str text, struct arena *a,
                                struct str *out)
{
    struct str rest = text, td = str_cut(&rest, '/');
    bool whole = is_whole(text);
    size_t n = 0;

    out[n++] = text;
    if (td.len == text.len || str_is(td, "*") || !is_ours(d, td) ||
        (!whole && !str_is(td, "cluster.local")))
        return n;
    if (!covers(td, d->own))
        out[n++] = arena_printf(a, "%.*s/%.*s", STR_ARG(d->own), STR_ARG(rest));
    for (size_t i = 0; i < d->alias_count && whole; i++) {
        if (!covers(td, d->aliases[i]))
            out[n++] = arena_printf(a, "%.*s/%.*s", STR_ARG(d->aliases[i]), STR_ARG(rest));
    }
    return n;
}
