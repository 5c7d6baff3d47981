#include "core/pki/pki_acme.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_ext.h"
#include "core/pki/pki_key.h"

#define DAY_S           ((int64_t)86400)
#define ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31" /* id-pe-acmeIdentifier, RFC 8737 section 3 */

/* ---- requests ---- */

static bool fill_request(X509_REQ *req, const struct pki_key *key, const struct str *names,
                         size_t count)
{
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    X509_EXTENSION *alt = pki_ext_alt_names(STR_NONE, names, count, false);
    EVP_PKEY *evp = pki_key_evp(key);
    bool ok = false;

    if (list && alt && sk_X509_EXTENSION_push(list, alt)) {
        alt = NULL; /* the list has it */
        ok = X509_REQ_set_version(req, 0) && X509_REQ_add_extensions(req, list) &&
             X509_REQ_set_pubkey(req, evp) && X509_REQ_sign(req, evp, EVP_sha256()) > 0;
    }
    X509_EXTENSION_free(alt);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok;
}

int pki_acme_request(const struct pki_key *key, const struct str *names, size_t count,
                     struct buf *der)
{
    X509_REQ *req = X509_REQ_new();
    uint8_t *p = NULL;
    int len = 0, err = ERR_INTERNAL;

    ASSERT(req);
    if (fill_request(req, key, names, count))
        len = i2d_X509_REQ(req, &p);
    if (len > 0)
        err = buf_add(der, p, (size_t)len);
    OPENSSL_free(p);
    X509_REQ_free(req);
    ERR_clear_error();
    return err;
}

/* ---- challenges ---- */

/* An OCTET STRING inside the extension's own. */
static X509_EXTENSION *identifier(const uint8_t sha256[32])
{
    uint8_t der[34] = { CBS_ASN1_OCTETSTRING, 32 };
    ASN1_OBJECT *oid = OBJ_txt2obj(ACME_IDENTIFIER, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *ext = NULL;

    for (int i = 0; i < 32; i++)
        der[2 + i] = sha256[i];
    if (oid && value && ASN1_OCTET_STRING_set(value, der, sizeof(der)))
        ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
    return ext;
}

static bool add(X509 *cert, X509_EXTENSION *ext)
{
    bool ok = ext && X509_add_ext(cert, ext, -1);

    X509_EXTENSION_free(ext);
    return ok;
}

static bool fill_challenge(X509 *cert, const struct pki_key *key, struct str name,
                           const uint8_t sha256[32], int64_t now_s)
{
    EVP_PKEY *evp = pki_key_evp(key);
    uint8_t serial[8];

    random_bytes(serial, sizeof(serial));
    serial[0] = (serial[0] & 0x7f) | 1;
    return X509_set_version(cert, 2) &&
           ASN1_STRING_set(X509_get_serialNumber(cert), serial, sizeof(serial)) &&
           ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(now_s - DAY_S / 2)) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(now_s + DAY_S / 2)) &&
           X509_set_pubkey(cert, evp) && add(cert, pki_ext_alt_names(STR_NONE, &name, 1, true)) &&
           add(cert, identifier(sha256)) && X509_sign(cert, evp, EVP_sha256()) > 0;
}

int pki_acme_challenge(const struct pki_key *key, struct str name, const uint8_t sha256[32],
                       int64_t now_s, struct pki_chain *out)
{
    X509 *cert = X509_new();
    struct pki_cert *parsed;
    uint8_t *der = NULL;
    int len = 0, err = ERR_INTERNAL;

    ASSERT(cert);
    *out = (struct pki_chain){ 0 };
    if (fill_challenge(cert, key, name, sha256, now_s))
        len = i2d_X509(cert, &der);
    if (len > 0)
        err = pki_cert_parse_der(str_make(der, (size_t)len), &parsed);
    if (!err)
        pki_chain_give(out, parsed);
    OPENSSL_free(der);
    X509_free(cert);
    ERR_clear_error();
    return err;
}
