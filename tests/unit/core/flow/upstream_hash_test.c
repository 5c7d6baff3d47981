#include "core/flow/upstream_hash.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static struct arena arena;
static struct http_msg head;
static struct addr peer, local;
static struct upstream_hash hash;

static void begin(const char *path)
{
    arena_init(&arena, 512);
    http_msg_init(&head, &arena);
    head.path = str_of(path);
    head.authority = STR("svc");
    (void)addr_parse(STR("10.0.0.9:4711"), 0, &peer);
    (void)addr_parse(STR("10.1.0.1:80"), 0, &local);
}

static void add(const char *name, const char *value)
{
    http_headers_add(&head.headers, str_of(name), str_of(value));
}

static void run(const struct model_hash *by)
{
    upstream_hash_request(by, &head, &peer, &local, &arena, &hash);
}

/* xxHash64 of "x", and of "b" with that of "a" as its seed, from another implementation. */
#define HASH_X  0x5c80c09683041123
#define HASH_AB 8564053812407216358U

static void header_is_hashed(void)
{
    const struct model_hash by = { .key = MODEL_HASH_HEADER, .name = STR_INIT("user") };
    const struct model_hash host = { .key = MODEL_HASH_HEADER, .name = STR_INIT(":authority") };

    begin("/");
    run(&by);
    OK(!hash.is_set);
    add("user", "x");
    run(&by);
    OK(hash.is_set);
    EQ_UINT(hash.value, HASH_X);
    head.authority = STR("x");
    run(&host);
    EQ_UINT(hash.value, HASH_X);
    arena_deinit(&arena);
}

static void order_of_header_lines_does_not_matter(void)
{
    const struct model_hash by = { .key = MODEL_HASH_HEADER, .name = STR_INIT("user") };

    begin("/");
    add("user", "b");
    add("other", "x");
    add("user", "a");
    run(&by);
    EQ_UINT(hash.value, HASH_AB);
    arena_deinit(&arena);
}

static void query_parameter_is_hashed(void)
{
    const struct model_hash by = { .key = MODEL_HASH_QUERY, .name = STR_INIT("q") };
    static const struct {
        const char *path;
        bool is_set;
    } rows[] = { { "/", false },
                 { "/?q=x", true },
                 { "/?a=1&q=x&q=y", true },
                 { "/?qq=x", false },
                 { "/?a=q&b=x#q=x", false } };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        begin(rows[i].path);
        run(&by);
        EQ_INT(hash.is_set, rows[i].is_set);
        if (hash.is_set)
            EQ_UINT(hash.value, HASH_X);
        arena_deinit(&arena);
    }
}

static void source_address_is_hashed_without_port(void)
{
    const struct model_hash by = { .key = MODEL_HASH_SOURCE_IP };
    struct upstream_hash other;

    begin("/");
    run(&by);
    OK(hash.is_set);
    peer.port = 1;
    upstream_hash_peer(&by, &peer, &other);
    EQ_UINT(other.value, hash.value);
    peer.ip[3] = 10;
    upstream_hash_peer(&by, &peer, &other);
    OK(other.value != hash.value);
    arena_deinit(&arena);
}

static void cookie_is_hashed(void)
{
    static const struct model_hash by = { .key = MODEL_HASH_COOKIE,
                                          .name = STR_INIT("s"),
                                          .cookie_tail = STR_INIT("; Max-Age=60; HttpOnly") };
    static const char *const lines[] = { "s=x", "a=b; s=x; c=d", "ss=y;s=\"x\"" };

    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        begin("/");
        add("cookie", lines[i]);
        run(&by);
        EQ_UINT(hash.value, HASH_X);
        OK(!hash.set_cookie.p);
        arena_deinit(&arena);
    }
}

static void lb_7_cookie_is_made_only_with_ttl(void)
{
    struct model_hash by = { .key = MODEL_HASH_COOKIE,
                             .name = STR_INIT("s"),
                             .cookie_tail = STR_INIT("; Max-Age=60; HttpOnly") };
    uint64_t made;

    begin("/");
    run(&by);
    OK(hash.is_set);
    made = hash.value;
    OK(str_starts(hash.set_cookie, STR("s=\"")));
    OK(str_ends(hash.set_cookie, STR("\"; Max-Age=60; HttpOnly")));
    add("cookie", arena_strz(&arena, str_head(hash.set_cookie, 20))); /* s="0123456789abcdef" */
    run(&by);
    EQ_UINT(hash.value, made); /* the client comes back to where it was */
    OK(!hash.set_cookie.p);
    by.cookie_tail = STR_NONE;
    by.name = STR("other");
    run(&by);
    OK(!hash.is_set && !hash.set_cookie.p);
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "header_is_hashed", header_is_hashed },
    { "order_of_header_lines_does_not_matter", order_of_header_lines_does_not_matter },
    { "query_parameter_is_hashed", query_parameter_is_hashed },
    { "source_address_is_hashed_without_port", source_address_is_hashed_without_port },
    { "cookie_is_hashed", cookie_is_hashed },
    { "lb_7_cookie_is_made_only_with_ttl", lb_7_cookie_is_made_only_with_ttl },
};

TAP_MAIN(cases)
