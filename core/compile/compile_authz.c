#include "core/compile/compile_authz.h"

#include <stdlib.h>

#include "core/api/authorization_policy.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_policy.h"
#include "core/compile/compile_provider.h"
#include "core/compile/digest.h"
#include "core/compile/principal_domains.h"

struct authz_build {
    struct compile *c;
    struct model_authz *authz;
    struct arena *a;
    const struct object *o; /* the policy at hand */
    struct field_at at;
    bool http_only; /* the rule at hand asks for something of HTTP */
};

/* ---- values ---- */

enum kind { TEXT, PATH, ACCOUNT, NET, NUMBER, PRINCIPAL };

static void set_text(struct model_authz_value *v, struct str text, struct arena *a)
{
    v->type = MODEL_AUTHZ_EXACT;
    if (str_is(text, "*")) {
        v->type = MODEL_AUTHZ_PRESENT;
    } else if (text.len && text.p[0] == '*') {
        v->type = MODEL_AUTHZ_SUFFIX;
        text = str_skip(text, 1);
    } else if (text.len && text.p[text.len - 1] == '*') {
        v->type = MODEL_AUTHZ_PREFIX;
        text = str_head(text, text.len - 1);
    }
    v->text = arena_str(a, text);
}

static void set_value(const struct authz_build *b, enum kind kind, struct str text,
                      struct model_authz_value *v)
{
    uint64_t number;

    switch (kind) {
    case NET:
        v->type = MODEL_AUTHZ_NET;
        if (addr_net_parse(text, &v->net) != 0)
            compile_warn(b->c, b->o, b->at, "MSH1034", "", "\"%.*s\" is not an address block",
                         STR_ARG(text));
        return;
    case NUMBER:
        v->type = MODEL_AUTHZ_NUMBER;
        if (str_to_u64(text, 65535, &number) == 0)
            v->number = (uint16_t)number;
        return;
    case ACCOUNT: /* AZ-9: a bare name is of the policy's own namespace */
        if (str_chr(text, '/') < 0 && !str_is(text, "*"))
            text = compile_pair(b->o->ns, text, b->a);
        set_text(v, text, b->a);
        return;
    case PATH:
        if (str_chr(text, '{') >= 0) { /* AZ-12: a template before anything else */
            v->type = MODEL_AUTHZ_TEMPLATE;
            v->text = arena_str(b->a, text);
            return;
        }
        set_text(v, text, b->a);
        return;
    default:
        set_text(v, text, b->a);
        return;
    }
}

static uint32_t set_principals(const struct authz_build *b, const struct str *texts, size_t count,
                               struct model_authz_value **out)
{
    const struct mesh_config *mesh = &b->c->mesh->config;
    struct principal_domains domains = { b->c->trust_domain, mesh->trust_domain_aliases,
                                         mesh->trust_domain_aliases_count };
    size_t room = domains.alias_count + 2;
    struct str *all = arena_alloc0(b->a, room, sizeof(*all));
    uint32_t n = 0;

    *out = arena_alloc0(b->a, count * room, sizeof(**out));
    for (size_t i = 0; i < count; i++) {
        size_t stands_for = principal_domains_expand(&domains, texts[i], b->a, all);

        for (size_t k = 0; k < stands_for; k++)
            set_text(&(*out)[n++], all[k], b->a);
    }
    return n;
}

static uint32_t set_values(const struct authz_build *b, enum kind kind, const struct str *texts,
                           size_t count, struct model_authz_value **out)
{
    if (kind == PRINCIPAL)
        return set_principals(b, texts, count, out);
    *out = arena_alloc0(b->a, count, sizeof(**out));
    for (size_t i = 0; i < count; i++)
        set_value(b, kind, texts[i], &(*out)[i]);
    return (uint32_t)count;
}

/* ---- clauses ---- */

struct field_of {
    uint8_t field; /* enum model_authz_field */
    enum kind kind;
    bool http_only;
};

static void add_clause(struct authz_build *b, struct model_authz_group *g, struct field_of f,
                       struct str key, const struct str *values, size_t value_count,
                       const struct str *not_values, size_t not_count)
{
    struct model_authz_clause *c = &g->clauses[g->clause_count];

    if (!value_count && !not_count)
        return;
    c->field = f.field;
    c->http_only = f.http_only;
    c->key = key;
    c->value_count = set_values(b, f.kind, values, value_count, &c->values);
    c->not_value_count = set_values(b, f.kind, not_values, not_count, &c->not_values);
    b->http_only |= f.http_only;
    g->clause_count++;
}

#define CLAUSE(b, g, from, member, ...)                                                            \
    add_clause(b, g, (struct field_of){ __VA_ARGS__ }, STR_NONE, (from)->member,                   \
               (from)->member##_count, (from)->not_##member, (from)->not_##member##_count)

static void add_source(struct authz_build *b, const struct authorization_policy_source *s,
                       struct model_authz_group *g)
{
    g->clauses = arena_alloc0(b->a, 8, sizeof(*g->clauses));
    if (!s)
        return;
    CLAUSE(b, g, s, principals, MODEL_AUTHZ_PRINCIPAL, PRINCIPAL, false);
    CLAUSE(b, g, s, request_principals, MODEL_AUTHZ_REQUEST_PRINCIPAL, TEXT, true);
    CLAUSE(b, g, s, namespaces, MODEL_AUTHZ_NAMESPACE, TEXT, false);
    CLAUSE(b, g, s, service_accounts, MODEL_AUTHZ_SERVICE_ACCOUNT, ACCOUNT, false);
    CLAUSE(b, g, s, ip_blocks, MODEL_AUTHZ_SOURCE_IP, NET, false);
    CLAUSE(b, g, s, remote_ip_blocks, MODEL_AUTHZ_REMOTE_IP, NET, false);
    CLAUSE(b, g, s, trust_domains, MODEL_AUTHZ_TRUST_DOMAIN, TEXT, false);
}

static void add_operation(struct authz_build *b, const struct authorization_policy_operation *op,
                          struct model_authz_group *g)
{
    g->clauses = arena_alloc0(b->a, 4, sizeof(*g->clauses));
    if (!op)
        return;
    CLAUSE(b, g, op, hosts, MODEL_AUTHZ_HOST, TEXT, true);
    CLAUSE(b, g, op, ports, MODEL_AUTHZ_PORT, NUMBER, false);
    CLAUSE(b, g, op, methods, MODEL_AUTHZ_METHOD, TEXT, true);
    CLAUSE(b, g, op, paths, MODEL_AUTHZ_PATH, PATH, true);
}

/* ---- conditions ---- */

static const struct {
    struct str key;
    struct field_of field;
} when_keys[] = {
    { STR_INIT("source.ip"), { MODEL_AUTHZ_SOURCE_IP, NET, false } },
    { STR_INIT("remote.ip"), { MODEL_AUTHZ_REMOTE_IP, NET, false } },
    { STR_INIT("source.namespace"), { MODEL_AUTHZ_NAMESPACE, TEXT, false } },
    { STR_INIT("source.principal"), { MODEL_AUTHZ_PRINCIPAL, PRINCIPAL, false } },
    { STR_INIT("source.serviceAccount"), { MODEL_AUTHZ_SERVICE_ACCOUNT, ACCOUNT, false } },
    { STR_INIT("source.trustDomain"), { MODEL_AUTHZ_TRUST_DOMAIN, TEXT, false } },
    { STR_INIT("request.auth.principal"), { MODEL_AUTHZ_REQUEST_PRINCIPAL, TEXT, true } },
    { STR_INIT("request.auth.audiences"), { MODEL_AUTHZ_AUDIENCE, TEXT, true } },
    { STR_INIT("request.auth.presenter"), { MODEL_AUTHZ_PRESENTER, TEXT, true } },
    { STR_INIT("destination.ip"), { MODEL_AUTHZ_DEST_IP, NET, false } },
    { STR_INIT("destination.port"), { MODEL_AUTHZ_PORT, NUMBER, false } },
    { STR_INIT("connection.sni"), { MODEL_AUTHZ_SNI, TEXT, false } },
};

/* "prefix[x]" -> x; "prefix[a][b]" -> "a][b". p == NULL: not of that form. */
static struct str bracketed(struct str key, struct str prefix)
{
    if (!str_starts(key, prefix) || key.len < prefix.len + 3 || key.p[key.len - 1] != ']')
        return STR_NONE;
    return str_make(key.p + prefix.len + 1, key.len - prefix.len - 2);
}

/* AZ-14; ERR_UNSUPPORTED: the key is not known. */
static int find_key(struct authz_build *b, struct str key, struct field_of *field, struct str *arg)
{
    struct str inner;

    for (size_t i = 0; i < COUNT_OF(when_keys); i++) {
        if (str_eq(when_keys[i].key, key)) {
            *field = when_keys[i].field;
            *arg = STR_NONE;
            return 0;
        }
    }
    inner = bracketed(key, STR("request.headers"));
    if (inner.p) {
        *field = (struct field_of){ MODEL_AUTHZ_HEADER, TEXT, true };
        *arg = arena_lower(b->a, inner);
        return 0;
    }
    inner = bracketed(key, STR("request.auth.claims"));
    if (inner.p) {
        *field = (struct field_of){ MODEL_AUTHZ_CLAIM, TEXT, true };
        *arg = arena_str(b->a, inner);
        return 0;
    }
    return ERR_UNSUPPORTED;
}

static int add_when(struct authz_build *b, const struct authorization_policy_condition *from,
                    struct model_authz_group *g)
{
    struct field_of field;
    struct str arg;

    b->at = from->at;
    if (find_key(b, from->key, &field, &arg) != 0) {
        compile_warn(b->c, b->o, from->at, "MSH1035", "",
                     "the rule is left out: nothing is known of the condition \"%.*s\"",
                     STR_ARG(from->key));
        return ERR_UNSUPPORTED;
    }
    g->clauses = arena_alloc0(b->a, 1, sizeof(*g->clauses));
    add_clause(b, g, field, arg, from->values, from->values_count, from->not_values,
               from->not_values_count);
    return 0;
}

/* ---- rules and policies ---- */

static int add_rule(struct authz_build *b, const struct authorization_policy_rule *from,
                    struct model_authz_rule *to)
{
    b->http_only = false;
    b->at = from->at;
    to->line = from->at.line > 0 ? (uint32_t)from->at.line : 0;
    to->from = arena_alloc0(b->a, from->from_count, sizeof(*to->from));
    to->to = arena_alloc0(b->a, from->to_count, sizeof(*to->to));
    to->when = arena_alloc0(b->a, from->when_count, sizeof(*to->when));
    for (size_t i = 0; i < from->from_count; i++)
        add_source(b, from->from[i].source, &to->from[to->from_count++]);
    for (size_t i = 0; i < from->to_count; i++)
        add_operation(b, from->to[i].operation, &to->to[to->to_count++]);
    for (size_t i = 0; i < from->when_count; i++) {
        if (add_when(b, &from->when[i], &to->when[to->when_count++]) != 0)
            return ERR_UNSUPPORTED;
    }
    to->has_http_only = b->http_only;
    return 0;
}

/* AZ-16: what a policy without a valid provider covers is denied. */
static const struct model_ext_authz *external_of(struct authz_build *b, struct str name)
{
    struct model_authz *to = b->authz;
    struct model_ext_authz *x;
    uint32_t at = 0;

    while (at < to->external_count && str_cmp(to->externals[at]->name, name) < 0)
        at++;
    if (at < to->external_count && str_eq(to->externals[at]->name, name))
        return to->externals[at];
    x = compile_provider_ext_authz(b->c, name, b->a);
    if (!x) {
        compile_warn(b->c, b->o, b->at, "MSH1041", "spec.provider.name",
                     "all that the rules match is denied: \"%.*s\" is no envoyExtAuthzHttp or "
                     "envoyExtAuthzGrpc provider of MeshConfig's extensionProviders",
                     STR_ARG(name));
        return NULL;
    }
    for (uint32_t i = to->external_count++; i > at; i--)
        to->externals[i] = to->externals[i - 1];
    to->externals[at] = x;
    return x;
}

static void add_policy(struct authz_build *b, const struct object *o, struct model_authz_policy *to)
{
    static const uint8_t actions[] = {
        [AUTHORIZATION_POLICY_ALLOW] = MODEL_AUTHZ_ALLOW,
        [AUTHORIZATION_POLICY_DENY] = MODEL_AUTHZ_DENY,
        [AUTHORIZATION_POLICY_AUDIT] = MODEL_AUTHZ_AUDIT,
        [AUTHORIZATION_POLICY_CUSTOM] = MODEL_AUTHZ_CUSTOM,
    };
    const struct authorization_policy *spec = o->spec;

    b->o = o;
    to->action = actions[spec->action];
    to->dry_run = str_is(object_meta_annotation(o->meta, STR("istio.io/dry-run")), "true");
    to->source = compile_source(o, 0, b->a);
    if (spec->provider) {
        b->at = spec->provider->at;
        to->external = external_of(b, spec->provider->name);
    }
    to->rules = arena_alloc0(b->a, spec->rules_count, sizeof(*to->rules));
    for (size_t i = 0; i < spec->rules_count; i++) {
        struct model_authz_rule *rule = &to->rules[to->rule_count];

        *rule = (struct model_authz_rule){ 0 };
        if (add_rule(b, &spec->rules[i], rule) == 0)
            to->rule_count++;
    }
}

/* ---- which ones ---- */

struct pick {
    struct compile *c;
    const struct object **list;
    size_t count, cap;
};

static void pick_one(void *arg, const struct object *o)
{
    struct pick *p = arg;
    const struct authorization_policy *spec = o->spec;
    struct compile_policy_scope scope = { spec->selector, spec->target_ref, spec->target_refs,
                                          spec->target_refs_count };

    if (!compile_policy_is_for_us(p->c, o, &scope))
        return;
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 8;
        p->list = mem_resize(p->list, p->cap, sizeof(*p->list));
    }
    p->list[p->count++] = o;
}

static int by_name(const void *a, const void *b)
{
    const struct object *const *oa = a, *const *ob = b;
    int order = str_cmp((*oa)->ns, (*ob)->ns);

    return order ? order : str_cmp((*oa)->name, (*ob)->name);
}

static void add_all(struct authz_build *b, const struct object **list, size_t count)
{
    for (int action = 0; action < MODEL_AUTHZ_ACTION_COUNT; action++)
        b->authz->by_action[action].list =
            arena_alloc0(b->a, count, sizeof(struct model_authz_policy));
    b->authz->externals = arena_alloc0(b->a, count, sizeof(struct model_ext_authz *));
    for (size_t i = 0; i < count; i++) {
        struct model_authz_policy policy = { 0 };
        struct model_authz *to = b->authz;

        add_policy(b, list[i], &policy);
        to->by_action[policy.action].list[to->by_action[policy.action].count++] = policy;
        to->hash = digest_u64(digest_str(to->hash, list[i]->name), list[i]->content_hash);
        to->hash = digest_str(to->hash, list[i]->ns);
        if (policy.action == MODEL_AUTHZ_CUSTOM) /* its provider is one of the mesh's settings */
            to->hash = digest_u64(to->hash, b->c->mesh->hash);
    }
}

struct model_authz *compile_authz_build(struct compile *c)
{
    struct pick p = { .c = c };
    struct authz_build b = { .c = c };

    compile_each_object(c, API_KIND_AUTHORIZATION_POLICY, pick_one, &p);
    if (p.count) {
        qsort(p.list, p.count, sizeof(*p.list), by_name);
        b.authz = mem_alloc0(1, sizeof(*b.authz));
        atomic_init(&b.authz->refs, 1);
        arena_init(&b.authz->arena, 1024);
        b.a = &b.authz->arena;
        add_all(&b, p.list, p.count);
    }
    mem_free(p.list);
    return b.authz;
}
