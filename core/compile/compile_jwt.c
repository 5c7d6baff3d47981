#include "core/compile/compile_jwt.h"

#include <stdlib.h>

#include "core/api/request_authentication.h"
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/compile/compile_policy.h"
#include "core/compile/digest.h"
#include "core/pki/jwk.h"
#include "core/pki/jwt_claims.h"

struct build {
    struct compile *c;
    struct model_jwt *jwt;
    struct arena *a;
    const struct object *o;
};

static struct str *copy_strings(struct arena *a, const struct str *from, size_t count)
{
    struct str *to = arena_alloc0(a, count, sizeof(*to));

    for (size_t i = 0; i < count; i++)
        to[i] = arena_str(a, from[i]);
    return to;
}

/* JW-4: what is listed replaces the usual places. */
static void set_places(struct build *b, const struct request_authentication_rule *from,
                       struct model_jwt_rule *to)
{
    static const struct str token_param = STR_INIT("access_token");
    bool usual = !from->from_headers_count && !from->from_params_count && !from->from_cookies_count;

    to->header_count = usual ? 1 : (uint32_t)from->from_headers_count;
    to->headers = arena_alloc0(b->a, to->header_count, sizeof(*to->headers));
    if (usual)
        to->headers[0] =
            (struct model_jwt_header){ .name = STR("authorization"), .prefix = STR("Bearer ") };
    for (size_t i = 0; i < from->from_headers_count; i++)
        to->headers[i] = (struct model_jwt_header){
            .name = arena_lower(b->a, from->from_headers[i].name),
            .prefix = arena_str(b->a, from->from_headers[i].prefix),
        };
    to->param_count = usual ? 1 : (uint32_t)from->from_params_count;
    to->params = copy_strings(b->a, usual ? &token_param : from->from_params, to->param_count);
    to->cookie_count = (uint32_t)from->from_cookies_count;
    to->cookies = copy_strings(b->a, from->from_cookies, from->from_cookies_count);
}

static void set_outputs(struct build *b, const struct request_authentication_rule *from,
                        struct model_jwt_rule *to)
{
    to->payload_header = arena_lower(b->a, from->output_payload_to_header);
    to->outputs = arena_alloc0(b->a, from->output_claims_count, sizeof(*to->outputs));
    for (size_t i = 0; i < from->output_claims_count; i++) {
        struct model_jwt_output *out = &to->outputs[to->output_count];
        struct str parts[JWT_CLAIMS_MAX_DEPTH];

        out->claim_count = jwt_claims_split(from->output_claims[i].claim, parts);
        if (!out->claim_count) {
            compile_warn(b->c, b->o, from->at, "MSH1036", "", "\"%.*s\" is not the path of a claim",
                         STR_ARG(from->output_claims[i].claim));
            continue;
        }
        out->header = arena_lower(b->a, from->output_claims[i].header);
        out->claim = copy_strings(b->a, parts, out->claim_count);
        to->output_count++;
    }
}

static void set_keys(struct build *b, const struct request_authentication_rule *from,
                     struct model_jwt_rule *to)
{
    const char *why;

    if (!from->jwks.len) {
        compile_warn(b->c, b->o, from->at, "MSH1037", "",
                     "the keys of \"%.*s\" are not here: all its tokens are refused",
                     STR_ARG(from->issuer));
        return;
    }
    if (jwk_set_parse(from->jwks, &to->keys, &why) != 0)
        compile_warn(b->c, b->o, from->at, "MSH1037", "",
                     "the keys cannot be used, so all tokens are refused: %s", why);
}

static void add_rule(struct build *b, const struct request_authentication_rule *from,
                     struct model_jwt_rule *to)
{
    to->issuer = arena_str(b->a, from->issuer);
    to->audiences = copy_strings(b->a, from->audiences, from->audiences_count);
    to->audience_count = (uint32_t)from->audiences_count;
    to->spaced =
        copy_strings(b->a, from->space_delimited_claims, from->space_delimited_claims_count);
    to->spaced_count = (uint32_t)from->space_delimited_claims_count;
    to->forward = from->forward_original_token;
    to->source = compile_source(b->o, from->at.line, b->a);
    set_places(b, from, to);
    set_outputs(b, from, to);
    set_keys(b, from, to);
    to->id = digest_str(digest_str(0, from->issuer), from->jwks);
    for (size_t i = 0; i < from->audiences_count; i++)
        to->id = digest_str(to->id, from->audiences[i]);
}

/* ---- which ones ---- */

struct pick {
    struct compile *c;
    const struct object **list;
    size_t count, cap, rules;
};

static void pick_one(void *arg, const struct object *o)
{
    struct pick *p = arg;
    const struct request_authentication *spec = o->spec;
    struct compile_policy_scope scope = { spec->selector, spec->target_ref, spec->target_refs,
                                          spec->target_refs_count };

    if (!spec->rules_count || !compile_policy_is_for_us(p->c, o, &scope))
        return;
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 8;
        p->list = mem_resize(p->list, p->cap, sizeof(*p->list));
    }
    p->list[p->count++] = o;
    p->rules += spec->rules_count;
}

static int by_name(const void *a, const void *b)
{
    const struct object *const *oa = a, *const *ob = b;
    int order = str_cmp((*oa)->ns, (*ob)->ns);

    return order ? order : str_cmp((*oa)->name, (*ob)->name);
}

static void add_all(struct build *b, const struct pick *p)
{
    b->jwt->rules = arena_alloc0(b->a, p->rules, sizeof(*b->jwt->rules));
    for (size_t i = 0; i < p->count; i++) {
        const struct request_authentication *spec = p->list[i]->spec;

        b->o = p->list[i];
        b->jwt->hash = digest_u64(digest_str(b->jwt->hash, b->o->name), b->o->content_hash);
        b->jwt->hash = digest_str(b->jwt->hash, b->o->ns);
        for (size_t k = 0; k < spec->rules_count; k++)
            add_rule(b, &spec->rules[k], &b->jwt->rules[b->jwt->rule_count++]);
    }
}

struct model_jwt *compile_jwt_build(struct compile *c)
{
    struct pick p = { .c = c };
    struct build b = { .c = c };

    compile_each_object(c, API_KIND_REQUEST_AUTHENTICATION, pick_one, &p);
    if (p.count) {
        qsort(p.list, p.count, sizeof(*p.list), by_name);
        b.jwt = mem_alloc0(1, sizeof(*b.jwt));
        atomic_init(&b.jwt->refs, 1);
        arena_init(&b.jwt->arena, 1024);
        b.a = &b.jwt->arena;
        add_all(&b, &p);
    }
    mem_free(p.list);
    return b.jwt;
}
