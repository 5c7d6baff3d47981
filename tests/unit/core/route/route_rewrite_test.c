#include "core/route/route_rewrite.h"

#include "core/base/mem.h"
#include "core/text/regex.h"
#include "tests/tap.h"

static const struct {
    const char *title;
    int type; /* -1: no path condition */
    const char *match, *with, *request, *want;
} rewrites[] = {
    { "only the prefix", MODEL_MATCH_PREFIX, "/a", "/b", "/a/c?x=1", "/b/c?x=1" },
    { "prefix without slash", MODEL_MATCH_PREFIX, "/a", "/b", "/ac", "/bc" },
    { "prefix by root", MODEL_MATCH_PREFIX, "/a/", "/", "/a/c", "/c" },
    { "double slash as Istio", MODEL_MATCH_PREFIX, "/a", "/", "/a/c", "//c" },
    { "exact: whole", MODEL_MATCH_EXACT, "/a", "/b", "/a?x", "/b?x" },
    { "regex: whole", MODEL_MATCH_REGEX, "/a.*", "/b", "/abc", "/b" },
    { "no condition is prefix /", -1, "", "/v2/", "/a?", "/v2/a?" },
    { "segments", MODEL_MATCH_PATH_PREFIX, "/a", "/b", "/a/c", "/b/c" },
    { "segments, whole", MODEL_MATCH_PATH_PREFIX, "/a", "/b", "/a", "/b" },
    { "segments by root", MODEL_MATCH_PATH_PREFIX, "/a", "/", "/a/c", "/c" },
    { "segments by root, whole", MODEL_MATCH_PATH_PREFIX, "/a/", "/", "/a", "/" },
    { "segments by nothing", MODEL_MATCH_PATH_PREFIX, "/a", "", "/a", "/" },
    { "root by segments", MODEL_MATCH_PATH_PREFIX, "/", "/b", "/c", "/b/c" },
    { "stays a path", MODEL_MATCH_PREFIX, "/a/", "", "/a/c", "/c" },
};

static void run(const struct model_route *route, const char *request, const char *want,
                const char *title)
{
    struct arena a;
    struct http_msg head;
    struct route_query q;
    struct str got;

    arena_init(&a, 0);
    http_msg_init(&head, &a);
    head.path = str_of(request);
    q = (struct route_query){ .head = &head, .path = http_msg_path_only(&head), .arena = &a };
    got = route_rewrite_path(route, &q);
    if (!EQ_STRN(got.p, got.len, want))
        NOTE("%s", title);
    arena_deinit(&a);
}

static void prefix_or_whole_path_is_replaced(void)
{
    for (size_t i = 0; i < COUNT_OF(rewrites); i++) {
        struct model_string_match m = { .type = (uint8_t)rewrites[i].type,
                                        .value = str_of(rewrites[i].match) };
        struct model_rewrite r = { .path = str_of(rewrites[i].with), .has_path = true };
        struct model_route route = { .rewrite = &r };

        route.match.path = rewrites[i].type < 0 ? NULL : &m;
        run(&route, rewrites[i].request, rewrites[i].want, rewrites[i].title);
    }
}

static void regex_replaces_and_keeps_the_query(void)
{
    struct model_rewrite r = { .substitution = STR("/\\2/\\1") };
    struct model_route route = { .rewrite = &r };
    struct regex *regex;
    struct arena a;

    arena_init(&a, 0);
    if (!EQ_INT(regex_new(&regex, STR("^/([a-z]+)/([a-z]+)"), &a, NULL), 0))
        return;
    r.regex = regex;
    run(&route, "/aa/bb/cc?/x/y", "/bb/aa/cc?/x/y", "swap");
    run(&route, "/1/2", "/1/2", "no match");
    regex_free(regex);
    arena_deinit(&a);
}

static void without_rewrite_nothing_changes(void)
{
    struct model_rewrite only_host = { .authority = STR("x") };
    struct model_route route = { 0 };

    run(&route, "/a?b", "/a?b", "none");
    route.rewrite = &only_host;
    run(&route, "/a?b", "/a?b", "authority only");
}

static const struct tap_case cases[] = {
    { "prefix_or_whole_path_is_replaced", prefix_or_whole_path_is_replaced },
    { "regex_replaces_and_keeps_the_query", regex_replaces_and_keeps_the_query },
    { "without_rewrite_nothing_changes", without_rewrite_nothing_changes },
};

TAP_MAIN(cases)
