#include "core/pki/pki_jws.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "core/base/arena.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_acme.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_csr.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_key.h"
#include "tests/tap.h"

static struct pki_key *read_key(const char *name)
{
    char *path = mem_printf("testdata/pki/%s", name);
    struct pki_key *key = NULL;
    struct buf pem;

    buf_init(&pem, 0);
    EQ_INT(pki_file_read(path, &pem), 0);
    EQ_INT(pki_key_from_pem(buf_str(&pem), &key), 0);
    buf_deinit(&pem);
    mem_free(path);
    return key;
}

/* The value of a member of flat JSON; texts without escapes. */
static struct str member(struct str json, const char *name)
{
    char *quoted = mem_printf("\"%s\":\"", name);
    ptrdiff_t at = str_find(json, str_of(quoted));
    struct str rest = at < 0 ? STR_NONE : str_skip(json, (size_t)at + strlen(quoted));

    mem_free(quoted);
    return str_cut(&rest, '"');
}

static void the_signature_is_that_of_header_and_payload(void)
{
    struct pki_key *key;
    const EC_KEY *ec;
    struct arena a;
    struct buf out, text;
    struct str signature;
    uint8_t digest[32];
    ECDSA_SIG *sig = ECDSA_SIG_new();

    arena_init(&a, 1024);
    buf_init(&out, 0);
    buf_init(&text, 0);
    EQ_INT(pki_key_generate(&key), 0);
    EQ_INT(pki_jws_sign(key, STR("{\"alg\":\"ES256\"}"), STR("{\"x\":1}"), &out), 0);
    EQ_STRN(member(buf_str(&out), "protected").p, member(buf_str(&out), "protected").len,
            "eyJhbGciOiJFUzI1NiJ9");
    EQ_STRN(member(buf_str(&out), "payload").p, member(buf_str(&out), "payload").len, "eyJ4IjoxfQ");
    buf_printf(&text, "eyJhbGciOiJFUzI1NiJ9.eyJ4IjoxfQ");
    SHA256((const uint8_t *)buf_str(&text).p, buf_len(&text), digest);
    EQ_INT(encode_undo_base64url(&a, member(buf_str(&out), "signature"), &signature), 0);
    if (EQ_INT(signature.len, 64)) {
        ECDSA_SIG_set0(sig, BN_bin2bn((const uint8_t *)signature.p, 32, NULL),
                       BN_bin2bn((const uint8_t *)signature.p + 32, 32, NULL));
        ec = EVP_PKEY_get0_EC_KEY(pki_key_evp(key));
        EQ_INT(ECDSA_do_verify(digest, sizeof(digest), sig, ec), 1);
    }
    buf_clear(&out);
    EQ_INT(pki_jws_sign(key, STR("{}"), STR_NONE, &out), 0); /* POST as GET */
    EQ_INT(member(buf_str(&out), "payload").len, 0);
    ECDSA_SIG_free(sig);
    pki_key_unref(key);
    buf_deinit(&out);
    buf_deinit(&text);
    arena_deinit(&a);
}

static void the_public_key_is_in_the_order_of_rfc_7638(void)
{
    struct pki_key *key = read_key("p256-sec1.pem"), *rsa = read_key("rsa2048-pkcs8.pem");
    struct buf out, again;

    buf_init(&out, 0);
    buf_init(&again, 0);
    EQ_INT(pki_jws_jwk(key, &out), 0);
    OK(str_starts(buf_str(&out), STR("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"")));
    EQ_INT(member(buf_str(&out), "x").len, 43);
    EQ_INT(member(buf_str(&out), "y").len, 43);
    buf_clear(&out);
    EQ_INT(pki_jws_thumbprint(key, &out), 0);
    EQ_INT(pki_jws_thumbprint(key, &again), 0);
    EQ_INT(buf_len(&out), 43);
    OK(str_eq(buf_str(&out), buf_str(&again)));
    EQ_INT(pki_jws_jwk(rsa, &out), ERR_UNSUPPORTED);
    EQ_INT(pki_jws_sign(rsa, STR("{}"), STR("{}"), &out), ERR_UNSUPPORTED);
    pki_key_unref(key);
    pki_key_unref(rsa);
    buf_deinit(&out);
    buf_deinit(&again);
}

static void a_challenge_certificate_has_the_name_and_the_digest(void)
{
    static const uint8_t digest[32] = { 1, 2, 3, [31] = 0xff };
    /* The extension's OID, its critical flag and the head of its content. */
    static const uint8_t extension[] = {
        0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f,
        0x01, 0x01, 0xff, 0x04, 0x22, 0x04, 0x20, 0x01, 0x02, 0x03
    };
    const struct pki_cert_info *info;
    struct pki_chain chain;
    struct pki_key *key;

    EQ_INT(pki_key_generate(&key), 0);
    if (EQ_INT(pki_acme_challenge(key, STR("a.example.com"), digest, 1800000000, &chain), 0)) {
        info = pki_cert_get_info(chain.certs[0]);
        EQ_INT(info->dns_count, 1);
        EQ_STRN(info->dns_names[0].p, info->dns_names[0].len, "a.example.com");
        OK(info->not_before_s < 1800000000 && info->not_after_s > 1800000000);
        OK(pki_key_is_of(key, chain.certs[0]));
        OK(str_find(pki_cert_der(chain.certs[0]), str_make(extension, sizeof(extension))) > 0);
        pki_chain_deinit(&chain);
    }
    pki_key_unref(key);
}

static void a_request_has_the_names_and_is_signed(void)
{
    static const struct str names[] = { STR_INIT("a.example.com"), STR_INIT("b.example.com") };
    struct pki_csr *csr;
    struct pki_key *key;
    struct buf der;

    buf_init(&der, 0);
    EQ_INT(pki_key_generate(&key), 0);
    EQ_INT(pki_acme_request(key, names, 2, &der), 0);
    OK(str_find(buf_str(&der), names[0]) > 0);
    OK(str_find(buf_str(&der), names[1]) > 0);
    if (EQ_INT(pki_csr_parse(buf_str(&der), &csr), 0)) { /* the signature is checked by it */
        EQ_INT(EVP_PKEY_cmp(pki_csr_public_key(csr), pki_key_evp(key)), 1);
        pki_csr_free(csr);
    }
    pki_key_unref(key);
    buf_deinit(&der);
}

static const struct tap_case cases[] = {
    { "the_signature_is_that_of_header_and_payload", the_signature_is_that_of_header_and_payload },
    { "the_public_key_is_in_the_order_of_rfc_7638", the_public_key_is_in_the_order_of_rfc_7638 },
    { "a_challenge_certificate_has_the_name_and_the_digest",
      a_challenge_certificate_has_the_name_and_the_digest },
    { "a_request_has_the_names_and_is_signed", a_request_has_the_names_and_is_signed },
};

TAP_MAIN(cases)
