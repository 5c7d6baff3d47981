#include "core/api/request_authentication.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"
#include "core/base/arena.h"
#include "core/text/duration.h"
#include "core/text/node_json.h"

#define PROTO "istio.security.v1beta1."

static void check_url(struct field_check *c, const void *member)
{
    const struct str *s = member;
    struct str rest = str_starts(*s, STR("https://"))  ? str_skip(*s, 8)
                      : str_starts(*s, STR("http://")) ? str_skip(*s, 7)
                                                       : STR_NONE;

    if (s->p && (rest.len == 0 || rest.p[0] == '/' || rest.p[0] == ':'))
        field_decode_error(c, "\"%.*s\" is not a URL that begins with http:// or https://",
                           STR_ARG(*s));
}

static bool is_claim_header_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* Claims become headers of these letters only: others could be folded together upstream. */
static void check_claim_header(struct field_check *c, const void *member)
{
    const struct str *s = member;

    for (size_t i = 0; i < s->len; i++)
        if (!is_claim_header_char(s->p[i])) {
            field_decode_error(c, "\"%.*s\" is not a header name of letters, digits, '-' and '_'",
                               STR_ARG(*s));
            return;
        }
    if (s->len == 0)
        field_decode_error(c, "must not be empty");
}

static void check_jwks(struct field_check *c, const void *member)
{
    const struct str *s = member;
    struct arena scratch;
    struct node *n = NULL;

    if (s->len == 0)
        return;
    arena_init(&scratch, 4096);
    if (node_json_read(&scratch, *s, NULL, NULL, &n) != 0 || n->kind != NODE_MAP)
        field_decode_error(c, "is not the JSON of a key set");
    arena_deinit(&scratch);
}

static void check_rule(struct field_check *c, const void *message)
{
    const struct request_authentication_rule *r = message;

    if (r->issuer.len == 0 && r->jwks_uri.len == 0)
        field_decode_error_at(c, "issuer", "is required when jwksUri is not given");
    if (r->jwks.p && r->jwks_uri.p)
        field_decode_error_at(c, "jwks", "only one of jwks or jwksUri can be set");
}

static void check_policy(struct field_check *c, const void *message)
{
    const struct request_authentication *p = message;

    target_ref_check_one(c, p->selector != NULL, p->target_ref, p->target_refs);
}

/* clang-format off */
#define T struct request_authentication_header
static const struct field request_authentication_header_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .check = api_check_header_name, .help = "Name of the header."),
    FIELD_STR(T, prefix, "prefix", .proto = 2, .help = "What stands before the token, as \"Bearer \"."),
};
static FIELD_MESSAGE(request_authentication_header, PROTO "JWTHeader", .help = "A header that holds a token.");
#undef T

#define T struct request_authentication_claim
static const struct field request_authentication_claim_fields[] = {
    FIELD_STR(T, header, "header", .proto = 1, .required = true, .check = check_claim_header, .help = "Header to write; what a client sent in it is replaced."),
    FIELD_STR(T, claim, "claim", .proto = 2, .required = true, .check = api_check_not_empty, .help = "Claim; nested ones with dots."),
};
static FIELD_MESSAGE(request_authentication_claim, PROTO "ClaimToHeader", .help = "A claim that goes upstream as a header.");
#undef T

#define T struct request_authentication_rule
static const struct field request_authentication_rule_fields[] = {
    FIELD_STR(T, issuer, "issuer", .proto = 1, .check = api_check_not_empty, .help = "What the token's iss must be."),
    FIELD_LIST_STR(T, audiences, "audiences", .proto = 2, .check = api_check_not_empty, .default_text = "any", .help = "Of these the token's aud must have one."),
    FIELD_STR(T, jwks_uri, "jwksUri", .proto = 3, .max_len = 2048, .check = check_url, .default_text = "found through the issuer", .help = "Where the keys are."),
    FIELD_STR(T, jwks, "jwks", .proto = 10, .check = check_jwks, .help = "The keys themselves, a JSON Web Key Set."),
    FIELD_LIST_MSG(T, from_headers, "fromHeaders", request_authentication_header, .proto = 6, .default_text = "Authorization: Bearer", .help = "Headers that hold the token."),
    FIELD_LIST_STR(T, from_params, "fromParams", .proto = 7, .check = api_check_not_empty, .default_text = "access_token", .help = "Query parameters that hold the token."),
    FIELD_STR(T, output_payload_to_header, "outputPayloadToHeader", .proto = 8, .check = api_check_header_name, .help = "Header for the token's payload, in base64url."),
    FIELD_LIST_STR(T, from_cookies, "fromCookies", .proto = 12, .check = api_check_not_empty, .help = "Cookies that hold the token."),
    FIELD_BOOL(T, forward_original_token, "forwardOriginalToken", .proto = 9, .default_text = "false", .help = "Leave the token in the request."),
    FIELD_LIST_MSG(T, output_claims, "outputClaimToHeaders", request_authentication_claim, .proto = 11, .help = "Claims that go upstream as headers."),
    FIELD_DURATION(T, timeout, "timeout", .proto = 13, .min = DURATION_MS, .default_text = "5s", .help = "Time for fetching keys."),
    FIELD_LIST_STR(T, space_delimited_claims, "spaceDelimitedClaims", .proto = 14, .max_items = 64, .check = api_check_not_empty, .default_text = "scope, permission", .help = "Claims that are lists separated by spaces."),
};
static FIELD_MESSAGE(request_authentication_rule, PROTO "JWTRule", .at = FIELD_AT(T, at), .check = check_rule, .help = "Tokens of one issuer.");
#undef T

#define T struct request_authentication
static const struct field request_authentication_fields[] = {
    FIELD_MSG(T, selector, "selector", workload_selector, .proto = 1, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_MSG(T, target_ref, "targetRef", target_ref, .proto = 3, .proto_name = "targetRef", .enforced = FIELD_NOT_ENFORCED, .help = "Object that this is for; use targetRefs."),
    FIELD_LIST_MSG(T, target_refs, "targetRefs", target_ref, .proto = 4, .proto_name = "targetRefs", .max_items = 16, .enforced = FIELD_NOT_ENFORCED, .help = "Objects that this is for."),
    FIELD_LIST_MSG(T, rules, "jwtRules", request_authentication_rule, .proto = 2, .max_items = 4096, .help = "Tokens that are accepted; a request with another one is refused, one without passes."),
};
FIELD_MESSAGE(request_authentication, PROTO "RequestAuthentication", .at = FIELD_AT(T, at), .check = check_policy, .help = "Which tokens requests may carry.");
#undef T

struct request_authentication_root {
    OBJECT_META_HEAD;
    struct request_authentication *spec;
    struct istio_status *status;
};

#define T struct request_authentication_root
static const struct field request_authentication_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", request_authentication, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(request_authentication_root, "io.istio.security.v1.RequestAuthentication", .at = FIELD_AT(T, at), .help = "Which tokens requests may carry.");
#undef T
/* clang-format on */
