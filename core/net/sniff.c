#include "core/net/sniff.h"

#include "core/base/mem.h"

#define RECORD_HEAD_BYTES  5
#define RECORD_MAX_BYTES   16384
#define MESSAGE_HEAD_BYTES 4
#define METHOD_MAX_BYTES   24

enum { EXTENSION_SERVER_NAME = 0, EXTENSION_ALPN = 16 };

/* ---- TLS ----
 *
 *   record:  16 | 03 xx | length (2) | fragment of the message
 *   message: 01 | length (3) | version (2) | random (32) | session<1> | ciphers<2> | compression<1>
 *            | extensions<2> */

static uint8_t byte_at(struct str s, size_t i)
{
    return (uint8_t)s.p[i];
}

/* Takes len bytes off the front; false when there are fewer. */
static bool take(struct str *s, size_t len, struct str *out)
{
    if (s->len < len)
        return false;
    *out = str_head(*s, len);
    *s = str_skip(*s, len);
    return true;
}

/* Takes a vector that stands behind a length of width bytes. */
static bool take_vector(struct str *s, size_t width, struct str *out)
{
    struct str head;
    size_t len = 0;

    if (!take(s, width, &head))
        return false;
    for (size_t i = 0; i < width; i++)
        len = len << 8 | byte_at(head, i);
    return take(s, len, out);
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool parse_sni(struct str body, struct sniff_hello *out)
{
    struct str list, type, name;

    if (!take_vector(&body, 2, &list) || body.len)
        return false;
    while (list.len) {
        if (!take(&list, 1, &type) || !take_vector(&list, 2, &name))
            return false;
        if (byte_at(type, 0) != 0 || out->sni_len || name.len == 0 || name.len > 255)
            continue;
        for (size_t i = 0; i < name.len; i++) {
            out->sni[i] = str_lower_char(name.p[i]);
            if (!is_host_char(out->sni[i])) {
                out->sni[0] = 0;
                return true;
            }
        }
        out->sni[name.len] = 0;
        out->sni_len = (uint8_t)name.len;
    }
    return true;
}

static bool parse_alpn(struct str body, struct sniff_hello *out)
{
    struct str list, name;

    if (!take_vector(&body, 2, &list) || body.len)
        return false;
    while (list.len) {
        if (!take_vector(&list, 1, &name) || name.len == 0)
            return false;
        if (out->alpn_len + 1 + name.len > sizeof(out->alpn))
            continue;
        out->alpn[out->alpn_len] = (uint8_t)name.len;
        memcpy(out->alpn + out->alpn_len + 1, name.p, name.len);
        out->alpn_len = (uint16_t)(out->alpn_len + 1 + name.len);
    }
    return true;
}

static bool parse_hello(struct str m, struct sniff_hello *out)
{
    struct str part, extensions, type, body;

    *out = (struct sniff_hello){ 0 };
    if (!take(&m, 2, &part) || byte_at(part, 0) != 3)
        return false;
    if (!take(&m, 32, &part) || !take_vector(&m, 1, &part) || part.len > 32)
        return false;
    if (!take_vector(&m, 2, &part) || part.len < 2 || part.len % 2)
        return false;
    if (!take_vector(&m, 1, &part) || part.len < 1)
        return false;
    if (m.len == 0)
        return true; /* before extensions there were none */
    if (!take_vector(&m, 2, &extensions) || m.len)
        return false;
    while (extensions.len) {
        if (!take(&extensions, 2, &type) || !take_vector(&extensions, 2, &body))
            return false;
        if (byte_at(type, 0) != 0)
            continue;
        if (byte_at(type, 1) == EXTENSION_SERVER_NAME && !parse_sni(body, out))
            return false;
        if (byte_at(type, 1) == EXTENSION_ALPN && !parse_alpn(body, out))
            return false;
    }
    return true;
}

/* Checks what is there of one record's head. */
static bool is_record_head(struct str s)
{
    size_t len;

    if (byte_at(s, 0) != 0x16 || (s.len > 1 && byte_at(s, 1) != 3) ||
        (s.len > 2 && byte_at(s, 2) > 4))
        return false;
    if (s.len < RECORD_HEAD_BYTES)
        return true;
    len = (size_t)byte_at(s, 3) << 8 | byte_at(s, 4);
    return len >= 1 && len <= RECORD_MAX_BYTES;
}

/* The head of the message lies in the first record, or is cut by it. */
static bool is_message_head(struct str fragment)
{
    size_t len;

    if (fragment.len == 0)
        return true;
    if (byte_at(fragment, 0) != 1)
        return false;
    if (fragment.len < MESSAGE_HEAD_BYTES)
        return true;
    len = (size_t)byte_at(fragment, 1) << 16 | (size_t)byte_at(fragment, 2) << 8 |
          byte_at(fragment, 3);
    return len <= SNIFF_MAX_BYTES - MESSAGE_HEAD_BYTES;
}

enum sniff_answer sniff_tls(struct str bytes, struct sniff_hello *out)
{
    struct sniff_hello unwanted;
    char message[SNIFF_MAX_BYTES];
    size_t have = 0;
    struct str m, fragment;

    while (bytes.len) {
        if (!is_record_head(bytes))
            return SNIFF_NO;
        if (bytes.len < RECORD_HEAD_BYTES)
            return SNIFF_MORE;
        fragment = str_head(str_skip(bytes, RECORD_HEAD_BYTES),
                            (size_t)byte_at(bytes, 3) << 8 | byte_at(bytes, 4));
        bytes = str_skip(bytes,
                         RECORD_HEAD_BYTES + ((size_t)byte_at(bytes, 3) << 8 | byte_at(bytes, 4)));
        if (have + fragment.len > sizeof(message))
            fragment = str_head(fragment, sizeof(message) - have);
        memcpy(message + have, fragment.p ? fragment.p : "", fragment.len);
        have += fragment.len;
        if (!is_message_head(str_make(message, have)))
            return SNIFF_NO;
        m = str_make(message, have);
        if (take(&m, 1, &fragment) && take_vector(&m, 3, &fragment))
            return parse_hello(fragment, out ? out : &unwanted) ? SNIFF_YES : SNIFF_NO;
        if (have == sizeof(message))
            return SNIFF_NO;
    }
    return SNIFF_MORE;
}

bool sniff_next_alpn(struct str *rest, struct str *name)
{
    return rest->len > 0 && take_vector(rest, 1, name);
}

bool sniff_has_alpn(const struct sniff_hello *hello, struct str name)
{
    struct str rest = str_make(hello->alpn, hello->alpn_len), one;

    while (sniff_next_alpn(&rest, &one)) {
        if (str_eq(one, name))
            return true;
    }
    return false;
}

/* ---- HTTP ---- */

static bool is_method_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

/* The whole of literal, or as much of it as there is. */
static enum sniff_answer match(struct str s, struct str literal)
{
    size_t len = s.len < literal.len ? s.len : literal.len;

    if (len && memcmp(s.p, literal.p, len) != 0)
        return SNIFF_NO;
    return s.len < literal.len ? SNIFF_MORE : SNIFF_YES;
}

static enum sniff_answer http1(struct str s, bool *is_10)
{
    enum sniff_answer answer;
    size_t i;

    /* RFC 9112 2.2: an empty line in front is let pass. */
    answer = match(s, STR("\r\n"));
    if (s.len == 0 || (answer == SNIFF_MORE && s.len < 2))
        return SNIFF_MORE;
    if (answer == SNIFF_YES)
        s = str_skip(s, 2);
    for (i = 0; i < s.len && is_method_char(s.p[i]); i++)
        ;
    if (i > METHOD_MAX_BYTES)
        return SNIFF_NO;
    if (i == s.len)
        return SNIFF_MORE;
    if (i == 0 || s.p[i] != ' ')
        return SNIFF_NO;
    s = str_skip(s, i + 1);
    for (i = 0; i < s.len && byte_at(s, i) > 0x20 && byte_at(s, i) != 0x7f; i++)
        ;
    if (i == s.len)
        return SNIFF_MORE;
    if (i == 0 || s.p[i] != ' ')
        return SNIFF_NO;
    s = str_skip(s, i + 1);
    answer = match(s, STR("HTTP/1."));
    if (answer != SNIFF_YES || s.len == 7)
        return answer == SNIFF_NO ? SNIFF_NO : SNIFF_MORE;
    *is_10 = s.p[7] == '0';
    return *is_10 || s.p[7] == '1' ? SNIFF_YES : SNIFF_NO;
}

enum sniff_answer sniff_http1(struct str bytes)
{
    bool is_10 = false;

    return http1(bytes, &is_10);
}

enum sniff_answer sniff_http11(struct str bytes)
{
    bool is_10 = false;
    enum sniff_answer answer = http1(bytes, &is_10);

    return is_10 ? SNIFF_NO : answer;
}

enum sniff_answer sniff_http2(struct str bytes)
{
    return match(bytes, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
}

/* ---- PROXY ---- */

enum sniff_answer sniff_proxy(struct str bytes)
{
    enum sniff_answer v1 = match(bytes, STR("PROXY "));
    enum sniff_answer v2 = match(bytes, STR("\r\n\r\n\0\r\nQUIT\n"));

    return v1 > v2 ? v1 : v2;
}
