#include "core/route/route_explain.h"

#include "tests/tap.h"

static struct arena arena;
static struct http_msg head;
static struct route_query q;

static void begin(void)
{
    arena_init(&arena, 0);
    http_msg_init(&head, &arena);
    http_msg_set_method(&head, STR("GET"));
    head.scheme = STR("http");
    head.authority = STR("a.com");
    http_headers_add(&head.headers, STR("x"), STR("1"));
    q = (struct route_query){
        .head = &head, .path = STR("/b"), .query = STR("p=2"), .port = 80, .arena = &arena
    };
}

static void says(const struct model_match *m, const char *field, const char *name,
                 const char *wanted, const char *had)
{
    struct route_explain why = { 0 };

    OK(!route_explain_match(m, &q, &why));
    OK(!route_match_request(m, &q));
    EQ_STR(why.field, field);
    EQ_STRN(why.name.p ? why.name.p : "", why.name.len, name);
    EQ_STRN(why.wanted.p, why.wanted.len, wanted);
    if (had)
        EQ_STRN(why.had.p, why.had.len, had);
    else
        OK(!why.had.p);
}

static void the_first_condition_that_fails_is_named(void)
{
    struct model_string_match path = { .type = MODEL_MATCH_PREFIX, .value = STR_INIT("/a") };
    struct model_string_match all = { .type = MODEL_MATCH_PREFIX, .value = STR_INIT("/") };
    struct model_string_match post = { .type = MODEL_MATCH_EXACT, .value = STR_INIT("POST") };
    struct model_header_match with = { .name = STR_INIT("y"),
                                       .match = { .type = MODEL_MATCH_PRESENT } };
    struct model_header_match without = { .name = STR_INIT("x"),
                                          .match = { .type = MODEL_MATCH_EXACT,
                                                     .value = STR_INIT("1"),
                                                     .invert = true,
                                                     .missing_is_empty = true } };
    struct model_query_match query = {
        .name = STR_INIT("p"), .match = { .type = MODEL_MATCH_EXACT, .value = STR_INIT("1") }
    };

    begin();
    says(&(struct model_match){ .path = &path, .method = &post }, "uri", "", "prefix \"/a\"", "/b");
    says(&(struct model_match){ .path = &all, .method = &post }, "method", "", "exact \"POST\"",
         "GET");
    says(&(struct model_match){ .port = 8080 }, "port", "", "8080", "80");
    says(&(struct model_match){ .headers = &with, .header_count = 1 }, "headers", "y", "any value",
         NULL);
    says(&(struct model_match){ .headers = &without, .header_count = 1 }, "withoutHeaders", "x",
         "exact \"1\"", "1");
    says(&(struct model_match){ .queries = &query, .query_count = 1 }, "queryParams", "p",
         "exact \"1\"", "2");
    arena_deinit(&arena);
}

static void what_matches_is_not_explained(void)
{
    struct model_string_match any = { .type = MODEL_MATCH_EXACT,
                                      .value = STR_INIT("/B"),
                                      .ignore_case = true };
    struct route_explain why;
    struct str text;

    begin();
    OK(route_explain_match(&(struct model_match){ .path = &any }, &q, &why));
    text = route_explain_condition(&any, &arena);
    EQ_STRN(text.p, text.len, "exact \"/B\" in any case");
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "the_first_condition_that_fails_is_named", the_first_condition_that_fails_is_named },
    { "what_matches_is_not_explained", what_matches_is_not_explained },
};

TAP_MAIN(cases)
