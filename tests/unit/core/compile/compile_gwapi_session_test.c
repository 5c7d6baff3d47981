#include "core/compile/compile_gwapi_session.h"

#include "core/base/mem.h"
#include "core/text/duration.h"
#include "tests/tap.h"

static const struct api_kind http_kind = { .kind = "HTTPRoute" },
                             grpc_kind = { .kind = "GRPCRoute" };

static uint32_t scope(const struct api_kind *kind, const char *ns, const char *name,
                      const char *rule, size_t place)
{
    const struct object o = { .kind = kind, .ns = str_of(ns), .name = str_of(name) };

    return compile_gwapi_session_scope(&o, str_of(rule), place);
}

static void rules_have_scopes_of_their_own(void)
{
    const uint32_t all[] = {
        scope(&http_kind, "a", "b", "", 0),  scope(&http_kind, "a", "b", "", 1),
        scope(&http_kind, "a", "b", "x", 0), scope(&http_kind, "a", "b", "y", 0),
        scope(&http_kind, "a", "c", "", 0),  scope(&http_kind, "ab", "", "", 0),
        scope(&grpc_kind, "a", "b", "", 0),  scope(&http_kind, "b", "b", "", 0),
    };

    for (size_t i = 0; i < COUNT_OF(all); i++)
        for (size_t k = 0; k < i; k++)
            OK(all[i] != all[k]);
}

static void rule_with_a_name_keeps_its_scope_in_another_place(void)
{
    EQ_UINT(scope(&http_kind, "a", "b", "x", 0), scope(&http_kind, "a", "b", "x", 5));
}

struct row {
    struct gateway_api_route_session from;
    bool by_header;
    const char *name, *tail;
    uint64_t lifetime_ms;
};

static void fields_become_a_session(void)
{
    struct gateway_api_session_cookie plain = { .name = STR_INIT("Sid") }, none = { 0 };
    struct gateway_api_session_cookie lasting = { .name = STR_INIT("s"),
                                                  .path = STR_INIT("/a"),
                                                  .lifetime = GATEWAY_API_LIFETIME_PERMANENT };
    struct gateway_api_session_header header = { .name = STR_INIT("X-Sid") };
    const struct field_opt timeout = { true, 1500 * DURATION_MS }, zero = { true, 0 };
    const struct row rows[] = {
        { { .type = GATEWAY_API_SESSION_COOKIE, .cookie = &plain },
          false,
          "Sid",
          "; Path=/; HttpOnly; SameSite=Strict",
          0 },
        { { .type = GATEWAY_API_SESSION_COOKIE, .cookie = &none, .absolute_timeout = timeout },
          false,
          "mesh-session-00000abc",
          "; Path=/; HttpOnly; SameSite=Strict",
          1500 },
        { { .type = GATEWAY_API_SESSION_COOKIE, .cookie = &lasting, .absolute_timeout = timeout },
          false,
          "s",
          "; Path=/a; Max-Age=2; HttpOnly; SameSite=Strict",
          1500 },
        { { .type = GATEWAY_API_SESSION_COOKIE, .cookie = &lasting, .absolute_timeout = zero },
          false,
          "s",
          "; Path=/a; HttpOnly; SameSite=Strict",
          0 },
        { { .type = GATEWAY_API_SESSION_HEADER, .header = &header, .absolute_timeout = timeout },
          true,
          "x-sid",
          "",
          1500 },
    };
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct model_session *s = compile_gwapi_session_build(&rows[i].from, 0xabc, &a);

        NOTE("row %zu", i);
        EQ_INT(s->by_header, rows[i].by_header);
        EQ_STRN(s->name.p, s->name.len, rows[i].name);
        EQ_STRN(s->cookie_tail.p, s->cookie_tail.len, rows[i].tail);
        EQ_UINT(s->lifetime_ms, rows[i].lifetime_ms);
        for (size_t k = 0; k < i; k++)
            OK(compile_gwapi_session_digest(1, s) !=
               compile_gwapi_session_digest(1,
                                            compile_gwapi_session_build(&rows[k].from, 0xabc, &a)));
        OK(compile_gwapi_session_digest(1, s) != compile_gwapi_session_digest(1, NULL));
    }
    OK(compile_gwapi_session_build(NULL, 0, &a) == NULL);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "rules_have_scopes_of_their_own", rules_have_scopes_of_their_own },
    { "rule_with_a_name_keeps_its_scope_in_another_place",
      rule_with_a_name_keeps_its_scope_in_another_place },
    { "fields_become_a_session", fields_become_a_session },
};

TAP_MAIN(cases)
