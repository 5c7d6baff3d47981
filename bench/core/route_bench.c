/* Finding a route among few and among many, and a virtual host among many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/route/route.h"
#include "core/route/route_path.h"
#include "core/text/regex.h"

#define ROUNDS 1000000

/* Of this thread: others on the machine don't count. */
static uint64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The shapes of conditions that a table may be full of. */
enum shape { SHAPE_EXACT, SHAPE_PREFIX, SHAPE_REGEX, SHAPE_HEADER, SHAPE_QUERY, SHAPE_COUNT };

static const char *const shape_names[] = { "exact", "prefix", "regex", "header", "query" };

static void make_route(struct model_route *route, enum shape shape, uint32_t i, struct arena *a)
{
    struct model_string_match *m = arena_alloc0(a, 1, sizeof(*m));
    struct regex *regex;

    *route = (struct model_route){ .match.path = m };
    m->type = shape == SHAPE_EXACT ? MODEL_MATCH_EXACT : MODEL_MATCH_PREFIX;
    m->value = arena_printf(a, "/api/v1/service-%u/items", i);
    if (shape == SHAPE_REGEX) {
        m->value = arena_printf(a, "/api/v1/service-%u/items/[0-9]+", i);
        if (regex_new(&regex, m->value, a, NULL) != 0)
            abort();
        m->type = MODEL_MATCH_REGEX;
        m->regex = regex; /* for as long as the program runs */
    } else if (shape == SHAPE_HEADER) {
        m->value = STR("/");
        route->match.headers = arena_alloc0(a, 1, sizeof(*route->match.headers));
        route->match.header_count = 1;
        route->match.headers[0] =
            (struct model_header_match){ .name = STR("x-tenant"),
                                         .match = { .type = MODEL_MATCH_EXACT,
                                                    .value = arena_printf(a, "tenant-%u", i) } };
    } else if (shape == SHAPE_QUERY) {
        m->value = STR("/");
        route->match.queries = arena_alloc0(a, 1, sizeof(*route->match.queries));
        route->match.query_count = 1;
        route->match.queries[0] =
            (struct model_query_match){ .name = STR("tenant"),
                                        .match = { .type = MODEL_MATCH_EXACT,
                                                   .value = arena_printf(a, "tenant-%u", i) } };
    }
}

/* One request, whose text alone changes: a proxy that has just read it has it at hand. */
struct request {
    struct http_msg head;
    struct route_query q;
    char path[64], value[64];
    struct arena arena;
};

static void request_init(struct request *r, enum shape shape)
{
    arena_init(&r->arena, 0);
    http_msg_init(&r->head, &r->arena);
    for (int h = 0; h < 8; h++)
        http_headers_add(&r->head.headers, arena_printf(&r->arena, "x-header-%d", h),
                         STR("some value"));
    if (shape == SHAPE_HEADER)
        http_headers_add(&r->head.headers, STR("x-tenant"), STR("none"));
    r->q = (struct route_query){ .head = &r->head, .arena = &r->arena };
}

static size_t put_number(char *to, size_t at, uint32_t n)
{
    char digits[10];
    size_t count = 0;

    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count)
        to[at++] = digits[--count];
    return at;
}

/* So that only the route of that number takes it. */
static void request_set(struct request *r, enum shape shape, uint32_t i)
{
    static const char service[] = "/api/v1/service-", tenant[] = "tenant=tenant-";
    const char *rest = shape == SHAPE_REGEX ? "/items/42" : "/items";
    size_t n = sizeof(service) - 1;

    memcpy(r->path, service, n);
    n = put_number(r->path, n, i);
    memcpy(r->path + n, rest, strlen(rest));
    r->q.path = str_make(r->path, n + strlen(rest));
    memcpy(r->value, tenant, sizeof(tenant) - 1);
    n = put_number(r->value, sizeof(tenant) - 1, i);
    if (shape == SHAPE_QUERY)
        r->q.query = str_make(r->value, n);
    if (shape == SHAPE_HEADER)
        r->head.headers.items[8].value = str_make(r->value + 7, n - 7);
}

static void routes(enum shape shape, uint32_t count)
{
    struct model_route *list = mem_alloc0(count, sizeof(*list));
    struct model_vhost v = { .routes = list, .route_count = count };
    uint64_t before, found = 0;
    struct request request;
    struct arena a;
    char title[64];

    arena_init(&a, 0);
    for (uint32_t i = 0; i < count; i++)
        make_route(&list[i], shape, i, &a);
    route_index_build(&v, &a);
    request_init(&request, shape);
    before = cpu_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t wanted = (uint32_t)((uint64_t)i * 7919 % count);

        request_set(&request, shape, wanted);
        found += route_find(&v, &request.q) == &list[wanted];
    }
    snprintf(title, sizeof(title), "route_find, %u routes, %s", count, shape_names[shape]);
    printf("%-40s %6.0f ns%s\n", title, (double)(cpu_ns() - before) / ROUNDS,
           found == ROUNDS ? "" : "  WRONG");
    arena_deinit(&request.arena);
    arena_deinit(&a);
    mem_free(list);
}

static void hosts(uint32_t count)
{
    struct model_route_table table = { .vhost_count = count };
    struct model_route_vhost *list = mem_alloc0(count, sizeof(*list));
    uint64_t before, found = 0;
    char title[64];

    arena_init(&table.arena, 0);
    table.vhosts = mem_alloc0(count, sizeof(struct model_route_vhost *));
    for (uint32_t i = 0; i < count; i++) {
        list[i].vhost.name = arena_printf(&table.arena, "svc-%u.ns.svc.cluster.local", i);
        list[i].vhost.domains = &list[i].vhost.name;
        list[i].vhost.domain_count = 1;
        table.vhosts[i] = &list[i];
    }
    route_table_index(&table);
    before = cpu_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t wanted = (uint32_t)((uint64_t)i * 7919 % count);

        found += route_find_vhost(&table, list[wanted].vhost.name) == &list[wanted].vhost;
    }
    snprintf(title, sizeof(title), "route_find_vhost, %u hosts", count);
    printf("%-40s %6.0f ns%s\n", title, (double)(cpu_ns() - before) / ROUNDS,
           found == ROUNDS ? "" : "  WRONG");
    model_route_names_deinit(&table.names);
    arena_deinit(&table.arena);
    mem_free(table.vhosts);
    mem_free(list);
}

static void paths(const char *title, struct str path)
{
    struct arena a;
    uint64_t before, total = 0;

    arena_init(&a, 4096);
    before = cpu_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct str out = path;

        arena_reset(&a);
        route_path_normalize(ROUTE_PATH_BASE, path, &a, &out);
        total += out.len;
    }
    printf("%-40s %6.0f ns%s\n", title, (double)(cpu_ns() - before) / ROUNDS, total ? "" : " ?");
    arena_deinit(&a);
}

int main(void)
{
    for (int shape = 0; shape < SHAPE_COUNT; shape++) {
        routes(shape, 1);
        routes(shape, 10);
        routes(shape, 10000);
    }
    hosts(1);
    hosts(10000);
    paths("route_path_normalize, nothing to do", STR("/api/v1/products/42/reviews?page=2&size=10"));
    paths("route_path_normalize, dots", STR("/api/./v1/../v1/products/%34%32/reviews?page=2"));
    return 0;
}
