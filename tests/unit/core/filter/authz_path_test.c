#include "core/filter/authz_path.h"

#include "core/base/mem.h"
#include "core/base/random.h"
#include "tests/tap.h"

static const struct {
    const char *pattern, *path;
    bool matches;
} examples[] = {
    { "/a/{*}", "/a/b", true },
    { "/a/{*}", "/a/", false },
    { "/a/{*}", "/a", false },
    { "/a/{*}", "/a/b/c", false },
    { "/a/{*}/c", "/a/b/c", true },
    { "/a/{*}/c", "/a//c", false },
    { "/{*}/{*}", "/a/b", true },
    { "/a/{**}", "/a/", true },
    { "/a/{**}", "/a/b/c", true },
    { "/a/{**}", "/a", false },
    { "/a/{**}/z", "/a/b/c/z", true },
    { "/a/{**}/z", "/a/b/c/zz", false },
    { "/a/{**}/z", "/a//z", true },
    { "/a/{**}/z", "/a/z", false },
    { "/{*}/x/{**}", "/a/x/b/c", true },
    { "/{*}/x/{**}", "/a/y/b", false },
    { "/{*}", "/a*b", true }, /* the sign itself is a character like others */
    { "", "", true },
    { "/a", "/a/", false },
};

static void az_12_templates_match(void)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        if (!OK(authz_path_matches(str_of(examples[i].pattern), str_of(examples[i].path)) ==
                examples[i].matches))
            NOTE("%s on %s", examples[i].pattern, examples[i].path);
    }
}

/* Tries everything, on zero-terminated text. */
static bool slow_match(const char *pattern, const char *path)
{
    if (strncmp(pattern, "{**}", 4) == 0) {
        for (const char *p = path;; p++) {
            if (slow_match(pattern + 4, p))
                return true;
            if (!*p)
                return false;
        }
    }
    if (strncmp(pattern, "{*}", 3) == 0) {
        for (const char *p = path; *p && *p != '/'; p++) {
            if (slow_match(pattern + 3, p + 1))
                return true;
        }
        return false;
    }
    if (!*pattern)
        return !*path;
    return *pattern == *path && slow_match(pattern + 1, path + 1);
}

static void agrees_with_a_search_of_everything(void)
{
    static const char *const parts[] = { "/a", "/b", "/{*}", "/ab", "/{*}" };
    static const char *const ends[] = { "", "/{**}", "/{**}/a", "/" };
    struct random r;
    uint32_t matched = 0;

    random_init(&r, 3);
    for (int i = 0; i < 100000; i++) {
        char pattern[64], path[64] = "";
        const char *some[4] = { "", "", "", "" };

        for (uint64_t n = random_below(&r, 4); n--;)
            some[n] = parts[random_below(&r, COUNT_OF(parts))];
        snprintf(pattern, sizeof(pattern), "%s%s%s%s", some[0], some[1], some[2],
                 ends[random_below(&r, COUNT_OF(ends))]);
        for (size_t n = 0, len = random_below(&r, 10); n < len; n++)
            path[n] = "/ab/"[random_below(&r, 4)];
        matched += slow_match(pattern, path);
        if (!OK(authz_path_matches(str_of(pattern), str_of(path)) == slow_match(pattern, path))) {
            NOTE("%s on %s", pattern, path);
            return;
        }
    }
    OK(matched > 3000);
}

static const struct tap_case cases[] = {
    { "az_12_templates_match", az_12_templates_match },
    { "agrees_with_a_search_of_everything", agrees_with_a_search_of_everything },
};

TAP_MAIN(cases)
