#include "core/base/diag.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static const char reviews[] = "kind: VirtualService\n"
                              "spec:\n"
                              "  http:\n"
                              "  - route: [{destination: {host: reviews}}]\n"
                              "    retires:\n"
                              "      attempts: 3\r\n"
                              "    weight: 120\n";

static void check_text(const struct diag *d, const char *want)
{
    struct buf out;

    buf_init(&out, 0);
    diag_render_text(d, &out, false);
    EQ_STRN(out.p ? out.p : "", buf_len(&out), want);
    buf_deinit(&out);
}

static void check_short(const struct diag *d, const char *want)
{
    struct buf out;

    buf_init(&out, 0);
    diag_render_short(d, &out);
    EQ_STRN(out.p ? out.p : "", buf_len(&out), want);
    buf_deinit(&out);
}

static void check_json(const struct diag *d, const char *want)
{
    struct buf out;

    buf_init(&out, 0);
    diag_render_json(d, &out);
    EQ_STRN(out.p, buf_len(&out), want);
    buf_deinit(&out);
}

static void typo_is_shown_with_caret_owner_and_hint(void)
{
    struct diag_pos pos = { "reviews.yaml", 5, 5, 12 };
    struct diag_item *item;
    struct diag d;

    diag_init(&d);
    diag_add_source(&d, "reviews.yaml", str_of(reviews));
    d.object = STR("VirtualService default/reviews");
    item = diag_add(&d, DIAG_ERROR, "MSH1002", &pos, STR("spec.http[0].retires"),
                    "unknown field \"%s\" in VirtualService spec.http[0]", "retires");
    item->suggestion = STR("retries");
    item->hint = STR("mesh explain VirtualService.spec.http.retries");
    check_text(&d, "error[MSH1002]: unknown field \"retires\" in VirtualService spec.http[0]\n"
                   " --> reviews.yaml:5:5\n"
                   "  |\n"
                   "4 |   - route: [{destination: {host: reviews}}]\n"
                   "5 |     retires:\n"
                   "  |     ^^^^^^^ did you mean \"retries\"?\n"
                   "  = mesh explain VirtualService.spec.http.retries\n");
    check_short(&d, "reviews.yaml:5:5: error: unknown field \"retires\" in VirtualService "
                    "spec.http[0], did you mean \"retries\"? [MSH1002]\n");
    check_json(&d, "{\"items\":[{\"severity\":\"error\",\"code\":\"MSH1002\",\"message\":\"unknown "
                   "field \\\"retires\\\" in VirtualService spec.http[0]\",\"file\":"
                   "\"reviews.yaml\",\"line\":5,\"col\":5,\"endCol\":12,\"path\":"
                   "\"spec.http[0].retires\",\"suggestion\":\"retries\",\"hint\":\"mesh explain "
                   "VirtualService.spec.http.retries\",\"object\":\"VirtualService "
                   "default/reviews\"}],\"errors\":1,\"warnings\":0}");
    OK(diag_has_errors(&d));
    diag_deinit(&d);
}

static void path_stands_before_the_message(void)
{
    struct diag_pos pos = { "a.yaml", 7, 13, 16 };
    struct diag_item *item;
    struct diag d;

    diag_init(&d);
    diag_add_source(&d, "a.yaml", str_of(reviews));
    item =
        diag_add(&d, DIAG_WARNING, NULL, &pos, STR("spec.http[0].weight"), "120 is outside 0..100");
    item->label = STR("0 takes no traffic");
    check_text(&d, "warning: spec.http[0].weight: 120 is outside 0..100\n"
                   " --> a.yaml:7:13\n"
                   "  |\n"
                   "7 |     weight: 120\n"
                   "  |             ^^^ 0 takes no traffic\n");
    OK(!diag_has_errors(&d));
    diag_deinit(&d);
}

static void unknown_places_are_left_out(void)
{
    struct diag_pos no_source = { "gone.yaml", 3, 1, 0 }, no_line = { "x.yaml", 0, 0, 0 };
    struct diag_pos beyond = { "a.yaml", 99, 1, 2 };
    struct diag d;

    diag_init(&d);
    diag_add_source(&d, "a.yaml", str_of(reviews));
    diag_add(&d, DIAG_ERROR, "E1", &no_source, STR_NONE, "one")->suggestion = STR("uno");
    diag_add(&d, DIAG_INFO, "E2", &no_line, STR_NONE, "two");
    d.object = STR("Service default/x");
    diag_add(&d, DIAG_ERROR, "E3", NULL, STR("spec"), "three");
    diag_add(&d, DIAG_ERROR, "E4", &beyond, STR_NONE, "four");
    check_text(&d, "error[E1]: one\n"
                   " --> gone.yaml:3:1\n"
                   "  = did you mean \"uno\"?\n"
                   "\n"
                   "info[E2]: two\n"
                   " --> x.yaml\n"
                   "\n"
                   "error[E3]: spec: three\n"
                   " --> Service default/x\n"
                   "\n"
                   "error[E4]: four\n"
                   "  --> a.yaml:99:1\n");
    check_short(&d, "gone.yaml:3:1: error: one, did you mean \"uno\"? [E1]\n"
                    "x.yaml: info: two [E2]\n"
                    "Service default/x: error: spec: three [E3]\n"
                    "a.yaml:99:1: error: four [E4]\n");
    diag_deinit(&d);
}

static void nothing_found_renders_nothing(void)
{
    struct diag d;

    diag_init(&d);
    check_text(&d, "");
    check_json(&d, "{\"items\":[],\"errors\":0,\"warnings\":0}");
    diag_deinit(&d);
}

static void control_bytes_do_not_reach_the_terminal(void)
{
    struct diag_pos pos = { "e\033.yaml", 1, 3, 4 };
    struct diag d;

    diag_init(&d);
    diag_add_source(&d, "e\033.yaml", STR("a\tb\033[31mc\n"));
    diag_add(&d, DIAG_ERROR, "E", &pos, STR_NONE, "bad \033]0;x\007 value");
    check_text(&d, "error[E]: bad ?]0;x? value\n"
                   " --> e?.yaml:1:3\n"
                   "  |\n"
                   "1 | a b?[31mc\n"
                   "  |   ^\n");
    diag_deinit(&d);
}

static void columns_count_characters(void)
{
    struct diag_pos pos = { "u.yaml", 1, 7, 9 };
    struct diag d;

    diag_init(&d);
    diag_add_source(&d, "u.yaml", STR("n\xc3\xa4me: \xe2\x82\xacx"));
    diag_add(&d, DIAG_ERROR, "E", &pos, STR_NONE, "m");
    check_text(&d, "error[E]: m\n"
                   " --> u.yaml:1:7\n"
                   "  |\n"
                   "1 | n\xc3\xa4me: \xe2\x82\xacx\n"
                   "  |       ^^\n");
    diag_deinit(&d);
}

static void long_line_is_cut_round_the_place(void)
{
    struct diag_pos pos = { "l.json", 1, 1001, 1004 };
    char text[3000];
    struct buf out;
    struct diag d;

    memset(text, 'x', sizeof(text));
    memcpy(text + 1000, "BAD", 3);
    diag_init(&d);
    diag_add_source(&d, "l.json", str_make(text, sizeof(text)));
    diag_add(&d, DIAG_ERROR, "E", &pos, STR_NONE, "m");
    buf_init(&out, 0);
    diag_render_text(&d, &out, false);
    OK(buf_len(&out) < 400);
    buf_add_char(&out, '\0');
    HAS_STR(out.p, "1 | ...xxx");
    HAS_STR(out.p, "xxx...\n");
    /* The caret stands under the first letter: both are as far from their line's beginning. */
    {
        const char *bad = strstr(out.p, "BAD"), *caret = strstr(out.p, "^^^\n");

        if (OK(bad && caret)) {
            const char *bad_line = bad, *caret_line = caret;

            while (bad_line[-1] != '\n')
                bad_line--;
            while (caret_line[-1] != '\n')
                caret_line--;
            EQ_INT(bad - bad_line, caret - caret_line);
        }
    }
    buf_deinit(&out);
    diag_deinit(&d);
}

static void items_beyond_the_limit_are_counted(void)
{
    struct diag d;

    diag_init(&d);
    d.max_items = 2;
    for (int i = 0; i < 5; i++)
        diag_add(&d, DIAG_ERROR, "E", NULL, STR_NONE, "m%d", i)->hint = STR("h");
    EQ_UINT(d.count[DIAG_ERROR], 5);
    check_short(&d, "error: m0 [E]\nerror: m1 [E]\n3 more not shown\n");
    diag_deinit(&d);
}

static void texts_outlive_what_they_came_from(void)
{
    char *file = mem_strdup("tmp.yaml"), *text = mem_strdup("a: b\n"), *path = mem_strdup("a");
    struct diag_pos pos = { file, 1, 1, 2 };
    struct diag d;

    diag_init(&d);
    diag_add_source(&d, file, str_of(text));
    diag_add(&d, DIAG_ERROR, "E", &pos, str_of(path), "m");
    mem_free(file);
    mem_free(text);
    mem_free(path);
    check_text(&d, "error[E]: a: m\n"
                   " --> tmp.yaml:1:1\n"
                   "  |\n"
                   "1 | a: b\n"
                   "  | ^\n");
    diag_deinit(&d);
}

static void colour_is_balanced(void)
{
    struct diag_pos pos = { "a.yaml", 5, 5, 12 };
    struct buf out;
    struct diag d;

    diag_init(&d);
    diag_add_source(&d, "a.yaml", str_of(reviews));
    diag_add(&d, DIAG_ERROR, "E", &pos, STR_NONE, "m")->hint = STR("h");
    buf_init(&out, 0);
    diag_render_text(&d, &out, true);
    buf_add_char(&out, '\0');
    HAS_STR(out.p, "\033[1;31merror[E]\033[0m");
    OK(str_ends(str_of(out.p), STR("\033[0m h\n")));
    buf_deinit(&out);
    diag_deinit(&d);
}

static const struct tap_case cases[] = {
    { "typo_is_shown_with_caret_owner_and_hint", typo_is_shown_with_caret_owner_and_hint },
    { "path_stands_before_the_message", path_stands_before_the_message },
    { "unknown_places_are_left_out", unknown_places_are_left_out },
    { "nothing_found_renders_nothing", nothing_found_renders_nothing },
    { "control_bytes_do_not_reach_the_terminal", control_bytes_do_not_reach_the_terminal },
    { "columns_count_characters", columns_count_characters },
    { "long_line_is_cut_round_the_place", long_line_is_cut_round_the_place },
    { "items_beyond_the_limit_are_counted", items_beyond_the_limit_are_counted },
    { "texts_outlive_what_they_came_from", texts_outlive_what_they_came_from },
    { "colour_is_balanced", colour_is_balanced },
};

TAP_MAIN(cases)
