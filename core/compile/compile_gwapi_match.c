#include "core/compile/compile_gwapi_match.h"

#include "core/base/mem.h"
#include "core/compile/compile_match.h"
#include "core/compile/compile_route.h"
#include "core/http/http_token.h"

/* ---- reading ---- */

void compile_gwapi_match_read_http(const struct gateway_api_http_match *m,
                                   struct compile_gwapi_match *out)
{
    *out = (struct compile_gwapi_match){ .headers = m->headers,
                                         .header_count = m->headers_count,
                                         .params = m->params,
                                         .param_count = m->params_count,
                                         .method = m->method };
    if (m->path) {
        out->path_type = m->path->type;
        out->path = m->path->value;
    }
}

/* A call's path is /SERVICE/METHOD. */
void compile_gwapi_match_read_grpc(const struct gateway_api_grpc_match *m, struct arena *a,
                                   struct compile_gwapi_match *out)
{
    const struct gateway_api_grpc_method *c = m->method;

    *out = (struct compile_gwapi_match){ .headers = m->headers, .header_count = m->headers_count };
    if (!c || (c->service.len == 0 && c->method.len == 0))
        return;
    if (c->type == GATEWAY_API_MATCH_REGEX) {
        struct str any = STR("[^/]+");

        out->path_type = GATEWAY_API_MATCH_REGEX;
        out->path =
            arena_printf(a, "/(?:%.*s)/(?:%.*s)", STR_ARG(c->service.len ? c->service : any),
                         STR_ARG(c->method.len ? c->method : any));
    } else if (c->service.len && c->method.len) {
        out->path_type = GATEWAY_API_MATCH_EXACT;
        out->path = arena_printf(a, "/%.*s/%.*s", STR_ARG(c->service), STR_ARG(c->method));
    } else if (c->service.len) {
        out->path_type = GATEWAY_API_MATCH_PREFIX;
        out->path = arena_printf(a, "/%.*s", STR_ARG(c->service));
    } else { /* method names are letters, digits and '_' (a CEL rule of the CRD) */
        out->path_type = GATEWAY_API_MATCH_REGEX;
        out->path = arena_printf(a, "/[^/]+/%.*s", STR_ARG(c->method));
    }
}

/* ---- order ---- */

static int rank(const struct compile_gwapi_match *m)
{
    switch (m->path_type) {
    case GATEWAY_API_MATCH_EXACT:
        return 3;
    case GATEWAY_API_MATCH_PREFIX:
        return 2;
    case GATEWAY_API_MATCH_REGEX:
        return 1;
    default:
        return 0;
    }
}

static int more(size_t a, size_t b)
{
    return a > b ? -1 : a < b;
}

/* "/" and no path at all say the same. */
static size_t path_len(const struct compile_gwapi_match *m)
{
    return m->path_type == GATEWAY_API_MATCH_PREFIX && str_is(m->path, "/") ? 0 : m->path.len;
}

static int rank_of_any(const struct compile_gwapi_match *m)
{
    return path_len(m) == 0 ? 0 : rank(m);
}

int compile_gwapi_match_order(const struct compile_gwapi_match *a,
                              const struct compile_gwapi_match *b)
{
    int order = rank_of_any(b) - rank_of_any(a);

    if (order == 0)
        order = more(path_len(a), path_len(b));
    if (order == 0)
        order = more(a->method.len > 0, b->method.len > 0);
    if (order == 0)
        order = more(a->header_count, b->header_count);
    return order ? order : more(a->param_count, b->param_count);
}

/* ---- building ---- */

static int set_match(const struct compile_match_keeper *k, int type, struct str value,
                     struct model_string_match *to, struct str *why)
{
    struct string_match from = { 0 };

    if (type == GATEWAY_API_MATCH_REGEX)
        from.regex = value;
    else
        from.exact = value;
    return compile_match_string(k, &from, false, to, why);
}

static int set_path(const struct compile_match_keeper *k, const struct compile_gwapi_match *m,
                    struct model_match *to, struct str *why)
{
    struct str value = m->path;

    if (m->path_type == GATEWAY_API_MATCH_NONE || path_len(m) == 0)
        return 0;
    to->path = arena_alloc0(k->arena, 1, sizeof(*to->path));
    if (m->path_type != GATEWAY_API_MATCH_PREFIX)
        return set_match(k, m->path_type, value, to->path, why);
    if (value.p[value.len - 1] == '/') /* GW-2: "/a/" is "/a" */
        value.len--;
    to->path->type = MODEL_MATCH_PATH_PREFIX;
    to->path->value = arena_str(k->arena, value);
    return 0;
}

int compile_gwapi_match_build(const struct compile_gwapi_match *m, struct model_route_vhost *v,
                              struct model_match *to, struct str *why)
{
    struct compile_match_keeper k = { &v->arena, compile_route_keep_regex, v };
    int err = set_path(&k, m, to, why);

    if (m->method.len) {
        to->method = arena_alloc0(k.arena, 1, sizeof(*to->method));
        to->method->type = MODEL_MATCH_EXACT;
        to->method->value = arena_str(k.arena, m->method);
    }
    to->headers = arena_alloc0(k.arena, m->header_count, sizeof(*to->headers));
    for (size_t i = 0; i < m->header_count && !err; i++) {
        struct model_header_match *h = &to->headers[to->header_count++];

        h->name = arena_lower(k.arena, m->headers[i].name);
        h->token = (uint16_t)http_token_of(h->name);
        err = set_match(&k, m->headers[i].type, m->headers[i].value, &h->match, why);
    }
    to->queries = arena_alloc0(k.arena, m->param_count, sizeof(*to->queries));
    for (size_t i = 0; i < m->param_count && !err; i++) {
        struct model_query_match *q = &to->queries[to->query_count++];

        q->name = arena_str(k.arena, m->params[i].name);
        err = set_match(&k, m->params[i].type, m->params[i].value, &q->match, why);
    }
    return err;
}
