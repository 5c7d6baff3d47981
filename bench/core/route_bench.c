/* Finding a route among few and among many, and a virtual host among many. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/route/route.h"
#include "core/route/route_path.h"

#define ROUNDS 1000000

/* Of this thread: others on the machine don't count. */
static uint64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void routes(uint32_t count)
{
    struct model_route *list = mem_alloc0(count, sizeof(*list));
    struct model_vhost v = { .routes = list, .route_count = count };
    struct arena a, scratch;
    struct http_msg head;
    uint64_t before, found = 0;
    char title[64];

    arena_init(&a, 0);
    arena_init(&scratch, 0);
    http_msg_init(&head, &scratch);
    for (uint32_t i = 0; i < count; i++) {
        struct model_string_match *m = arena_alloc0(&a, 1, sizeof(*m));

        m->type = i % 2 ? MODEL_MATCH_PREFIX : MODEL_MATCH_EXACT;
        m->value = arena_printf(&a, "/api/v1/service-%u/items", i);
        list[i].match.path = m;
    }
    route_index_build(&v, &a);
    before = cpu_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t wanted = (uint32_t)((uint64_t)i * 7919 % count);
        struct route_query q = { .head = &head,
                                 .path = list[wanted].match.path->value,
                                 .arena = &scratch };

        found += route_find(&v, &q) == &list[wanted];
    }
    snprintf(title, sizeof(title), "route_find, %u routes", count);
    printf("%-40s %6.0f ns%s\n", title, (double)(cpu_ns() - before) / ROUNDS,
           found == ROUNDS ? "" : "  WRONG");
    arena_deinit(&scratch);
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
    map_init(&table.exact);
    map_init(&table.suffix);
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
    map_deinit(&table.exact);
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
    routes(1);
    routes(8);
    routes(10000);
    hosts(1);
    hosts(10000);
    paths("route_path_normalize, nothing to do", STR("/api/v1/products/42/reviews?page=2&size=10"));
    paths("route_path_normalize, dots", STR("/api/./v1/../v1/products/%34%32/reviews?page=2"));
    return 0;
}
