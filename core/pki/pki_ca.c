#include "core/pki/pki_ca.h"

#include <stdatomic.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_ext.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_key.h"
#include "core/pki/pki_spiffe.h"
#include "core/pki/pki_trust.h"

#define SERIAL_BYTES 16

/* Bits of keyUsage, as the standard numbers them. */
#define USAGE_DIGITAL_SIGNATURE (1u << 0)
#define USAGE_KEY_ENCIPHERMENT  (1u << 2)
#define USAGE_CERT_SIGN         (1u << 5)
#define USAGE_CRL_SIGN          (1u << 6)

struct pki_ca {
    atomic_uint refs;
    struct pki_key *key;
    char *trust_domain;     /* organisation of what it signs */
    struct pki_chain chain; /* its certificate, then up to but without the root */
    struct pki_chain roots;
};

/* ---- writing certificates ---- */

struct draft {
    X509 *x509;
    bool failed;
};

static void add_ext(struct draft *d, X509_EXTENSION *ext)
{
    if (!ext || !X509_add_ext(d->x509, ext, -1))
        d->failed = true;
    X509_EXTENSION_free(ext);
}

static void set_serial(struct draft *d)
{
    uint8_t bytes[SERIAL_BYTES];
    BIGNUM *n;

    RAND_bytes(bytes, sizeof(bytes));
    /* Positive and of full length: an even spread over 2^126 values, shown with equal width. */
    bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40);
    n = BN_bin2bn(bytes, sizeof(bytes), NULL);
    if (!n || !BN_to_ASN1_INTEGER(n, X509_get_serialNumber(d->x509)))
        d->failed = true;
    BN_free(n);
}

static void set_times(struct draft *d, int64_t from_s, int64_t to_s)
{
    if (!ASN1_TIME_set(X509_getm_notBefore(d->x509), (time_t)from_s) ||
        !ASN1_TIME_set(X509_getm_notAfter(d->x509), (time_t)to_s))
        d->failed = true;
}

static void add_name(struct draft *d, const char *field, struct str text)
{
    X509_NAME *name = X509_get_subject_name(d->x509);

    if (text.len > 0 && !X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                                    (const uint8_t *)text.p, (int)text.len, -1, 0))
        d->failed = true;
}

/* issuer is NULL for a root. */
static void draft_init(struct draft *d, const struct pki_ca *issuer, EVP_PKEY *public_key,
                       int64_t now_s, int64_t life_s)
{
    int64_t from = now_s - PKI_CA_BACKDATE_S, to = now_s + life_s;

    d->x509 = X509_new();
    ASSERT(d->x509);
    d->failed = !X509_set_version(d->x509, X509_VERSION_3) || !X509_set_pubkey(d->x509, public_key);
    set_serial(d);
    if (issuer) {
        const struct pki_cert *cert = issuer->chain.certs[0];
        const struct pki_cert_info *info = pki_cert_get_info(cert);

        /* Nothing outlives, or is older than, what vouches for it. */
        to = to > info->not_after_s ? info->not_after_s : to;
        from = from < info->not_before_s ? info->not_before_s : from;
        if (!X509_set_issuer_name(d->x509, X509_get_subject_name(pki_cert_x509(cert))))
            d->failed = true;
        if (to <= now_s)
            d->failed = true;
    }
    set_times(d, from, to);
}

/* Signs and parses what came out; the draft is gone afterwards. */
static int draft_finish(struct draft *d, const struct pki_key *signer, struct pki_cert **out)
{
    const EVP_MD *md = pki_key_get_type(signer) == PKI_KEY_ED25519 ? NULL : EVP_sha256();
    uint8_t *der = NULL;
    int err = ERR_INTERNAL, len;

    if (!d->failed && X509_sign(d->x509, pki_key_evp(signer), md) > 0) {
        len = i2d_X509(d->x509, &der);
        if (len > 0)
            err = pki_cert_parse_der(str_make(der, (size_t)len), out);
        OPENSSL_free(der);
    }
    X509_free(d->x509);
    ERR_clear_error();
    return err;
}

/* ---- life ---- */

static struct pki_ca *ca_new(struct str trust_domain, struct pki_key *key)
{
    struct pki_ca *ca = mem_alloc0(1, sizeof(*ca));

    atomic_init(&ca->refs, 1);
    ca->trust_domain = str_dup(trust_domain);
    ca->key = key;
    return ca;
}

struct pki_ca *pki_ca_ref(struct pki_ca *ca)
{
    atomic_fetch_add_explicit(&ca->refs, 1, memory_order_relaxed);
    return ca;
}

void pki_ca_unref(struct pki_ca *ca)
{
    if (!ca || atomic_fetch_sub_explicit(&ca->refs, 1, memory_order_acq_rel) != 1)
        return;
    pki_key_unref(ca->key);
    pki_chain_deinit(&ca->chain);
    pki_chain_deinit(&ca->roots);
    mem_free(ca->trust_domain);
    mem_free(ca);
}

int pki_ca_new_root(struct str trust_domain, int64_t now_s, int64_t life_s, struct pki_ca **out)
{
    struct pki_key *key;
    struct pki_cert *cert;
    struct pki_ca *ca;
    struct draft d;
    int err;

    if (!pki_spiffe_is_trust_domain(trust_domain))
        return ERR_INVALID;
    err = pki_key_generate(&key);
    if (err)
        return err;
    ca = ca_new(trust_domain, key);
    draft_init(&d, NULL, pki_key_evp(key), now_s, life_s);
    add_name(&d, "O", trust_domain);
    add_name(&d, "CN", STR("mesh root"));
    if (!X509_set_issuer_name(d.x509, X509_get_subject_name(d.x509)))
        d.failed = true;
    add_ext(&d, pki_ext_basic_constraints(true, -1));
    add_ext(&d, pki_ext_key_usage(USAGE_CERT_SIGN | USAGE_CRL_SIGN));
    add_ext(&d, pki_ext_subject_key_id(d.x509));
    err = draft_finish(&d, key, &cert);
    if (err) {
        pki_ca_unref(ca);
        return err;
    }
    pki_chain_give(&ca->chain, cert);
    pki_chain_give(&ca->roots, pki_cert_ref(cert));
    *out = ca;
    return 0;
}

static bool is_root_of(const struct pki_ca *ca, const struct pki_cert *cert)
{
    for (size_t i = 0; i < ca->roots.count; i++) {
        if (str_eq(pki_cert_der(ca->roots.certs[i]), pki_cert_der(cert)))
            return true;
    }
    return false;
}

/* Appends the issuer's chain without a root at its end. */
static void copy_chain(struct pki_chain *to, const struct pki_ca *issuer)
{
    for (size_t i = 0; i < issuer->chain.count; i++) {
        if (!is_root_of(issuer, issuer->chain.certs[i]))
            pki_chain_give(to, pki_cert_ref(issuer->chain.certs[i]));
    }
}

int pki_ca_new_intermediate(const struct pki_ca *parent, const struct pki_ca_intermediate *want,
                            struct pki_ca **out)
{
    struct str domain = str_of(parent->trust_domain);
    struct pki_key *key;
    struct pki_cert *cert;
    struct pki_ca *ca;
    struct draft d;
    int err = pki_key_generate(&key);

    if (err)
        return err;
    ca = ca_new(domain, key);
    draft_init(&d, parent, pki_key_evp(key), want->now_s, want->life_s);
    add_name(&d, "O", domain);
    add_name(&d, "CN", want->name);
    add_ext(&d, pki_ext_basic_constraints(true, 0));
    add_ext(&d, pki_ext_key_usage(USAGE_CERT_SIGN | USAGE_CRL_SIGN));
    add_ext(&d, pki_ext_subject_key_id(d.x509));
    add_ext(&d, pki_ext_authority_key_id(pki_cert_x509(parent->chain.certs[0])));
    if (want->constrain)
        add_ext(&d, pki_ext_uri_constraint(domain));
    err = draft_finish(&d, parent->key, &cert);
    if (err) {
        pki_ca_unref(ca);
        return err;
    }
    pki_chain_give(&ca->chain, cert);
    copy_chain(&ca->chain, parent);
    for (size_t i = 0; i < parent->roots.count; i++)
        pki_chain_give(&ca->roots, pki_cert_ref(parent->roots.certs[i]));
    *out = ca;
    return 0;
}

/* ---- loading ---- */

static int fail(const char **why, int err, const char *text)
{
    *why = text;
    return err;
}

static bool is_self_issued(const struct pki_cert *cert)
{
    const struct pki_cert_info *info = pki_cert_get_info(cert);

    return str_eq(info->subject, info->issuer);
}

static int load_chain(struct pki_ca *ca, struct str cert_pem, struct str chain_pem,
                      struct str root_pem, const char **why)
{
    struct pki_chain own, above = { 0 };
    struct str roots = root_pem.len ? root_pem : cert_pem;
    int err = pki_chain_parse_pem(cert_pem, PKI_CERT_CHAIN_MAX, &own);

    if (err)
        return fail(why, err, "CA certificate cannot be read");
    err = pki_chain_parse_pem(roots, PKI_CERT_BUNDLE_MAX, &ca->roots);
    if (err) {
        pki_chain_deinit(&own);
        return fail(why, err, "root certificates cannot be read");
    }
    pki_chain_give(&ca->chain, pki_cert_ref(own.certs[0]));
    pki_chain_deinit(&own);
    if (root_pem.len == 0 && !is_self_issued(ca->chain.certs[0]))
        return fail(why, ERR_INVALID, "root certificate is missing");
    if (chain_pem.len == 0)
        return 0;
    err = pki_chain_parse_pem(chain_pem, PKI_CERT_CHAIN_MAX + 1, &above);
    if (err)
        return fail(why, err, "certificate chain cannot be read");
    /* Istio's cert-chain.pem starts with the CA's own certificate and may end with the root. */
    for (size_t i = 0; i < above.count; i++) {
        if (!str_eq(pki_cert_der(above.certs[i]), pki_cert_der(ca->chain.certs[0])) &&
            !is_root_of(ca, above.certs[i]))
            pki_chain_give(&ca->chain, pki_cert_ref(above.certs[i]));
    }
    pki_chain_deinit(&above);
    return 0;
}

static int check_loaded(const struct pki_ca *ca, int64_t now_s, const char **why)
{
    const struct pki_cert_info *info = pki_cert_get_info(ca->chain.certs[0]);
    struct pki_trust_domain any = { 0 };
    struct pki_trust_result result;
    struct pki_trust *trust;
    struct buf pem;
    int err;

    if (!info->is_ca)
        return fail(why, ERR_INVALID, "certificate is not a CA's");
    if (!pki_key_is_of(ca->key, ca->chain.certs[0]))
        return fail(why, ERR_INVALID, "key does not belong to the certificate");
    buf_init(&pem, 0);
    pki_chain_to_pem(&ca->roots, &pem);
    any.roots_pem = buf_str(&pem);
    err = pki_trust_new(&any, 1, &trust);
    buf_deinit(&pem);
    if (err)
        return fail(why, err, "root certificates cannot be used");
    err = pki_trust_verify(trust, ca->chain.certs, ca->chain.count,
                           &(struct pki_trust_check){ .usage = PKI_TRUST_ANY, .now_s = now_s },
                           &result, why);
    pki_trust_unref(trust);
    return err ? ERR_INVALID : 0;
}

/* What the CA's subject calls its organisation; only for further CAs below it. */
static struct str organisation(const struct pki_ca *ca, char *text, int size)
{
    X509_NAME *name = X509_get_subject_name(pki_cert_x509(ca->chain.certs[0]));
    int len = X509_NAME_get_text_by_NID(name, NID_organizationName, text, size);

    return str_make(text, len > 0 ? (size_t)len : 0);
}

int pki_ca_load(struct str cert_pem, struct str key_pem, struct str chain_pem, struct str root_pem,
                int64_t now_s, struct pki_ca **out, const char **why)
{
    struct pki_key *key;
    struct pki_ca *ca;
    char text[256];
    int err = pki_key_from_pem(key_pem, &key);

    *why = "";
    if (err)
        return fail(why, err, "CA key cannot be read");
    ca = ca_new(STR_NONE, key);
    err = load_chain(ca, cert_pem, chain_pem, root_pem, why);
    if (!err)
        err = check_loaded(ca, now_s, why);
    if (err) {
        pki_ca_unref(ca);
        return err;
    }
    mem_free(ca->trust_domain);
    ca->trust_domain = str_dup(organisation(ca, text, sizeof(text)));
    *out = ca;
    return 0;
}

enum { FILE_CERT, FILE_KEY, FILE_CHAIN, FILE_ROOT, FILE_COUNT };

static const struct {
    const char *name;
    bool optional;
} files[FILE_COUNT] = {
    [FILE_CERT] = { "ca-cert.pem", false },
    [FILE_KEY] = { "ca-key.pem", false },
    [FILE_CHAIN] = { "cert-chain.pem", true },
    [FILE_ROOT] = { "root-cert.pem", true },
};

int pki_ca_load_dir(const char *dir, int64_t now_s, struct pki_ca **out, const char **why)
{
    struct buf text[FILE_COUNT];
    int err = 0;

    *why = "";
    for (int i = 0; i < FILE_COUNT; i++)
        buf_init(&text[i], PKI_CERT_BUNDLE_MAX_BYTES);
    for (int i = 0; i < FILE_COUNT && !err; i++) {
        char *path = mem_printf("%s/%s", dir, files[i].name);

        err = pki_file_read(path, &text[i]);
        if (err == UV_ENOENT && files[i].optional)
            err = 0;
        if (err)
            *why = files[i].name;
        mem_free(path);
    }
    if (!err)
        err = pki_ca_load(buf_str(&text[FILE_CERT]), buf_str(&text[FILE_KEY]),
                          buf_str(&text[FILE_CHAIN]), buf_str(&text[FILE_ROOT]), now_s, out, why);
    for (int i = 0; i < FILE_COUNT; i++) {
        buf_wipe(&text[i]);
    }
    return err;
}

/* ---- signing ---- */

static bool is_dns_name(struct str name)
{
    if (name.len == 0 || name.len > 253)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = str_lower_char(name.p[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              (c == '.' && i > 0 && name.p[i - 1] != '.')))
            return false;
    }
    return true;
}

int pki_ca_sign(const struct pki_ca *ca, struct evp_pkey_st *public_key,
                const struct pki_ca_leaf *want, struct pki_chain *chain)
{
    unsigned usage = USAGE_DIGITAL_SIGNATURE;
    struct pki_spiffe id;
    struct pki_cert *leaf;
    struct draft d;
    int err = pki_spiffe_parse(want->spiffe_id, &id);

    *chain = (struct pki_chain){ 0 };
    for (size_t i = 0; i < want->dns_count && !err; i++)
        err = is_dns_name(want->dns_names[i]) ? 0 : ERR_INVALID;
    if (!err)
        err = pki_key_check_public(public_key);
    if (err)
        return err;
    if (EVP_PKEY_id(public_key) == EVP_PKEY_RSA)
        usage |= USAGE_KEY_ENCIPHERMENT; /* for TLS 1.2's RSA key exchange */
    draft_init(&d, ca, public_key, want->now_s, want->life_s);
    add_ext(&d, pki_ext_basic_constraints(false, -1));
    add_ext(&d, pki_ext_key_usage(usage));
    add_ext(&d, pki_ext_tls_usage());
    add_ext(&d, pki_ext_authority_key_id(pki_cert_x509(ca->chain.certs[0])));
    /* Critical because the subject is empty (RFC 5280, 4.2.1.6). */
    add_ext(&d, pki_ext_alt_names(want->spiffe_id, want->dns_names, want->dns_count, true));
    err = draft_finish(&d, ca->key, &leaf);
    if (err)
        return err;
    pki_chain_give(chain, leaf);
    copy_chain(chain, ca);
    return 0;
}

/* ---- asking ---- */

const struct pki_cert *pki_ca_cert(const struct pki_ca *ca)
{
    return ca->chain.certs[0];
}

const struct pki_key *pki_ca_key(const struct pki_ca *ca)
{
    return ca->key;
}

int pki_ca_chain_pem(const struct pki_ca *ca, struct buf *out)
{
    int err = pki_cert_to_pem(ca->chain.certs[0], out);

    for (size_t i = 1; i < ca->chain.count && !err; i++)
        err = pki_cert_to_pem(ca->chain.certs[i], out);
    return err;
}

int pki_ca_root_pem(const struct pki_ca *ca, struct buf *out)
{
    return pki_chain_to_pem(&ca->roots, out);
}
