#include "core/pki/jwk.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include "core/base/arena.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"

struct jwk {
    struct str kid;   /* empty: none */
    enum jwk_alg alg; /* the only one that the key is for, or JWK_ALG_NONE */
    EVP_PKEY *key;
};

struct jwk_set {
    atomic_uint refs;
    struct arena arena;
    struct jwk *keys;
    uint32_t count;
};

enum { RSA_MIN_BITS = 2048, RSA_MAX_BITS = 8192, ED25519_BYTES = 32, ED25519_SIGNATURE_BYTES = 64 };

static const struct {
    const char *name;
    enum jwk_alg alg;
    int type; /* EVP_PKEY_* */
    int curve;
    const EVP_MD *(*digest)(void);
    bool is_pss;
} algs[] = {
    { "RS256", JWK_RS256, EVP_PKEY_RSA, 0, EVP_sha256, false },
    { "RS384", JWK_RS384, EVP_PKEY_RSA, 0, EVP_sha384, false },
    { "RS512", JWK_RS512, EVP_PKEY_RSA, 0, EVP_sha512, false },
    { "PS256", JWK_PS256, EVP_PKEY_RSA, 0, EVP_sha256, true },
    { "PS384", JWK_PS384, EVP_PKEY_RSA, 0, EVP_sha384, true },
    { "PS512", JWK_PS512, EVP_PKEY_RSA, 0, EVP_sha512, true },
    { "ES256", JWK_ES256, EVP_PKEY_EC, NID_X9_62_prime256v1, EVP_sha256, false },
    { "ES384", JWK_ES384, EVP_PKEY_EC, NID_secp384r1, EVP_sha384, false },
    { "ES512", JWK_ES512, EVP_PKEY_EC, NID_secp521r1, EVP_sha512, false },
    { "EdDSA", JWK_EDDSA, EVP_PKEY_ED25519, 0, NULL, false },
};

enum jwk_alg jwk_alg_by_name(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        if (str_is(name, algs[i].name))
            return algs[i].alg;
    }
    return JWK_ALG_NONE;
}

/* ---- reading ---- */

/* A big number of a member, or NULL. */
static BIGNUM *number_of(const struct node *key, const char *name, struct arena *a)
{
    struct str bytes, text = node_get_str(key, name);

    if (!text.len || encode_undo_base64url(a, text, &bytes) != 0)
        return NULL;
    return BN_bin2bn((const uint8_t *)bytes.p, bytes.len, NULL);
}

static EVP_PKEY *wrap_rsa(RSA *rsa)
{
    EVP_PKEY *key = EVP_PKEY_new();

    if (key && EVP_PKEY_assign_RSA(key, rsa))
        return key;
    EVP_PKEY_free(key);
    RSA_free(rsa);
    return NULL;
}

static EVP_PKEY *read_rsa(const struct node *from, struct arena *a)
{
    BIGNUM *n = number_of(from, "n", a), *e = number_of(from, "e", a);
    RSA *rsa = RSA_new();
    unsigned bits = n ? BN_num_bits(n) : 0;

    if (n && e && rsa && bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS &&
        RSA_set0_key(rsa, n, e, NULL))
        return wrap_rsa(rsa); /* owns n and e */
    BN_free(n);
    BN_free(e);
    RSA_free(rsa);
    return NULL;
}

static int curve_of(struct str name)
{
    return str_is(name, "P-256")   ? NID_X9_62_prime256v1
           : str_is(name, "P-384") ? NID_secp384r1
           : str_is(name, "P-521") ? NID_secp521r1
                                   : 0;
}

static EVP_PKEY *read_ec(const struct node *from, struct arena *a)
{
    int curve = curve_of(node_get_str(from, "crv"));
    EC_KEY *ec = curve ? EC_KEY_new_by_curve_name(curve) : NULL;
    BIGNUM *x = number_of(from, "x", a), *y = number_of(from, "y", a);
    EVP_PKEY *key = EVP_PKEY_new();
    bool ok = ec && x && y && key && EC_KEY_set_public_key_affine_coordinates(ec, x, y);

    BN_free(x);
    BN_free(y);
    if (ok && EVP_PKEY_assign_EC_KEY(key, ec))
        return key;
    EC_KEY_free(ec);
    EVP_PKEY_free(key);
    return NULL;
}

static EVP_PKEY *read_okp(const struct node *from, struct arena *a)
{
    struct str bytes;

    if (!str_is(node_get_str(from, "crv"), "Ed25519") ||
        encode_undo_base64url(a, node_get_str(from, "x"), &bytes) != 0 ||
        bytes.len != ED25519_BYTES)
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)bytes.p, bytes.len);
}

static EVP_PKEY *read_key(const struct node *from, struct arena *a)
{
    struct str type = node_get_str(from, "kty");

    if (str_is(type, "RSA"))
        return read_rsa(from, a);
    if (str_is(type, "EC"))
        return read_ec(from, a);
    return str_is(type, "OKP") ? read_okp(from, a) : NULL;
}

static void add(struct jwk_set *s, const struct node *from, struct arena *scratch)
{
    struct str alg = node_get_str(from, "alg"), use = node_get_str(from, "use");
    struct jwk *k = &s->keys[s->count];

    if (from->kind != NODE_MAP || (use.len && !str_is(use, "sig")))
        return;
    k->alg = jwk_alg_by_name(alg);
    if (alg.len && k->alg == JWK_ALG_NONE)
        return;
    k->key = read_key(from, scratch);
    if (!k->key) {
        ERR_clear_error();
        return;
    }
    k->kid = arena_str(&s->arena, node_get_str(from, "kid"));
    s->count++;
}

static int refuse(const char **why, const char *text, int err)
{
    *why = text;
    return err;
}

static int read_set(const struct node *root, struct arena *scratch, struct jwk_set **out,
                    const char **why)
{
    const struct node *list = node_getz(root, "keys");
    struct jwk_set *s;

    if (!list || list->kind != NODE_LIST)
        return refuse(why, "there is no list \"keys\"", ERR_INVALID);
    if (list->count > JWK_MAX_KEYS)
        return refuse(why, "there are more than 100 keys", ERR_LIMIT);
    s = mem_alloc0(1, sizeof(*s));
    atomic_init(&s->refs, 1);
    arena_init(&s->arena, 1024);
    s->keys = arena_alloc0(&s->arena, list->count, sizeof(*s->keys));
    NODE_EACH(key, list)
    add(s, key, scratch);
    if (s->count == 0) {
        jwk_set_unref(s);
        return refuse(why,
                      "there is no key that can verify: RSA (2048 bits or more), EC or Ed25519",
                      ERR_INVALID);
    }
    *out = s;
    return 0;
}

int jwk_set_parse(struct str json, struct jwk_set **out, const char **why)
{
    struct arena a;
    struct node *root;
    int err;

    *why = "";
    if (json.len > JWK_MAX_BYTES)
        return refuse(why, "it is larger than 1 MiB", ERR_LIMIT);
    arena_init(&a, 4096);
    err = node_json_read(&a, json, NULL, NULL, &root);
    err = err ? refuse(why, "it is not JSON", err) : read_set(root, &a, out, why);
    arena_deinit(&a);
    return err;
}

struct jwk_set *jwk_set_ref(struct jwk_set *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void jwk_set_unref(struct jwk_set *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        EVP_PKEY_free(s->keys[i].key);
    arena_deinit(&s->arena);
    mem_free(s);
}

/* ---- verifying ---- */

/* r and s side by side, as JWS has them, in the DER that the library takes. */
static bool to_der(struct str raw, uint8_t **der, size_t *len)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    size_t half = raw.len / 2;
    const uint8_t *p = (const uint8_t *)raw.p;
    BIGNUM *r = BN_bin2bn(p, half, NULL), *s = BN_bin2bn(p + half, half, NULL);
    bool ok = sig && r && s && ECDSA_SIG_set0(sig, r, s);

    if (!ok) {
        BN_free(r);
        BN_free(s);
    }
    ok = ok && ECDSA_SIG_to_bytes(der, len, sig);
    ECDSA_SIG_free(sig);
    return ok;
}

static bool check(EVP_PKEY *key, size_t alg, struct str text, const uint8_t *sig, size_t sig_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    const EVP_MD *digest = algs[alg].digest ? algs[alg].digest() : NULL;
    bool ok = ctx && EVP_DigestVerifyInit(ctx, &how, digest, NULL, key);

    if (ok && algs[alg].is_pss)
        ok = EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(how, -1); /* as long as the digest */
    ok = ok && EVP_DigestVerify(ctx, sig, sig_len, (const uint8_t *)text.p, text.len);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static bool verify(EVP_PKEY *key, size_t alg, struct str text, struct str signature)
{
    uint8_t *der = NULL;
    size_t len = 0;
    bool ok;

    if (algs[alg].type != EVP_PKEY_EC)
        return check(key, alg, text, (const uint8_t *)signature.p, signature.len);
    if (signature.len != 2 * (((size_t)EVP_PKEY_bits(key) + 7) / 8) ||
        !to_der(signature, &der, &len)) {
        ERR_clear_error();
        return false;
    }
    ok = check(key, alg, text, der, len);
    OPENSSL_free(der);
    return ok;
}

static bool is_for(const struct jwk *k, size_t alg)
{
    if (EVP_PKEY_id(k->key) != algs[alg].type || (k->alg && k->alg != algs[alg].alg))
        return false;
    return !algs[alg].curve ||
           EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(k->key))) ==
               algs[alg].curve;
}

bool jwk_set_verify(const struct jwk_set *s, enum jwk_alg alg, struct str kid,
                    struct str signed_bytes, struct str signature, bool *fits)
{
    size_t row = 0;

    *fits = false;
    while (row < COUNT_OF(algs) && algs[row].alg != alg)
        row++;
    if (row == COUNT_OF(algs))
        return false;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct jwk *k = &s->keys[i];

        if (!is_for(k, row) || (kid.len && k->kid.len && !str_eq(kid, k->kid)))
            continue;
        *fits = true;
        if (verify(k->key, row, signed_bytes, signature))
            return true;
    }
    return false;
}
