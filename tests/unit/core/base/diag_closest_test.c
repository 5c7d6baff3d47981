#include "core/base/diag.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static const char *const fields[] = {
    "name",  "match",  "route", "redirect", "rewrite", NULL,         "timeout",      "retries",
    "fault", "mirror", "hosts", "headers",  "weight",  "corsPolicy", "perTryTimeout"
};

static void names_what_was_meant(void)
{
    static const struct {
        const char *word, *want;
    } rows[] = {
        { "retires", "retries" }, /* a swap is one mistake */
        { "retrys", "retries" },
        { "timeuot", "timeout" },
        { "Timeout", "timeout" },
        { "cors_policy", "corsPolicy" },
        { "cors-policy", "corsPolicy" },
        { "per_try_timeout", "perTryTimeout" },
        { "pertrytimeot", "perTryTimeout" },
        { "rout", "route" },
        { "host", "hosts" },
        { "wieght", "weight" },
        { "route", "route" },
        { "banana", NULL },
        { "", NULL },
        { "x", NULL },
        { "ma", NULL },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_STR(diag_closest(str_of(rows[i].word), fields, COUNT_OF(fields)), rows[i].want))
            NOTE("for %s", rows[i].word);
    }
}

static void tie_names_nothing(void)
{
    static const char *const names[] = { "subsetA", "subsetB", "other" };
    static const char *const nearer[] = { "subsetA", "subsetB", "subsetC1" };

    OK(diag_closest(STR("subsetC"), names, 3) == NULL);
    EQ_STR(diag_closest(STR("subsetC11"), nearer, 3), "subsetC1");
    EQ_STR(diag_closest(STR("subset-a"), names, 3), "subsetA");
}

static void repeated_name_is_no_tie(void)
{
    static const char *const names[] = { "route", "route" };

    EQ_STR(diag_closest(STR("rout"), names, 2), "route");
}

static void long_words_are_left_alone(void)
{
    char word[500];
    const char *const names[] = { "route", word };

    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    OK(diag_closest(str_of(word), names, 2) == NULL);
    OK(diag_closest(STR("aaaaaaaaaaa"), names, 2) == NULL);
}

static const struct tap_case cases[] = {
    { "names_what_was_meant", names_what_was_meant },
    { "tie_names_nothing", tie_names_nothing },
    { "repeated_name_is_no_tie", repeated_name_is_no_tie },
    { "long_words_are_left_alone", long_words_are_left_alone },
};

TAP_MAIN(cases)
