#include "core/compile/compile_match.h"

#include "core/base/error.h"
#include "core/http/http_token.h"
#include "core/pki/jwt_claims.h"
#include "core/text/regex.h"

static int set_regex(const struct compile_match_keeper *k, struct str pattern,
                     struct model_string_match *to, struct str *why)
{
    struct regex *r;
    int err;

    if (str_is(pattern, "*")) { /* VS-3: not RE2, but meant as presence */
        to->type = MODEL_MATCH_PRESENT;
        return 0;
    }
    err = regex_new(&r, pattern, k->arena, why);
    if (err)
        return ERR_INVALID;
    k->keep(k->arg, r);
    to->type = MODEL_MATCH_REGEX;
    to->regex = r;
    to->value = arena_str(k->arena, pattern);
    return 0;
}

int compile_match_string(const struct compile_match_keeper *k, const struct string_match *from,
                         bool ignore_case, struct model_string_match *to, struct str *why)
{
    *to = (struct model_string_match){ .type = MODEL_MATCH_PRESENT, .ignore_case = ignore_case };
    if (from->regex.p)
        return set_regex(k, from->regex, to, why);
    if (from->exact.p) {
        to->type = MODEL_MATCH_EXACT;
        to->value = arena_str(k->arena, from->exact);
    } else if (from->prefix.p) {
        to->type = MODEL_MATCH_PREFIX;
        to->value = arena_str(k->arena, from->prefix);
    }
    return 0;
}

static int one(const struct compile_match_keeper *k, const struct string_match *from,
               bool ignore_case, struct model_string_match **to, struct str *why)
{
    if (!from)
        return 0;
    *to = arena_alloc0(k->arena, 1, sizeof(**to));
    return compile_match_string(k, from, ignore_case, *to, why);
}

/* Keys that stand for other fields of the match are ignored, as Istio does. */
static bool is_ignored(struct str key)
{
    return str_is(key, "uri") || str_is(key, "scheme") || str_is(key, "method") ||
           str_is(key, "authority");
}

/* "@request.auth.claims.sub" and "@request.auth.claims[a][b]" ask for what the verified token says.
 */
static void set_claim(const struct compile_match_keeper *k, struct str key,
                      struct model_header_match *h)
{
    static const struct str head = STR_INIT("@request.auth.claims");
    struct str parts[JWT_CLAIMS_MAX_DEPTH], path;

    if (!str_starts(key, head) || key.len <= head.len + 1)
        return;
    path = str_skip(key, head.len);
    if (path.p[0] == '.')
        path = str_skip(path, 1);
    h->claim_count = jwt_claims_split(path, parts);
    h->claim = arena_alloc0(k->arena, h->claim_count, sizeof(*h->claim));
    for (uint32_t i = 0; i < h->claim_count; i++)
        h->claim[i] = arena_str(k->arena, parts[i]);
}

static int add_headers(const struct compile_match_keeper *k, const struct string_match_entry *list,
                       size_t count, bool invert, struct model_match *to, struct str *why)
{
    for (size_t i = 0; i < count; i++) {
        struct model_header_match *h = &to->headers[to->header_count];
        int err;

        if (is_ignored(list[i].key))
            continue;
        err = compile_match_string(k, &list[i].value, false, &h->match, why);
        if (err)
            return err;
        set_claim(k, list[i].key, h);
        h->name = arena_lower(k->arena, list[i].key);
        h->token = (uint16_t)http_token_of(h->name);
        h->match.invert = invert;
        h->match.missing_is_empty = invert && h->match.type != MODEL_MATCH_PRESENT;
        to->header_count++;
    }
    return 0;
}

static int add_queries(const struct compile_match_keeper *k,
                       const struct virtual_service_http_match *from, struct model_match *to,
                       struct str *why)
{
    to->queries = arena_alloc0(k->arena, from->query_params_count, sizeof(*to->queries));
    for (size_t i = 0; i < from->query_params_count; i++) {
        struct model_query_match *q = &to->queries[i];
        int err = compile_match_string(k, &from->query_params[i].value, false, &q->match, why);

        if (err)
            return err;
        q->name = arena_str(k->arena, from->query_params[i].key);
        to->query_count++;
    }
    return 0;
}

int compile_match_request(const struct compile_match_keeper *k,
                          const struct virtual_service_http_match *from, struct model_match *to,
                          struct str *why)
{
    int err;

    to->headers = arena_alloc0(k->arena, from->headers_count + from->without_headers_count,
                               sizeof(*to->headers));
    err = one(k, from->uri, from->ignore_uri_case, &to->path, why);
    if (!err)
        err = one(k, from->method, false, &to->method, why);
    if (!err)
        err = one(k, from->scheme, false, &to->scheme, why);
    if (!err)
        err = one(k, from->authority, false, &to->authority, why);
    if (!err)
        err = add_headers(k, from->headers, from->headers_count, false, to, why);
    if (!err)
        err = add_headers(k, from->without_headers, from->without_headers_count, true, to, why);
    if (!err)
        err = add_queries(k, from, to, why);
    return err;
}

bool compile_match_is_all(const struct model_match *m)
{
    if (m->header_count || m->query_count || m->method || m->scheme || m->authority || m->port)
        return false;
    if (!m->path || m->path->type == MODEL_MATCH_PRESENT)
        return true;
    return (m->path->type == MODEL_MATCH_PREFIX && str_is(m->path->value, "/")) ||
           (m->path->type == MODEL_MATCH_REGEX && str_is(m->path->value, ".*"));
}
