#include "cmd/print_table.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static void check(const struct print_table *t, bool header, const char *want)
{
    struct buf out;
    char *got;

    buf_init(&out, 0);
    print_table_write(t, header, &out);
    got = buf_take_strz(&out);
    EQ_STR(got, want);
    mem_free(got);
    buf_deinit(&out);
}

static void columns_are_as_wide_as_needed(void)
{
    struct print_table t;

    print_table_init(&t, "NAME|AGE");
    print_table_add(&t, STR("reviews"));
    print_table_addf(&t, "%ds", 5);
    print_table_add(&t, STR("a"));
    print_table_add(&t, STR(""));
    EQ_UINT(print_table_rows(&t), 2);
    check(&t, true, "NAME      AGE\nreviews   5s\na\n");
    print_table_sort(&t);
    check(&t, false, "a\nreviews   5s\n");
    print_table_deinit(&t);
}

static void characters_count_not_bytes(void)
{
    struct print_table t;

    print_table_init(&t, "A|B");
    print_table_add(&t, STR("\xc3\xa9t\xc3\xa9"));
    print_table_add(&t, STR("x"));
    check(&t, true, "A     B\n\xc3\xa9t\xc3\xa9   x\n");
    print_table_deinit(&t);
}

static void control_bytes_do_not_reach_the_terminal(void)
{
    struct print_table t;

    print_table_init(&t, "A");
    print_table_add(&t, STR("x\033[2J\ny"));
    check(&t, false, "x [2J y\n");
    print_table_deinit(&t);
}

static const struct tap_case cases[] = {
    { "columns_are_as_wide_as_needed", columns_are_as_wide_as_needed },
    { "characters_count_not_bytes", characters_count_not_bytes },
    { "control_bytes_do_not_reach_the_terminal", control_bytes_do_not_reach_the_terminal },
};

TAP_MAIN(cases)
