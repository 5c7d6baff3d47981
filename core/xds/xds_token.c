#include "core/xds/xds_token.h"

#include "core/base/error.h"

static bool is_hex(struct str s, size_t least, size_t most)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    return s.len >= least && s.len <= most;
}

static bool is_secret(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i], l = str_lower_char(c);

        if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return s.len >= 22 && s.len <= 128;
}

int xds_token_parse(struct str text, struct xds_token *out)
{
    struct str rest = text;

    if (text.len > XDS_TOKEN_MAX_BYTES || !str_is(str_cut(&rest, '.'), "mesh1"))
        return ERR_INVALID;
    *out = (struct xds_token){ 0 };
    out->cluster = str_cut(&rest, '.');
    out->root_sha256 = str_cut(&rest, '.');
    out->secret = str_cut(&rest, '.');
    out->issuer = rest;
    if (!is_hex(out->cluster, 1, 64) || !is_hex(out->root_sha256, 64, 64) ||
        !is_secret(out->secret) || !is_hex(out->issuer, 1, 64))
        return ERR_INVALID;
    return 0;
}
