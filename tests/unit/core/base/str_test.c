#include "core/base/str.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static void comparisons(void)
{
    OK(str_eq(STR_NONE, STR("")));
    OK(str_eq(STR("ab"), STR("ab")) && !str_eq(STR("ab"), STR("aB")) &&
       !str_eq(STR("a"), STR("ab")));
    OK(str_ieq(STR("Host"), STR("hOST")) && !str_ieq(STR("a@"), STR("a`")));
    OK(str_is(STR("x"), "x") && str_is(STR_NONE, NULL));
    OK(str_cmp(STR("a"), STR("b")) < 0 && str_cmp(STR("b"), STR("a")) > 0);
    OK(str_cmp(STR("a"), STR("ab")) < 0 && str_cmp(STR("ab"), STR("a")) > 0);
    EQ_INT(str_cmp(STR_NONE, STR("")), 0);
    OK(str_cmp(STR("\xff"), STR("a")) > 0);
    OK(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR_NONE));
    OK(!str_starts(STR("a"), STR("ab")));
    OK(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("c"), STR("bc")));
    OK(str_istarts(STR("Bearer x"), STR("bearer ")) && str_iends(STR("a.COM"), STR(".com")));
}

static void searching(void)
{
    EQ_INT(str_chr(STR("abca"), 'a'), 0);
    EQ_INT(str_rchr(STR("abca"), 'a'), 3);
    EQ_INT(str_chr(STR("abc"), 'x'), -1);
    EQ_INT(str_rchr(STR_NONE, 'x'), -1);
    EQ_INT(str_find(STR("hello"), STR("ll")), 2);
    EQ_INT(str_find(STR("hello"), STR("xl")), -1);
    EQ_INT(str_find(STR("hello"), STR("")), 0);
    EQ_INT(str_find(STR_NONE, STR("a")), -1);
    EQ_INT(str_find(str_make("a\0b", 3), STR("b")), 2);
}

static void parts_stay_inside(void)
{
    EQ_STR(str_skip(STR("abc"), 1).p, "bc");
    EQ_UINT(str_skip(STR("abc"), 9).len, 0);
    EQ_UINT(str_head(STR("abc"), 9).len, 3);
    EQ_UINT(str_head(STR("abc"), 2).len, 2);
    OK(str_skip(STR_NONE, 1).p == NULL);
    OK(str_is(str_trim(STR(" \t a b\r\n")), "a b"));
    OK(str_is_empty(str_trim(STR("  "))) && str_is_empty(str_trim(STR_NONE)));
}

static void cutting_yields_every_part(void)
{
    static const struct {
        const char *text;
        int parts;
    } rows[] = { { "a,b,c", 3 }, { "a,", 2 }, { ",", 2 }, { "a", 1 }, { "", 1 } };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str rest = str_of(rows[i].text);
        int parts = 0;

        while (rest.p) {
            str_cut(&rest, ',');
            parts++;
        }
        EQ_INT(parts, rows[i].parts);
    }
    {
        struct str rest = STR("k=v=w"), key = str_cut(&rest, '=');

        OK(str_is(key, "k") && str_is(rest, "v=w"));
    }
}

static void numbers_are_strict(void)
{
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616", "99999999999999999999999"
    };
    uint64_t n = 77;

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EQ_INT(str_to_u64(str_of(bad[i]), UINT64_MAX, &n), ERR_INVALID);
    EQ_UINT(n, 77);
    EQ_INT(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &n), 0);
    EQ_UINT(n, UINT64_MAX);
    EQ_INT(str_to_u64(STR("0065535"), 65535, &n), 0);
    EQ_UINT(n, 65535);
    EQ_INT(str_to_u64(STR("65536"), 65535, &n), ERR_INVALID);
}

static void copies_are_terminated(void)
{
    char *z = str_dup(str_head(STR("abcdef"), 3)), small[4];

    EQ_STR(z, "abc");
    mem_free(z);
    OK(str_copy(STR("abc"), small, sizeof(small)));
    EQ_STR(small, "abc");
    OK(!str_copy(STR("abcd"), small, sizeof(small)));
    EQ_STR(small, "abc");
    OK(str_copy(STR_NONE, small, 1));
    EQ_STR(small, "");
}

static const struct tap_case cases[] = {
    { "comparisons", comparisons },
    { "searching", searching },
    { "parts_stay_inside", parts_stay_inside },
    { "cutting_yields_every_part", cutting_yields_every_part },
    { "numbers_are_strict", numbers_are_strict },
    { "copies_are_terminated", copies_are_terminated },
};

TAP_MAIN(cases)
