#include "core/text/utf8.h"

#include "tests/tap.h"

#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void good_text_is_valid(void)
{
    static const struct str good[] = {
        BYTES(""),
        BYTES("plain ascii, longer than eight"),
        BYTES("\xc2\x80"),
        BYTES("\xe0\xa0\x80"),
        BYTES("\xed\x9f\xbf\xee\x80\x80"),
        BYTES("\xf0\x90\x80\x80"),
        BYTES("\xf4\x8f\xbf\xbf"),
        BYTES("12345678\xe2\x82\xac"
              "90"),
        BYTES("a\0b"),
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!OK(utf8_is_valid(good[i])))
            NOTE("row %zu", i);
    }
}

static void bad_text_is_not(void)
{
    static const struct str bad[] = {
        BYTES("\x80"),
        BYTES("\xc0\x80"),
        BYTES("\xc1\xbf"),
        BYTES("\xc2"),
        BYTES("\xc2"
              "a"),
        BYTES("\xe0\x9f\xbf"),
        BYTES("\xe2\x82"),
        BYTES("\xed\xa0\x80"),
        BYTES("\xf0\x8f\xbf\xbf"),
        BYTES("\xf4\x90\x80\x80"),
        BYTES("\xf5\x80\x80\x80"),
        BYTES("\xff"),
        BYTES("12345678123\xff"
              "5678"),
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!OK(!utf8_is_valid(bad[i])))
            NOTE("row %zu", i);
    }
}

static void characters_survive_the_round_trip(void)
{
    static const uint32_t all[] = { 0, 'a', 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff };
    char text[4];

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        size_t len = utf8_encode(all[i], text);
        uint32_t back = 1;

        EQ_UINT(utf8_decode(str_make(text, len), &back), len);
        EQ_UINT(back, all[i]);
    }
}

static const struct tap_case cases[] = {
    { "good_text_is_valid", good_text_is_valid },
    { "bad_text_is_not", bad_text_is_not },
    { "characters_survive_the_round_trip", characters_survive_the_round_trip },
};

TAP_MAIN(cases)
