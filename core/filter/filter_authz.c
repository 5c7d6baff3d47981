#include "core/filter/filter_authz.h"

#include "core/base/mem.h"
#include "core/filter/authz_path.h"

/* ---- one field ---- */

/* What a clause looks at: text, an address or a number, as its field has it. */
struct subject {
    struct str text; /* empty: not there, so that only the none-of side can hold */
    const struct addr *addr;
    uint16_t number;
    bool ignore_case;
};

static struct subject subject_of(const struct model_authz_clause *clause,
                                 const struct filter_authz_input *in)
{
    const struct http_msg *head = in->head;

    switch (clause->field) {
    case MODEL_AUTHZ_PRINCIPAL:
        return (struct subject){ .text = in->principal };
    case MODEL_AUTHZ_NAMESPACE:
        return (struct subject){ .text = in->ns };
    case MODEL_AUTHZ_TRUST_DOMAIN:
        return (struct subject){ .text = in->trust_domain };
    case MODEL_AUTHZ_SNI:
        return (struct subject){ .text = in->sni };
    case MODEL_AUTHZ_SOURCE_IP:
        return (struct subject){ .addr = in->source_ip };
    case MODEL_AUTHZ_REMOTE_IP:
        return (struct subject){ .addr = in->remote_ip };
    case MODEL_AUTHZ_DEST_IP:
        return (struct subject){ .addr = in->dest_ip };
    case MODEL_AUTHZ_PORT:
        return (struct subject){ .number = in->dest_port };
    case MODEL_AUTHZ_HOST:
        return (struct subject){ .text = head ? head->authority : STR_NONE, .ignore_case = true };
    case MODEL_AUTHZ_METHOD:
        return (struct subject){ .text = head ? head->method_name : STR_NONE };
    case MODEL_AUTHZ_PATH:
        return (struct subject){ .text = in->path };
    case MODEL_AUTHZ_HEADER:
        if (!head)
            break;
        return (struct subject){ .text = route_match_header_value(
                                     head, clause->key, (uint16_t)http_token_of(clause->key),
                                     in->arena) };
    case MODEL_AUTHZ_REQUEST_PRINCIPAL:
        return (struct subject){ .text = in->claims ? in->claims->principal : STR_NONE };
    default:
        break;
    }
    return (struct subject){ 0 };
}

static bool text_matches(const struct model_authz_value *v, const struct subject *s)
{
    struct str text = s->text;

    switch (v->type) {
    case MODEL_AUTHZ_EXACT:
        return s->ignore_case ? str_ieq(text, v->text) : str_eq(text, v->text);
    case MODEL_AUTHZ_PREFIX:
        return s->ignore_case ? str_istarts(text, v->text) : str_starts(text, v->text);
    case MODEL_AUTHZ_SUFFIX:
        return s->ignore_case ? str_iends(text, v->text) : str_ends(text, v->text);
    case MODEL_AUTHZ_PRESENT:
        return true;
    case MODEL_AUTHZ_TEMPLATE:
        return authz_path_matches(v->text, text);
    default:
        return false;
    }
}

static bool value_matches(const struct model_authz_value *v, const struct subject *s)
{
    if (v->type == MODEL_AUTHZ_NET)
        return s->addr && addr_net_has(&v->net, s->addr);
    if (v->type == MODEL_AUTHZ_NUMBER)
        return s->number && s->number == v->number;
    return s->text.len && text_matches(v, s);
}

/* "ns/sa" is two parts of the principal with others between. */
static bool account_matches(const struct model_authz_value *v, const struct filter_authz_input *in)
{
    struct str sa = v->text, ns = str_cut(&sa, '/');

    if (in->service_account.len == 0)
        return false;
    if (v->type == MODEL_AUTHZ_PRESENT)
        return true;
    return v->type == MODEL_AUTHZ_EXACT && str_eq(ns, in->ns) && str_eq(sa, in->service_account);
}

static bool any_matches(const struct model_authz_value *values, uint32_t count,
                        const struct model_authz_clause *clause, const struct subject *s,
                        const struct filter_authz_input *in)
{
    for (uint32_t i = 0; i < count; i++) {
        if (clause->field == MODEL_AUTHZ_SERVICE_ACCOUNT ? account_matches(&values[i], in)
                                                         : value_matches(&values[i], s))
            return true;
    }
    return false;
}

static bool subject_holds(const struct model_authz_clause *c, const struct subject *s,
                          const struct filter_authz_input *in)
{
    return (c->value_count == 0 || any_matches(c->values, c->value_count, c, s, in)) &&
           !any_matches(c->not_values, c->not_value_count, c, s, in);
}

/* A header that came several times is several values, and readers behind us differ in which they
 * take: ALLOW must hold for each of them, anything else for one, or for all joined. */
static bool header_holds(const struct model_authz_clause *c, const struct filter_authz_input *in,
                         bool is_allow)
{
    const struct http_headers *h = &in->head->headers;
    struct subject s = subject_of(c, in);
    uint32_t count = 0;
    bool any = false, every = true;

    for (uint32_t i = 0; i < h->count; i++) {
        struct subject one = { .text = h->items[i].value };

        if (!str_eq(h->items[i].name, c->key))
            continue;
        if (subject_holds(c, &one, in))
            any = true;
        else
            every = false;
        count++;
    }
    if (count < 2)
        return subject_holds(c, &s, in);
    return is_allow ? every : any || subject_holds(c, &s, in);
}

/* ---- claims ---- */

struct claim_values {
    const struct model_authz_value *values;
    uint32_t count;
};

static bool is_wanted(void *arg, struct str text)
{
    const struct claim_values *v = arg;
    struct subject s = { .text = text };

    for (uint32_t i = 0; i < v->count; i++) {
        if (value_matches(&v->values[i], &s))
            return true;
    }
    return false;
}

/* Of a claim that is a list one value is enough. */
static bool claim_holds(const struct model_authz_clause *c, const struct filter_authz_input *in)
{
    struct claim_values yes = { c->values, c->value_count },
                        no = { c->not_values, c->not_value_count };
    struct str path[JWT_CLAIMS_MAX_DEPTH];
    uint32_t depth = 1;

    switch (c->field) {
    case MODEL_AUTHZ_AUDIENCE:
        path[0] = STR("aud");
        break;
    case MODEL_AUTHZ_PRESENTER:
        path[0] = STR("azp");
        break;
    default:
        depth = jwt_claims_split(c->key, path);
        break;
    }
    return (!yes.count || jwt_claims_any(in->claims, path, depth, is_wanted, &yes)) &&
           !(no.count && jwt_claims_any(in->claims, path, depth, is_wanted, &no));
}

static bool is_claim(uint8_t field)
{
    return field == MODEL_AUTHZ_CLAIM || field == MODEL_AUTHZ_AUDIENCE ||
           field == MODEL_AUTHZ_PRESENTER;
}

static bool clause_holds(const struct model_authz_clause *c, const struct filter_authz_input *in,
                         bool is_allow)
{
    struct subject s;

    if (c->http_only && !in->head)
        return true; /* AZ-6: ALLOW rules with such a clause were left out before */
    if (c->field == MODEL_AUTHZ_HEADER && in->head)
        return header_holds(c, in, is_allow);
    if (is_claim(c->field))
        return claim_holds(c, in);
    s = subject_of(c, in);
    return subject_holds(c, &s, in);
}

/* ---- rules and policies ---- */

static bool group_holds(const struct model_authz_group *g, const struct filter_authz_input *in,
                        bool is_allow)
{
    for (uint32_t i = 0; i < g->clause_count; i++) {
        if (!clause_holds(&g->clauses[i], in, is_allow))
            return false;
    }
    return true;
}

static bool any_holds(const struct model_authz_group *groups, uint32_t count,
                      const struct filter_authz_input *in, bool is_allow)
{
    for (uint32_t i = 0; i < count; i++) {
        if (group_holds(&groups[i], in, is_allow))
            return true;
    }
    return count == 0;
}

static bool rule_holds(const struct model_authz_rule *r, const struct filter_authz_input *in,
                       bool is_allow)
{
    if (is_allow && r->has_http_only && !in->head)
        return false;
    if (!any_holds(r->from, r->from_count, in, is_allow) ||
        !any_holds(r->to, r->to_count, in, is_allow))
        return false;
    for (uint32_t i = 0; i < r->when_count; i++) {
        if (!group_holds(&r->when[i], in, is_allow))
            return false;
    }
    return true;
}

/* Sets policy and rule of out to p and the first of its rules that holds. */
static bool policy_matches(const struct model_authz_policy *p, const struct filter_authz_input *in,
                           struct filter_authz_verdict *out)
{
    for (uint32_t rule = 0; rule < p->rule_count; rule++) {
        if (!rule_holds(&p->rules[rule], in, p->action == MODEL_AUTHZ_ALLOW))
            continue;
        out->policy = p;
        out->rule = (int32_t)rule;
        return true;
    }
    return false;
}

/* The first match of an action. *found counts the policies looked at. */
static bool find_match(const struct model_authz *authz, enum model_authz_action action,
                       const struct filter_authz_input *in, bool dry_run,
                       struct filter_authz_verdict *out, uint32_t *found)
{
    *found = 0;
    for (uint32_t i = 0; i < authz->by_action[action].count; i++) {
        const struct model_authz_policy *p = &authz->by_action[action].list[i];

        if (p->dry_run != dry_run || p->external)
            continue;
        ++*found;
        if (policy_matches(p, in, out))
            return true;
    }
    return false;
}

static struct filter_authz_verdict evaluate(const struct model_authz *authz,
                                            const struct filter_authz_input *in, bool dry_run)
{
    struct filter_authz_verdict v = { .rule = -1 };
    uint32_t found;

    if (find_match(authz, MODEL_AUTHZ_CUSTOM, in, dry_run, &v, &found) ||
        find_match(authz, MODEL_AUTHZ_DENY, in, dry_run, &v, &found))
        return v;
    v.allowed = find_match(authz, MODEL_AUTHZ_ALLOW, in, dry_run, &v, &found) || found == 0;
    return v;
}

struct filter_authz_verdict filter_authz_evaluate(const struct model_authz *authz,
                                                  const struct filter_authz_input *in)
{
    return evaluate(authz, in, false);
}

struct filter_authz_verdict filter_authz_evaluate_dry_run(const struct model_authz *authz,
                                                          const struct filter_authz_input *in)
{
    return evaluate(authz, in, true);
}

static uint32_t find_external(const struct model_authz *authz, const struct filter_authz_input *in,
                              uint32_t at, struct filter_authz_verdict *v)
{
    const struct model_authz_policy *list = authz->by_action[MODEL_AUTHZ_CUSTOM].list;

    for (; at < authz->external_count; at++) {
        if (!in->head && !authz->externals[at]->is_grpc)
            continue;
        for (uint32_t i = 0; i < authz->by_action[MODEL_AUTHZ_CUSTOM].count; i++) {
            if (list[i].external == authz->externals[at] && !list[i].dry_run &&
                policy_matches(&list[i], in, v))
                return at;
        }
    }
    return at;
}

/* ---- from requests and connections ---- */

/* "td/ns/NS/sa/SA"; other names are principals all the same, but have no parts. */
static void set_identity(struct filter_authz_input *in, struct str identity)
{
    struct str rest, td, ns_word, ns, sa_word;

    if (str_starts(identity, STR("spiffe://")))
        identity = str_skip(identity, 9);
    in->principal = rest = identity;
    td = str_cut(&rest, '/');
    ns_word = str_cut(&rest, '/');
    ns = str_cut(&rest, '/');
    sa_word = str_cut(&rest, '/');
    in->trust_domain = td;
    if (!str_is(ns_word, "ns") || !str_is(sa_word, "sa") || str_chr(rest, '/') >= 0)
        return;
    in->ns = ns;
    in->service_account = rest;
}

/* The client beyond proxies: a sidecar believes the last hop's entry in x-forwarded-for; a gateway
 * as many proxies in front of it as it was told to (AZ-11). */
static const struct addr *remote_of(const struct filter_request *fr, struct addr *parsed)
{
    struct str all = http_headers_get_all(&fr->head->headers, STR("x-forwarded-for"), fr->arena);
    struct str last = str_trim(str_skip(all, (size_t)(str_rchr(all, ',') + 1)));

    if (fr->decision->client)
        return fr->decision->client;
    if (fr->decision->gateway || last.len == 0 || addr_parse(last, 0, parsed))
        return &fr->decision->peer;
    return parsed;
}

static struct filter_authz_input input_of(const struct decision *d)
{
    const struct addr *local = d->original_dst.family == ADDR_NONE ? &d->local : &d->original_dst;
    struct filter_authz_input in = {
        .source_ip = &d->peer,
        .remote_ip = &d->peer,
        .dest_ip = local,
        .dest_port = local->port,
        .sni = d->sni,
    };

    set_identity(&in, d->peer_identity);
    return in;
}

static bool decide(const struct model_authz *authz, const struct filter_authz_input *in,
                   struct decision *d)
{
    struct filter_authz_verdict v = filter_authz_evaluate(authz, in);
    struct filter_authz_verdict shadow = filter_authz_evaluate_dry_run(authz, in);

    d->authz_policy = v.policy;
    d->authz_rule = v.rule;
    d->authz_denied = !v.allowed;
    d->shadow_policy = shadow.policy;
    d->shadow_rule = shadow.rule;
    d->shadow_denied = !shadow.allowed;
    return v.allowed;
}

/* As in RESPONSE_CODE_DETAILS. */
static const char *denial_of(const struct decision *d, struct arena *a)
{
    const struct model_authz_policy *p = d->authz_policy;

    if (!p)
        return "rbac_access_denied_matched_policy[none]";
    return arena_printf(a, "rbac_access_denied_matched_policy[ns[%.*s]-policy[%.*s]-rule[%d]]",
                        STR_ARG(p->source.ns), STR_ARG(p->source.name),
                        d->authz_rule < 0 ? 0 : d->authz_rule)
        .p;
}

const char *filter_authz_refuses_tcp(const struct model_authz *authz, struct decision *d,
                                     struct arena *a)
{
    struct filter_authz_input in = input_of(d);

    return decide(authz, &in, d) ? NULL : denial_of(d, a);
}

/* remote: memory for what the input points to. */
static struct filter_authz_input input_of_request(const struct filter_request *fr,
                                                  struct addr *remote)
{
    struct filter_authz_input in = input_of(fr->decision);

    in.remote_ip = remote_of(fr, remote);
    if (fr->port && fr->port->port)
        in.dest_port = fr->port->port; /* the workload's port, also behind an explicit listener */
    in.head = fr->head;
    in.path = fr->query.path;
    in.arena = fr->arena;
    in.claims = fr->claims;
    return in;
}

uint32_t filter_authz_external(const struct filter_request *fr, uint32_t from,
                               struct filter_authz_verdict *v)
{
    struct addr remote;
    struct filter_authz_input in = input_of_request(fr, &remote);

    return find_external(fr->authz, &in, from, v);
}

uint32_t filter_authz_external_tcp(const struct model_authz *authz, const struct decision *d,
                                   uint32_t from, struct filter_authz_verdict *v)
{
    struct filter_authz_input in = input_of(d);

    return find_external(authz, &in, from, v);
}

static enum filter_result on_request(struct filter_request *fr)
{
    struct decision *d = fr->decision;
    struct filter_authz_input in;
    struct addr remote;

    if (!fr->authz)
        return FILTER_CONTINUE;
    in = input_of_request(fr, &remote);
    if (decide(fr->authz, &in, d))
        return FILTER_CONTINUE;
    fr->reply = (struct filter_reply){
        .status = 403,
        .grpc_status = 7, /* PERMISSION_DENIED */
        .body = STR("RBAC: access denied"),
        .details = denial_of(d, fr->arena),
    };
    http_headers_init(&fr->reply.headers, fr->arena);
    return FILTER_REPLY;
}

const struct filter filter_authz = { .name = "authz", .on_request = on_request };
