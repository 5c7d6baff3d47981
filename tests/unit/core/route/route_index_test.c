#include "core/route/route_index.h"

#include "core/base/mem.h"
#include "core/base/random.h"
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
    if (random_below(r, 32))
        route->match.path = m;
    if (random_below(r, 3))
        route->match.method = &post; /* often fails after the path has matched */
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
            struct route_query q = { .head = &head, .path = random_path(&r, &a), .arena = &a };
            const struct model_route *want;

            http_msg_init(&head, &a);
            http_msg_set_method(&head, random_below(&r, 2) ? STR("GET") : STR("POST"));
            want = search(&v, &q);
            found += want != NULL;
            if (!EQ_PTR(route_index_find(v.index, &v, &q), want))
                return;
        }
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

static void too_deep_nesting_is_searched_in_order(void)
{
    static char text[128];
    struct model_string_match m[100];
    struct model_route routes[100] = { 0 };
    struct model_vhost v = { .routes = routes, .route_count = 100 };
    struct arena a;

    arena_init(&a, 0);
    memset(text, '/', sizeof(text));
    for (size_t i = 0; i < 100; i++) {
        m[i] = (struct model_string_match){ .type = MODEL_MATCH_PREFIX,
                                            .value = str_make(text, i + 1) };
        routes[i].match.path = &m[i];
    }
    route_index_build(&v, &a);
    OK(!v.index);
    v.route_count = 60;
    route_index_build(&v, &a);
    OK(v.index);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "index_agrees_with_a_search_in_order", index_agrees_with_a_search_in_order },
    { "few_routes_have_no_index", few_routes_have_no_index },
    { "too_deep_nesting_is_searched_in_order", too_deep_nesting_is_searched_in_order },
};

TAP_MAIN(cases)
