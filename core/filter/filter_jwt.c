#include "core/filter/filter_jwt.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/filter/jwt_cache.h"

enum {
    SKEW_S = 60,
    MAX_TOKENS = 8, /* of one rule in one request */
    REALM_BYTES = 256,
};

enum place { PLACE_HEADER, PLACE_PARAM, PLACE_COOKIE };

struct found {
    struct str token, name; /* name of the header or parameter */
    enum place place;
};

struct tokens {
    struct found list[MAX_TOKENS];
    uint32_t count;
};

/* ---- where they stand ---- */

static void add(struct tokens *t, enum place place, struct str name, struct str token)
{
    if (t->count < MAX_TOKENS)
        t->list[t->count++] = (struct found){ .token = token, .name = name, .place = place };
}

static void look_in_headers(const struct filter_request *fr, const struct model_jwt_header *h,
                            struct tokens *t)
{
    const struct http_headers *all = &fr->head->headers;

    for (uint32_t i = 0; i < all->count; i++) {
        struct str value = all->items[i].value;

        if (!str_eq(all->items[i].name, h->name) || !str_starts(value, h->prefix))
            continue;
        value = str_trim(str_skip(value, h->prefix.len));
        if (value.len)
            add(t, PLACE_HEADER, h->name, value);
    }
}

static void look_in_cookies(const struct filter_request *fr, struct str name, struct tokens *t)
{
    struct str rest = http_headers_get_all(&fr->head->headers, STR("cookie"), fr->arena);

    while (rest.p) {
        struct str value = str_trim(str_cut(&rest, ';')), key = str_cut(&value, '=');

        if (str_eq(key, name) && value.len)
            add(t, PLACE_COOKIE, name, value);
    }
}

static void look(const struct filter_request *fr, const struct model_jwt_rule *r, struct tokens *t)
{
    t->count = 0;
    for (uint32_t i = 0; i < r->header_count; i++)
        look_in_headers(fr, &r->headers[i], t);
    for (uint32_t i = 0; i < r->param_count; i++) {
        struct str value = route_match_query_value(http_msg_query(fr->head), r->params[i]);

        if (value.len)
            add(t, PLACE_PARAM, r->params[i], value);
    }
    for (uint32_t i = 0; i < r->cookie_count; i++)
        look_in_cookies(fr, r->cookies[i], t);
}

/* ---- one rule ---- */

static enum jwt_state judge(const struct model_jwt_rule *r, const struct jwt *t)
{
    if (r->issuer.len && !str_eq(r->issuer, t->issuer))
        return JWT_UNKNOWN_ISSUER;
    return jwt_check_audience(t, r->audiences, r->audience_count);
}

/* The verified token, or NULL. */
static struct jwt_cache_entry *verify(struct filter_request *fr, const struct model_jwt_rule *r,
                                      struct str token, int64_t now_s, enum jwt_state *state)
{
    struct jwt_cache_entry *e = jwt_cache_find(fr->worker, r->id, token);

    if (e) {
        *state = jwt_check_times(&e->jwt, now_s, SKEW_S);
    } else {
        e = jwt_cache_read(token, state);
        if (*state == JWT_OK)
            *state = judge(r, &e->jwt);
        if (*state == JWT_OK)
            *state = jwt_check_times(&e->jwt, now_s, SKEW_S);
        if (*state == JWT_OK)
            *state = jwt_verify(&e->jwt, r->keys);
        if (*state == JWT_OK)
            jwt_cache_keep(fr->worker, r->id, e);
    }
    if (*state == JWT_OK)
        return e;
    jwt_cache_unref(e);
    return NULL;
}

/* All tokens of a rule must verify; the last one counts. */
static enum jwt_state run_rule(struct filter_request *fr, const struct model_jwt_rule *r,
                               const struct tokens *t, int64_t now_s, struct jwt_cache_entry **out)
{
    enum jwt_state state = JWT_MISSING;

    *out = NULL;
    for (uint32_t i = 0; i < t->count; i++) {
        jwt_cache_unref(*out);
        *out = verify(fr, r, t->list[i].token, now_s, &state);
        if (!*out)
            break;
    }
    return state;
}

/* ---- what follows ---- */

static void remove_param(struct filter_request *fr, struct str name)
{
    struct str path = http_msg_path_only(fr->head), rest = http_msg_query(fr->head);
    char *to = arena_alloc(fr->arena, fr->head->path.len + 1);
    size_t len = path.len;

    memcpy(to, path.p, path.len);
    while (rest.p) {
        struct str pair = str_cut(&rest, '&'), value = pair, key = str_cut(&value, '=');

        if (str_eq(key, name))
            continue;
        to[len] = len == path.len ? '?' : '&';
        memcpy(to + len + 1, pair.p, pair.len);
        len += 1 + pair.len;
    }
    fr->head->path = str_make(to, len);
}

static void remove_tokens(struct filter_request *fr, const struct tokens *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->list[i].place == PLACE_HEADER)
            http_headers_remove(&fr->head->headers, t->list[i].name);
        else if (t->list[i].place == PLACE_PARAM)
            remove_param(fr, t->list[i].name);
    }
}

/* JW-5: nobody but us says what a token said. */
static void strip_outputs(struct filter_request *fr)
{
    for (uint32_t i = 0; i < fr->jwt->rule_count; i++) {
        const struct model_jwt_rule *r = &fr->jwt->rules[i];

        if (r->payload_header.len)
            http_headers_remove(&fr->head->headers, r->payload_header);
        for (uint32_t k = 0; k < r->output_count; k++)
            http_headers_remove(&fr->head->headers, r->outputs[k].header);
    }
}

static void set_outputs(struct filter_request *fr, const struct model_jwt_rule *r,
                        const struct jwt_cache_entry *e)
{
    struct http_headers *h = &fr->head->headers;

    if (r->payload_header.len)
        http_headers_set(h, r->payload_header, e->jwt.payload_text);
    for (uint32_t i = 0; i < r->output_count; i++) {
        const struct model_jwt_output *out = &r->outputs[i];
        struct str text = jwt_claims_text(fr->claims, out->claim, out->claim_count);

        if (text.p && http_headers_is_value(text))
            http_headers_set(h, out->header, text);
    }
}

static void accept_token(struct filter_request *fr, const struct model_jwt_rule *r,
                         const struct tokens *t, struct jwt_cache_entry *e)
{
    struct jwt_claims *c = arena_alloc0(fr->arena, 1, sizeof(*c));

    c->payload = e->jwt.payload;
    c->issuer = e->jwt.issuer;
    c->subject = e->jwt.subject;
    c->spaced = r->spaced;
    c->spaced_count = r->spaced_count;
    if (c->issuer.len && c->subject.len)
        c->principal =
            arena_printf(fr->arena, "%.*s/%.*s", STR_ARG(c->issuer), STR_ARG(c->subject));
    fr->claims = c;
    fr->token = e;
    if (!r->forward)
        remove_tokens(fr, t);
    set_outputs(fr, r, e);
}

static enum filter_result refuse(struct filter_request *fr, enum jwt_state state)
{
    struct str text = str_of(jwt_state_text(state)), realm;
    char *details = arena_strz(
        fr->arena, arena_printf(fr->arena, "jwt_authn_access_denied{%.*s}", STR_ARG(text)));

    for (char *c = details; *c; c++) {
        if (*c == ' ')
            *c = '_';
    }
    realm = arena_printf(fr->arena, "%.*s://%.*s%.*s",
                         STR_ARG(fr->head->scheme.len ? fr->head->scheme : STR("http")),
                         STR_ARG(fr->head->authority), STR_ARG(fr->head->path));
    fr->reply = (struct filter_reply){
        .status = state == JWT_AUDIENCE_NOT_ALLOWED ? 403 : 401,
        .grpc_status = -1,
        .body = text,
        .details = details,
    };
    http_headers_init(&fr->reply.headers, fr->arena);
    http_headers_add(
        &fr->reply.headers, STR("www-authenticate"),
        arena_printf(fr->arena, "Bearer realm=\"%.*s\", error=\"invalid_token\"",
                     STR_ARG(str_head(realm, realm.len < REALM_BYTES ? realm.len : REALM_BYTES))));
    return FILTER_REPLY;
}

/* Browsers ask without the token whether they may send one. */
static bool is_preflight(const struct http_msg *m)
{
    return m->method == HTTP_METHOD_OPTIONS &&
           http_headers_get_name(&m->headers, STR("origin")).p &&
           http_headers_get_name(&m->headers, STR("access-control-request-method")).p;
}

enum filter_result filter_jwt_request(struct filter_request *fr, int64_t wall_s)
{
    enum jwt_state worst = JWT_MISSING;

    if (!fr->jwt)
        return FILTER_CONTINUE;
    strip_outputs(fr);
    if (is_preflight(fr->head))
        return FILTER_CONTINUE;
    for (uint32_t i = 0; i < fr->jwt->rule_count; i++) {
        const struct model_jwt_rule *r = &fr->jwt->rules[i];
        struct jwt_cache_entry *e;
        struct tokens tokens;
        enum jwt_state state;

        look(fr, r, &tokens);
        state = run_rule(fr, r, &tokens, wall_s, &e);
        if (state == JWT_OK) {
            accept_token(fr, r, &tokens, e);
            return FILTER_CONTINUE;
        }
        /* What says most about the token that came is what the client hears. */
        if (worst == JWT_MISSING || (worst == JWT_UNKNOWN_ISSUER && state != JWT_MISSING))
            worst = state;
    }
    return worst == JWT_MISSING ? FILTER_CONTINUE : refuse(fr, worst);
}

void filter_jwt_end(struct filter_request *fr)
{
    jwt_cache_unref(fr->token);
    fr->token = NULL;
    fr->claims = NULL;
}
