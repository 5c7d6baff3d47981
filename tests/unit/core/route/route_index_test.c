#include "core/route/route_index.h"

#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/text/regex.h"
#include "tests/tap.h"

/* Paths of few letters and segments, so that conditions nest and meet. */
static struct str random_path(struct random *r, struct arena *a)
{
    char text[32] = "/";
    size_t n = 1, len = random_below(r, 7);

    for (size_t i = 0; i < len; i++)
        text[n++] = "ab/"[random_below(r, 3)];
    return arena_str(a, str_make(text, n));
}

static const char *const names[] = { "x-a", "x-b", "cookie", "host" };
static const char *const values[] = { "1", "2", "" };

static struct model_string_match random_match(struct random *r)
{
    return (struct model_string_match){
        .type = random_below(r, 8) ? MODEL_MATCH_EXACT : MODEL_MATCH_PREFIX,
        .value = str_of(values[random_below(r, COUNT_OF(values))]),
        .invert = random_below(r, 16) == 0,
        .ignore_case = random_below(r, 16) == 0,
        .missing_is_empty = random_below(r, 8) == 0,
    };
}

static void add_values(struct model_match *m, struct random *r, struct arena *a)
{
    m->header_count = (uint32_t)random_below(r, 3);
    m->headers = arena_alloc0(a, m->header_count, sizeof(*m->headers));
    for (uint32_t i = 0; i < m->header_count; i++) {
        m->headers[i].name = str_of(names[random_below(r, COUNT_OF(names))]);
        m->headers[i].token = (uint16_t)http_token_of(m->headers[i].name);
        m->headers[i].match = random_match(r);
    }
    m->query_count = (uint32_t)random_below(r, 2);
    m->queries = arena_alloc0(a, m->query_count, sizeof(*m->queries));
    for (uint32_t i = 0; i < m->query_count; i++) {
        m->queries[i].name = str_of("q");
        m->queries[i].match = random_match(r);
    }
}

static struct regex *expressions[64];
static uint32_t expression_count;

/* A path with a class behind it; those that are no expression are only compared. */
static void make_regex(struct model_string_match *m, struct arena *a)
{
    m->value = arena_printf(a, "%.*s[ab]*", STR_ARG(m->value));
    if (expression_count < COUNT_OF(expressions) &&
        regex_new(&expressions[expression_count], m->value, a, NULL) == 0) {
        m->type = MODEL_MATCH_REGEX;
        m->regex = expressions[expression_count++];
    }
}

static void make_route(struct model_route *route, struct random *r, struct arena *a)
{
    struct model_string_match *m = arena_alloc0(a, 1, sizeof(*m));
    static struct model_string_match post = { .type = MODEL_MATCH_EXACT,
                                              .value = STR_INIT("POST") };
    static const uint8_t types[] = { MODEL_MATCH_EXACT, MODEL_MATCH_PREFIX, MODEL_MATCH_PATH_PREFIX,
                                     MODEL_MATCH_EXACT, MODEL_MATCH_PREFIX };

    *route = (struct model_route){ 0 };
    m->type = types[random_below(r, COUNT_OF(types))];
    m->value = random_path(r, a);
    m->ignore_case = random_below(r, 16) == 0;
    m->invert = random_below(r, 64) == 0;
    if (random_below(r, 8) == 0)
        make_regex(m, a);
    if (random_below(r, 32))
        route->match.path = m;
    if (random_below(r, 3) == 0)
        route->match.method = &post; /* often fails after the path has matched */
    if (random_below(r, 3) == 0)
        add_values(&route->match, r, a);
}

static void make_request(struct route_query *q, struct http_msg *head, struct random *r,
                         struct arena *a)
{
    static const char *const queries[] = { "", "q=1", "p=2&q=2", "q", "q=1&q=2" };

    *q = (struct route_query){ .head = head, .path = random_path(r, a), .arena = a };
    q->query = str_of(queries[random_below(r, COUNT_OF(queries))]);
    if (random_below(r, 8) == 0)
        q->path = STR("/A/b");
    http_msg_init(head, a);
    http_msg_set_method(head, random_below(r, 2) ? STR("GET") : STR("POST"));
    head->authority = str_of(values[random_below(r, COUNT_OF(values))]);
    for (uint32_t i = 0, n = (uint32_t)random_below(r, 4); i < n; i++)
        http_headers_add(&head->headers, str_of(names[random_below(r, 3)]),
                         str_of(values[random_below(r, COUNT_OF(values))]));
}

static const struct model_route *search(const struct model_vhost *v, const struct route_query *q)
{
    for (uint32_t i = 0; i < v->route_count; i++) {
        if (route_match_request(&v->routes[i].match, q))
            return &v->routes[i];
    }
    return NULL;
}

static void index_agrees_with_a_search_in_order(void)
{
    struct random r;
    uint32_t found = 0;

    random_init(&r, 7);
    for (int round = 0; round < 400; round++) {
        struct model_route routes[80];
        struct model_vhost v = { .routes = routes,
                                 .route_count = 9 + (uint32_t)random_below(&r, 71) };
        struct arena a;
        struct http_msg head;

        arena_init(&a, 0);
        for (uint32_t i = 0; i < v.route_count; i++)
            make_route(&routes[i], &r, &a);
        route_index_build(&v, &a);
        if (!OK(v.index))
            return;
        for (int i = 0; i < 200; i++) {
            const struct model_route *want;
            struct route_query q;

            make_request(&q, &head, &r, &a);
            want = search(&v, &q);
            found += want != NULL;
            if (!EQ_PTR(route_index_find(v.index, &v, &q), want))
                return;
        }
        while (expression_count)
            regex_free(expressions[--expression_count]);
        arena_deinit(&a);
    }
    OK(found > 10000);
}

static void few_routes_have_no_index(void)
{
    struct model_route routes[8] = { 0 };
    struct model_vhost v = { .routes = routes, .route_count = 8 };

    route_index_build(&v, NULL);
    OK(!v.index);
}

/* More lengths of prefixes, and more names of headers, than requests are asked for. */
static void what_the_index_has_no_room_for_is_found_too(void)
{
    static char text[128];
    struct model_string_match m[100];
    struct model_header_match headers[100];
    struct model_route routes[200] = { 0 };
    struct model_vhost v = { .routes = routes, .route_count = 200 };
    struct http_msg head;
    struct arena a;

    arena_init(&a, 0);
    memset(text, '/', sizeof(text));
    for (size_t i = 0; i < 100; i++) {
        m[i] = (struct model_string_match){ .type = MODEL_MATCH_PREFIX,
                                            .value = str_make(text, 100 - i) };
        routes[i].match.path = &m[i];
        headers[i] = (struct model_header_match){ .name = arena_printf(&a, "x-%zu", i),
                                                  .match = { .type = MODEL_MATCH_EXACT,
                                                             .value = STR("1") } };
        routes[100 + i].match.headers = &headers[i];
        routes[100 + i].match.header_count = 1;
    }
    route_index_build(&v, &a);
    for (size_t i = 0; i < 100; i++) {
        struct route_query q = { .head = &head, .path = m[i].value, .arena = &a };

        http_msg_init(&head, &a);
        EQ_PTR(route_index_find(v.index, &v, &q), &routes[i]);
        q.path = STR("no");
        http_headers_add(&head.headers, headers[i].name, STR("1"));
        EQ_PTR(route_index_find(v.index, &v, &q), &routes[100 + i]);
    }
    arena_deinit(&a);
}

/* All have the same path: the header tells them apart, and the route is filed under it. */
static void the_rarest_condition_is_the_key(void)
{
    static struct model_string_match path = { .type = MODEL_MATCH_PREFIX, .value = STR_INIT("/") };
    struct model_header_match headers[100];
    struct model_route routes[100] = { 0 };
    struct model_vhost v = { .routes = routes, .route_count = 100 };
    struct http_msg head;
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < 100; i++) {
        headers[i] =
            (struct model_header_match){ .name = STR("x-tenant"),
                                         .match = { .type = MODEL_MATCH_EXACT,
                                                    .value = arena_printf(&a, "%zu", i) } };
        routes[i].match.path = &path;
        routes[i].match.headers = &headers[i];
        routes[i].match.header_count = 1;
    }
    route_index_build(&v, &a);
    for (size_t i = 0; i < 100; i++) {
        struct route_query q = { .head = &head, .path = STR("/x"), .arena = &a };

        http_msg_init(&head, &a);
        http_headers_add(&head.headers, STR("x-tenant"), headers[i].match.value);
        EQ_PTR(route_index_find(v.index, &v, &q), &routes[i]);
    }
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "index_agrees_with_a_search_in_order", index_agrees_with_a_search_in_order },
    { "few_routes_have_no_index", few_routes_have_no_index },
    { "what_the_index_has_no_room_for_is_found_too", what_the_index_has_no_room_for_is_found_too },
    { "the_rarest_condition_is_the_key", the_rarest_condition_is_the_key },
};

TAP_MAIN(cases)
