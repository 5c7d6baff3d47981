#include "core/text/cel_lex.h"

#include <errno.h>
#include <stdlib.h>

#include "core/text/utf8.h"

void cel_lex_init(struct cel_lex *l, struct str text, struct arena *a)
{
    *l = (struct cel_lex){ .rest = text, .begin = text.p, .arena = a, .at = text.p };
}

static void bad(struct cel_lex *l, const char *why)
{
    l->kind = CEL_LEX_BAD;
    l->text = str_of(why);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static void skip_blanks(struct cel_lex *l)
{
    for (;;) {
        while (l->rest.len && strchr(" \t\r\n\f", l->rest.p[0]) && l->rest.p[0])
            l->rest = str_skip(l->rest, 1);
        if (!str_starts(l->rest, STR("//")))
            return;
        while (l->rest.len && l->rest.p[0] != '\n')
            l->rest = str_skip(l->rest, 1);
    }
}

/* ---- strings ---- */

static int hex_value(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool read_code(struct str s, size_t digits, unsigned base, uint32_t *out)
{
    *out = 0;
    if (s.len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        int v = hex_value(s.p[i]);

        if (v < 0 || (unsigned)v >= base)
            return false;
        *out = *out * base + (unsigned)v;
    }
    return *out <= 0x10ffff && (*out < 0xd800 || *out > 0xdfff);
}

/* What stands behind a backslash; returns the bytes read, 0: no such escape. */
static size_t read_escape(struct str s, char *to, size_t *len)
{
    static const char from[] = "abfnrtv\\?\"'`", as[] = "\a\b\f\n\r\t\v\\?\"'`";
    const char *p = s.len && s.p[0] ? strchr(from, s.p[0]) : NULL;
    size_t digits = 0;
    uint32_t code;

    if (p) {
        to[(*len)++] = as[p - from];
        return 1;
    }
    if (s.len && (s.p[0] == 'x' || s.p[0] == 'X'))
        digits = 2;
    else if (s.len && s.p[0] == 'u')
        digits = 4;
    else if (s.len && s.p[0] == 'U')
        digits = 8;
    else if (s.len && s.p[0] >= '0' && s.p[0] <= '3' && read_code(s, 3, 8, &code)) {
        *len += utf8_encode(code, to + *len);
        return 3;
    }
    if (!digits || !read_code(str_skip(s, 1), digits, 16, &code))
        return 0;
    *len += utf8_encode(code, to + *len);
    return 1 + digits;
}

static void read_string(struct cel_lex *l, bool is_raw)
{
    char quote = l->rest.p[0], three[3] = { quote, quote, quote };
    bool is_long = str_starts(l->rest, str_make(three, 3));
    struct str end = str_make(three, is_long ? 3 : 1), s = str_skip(l->rest, end.len);
    char *to = arena_alloc(l->arena, s.len + 4);
    size_t len = 0;

    while (!str_starts(s, end)) {
        size_t n;

        if (s.len == 0 || (!is_long && s.p[0] == '\n')) {
            bad(l, "a string does not end");
            return;
        }
        if (is_raw || s.p[0] != '\\') {
            to[len++] = s.p[0];
            s = str_skip(s, 1);
            continue;
        }
        n = read_escape(str_skip(s, 1), to, &len);
        if (!n) {
            bad(l, "no such escape in a string");
            return;
        }
        s = str_skip(s, 1 + n);
    }
    l->rest = str_skip(s, end.len);
    l->kind = CEL_LEX_VALUE;
    l->value = cel_of_str(str_make(to, len));
}

/* ---- numbers ---- */

static void read_float(struct cel_lex *l, struct str text)
{
    char z[64], *end;

    if (!str_copy(text, z, sizeof(z))) {
        bad(l, "a number is too long");
        return;
    }
    errno = 0;
    l->value = (struct cel_value){ .type = CEL_DOUBLE, .d = strtod(z, &end) };
    if (*end || errno == ERANGE)
        bad(l, "no such number");
}

static void read_int(struct cel_lex *l, struct str text, bool is_hex, bool is_unsigned)
{
    uint64_t v = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned d = (unsigned)hex_value(text.p[i]);

        if (__builtin_mul_overflow(v, is_hex ? 16U : 10U, &v) || __builtin_add_overflow(v, d, &v)) {
            bad(l, "a number is too large");
            return;
        }
    }
    if (text.len == 0)
        bad(l, "no such number");
    else if (is_unsigned)
        l->value = (struct cel_value){ .type = CEL_UINT, .u = v };
    else if (v > INT64_MAX)
        bad(l, "a number is too large");
    else
        l->value = cel_of_int((int64_t)v);
}

static size_t span_digits(struct str s, bool is_hex)
{
    size_t n = 0;

    while (n < s.len && (is_hex ? hex_value(s.p[n]) >= 0 : is_digit(s.p[n])))
        n++;
    return n;
}

static void read_number(struct cel_lex *l)
{
    struct str s = l->rest;
    bool is_hex = str_starts(s, STR("0x")) || str_starts(s, STR("0X")), is_float = false;
    size_t from = is_hex ? 2 : 0, n = from + span_digits(str_skip(s, from), is_hex);

    if (!is_hex && n + 1 < s.len && s.p[n] == '.' && is_digit(s.p[n + 1])) {
        is_float = true;
        n++;
        n += span_digits(str_skip(s, n), false);
    }
    if (!is_hex && n < s.len && (s.p[n] == 'e' || s.p[n] == 'E')) {
        size_t sign = n + 1 < s.len && (s.p[n + 1] == '+' || s.p[n + 1] == '-') ? 1 : 0;
        size_t digits = span_digits(str_skip(s, n + 1 + sign), false);

        is_float = true;
        n += digits ? 1 + sign + digits : 0;
    }
    l->kind = CEL_LEX_VALUE;
    if (is_float) {
        read_float(l, str_head(s, n));
    } else {
        bool is_unsigned = n < s.len && (s.p[n] == 'u' || s.p[n] == 'U');

        read_int(l, str_skip(str_head(s, n), from), is_hex, is_unsigned);
        n += is_unsigned;
    }
    l->rest = str_skip(s, n);
}

/* ---- words ---- */

static bool begins_string(struct str s, bool *is_raw)
{
    *is_raw = s.len > 1 && (s.p[0] == 'r' || s.p[0] == 'R') && (s.p[1] == '"' || s.p[1] == '\'');
    return *is_raw || (s.len && (s.p[0] == '"' || s.p[0] == '\''));
}

void cel_lex_next(struct cel_lex *l)
{
    static const char *const pairs[] = { "&&", "||", "==", "!=", "<=", ">=" };
    size_t n = 0;
    bool is_raw;

    skip_blanks(l);
    l->at = l->rest.p;
    if (l->rest.len == 0) {
        l->kind = CEL_LEX_END;
        return;
    }
    if (begins_string(l->rest, &is_raw)) {
        l->rest = str_skip(l->rest, is_raw);
        read_string(l, is_raw);
        return;
    }
    if (is_digit(l->rest.p[0]) ||
        (l->rest.p[0] == '.' && l->rest.len > 1 && is_digit(l->rest.p[1]))) {
        read_number(l);
        return;
    }
    while (n < l->rest.len && is_name_char(l->rest.p[n]))
        n++;
    l->kind = n ? CEL_LEX_NAME : CEL_LEX_SYMBOL;
    for (size_t i = 0; !n && i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (str_starts(l->rest, str_of(pairs[i])))
            n = 2;
    if (!n)
        n = 1;
    l->text = str_head(l->rest, n);
    l->rest = str_skip(l->rest, n);
}

bool cel_lex_is(const struct cel_lex *l, const char *symbol)
{
    return l->kind == CEL_LEX_SYMBOL && str_is(l->text, symbol);
}
