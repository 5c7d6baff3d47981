#include "core/pki/pki_jws.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/pki/pki_key.h"

#define COORDINATE_BYTES 32

static int read_point(const struct pki_key *key, uint8_t x[COORDINATE_BYTES],
                      uint8_t y[COORDINATE_BYTES])
{
    const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(pki_key_evp(key));
    BIGNUM *bx = BN_new(), *by = BN_new();
    bool ok = ec && bx && by &&
              EC_POINT_get_affine_coordinates_GFp(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec),
                                                  bx, by, NULL) &&
              BN_bn2bin_padded(x, COORDINATE_BYTES, bx) &&
              BN_bn2bin_padded(y, COORDINATE_BYTES, by);

    BN_free(bx);
    BN_free(by);
    return ok ? 0 : ERR_INTERNAL;
}

int pki_jws_jwk(const struct pki_key *key, struct buf *out)
{
    uint8_t x[COORDINATE_BYTES], y[COORDINATE_BYTES];
    int err;

    if (pki_key_get_type(key) != PKI_KEY_EC_P256)
        return ERR_UNSUPPORTED;
    err = read_point(key, x, y);
    if (err)
        return err;
    buf_printf(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    encode_base64url(out, str_make(x, sizeof(x)));
    buf_printf(out, "\",\"y\":\"");
    encode_base64url(out, str_make(y, sizeof(y)));
    return buf_printf(out, "\"}");
}

int pki_jws_thumbprint(const struct pki_key *key, struct buf *out)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct buf jwk;
    int err;

    buf_init(&jwk, 0);
    err = pki_jws_jwk(key, &jwk);
    if (!err) {
        SHA256((const uint8_t *)buf_str(&jwk).p, buf_len(&jwk), digest);
        err = encode_base64url(out, str_make(digest, sizeof(digest)));
    }
    buf_deinit(&jwk);
    return err;
}

/* r and s side by side, as JWS has them, not in DER. */
static int sign_es256(const struct pki_key *key, struct str text, uint8_t out[2 * COORDINATE_BYTES])
{
    EC_KEY *ec = EVP_PKEY_get0_EC_KEY(pki_key_evp(key));
    uint8_t digest[SHA256_DIGEST_LENGTH];
    const BIGNUM *r, *s;
    ECDSA_SIG *sig;
    bool ok;

    SHA256((const uint8_t *)text.p, text.len, digest);
    sig = ec ? ECDSA_do_sign(digest, sizeof(digest), ec) : NULL;
    if (!sig) {
        ERR_clear_error();
        return ERR_INTERNAL;
    }
    ECDSA_SIG_get0(sig, &r, &s);
    ok = BN_bn2bin_padded(out, COORDINATE_BYTES, r) &&
         BN_bn2bin_padded(out + COORDINATE_BYTES, COORDINATE_BYTES, s);
    ECDSA_SIG_free(sig);
    return ok ? 0 : ERR_INTERNAL;
}

int pki_jws_sign(const struct pki_key *key, struct str header, struct str payload, struct buf *out)
{
    uint8_t signature[2 * COORDINATE_BYTES];
    struct buf signed_text;
    struct str parts;
    int err;

    if (pki_key_get_type(key) != PKI_KEY_EC_P256)
        return ERR_UNSUPPORTED;
    buf_init(&signed_text, 0);
    encode_base64url(&signed_text, header);
    buf_printf(&signed_text, ".");
    encode_base64url(&signed_text, payload);
    parts = buf_str(&signed_text);
    err = sign_es256(key, parts, signature);
    if (!err) {
        struct str protected_part = str_cut(&parts, '.');

        buf_printf(out, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"",
                   STR_ARG(protected_part), STR_ARG(parts));
        encode_base64url(out, str_make(signature, sizeof(signature)));
        err = buf_printf(out, "\"}");
    }
    buf_deinit(&signed_text);
    return err;
}
