#include "core/route/route.h"

#include "core/base/mem.h"
#include "tests/tap.h"

#define MAX_VHOSTS 8

/* A table whose virtual hosts have one domain each and are named for it. */
static struct model_route_table *table_of(const char *const *domains, uint32_t n)
{
    struct model_route_table *t = mem_alloc0(1, sizeof(*t));

    arena_init(&t->arena, 0);
    atomic_init(&t->refs, 1);
    t->vhosts = arena_alloc0(&t->arena, n, sizeof(struct model_route_vhost *));
    t->vhost_count = n;
    for (uint32_t i = 0; i < n; i++) {
        struct model_route_vhost *v = mem_alloc0(1, sizeof(*v));

        arena_init(&v->arena, 0);
        atomic_init(&v->refs, 1);
        v->vhost.name = str_of(domains[i]);
        v->vhost.domains = &v->vhost.name;
        v->vhost.domain_count = 1;
        t->vhosts[i] = v;
    }
    route_table_index(t);
    return t;
}

static void finds(const struct model_route_table *t, const char *authority, const char *want)
{
    const struct model_vhost *v = route_find_vhost(t, str_of(authority));

    if (!want) {
        OK(!v);
    } else if (OK(v)) {
        EQ_STRN(v->name.p, v->name.len, want);
    }
}

static void hosts_exact_then_longest_suffix_then_any(void)
{
    static const char *const domains[] = { "*.com", "a.example.com", "*.example.com", "*",
                                           "fd00::1" };
    struct model_route_table *t = table_of(domains, 5);
    char long_name[400];

    finds(t, "a.example.com", "a.example.com");
    finds(t, "A.Example.COM.:8080", "a.example.com");
    finds(t, "b.example.com", "*.example.com");
    finds(t, "c.b.example.com:1", "*.example.com");
    finds(t, "example.com", "*.com");
    finds(t, "example.org", "*");
    finds(t, "[FD00::1]:80", "fd00::1");
    finds(t, "", "*");
    memset(long_name, 'x', sizeof(long_name));
    memcpy(long_name + 380, ".example.com", 13);
    finds(t, long_name, "*"); /* longer than a name can be */
    model_route_table_unref(t);
}

static void no_host_without_any(void)
{
    static const char *const domains[] = { "a", "*.b" };
    struct model_route_table *t = table_of(domains, 2);

    finds(t, "c", NULL);
    finds(t, "b", NULL);
    finds(t, "", NULL);
    finds(t, "a:9999", "a");
    model_route_table_unref(t);
}

static void domains_with_ports_come_first(void)
{
    static const char *const domains[] = { "a", "a:9080", "*.b:9080", "[fd00::1]:9080" };
    struct model_route_table *t = table_of(domains, 4);

    finds(t, "a", "a");
    finds(t, "a:80", "a");
    finds(t, "a:9080", "a:9080");
    finds(t, "a:9081", NULL);
    finds(t, "x.b:9080", "*.b:9080");
    finds(t, "x.b", NULL);
    finds(t, "[fd00::1]:9080", "[fd00::1]:9080");
    finds(t, "a:123456789", NULL);
    model_route_table_unref(t);
}

static void the_first_definition_of_a_domain_wins(void)
{
    static const char *const domains[] = { "a", "a", "*", "*" };
    struct model_route_table *t = table_of(domains, 4);

    EQ_PTR(route_find_vhost(t, STR("a")), &t->vhosts[0]->vhost);
    EQ_PTR(route_find_vhost(t, STR("z")), &t->vhosts[2]->vhost);
    model_route_table_unref(t);
}

static void the_first_route_that_matches_wins(void)
{
    struct model_string_match prefix = { .type = MODEL_MATCH_PREFIX, .value = STR("/a") };
    struct model_string_match exact = { .type = MODEL_MATCH_EXACT, .value = STR("/ab") };
    struct model_route routes[12] = { 0 };
    struct model_vhost v = { .routes = routes, .route_count = 3 };
    struct route_query q = { .path = STR("/ab") };
    struct http_msg head;
    struct arena a;

    arena_init(&a, 0);
    http_msg_init(&head, &a);
    q.head = &head;
    routes[0].match.path = &prefix;
    routes[1].match.path = &exact;
    EQ_PTR(route_find(&v, &q), &routes[0]);
    q.path = STR("/x");
    EQ_PTR(route_find(&v, &q), &routes[2]);
    v.route_count = 2;
    EQ_PTR(route_find(&v, &q), NULL);
    v.route_count = 12;
    route_index_build(&v, &a);
    OK(v.index);
    EQ_PTR(route_find(&v, &q), &routes[2]);
    q.path = STR("/ab");
    EQ_PTR(route_find(&v, &q), &routes[0]);
    arena_deinit(&a);
}

static void weights_share(void)
{
    struct model_weighted_cluster list[] = { { .weight = 0 }, { .weight = 90 }, { .weight = 10 } };
    struct model_route route = { .clusters = list, .cluster_count = 3, .weight_total = 100 };
    uint32_t seen[3] = { 0 };

    for (uint64_t ticket = 0; ticket < 1000; ticket++)
        seen[route_pick_cluster(&route, ticket) - list]++;
    EQ_UINT(seen[0], 0);
    EQ_UINT(seen[1], 900);
    EQ_UINT(seen[2], 100);
    route.cluster_count = 1; /* a single one takes all (VS-9) */
    route.weight_total = 0;
    EQ_PTR(route_pick_cluster(&route, 7), list);
    route.cluster_count = 0;
    EQ_PTR(route_pick_cluster(&route, 7), NULL);
}

static struct addr_net net(const char *text)
{
    struct addr_net n;

    OK(addr_net_parse(str_of(text), &n) == 0);
    return n;
}

static void tcp_routes_by_network_and_name(void)
{
    struct addr_net wide = net("10.0.0.0/8"), narrow = net("10.1.0.0/16"),
                    from = net("192.168.0.0/16");
    struct str wild = STR("*.a.com"), wilder = STR("*.com"), exact = STR("b.a.com");
    struct model_tcp_route r[] = {
        { .sni_hosts = &wilder, .sni_host_count = 1 },
        { .sni_hosts = &wild, .sni_host_count = 1 },
        { .sni_hosts = &exact, .sni_host_count = 1 },
        { .dst_nets = &wide, .dst_net_count = 1 },
        { .dst_nets = &narrow, .dst_net_count = 1 },
        { .src_nets = &from, .src_net_count = 1 },
        { 0 },
        { .dst_nets = &narrow, .dst_net_count = 1 },
    };
    struct addr src, dst, other;

    addr_parse(STR("172.16.0.1:5"), 0, &other);
    addr_parse(STR("192.168.1.1:5"), 0, &src);
    addr_parse(STR("10.1.1.1:443"), 0, &dst);
    EQ_INT(route_find_tcp(r, 8, &other, &other, STR("B.A.com")) - r, 2);
    EQ_INT(route_find_tcp(r, 8, &other, &other, STR("c.a.com")) - r, 1);
    EQ_INT(route_find_tcp(r, 8, &other, &other, STR("c.com")) - r, 0);
    EQ_INT(route_find_tcp(r, 8, &other, &other, STR("c.org")) - r, 6);
    EQ_INT(route_find_tcp(r, 8, &other, &dst, STR("b.a.com")) - r, 4); /* network before name */
    EQ_INT(route_find_tcp(r, 8, &src, &other, STR_NONE) - r, 5);
    EQ_INT(route_find_tcp(r, 8, &other, &other, STR_NONE) - r, 6);
    EQ_INT(route_find_tcp(r, 8, &other, NULL, STR_NONE) - r, 6);
    EQ_PTR(route_find_tcp(r, 6, &other, &other, STR_NONE), NULL);
    EQ_PTR(route_find_tcp(r, 0, &other, &other, STR_NONE), NULL);
}

static const struct tap_case cases[] = {
    { "hosts_exact_then_longest_suffix_then_any", hosts_exact_then_longest_suffix_then_any },
    { "no_host_without_any", no_host_without_any },
    { "domains_with_ports_come_first", domains_with_ports_come_first },
    { "the_first_definition_of_a_domain_wins", the_first_definition_of_a_domain_wins },
    { "the_first_route_that_matches_wins", the_first_route_that_matches_wins },
    { "weights_share", weights_share },
    { "tcp_routes_by_network_and_name", tcp_routes_by_network_and_name },
};

TAP_MAIN(cases)
