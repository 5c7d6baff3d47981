#include "core/http/http_h1_write.h"

#include <string.h>

#include "core/base/error.h"
#include "core/http/http_gate.h"
#include "core/http/http_spelling.h"

/* More than all lines below that come from fields, without the bytes of those fields. */
#define FIXED_BYTES 256

static char *put(char *at, struct str s)
{
    if (s.len)
        memcpy(at, s.p, s.len);
    return at + s.len;
}

static char *put_line(char *at, struct str name, struct str value)
{
    at = put(at, name);
    at = put(at, STR(": "));
    at = put(at, value);
    return put(at, STR("\r\n"));
}

static char *put_u64(char *at, uint64_t n)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    while (count)
        *at++ = digits[--count];
    return at;
}

/* Headers that the writer makes itself are left out should they stand in the list. */
static bool is_ours(const struct http_header *item)
{
    switch (item->token) {
    case HTTP_TOKEN_HOST:
    case HTTP_TOKEN_CONTENT_LENGTH:
    case HTTP_TOKEN_TRANSFER_ENCODING:
    case HTTP_TOKEN_CONNECTION:
    case HTTP_TOKEN_KEEP_ALIVE:
    case HTTP_TOKEN_PROXY_CONNECTION:
    case HTTP_TOKEN_UPGRADE:
    case HTTP_TOKEN_HTTP2_SETTINGS:
    case HTTP_TOKEN_EXPECT:
        return true;
    default:
        return false;
    }
}

/* Bytes the list needs, or 0 when something in it cannot be written (an empty list needs 1). */
static size_t measure(const struct http_headers *h)
{
    size_t need = 1;

    for (uint32_t i = 0; i < h->count; i++) {
        const struct http_header *item = &h->items[i];

        if (!item->token && !http_headers_is_name(item->name))
            return 0;
        if (!http_headers_is_value(item->value))
            return 0;
        need += item->name.len + item->value.len + 4;
    }
    return need;
}

static char *put_headers(char *at, const struct http_headers *h, bool *has_date, bool *has_server)
{
    for (uint32_t i = 0; i < h->count; i++) {
        const struct http_header *item = &h->items[i];

        if (item->token) {
            if (is_ours(item))
                continue;
            *has_date |= item->token == HTTP_TOKEN_DATE;
            *has_server |= item->token == HTTP_TOKEN_SERVER;
        }
        at = put_line(at, http_header_spelling(item), item->value);
    }
    return at;
}

static char *put_framing(char *at, const struct http_msg *m, const struct http_h1_write *how)
{
    if (how->framing == HTTP_H1_BODY_LENGTH || (how->length_anyway && m->content_length >= 0)) {
        at = put(at, STR("content-length: "));
        at = put_u64(at, (uint64_t)m->content_length);
        at = put(at, STR("\r\n"));
    } else if (how->framing == HTTP_H1_BODY_CHUNKED) {
        at = put(at, STR("transfer-encoding: chunked\r\n"));
    }
    switch (how->connection) {
    case HTTP_H1_CONNECTION_CLOSE:
        return put(at, STR("connection: close\r\n"));
    case HTTP_H1_CONNECTION_KEEP:
        return put(at, STR("connection: keep-alive\r\n"));
    case HTTP_H1_CONNECTION_UPGRADE:
        at = put(at, STR("connection: upgrade\r\n"));
        return put_line(at, STR("upgrade"), m->upgrade);
    default:
        return at;
    }
}

int http_h1_write_request(struct buf *out, const struct http_msg *m,
                          const struct http_h1_write *how)
{
    size_t list = measure(&m->headers), need;
    bool connect = m->method == HTTP_METHOD_CONNECT, ignore = false;
    char *start, *at;

    if (!list || !http_gate_is_authority(m->authority) || !http_headers_is_value(m->upgrade))
        return ERR_INVALID;
    if (!connect && !http_gate_is_path(m->path) && !str_eq(m->path, STR("*")))
        return ERR_INVALID;
    if (!http_gate_is_token(m->method_name))
        return ERR_INVALID;
    need = FIXED_BYTES + list + m->method_name.len + m->path.len + 2 * m->authority.len +
           m->upgrade.len;
    start = at = buf_reserve(out, need);
    if (!start)
        return ERR_INVALID;
    at = put(at, m->method_name);
    *at++ = ' ';
    at = put(at, connect ? m->authority : m->path);
    at = put(at, STR(" HTTP/1.1\r\nhost: "));
    at = put(at, m->authority);
    at = put(at, STR("\r\n"));
    at = put_headers(at, &m->headers, &ignore, &ignore);
    at = put_framing(at, m, how);
    if (m->expect_continue)
        at = put(at, STR("expect: 100-continue\r\n"));
    at = put(at, STR("\r\n"));
    if (m->spelling)
        http_spelling_apply(m->spelling, start, (size_t)(at - start));
    buf_commit(out, (size_t)(at - start));
    return 0;
}

int http_h1_write_response(struct buf *out, const struct http_msg *m,
                           const struct http_h1_write *how)
{
    struct str reason = http_msg_reason(m->status);
    size_t list = measure(&m->headers);
    bool has_date = false, has_server = false;
    char *start, *at;

    if (!list || m->status < 100 || m->status > 999 || !http_headers_is_value(m->upgrade))
        return ERR_INVALID;
    start = at = buf_reserve(out, FIXED_BYTES + list + reason.len + m->upgrade.len + how->date.len +
                                      how->server.len);
    if (!start)
        return ERR_INVALID;
    at = put(at, STR("HTTP/1.1 "));
    at = put_u64(at, m->status);
    *at++ = ' ';
    at = put(at, reason);
    at = put(at, STR("\r\n"));
    at = put_headers(at, &m->headers, &has_date, &has_server);
    if (how->date.len && !has_date)
        at = put_line(at, STR("date"), how->date);
    if (how->server.len && !has_server)
        at = put_line(at, STR("server"), how->server);
    at = put_framing(at, m, how);
    at = put(at, STR("\r\n"));
    if (m->spelling)
        http_spelling_apply(m->spelling, start, (size_t)(at - start));
    buf_commit(out, (size_t)(at - start));
    return 0;
}

int http_h1_write_last_chunk(struct buf *out, const struct http_headers *trailers)
{
    bool ignore = false;
    size_t list = 1;
    char *start, *at;

    if (trailers)
        list = measure(trailers);
    if (!list)
        return ERR_INVALID;
    start = at = buf_reserve(out, list + 8);
    if (!start)
        return ERR_INVALID;
    at = put(at, STR("0\r\n"));
    if (trailers)
        at = put_headers(at, trailers, &ignore, &ignore);
    at = put(at, STR("\r\n"));
    buf_commit(out, (size_t)(at - start));
    return 0;
}

size_t http_h1_write_size_line(char line[HTTP_H1_WRITE_SIZE_LINE], size_t len)
{
    char digits[16];
    size_t count = 0, at = 0;

    do {
        digits[count++] = "0123456789abcdef"[len & 15];
        len >>= 4;
    } while (len);
    while (count)
        line[at++] = digits[--count];
    line[at++] = '\r';
    line[at++] = '\n';
    return at;
}
