#include "core/text/regex_prefix.h"

#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/text/regex.h"
#include "tests/tap.h"

static const struct {
    const char *pattern, *prefix;
} rows[] = {
    { "/v1/[0-9]+", "/v1/" },
    { "^/v1/[0-9]+$", "/v1/" },
    { "/exact", "/exact" },
    { "/a\\.b\\-c/.*", "/a.b-c/" },
    { "/ab*c", "/a" },
    { "/ab?c", "/a" },
    { "/ab{2}c", "/a" },
    { "/ab+c", "/a" },
    { "/a(b|c)d", "/a" },
    { "/a|/b", "" },
    { "(/a)/b", "" },
    { ".*", "" },
    { "(?i)/abc", "" },
    { "/a\\d", "/a" },
    { "/a\\Q.b\\E", "/a" },
    { "/caf\xc3\xa9*", "/caf" },
    { "/a[|]b", "" }, /* not looked at closely */
    { "", "" },
};

static void prefixes_are_found(void)
{
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str got = regex_prefix_of(str_of(rows[i].pattern), &a);

        if (!EQ_STRN(got.p, got.len, rows[i].prefix))
            NOTE("%s", rows[i].pattern);
    }
    arena_deinit(&a);
}

/* Random expressions, random strings: what matches begins with the prefix. */
static void whatever_matches_begins_with_it(void)
{
    static const char pieces[] = "ab/.*+?|()[]^$\\{1}d-";
    struct random r;
    uint32_t matched = 0;

    random_init(&r, 3);
    for (int round = 0; round < 20000; round++) {
        char pattern[12], text[8];
        size_t len = 1 + random_below(&r, sizeof(pattern) - 1);
        struct regex *re;
        struct arena a;

        for (size_t i = 0; i < len; i++)
            pattern[i] = pieces[random_below(&r, sizeof(pieces) - 1)];
        arena_init(&a, 0);
        if (regex_new(&re, str_make(pattern, len), &a, NULL) == 0) {
            struct str prefix = regex_prefix_of(str_make(pattern, len), &a);

            for (int i = 0; i < 50; i++) {
                size_t n = random_below(&r, sizeof(text));

                for (size_t k = 0; k < n; k++)
                    text[k] = "ab/d-"[random_below(&r, 5)];
                if (!regex_is_match(re, str_make(text, n)))
                    continue;
                matched++;
                if (!OK(str_starts(str_make(text, n), prefix)))
                    NOTE("%.*s", (int)len, pattern);
            }
            regex_free(re);
        }
        arena_deinit(&a);
    }
    OK(matched > 1000);
}

static const struct tap_case cases[] = {
    { "prefixes_are_found", prefixes_are_found },
    { "whatever_matches_begins_with_it", whatever_matches_begins_with_it },
};

TAP_MAIN(cases)
