#include "core/http/http_gate.h"

#include <string.h>

#include "core/base/error.h"

#define METHOD_MAX_BYTES 32
#define CONNECTION_MAX   4 /* header lines of that name */

/* The lower-case form of each character of a token; 0 for all others. */
static const char lower_table[256] = {
    ['!'] = '!', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&', ['\''] = '\'', ['*'] = '*',
    ['+'] = '+', ['-'] = '-', ['.'] = '.', ['^'] = '^', ['_'] = '_', ['`'] = '`',   ['|'] = '|',
    ['~'] = '~', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',   ['5'] = '5',
    ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b',   ['C'] = 'c',
    ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',   ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p',   ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w',   ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',   ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k',   ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',   ['s'] = 's',
    ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',   ['z'] = 'z',
};

/* RFC 3986 reg-name without percent coding: a host that needs decoding matches no route. */
static const uint8_t host_chars[256] = {
    ['a' ... 'z'] = 1, ['A' ... 'Z'] = 1, ['0' ... '9'] = 1, ['-'] = 1, ['.'] = 1,  ['_'] = 1,
    ['~'] = 1,         ['!'] = 1,         ['$'] = 1,         ['&'] = 1, ['\''] = 1, ['('] = 1,
    [')'] = 1,         ['*'] = 1,         ['+'] = 1,         [','] = 1, [';'] = 1,  ['='] = 1,
};

bool http_gate_lower_name(char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = lower_table[(uint8_t)p[i]];

        if (!c)
            return false;
        p[i] = c;
    }
    return len > 0;
}

static bool is_token(struct str s, size_t max)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!lower_table[(uint8_t)s.p[i]])
            return false;
    }
    return s.len > 0 && s.len <= max;
}

bool http_gate_is_token(struct str s)
{
    return is_token(s, METHOD_MAX_BYTES);
}

static bool is_port(struct str s)
{
    uint64_t port;

    return s.len <= 5 && str_to_u64(s, 65535, &port) == 0;
}

/* [v6 address], without a zone: it means nothing to another host. */
static bool is_bracketed(struct str s)
{
    bool colon = false;

    for (size_t i = 1; i + 1 < s.len; i++) {
        char c = str_lower_char(s.p[i]);

        if (c == ':')
            colon = true;
        else if (c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
    }
    return colon;
}

bool http_gate_is_authority(struct str s)
{
    struct str host = s;

    if (s.len && s.p[0] == '[') {
        ptrdiff_t end = str_chr(s, ']');

        if (end < 0 || !is_bracketed(str_head(s, (size_t)end + 1)))
            return false;
        host = str_skip(s, (size_t)end + 1);
        return host.len == 0 || (host.p[0] == ':' && is_port(str_skip(host, 1)));
    }
    for (size_t i = 0; i < s.len; i++) {
        if (host_chars[(uint8_t)s.p[i]])
            continue;
        return s.p[i] == ':' && i > 0 && is_port(str_skip(s, i + 1));
    }
    return s.len > 0;
}

static bool is_target_text(struct str s)
{
    bool bad = false;

    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.p[i];

        bad |= (c <= 0x20) | (c >= 0x7f) | (c == '#');
    }
    return !bad;
}

/* A fragment is for the client alone; some send it all the same. It is gone before anybody matches
 * on the path (PN-3). false: there is none, or what stands in it is no text. */
static bool cut_fragment(struct str *target)
{
    ptrdiff_t at = str_chr(*target, '#');

    for (size_t i = at < 0 ? target->len : (size_t)at; i < target->len; i++) {
        uint8_t c = (uint8_t)target->p[i];

        if (c <= 0x20 || c >= 0x7f)
            return false;
    }
    target->len = at < 0 ? target->len : (size_t)at;
    return at >= 0;
}

bool http_gate_is_path(struct str s)
{
    return s.len > 0 && s.p[0] == '/' && is_target_text(s);
}

int http_gate_length(struct str value, int64_t *out)
{
    uint64_t n;

    if (value.len == 0 || value.len > 19 || (value.len > 1 && value.p[0] == '0') ||
        str_to_u64(value, INT64_MAX, &n) != 0)
        return ERR_PROTO;
    *out = (int64_t)n;
    return 0;
}

/* ---- HTTP/1 ---- */

/* What was found while the list was gone through. */
struct seen {
    struct str host, upgrade, keep_alive;
    struct str connection[CONNECTION_MAX];
    unsigned hosts, encodings, lengths, connections;
    bool chunked;
};

/* Takes one header out of the list, or returns false when it stays. */
static int take_h1(struct http_msg *m, struct http_header *item, struct seen *seen, bool *keep)
{
    *keep = false;
    switch (item->token) {
    case HTTP_TOKEN_HOST:
        seen->host = item->value;
        seen->hosts++;
        *keep = m->is_response;
        return 0;
    case HTTP_TOKEN_CONTENT_LENGTH:
        if (seen->lengths++)
            return ERR_PROTO;
        return http_gate_length(item->value, &m->content_length);
    case HTTP_TOKEN_TRANSFER_ENCODING:
        seen->encodings++;
        seen->chunked = str_ieq(item->value, STR("chunked"));
        return 0;
    case HTTP_TOKEN_CONNECTION:
        if (seen->connections == CONNECTION_MAX)
            return ERR_PROTO;
        seen->connection[seen->connections++] = item->value;
        return 0;
    case HTTP_TOKEN_UPGRADE:
        if (seen->upgrade.p)
            return ERR_PROTO;
        seen->upgrade = item->value;
        return 0;
    case HTTP_TOKEN_KEEP_ALIVE:
        seen->keep_alive = item->value;
        return 0;
    case HTTP_TOKEN_PROXY_CONNECTION:
    case HTTP_TOKEN_HTTP2_SETTINGS:
        return 0;
    case HTTP_TOKEN_TE:
        *keep = str_ieq(item->value, STR("trailers"));
        return 0;
    case HTTP_TOKEN_EXPECT:
        if (m->is_response || !str_ieq(item->value, STR("100-continue")))
            return m->is_response ? 0 : ERR_PROTO;
        m->expect_continue = m->version == HTTP_VERSION_11;
        return 0;
    default:
        *keep = true;
        return 0;
    }
}

/* Headers that decide where a request goes or who sent it: a sender must not make us drop them on
 * the way by naming them in Connection. */
static bool is_protected(struct str name)
{
    static const char *const exact[] = { "host",   "content-length", "transfer-encoding",
                                         "cookie", "authorization",  "forwarded" };

    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        if (str_ieq(name, str_of(exact[i])))
            return true;
    }
    return str_istarts(name, STR("x-forwarded-")) || str_istarts(name, STR("x-envoy-")) ||
           str_istarts(name, STR("x-mesh-"));
}

struct options {
    bool close, keep_alive, upgrade;
};

static int one_option(struct http_msg *m, struct str option, struct options *found)
{
    char name[64];

    if (str_ieq(option, STR("close"))) {
        found->close = true;
    } else if (str_ieq(option, STR("keep-alive"))) {
        found->keep_alive = true;
    } else if (str_ieq(option, STR("upgrade"))) {
        found->upgrade = true;
    } else if (option.len && !str_ieq(option, STR("te"))) {
        if (!is_token(option, sizeof(name)) || is_protected(option))
            return ERR_PROTO;
        for (size_t i = 0; i < option.len; i++)
            name[i] = str_lower_char(option.p[i]);
        http_headers_remove(&m->headers, str_make(name, option.len));
    }
    return 0;
}

static int read_connection(struct http_msg *m, const struct seen *seen, struct options *found)
{
    for (unsigned i = 0; i < seen->connections; i++) {
        struct str rest = seen->connection[i];

        while (rest.p) {
            int err = one_option(m, str_trim(str_cut(&rest, ',')), found);

            if (err)
                return err;
        }
    }
    return 0;
}

/* "timeout=5, max=100"; what is not understood is left alone, since it is only a hint. */
static void read_keep_alive(struct str rest, struct http_gate_framing *out)
{
    while (rest.p) {
        struct str value = str_trim(str_cut(&rest, ',')), name = str_cut(&value, '=');
        uint64_t seconds;

        if (!str_ieq(str_trim(name), STR("timeout")) ||
            str_to_u64(str_trim(value), UINT32_MAX, &seconds) != 0)
            continue;
        out->has_idle_s = true;
        out->idle_s = (uint32_t)seconds;
    }
}

/* The first walk over the list and what requests and responses have in common. */
static int take_connection_headers(struct http_msg *m, struct seen *seen, struct options *found,
                                   struct http_gate_framing *out)
{
    struct http_headers *h = &m->headers;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < h->count; i++) {
        bool keep;
        int err = take_h1(m, &h->items[i], seen, &keep);

        if (err)
            return err;
        if (keep) {
            if (kept != i)
                h->items[kept] = h->items[i];
            kept++;
        }
    }
    h->count = kept;
    if (seen->encodings) {
        if (seen->encodings > 1 || !seen->chunked || seen->lengths || m->version != HTTP_VERSION_11)
            return ERR_PROTO;
        out->chunked = true;
    }
    if (seen->connections) {
        int err = read_connection(m, seen, found);

        if (err)
            return err;
    }
    out->close = found->close || (m->version == HTTP_VERSION_10 && !found->keep_alive);
    return 0;
}

/* scheme://authority[/path][?query]; the authority replaces Host (RFC 9112 section 3.2.2). */
static int absolute_target(struct http_msg *m, struct str target)
{
    size_t skip;
    size_t end;

    if (str_istarts(target, STR("http://"))) {
        m->scheme = STR("http");
        skip = 7;
    } else if (str_istarts(target, STR("https://"))) {
        m->scheme = STR("https");
        skip = 8;
    } else {
        return ERR_PROTO;
    }
    target = str_skip(target, skip);
    for (end = 0; end < target.len && target.p[end] != '/' && target.p[end] != '?'; end++)
        ;
    m->authority = str_head(target, end);
    m->path = str_skip(target, end);
    if (m->path.len == 0)
        m->path = STR("/");
    else if (m->path.p[0] == '?')
        m->path = arena_printf(m->headers.arena, "/%.*s", STR_ARG(m->path));
    return http_gate_is_authority(m->authority) ? 0 : ERR_PROTO;
}

static int read_target(struct http_msg *m, struct str target)
{
    if (!is_target_text(target) && !(cut_fragment(&target) && is_target_text(target)))
        return ERR_PROTO;
    if (target.len == 0)
        return ERR_PROTO;
    if (m->method == HTTP_METHOD_CONNECT) {
        ptrdiff_t colon = str_rchr(target, ':');

        m->authority = target;
        return colon > 0 && target.p[target.len - 1] != ']' && http_gate_is_authority(target)
                   ? 0
                   : ERR_PROTO;
    }
    if (target.p[0] == '/') {
        m->path = target;
        return 0;
    }
    if (target.len == 1 && target.p[0] == '*') {
        m->path = target;
        return m->method == HTTP_METHOD_OPTIONS ? 0 : ERR_PROTO;
    }
    return absolute_target(m, target);
}

/* An upgrade counts when Connection names it, no body stands in its way, and it is not h2c, which
 * would let HTTP/2 frames pass as a body (RFC 9113 dropped it). */
static int read_upgrade(struct http_msg *m, const struct seen *seen, const struct options *found,
                        const struct http_gate_framing *framing)
{
    if (!seen->upgrade.len || !found->upgrade || m->version != HTTP_VERSION_11)
        return 0;
    if (framing->chunked || m->content_length > 0 || m->method == HTTP_METHOD_CONNECT)
        return 0;
    if (!is_token(seen->upgrade, 64) || str_ieq(seen->upgrade, STR("h2c")))
        return 0;
    m->upgrade = arena_lower(m->headers.arena, seen->upgrade);
    return 0;
}

int http_gate_h1_request(struct http_msg *m, struct str target, struct http_gate_framing *out)
{
    struct seen seen = { 0 };
    struct options found = { 0 };
    int err;

    *out = (struct http_gate_framing){ 0 };
    err = take_connection_headers(m, &seen, &found, out);
    if (err)
        return err;
    if (seen.hosts > 1 || (seen.hosts == 0 && m->version == HTTP_VERSION_11))
        return ERR_PROTO;
    if (seen.hosts && !http_gate_is_authority(seen.host))
        return ERR_PROTO;
    m->authority = seen.host;
    err = read_target(m, target);
    if (err)
        return err;
    if (m->method == HTTP_METHOD_CONNECT && (out->chunked || m->content_length > 0))
        return ERR_PROTO;
    return read_upgrade(m, &seen, &found, out);
}

int http_gate_h1_response(struct http_msg *m, struct http_gate_framing *out)
{
    struct seen seen = { 0 };
    struct options found = { 0 };
    int err;

    *out = (struct http_gate_framing){ 0 };
    if (m->status < 100 || m->status > 999)
        return ERR_PROTO;
    err = take_connection_headers(m, &seen, &found, out);
    if (err)
        return err;
    read_keep_alive(seen.keep_alive, out);
    if (m->status == 101) {
        if (!seen.upgrade.len || !found.upgrade || !is_token(seen.upgrade, 64) || out->chunked)
            return ERR_PROTO;
        m->upgrade = arena_lower(m->headers.arena, seen.upgrade);
    }
    if (m->status < 200 || m->status == 204) { /* these have no body, whatever they say */
        if (out->chunked)
            return ERR_PROTO;
        m->content_length = HTTP_LENGTH_UNKNOWN;
    }
    return 0;
}

/* ---- HTTP/2 ---- */

static int take_h2(struct http_msg *m, const struct http_header *item, struct seen *seen,
                   bool *keep)
{
    *keep = false;
    if (!http_headers_is_name(item->name) || !http_headers_is_value(item->value))
        return ERR_PROTO;
    switch (item->token) {
    case HTTP_TOKEN_HOST:
        seen->host = item->value;
        *keep = m->is_response;
        return seen->hosts++ ? ERR_PROTO : 0;
    case HTTP_TOKEN_CONTENT_LENGTH:
        if (seen->lengths++)
            return ERR_PROTO;
        return http_gate_length(item->value, &m->content_length);
    case HTTP_TOKEN_TRANSFER_ENCODING:
    case HTTP_TOKEN_CONNECTION:
    case HTTP_TOKEN_UPGRADE:
    case HTTP_TOKEN_KEEP_ALIVE:
    case HTTP_TOKEN_PROXY_CONNECTION:
        return ERR_PROTO;
    case HTTP_TOKEN_HTTP2_SETTINGS:
        return 0;
    case HTTP_TOKEN_TE:
        *keep = true;
        return str_ieq(item->value, STR("trailers")) ? 0 : ERR_PROTO;
    case HTTP_TOKEN_EXPECT:
        if (!m->is_response)
            m->expect_continue = str_ieq(item->value, STR("100-continue"));
        return m->is_response || m->expect_continue ? 0 : ERR_PROTO;
    default:
        *keep = true;
        return 0;
    }
}

static int take_h2_headers(struct http_msg *m, struct seen *seen)
{
    struct http_headers *h = &m->headers;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < h->count; i++) {
        bool keep;
        int err = take_h2(m, &h->items[i], seen, &keep);

        if (err)
            return err;
        if (keep) {
            if (kept != i)
                h->items[kept] = h->items[i];
            kept++;
        }
    }
    h->count = kept;
    return 0;
}

/* HTTP/2 may send a cookie in crumbs, for compression; others want one header (RFC 9113 8.2.3). */
static void join_cookies(struct http_msg *m)
{
    struct http_headers *h = &m->headers;
    struct str joined = STR_NONE;
    uint32_t count = 0;

    for (uint32_t i = 0; i < h->count; i++)
        count += h->items[i].token == HTTP_TOKEN_COOKIE;
    if (count < 2)
        return;
    {
        size_t total = 0, at = 0;
        char *p;

        for (uint32_t i = 0; i < h->count; i++) {
            if (h->items[i].token == HTTP_TOKEN_COOKIE)
                total += h->items[i].value.len + 2;
        }
        p = arena_alloc(h->arena, total);
        for (uint32_t i = 0; i < h->count; i++) {
            struct str value = h->items[i].value;

            if (h->items[i].token != HTTP_TOKEN_COOKIE)
                continue;
            if (value.len)
                memcpy(p + at, value.p, value.len);
            memcpy(p + at + value.len, "; ", 2);
            at += value.len + 2;
        }
        joined = str_make(p, total - 2);
    }
    http_headers_set_token(h, HTTP_TOKEN_COOKIE, joined);
}

static int check_connect(struct http_msg *m)
{
    ptrdiff_t colon = str_rchr(m->authority, ':');

    if (m->scheme.len || m->path.len || colon <= 0 || m->authority.p[m->authority.len - 1] == ']')
        return ERR_PROTO;
    return 0;
}

static int check_h2_path(struct http_msg *m)
{
    if (!str_ieq(m->scheme, STR("http")) && !str_ieq(m->scheme, STR("https")))
        return ERR_PROTO;
    if (m->method == HTTP_METHOD_OPTIONS && str_eq(m->path, STR("*")))
        return 0;
    if (http_gate_is_path(m->path))
        return 0;
    return cut_fragment(&m->path) && http_gate_is_path(m->path) ? 0 : ERR_PROTO;
}

int http_gate_h2_request(struct http_msg *m)
{
    struct seen seen = { 0 };
    int err;

    if (!http_gate_is_token(m->method_name))
        return ERR_PROTO;
    err = take_h2_headers(m, &seen);
    if (err)
        return err;
    if (seen.hosts) {
        if (m->authority.p && !str_ieq(m->authority, seen.host))
            return ERR_PROTO;
        m->authority = seen.host;
    }
    if (!http_gate_is_authority(m->authority))
        return ERR_PROTO;
    join_cookies(m);
    if (m->upgrade.len) {
        if (m->method != HTTP_METHOD_CONNECT || !is_token(m->upgrade, 64) || m->content_length > 0)
            return ERR_PROTO;
        m->upgrade = arena_lower(m->headers.arena, m->upgrade);
        http_msg_set_method(m, STR("GET"));
        m->content_length = HTTP_LENGTH_UNKNOWN;
    } else if (m->method == HTTP_METHOD_CONNECT) {
        return check_connect(m);
    }
    return check_h2_path(m);
}

int http_gate_h2_response(struct http_msg *m)
{
    struct seen seen = { 0 };

    if (m->status < 100 || m->status > 999 || m->status == 101)
        return ERR_PROTO;
    return take_h2_headers(m, &seen);
}

int http_gate_trailers(const struct http_headers *trailers)
{
    for (uint32_t i = 0; i < trailers->count; i++) {
        const struct http_header *item = &trailers->items[i];

        if (!http_headers_is_name(item->name) || !http_headers_is_value(item->value))
            return ERR_PROTO;
        switch (item->token) {
        case HTTP_TOKEN_HOST:
        case HTTP_TOKEN_CONTENT_LENGTH:
        case HTTP_TOKEN_TRANSFER_ENCODING:
        case HTTP_TOKEN_CONNECTION:
        case HTTP_TOKEN_UPGRADE:
        case HTTP_TOKEN_TE:
        case HTTP_TOKEN_EXPECT:
        case HTTP_TOKEN_AUTHORIZATION:
        case HTTP_TOKEN_COOKIE:
            return ERR_PROTO;
        default:
            break;
        }
    }
    return 0;
}
