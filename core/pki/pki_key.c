#include "core/pki/pki_key.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_cert.h"
#include "core/pki/pki_pem.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

struct pki_key {
    atomic_uint refs;
    enum pki_key_type type;
    EVP_PKEY *evp;
};

static int type_of(const EVP_PKEY *evp, enum pki_key_type *type)
{
    const EC_KEY *ec;
    int nid;

    switch (EVP_PKEY_id(evp)) {
    case EVP_PKEY_RSA:
        *type = PKI_KEY_RSA;
        return EVP_PKEY_bits(evp) >= RSA_BITS_MIN && EVP_PKEY_bits(evp) <= RSA_BITS_MAX
                   ? 0
                   : ERR_UNSUPPORTED;
    case EVP_PKEY_ED25519:
        *type = PKI_KEY_ED25519;
        return 0;
    case EVP_PKEY_EC:
        ec = EVP_PKEY_get0_EC_KEY(evp);
        nid = EC_GROUP_get_curve_name(EC_KEY_get0_group(ec));
        *type = nid == NID_X9_62_prime256v1 ? PKI_KEY_EC_P256
                : nid == NID_secp384r1      ? PKI_KEY_EC_P384
                                            : PKI_KEY_EC_P521;
        return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1
                   ? 0
                   : ERR_UNSUPPORTED;
    default:
        return ERR_UNSUPPORTED;
    }
}

/* Owns evp from the call on. */
static int key_new(EVP_PKEY *evp, struct pki_key **out)
{
    enum pki_key_type type;
    struct pki_key *k;
    int err = type_of(evp, &type);

    if (err) {
        EVP_PKEY_free(evp);
        return err;
    }
    k = mem_alloc(sizeof(*k));
    atomic_init(&k->refs, 1);
    k->type = type;
    k->evp = evp;
    *out = k;
    return 0;
}

int pki_key_generate(struct pki_key **out)
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EVP_PKEY *evp = EVP_PKEY_new();

    if (!ec || !evp || !EC_KEY_generate_key(ec) || !EVP_PKEY_set1_EC_KEY(evp, ec)) {
        EC_KEY_free(ec);
        EVP_PKEY_free(evp);
        ERR_clear_error();
        return ERR_INTERNAL;
    }
    EC_KEY_free(ec);
    return key_new(evp, out);
}

static EVP_PKEY *parse_sec1(CBS *der)
{
    EC_KEY *ec = EC_KEY_parse_private_key(der, NULL);
    EVP_PKEY *evp = EVP_PKEY_new();

    if (!ec || !EVP_PKEY_assign_EC_KEY(evp, ec)) {
        EC_KEY_free(ec);
        EVP_PKEY_free(evp);
        return NULL;
    }
    return evp;
}

static EVP_PKEY *parse_pkcs1(CBS *der)
{
    RSA *rsa = RSA_parse_private_key(der);
    EVP_PKEY *evp = EVP_PKEY_new();

    if (!rsa || !EVP_PKEY_assign_RSA(evp, rsa)) {
        RSA_free(rsa);
        EVP_PKEY_free(evp);
        return NULL;
    }
    return evp;
}

static const struct {
    const char *label;
    EVP_PKEY *(*parse)(CBS *der);
} forms[] = {
    { "PRIVATE KEY", EVP_parse_private_key },
    { "EC PRIVATE KEY", parse_sec1 },
    { "RSA PRIVATE KEY", parse_pkcs1 },
};

/* 1: this block is no key. */
static int parse_block(const struct pki_pem_reader *r, struct pki_key **out)
{
    EVP_PKEY *evp;
    CBS der;

    if (pki_pem_is_encrypted(r))
        return ERR_UNSUPPORTED;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (!pki_pem_is(r, forms[i].label))
            continue;
        CBS_init(&der, r->der, r->der_len);
        evp = forms[i].parse(&der);
        ERR_clear_error();
        if (!evp)
            return ERR_INVALID;
        if (CBS_len(&der) != 0) {
            EVP_PKEY_free(evp);
            return ERR_INVALID;
        }
        return key_new(evp, out);
    }
    return 1;
}

int pki_key_from_pem(struct str pem, struct pki_key **out)
{
    struct pki_pem_reader r;
    int err;

    pki_pem_init(&r, pem);
    do {
        err = pki_pem_next(&r);
        if (!err)
            err = parse_block(&r, out);
    } while (err == 1);
    pki_pem_deinit(&r);
    return err;
}

int pki_key_to_pem(const struct pki_key *k, struct buf *out)
{
    uint8_t *der = NULL;
    size_t len = 0;
    CBB cbb;
    int err;

    CBB_zero(&cbb);
    if (!CBB_init(&cbb, 0) || !EVP_marshal_private_key(&cbb, k->evp) ||
        !CBB_finish(&cbb, &der, &len)) {
        CBB_cleanup(&cbb);
        ERR_clear_error();
        return ERR_INTERNAL;
    }
    err = pki_pem_add(out, "PRIVATE KEY", der, len);
    OPENSSL_free(der);
    return err;
}

struct pki_key *pki_key_ref(struct pki_key *k)
{
    atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
    return k;
}

void pki_key_unref(struct pki_key *k)
{
    if (k && atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) == 1) {
        EVP_PKEY_free(k->evp); /* BoringSSL wipes what it frees */
        mem_free(k);
    }
}

enum pki_key_type pki_key_get_type(const struct pki_key *k)
{
    return k->type;
}

const char *pki_key_describe(const struct pki_key *k)
{
    return pki_key_describe_public(k->evp);
}

const char *pki_key_describe_public(const struct evp_pkey_st *public_key)
{
    enum pki_key_type type;
    int bits;

    if (!public_key || type_of(public_key, &type))
        return "other";
    switch (type) {
    case PKI_KEY_EC_P256:
        return "ECDSA P-256";
    case PKI_KEY_EC_P384:
        return "ECDSA P-384";
    case PKI_KEY_EC_P521:
        return "ECDSA P-521";
    case PKI_KEY_ED25519:
        return "Ed25519";
    case PKI_KEY_RSA:
        break;
    }
    bits = EVP_PKEY_bits(public_key);
    return bits == 2048   ? "RSA 2048"
           : bits == 3072 ? "RSA 3072"
           : bits == 4096 ? "RSA 4096"
                          : "RSA";
}

int pki_key_check_public(const struct evp_pkey_st *public_key)
{
    enum pki_key_type type;

    return type_of(public_key, &type);
}

bool pki_key_is_of(const struct pki_key *k, const struct pki_cert *cert)
{
    EVP_PKEY *theirs = pki_cert_public_key(cert);
    bool same = theirs && EVP_PKEY_cmp(k->evp, theirs) == 1;

    ERR_clear_error();
    return same;
}

struct evp_pkey_st *pki_key_evp(const struct pki_key *k)
{
    return k->evp;
}
