#include "core/base/encode.h"

#include <stdint.h>
#include <string.h>

#include "core/base/error.h"

static const char base64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

static int encode_64(struct buf *out, struct str in, const char *alphabet, bool pad)
{
    size_t len = in.len / 3 * 4 + (in.len % 3 ? (pad ? 4 : in.len % 3 + 1) : 0);
    char *to = buf_reserve(out, len);
    uint32_t bits = 0;
    int have = 0;
    size_t n = 0;

    if (!to)
        return ERR_LIMIT;
    for (size_t i = 0; i < in.len; i++) {
        bits = bits << 8 | (uint8_t)in.p[i];
        for (have += 8; have >= 6; have -= 6)
            to[n++] = alphabet[bits >> (have - 6) & 63];
    }
    if (have)
        to[n++] = alphabet[bits << (6 - have) & 63];
    while (n < len)
        to[n++] = '=';
    buf_commit(out, len);
    return 0;
}

int encode_base64(struct buf *out, struct str in)
{
    return encode_64(out, in, base64_std, true);
}

int encode_base64url(struct buf *out, struct str in)
{
    return encode_64(out, in, base64_url, false);
}

int encode_hex(struct buf *out, struct str in)
{
    char *to = buf_reserve(out, in.len * 2);

    if (!to)
        return ERR_LIMIT;
    for (size_t i = 0; i < in.len; i++) {
        *to++ = hex_lower[(uint8_t)in.p[i] >> 4];
        *to++ = hex_lower[(uint8_t)in.p[i] & 15];
    }
    buf_commit(out, in.len * 2);
    return 0;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int encode_percent(struct buf *out, struct str in)
{
    int err = 0;

    for (size_t i = 0; i < in.len && !err; i++) {
        uint8_t c = (uint8_t)in.p[i];
        char escaped[3] = { '%', hex_upper[c >> 4], hex_upper[c & 15] };

        if (is_unreserved(in.p[i]))
            err = buf_add_char(out, in.p[i]);
        else
            err = buf_add(out, escaped, sizeof(escaped));
    }
    return err;
}

/* No overlong forms, no surrogates, nothing above U+10FFFF. */
size_t encode_utf8_len(struct str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (len == 0 || len > s.len || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

static int add_json_escape(struct buf *out, char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", named[] = "\"\\bfnrt";
    const char *at = c ? strchr(plain, c) : NULL;

    if (at)
        return buf_printf(out, "\\%c", named[at - plain]);
    return buf_printf(out, "\\u%04x", (unsigned)(uint8_t)c);
}

int encode_json(struct buf *out, struct str in)
{
    int err = buf_add_char(out, '"');

    while (in.len && !err) {
        size_t len = encode_utf8_len(in);

        if (len == 0) {
            err = buf_add_str(out, STR("\xef\xbf\xbd")); /* U+FFFD */
            len = 1;
        } else if ((uint8_t)in.p[0] < 0x20 || in.p[0] == '"' || in.p[0] == '\\' || in.p[0] == 0x7f)
            err = add_json_escape(out, in.p[0]);
        else
            err = buf_add(out, in.p, len);
        in = str_skip(in, len);
    }
    return err ? err : buf_add_char(out, '"');
}

static int value_64(char c, const char *alphabet)
{
    const char *at = c ? memchr(alphabet, c, 64) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

struct decoder {
    char *to;
    size_t len;
    uint32_t bits;
    int have;
    size_t digits, pads;
};

static int decode_64_char(struct decoder *d, char c, const char *alphabet)
{
    int value = value_64(c, alphabet);

    if (c == '=' && ++d->pads <= 2)
        return 0;
    if (value < 0 || d->pads)
        return ERR_INVALID;
    d->digits++;
    d->bits = d->bits << 6 | (uint32_t)value;
    d->have += 6;
    if (d->have >= 8) {
        d->have -= 8;
        d->to[d->len++] = (char)(d->bits >> d->have & 255);
    }
    return 0;
}

/* Bits left over must be zero and padding, if any, complete: one text for one value, so that a
 * signature or a key has no second spelling. */
static int decode_64(struct arena *a, struct str in, const char *alphabet, bool skip_blanks,
                     struct str *out)
{
    struct decoder d = { .to = arena_alloc(a, in.len / 4 * 3 + 4) };

    for (size_t i = 0; i < in.len; i++) {
        if (skip_blanks && in.p[i] && strchr(" \t\r\n", in.p[i]))
            continue;
        if (decode_64_char(&d, in.p[i], alphabet))
            return ERR_INVALID;
    }
    if (d.digits % 4 == 1 || (d.bits & ((1U << d.have) - 1)))
        return ERR_INVALID;
    if (d.pads && (d.digits + d.pads) % 4)
        return ERR_INVALID;
    d.to[d.len] = '\0';
    *out = str_make(d.to, d.len);
    return 0;
}

int encode_undo_base64(struct arena *a, struct str in, bool skip_blanks, struct str *out)
{
    return decode_64(a, in, base64_std, skip_blanks, out);
}

int encode_undo_base64url(struct arena *a, struct str in, struct str *out)
{
    if (str_chr(in, '=') >= 0)
        return ERR_INVALID;
    return decode_64(a, in, base64_url, false, out);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = str_lower_char(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte written as two digits at p, or -1. */
static int hex_byte(const char *p)
{
    int high = hex_value(p[0]), low = hex_value(p[1]);

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int encode_undo_hex(struct arena *a, struct str in, struct str *out)
{
    char *to = arena_alloc(a, in.len / 2 + 1);

    if (in.len % 2)
        return ERR_INVALID;
    for (size_t i = 0; i < in.len; i += 2) {
        int byte = hex_byte(in.p + i);

        if (byte < 0)
            return ERR_INVALID;
        to[i / 2] = (char)byte;
    }
    to[in.len / 2] = '\0';
    *out = str_make(to, in.len / 2);
    return 0;
}

int encode_undo_percent(struct arena *a, struct str in, struct str *out)
{
    char *to = arena_alloc(a, in.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < in.len; i++) {
        int byte = (uint8_t)in.p[i];

        if (in.p[i] == '%') {
            byte = in.len - i > 2 ? hex_byte(in.p + i + 1) : -1;
            if (byte < 0)
                return ERR_INVALID;
            i += 2;
        }
        to[len++] = (char)byte;
    }
    to[len] = '\0';
    *out = str_make(to, len);
    return 0;
}
