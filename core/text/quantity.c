#include "core/text/quantity.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/* A quantity is digits * 10^ten * 2^two. */
struct parts {
    bool negative, lost; /* lost: digits other than 0 were dropped */
    unsigned __int128 digits;
    int ten, two;
};

static const struct {
    struct str name;
    int ten, two;
} suffixes[] = {
    { STR_INIT(""), 0, 0 },    { STR_INIT("n"), -9, 0 },  { STR_INIT("u"), -6, 0 },
    { STR_INIT("m"), -3, 0 },  { STR_INIT("k"), 3, 0 },   { STR_INIT("M"), 6, 0 },
    { STR_INIT("G"), 9, 0 },   { STR_INIT("T"), 12, 0 },  { STR_INIT("P"), 15, 0 },
    { STR_INIT("E"), 18, 0 },  { STR_INIT("Ki"), 0, 10 }, { STR_INIT("Mi"), 0, 20 },
    { STR_INIT("Gi"), 0, 30 }, { STR_INIT("Ti"), 0, 40 }, { STR_INIT("Pi"), 0, 50 },
    { STR_INIT("Ei"), 0, 60 },
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits and a point at the start of s; returns how many bytes that is, 0 when there is no digit.
 */
static size_t split_number(struct str s, struct parts *p)
{
    bool point = false, any = false;
    size_t i = 0;

    for (; i < s.len && (is_digit(s.p[i]) || (s.p[i] == '.' && !point)); i++) {
        if (s.p[i] == '.') {
            point = true;
            continue;
        }
        any = true;
        if (p->digits < (unsigned __int128)1 << 100) {
            p->digits = p->digits * 10 + (unsigned)(s.p[i] - '0');
            p->ten -= point;
        } else { /* more digits than matter */
            p->lost = p->lost || s.p[i] != '0';
            p->ten += !point;
        }
    }
    return any ? i : 0;
}

static int split(struct str s, struct parts *p)
{
    uint64_t power;
    size_t len;
    bool minus;

    *p = (struct parts){ .negative = s.len && s.p[0] == '-' };
    if (s.len && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    len = split_number(s, p);
    if (len == 0)
        return ERR_INVALID;
    s = str_skip(s, len);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (str_eq(s, suffixes[i].name)) {
            p->ten += suffixes[i].ten;
            p->two = suffixes[i].two;
            return 0;
        }
    }
    if (s.p[0] != 'e' && s.p[0] != 'E')
        return ERR_INVALID;
    s = str_skip(s, 1);
    minus = s.len && s.p[0] == '-';
    if (s.len && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    if (str_to_u64(s, 1000, &power))
        return ERR_INVALID;
    p->ten += minus ? -(int)power : (int)power;
    return 0;
}

int quantity_check(struct str s)
{
    struct parts p;

    return split(s, &p);
}

/* In units of 10^-places. */
static int scaled(struct str s, int places, int64_t *out)
{
    const unsigned __int128 limit = (unsigned __int128)1 << 120;
    struct parts p;
    int rc = split(s, &p);

    if (rc)
        return rc;
    p.ten += places;
    for (; p.ten < 0 && p.digits; p.ten++) {
        if (p.two > 0 && p.digits < limit >> 10) { /* keep what the binary suffix still needs */
            p.digits <<= p.two > 10 ? 10 : p.two;
            p.two -= p.two > 10 ? 10 : p.two;
        }
        p.lost = p.lost || p.digits % 10;
        p.digits /= 10;
    }
    for (; p.ten > 0 && p.digits && p.digits <= limit / 10; p.ten--)
        p.digits *= 10;
    for (; p.two > 0 && p.digits && p.digits <= limit / 2; p.two--)
        p.digits *= 2;
    if (p.digits && (p.ten > 0 || p.two > 0))
        return ERR_LIMIT;
    p.digits += p.lost;
    if (p.digits > INT64_MAX)
        return ERR_LIMIT;
    *out = p.negative ? -(int64_t)p.digits : (int64_t)p.digits;
    return 0;
}

int quantity_parse_milli(struct str s, int64_t *out)
{
    return scaled(s, 3, out);
}

int quantity_parse(struct str s, int64_t *out)
{
    return scaled(s, 0, out);
}
