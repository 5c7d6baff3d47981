#include "core/compile/l4_convert.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/principal_domains.h"
#include "core/net/addr.h"

/* ---- values ---- */

static void set_string(struct security_msg_string *to, struct str text)
{
    static struct security_msg_empty empty;

    if (str_is(text, "*"))
        to->presence = &empty;
    else if (text.len && text.p[0] == '*')
        to->suffix = str_skip(text, 1);
    else if (text.len && text.p[text.len - 1] == '*')
        to->prefix = str_head(text, text.len - 1);
    else
        to->exact = text;
}

static size_t strings(const struct l4_convert *c, const struct str *from, size_t count,
                      struct security_msg_string **to)
{
    *to = arena_alloc0(c->a, count, sizeof(**to));
    for (size_t i = 0; i < count; i++)
        set_string(&(*to)[i], from[i]);
    return count;
}

static size_t principals(const struct l4_convert *c, const struct str *from, size_t count,
                         struct security_msg_string **to)
{
    struct principal_domains domains = { .own = c->trust_domain };
    struct str all[2];
    size_t n = 0;

    *to = arena_alloc0(c->a, count * COUNT_OF(all), sizeof(**to));
    for (size_t i = 0; i < count; i++) {
        size_t stands_for = principal_domains_expand(&domains, from[i], c->a, all);

        for (size_t k = 0; k < stands_for; k++)
            set_string(&(*to)[n++], all[k]);
    }
    return n;
}

/* What is no address was refused when the policy was written. */
static size_t addresses(const struct l4_convert *c, const struct str *from, size_t count,
                        struct security_msg_address **to)
{
    size_t n = 0;

    *to = arena_alloc0(c->a, count, sizeof(**to));
    for (size_t i = 0; i < count; i++) {
        struct addr_net net;
        size_t len;

        if (addr_net_parse(from[i], &net) != 0)
            continue;
        len = net.base.family == ADDR_IPV4 ? 4 : 16;
        (*to)[n++] = (struct security_msg_address){
            .address = arena_str(c->a, str_make(net.base.ip, len)),
            .length = net.bits,
        };
    }
    return n;
}

static size_t ports(const struct l4_convert *c, const struct str *from, size_t count, int64_t **to)
{
    size_t n = 0;
    uint64_t number;

    *to = arena_alloc0(c->a, count, sizeof(**to));
    for (size_t i = 0; i < count; i++)
        if (str_to_u64(from[i], 65535, &number) == 0)
            (*to)[n++] = (int64_t)number;
    return n;
}

static size_t accounts(const struct l4_convert *c, struct str ns, const struct str *from,
                       size_t count, struct security_msg_account **to)
{
    *to = arena_alloc0(c->a, count, sizeof(**to));
    for (size_t i = 0; i < count; i++) {
        ssize_t slash = str_chr(from[i], '/');

        (*to)[i].ns = slash < 0 ? ns : str_head(from[i], (size_t)slash);
        (*to)[i].name = slash < 0 ? from[i] : str_skip(from[i], (size_t)slash + 1);
    }
    return count;
}

/* ---- AuthorizationPolicy ---- */

/* Both lists of one kind of value: member and not_member. */
#define BOTH(m, kind, c, field, from, member)                                                      \
    ((m)->field##_count = kind(c, (from)->member, (from)->member##_count, &(m)->field),            \
     (m)->not_##field##_count =                                                                    \
         kind(c, (from)->not_##member, (from)->not_##member##_count, &(m)->not_##field))

static struct security_msg_clause *add_clause(const struct l4_convert *c,
                                              struct security_msg_rule *rule, size_t matches)
{
    struct security_msg_clause *clause = &rule->clauses[rule->clauses_count++];

    clause->matches = arena_alloc0(c->a, matches, sizeof(*clause->matches));
    clause->matches_count = matches;
    return clause;
}

static bool has_http_source(const struct authorization_policy_source *s)
{
    return s && (s->request_principals_count || s->not_request_principals_count ||
                 s->remote_ip_blocks_count || s->not_remote_ip_blocks_count);
}

static bool has_http_operation(const struct authorization_policy_operation *op)
{
    return op && (op->hosts_count || op->not_hosts_count || op->methods_count ||
                  op->not_methods_count || op->paths_count || op->not_paths_count);
}

/* A trust domain is how a principal begins. The lists of one match are ANDed, the values of one
 * list ORed: with principals beside them, domains that are asked for cannot be said. */
static bool add_domains(const struct l4_convert *c, const struct authorization_policy_source *s,
                        struct security_msg_match *m)
{
    size_t yes = s->trust_domains_count, no = s->not_trust_domains_count;
    struct security_msg_string *list;

    if (yes && m->principals_count)
        return false;
    if (yes) {
        m->principals = arena_alloc0(c->a, yes, sizeof(*m->principals));
        m->principals_count = yes;
    }
    for (size_t i = 0; i < yes; i++)
        m->principals[i].prefix = arena_printf(c->a, "%.*s/", STR_ARG(s->trust_domains[i]));
    list = arena_alloc0(c->a, m->not_principals_count + no, sizeof(*list));
    for (size_t i = 0; i < m->not_principals_count; i++)
        list[i] = m->not_principals[i];
    for (size_t i = 0; i < no; i++)
        list[m->not_principals_count++].prefix =
            arena_printf(c->a, "%.*s/", STR_ARG(s->not_trust_domains[i]));
    m->not_principals = list;
    return true;
}

/* false: something in it cannot be said. */
static bool set_source(const struct l4_convert *c, struct str ns,
                       const struct authorization_policy_source *s, struct security_msg_match *m)
{
    if (!s)
        return true;
    BOTH(m, strings, c, namespaces, s, namespaces);
    BOTH(m, principals, c, principals, s, principals);
    BOTH(m, addresses, c, source_ips, s, ip_blocks);
    m->service_accounts_count =
        accounts(c, ns, s->service_accounts, s->service_accounts_count, &m->service_accounts);
    m->not_service_accounts_count = accounts(
        c, ns, s->not_service_accounts, s->not_service_accounts_count, &m->not_service_accounts);
    return add_domains(c, s, m);
}

/* false: the key is one of HTTP. */
static bool set_when(const struct l4_convert *c, struct str ns,
                     const struct authorization_policy_condition *w, struct security_msg_match *m)
{
    if (str_is(w->key, "source.namespace")) {
        BOTH(m, strings, c, namespaces, w, values);
    } else if (str_is(w->key, "source.principal")) {
        BOTH(m, principals, c, principals, w, values);
    } else if (str_is(w->key, "source.ip")) {
        BOTH(m, addresses, c, source_ips, w, values);
    } else if (str_is(w->key, "destination.ip")) {
        BOTH(m, addresses, c, destination_ips, w, values);
    } else if (str_is(w->key, "destination.port")) {
        BOTH(m, ports, c, destination_ports, w, values);
    } else if (str_is(w->key, "source.serviceAccount")) {
        m->service_accounts_count =
            accounts(c, ns, w->values, w->values_count, &m->service_accounts);
        m->not_service_accounts_count =
            accounts(c, ns, w->not_values, w->not_values_count, &m->not_service_accounts);
    } else {
        return false;
    }
    return true;
}

static bool is_empty(const struct security_msg_match *m)
{
    return !m->namespaces_count && !m->not_namespaces_count && !m->principals_count &&
           !m->not_principals_count && !m->source_ips_count && !m->not_source_ips_count &&
           !m->destination_ips_count && !m->not_destination_ips_count &&
           !m->destination_ports_count && !m->not_destination_ports_count &&
           !m->service_accounts_count && !m->not_service_accounts_count;
}

/* A match without conditions holds always, and with it its clause. Readers take an empty match for
 * one that never holds, so such a clause is left out; a rule without clauses matches everything. */
static void drop_if_always(struct security_msg_rule *rule)
{
    const struct security_msg_clause *clause = &rule->clauses[rule->clauses_count - 1];

    for (size_t i = 0; i < clause->matches_count; i++) {
        if (is_empty(&clause->matches[i])) {
            rule->clauses_count--;
            return;
        }
    }
}

static bool set_operations(const struct l4_convert *c, const struct authorization_policy_rule *from,
                           bool is_allow, struct security_msg_rule *to)
{
    struct security_msg_clause *clause = add_clause(c, to, from->to_count);

    for (size_t i = 0; i < from->to_count; i++) {
        const struct authorization_policy_operation *op = from->to[i].operation;

        if (is_allow && has_http_operation(op))
            return false;
        if (op)
            BOTH(&clause->matches[i], ports, c, destination_ports, op, ports);
    }
    drop_if_always(to);
    return true;
}

static bool set_sources(const struct l4_convert *c, struct str ns,
                        const struct authorization_policy_rule *from, bool is_allow,
                        struct security_msg_rule *to)
{
    struct security_msg_clause *clause = add_clause(c, to, from->from_count);

    for (size_t i = 0; i < from->from_count; i++) {
        const struct authorization_policy_source *s = from->from[i].source;

        if (is_allow && has_http_source(s))
            return false;
        if (!set_source(c, ns, s, &clause->matches[i]) && is_allow)
            return false;
    }
    drop_if_always(to);
    return true;
}

/* false: the rule never matches bytes, or cannot be said. Of a DENY rule what cannot be said is
 * left out, so that it refuses more. */
static bool set_rule(const struct l4_convert *c, struct str ns, bool is_allow,
                     const struct authorization_policy_rule *from, struct security_msg_rule *to)
{
    to->clauses = arena_alloc0(c->a, from->when_count + 2, sizeof(*to->clauses));
    if (from->to_count && !set_operations(c, from, is_allow, to))
        return false;
    if (from->from_count && !set_sources(c, ns, from, is_allow, to))
        return false;
    for (size_t i = 0; i < from->when_count; i++) {
        struct security_msg_clause *clause = add_clause(c, to, 1);

        if (!set_when(c, ns, &from->when[i], &clause->matches[0]) && is_allow)
            return false;
        drop_if_always(to);
    }
    return true;
}

bool l4_convert_has_form(const struct authorization_policy *spec)
{
    return (spec->action == AUTHORIZATION_POLICY_ALLOW ||
            spec->action == AUTHORIZATION_POLICY_DENY) &&
           !spec->target_ref && !spec->target_refs_count;
}

bool l4_convert_authorization(const struct l4_convert *c, const struct object *o,
                              struct security_msg_authorization *out)
{
    const struct authorization_policy *spec = o->spec;
    bool is_allow = spec->action == AUTHORIZATION_POLICY_ALLOW;

    if (!l4_convert_has_form(spec))
        return false;
    *out = (struct security_msg_authorization){
        .name = o->name,
        .ns = o->ns,
        .scope = spec->selector && spec->selector->labels_count ? SECURITY_MSG_WORKLOAD_SELECTOR
                 : str_eq(o->ns, c->root_ns)                    ? SECURITY_MSG_GLOBAL
                                                                : SECURITY_MSG_NAMESPACE,
        .action = is_allow ? SECURITY_MSG_ALLOW : SECURITY_MSG_DENY,
        .dry_run = str_is(object_meta_annotation(o->meta, STR("istio.io/dry-run")), "true"),
    };
    out->rules = arena_alloc0(c->a, spec->rules_count, sizeof(*out->rules));
    for (size_t i = 0; i < spec->rules_count; i++) {
        struct security_msg_rule *rule = &out->rules[out->rules_count];

        *rule = (struct security_msg_rule){ 0 };
        if (set_rule(c, o->ns, is_allow, &spec->rules[i], rule))
            out->rules_count++;
    }
    return true;
}

/* ---- PeerAuthentication ---- */

/* "No identity", to be made narrower by the caller. */
static struct security_msg_rule *add_no_identity(const struct l4_convert *c,
                                                 struct security_msg_authorization *out)
{
    struct security_msg_rule *rule = &out->rules[out->rules_count++];
    struct str any = STR("*");
    struct security_msg_match *m;

    rule->clauses = arena_alloc0(c->a, 2, sizeof(*rule->clauses));
    m = &add_clause(c, rule, 1)->matches[0];
    m->not_principals_count = strings(c, &any, 1, &m->not_principals);
    return rule;
}

void l4_convert_strict(const struct l4_convert *c, struct security_msg_authorization *out)
{
    *out = (struct security_msg_authorization){
        .name = STR(L4_CONVERT_STRICT_NAME),
        .ns = c->root_ns,
        .scope = SECURITY_MSG_WORKLOAD_SELECTOR,
        .action = SECURITY_MSG_DENY,
    };
    out->rules = arena_alloc0(c->a, 1, sizeof(*out->rules));
    (void)add_no_identity(c, out);
}

/* The ports whose mode is not what holds for the others. */
static size_t other_ports(const struct l4_convert *c, const struct peer_authentication *pa,
                          bool strict, int64_t **to)
{
    size_t n = 0;
    uint64_t number;

    *to = arena_alloc0(c->a, pa->ports_count, sizeof(**to));
    for (size_t i = 0; i < pa->ports_count; i++) {
        int mode = pa->ports[i].value.mode;

        if (mode != PEER_AUTHENTICATION_UNSET && (mode == PEER_AUTHENTICATION_STRICT) != strict &&
            str_to_u64(pa->ports[i].key, 65535, &number) == 0)
            (*to)[n++] = (int64_t)number;
    }
    return n;
}

bool l4_convert_ports(const struct l4_convert *c, const struct object *o, bool strict,
                      struct security_msg_authorization *out)
{
    int64_t *numbers;
    size_t count = other_ports(c, o->spec, strict, &numbers);
    struct security_msg_match *m;

    if (!count)
        return false;
    *out = (struct security_msg_authorization){
        .name = arena_printf(c->a, L4_CONVERT_PORTS_NAME "%.*s", STR_ARG(o->name)),
        .ns = o->ns,
        .scope = SECURITY_MSG_WORKLOAD_SELECTOR,
        .action = SECURITY_MSG_DENY,
    };
    out->rules = arena_alloc0(c->a, 1, sizeof(*out->rules));
    m = &add_clause(c, add_no_identity(c, out), 1)->matches[0];
    if (strict) {
        m->not_destination_ports = numbers;
        m->not_destination_ports_count = count;
    } else {
        m->destination_ports = numbers;
        m->destination_ports_count = count;
    }
    return true;
}
