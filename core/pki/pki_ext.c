#include "core/pki/pki_ext.h"

#include <stdint.h>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* RFC 7093: the leftmost 160 bits of a SHA-256. */
#define KEY_ID_BYTES 20

static GENERAL_NAME *make_name(int type, struct str text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();

    if (!name || !value || !ASN1_STRING_set(value, text.p, (int)text.len)) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, type, value);
    return name;
}

static bool push_name(GENERAL_NAMES *names, int type, struct str text)
{
    GENERAL_NAME *name = make_name(type, text);

    if (!name || !sk_GENERAL_NAME_push(names, name)) {
        GENERAL_NAME_free(name);
        return false;
    }
    return true;
}

struct X509_extension_st *pki_ext_alt_names(struct str uri, const struct str *dns, size_t dns_count,
                                            bool critical)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    X509_EXTENSION *ext = NULL;
    bool ok = names && (uri.len == 0 || push_name(names, GEN_URI, uri));

    for (size_t i = 0; i < dns_count && ok; i++)
        ok = push_name(names, GEN_DNS, dns[i]);
    if (ok)
        ext = X509V3_EXT_i2d(NID_subject_alt_name, critical, names);
    GENERAL_NAMES_free(names);
    return ext;
}

struct X509_extension_st *pki_ext_basic_constraints(bool ca, int path_len)
{
    BASIC_CONSTRAINTS *value = BASIC_CONSTRAINTS_new();
    X509_EXTENSION *ext = NULL;

    if (!value)
        return NULL;
    value->ca = ca ? 0xff : 0;
    if (path_len >= 0) {
        value->pathlen = ASN1_INTEGER_new();
        if (!value->pathlen || !ASN1_INTEGER_set(value->pathlen, path_len))
            goto out;
    }
    ext = X509V3_EXT_i2d(NID_basic_constraints, 1, value);
out:
    BASIC_CONSTRAINTS_free(value);
    return ext;
}

struct X509_extension_st *pki_ext_key_usage(unsigned bits)
{
    ASN1_BIT_STRING *value = ASN1_BIT_STRING_new();
    X509_EXTENSION *ext = NULL;
    bool ok = value != NULL;

    for (int i = 0; i < 9 && ok; i++) {
        if (bits & 1u << i)
            ok = ASN1_BIT_STRING_set_bit(value, i, 1);
    }
    if (ok)
        ext = X509V3_EXT_i2d(NID_key_usage, 1, value);
    ASN1_BIT_STRING_free(value);
    return ext;
}

struct X509_extension_st *pki_ext_tls_usage(void)
{
    static const int nids[] = { NID_server_auth, NID_client_auth };
    EXTENDED_KEY_USAGE *value = EXTENDED_KEY_USAGE_new();
    X509_EXTENSION *ext = NULL;

    if (!value)
        return NULL;
    for (size_t i = 0; i < 2; i++) {
        /* OBJ_nid2obj's are static: freeing the stack does not touch them. */
        if (!sk_ASN1_OBJECT_push(value, OBJ_nid2obj(nids[i])))
            goto out;
    }
    ext = X509V3_EXT_i2d(NID_ext_key_usage, 0, value);
out:
    EXTENDED_KEY_USAGE_free(value);
    return ext;
}

struct X509_extension_st *pki_ext_subject_key_id(const struct x509_st *subject)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *ext = NULL;
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (value && X509_pubkey_digest(subject, EVP_sha256(), sum, &len) && len >= KEY_ID_BYTES &&
        ASN1_OCTET_STRING_set(value, sum, KEY_ID_BYTES))
        ext = X509V3_EXT_i2d(NID_subject_key_identifier, 0, value);
    ASN1_OCTET_STRING_free(value);
    return ext;
}

struct X509_extension_st *pki_ext_authority_key_id(struct x509_st *issuer)
{
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);
    AUTHORITY_KEYID *value;
    X509_EXTENSION *ext = NULL;

    if (!id)
        return NULL;
    value = AUTHORITY_KEYID_new();
    if (value) {
        value->keyid = ASN1_OCTET_STRING_dup(id);
        if (value->keyid)
            ext = X509V3_EXT_i2d(NID_authority_key_identifier, 0, value);
    }
    AUTHORITY_KEYID_free(value);
    return ext;
}

struct X509_extension_st *pki_ext_uri_constraint(struct str host)
{
    NAME_CONSTRAINTS *value = NAME_CONSTRAINTS_new();
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    GENERAL_NAME *base = make_name(GEN_URI, host);
    X509_EXTENSION *ext = NULL;

    if (!value || !tree || !base)
        goto out;
    GENERAL_NAME_free(tree->base);
    tree->base = base;
    base = NULL;
    value->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
    if (!value->permittedSubtrees || !sk_GENERAL_SUBTREE_push(value->permittedSubtrees, tree))
        goto out;
    tree = NULL;
    ext = X509V3_EXT_i2d(NID_name_constraints, 1, value);
out:
    GENERAL_NAME_free(base);
    GENERAL_SUBTREE_free(tree);
    NAME_CONSTRAINTS_free(value);
    return ext;
}
