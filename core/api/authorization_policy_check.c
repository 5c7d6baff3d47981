#include "core/api/authorization_policy_check.h"

#include <stdio.h>

#include "core/api/api_check.h"
#include "core/api/authorization_policy.h"
#include "core/base/mem.h"

/* ---- rows ---- */

/* "name" or "namespace/name", no wildcards. */
void authorization_policy_check_service_account(struct field_check *c, const void *member)
{
    const struct str *s = member;
    struct str rest = *s, first = str_cut(&rest, '/');
    bool ok = rest.p ? api_check_is_label(first) && api_check_is_subdomain(rest)
                     : api_check_is_subdomain(first);

    if (!ok)
        field_decode_error(c, "\"%.*s\" is not a service account: \"name\" or \"namespace/name\"",
                           STR_ARG(*s));
}

/* A template has whole segments of {*} and one {**} at most, behind which only plain segments
 * stand. Anything else with a brace or a '*' inside is refused, because it would not mean what it
 * looks like. */
static const char *template_problem(struct str path)
{
    if (path.p[0] != '/')
        return "a path template begins with '/'";
    for (struct str rest = str_skip(path, 1); rest.p;) {
        struct str segment = str_cut(&rest, '/');
        bool marked = str_chr(segment, '{') >= 0 || str_chr(segment, '}') >= 0;

        if (str_is(segment, "{**}") && rest.p && str_chr(rest, '{') >= 0)
            return "{**} is the last of the segments in braces";
        if (marked && !str_is(segment, "{*}") && !str_is(segment, "{**}"))
            return "a segment of a path template is {*}, {**} or has no braces";
        if (!marked && str_chr(segment, '*') >= 0)
            return "'*' beside {*} or {**} is not supported";
    }
    return NULL;
}

void authorization_policy_check_path(struct field_check *c, const void *member)
{
    const struct str *s = member;
    const char *problem;

    if (s->len == 0) {
        field_decode_error(c, "must not be empty");
        return;
    }
    if (str_chr(*s, '{') < 0 && str_chr(*s, '}') < 0)
        return;
    problem = template_problem(*s);
    if (problem)
        field_decode_error(c, "%s", problem);
}

static const char *const keys[] = {
    "source.ip",
    "remote.ip",
    "source.namespace",
    "source.principal",
    "source.serviceAccount",
    "source.trustDomain",
    "request.auth.principal",
    "request.auth.audiences",
    "request.auth.presenter",
    "destination.ip",
    "destination.port",
    "connection.sni",
};

/* Those that take names in brackets. */
static const char *const key_prefixes[] = {
    "request.headers[",
    "request.auth.claims[",
    "experimental.envoy.filters.",
};

static bool is_key(struct str s)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (str_is(s, keys[i]))
            return true;
    for (size_t i = 0; i < COUNT_OF(key_prefixes); i++) {
        struct str prefix = str_of(key_prefixes[i]);

        if (str_starts(s, prefix) && s.len > prefix.len + 1 && s.p[s.len - 1] == ']')
            return true;
    }
    return false;
}

void authorization_policy_check_key(struct field_check *c, const void *member)
{
    const struct str *s = member;
    struct diag_item *item;
    const char *near;

    if (s->len == 0 || is_key(*s))
        return;
    item = field_decode_error(c, "\"%.*s\" is not something that a condition can look at",
                              STR_ARG(*s));
    near = diag_closest(*s, keys, COUNT_OF(keys));
    if (near)
        item->suggestion = str_of(near);
}

/* ---- messages ---- */

/* Sources and operations have lists only. */
static bool is_empty(const struct field_message *m, const void *message)
{
    for (size_t i = 0; i < m->count; i++)
        if (field_items(&m->fields[i], message) > 0)
            return false;
    return true;
}

/* A list that was written but is empty would fit nobody, which its author hardly meant. */
static void check_lists(struct field_check *c, const void *message)
{
    for (size_t i = 0; i < c->message->count; i++) {
        const struct field *f = &c->message->fields[i];
        void *const *list = field_member(f, message);

        if (*list && field_items(f, message) == 0)
            field_decode_error_at(c, f->name, "must not be empty; leave it out to mean any");
    }
}

void authorization_policy_check_source(struct field_check *c, const void *message)
{
    const struct authorization_policy_source *s = message;
    bool accounts = s->service_accounts_count + s->not_service_accounts_count > 0;
    bool others = s->principals_count + s->not_principals_count + s->namespaces_count +
                      s->not_namespaces_count >
                  0;

    check_lists(c, message);
    if (accounts && others)
        field_decode_error_at(
            c, s->service_accounts_count > 0 ? "serviceAccounts" : "notServiceAccounts",
            "cannot stand beside principals or namespaces");
}

void authorization_policy_check_from(struct field_check *c, const void *message)
{
    const struct authorization_policy_from *f = message;

    if (!f->source || is_empty(c->message->fields[0].msg, f->source))
        field_decode_error_at(c, "source",
                              "must say something; leave `from` out to mean any caller");
}

void authorization_policy_check_operation(struct field_check *c, const void *message)
{
    check_lists(c, message);
}

void authorization_policy_check_to(struct field_check *c, const void *message)
{
    const struct authorization_policy_to *t = message;

    if (!t->operation || is_empty(c->message->fields[0].msg, t->operation))
        field_decode_error_at(c, "operation",
                              "must say something; leave `to` out to mean any "
                              "request");
}

static bool is_ip_key(struct str key)
{
    return str_is(key, "source.ip") || str_is(key, "remote.ip") || str_is(key, "destination.ip");
}

static void check_values(struct field_check *c, struct str key, const char *name,
                         const struct str *values, size_t n)
{
    char where[48];
    uint64_t port;

    for (size_t i = 0; i < n; i++) {
        snprintf(where, sizeof(where), "%s[%zu]", name, i);
        if (values[i].len == 0)
            field_decode_error_at(c, where, "must not be empty");
        else if (is_ip_key(key) && !api_check_is_ip(values[i]) && !api_check_is_cidr(values[i]))
            field_decode_error_at(c, where, "\"%.*s\" is not an IP address or range",
                                  STR_ARG(values[i]));
        else if (str_is(key, "destination.port") &&
                 (str_to_u64(values[i], 65535, &port) != 0 || port == 0))
            field_decode_error_at(c, where, "\"%.*s\" is not a port (1..65535)",
                                  STR_ARG(values[i]));
    }
}

void authorization_policy_check_condition(struct field_check *c, const void *message)
{
    const struct authorization_policy_condition *w = message;

    if (w->values_count == 0 && w->not_values_count == 0)
        field_decode_error_at(c, "values", "a condition needs values or notValues");
    check_values(c, w->key, "values", w->values, w->values_count);
    check_values(c, w->key, "notValues", w->not_values, w->not_values_count);
}

/* `from: []` reads like "nobody" and would mean "anybody". */
void authorization_policy_check_rule(struct field_check *c, const void *message)
{
    check_lists(c, message);
}

void authorization_policy_check_policy(struct field_check *c, const void *message)
{
    const struct authorization_policy *p = message;
    bool custom = p->action == AUTHORIZATION_POLICY_CUSTOM;

    target_ref_check_one(c, p->selector != NULL, p->target_ref, p->target_refs);
    if (custom && (!p->provider || p->provider->name.len == 0))
        field_decode_error_at(c, "provider.name", "is required for action CUSTOM");
    if (!custom && p->provider)
        field_decode_error_at(c, "provider", "is only for action CUSTOM");
    if (custom && !p->rules)
        field_decode_error_at(c, "rules", "are required for action CUSTOM");
    if (p->action == AUTHORIZATION_POLICY_DENY && !p->rules)
        field_decode_error_at(c, "rules",
                              "are required for action DENY, which does nothing without "
                              "them");
}
