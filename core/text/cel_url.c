#include "core/text/cel_url.h"

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "http" of "http:..."; empty: there is none. ok false: what stands before ':' is no scheme. */
static struct str cut_scheme(struct str *rest, bool *ok)
{
    size_t n = 0;

    *ok = true;
    while (n < rest->len &&
           (is_alpha(rest->p[n]) || (n > 0 && (is_digit(rest->p[n]) || rest->p[n] == '+' ||
                                               rest->p[n] == '-' || rest->p[n] == '.'))))
        n++;
    if (n > 0 && n < rest->len && rest->p[n] == ':') {
        struct str scheme = str_head(*rest, n);

        *rest = str_skip(*rest, n + 1);
        return scheme;
    }
    if (rest->len && rest->p[0] == ':')
        *ok = false;
    return STR_NONE;
}

static bool has_bad_bytes(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

static bool cut_host(struct cel_url *u)
{
    struct str host = u->host, rest;

    if (host.len && host.p[0] == '[') {
        ptrdiff_t end = str_chr(host, ']');

        if (end < 0)
            return false;
        u->hostname = str_skip(str_head(host, (size_t)end), 1);
        rest = str_skip(host, (size_t)end + 1);
    } else {
        ptrdiff_t colon = str_rchr(host, ':');

        u->hostname = colon < 0 ? host : str_head(host, (size_t)colon);
        rest = str_skip(host, u->hostname.len);
        if (str_chr(u->hostname, ':') >= 0)
            return false;
    }
    if (rest.len == 0)
        return true;
    if (rest.p[0] != ':')
        return false;
    u->port = str_skip(rest, 1);
    for (size_t i = 0; i < u->port.len; i++)
        if (!is_digit(u->port.p[i]))
            return false;
    return true;
}

bool cel_url_parse(struct str s, struct cel_url *u)
{
    struct str rest = s;
    ptrdiff_t end;
    bool ok;

    *u = (struct cel_url){ 0 };
    if (s.len == 0 || has_bad_bytes(s))
        return false;
    u->scheme = cut_scheme(&rest, &ok);
    if (!ok || (!u->scheme.len && s.p[0] != '/'))
        return false;
    if (u->scheme.len && (!rest.len || rest.p[0] != '/'))
        return rest.len > 0; /* opaque: "mailto:a" */
    if (u->scheme.len && str_starts(rest, STR("//"))) {
        size_t n = 2;

        while (n < rest.len && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
            n++;
        u->host = str_skip(str_head(rest, n), 2);
        rest = str_skip(rest, n);
        end = str_rchr(u->host, '@');
        u->host = str_skip(u->host, (size_t)(end + 1));
        if (!cut_host(u))
            return false;
    }
    end = str_chr(rest, '?');
    u->path = end < 0 ? rest : str_head(rest, (size_t)end);
    return true;
}
