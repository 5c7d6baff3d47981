#include "core/route/route_match.h"

#include "core/base/mem.h"
#include "core/text/regex.h"
#include "tests/tap.h"

static struct arena arena;
static struct http_msg head;
static struct route_query query;

static void begin(const char *path_only, const char *query_text)
{
    arena_init(&arena, 0);
    http_msg_init(&head, &arena);
    http_msg_set_method(&head, STR("GET"));
    head.scheme = STR("http");
    head.authority = STR("reviews:9080");
    query = (struct route_query){ .head = &head,
                                  .path = str_of(path_only),
                                  .query = str_of(query_text),
                                  .port = 9080,
                                  .arena = &arena };
}

static void add(const char *name, const char *value)
{
    http_headers_add(&head.headers, str_of(name), str_of(value));
}

static bool path_matches(enum model_match_type type, const char *value, const char *path,
                         bool ignore_case)
{
    struct model_string_match m = { .type = (uint8_t)type,
                                    .value = str_of(value),
                                    .ignore_case = ignore_case };

    return route_match_string(&m, str_of(path));
}

static void strings_match_by_type(void)
{
    OK(path_matches(MODEL_MATCH_EXACT, "/foo", "/foo", false));
    OK(!path_matches(MODEL_MATCH_EXACT, "/foo", "/foobar", false));
    OK(!path_matches(MODEL_MATCH_EXACT, "/foo", "/Foo", false));
    OK(path_matches(MODEL_MATCH_EXACT, "/foo", "/Foo", true));
    OK(path_matches(MODEL_MATCH_PREFIX, "/foo", "/foobar", false)); /* VS-2 */
    OK(!path_matches(MODEL_MATCH_PREFIX, "/foo", "/FOObar", false));
    OK(path_matches(MODEL_MATCH_PREFIX, "/foo", "/FOObar", true));
    OK(path_matches(MODEL_MATCH_PATH_PREFIX, "/foo", "/foo", false));
    OK(path_matches(MODEL_MATCH_PATH_PREFIX, "/foo", "/foo/", false));
    OK(path_matches(MODEL_MATCH_PATH_PREFIX, "/foo/", "/foo", false));
    OK(path_matches(MODEL_MATCH_PATH_PREFIX, "/foo", "/foo/bar", false));
    OK(!path_matches(MODEL_MATCH_PATH_PREFIX, "/foo", "/foobar", false));
    OK(path_matches(MODEL_MATCH_PATH_PREFIX, "/", "/any", false));
    OK(path_matches(MODEL_MATCH_PRESENT, "", "", false));
}

static void regex_needs_the_whole_value(void)
{
    struct model_string_match m = { .type = MODEL_MATCH_REGEX };
    struct regex *regex;

    arena_init(&arena, 0);
    if (!EQ_INT(regex_new(&regex, STR("/a[0-9]+"), &arena, NULL), 0))
        return;
    m.regex = regex;
    OK(route_match_string(&m, STR("/a12")));
    OK(!route_match_string(&m, STR("/a12/")));
    OK(!route_match_string(&m, STR("x/a12")));
    regex_free(regex);
    arena_deinit(&arena);
}

static bool header_matches(struct model_header_match h)
{
    struct model_match m = { .headers = &h, .header_count = 1 };

    h.token = (uint16_t)http_token_of(h.name);
    return route_match_request(&m, &query);
}

static void headers_match(void)
{
    struct model_header_match h = { .name = STR("end-user"),
                                    .match = { .type = MODEL_MATCH_EXACT, .value = STR("jason") } };

    begin("/", NULL);
    OK(!header_matches(h));
    add("end-user", "jason");
    OK(header_matches(h));
    h.match.invert = true;
    OK(!header_matches(h));
    h = (struct model_header_match){ .name = STR("x-multi"),
                                     .match = { .type = MODEL_MATCH_EXACT, .value = STR("a,b") } };
    add("x-multi", "a");
    OK(!header_matches(h));
    add("x-multi", "b");
    OK(header_matches(h)); /* values are joined */
    h = (struct model_header_match){ .name = STR("x-empty"),
                                     .match = { .type = MODEL_MATCH_PRESENT } };
    OK(!header_matches(h));
    add("x-empty", "");
    OK(header_matches(h));
    h = (struct model_header_match){ .name = STR(":authority"),
                                     .match = { .type = MODEL_MATCH_PREFIX, .value = STR("rev") } };
    OK(header_matches(h));
    arena_deinit(&arena);
}

static void without_headers_takes_missing_for_empty(void)
{
    struct model_header_match h = { .name = STR("x"),
                                    .match = { .type = MODEL_MATCH_EXACT,
                                               .value = STR("a"),
                                               .invert = true,
                                               .missing_is_empty = true } };

    begin("/", NULL);
    OK(header_matches(h)); /* VS-4 */
    h.match.missing_is_empty = false;
    OK(!header_matches(h)); /* a plain inverted condition needs the header */
    h.match = (struct model_string_match){ .type = MODEL_MATCH_PRESENT,
                                           .invert = true,
                                           .missing_is_empty = true };
    OK(header_matches(h));
    add("x", "a");
    OK(!header_matches(h));
    arena_deinit(&arena);
}

static bool query_matches(const char *name, enum model_match_type type, const char *value)
{
    struct model_query_match p = { .name = str_of(name),
                                   .match = { .type = (uint8_t)type, .value = str_of(value) } };
    struct model_match m = { .queries = &p, .query_count = 1 };

    return route_match_request(&m, &query);
}

static void query_parameters_are_raw_and_the_first_counts(void)
{
    begin("/", "a=1&b=x%20y&a=2&flag&e=");
    OK(query_matches("a", MODEL_MATCH_EXACT, "1"));
    OK(!query_matches("a", MODEL_MATCH_EXACT, "2"));
    OK(query_matches("b", MODEL_MATCH_EXACT, "x%20y"));
    OK(!query_matches("b", MODEL_MATCH_EXACT, "x y"));
    OK(query_matches("flag", MODEL_MATCH_PRESENT, ""));
    OK(query_matches("flag", MODEL_MATCH_EXACT, ""));
    OK(query_matches("e", MODEL_MATCH_EXACT, ""));
    OK(!query_matches("c", MODEL_MATCH_PRESENT, ""));
    arena_deinit(&arena);
}

static void all_conditions_must_hold(void)
{
    struct model_string_match path = { .type = MODEL_MATCH_PREFIX, .value = STR("/api") };
    struct model_string_match get = { .type = MODEL_MATCH_EXACT, .value = STR("GET") };
    struct model_string_match http = { .type = MODEL_MATCH_EXACT, .value = STR("http") };
    struct model_string_match host = { .type = MODEL_MATCH_EXACT, .value = STR("reviews:9080") };
    struct model_match m = {
        .path = &path, .method = &get, .scheme = &http, .authority = &host, .port = 9080
    };

    begin("/api/x", NULL);
    OK(route_match_request(&m, &query));
    m.port = 80;
    OK(!route_match_request(&m, &query));
    m.port = 0;
    http_msg_set_method(&head, STR("POST"));
    OK(!route_match_request(&m, &query));
    m.method = NULL;
    head.scheme = STR("https");
    OK(!route_match_request(&m, &query));
    m.scheme = NULL;
    head.authority = STR("reviews");
    OK(!route_match_request(&m, &query));
    m.authority = NULL;
    OK(route_match_request(&m, &query));
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "strings_match_by_type", strings_match_by_type },
    { "regex_needs_the_whole_value", regex_needs_the_whole_value },
    { "headers_match", headers_match },
    { "without_headers_takes_missing_for_empty", without_headers_takes_missing_for_empty },
    { "query_parameters_are_raw_and_the_first_counts",
      query_parameters_are_raw_and_the_first_counts },
    { "all_conditions_must_hold", all_conditions_must_hold },
};

TAP_MAIN(cases)
