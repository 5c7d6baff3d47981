#include "core/flow/session_token.h"

#include "core/base/mem.h"
#include "tests/tap.h"

#define RULE     "000000aa"
#define REST     "0000000b00000000000000cc0000000000d"
#define OF_RULE  RULE REST
#define OF_OTHER "000000ee" REST

static const struct session_token token = {
    .rule = 0xaa, .backend = 0xb, .endpoint = 0xcc, .since_ms = 0xd
};

static bool has(const char *list)
{
    struct session_token t = { 0 };
    bool found = session_token_find(str_of(list), token.rule, &t);

    if (found) {
        EQ_UINT(t.rule, token.rule);
        EQ_UINT(t.backend, token.backend);
        EQ_UINT(t.endpoint, token.endpoint);
        EQ_UINT(t.since_ms, token.since_ms);
    }
    return found;
}

static void token_is_found_in_a_list(void)
{
    OK(has(OF_RULE));
    OK(has(OF_OTHER "." OF_RULE));
    OK(has(OF_RULE "." OF_OTHER));
    OK(has("x.." OF_RULE));
    OK(!has(OF_OTHER));
}

static void what_is_no_token_is_passed_by(void)
{
    static const char *const rows[] = {
        "",
        ".",
        RULE,
        OF_RULE "0",
        "0" OF_RULE,
        OF_RULE "\"",
        " " OF_RULE,
        "000000AA" REST,
        "000000ag" REST,
        "0x0000aa" REST,
        "-00000aa" REST,
        "127.0.0.1:8080",
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        NOTE("row %zu", i);
        OK(!has(rows[i]));
    }
    OK(!session_token_find(STR_NONE, 0, &(struct session_token){ 0 }));
}

static void list_is_read_to_its_limit(void)
{
    OK(has("......." OF_RULE));   /* the eighth */
    OK(!has("........" OF_RULE)); /* the ninth */
}

static void largest_values_travel(void)
{
    const struct session_token want = {
        .rule = UINT32_MAX, .backend = UINT32_MAX, .endpoint = UINT64_MAX, .since_ms = 0xfffffffffff
    };
    struct session_token got = { 0 };
    struct arena a;
    struct str text;

    arena_init(&a, 0);
    text = session_token_join(&want, STR_NONE, &a);
    EQ_UINT(text.len, SESSION_TOKEN_LEN);
    OK(session_token_find(text, UINT32_MAX, &got));
    EQ_UINT(got.backend, want.backend);
    EQ_UINT(got.endpoint, want.endpoint);
    EQ_UINT(got.since_ms, want.since_ms);
    arena_deinit(&a);
}

static void joined(const char *others, const char *want)
{
    struct arena a;
    struct str got;

    arena_init(&a, 0);
    got = session_token_join(&token, str_of(others), &a);
    EQ_STRN(got.p, got.len, want);
    arena_deinit(&a);
}

static void tokens_of_other_rules_stay(void)
{
    joined("", OF_RULE);
    joined(OF_OTHER, OF_RULE "." OF_OTHER);
    joined("000000aa00000000000000000000000000000000000", OF_RULE);
    joined("junk." OF_OTHER ".x=y; Path=/", OF_RULE "." OF_OTHER);
}

static void list_does_not_grow_past_its_limit(void)
{
    struct arena a;
    struct str list = STR_NONE;

    arena_init(&a, 0);
    for (uint32_t rule = 0; rule < 20; rule++) {
        struct session_token t = { .rule = rule };

        list = session_token_join(&t, list, &a);
        OK(session_token_find(list, rule, &t));
        OK(list.len <= SESSION_TOKEN_MAX * (SESSION_TOKEN_LEN + 1) - 1);
    }
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "token_is_found_in_a_list", token_is_found_in_a_list },
    { "what_is_no_token_is_passed_by", what_is_no_token_is_passed_by },
    { "list_is_read_to_its_limit", list_is_read_to_its_limit },
    { "largest_values_travel", largest_values_travel },
    { "tokens_of_other_rules_stay", tokens_of_other_rules_stay },
    { "list_does_not_grow_past_its_limit", list_does_not_grow_past_its_limit },
};

TAP_MAIN(cases)
