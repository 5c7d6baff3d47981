#include "core/text/regex.h"

#include <pthread.h>

#include "core/base/error.h"
#include "tests/tap.h"

static struct regex *make(struct arena *a, const char *pattern)
{
    struct regex *r = NULL;

    EQ_INT(regex_new(&r, str_of(pattern), a, NULL), 0);
    return r;
}

static void whole_texts_match(void)
{
    struct arena a;
    struct regex *r;

    arena_init(&a, 0);
    r = make(&a, "/v[0-9]+/.*");
    OK(regex_is_match(r, STR("/v12/x")));
    OK(!regex_is_match(r, STR("x/v12/x")));
    OK(!regex_is_match(r, STR("")));
    regex_free(r);
    r = make(&a, "");
    OK(regex_is_match(r, STR_NONE));
    OK(!regex_is_match(r, STR("a")));
    regex_free(r);
    regex_free(NULL);
    arena_deinit(&a);
}

static void groups_are_filled(void)
{
    struct str g[REGEX_MAX_CAPTURES + 1];
    struct arena a;
    struct regex *r;

    arena_init(&a, 0);
    r = make(&a, "(a+)(x)?(b+)");
    EQ_INT(regex_captures(r), 3);
    if (OK(regex_find(r, STR("..aabb.."), g, 4))) {
        EQ_STRN(g[0].p, g[0].len, "aabb");
        EQ_STRN(g[1].p, g[1].len, "aa");
        OK(g[2].p == NULL);
        EQ_STRN(g[3].p, g[3].len, "bb");
    }
    OK(!regex_full(r, STR("..aabb.."), g, 4));
    OK(regex_full(r, STR("ab"), g, 1));
    OK(regex_find(r, STR("ab"), NULL, 0));
    regex_free(r);
    arena_deinit(&a);
}

static const struct {
    const char *pattern, *in, *with, *out;
    size_t count;
    int rc;
} replacements[] = {
    { "/api/(.*)", "/api/x/y", "/\\1", "/x/y", 1, 0 },
    { "o", "foo boo", "0", "f00 b00", 4, 0 },
    { "(a)(b)", "xabyab", "\\2\\1", "xbayba", 2, 0 },
    { "a", "banana", "\\0\\0", "baanaanaa", 3, 0 },
    { "a", "a", "\\\\", "\\", 1, 0 },
    { "z", "abc", "x", "abc", 0, 0 },
    { "", "ab", "-", "-a-b-", 3, 0 },
    { "x*", "axb", "-", "-a-b-", 3, 0 },
    { "^a", "aaa", "b", "baa", 1, 0 },
    { "a", "a", "\\1", NULL, 0, ERR_INVALID },
    { "a", "a", "\\", NULL, 0, ERR_INVALID },
    { "a", "a", "\\x", NULL, 0, ERR_INVALID },
    { "a", "aaaaaaaaaa", "0123456789012345", NULL, 0, ERR_LIMIT },
};

static void matches_are_replaced(void)
{
    for (size_t i = 0; i < sizeof(replacements) / sizeof(replacements[0]); i++) {
        struct str out = STR("untouched");
        size_t count = 0;
        struct arena a;
        struct regex *r;

        NOTE("%s on %s", replacements[i].pattern, replacements[i].in);
        arena_init(&a, 0);
        r = make(&a, replacements[i].pattern);
        EQ_INT(regex_replace(r, str_of(replacements[i].in), str_of(replacements[i].with), 100, &a,
                             &out, &count),
               replacements[i].rc);
        EQ_STRN(out.p, out.len, replacements[i].rc ? "untouched" : replacements[i].out);
        if (!replacements[i].rc)
            EQ_UINT(count, replacements[i].count);
        regex_free(r);
        arena_deinit(&a);
    }
}

static void bad_expressions_are_explained(void)
{
    char longest[REGEX_MAX_BYTES + 1];
    struct regex *r = NULL;
    struct arena a;
    struct str why = STR_NONE;

    arena_init(&a, 0);
    EQ_INT(regex_new(&r, STR("a("), &a, &why), ERR_INVALID);
    HAS_STR(why.p, "missing )");
    EQ_INT(regex_new(&r, STR("(?=a)"), &a, &why), ERR_INVALID);
    EQ_INT(regex_new(&r, STR("\\1"), &a, NULL), ERR_INVALID);
    EQ_INT(regex_new(&r, STR("((((a{100}){100}){100}){100})"), &a, &why), ERR_INVALID);
    EQ_INT(regex_new(&r, STR("\\pL{300}\\pN{300}\\pL{300}"), &a, &why), ERR_LIMIT);
    memset(longest, 'a', sizeof(longest));
    EQ_INT(regex_new(&r, str_make(longest, sizeof(longest)), &a, &why), ERR_LIMIT);
    EQ_INT(regex_new(&r, STR("()()()()()()()()()()()()()()()()()"), &a, &why), ERR_LIMIT);
    OK(r == NULL);
    arena_deinit(&a);
}

static void hostile_input_takes_linear_time(void)
{
    char text[100000];
    struct arena a;
    struct regex *r;

    memset(text, 'a', sizeof(text));
    arena_init(&a, 0);
    r = make(&a, "(a*)*(a*)*(a*)*b");
    OK(!regex_is_match(r, str_make(text, sizeof(text))));
    regex_free(r);
    arena_deinit(&a);
}

static void *match_often(void *arg)
{
    size_t matched = 0;

    for (int i = 0; i < 1000; i++)
        matched += regex_is_match(arg, i & 1 ? STR("/v1/abc") : STR("/w1/abc"));
    return matched == 500 ? arg : NULL;
}

static void threads_may_share_one(void)
{
    pthread_t threads[4];
    struct arena a;
    struct regex *r;
    void *result;

    arena_init(&a, 0);
    r = make(&a, "/v[0-9]+/[a-c]+");
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, match_often, r);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        OK(result == r);
    }
    regex_free(r);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "whole_texts_match", whole_texts_match },
    { "groups_are_filled", groups_are_filled },
    { "matches_are_replaced", matches_are_replaced },
    { "bad_expressions_are_explained", bad_expressions_are_explained },
    { "hostile_input_takes_linear_time", hostile_input_takes_linear_time },
    { "threads_may_share_one", threads_may_share_one },
};

TAP_MAIN(cases)
