#include "core/filter/filter_authz.h"

#include <strings.h>

#include "core/base/mem.h"
#include "core/base/random.h"
#include "tests/tap.h"

/* ---- a second evaluator, as the documentation reads ---- */

struct request {
    const char *principal, *ns, *sa, *td, *sni, *host, *method, *path, *header;
    struct addr peer, remote, dst;
    uint16_t port;
    bool is_http;
};

static const char *naive_text(const struct request *r, const struct model_authz_clause *c)
{
    switch (c->field) {
    case MODEL_AUTHZ_PRINCIPAL:
        return r->principal;
    case MODEL_AUTHZ_NAMESPACE:
        return r->ns;
    case MODEL_AUTHZ_TRUST_DOMAIN:
        return r->td;
    case MODEL_AUTHZ_SNI:
        return r->sni;
    case MODEL_AUTHZ_HOST:
        return r->is_http ? r->host : "";
    case MODEL_AUTHZ_METHOD:
        return r->is_http ? r->method : "";
    case MODEL_AUTHZ_PATH:
        return r->is_http ? r->path : "";
    case MODEL_AUTHZ_HEADER:
        return r->is_http ? r->header : "";
    default:
        return "";
    }
}

static bool naive_value(const struct request *r, const struct model_authz_clause *c,
                        const struct model_authz_value *v)
{
    char text[64], value[64], pair[64];
    size_t tl, vl;

    if (v->type == MODEL_AUTHZ_NUMBER)
        return c->field == MODEL_AUTHZ_PORT && r->port == v->number;
    if (v->type == MODEL_AUTHZ_NET)
        return (c->field == MODEL_AUTHZ_SOURCE_IP && addr_net_has(&v->net, &r->peer)) ||
               (c->field == MODEL_AUTHZ_REMOTE_IP && addr_net_has(&v->net, &r->remote)) ||
               (c->field == MODEL_AUTHZ_DEST_IP && addr_net_has(&v->net, &r->dst));
    str_copy(v->text, value, sizeof(value));
    if (c->field == MODEL_AUTHZ_SERVICE_ACCOUNT) {
        snprintf(pair, sizeof(pair), "%s/%s", r->ns, r->sa);
        return *r->sa && (v->type == MODEL_AUTHZ_PRESENT ||
                          (v->type == MODEL_AUTHZ_EXACT && strcmp(pair, value) == 0));
    }
    snprintf(text, sizeof(text), "%s", naive_text(r, c));
    if (!*text)
        return false;
    if (c->field == MODEL_AUTHZ_HOST) {
        for (char *p = text; *p; p++)
            *p = str_lower_char(*p);
        for (char *p = value; *p; p++)
            *p = str_lower_char(*p);
    }
    tl = strlen(text);
    vl = strlen(value);
    switch (v->type) {
    case MODEL_AUTHZ_EXACT:
        return strcmp(text, value) == 0;
    case MODEL_AUTHZ_PREFIX:
        return tl >= vl && strncmp(text, value, vl) == 0;
    case MODEL_AUTHZ_SUFFIX:
        return tl >= vl && strcmp(text + tl - vl, value) == 0;
    case MODEL_AUTHZ_PRESENT:
        return true;
    default:
        return false;
    }
}

static bool naive_clause(const struct request *r, const struct model_authz_clause *c)
{
    bool some = c->value_count == 0, none = true;

    if (c->http_only && !r->is_http)
        return true;
    for (uint32_t i = 0; i < c->value_count; i++)
        some = some || naive_value(r, c, &c->values[i]);
    for (uint32_t i = 0; i < c->not_value_count; i++)
        none = none && !naive_value(r, c, &c->not_values[i]);
    return some && none;
}

static bool naive_group(const struct request *r, const struct model_authz_group *g)
{
    bool all = true;

    for (uint32_t i = 0; i < g->clause_count; i++)
        all = all && naive_clause(r, &g->clauses[i]);
    return all;
}

static bool naive_rule(const struct request *r, const struct model_authz_rule *rule)
{
    bool from = rule->from_count == 0, to = rule->to_count == 0, when = true;

    for (uint32_t i = 0; i < rule->from_count; i++)
        from = from || naive_group(r, &rule->from[i]);
    for (uint32_t i = 0; i < rule->to_count; i++)
        to = to || naive_group(r, &rule->to[i]);
    for (uint32_t i = 0; i < rule->when_count; i++)
        when = when && naive_group(r, &rule->when[i]);
    return from && to && when;
}

static bool naive_policy(const struct request *r, const struct model_authz_policy *p)
{
    bool some = false;

    for (uint32_t i = 0; i < p->rule_count; i++) {
        bool dropped = p->action == MODEL_AUTHZ_ALLOW && !r->is_http && p->rules[i].has_http_only;

        some = some || (!dropped && naive_rule(r, &p->rules[i]));
    }
    return some;
}

static bool naive(const struct request *r, const struct model_authz *a, bool dry_run)
{
    bool has_allow = false, allowed = false, denied = false;

    for (int action = 0; action < MODEL_AUTHZ_ACTION_COUNT; action++) {
        for (uint32_t i = 0; i < a->by_action[action].count; i++) {
            const struct model_authz_policy *p = &a->by_action[action].list[i];

            if (p->dry_run != dry_run || action == MODEL_AUTHZ_AUDIT)
                continue;
            if (action == MODEL_AUTHZ_ALLOW) {
                has_allow = true;
                allowed = allowed || naive_policy(r, p);
            } else {
                denied = denied || naive_policy(r, p);
            }
        }
    }
    return !denied && (!has_allow || allowed);
}

/* ---- random policies and requests, of few words so that they often meet ---- */

static struct random rng;
static struct arena arena;

static const char *word(void)
{
    static const char *const words[] = { "a", "ab", "b", "ba", "A" };

    return words[random_below(&rng, COUNT_OF(words))];
}

static const char *maybe_word(void)
{
    return random_below(&rng, 4) ? word() : "";
}

static struct addr random_addr(void)
{
    char text[32];
    struct addr a;

    snprintf(text, sizeof(text), "10.0.%u.%u:%u", (unsigned)random_below(&rng, 2),
             (unsigned)random_below(&rng, 3), 80 + (unsigned)random_below(&rng, 2));
    addr_parse(str_of(text), 0, &a);
    return a;
}

static struct model_authz_value random_value(uint8_t field)
{
    static const uint8_t types[] = { MODEL_AUTHZ_EXACT, MODEL_AUTHZ_PREFIX, MODEL_AUTHZ_SUFFIX,
                                     MODEL_AUTHZ_PRESENT, MODEL_AUTHZ_EXACT };
    struct model_authz_value v = { .type = types[random_below(&rng, COUNT_OF(types))] };

    switch (field) {
    case MODEL_AUTHZ_SOURCE_IP:
    case MODEL_AUTHZ_REMOTE_IP:
    case MODEL_AUTHZ_DEST_IP:
        v.type = MODEL_AUTHZ_NET;
        v.net.base = random_addr();
        v.net.bits = random_below(&rng, 2) ? 24 : 32;
        break;
    case MODEL_AUTHZ_PORT:
        v.type = MODEL_AUTHZ_NUMBER;
        v.number = (uint16_t)(80 + random_below(&rng, 2));
        break;
    case MODEL_AUTHZ_SERVICE_ACCOUNT:
        v.text = arena_printf(&arena, "%s/%s", word(), word());
        break;
    default:
        v.text = str_of(word());
    }
    return v;
}

static struct model_authz_clause random_clause(void)
{
    static const uint8_t fields[] = {
        MODEL_AUTHZ_PRINCIPAL, MODEL_AUTHZ_NAMESPACE, MODEL_AUTHZ_SERVICE_ACCOUNT,
        MODEL_AUTHZ_SOURCE_IP, MODEL_AUTHZ_REMOTE_IP, MODEL_AUTHZ_DEST_IP,
        MODEL_AUTHZ_PORT,      MODEL_AUTHZ_SNI,       MODEL_AUTHZ_TRUST_DOMAIN,
        MODEL_AUTHZ_CLAIM,     MODEL_AUTHZ_HOST,      MODEL_AUTHZ_METHOD,
        MODEL_AUTHZ_PATH,      MODEL_AUTHZ_HEADER,
    };
    struct model_authz_clause c = { .field = fields[random_below(&rng, COUNT_OF(fields))] };

    c.http_only = c.field == MODEL_AUTHZ_HOST || c.field == MODEL_AUTHZ_METHOD ||
                  c.field == MODEL_AUTHZ_PATH || c.field == MODEL_AUTHZ_HEADER ||
                  c.field == MODEL_AUTHZ_CLAIM;
    c.key = STR("x-test");
    c.value_count = (uint32_t)random_below(&rng, 4);
    c.not_value_count = random_below(&rng, 3) ? 0 : (uint32_t)random_below(&rng, 3);
    c.values = arena_alloc0(&arena, c.value_count, sizeof(*c.values));
    c.not_values = arena_alloc0(&arena, c.not_value_count, sizeof(*c.not_values));
    for (uint32_t i = 0; i < c.value_count; i++)
        c.values[i] = random_value(c.field);
    for (uint32_t i = 0; i < c.not_value_count; i++)
        c.not_values[i] = random_value(c.field);
    return c;
}

static struct model_authz_group *random_groups(uint32_t *count, bool *has_http_only)
{
    struct model_authz_group *groups;

    *count = (uint32_t)random_below(&rng, 3);
    groups = arena_alloc0(&arena, *count, sizeof(*groups));
    for (uint32_t i = 0; i < *count; i++) {
        groups[i].clause_count = 1 + (uint32_t)random_below(&rng, 2);
        groups[i].clauses =
            arena_alloc0(&arena, groups[i].clause_count, sizeof(*groups[i].clauses));
        for (uint32_t c = 0; c < groups[i].clause_count; c++) {
            groups[i].clauses[c] = random_clause();
            *has_http_only |= groups[i].clauses[c].http_only;
        }
    }
    return groups;
}

static void random_policies(struct model_authz *a)
{
    *a = (struct model_authz){ 0 };
    for (int action = 0; action < MODEL_AUTHZ_ACTION_COUNT; action++) {
        uint32_t count = (uint32_t)random_below(&rng, action == MODEL_AUTHZ_CUSTOM ? 2 : 3);
        struct model_authz_policy *list = arena_alloc0(&arena, count, sizeof(*list));

        a->by_action[action].list = list;
        a->by_action[action].count = count;
        for (uint32_t i = 0; i < count; i++) {
            list[i].action = (uint8_t)action;
            list[i].dry_run = random_below(&rng, 5) == 0;
            list[i].rule_count = (uint32_t)random_below(&rng, 3);
            list[i].rules = arena_alloc0(&arena, list[i].rule_count, sizeof(*list[i].rules));
            for (uint32_t r = 0; r < list[i].rule_count; r++) {
                struct model_authz_rule *rule = &list[i].rules[r];

                rule->from = random_groups(&rule->from_count, &rule->has_http_only);
                rule->to = random_groups(&rule->to_count, &rule->has_http_only);
                rule->when = random_groups(&rule->when_count, &rule->has_http_only);
            }
        }
    }
}

static struct request random_request(void)
{
    struct request r = {
        .principal = maybe_word(),
        .ns = maybe_word(),
        .sa = maybe_word(),
        .td = maybe_word(),
        .sni = maybe_word(),
        .host = maybe_word(),
        .method = word(),
        .path = word(),
        .header = maybe_word(),
        .peer = random_addr(),
        .remote = random_addr(),
        .dst = random_addr(),
        .port = (uint16_t)(80 + random_below(&rng, 2)),
        .is_http = random_below(&rng, 4) > 0,
    };

    return r;
}

static bool evaluate(const struct model_authz *a, const struct request *r, bool dry_run)
{
    struct http_msg head;
    struct filter_authz_input in = {
        .principal = str_of(r->principal),
        .ns = str_of(r->ns),
        .service_account = str_of(r->sa),
        .trust_domain = str_of(r->td),
        .source_ip = &r->peer,
        .remote_ip = &r->remote,
        .dest_ip = &r->dst,
        .dest_port = r->port,
        .sni = str_of(r->sni),
    };

    http_msg_init(&head, &arena);
    if (r->is_http) {
        head.authority = str_of(r->host);
        http_msg_set_method(&head, str_of(r->method));
        if (*r->header)
            http_headers_add(&head.headers, STR("x-test"), str_of(r->header));
        in.head = &head;
        in.path = str_of(r->path);
        in.arena = &arena;
    }
    return dry_run ? filter_authz_evaluate_dry_run(a, &in).allowed
                   : filter_authz_evaluate(a, &in).allowed;
}

static void az_3_two_evaluators_agree(void)
{
    uint32_t allowed = 0, total = 0;

    random_init(&rng, 11);
    for (int round = 0; round < 20000; round++) {
        struct model_authz a;

        arena_init(&arena, 4096);
        random_policies(&a);
        for (int i = 0; i < 10; i++) {
            struct request r = random_request();
            bool got = evaluate(&a, &r, false);

            allowed += got;
            total++;
            if (!OK(got == naive(&r, &a, false)) ||
                !OK(evaluate(&a, &r, true) == naive(&r, &a, true))) {
                arena_deinit(&arena);
                return;
            }
        }
        arena_deinit(&arena);
    }
    OK(total == 200000 && allowed > 20000 && allowed < 180000);
}

/* ---- the filter itself ---- */

static struct model_authz_value value;
static struct model_authz_clause clause;
static struct model_authz_group group;
static struct model_authz_rule rules[2];
static struct model_authz_policy policy;
static struct model_authz authz;

/* One policy ns[foo]-policy[bar], whose second rule has one clause. */
static void one_policy(uint8_t action, uint8_t field, struct str text)
{
    value = (struct model_authz_value){ .type = MODEL_AUTHZ_EXACT, .text = text };
    clause = (struct model_authz_clause){
        .field = field, .values = &value, .value_count = 1, .http_only = field == MODEL_AUTHZ_PATH
    };
    group = (struct model_authz_group){ .clauses = &clause, .clause_count = 1 };
    rules[0] = rules[1] = (struct model_authz_rule){ .from = &group,
                                                     .from_count = 1,
                                                     .has_http_only = clause.http_only };
    policy = (struct model_authz_policy){ .action = action,
                                          .rules = rules,
                                          .rule_count = 1,
                                          .source = { .ns = STR("foo"), .name = STR("bar") } };
    authz = (struct model_authz){ 0 };
    authz.by_action[action].list = &policy;
    authz.by_action[action].count = 1;
}

struct run {
    struct filter_request fr;
    struct decision d;
    struct http_msg head;
    struct arena arena;
};

static void run_prepare(struct run *r, const char *identity, const char *path)
{
    memset(r, 0, sizeof(*r));
    arena_init(&r->arena, 0);
    http_msg_init(&r->head, &r->arena);
    http_msg_set_method(&r->head, STR("GET"));
    r->head.path = str_of(path);
    r->d.peer_identity = str_of(identity);
    addr_parse(STR("10.0.0.1:1"), 0, &r->d.peer);
    addr_parse(STR("10.0.0.2:80"), 0, &r->d.local);
    r->fr = (struct filter_request){
        .arena = &r->arena, .head = &r->head, .decision = &r->d, .authz = &authz
    };
    r->fr.query.path = http_msg_path_only(&r->head);
}

static enum filter_result run(struct run *r, const char *identity, const char *path)
{
    run_prepare(r, identity, path);
    return filter_authz.on_request(&r->fr);
}

static void az_1_denied_requests_get_istios_answer(void)
{
    struct run r;

    one_policy(MODEL_AUTHZ_DENY, MODEL_AUTHZ_PRINCIPAL, STR("td/ns/foo/sa/x"));
    EQ_INT(run(&r, "spiffe://td/ns/foo/sa/x", "/"), FILTER_REPLY);
    EQ_UINT(r.fr.reply.status, 403);
    EQ_INT(r.fr.reply.grpc_status, 7);
    EQ_STRN(r.fr.reply.body.p, r.fr.reply.body.len, "RBAC: access denied");
    EQ_STR(r.fr.reply.details, "rbac_access_denied_matched_policy[ns[foo]-policy[bar]-rule[0]]");
    OK(r.d.authz_denied && r.d.authz_policy == &policy && r.d.authz_rule == 0);
    arena_deinit(&r.arena);
    EQ_INT(run(&r, "", "/"), FILTER_CONTINUE); /* no identity matches no principal */
    OK(!r.d.authz_denied && !r.d.authz_policy);
    arena_deinit(&r.arena);
}

static void az_1_allow_policies_deny_the_rest(void)
{
    struct run r;

    one_policy(MODEL_AUTHZ_ALLOW, MODEL_AUTHZ_PATH, STR("/ok"));
    EQ_INT(run(&r, "", "/ok?x"), FILTER_CONTINUE);
    OK(r.d.authz_policy == &policy);
    arena_deinit(&r.arena);
    EQ_INT(run(&r, "", "/no"), FILTER_REPLY);
    EQ_STR(r.fr.reply.details, "rbac_access_denied_matched_policy[none]");
    arena_deinit(&r.arena);
    policy.rule_count = 0; /* `spec: {}` allows nothing */
    EQ_INT(run(&r, "", "/ok"), FILTER_REPLY);
    arena_deinit(&r.arena);
    rules[0] = (struct model_authz_rule){ 0 };
    policy.rule_count = 1; /* `rules: [{}]` matches all */
    EQ_INT(run(&r, "", "/no"), FILTER_CONTINUE);
    arena_deinit(&r.arena);
}

/* Two values of x-a: what the policy says of "yes", with values or with notValues. */
static bool is_denied_with(const char *first, const char *second, enum model_authz_action action,
                           bool none_of)
{
    struct run r;
    bool denied;

    one_policy((uint8_t)action, MODEL_AUTHZ_HEADER, STR("yes"));
    clause.key = STR("x-a");
    if (none_of) {
        clause.not_values = clause.values;
        clause.not_value_count = 1;
        clause.value_count = 0;
    }
    run_prepare(&r, "", "/");
    http_headers_add(&r.head.headers, STR("x-a"), str_of(first));
    http_headers_add(&r.head.headers, STR("x-a"), str_of(second));
    denied = filter_authz.on_request(&r.fr) == FILTER_REPLY;
    arena_deinit(&r.arena);
    return denied;
}

static void a_header_given_twice_cannot_hide(void)
{
    OK(is_denied_with("no", "yes", MODEL_AUTHZ_DENY, false));
    OK(is_denied_with("yes", "no", MODEL_AUTHZ_DENY, false));
    OK(!is_denied_with("no", "no", MODEL_AUTHZ_DENY, false));
    OK(is_denied_with("yes", "no", MODEL_AUTHZ_DENY, true));
    OK(is_denied_with("yes", "no", MODEL_AUTHZ_ALLOW, false));
    OK(!is_denied_with("yes", "yes", MODEL_AUTHZ_ALLOW, false));
    OK(is_denied_with("no", "yes", MODEL_AUTHZ_ALLOW, true));
    OK(!is_denied_with("no", "no", MODEL_AUTHZ_ALLOW, true));
}

static void az_16_custom_without_provider_denies(void)
{
    struct run r;

    one_policy(MODEL_AUTHZ_CUSTOM, MODEL_AUTHZ_PATH, STR("/x"));
    EQ_INT(run(&r, "", "/x"), FILTER_REPLY);
    arena_deinit(&r.arena);
    EQ_INT(run(&r, "", "/y"), FILTER_CONTINUE);
    arena_deinit(&r.arena);
}

static void az_17_dry_run_only_remarks(void)
{
    struct run r;

    one_policy(MODEL_AUTHZ_DENY, MODEL_AUTHZ_PATH, STR("/x"));
    policy.dry_run = true;
    EQ_INT(run(&r, "", "/x"), FILTER_CONTINUE);
    OK(!r.d.authz_denied && r.d.shadow_denied && r.d.shadow_policy == &policy);
    arena_deinit(&r.arena);
}

static void az_11_remote_ip_is_the_last_forwarded_address(void)
{
    struct run r;

    one_policy(MODEL_AUTHZ_DENY, MODEL_AUTHZ_REMOTE_IP, STR_NONE);
    value.type = MODEL_AUTHZ_NET;
    addr_net_parse(STR("1.2.3.4"), &value.net);
    run(&r, "", "/");
    http_headers_add(&r.head.headers, STR("x-forwarded-for"), STR("9.9.9.9, 1.2.3.4"));
    EQ_INT(filter_authz.on_request(&r.fr), FILTER_REPLY);
    r.d.gateway = true; /* a gateway believes the connection only */
    EQ_INT(filter_authz.on_request(&r.fr), FILTER_CONTINUE);
    arena_deinit(&r.arena);
}

static void az_11_ip_blocks_are_of_the_connection(void)
{
    struct run r;

    one_policy(MODEL_AUTHZ_DENY, MODEL_AUTHZ_SOURCE_IP, STR_NONE);
    value.type = MODEL_AUTHZ_NET;
    addr_net_parse(STR("1.2.3.4"), &value.net);
    run_prepare(&r, "", "/");
    http_headers_add(&r.head.headers, STR("x-forwarded-for"), STR("1.2.3.4"));
    EQ_INT(filter_authz.on_request(&r.fr), FILTER_CONTINUE); /* the header is not asked */
    addr_net_parse(STR("10.0.0.1"), &value.net);
    EQ_INT(filter_authz.on_request(&r.fr), FILTER_REPLY);
    arena_deinit(&r.arena);
}

/* Fields of the caller's identity on a caller that has none. */
static void az_8_without_identity_nothing_but_its_absence_matches(void)
{
    static const struct {
        uint8_t field;
        const char *text;
    } fields[] = { { MODEL_AUTHZ_PRINCIPAL, "" },
                   { MODEL_AUTHZ_NAMESPACE, "" },
                   { MODEL_AUTHZ_SERVICE_ACCOUNT, "foo/x" } };
    struct run r;

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        one_policy(MODEL_AUTHZ_DENY, fields[i].field, str_of(fields[i].text));
        value.type = *fields[i].text ? MODEL_AUTHZ_EXACT : MODEL_AUTHZ_PRESENT;
        EQ_INT(run(&r, "", "/"), FILTER_CONTINUE);
        arena_deinit(&r.arena);
        EQ_INT(run(&r, "spiffe://td/ns/foo/sa/x", "/"), FILTER_REPLY);
        arena_deinit(&r.arena);
        clause.not_values = clause.values; /* notPrincipals: ["*"] */
        clause.not_value_count = 1;
        clause.value_count = 0;
        EQ_INT(run(&r, "", "/"), FILTER_REPLY);
        arena_deinit(&r.arena);
        EQ_INT(run(&r, "spiffe://td/ns/foo/sa/x", "/"), FILTER_CONTINUE);
        arena_deinit(&r.arena);
    }
}

static void az_6_tcp_drops_http_fields_as_istio_does(void)
{
    struct decision d = { .peer_identity = STR("spiffe://td/ns/foo/sa/x") };

    arena_init(&arena, 256);
    addr_parse(STR("10.0.0.2:80"), 0, &d.local);
    one_policy(MODEL_AUTHZ_ALLOW, MODEL_AUTHZ_PATH, STR("/ok"));
    OK(filter_authz_refuses_tcp(&authz, &d, &arena) != NULL); /* AZ-6: never matches */
    OK(d.authz_denied && !d.authz_policy);
    one_policy(MODEL_AUTHZ_DENY, MODEL_AUTHZ_PATH, STR("/ok"));
    OK(filter_authz_refuses_tcp(&authz, &d, &arena) != NULL); /* AZ-6: what is left matches all */
    OK(d.authz_policy == &policy);
    one_policy(MODEL_AUTHZ_ALLOW, MODEL_AUTHZ_SERVICE_ACCOUNT, STR("foo/x"));
    OK(filter_authz_refuses_tcp(&authz, &d, &arena) == NULL);
    d.peer_identity = STR("spiffe://td/ns/foo/sa/y");
    OK(filter_authz_refuses_tcp(&authz, &d, &arena) != NULL);
    d.peer_identity = STR("spiffe://td/ns/foo/sa/x/extra");
    EQ_STR(filter_authz_refuses_tcp(&authz, &d, &arena), "rbac_access_denied_matched_policy[none]");
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "az_3_two_evaluators_agree", az_3_two_evaluators_agree },
    { "az_1_denied_requests_get_istios_answer", az_1_denied_requests_get_istios_answer },
    { "az_1_allow_policies_deny_the_rest", az_1_allow_policies_deny_the_rest },
    { "a_header_given_twice_cannot_hide", a_header_given_twice_cannot_hide },
    { "az_16_custom_without_provider_denies", az_16_custom_without_provider_denies },
    { "az_17_dry_run_only_remarks", az_17_dry_run_only_remarks },
    { "az_11_remote_ip_is_the_last_forwarded_address",
      az_11_remote_ip_is_the_last_forwarded_address },
    { "az_11_ip_blocks_are_of_the_connection", az_11_ip_blocks_are_of_the_connection },
    { "az_8_without_identity_nothing_but_its_absence_matches",
      az_8_without_identity_nothing_but_its_absence_matches },
    { "az_6_tcp_drops_http_fields_as_istio_does", az_6_tcp_drops_http_fields_as_istio_does },
};

TAP_MAIN(cases)
