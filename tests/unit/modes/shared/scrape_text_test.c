#include "modes/shared/scrape_text.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static void a_content_type_tells_the_format(void)
{
    static const struct {
        const char *type;
        enum scrape_text_format format;
    } rows[] = {
        { "", SCRAPE_TEXT_PLAIN },
        { "text/plain; version=0.0.4", SCRAPE_TEXT_PLAIN },
        { "application/openmetrics-text", SCRAPE_TEXT_OPEN_001 },
        { "application/openmetrics-text; charset=utf-8; version=0.0.1", SCRAPE_TEXT_OPEN_001 },
        { "Application/OpenMetrics-Text;version=\"1.0.0\"; charset=utf-8", SCRAPE_TEXT_OPEN_100 },
        { "application/openmetrics-text; version=7", SCRAPE_TEXT_PLAIN },
        { "application/openmetrics-textual; version=1.0.0", SCRAPE_TEXT_PLAIN },
        { "application/vnd.google.protobuf; encoding=delimited", SCRAPE_TEXT_NOT_FOR_US },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        NOTE("%s", rows[i].type);
        EQ_INT(scrape_text_format_of(str_of(rows[i].type)), rows[i].format);
        if (rows[i].format == SCRAPE_TEXT_OPEN_001 || rows[i].format == SCRAPE_TEXT_OPEN_100)
            EQ_INT(scrape_text_format_of(str_of(scrape_text_content_type(rows[i].format))),
                   rows[i].format);
    }
    EQ_STR(scrape_text_content_type(SCRAPE_TEXT_PLAIN), "text/plain; version=0.0.4; charset=utf-8");
}

static void protocol_buffers_are_not_asked_for(void)
{
    static const char *const rows[][2] = {
        { "", "" },
        { "*/*", "*/*" },
        { "application/vnd.google.protobuf;proto=x;encoding=delimited;q=0.6,"
          "application/openmetrics-text;version=1.0.0;q=0.5, text/plain;q=0.4,*/*;q=0.1",
          "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4,*/*;q=0.1" },
        { "application/vnd.google.protobuf", "" },
    };
    struct arena a;

    arena_init(&a, 256);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str got = scrape_text_accept(str_of(rows[i][0]), &a);

        EQ_STRN(got.p, got.len, rows[i][1]);
    }
    arena_deinit(&a);
}

static void the_app_gets_a_tenth_less_time(void)
{
    EQ_UINT(scrape_text_timeout_ms(STR("10"), 60000), 9000);
    EQ_UINT(scrape_text_timeout_ms(STR("1.5"), 60000), 1350);
    EQ_UINT(scrape_text_timeout_ms(STR("0.200000"), 60000), 180);
    EQ_UINT(scrape_text_timeout_ms(STR("10.000000"), 60000), 9000);
    EQ_UINT(scrape_text_timeout_ms(STR("1000"), 60000), 60000);
    EQ_UINT(scrape_text_timeout_ms(STR("99999999999999999999"), 60000), 60000);
    EQ_UINT(scrape_text_timeout_ms(STR("0"), 60000), 60000);
    EQ_UINT(scrape_text_timeout_ms(STR("soon"), 60000), 60000);
    EQ_UINT(scrape_text_timeout_ms(STR("1.x"), 60000), 60000);
    EQ_UINT(scrape_text_timeout_ms(STR("-1"), 60000), 60000);
}

static void the_end_mark_is_taken_off(void)
{
    static const char *const rows[][2] = { { "a 1\n# EOF\n", "a 1\n" },
                                           { "a 1\n# EOF\r\n ", "a 1\n" },
                                           { "# EOF", "" },
                                           { "a 1\n", "a 1\n" },
                                           { "", "" },
                                           { "# HELP a # EOF", "# HELP a # EOF" },
                                           { "# EOF\na 1", "# EOF\na 1" } };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str got = scrape_text_without_end(str_of(rows[i][0]));

        EQ_STRN(got.p, got.len, rows[i][1]);
    }
}

static void only_redirects_to_the_same_place_are_followed(void)
{
    static const char *const rows[][2] = {
        { "/metrics/", "/metrics/" },
        { "http://localhost:9090/m", "/m" },
        { "HTTP://127.0.0.1:9090/", "/" },
        { "http://localhost:9091/m", NULL },
        { "http://localhost/m", NULL },
        { "https://localhost:9090/m", NULL },
        { "http://evil.test:9090/m", NULL },
        { "//evil.test/m", NULL },
        { "metrics", NULL },
        { "", NULL },
    };
    struct arena a;

    arena_init(&a, 256);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str got = scrape_text_redirect(str_of(rows[i][0]), 9090, &a);

        NOTE("%s", rows[i][0]);
        OK((got.p == NULL) == (rows[i][1] == NULL));
        if (rows[i][1])
            EQ_STRN(got.p, got.len, rows[i][1]);
    }
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "a_content_type_tells_the_format", a_content_type_tells_the_format },
    { "protocol_buffers_are_not_asked_for", protocol_buffers_are_not_asked_for },
    { "the_app_gets_a_tenth_less_time", the_app_gets_a_tenth_less_time },
    { "the_end_mark_is_taken_off", the_end_mark_is_taken_off },
    { "only_redirects_to_the_same_place_are_followed",
      only_redirects_to_the_same_place_are_followed },
};

TAP_MAIN(cases)
