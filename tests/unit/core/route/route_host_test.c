#include "core/route/route_host.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static const struct {
    const char *authority, *host, *port;
} splits[] = {
    { "example.com", "example.com", "" },
    { "Example.COM:8080", "example.com", "8080" },
    { "example.com.", "example.com", "" },
    { "example.com.:80", "example.com", "80" },
    { "10.0.0.1:80", "10.0.0.1", "80" },
    { "[::1]:80", "[::1]", "80" },
    { "[FD00::1]", "[fd00::1]", "" },
    { "[::1", "", "" },
    { "[::1]x", "", "" },
    { "", "", "" },
    { ":80", "", "80" },
};

static void authority_is_split(void)
{
    for (size_t i = 0; i < COUNT_OF(splits); i++) {
        struct str authority = str_of(splits[i].authority);
        struct route_host_parts parts = route_host_split(authority);
        struct arena a;
        struct str host;

        arena_init(&a, 0);
        host = route_host_of(authority, &a);
        EQ_STRN(host.p, host.len, splits[i].host);
        EQ_STRN(parts.port.p, parts.port.len, splits[i].port);
        arena_deinit(&a);
    }
}

static void wildcards_need_a_label(void)
{
    OK(route_host_matches(STR("*"), STR("a")));
    OK(route_host_matches(STR("*.a.com"), STR("b.a.com")));
    OK(route_host_matches(STR("*.a.com"), STR("c.b.a.com")));
    OK(!route_host_matches(STR("*.a.com"), STR("a.com")));
    OK(!route_host_matches(STR("*.a.com"), STR(".a.com")));
    OK(!route_host_matches(STR("*.a.com"), STR("ba.com")));
    OK(route_host_matches(STR("a.com"), STR("a.com")));
    OK(!route_host_matches(STR("a.com"), STR("b.a.com")));
    OK(!route_host_matches(STR(""), STR("a.com")));
}

static void patterns_are_compared_with_each_other(void)
{
    OK(route_host_matches(STR("*.a.com"), STR("*.a.com")));
    OK(route_host_matches(STR("*.a.com"), STR("*.b.a.com")));
    OK(route_host_matches(STR("*"), STR("*.a.com")));
    OK(!route_host_matches(STR("*.b.a.com"), STR("*.a.com")));
    OK(!route_host_matches(STR("a.com"), STR("*.a.com")));
}

static const struct tap_case cases[] = {
    { "authority_is_split", authority_is_split },
    { "wildcards_need_a_label", wildcards_need_a_label },
    { "patterns_are_compared_with_each_other", patterns_are_compared_with_each_other },
};

TAP_MAIN(cases)
