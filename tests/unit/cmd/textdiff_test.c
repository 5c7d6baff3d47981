#include "cmd/textdiff.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "tests/tap.h"

static const struct {
    const char *a, *b, *want;
} samples[] = {
    { "x\n", "x\n", "" },
    { "", "x\n", "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+x\n" },
    { "x\n", "", "--- a\n+++ b\n@@ -1,1 +0,0 @@\n-x\n" },
    { "x\ny\nz\n", "x\nw\nz\n", "--- a\n+++ b\n@@ -1,3 +1,3 @@\n x\n-y\n+w\n z\n" },
    { "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\n6\n7\n",
      "--- a\n+++ b\n@@ -4,3 +4,4 @@\n 4\n 5\n 6\n+7\n" },
    { "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "0\n2\n3\n4\n5\n6\n7\n8\n9\n11\n",
      "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-1\n+0\n 2\n 3\n 4\n@@ -7,4 +7,4 @@\n 7\n 8\n "
      "9\n-10\n+11\n" },
};

static void differences_are_shown(void)
{
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct buf out;
        char *got;

        buf_init(&out, 0);
        OK(textdiff_write(str_of(samples[i].a), str_of(samples[i].b), "a", "b", false, &out) ==
           (samples[i].want[0] != '\0'));
        got = buf_take_strz(&out);
        EQ_STR(got, samples[i].want);
        mem_free(got);
        buf_deinit(&out);
    }
}

/* Applying the + and - lines to a gives b, whatever the texts. */
static void random_texts_are_rebuilt(void)
{
    srand(7);
    for (int round = 0; round < 300; round++) {
        struct buf a, b, out, back;
        struct str rest;

        buf_init(&a, 0);
        buf_init(&b, 0);
        buf_init(&out, 0);
        buf_init(&back, 0);
        for (int i = rand() % 20; i > 0; i--)
            buf_printf(&a, "%d\n", rand() % 5);
        for (int i = rand() % 20; i > 0; i--)
            buf_printf(&b, "%d\n", rand() % 5);
        if (textdiff_write(buf_str(&a), buf_str(&b), "a", "b", false, &out)) {
            int at = 0, line = 0;
            struct str old = buf_str(&a);

            for (rest = buf_str(&out); rest.len;) {
                struct str one = str_cut(&rest, '\n');

                if (str_starts(one, STR("@@"))) {
                    int from, count;

                    EQ_INT(sscanf(one.p, "@@ -%d,%d", &from, &count), 2);
                    for (at = count ? from - 1 : from; line < at; line++) {
                        struct str kept = str_cut(&old, '\n');

                        buf_printf(&back, "%.*s\n", STR_ARG(kept));
                    }
                } else if (one.p[0] == ' ' || (one.p[0] == '-' && !str_starts(one, STR("---")))) {
                    struct str was = str_cut(&old, '\n');

                    line++;
                    OK(str_eq(was, str_skip(one, 1)));
                    if (one.p[0] == ' ')
                        buf_printf(&back, "%.*s\n", STR_ARG(was));
                } else if (one.p[0] == '+' && !str_starts(one, STR("+++"))) {
                    buf_printf(&back, "%.*s\n", STR_ARG(str_skip(one, 1)));
                }
            }
            buf_add_str(&back, old);
            OK(str_eq(buf_str(&back), buf_str(&b)));
        }
        buf_deinit(&a);
        buf_deinit(&b);
        buf_deinit(&out);
        buf_deinit(&back);
    }
}

static const struct tap_case cases[] = {
    { "differences_are_shown", differences_are_shown },
    { "random_texts_are_rebuilt", random_texts_are_rebuilt },
};

TAP_MAIN(cases)
