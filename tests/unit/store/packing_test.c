#include "store/packing.h"

#include "core/base/error.h"
#include "store/dot.h"
#include "tests/tap.h"

static void numbers_round_trip(void)
{
    const uint64_t numbers[] = { 0,         1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX - 1,
                                 UINT64_MAX };
    struct packing_in in;
    struct buf b;

    buf_init(&b, 0);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        packing_put_u64(&b, numbers[i]);
    packing_put_str(&b, STR("hello"));
    in = packing_in_of(buf_str(&b));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        EQ_UINT(packing_get_u64(&in, UINT64_MAX), numbers[i]);
    OK(str_is(packing_get_str(&in, 5), "hello"));
    OK(!in.bad);
    EQ_UINT(packing_left(&in), 0);
    buf_deinit(&b);
}

static void long_forms_and_overflow_are_refused(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        { "\x80\x00", 2 },                                      /* 0 in two bytes */
        { "\xff\x80\x00", 3 },                                  /* 127 in three */
        { "\x80", 1 },                                          /* cut */
        { "", 0 },                                              /* nothing */
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },     /* 65 bits */
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 }, /* 71 bits */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct packing_in in = packing_in_of(str_make(rows[i].bytes, rows[i].len));

        EQ_UINT(packing_get_u64(&in, UINT64_MAX), 0);
        if (!OK(in.bad))
            NOTE("row %zu", i);
    }
}

static void bad_stays_bad(void)
{
    struct packing_in in = packing_in_of(STR("\x05\x01\x01"));

    packing_get_u64(&in, 4); /* 5 is above the bound */
    OK(in.bad);
    EQ_UINT(packing_get_u64(&in, 100), 0);
    OK(packing_get_str(&in, 100).len == 0);
}

static void a_string_cannot_be_longer_than_the_input(void)
{
    struct packing_in in = packing_in_of(STR("\x03"
                                             "ab"));

    OK(packing_get_str(&in, 100).len == 0);
    OK(in.bad);
    in = packing_in_of(STR("\x03"
                           "abc"));
    packing_get_str(&in, 2);
    OK(in.bad);
}

static void text_keeps_all_lengths(void)
{
    uint8_t back[16];
    char text[64];
    size_t len;

    for (size_t n = 0; n <= 12; n++) {
        size_t chars = packing_write_text(
            str_make("\xff\x00\x80\x7f\x01\xfe\xaa\x55\x12\x34\x56\x78", n), text);

        EQ_UINT(chars, PACKING_TEXT_LEN(n));
        if (!EQ_INT(packing_undo_text(str_make(text, chars), back, sizeof(back), &len), 0))
            return;
        EQ_MEM(back, len, "\xff\x00\x80\x7f\x01\xfe\xaa\x55\x12\x34\x56\x78", n);
    }
}

static void text_has_one_form(void)
{
    uint8_t back[16];
    size_t len;

    EQ_INT(packing_undo_text(STR("0"), back, 16, &len), ERR_INVALID);   /* 5 bits are no byte */
    EQ_INT(packing_undo_text(STR("01"), back, 16, &len), ERR_INVALID);  /* stray bits */
    EQ_INT(packing_undo_text(STR("0w"), back, 16, &len), ERR_INVALID);  /* no digit */
    EQ_INT(packing_undo_text(STR("0G"), back, 16, &len), ERR_INVALID);  /* upper case */
    EQ_INT(packing_undo_text(STR("000"), back, 16, &len), ERR_INVALID); /* 15 bits */
    EQ_INT(packing_undo_text(STR("0000"), back, 1, &len), ERR_LIMIT);
    EQ_INT(packing_undo_text(STR("00"), back, 16, &len), 0);
}

static void dots_as_text(void)
{
    const struct dot dots[] = { { 1, 1 }, { UINT32_MAX, UINT64_MAX }, { 77777, 128 } };
    char text[DOT_TEXT_BYTES];
    struct dot back;

    for (size_t i = 0; i < 3; i++) {
        dot_format(dots[i], text);
        if (EQ_INT(dot_parse(str_of(text), &back), 0))
            OK(dot_eq(back, dots[i]));
    }
    EQ_INT(dot_parse(STR(""), &back), ERR_INVALID);
    EQ_INT(dot_parse(STR("12345"), &back), ERR_INVALID);
    EQ_INT(dot_parse(STR("0000"), &back), ERR_INVALID); /* origin and seq 0 */
    EQ_INT(dot_parse(STR("vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"), &back), ERR_INVALID);
}

static const struct tap_case cases[] = {
    { "numbers_round_trip", numbers_round_trip },
    { "long_forms_and_overflow_are_refused", long_forms_and_overflow_are_refused },
    { "bad_stays_bad", bad_stays_bad },
    { "a_string_cannot_be_longer_than_the_input", a_string_cannot_be_longer_than_the_input },
    { "text_keeps_all_lengths", text_keeps_all_lengths },
    { "text_has_one_form", text_has_one_form },
    { "dots_as_text", dots_as_text },
};

TAP_MAIN(cases)
