#include "core/base/encode.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "tests/tap.h"

static void check_encode(int (*fn)(struct buf *, struct str), struct str in, const char *want)
{
    struct buf out;

    buf_init(&out, 0);
    EQ_INT(fn(&out, in), 0);
    EQ_STRN(out.p ? out.p : "", buf_len(&out), want);
    buf_deinit(&out);
}

static void base64_of_rfc4648(void)
{
    static const struct {
        const char *plain, *coded, *url;
    } rows[] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xbf", "+/+/", "-_-_" },
    };
    struct arena a;
    struct str out;

    arena_init(&a, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_encode(encode_base64, str_of(rows[i].plain), rows[i].coded);
        check_encode(encode_base64url, str_of(rows[i].plain), rows[i].url);
        if (EQ_INT(encode_undo_base64(&a, str_of(rows[i].coded), false, &out), 0))
            EQ_STR(out.p, rows[i].plain);
        if (EQ_INT(encode_undo_base64url(&a, str_of(rows[i].url), &out), 0))
            EQ_STR(out.p, rows[i].plain);
    }
    if (EQ_INT(encode_undo_base64(&a, STR("Zg"), false, &out), 0)) /* unpadded */
        EQ_STR(out.p, "f");
    arena_deinit(&a);
}

static void bad_base64_is_refused(void)
{
    static const char *const bad[] = { "Z",    "Zg=",  "Zg===", "Z===", "=",    "====", "Zg==Zg==",
                                       "Zh==", "Zm9=", "Zm9*",  "Zm 9", "-_-_", "Zm9v=" };
    struct str out = STR("untouched");
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (!EQ_INT(encode_undo_base64(&a, str_of(bad[i]), false, &out), ERR_INVALID))
            NOTE("%s", bad[i]);
    }
    EQ_INT(encode_undo_base64(&a, str_make("Zm9\0", 4), false, &out), ERR_INVALID);
    EQ_INT(encode_undo_base64url(&a, STR("Zg=="), &out), ERR_INVALID);
    EQ_INT(encode_undo_base64url(&a, STR("+/+/"), &out), ERR_INVALID);
    EQ_STR(out.p, "untouched");
    arena_deinit(&a);
}

static void blanks_are_skipped_when_asked(void)
{
    struct arena a;
    struct str out;

    arena_init(&a, 0);
    if (EQ_INT(encode_undo_base64(&a, STR(" Zm9v\r\nYm\tFy\n"), true, &out), 0))
        EQ_STR(out.p, "foobar");
    EQ_INT(encode_undo_base64(&a, STR("Zm9v\n"), false, &out), ERR_INVALID);
    arena_deinit(&a);
}

static void every_length_comes_back(void)
{
    struct arena a;
    struct random r;
    struct buf b;
    char in[200];

    arena_init(&a, 0);
    random_init(&r, 3);
    buf_init(&b, 0);
    for (size_t len = 0; len < sizeof(in); len++) {
        struct str out;

        for (size_t i = 0; i < len; i++)
            in[i] = (char)random_next(&r);
        buf_clear(&b);
        encode_base64(&b, str_make(in, len));
        if (EQ_INT(encode_undo_base64(&a, buf_str(&b), false, &out), 0))
            EQ_MEM(out.p, out.len, in, len);
        buf_clear(&b);
        encode_base64url(&b, str_make(in, len));
        if (EQ_INT(encode_undo_base64url(&a, buf_str(&b), &out), 0))
            EQ_MEM(out.p, out.len, in, len);
        buf_clear(&b);
        encode_hex(&b, str_make(in, len));
        if (EQ_INT(encode_undo_hex(&a, buf_str(&b), &out), 0))
            EQ_MEM(out.p, out.len, in, len);
        buf_clear(&b);
        encode_percent(&b, str_make(in, len));
        if (EQ_INT(encode_undo_percent(&a, buf_str(&b), &out), 0))
            EQ_MEM(out.p, out.len, in, len);
    }
    buf_deinit(&b);
    arena_deinit(&a);
}

static void hex_both_ways(void)
{
    struct arena a;
    struct str out;

    check_encode(encode_hex, STR("\x01\xab\xff"), "01abff");
    arena_init(&a, 0);
    if (EQ_INT(encode_undo_hex(&a, STR("01ABff"), &out), 0))
        EQ_MEM(out.p, out.len, "\x01\xab\xff", 3);
    EQ_INT(encode_undo_hex(&a, STR("0"), &out), ERR_INVALID);
    EQ_INT(encode_undo_hex(&a, STR("0g"), &out), ERR_INVALID);
    arena_deinit(&a);
}

static void percent_both_ways(void)
{
    struct arena a;
    struct str out;

    check_encode(encode_percent, STR("aZ09-._~ /\xc3"), "aZ09-._~%20%2F%C3");
    arena_init(&a, 0);
    if (EQ_INT(encode_undo_percent(&a, STR("a%20b+%2f%2F"), &out), 0))
        EQ_STR(out.p, "a b+//");
    EQ_INT(encode_undo_percent(&a, STR("a%2"), &out), ERR_INVALID);
    EQ_INT(encode_undo_percent(&a, STR("%"), &out), ERR_INVALID);
    EQ_INT(encode_undo_percent(&a, STR("%zz"), &out), ERR_INVALID);
    arena_deinit(&a);
}

static void json_strings_are_valid_utf8(void)
{
    check_encode(encode_json, STR("plain"), "\"plain\"");
    check_encode(encode_json, STR("q\" b\\ n\n t\t \x01 \x7f /"),
                 "\"q\\\" b\\\\ n\\n t\\t \\u0001 \\u007f /\"");
    check_encode(encode_json, str_make("\0", 1), "\"\\u0000\"");
    check_encode(encode_json, STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
                 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
    /* Overlong, surrogate, cut short, above U+10FFFF: one replacement for each byte. */
    check_encode(encode_json, STR("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    check_encode(encode_json, STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    check_encode(encode_json, STR("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    check_encode(encode_json, STR("\xf4\x90\x80\x80x"),
                 "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"");
}

static void output_limit_is_told(void)
{
    struct buf out;

    buf_init(&out, 3);
    EQ_INT(encode_base64(&out, STR("abc")), ERR_LIMIT);
    EQ_INT(encode_hex(&out, STR("ab")), ERR_LIMIT);
    EQ_INT(encode_percent(&out, STR("a  ")), ERR_LIMIT);
    buf_clear(&out);
    EQ_INT(encode_json(&out, STR("abc")), ERR_LIMIT);
    buf_deinit(&out);
}

static const struct tap_case cases[] = {
    { "base64_of_rfc4648", base64_of_rfc4648 },
    { "bad_base64_is_refused", bad_base64_is_refused },
    { "blanks_are_skipped_when_asked", blanks_are_skipped_when_asked },
    { "every_length_comes_back", every_length_comes_back },
    { "hex_both_ways", hex_both_ways },
    { "percent_both_ways", percent_both_ways },
    { "json_strings_are_valid_utf8", json_strings_are_valid_utf8 },
    { "output_limit_is_told", output_limit_is_told },
};

TAP_MAIN(cases)
