#include "core/pki/pki_csr.h"

#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_ext.h"
#include "core/pki/pki_key.h"
#include "core/pki/pki_pem.h"
#include "core/pki/pki_spiffe.h"

struct pki_csr {
    EVP_PKEY *key;
    char *uri; /* or NULL */
    uint8_t spki_sha256[32];
};

/* ---- building ---- */

static int fill_request(X509_REQ *req, const struct pki_key *key, struct str spiffe_id)
{
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    X509_EXTENSION *names = pki_ext_alt_names(spiffe_id, NULL, 0, true);
    EVP_PKEY *evp = pki_key_evp(key);
    const EVP_MD *md = pki_key_get_type(key) == PKI_KEY_ED25519 ? NULL : EVP_sha256();
    int ok = 0;

    if (list && names && sk_X509_EXTENSION_push(list, names)) {
        names = NULL; /* the list has it */
        ok = X509_REQ_set_version(req, 0) && X509_REQ_add_extensions(req, list) &&
             X509_REQ_set_pubkey(req, evp) && X509_REQ_sign(req, evp, md) > 0;
    }
    X509_EXTENSION_free(names);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok ? 0 : ERR_INTERNAL;
}

int pki_csr_build(const struct pki_key *key, struct str spiffe_id, struct buf *pem)
{
    struct pki_spiffe id;
    X509_REQ *req;
    uint8_t *der = NULL;
    int err = pki_spiffe_parse(spiffe_id, &id), len;

    if (err)
        return err;
    req = X509_REQ_new();
    ASSERT(req);
    err = fill_request(req, key, spiffe_id);
    if (!err) {
        len = i2d_X509_REQ(req, &der);
        err = len > 0 ? pki_pem_add(pem, "CERTIFICATE REQUEST", der, (size_t)len) : ERR_INTERNAL;
        OPENSSL_free(der);
    }
    X509_REQ_free(req);
    ERR_clear_error();
    return err;
}

/* ---- parsing ---- */

static char *first_uri(X509_REQ *req)
{
    STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
    GENERAL_NAMES *names = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
    char *uri = NULL;

    for (size_t i = 0; names && i < sk_GENERAL_NAME_num(names) && !uri; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        struct str bytes;

        if (name->type != GEN_URI)
            continue;
        bytes =
            str_make(ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5));
        if (bytes.len > 0 && str_chr(bytes, 0) < 0)
            uri = str_dup(bytes);
    }
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return uri;
}

static int read_request(X509_REQ *req, struct pki_csr *csr)
{
    uint8_t *spki = NULL;
    int err, len;

    csr->key = X509_REQ_get_pubkey(req);
    if (!csr->key)
        return ERR_INVALID;
    err = pki_key_check_public(csr->key);
    if (err)
        return err;
    if (X509_REQ_verify(req, csr->key) != 1)
        return ERR_DENIED;
    len = i2d_PUBKEY(csr->key, &spki);
    if (len <= 0)
        return ERR_INVALID;
    SHA256(spki, (size_t)len, csr->spki_sha256);
    OPENSSL_free(spki);
    csr->uri = first_uri(req);
    return 0;
}

static int parse_der(struct str der, struct pki_csr **out)
{
    const uint8_t *p = (const uint8_t *)der.p;
    X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)der.len);
    struct pki_csr *csr = mem_alloc0(1, sizeof(*csr));
    int err = ERR_INVALID;

    if (req && p == (const uint8_t *)der.p + der.len)
        err = read_request(req, csr);
    X509_REQ_free(req);
    ERR_clear_error();
    if (err) {
        pki_csr_free(csr);
        return err;
    }
    *out = csr;
    return 0;
}

int pki_csr_parse(struct str text, struct pki_csr **out)
{
    struct pki_pem_reader r;
    int err;

    if (text.len > PKI_CSR_MAX_BYTES)
        return ERR_LIMIT;
    if (text.len > 0 && text.p[0] == 0x30) /* a DER sequence */
        return parse_der(text, out);
    pki_pem_init(&r, text);
    do {
        err = pki_pem_next(&r);
    } while (!err && !pki_pem_is(&r, "CERTIFICATE REQUEST") &&
             !pki_pem_is(&r, "NEW CERTIFICATE REQUEST"));
    err = err ? ERR_INVALID : parse_der(str_make(r.der, r.der_len), out);
    pki_pem_deinit(&r);
    return err;
}

void pki_csr_free(struct pki_csr *csr)
{
    if (!csr)
        return;
    EVP_PKEY_free(csr->key);
    mem_free(csr->uri);
    mem_free(csr);
}

struct evp_pkey_st *pki_csr_public_key(const struct pki_csr *csr)
{
    return csr->key;
}

struct str pki_csr_get_uri(const struct pki_csr *csr)
{
    return str_of(csr->uri);
}

void pki_csr_spki_sha256(const struct pki_csr *csr, uint8_t out[32])
{
    memcpy(out, csr->spki_sha256, 32);
}
