#include "core/http/http_cookie.h"

#include "tests/tap.h"

static struct arena arena;
static struct http_headers h;

static void begin(const char *first, const char *second)
{
    arena_init(&arena, 512);
    http_headers_init(&h, &arena);
    http_headers_add(&h, STR("accept"), STR("a=no"));
    if (first)
        http_headers_add(&h, STR("cookie"), str_of(first));
    http_headers_add(&h, STR("x-cookie"), STR("a=no"));
    if (second)
        http_headers_add(&h, STR("cookie"), str_of(second));
}

static void is(struct str got, const char *want)
{
    EQ_STRN(got.p, got.len, want);
}

static void value_is_found_among_others(void)
{
    static const struct {
        const char *header, *value;
    } rows[] = {
        { "a=1", "1" },       { "b=2; a=1", "1" }, { "b=2;a=1;c=3", "1" },  { "a=\"1\"", "1" },
        { "aa=2; a=1", "1" }, { " a =1", "1" },    { "a=x=y; b=2", "x=y" }, { "a=; b=2", "" },
        { "A=2; a=1", "1" },  { ";;; a=1", "1" },  { "a=\"; b=2", "\"" },   { "a; a=1", "1" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(rows[i].header, NULL);
        is(http_cookie_get(&h, STR("a")), rows[i].value);
        arena_deinit(&arena);
    }
}

static void what_is_not_there_has_no_pointer(void)
{
    static const char *const rows[] = { NULL, "", ";", "=1", "aa=1", "a", "b=2; a" };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(rows[i], NULL);
        OK(http_cookie_get(&h, STR("a")).p == NULL);
        arena_deinit(&arena);
    }
}

static void several_come_in_their_order(void)
{
    struct http_cookie at = { 0 };

    begin("a=1; b=2; a=3", "a=4");
    is(http_cookie_next(&h, STR("a"), &at), "1");
    is(http_cookie_next(&h, STR("a"), &at), "3");
    is(http_cookie_next(&h, STR("a"), &at), "4");
    OK(http_cookie_next(&h, STR("a"), &at).p == NULL);
    OK(http_cookie_next(&h, STR("a"), &at).p == NULL);
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "value_is_found_among_others", value_is_found_among_others },
    { "what_is_not_there_has_no_pointer", what_is_not_there_has_no_pointer },
    { "several_come_in_their_order", several_come_in_their_order },
};

TAP_MAIN(cases)
