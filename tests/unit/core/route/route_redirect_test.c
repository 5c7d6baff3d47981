#include "core/route/route_redirect.h"

#include "core/base/mem.h"
#include "tests/tap.h"

#define ARGS(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const struct {
    struct model_redirect r;
    const char *scheme, *authority, *path, *want;
} redirects[] = {
    { ARGS(0), "http", "a.com", "/x?y", "http://a.com/x?y" },
    { ARGS(0), "http", "a.com:8080", "/x", "http://a.com:8080/x" },
    { ARGS(.authority = STR_INIT("b.com")), "http", "a.com:8080", "/x", "http://b.com/x" },
    { ARGS(.scheme = STR_INIT("https")), "http", "a.com", "/x", "https://a.com/x" },
    { ARGS(.scheme = STR_INIT("https")), "http", "a.com:80", "/x", "https://a.com/x" },
    { ARGS(.scheme = STR_INIT("https"), .has_port = true, .port = 443), "http", "a.com:8080", "/x",
      "https://a.com/x" },
    { ARGS(.has_port = true, .port = 8443), "https", "a.com", "/x", "https://a.com:8443/x" },
    { ARGS(.has_port = true, .port = 80), "https", "a.com", "/x", "https://a.com:80/x" },
    { ARGS(.port_from_request = true), "http", "a.com", "/x", "http://a.com:9080/x" },
    { ARGS(.port_from_request = true, .scheme = STR_INIT("https")), "http", "a.com", "/x",
      "https://a.com:9080/x" },
    { ARGS(.port_from_protocol = true), "http", "a.com:8080", "/x", "http://a.com:8080/x" },
    { ARGS(.port_from_protocol = true, .scheme = STR_INIT("https")), "http", "a.com:80", "/x",
      "https://a.com/x" },
    { ARGS(.has_port = true, .port = 80), "http", "a.com:80", "/x", "http://a.com/x" },
    { ARGS(.port_from_request = true), "http", "a.com:80", "/x", "http://a.com:9080/x" },
    { ARGS(.authority = STR_INIT("b.com:99")), "http", "a.com:8080", "/x", "http://b.com:99/x" },
    { ARGS(.path = STR_INIT("/new")), "http", "a.com", "/x?y", "http://a.com/new?y" },
    { ARGS(.path = STR_INIT("/new?z")), "http", "a.com", "/x?y", "http://a.com/new?z" },
    { ARGS(.path_prefix = STR_INIT("/new")), "http", "a.com", "/old/x?y", "http://a.com/new/x?y" },
    { ARGS(0), "http", "[::1]:8080", "/x", "http://[::1]:8080/x" },
};

static void vs_14_location_is_built(void)
{
    static struct model_string_match old = { .type = MODEL_MATCH_PREFIX,
                                             .value = STR_INIT("/old") };

    for (size_t i = 0; i < COUNT_OF(redirects); i++) {
        struct model_redirect r = redirects[i].r;
        struct model_route route = { .redirect = &r, .match.path = &old };
        struct arena a;
        struct http_msg head;
        struct route_query q;
        struct str got;

        arena_init(&a, 0);
        http_msg_init(&head, &a);
        head.path = str_of(redirects[i].path);
        head.scheme = str_of(redirects[i].scheme);
        head.authority = str_of(redirects[i].authority);
        q = (struct route_query){ .head = &head, .path = http_msg_path_only(&head), .arena = &a };
        got = route_redirect_location(&route, &q, 9080);
        EQ_STRN(got.p, got.len, redirects[i].want);
        arena_deinit(&a);
    }
}

static const struct tap_case cases[] = {
    { "vs_14_location_is_built", vs_14_location_is_built },
};

TAP_MAIN(cases)
