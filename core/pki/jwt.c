#include "core/pki/jwt.h"

#include <math.h>
#include <string.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"

/* clang-format off */
static const char *const texts[JWT_STATE_COUNT] = {
    [JWT_OK]                   = "OK",
    [JWT_MISSING]              = "Jwt is missing",
    [JWT_UNKNOWN_ISSUER]       = "Jwt issuer is not configured",
    [JWT_BAD_FORMAT]           = "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
    [JWT_BAD_HEADER_CODING]    = "Jwt header is an invalid Base64url encoded",
    [JWT_BAD_HEADER_JSON]      = "Jwt header is an invalid JSON",
    [JWT_BAD_ALG]              = "Jwt header [alg] field is required and must be a string",
    [JWT_UNKNOWN_ALG]          = "Jwt header [alg] is not supported",
    [JWT_BAD_KID]              = "Jwt header [kid] field is not a string",
    [JWT_CRITICAL]             = "Jwt header [crit] is not supported",
    [JWT_BAD_PAYLOAD_CODING]   = "Jwt payload is an invalid Base64url encoded",
    [JWT_BAD_PAYLOAD_JSON]     = "Jwt payload is an invalid JSON",
    [JWT_BAD_ISSUER]           = "Jwt payload [iss] field is not a string",
    [JWT_BAD_SUBJECT]          = "Jwt payload [sub] field is not a string",
    [JWT_BAD_NBF]              = "Jwt payload [nbf] field is not an integer",
    [JWT_BAD_EXP]              = "Jwt payload [exp] field is not an integer",
    [JWT_BAD_AUDIENCE]         = "Jwt payload [aud] field is not a string or string list",
    [JWT_BAD_SIGNATURE_CODING] = "Jwt signature is an invalid Base64url encoded",
    [JWT_NOT_YET_VALID]        = "Jwt not yet valid",
    [JWT_EXPIRED]              = "Jwt is expired",
    [JWT_AUDIENCE_NOT_ALLOWED] = "Audiences in Jwt are not allowed",
    [JWT_NO_KEY]               = "Jwks doesn't have key to match kid or alg from Jwt",
    [JWT_NO_KEYS]              = "Jwks remote fetch is failed",
    [JWT_VERIFICATION_FAILED]  = "Jwt verification fails",
};
/* clang-format on */

const char *jwt_state_text(enum jwt_state state)
{
    return texts[state];
}

/* ---- reading ---- */

/* The JSON object that a part of the token is. */
static enum jwt_state read_part(struct str part, struct arena *a, enum jwt_state bad_coding,
                                enum jwt_state bad_json, struct node **out)
{
    struct str text;

    if (!part.len || encode_undo_base64url(a, part, &text) != 0)
        return bad_coding;
    if (node_json_read(a, text, NULL, NULL, out) != 0 || (*out)->kind != NODE_MAP)
        return bad_json;
    return JWT_OK;
}

static bool is_text(const struct node *n)
{
    return n->kind == NODE_STRING;
}

static enum jwt_state read_header(struct str part, struct arena *a, struct jwt *t)
{
    const struct node *alg, *kid;
    struct node *header;
    enum jwt_state state = read_part(part, a, JWT_BAD_HEADER_CODING, JWT_BAD_HEADER_JSON, &header);

    if (state != JWT_OK)
        return state;
    alg = node_getz(header, "alg");
    kid = node_getz(header, "kid");
    if (!alg || !is_text(alg))
        return JWT_BAD_ALG;
    t->alg = jwk_alg_by_name(alg->text);
    if (t->alg == JWK_ALG_NONE)
        return JWT_UNKNOWN_ALG;
    if (kid && !is_text(kid))
        return JWT_BAD_KID;
    t->kid = kid ? kid->text : STR_NONE;
    /* RFC 7515 section 4.1.11: who does not know what is listed there must refuse. */
    return node_getz(header, "crit") ? JWT_CRITICAL : JWT_OK;
}

/* A time as a number, with a fraction perhaps. */
static bool read_time(const struct node *n, bool *has, int64_t *out)
{
    double value;

    *has = n != NULL;
    if (!n)
        return true;
    if (!node_to_double(n, &value) || !(value >= 0) || value > 9e15)
        return false;
    *out = (int64_t)floor(value);
    return true;
}

static bool is_audience(const struct node *aud)
{
    if (!aud || is_text(aud))
        return true;
    if (aud->kind != NODE_LIST)
        return false;
    NODE_EACH(one, aud)
    {
        if (!is_text(one))
            return false;
    }
    return true;
}

static enum jwt_state read_payload(struct str part, struct arena *a, struct jwt *t)
{
    const struct node *iss, *sub;
    struct node *payload;
    enum jwt_state state =
        read_part(part, a, JWT_BAD_PAYLOAD_CODING, JWT_BAD_PAYLOAD_JSON, &payload);

    if (state != JWT_OK)
        return state;
    iss = node_getz(payload, "iss");
    sub = node_getz(payload, "sub");
    if (iss && !is_text(iss))
        return JWT_BAD_ISSUER;
    if (sub && !is_text(sub))
        return JWT_BAD_SUBJECT;
    if (!read_time(node_getz(payload, "nbf"), &t->has_nbf, &t->nbf_s))
        return JWT_BAD_NBF;
    if (!read_time(node_getz(payload, "exp"), &t->has_exp, &t->exp_s))
        return JWT_BAD_EXP;
    if (!is_audience(node_getz(payload, "aud")))
        return JWT_BAD_AUDIENCE;
    t->payload = payload;
    t->payload_text = part;
    t->issuer = iss ? iss->text : STR_NONE;
    t->subject = sub ? sub->text : STR_NONE;
    return JWT_OK;
}

enum jwt_state jwt_parse(struct str token, struct arena *a, struct jwt *out)
{
    struct str rest = token, header = str_cut(&rest, '.'), payload, signature;
    enum jwt_state state;

    *out = (struct jwt){ 0 };
    if (!rest.p || token.len > JWT_MAX_BYTES)
        return JWT_BAD_FORMAT;
    payload = str_cut(&rest, '.');
    if (!rest.p || str_chr(rest, '.') >= 0)
        return JWT_BAD_FORMAT;
    signature = rest;
    out->signed_part = str_head(token, header.len + 1 + payload.len);
    state = read_header(header, a, out);
    if (state == JWT_OK)
        state = read_payload(payload, a, out);
    if (state == JWT_OK &&
        (!signature.len || encode_undo_base64url(a, signature, &out->signature) != 0))
        state = JWT_BAD_SIGNATURE_CODING;
    return state;
}

/* ---- judging ---- */

enum jwt_state jwt_check_times(const struct jwt *t, int64_t now_s, int64_t skew_s)
{
    if (t->has_nbf && t->nbf_s > now_s + skew_s)
        return JWT_NOT_YET_VALID;
    if (t->has_exp && t->exp_s < now_s - skew_s)
        return JWT_EXPIRED;
    return JWT_OK;
}

static bool is_listed(struct str name, const struct str *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(name, list[i]))
            return true;
    }
    return false;
}

enum jwt_state jwt_check_audience(const struct jwt *t, const struct str *allowed, size_t count)
{
    const struct node *aud = node_getz(t->payload, "aud");

    if (count == 0 || (aud && is_text(aud) && is_listed(aud->text, allowed, count)))
        return JWT_OK;
    if (aud && aud->kind == NODE_LIST) {
        NODE_EACH(one, aud)
        {
            if (is_listed(one->text, allowed, count))
                return JWT_OK;
        }
    }
    return JWT_AUDIENCE_NOT_ALLOWED;
}

enum jwt_state jwt_verify(const struct jwt *t, const struct jwk_set *keys)
{
    bool fits;

    if (!keys)
        return JWT_NO_KEYS;
    if (jwk_set_verify(keys, t->alg, t->kid, t->signed_part, t->signature, &fits))
        return JWT_OK;
    return fits ? JWT_VERIFICATION_FAILED : JWT_NO_KEY;
}

const struct node *jwt_claim(const struct node *payload, struct str path, char sep)
{
    struct str rest = path, name;
    const struct node *whole = node_get(payload, path), *below;

    if (whole || !payload || payload->kind != NODE_MAP)
        return whole;
    name = str_cut(&rest, sep);
    while (rest.p) {
        below = node_get(payload, name);
        below = below ? jwt_claim(below, rest, sep) : NULL;
        if (below)
            return below;
        /* The next longer name: "a.b" of "a.b.c". */
        (void)str_cut(&rest, sep);
        if (!rest.p)
            break;
        name = str_head(path, (size_t)(rest.p - path.p) - 1);
    }
    return NULL;
}
