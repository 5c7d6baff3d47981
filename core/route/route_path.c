#include "core/route/route_path.h"

#include <stdint.h>
#include <string.h>

#include "core/base/error.h"

enum { PLAIN, SLASH, PERCENT, BACKSLASH, QUERY, FRAGMENT, CONTROL };

static const uint8_t classes[256] = {
    [0 ... 0x20] = CONTROL, [0x7f] = CONTROL, ['/'] = SLASH,    ['%'] = PERCENT,
    ['\\'] = BACKSLASH,     ['?'] = QUERY,    ['#'] = FRAGMENT,
};

/* Unreserved characters of RFC 3986: an escape of one of these is only another way to write it. */
static const bool unreserved[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true,
    ['.'] = true,         ['_'] = true,         ['~'] = true,
};

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = str_lower_char(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte an escape at s stands for, or -1 when it is none or stands for NUL. */
static int escape_at(struct str s)
{
    int high, low;

    if (s.len < 3)
        return -1;
    high = hex_of(s.p[1]);
    low = hex_of(s.p[2]);
    if (high < 0 || low < 0 || (high | low) == 0)
        return -1;
    return high << 4 | low;
}

static bool is_decoded(enum route_path_mode mode, int byte)
{
    return unreserved[byte] ||
           (mode == ROUTE_PATH_DECODE_AND_MERGE_SLASHES && (byte == '/' || byte == '\\'));
}

struct scan {
    size_t path_len; /* before the query */
    size_t len;      /* before the fragment */
    bool dirty;      /* the path part has to be rewritten */
};

/* Looks at what follows a slash: a segment that begins with a dot may be "." or "..". */
static bool is_slash_dirty(enum route_path_mode mode, struct str rest)
{
    return rest.len > 1 && (rest.p[1] == '.' || (rest.p[1] == '/' && mode != ROUTE_PATH_BASE));
}

/* One pass that decides whether anything has to change. */
static int scan(enum route_path_mode mode, struct str s, struct scan *out)
{
    bool in_query = false;

    *out = (struct scan){ .path_len = s.len, .len = s.len };
    for (size_t i = 0; i < s.len; i++) {
        int byte;

        switch (classes[(uint8_t)s.p[i]]) {
        case CONTROL:
            return ERR_INVALID;
        case FRAGMENT:
            out->len = i;
            if (!in_query)
                out->path_len = i;
            return 0;
        case QUERY:
            if (!in_query)
                out->path_len = i;
            in_query = true;
            break;
        case SLASH:
            if (!in_query && mode != ROUTE_PATH_NONE)
                out->dirty |= is_slash_dirty(mode, str_skip(s, i));
            break;
        case BACKSLASH:
            if (!in_query && mode != ROUTE_PATH_NONE)
                out->dirty = true;
            break;
        case PERCENT:
            if (in_query || mode == ROUTE_PATH_NONE)
                break;
            byte = escape_at(str_skip(s, i));
            if (byte < 0)
                return ERR_INVALID;
            out->dirty |= is_decoded(mode, byte);
            break;
        default:
            break;
        }
    }
    return 0;
}

/* Escapes were checked by scan. Returns the new length. */
static size_t decode(enum route_path_mode mode, struct str s, char *to)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (c == '%') {
            int byte = escape_at(str_skip(s, i));

            if (is_decoded(mode, byte)) {
                c = (char)byte;
                i += 2;
            }
        }
        to[n++] = c == '\\' ? '/' : c;
    }
    return n;
}

/* In place; p begins with a slash. An empty segment is one that ".." takes back, as in a browser.
 * -1: above the root. */
static ptrdiff_t remove_dots(char *p, size_t len)
{
    size_t n = 0;

    for (size_t i = 0, next; i < len; i = next) {
        struct str segment;
        bool is_last;

        for (next = i + 1; next < len && p[next] != '/';)
            next++;
        is_last = next == len;
        segment = str_make(p + i + 1, next - i - 1);
        if (str_is(segment, "..")) {
            if (n == 0)
                return -1;
            while (p[--n] != '/')
                ;
        } else if (!str_is(segment, ".")) {
            memmove(p + n, p + i, next - i);
            n += next - i;
            continue;
        }
        if (is_last)
            p[n++] = '/';
    }
    return (ptrdiff_t)n;
}

static size_t merge_slashes(char *p, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (p[i] != '/' || n == 0 || p[n - 1] != '/')
            p[n++] = p[i];
    }
    return n;
}

int route_path_normalize(enum route_path_mode mode, struct str path, struct arena *a,
                         struct str *out)
{
    struct scan found;
    ptrdiff_t n;
    char *p;
    int err = scan(mode, path, &found);

    if (err)
        return err;
    path.len = found.len;
    /* "*" is for OPTIONS; CONNECT has no path at all. */
    if (path.len == 0 || str_is(path, "*") || (!found.dirty && path.p[0] == '/')) {
        *out = path;
        return 0;
    }
    if (path.p[0] != '/' && !(path.p[0] == '\\' && mode != ROUTE_PATH_NONE))
        return ERR_INVALID;
    p = arena_alloc(a, path.len + 1);
    n = remove_dots(p, decode(mode, str_head(path, found.path_len), p));
    if (n < 0)
        return ERR_INVALID;
    if (mode != ROUTE_PATH_BASE)
        n = (ptrdiff_t)merge_slashes(p, (size_t)n);
    memcpy(p + n, path.p + found.path_len, path.len - found.path_len);
    *out = str_make(p, (size_t)n + path.len - found.path_len);
    return 0;
}
