#include "core/pki/jwt.h"

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

#define NOW INT64_C(1700000000)

static struct jwk_set *load_keys(void)
{
    size_t len;
    char *text = api_files_read("testdata/jwt/keys.json", &len);
    struct jwk_set *keys = NULL;
    const char *why;

    if (OK(text != NULL))
        EQ_INT(jwk_set_parse(str_make(text, len), &keys, &why), 0);
    mem_free(text);
    return keys;
}

/* The token of that name, from the heap. */
static char *load_token(const char *name)
{
    size_t len;
    char *text = api_files_read("testdata/jwt/tokens.txt", &len), *found = NULL;
    struct str rest = str_make(text, text ? len : 0);

    while (rest.len) {
        struct str line = str_cut(&rest, '\n'), word = str_cut(&line, ' ');

        if (str_is(word, name))
            found = str_dup(line);
    }
    OK(found != NULL);
    mem_free(text);
    return found;
}

static void every_algorithm_verifies(void)
{
    static const char *const names[] = { "RS256", "RS384", "RS512", "PS256", "PS384",
                                         "PS512", "ES256", "ES384", "ES512", "EdDSA" };
    struct jwk_set *keys = load_keys();

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *token = load_token(names[i]);
        struct arena a;
        struct jwt t;

        arena_init(&a, 1024);
        NOTE("%s", names[i]);
        EQ_INT(jwt_parse(str_of(token), &a, &t), JWT_OK);
        EQ_INT(jwt_verify(&t, keys), JWT_OK);
        token[t.signed_part.len - 3] ^= 1; /* a bit of the payload */
        EQ_INT(jwt_verify(&t, keys), JWT_VERIFICATION_FAILED);
        arena_deinit(&a);
        mem_free(token);
    }
    jwk_set_unref(keys);
}

/* A token that says another algorithm than its key is for must not verify, whatever it holds. */
static void a_key_is_for_its_algorithm_only(void)
{
    struct jwk_set *keys = load_keys();
    char *token = load_token("RS256");
    struct arena a;
    struct jwt t;

    arena_init(&a, 1024);
    EQ_INT(jwt_parse(str_of(token), &a, &t), JWT_OK);
    t.alg = JWK_ES256;
    EQ_INT(jwt_verify(&t, keys), JWT_NO_KEY); /* kid names an RSA key */
    t.kid = STR("ec256");
    EQ_INT(jwt_verify(&t, keys), JWT_VERIFICATION_FAILED);
    t.kid = STR("nobody");
    t.alg = JWK_RS256;
    EQ_INT(jwt_verify(&t, keys), JWT_NO_KEY);
    t.kid = STR_NONE;
    EQ_INT(jwt_verify(&t, keys), JWT_OK);
    EQ_INT(jwt_verify(&t, NULL), JWT_NO_KEYS);
    arena_deinit(&a);
    mem_free(token);
    jwk_set_unref(keys);
}

/* "HEADER.PAYLOAD.SIGNATURE" of JSON texts. */
static enum jwt_state parse_of(const char *header, const char *payload, const char *signature)
{
    enum jwt_state state;
    struct arena a;
    struct buf b;
    struct jwt t;

    arena_init(&a, 1024);
    buf_init(&b, 0);
    encode_base64url(&b, str_of(header));
    buf_add_str(&b, STR("."));
    encode_base64url(&b, str_of(payload));
    buf_printf(&b, ".%s", signature);
    state = jwt_parse(buf_str(&b), &a, &t);
    buf_deinit(&b);
    arena_deinit(&a);
    return state;
}

static void what_is_wrong_is_said(void)
{
    static const struct {
        const char *token;
        enum jwt_state state;
    } raw[] = {
        { "", JWT_BAD_FORMAT },        { "a.b", JWT_BAD_FORMAT },
        { "a.b.c.d", JWT_BAD_FORMAT }, { ".e30.x", JWT_BAD_HEADER_CODING },
        { "e30.e30.x", JWT_BAD_ALG },  { "eyJ.e30.x", JWT_BAD_HEADER_CODING },
    };
    struct arena a;
    struct jwt t;

    arena_init(&a, 1024);
    for (size_t i = 0; i < COUNT_OF(raw); i++) {
        NOTE("%s", raw[i].token);
        EQ_INT(jwt_parse(str_of(raw[i].token), &a, &t), raw[i].state);
    }
    arena_deinit(&a);
#define RS "{\"alg\":\"RS256\"}"
    EQ_INT(parse_of("[]", "{}", "AA"), JWT_BAD_HEADER_JSON);
    EQ_INT(parse_of("{\"alg\":5}", "{}", "AA"), JWT_BAD_ALG);
    EQ_INT(parse_of("{\"alg\":\"none\"}", "{}", "AA"), JWT_UNKNOWN_ALG);
    EQ_INT(parse_of("{\"alg\":\"HS256\"}", "{}", "AA"), JWT_UNKNOWN_ALG);
    EQ_INT(parse_of("{\"alg\":\"RS256\",\"kid\":1}", "{}", "AA"), JWT_BAD_KID);
    EQ_INT(parse_of("{\"alg\":\"RS256\",\"crit\":[\"x\"]}", "{}", "AA"), JWT_CRITICAL);
    EQ_INT(parse_of(RS, "x", "AA"), JWT_BAD_PAYLOAD_JSON);
    EQ_INT(parse_of(RS, "{\"iss\":1}", "AA"), JWT_BAD_ISSUER);
    EQ_INT(parse_of(RS, "{\"sub\":[]}", "AA"), JWT_BAD_SUBJECT);
    EQ_INT(parse_of(RS, "{\"exp\":\"1\"}", "AA"), JWT_BAD_EXP);
    EQ_INT(parse_of(RS, "{\"nbf\":-1}", "AA"), JWT_BAD_NBF);
    EQ_INT(parse_of(RS, "{\"aud\":[1]}", "AA"), JWT_BAD_AUDIENCE);
    EQ_INT(parse_of(RS, "{\"iss\":\"a\",\"iss\":\"b\"}", "AA"), JWT_BAD_PAYLOAD_JSON);
    EQ_INT(parse_of(RS, "{}", "*"), JWT_BAD_SIGNATURE_CODING);
    EQ_INT(parse_of(RS, "{}", ""), JWT_BAD_SIGNATURE_CODING);
    EQ_INT(parse_of(RS, "{\"exp\":1.5e9}", "AA"), JWT_OK);
    for (int i = 0; i < JWT_STATE_COUNT; i++)
        OK(jwt_state_text((enum jwt_state)i) != NULL);
    EQ_STR(jwt_state_text(JWT_EXPIRED), "Jwt is expired");
}

static void times_are_checked_with_some_skew(void)
{
    struct jwt t = { .has_exp = true, .exp_s = NOW, .has_nbf = true, .nbf_s = NOW - 1000 };

    EQ_INT(jwt_check_times(&t, NOW, 60), JWT_OK);
    EQ_INT(jwt_check_times(&t, NOW + 60, 60), JWT_OK);
    EQ_INT(jwt_check_times(&t, NOW + 61, 60), JWT_EXPIRED);
    EQ_INT(jwt_check_times(&t, NOW - 1060, 60), JWT_OK);
    EQ_INT(jwt_check_times(&t, NOW - 1061, 60), JWT_NOT_YET_VALID);
    t = (struct jwt){ 0 };
    EQ_INT(jwt_check_times(&t, NOW, 60), JWT_OK);
}

static void claims_and_audiences(void)
{
    static const struct str both[] = { STR_INIT("x"), STR_INIT("b") };
    char *token = load_token("ES256");
    const struct node *n;
    struct arena a;
    struct jwt t;

    arena_init(&a, 1024);
    EQ_INT(jwt_parse(str_of(token), &a, &t), JWT_OK);
    EQ_STRN(t.issuer.p, t.issuer.len, "https://issuer.test");
    EQ_STRN(t.subject.p, t.subject.len, "ann");
    EQ_INT(jwt_check_audience(&t, both, 2), JWT_OK);
    EQ_INT(jwt_check_audience(&t, both, 1), JWT_AUDIENCE_NOT_ALLOWED);
    EQ_INT(jwt_check_audience(&t, NULL, 0), JWT_OK);
    n = jwt_claim(t.payload, STR("nested.key"), '.');
    OK(n && str_is(n->text, "v"));
    n = jwt_claim(t.payload, STR("nested.n.deep"), '.');
    OK(n && str_is(n->text, "7"));
    n = jwt_claim(t.payload, STR("a.b.c"), '.');
    OK(n && str_is(n->text, "true"));
    OK(!jwt_claim(t.payload, STR("nested.key.more"), '.'));
    OK(!jwt_claim(t.payload, STR("nobody"), '.'));
    arena_deinit(&a);
    mem_free(token);
}

static void key_sets_that_are_none_are_refused(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        { "x", "it is not JSON" },
        { "{}", "there is no list \"keys\"" },
        { "{\"keys\":{}}", "there is no list \"keys\"" },
        { "{\"keys\":[]}", "there is no key that can verify" },
        { "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "there is no key that can verify" },
        { "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", "2048 bits" },
        { "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}]}", "no key" },
        { "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}]}", "no key" },
    };

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct jwk_set *keys = NULL;
        const char *why;

        NOTE("%s", bad[i].text);
        EQ_INT(jwk_set_parse(str_of(bad[i].text), &keys, &why), ERR_INVALID);
        HAS_STR(why, bad[i].why);
        OK(!keys);
    }
}

static const struct tap_case cases[] = {
    { "every_algorithm_verifies", every_algorithm_verifies },
    { "a_key_is_for_its_algorithm_only", a_key_is_for_its_algorithm_only },
    { "what_is_wrong_is_said", what_is_wrong_is_said },
    { "times_are_checked_with_some_skew", times_are_checked_with_some_skew },
    { "claims_and_audiences", claims_and_audiences },
    { "key_sets_that_are_none_are_refused", key_sets_that_are_none_are_refused },
};

TAP_MAIN(cases)
