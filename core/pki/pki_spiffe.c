#include "core/pki/pki_spiffe.h"

#include "core/base/error.h"

#define TRUST_DOMAIN_MAX_BYTES 255

static const struct str scheme = STR_INIT("spiffe://");

static bool is_domain_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool is_path_char(char c)
{
    return is_domain_char(c) || (c >= 'A' && c <= 'Z');
}

static bool is_segment(struct str s)
{
    if (s.len == 0 || str_is(s, ".") || str_is(s, ".."))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_path_char(s.p[i]))
            return false;
    }
    return true;
}

bool pki_spiffe_is_trust_domain(struct str text)
{
    if (text.len == 0 || text.len > TRUST_DOMAIN_MAX_BYTES)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_domain_char(text.p[i]))
            return false;
    }
    return true;
}

int pki_spiffe_parse(struct str text, struct pki_spiffe *out)
{
    struct pki_spiffe id = { .id = text };
    struct str rest, seg[4];
    ptrdiff_t slash;
    size_t count = 0;

    if (text.len > PKI_SPIFFE_MAX_BYTES || !str_starts(text, scheme))
        return ERR_INVALID;
    rest = str_skip(text, scheme.len);
    slash = str_chr(rest, '/');
    id.trust_domain = slash < 0 ? rest : str_head(rest, (size_t)slash);
    if (!pki_spiffe_is_trust_domain(id.trust_domain))
        return ERR_INVALID;
    if (slash >= 0) {
        id.path = str_skip(rest, (size_t)slash);
        for (rest = str_skip(id.path, 1); rest.p; count++) {
            struct str one = str_cut(&rest, '/');

            if (!is_segment(one))
                return ERR_INVALID;
            if (count < 4)
                seg[count] = one;
        }
    }
    if (count == 4 && str_is(seg[0], "ns") && str_is(seg[2], "sa")) {
        id.ns = seg[1];
        id.sa = seg[3];
    }
    *out = id;
    return 0;
}

int pki_spiffe_format(struct buf *out, struct str trust_domain, struct str ns, struct str sa)
{
    if (!pki_spiffe_is_trust_domain(trust_domain) || !is_segment(ns) || !is_segment(sa) ||
        scheme.len + trust_domain.len + ns.len + sa.len + 8 > PKI_SPIFFE_MAX_BYTES)
        return ERR_INVALID;
    return buf_printf(out, "spiffe://%.*s/ns/%.*s/sa/%.*s", STR_ARG(trust_domain), STR_ARG(ns),
                      STR_ARG(sa));
}

bool pki_spiffe_in_domain(const struct pki_spiffe *id, struct str td, const struct str *aliases,
                          size_t count)
{
    if (str_eq(id->trust_domain, td))
        return true;
    for (size_t i = 0; i < count; i++) {
        if (str_eq(id->trust_domain, aliases[i]))
            return true;
    }
    return false;
}
