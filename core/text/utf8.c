#include "core/text/utf8.h"

size_t utf8_decode(struct str s, uint32_t *out)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t len;
    uint32_t c, least;

    if (s.len == 0)
        return 0;
    if (p[0] < 0x80) {
        *out = p[0];
        return 1;
    }
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2;
        c = p[0] & 0x1f;
        least = 0x80;
    } else if ((p[0] & 0xf0) == 0xe0) {
        len = 3;
        c = p[0] & 0x0f;
        least = 0x800;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4;
        c = p[0] & 0x07;
        least = 0x10000;
    } else {
        return 0;
    }
    if (s.len < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return len;
}

/* Most text is ASCII and short: eight bytes at a time, the last eight overlapping. */
static bool is_ascii(const char *p, size_t len)
{
    uint64_t all = 0, eight;
    size_t i = 0;

    for (; i + sizeof(eight) <= len; i += sizeof(eight)) {
        memcpy(&eight, p + i, sizeof(eight));
        all |= eight;
    }
    if (i < len && len >= sizeof(eight)) {
        memcpy(&eight, p + len - sizeof(eight), sizeof(eight));
        all |= eight;
    } else {
        for (; i < len; i++)
            all |= (unsigned char)p[i];
    }
    return (all & 0x8080808080808080ULL) == 0;
}

bool utf8_is_valid(struct str s)
{
    size_t i = 0, n;
    uint32_t c;

    if (is_ascii(s.p, s.len))
        return true;
    for (; i < s.len; i += n) {
        n = utf8_decode(str_skip(s, i), &c);
        if (n == 0)
            return false;
    }
    return true;
}

size_t utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | (c >> 18 & 0x07));
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}
