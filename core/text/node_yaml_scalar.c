#include "core/text/node_yaml_scalar.h"

static bool is_one_of(struct str s, const char *const *words)
{
    for (; *words; words++) {
        if (str_is(s, *words))
            return true;
    }
    return false;
}

static const char *const null_words[] = { "", "~", "null", "Null", "NULL", NULL };
static const char *const true_words[] = { "true", "True", "TRUE", "yes", "Yes",
                                          "YES",  "on",   "On",   "ON",  NULL };
static const char *const false_words[] = { "false", "False", "FALSE", "no",  "No",
                                           "NO",    "off",   "Off",   "OFF", NULL };
/* Bools or numbers to some other reader of YAML, or easily taken for something else. */
static const char *const doubtful_words[] = { "y",     "Y",     "n",     "N",     ".inf",  ".Inf",
                                              ".INF",  "-.inf", "-.Inf", "-.INF", "+.inf", "+.Inf",
                                              "+.INF", ".nan",  ".NaN",  ".NAN",  NULL };

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = str_lower_char(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Whole numbers in another base: 0x1F, 0o17, 0b11, 017. False when s is none that fits 64 bits. */
static bool based_int(struct arena *a, bool negative, struct str s, struct node *n)
{
    unsigned base = 8;
    uint64_t value = 0;

    if (s.len < 2 || s.p[0] != '0')
        return false;
    if (s.p[1] == 'x' || s.p[1] == 'X')
        base = 16;
    else if (s.p[1] == 'b' || s.p[1] == 'B')
        base = 2;
    s = str_skip(s, base != 8 || s.p[1] == 'o' || s.p[1] == 'O' ? 2 : 1);
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)digit_of(s.p[i]);

        if (digit >= base || value > (UINT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    n->kind = NODE_INT;
    n->text = arena_printf(a, "%s%llu", negative && value ? "-" : "", (unsigned long long)value);
    return true;
}

static size_t count_digits(struct str s)
{
    size_t n = 0;

    while (n < s.len && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

/* Decimal numbers, rewritten by JSON's rules. s has no sign and no underscores. */
static bool decimal(struct arena *a, bool negative, struct str s, struct node *n)
{
    struct str whole = str_head(s, count_digits(s)), part = STR(""), power = STR("");
    bool has_point;

    s = str_skip(s, whole.len);
    has_point = s.len && s.p[0] == '.';
    if (has_point) {
        part = str_skip(s, 1);
        part = str_head(part, count_digits(part));
        s = str_skip(s, 1 + part.len);
    }
    if (whole.len + part.len == 0)
        return false;
    if (s.len && (s.p[0] | 0x20) == 'e') {
        size_t sign = s.len > 1 && (s.p[1] == '+' || s.p[1] == '-');
        size_t len = count_digits(str_skip(s, 1 + sign));

        power = s;
        if (len == 0 || s.len != 1 + sign + len)
            return false;
    } else if (s.len) {
        return false;
    }
    while (whole.len > 1 && whole.p[0] == '0')
        whole = str_skip(whole, 1);
    if (whole.len == 0)
        whole = STR("0");
    if (has_point && part.len == 0)
        part = STR("0");
    n->kind = has_point || power.len ? NODE_FLOAT : NODE_INT;
    n->text = arena_printf(a, "%s%.*s%s%.*s%.*s", negative ? "-" : "", STR_ARG(whole),
                           has_point ? "." : "", STR_ARG(part), STR_ARG(power));
    return true;
}

/* Fills kind and text when s is a number. */
static bool number(struct arena *a, struct str s, struct node *n)
{
    char *digits;
    size_t len = 0;
    bool negative;

    if (s.len == 0 || !strchr("+-.0123456789", s.p[0]))
        return false;
    negative = s.p[0] == '-';
    if (negative || s.p[0] == '+')
        s = str_skip(s, 1);
    if (s.len == 0 || s.p[0] == '_')
        return false;
    digits = arena_alloc(a, s.len);
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] != '_')
            digits[len++] = s.p[i];
    }
    s = str_make(digits, len);
    return based_int(a, negative, s, n) || decimal(a, negative, s, n);
}

void node_yaml_scalar_resolve(struct arena *a, struct str s, struct node *n)
{
    n->kind = NODE_STRING;
    n->text = s;
    if (is_one_of(s, null_words)) {
        n->kind = NODE_NULL;
        n->text = STR("null");
    } else if (is_one_of(s, true_words)) {
        n->kind = NODE_BOOL;
        n->text = STR("true");
    } else if (is_one_of(s, false_words)) {
        n->kind = NODE_BOOL;
        n->text = STR("false");
    } else {
        number(a, s, n);
    }
}

static bool is_like_date(struct str s)
{
    return s.len >= 8 && count_digits(s) == 4 && s.p[4] == '-' && count_digits(str_skip(s, 5)) >= 1;
}

bool node_yaml_scalar_is_doubtful(struct str s)
{
    struct arena a;
    struct node n;

    arena_init(&a, 256);
    node_yaml_scalar_resolve(&a, s, &n);
    arena_deinit(&a);
    return n.kind != NODE_STRING || is_one_of(s, doubtful_words) || is_like_date(s);
}
