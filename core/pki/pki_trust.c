#include "core/pki/pki_trust.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_pem.h"
#include "core/pki/pki_spiffe.h"

#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

struct domain {
    char *name; /* "" for any peer */
    struct pki_chain roots;
    X509_STORE *store;
    X509_CRL **crls; /* references; the store has them too */
    size_t crl_count;
};

struct pki_trust {
    atomic_uint refs;
    uint64_t generation;
    struct map by_name; /* name -> struct domain, which is in list */
    size_t count;
    struct domain list[];
};

static atomic_uint_fast64_t last_generation;

/* ---- life ---- */

static int add_crl(struct domain *d, const uint8_t *der, size_t len)
{
    const uint8_t *p = der;
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)len);

    if (!crl || p != der + len || !X509_STORE_add_crl(d->store, crl)) {
        X509_CRL_free(crl);
        ERR_clear_error();
        return ERR_INVALID;
    }
    d->crls = mem_resize(d->crls, d->crl_count + 1, sizeof(*d->crls));
    d->crls[d->crl_count++] = crl;
    return 0;
}

/* No list in a text that was given is an error: it would otherwise mean that nobody is revoked. */
static int add_crls(struct domain *d, struct str pem)
{
    struct pki_pem_reader reader;
    int err;

    if (pem.len > PKI_CERT_BUNDLE_MAX_BYTES)
        return ERR_LIMIT;
    pki_pem_init(&reader, pem);
    while ((err = pki_pem_next(&reader)) == 0) {
        if (!pki_pem_is(&reader, "X509 CRL"))
            continue;
        err = d->crl_count == PKI_CERT_BUNDLE_MAX ? ERR_LIMIT
                                                  : add_crl(d, reader.der, reader.der_len);
        if (err)
            break;
    }
    pki_pem_deinit(&reader);
    return err == ERR_NOT_FOUND && d->crl_count ? 0 : err;
}

static int fill_domain(struct domain *d, const struct pki_trust_domain *from)
{
    int err = pki_chain_parse_pem(from->roots_pem, PKI_CERT_BUNDLE_MAX, &d->roots);

    if (err)
        return err;
    d->store = X509_STORE_new();
    ASSERT(d->store);
    for (size_t i = 0; i < d->roots.count; i++)
        ASSERT(X509_STORE_add_cert(d->store, pki_cert_x509(d->roots.certs[i])));
    return from->crls_pem.len ? add_crls(d, from->crls_pem) : 0;
}

int pki_trust_new(const struct pki_trust_domain *list, size_t count, struct pki_trust **out)
{
    struct pki_trust *t;
    int err = count > 0 ? 0 : ERR_INVALID;

    t = mem_alloc_flex(sizeof(*t), count, sizeof(t->list[0]));
    atomic_init(&t->refs, 1);
    t->generation = atomic_fetch_add(&last_generation, 1) + 1;
    map_init(&t->by_name);
    for (size_t i = 0; i < count && !err; i++) {
        struct domain *d = &t->list[i];

        d->name = str_dup(list[i].trust_domain);
        t->count++;
        if (d->name[0] && !pki_spiffe_is_trust_domain(list[i].trust_domain))
            err = ERR_INVALID;
        else if (map_put(&t->by_name, str_of(d->name), d))
            err = ERR_EXISTS;
        else
            err = fill_domain(d, &list[i]);
    }
    if (err) {
        pki_trust_unref(t);
        return err;
    }
    *out = t;
    return 0;
}

int pki_trust_new_system(struct pki_trust **out)
{
    const char *path = getenv("SSL_CERT_FILE"); // NOLINT(concurrency-mt-unsafe): nobody sets it
    struct pki_trust_domain any = { 0 };
    struct buf text;
    int err;

    buf_init(&text, PKI_CERT_BUNDLE_MAX_BYTES);
    err = pki_file_read(path ? path : SYSTEM_ROOTS, &text);
    if (!err) {
        any.roots_pem = buf_str(&text);
        err = pki_trust_new(&any, 1, out);
    }
    buf_deinit(&text);
    return err;
}

struct pki_trust *pki_trust_ref(struct pki_trust *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void pki_trust_unref(struct pki_trust *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < t->count; i++) {
        X509_STORE_free(t->list[i].store);
        for (size_t j = 0; j < t->list[i].crl_count; j++)
            X509_CRL_free(t->list[i].crls[j]);
        mem_free(t->list[i].crls);
        pki_chain_deinit(&t->list[i].roots);
        mem_free(t->list[i].name);
    }
    map_deinit(&t->by_name);
    mem_free(t);
}

uint64_t pki_trust_generation(const struct pki_trust *t)
{
    return t->generation;
}

bool pki_trust_has_domain(const struct pki_trust *t, struct str trust_domain)
{
    return pki_trust_store(t, trust_domain) != NULL;
}

static struct domain *find_domain(const struct pki_trust *t, struct str trust_domain)
{
    /* A map key must have an address. */
    return map_get(&t->by_name, trust_domain.len ? trust_domain : STR(""));
}

struct x509_store_st *pki_trust_store(const struct pki_trust *t, struct str trust_domain)
{
    struct domain *d = find_domain(t, trust_domain);

    return d ? d->store : NULL;
}

int pki_trust_to_pem(const struct pki_trust *t, struct str trust_domain, struct buf *out)
{
    int err = 0;

    for (size_t i = 0; i < t->count && !err; i++) {
        if (trust_domain.len == 0 || str_is(trust_domain, t->list[i].name))
            err = pki_chain_to_pem(&t->list[i].roots, out);
    }
    return err;
}

/* ---- verification ---- */

static const struct {
    int code;
    const char *text;
} reasons[] = {
    { X509_V_ERR_CERT_HAS_EXPIRED, "certificate expired" },
    { X509_V_ERR_CERT_NOT_YET_VALID, "certificate not yet valid" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "unknown authority" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unknown authority" },
    { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "unknown authority" },
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed certificate" },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown authority" },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE, "certificate signature does not verify" },
    { X509_V_ERR_CERT_CHAIN_TOO_LONG, "certificate chain too long" },
    { X509_V_ERR_PATH_LENGTH_EXCEEDED, "certificate path longer than its CA allows" },
    { X509_V_ERR_INVALID_CA, "issuer is not a CA" },
    { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "issuer may not sign certificates" },
    { X509_V_ERR_INVALID_PURPOSE, "certificate is not for this use" },
    { X509_V_ERR_PERMITTED_VIOLATION, "name outside what the CA may certify" },
    { X509_V_ERR_EXCLUDED_VIOLATION, "name outside what the CA may certify" },
    { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "unknown critical extension" },
    { X509_V_ERR_CERT_REVOKED, "certificate is revoked" },
    { X509_V_ERR_UNABLE_TO_GET_CRL, "its authority has no revocation list" },
    { X509_V_ERR_CRL_HAS_EXPIRED, "revocation list out of date" },
    { X509_V_ERR_CRL_NOT_YET_VALID, "revocation list not yet valid" },
    { X509_V_ERR_CRL_SIGNATURE_FAILURE, "signature of the revocation list does not verify" },
};

static const char *reason_text(int code)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reasons[i].code == code)
            return reasons[i].text;
    }
    return X509_verify_cert_error_string(code); /* constant too */
}

/* A path that was good by a revocation list is so until the next list should be there. */
static int read_crls(const struct domain *d, X509_NAME *issuer, struct pki_trust_result *result)
{
    int64_t to;

    for (size_t i = 0; i < d->crl_count; i++) {
        X509_CRL *crl = d->crls[i];

        if (!X509_CRL_get0_nextUpdate(crl) || X509_NAME_cmp(X509_CRL_get_issuer(crl), issuer) != 0)
            continue;
        if (pki_cert_time_of(X509_CRL_get0_nextUpdate(crl), &to))
            return ERR_INVALID;
        if (to < result->not_after_s)
            result->not_after_s = to;
    }
    return 0;
}

/* The validity of a path is what all its certificates have in common. */
static int read_path(X509_STORE_CTX *ctx, const struct domain *d, struct pki_trust_result *result)
{
    STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    size_t count = sk_X509_num(path);

    result->not_before_s = INT64_MIN;
    result->not_after_s = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        X509 *x509 = sk_X509_value(path, i);
        int64_t from, to;

        if (pki_cert_time_of(X509_get0_notBefore(x509), &from) ||
            pki_cert_time_of(X509_get0_notAfter(x509), &to))
            return ERR_INVALID;
        if (from > result->not_before_s)
            result->not_before_s = from;
        if (to < result->not_after_s)
            result->not_after_s = to;
        if (read_crls(d, X509_get_issuer_name(x509), result))
            return ERR_INVALID;
    }
    return pki_cert_spki_of(sk_X509_value(path, count > 1 ? 1 : 0), result->issuer_spki_sha256);
}

static int run_verify(X509_STORE_CTX *ctx, const struct domain *d,
                      const struct pki_trust_check *check, const char **why)
{
    unsigned long revocation = d->crl_count ? X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL : 0;
    static const int purposes[] = {
        [PKI_TRUST_CLIENT] = X509_PURPOSE_SSL_CLIENT,
        [PKI_TRUST_SERVER] = X509_PURPOSE_SSL_SERVER,
        [PKI_TRUST_ANY] = X509_PURPOSE_ANY,
    };

    X509_STORE_CTX_set_purpose(ctx, purposes[check->usage]);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)check->now_s);
    X509_STORE_CTX_set_depth(ctx, PKI_CERT_CHAIN_MAX_PUBLIC);
    /* What the operator put into the bundle is trusted, also when it is an intermediate. */
    X509_STORE_CTX_set_flags(ctx,
                             X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST | revocation);
    if (X509_verify_cert(ctx) == 1)
        return 0;
    *why = reason_text(X509_STORE_CTX_get_error(ctx));
    return ERR_CERT;
}

static int verify_in(const struct domain *d, struct pki_cert *const *chain, size_t count,
                     const struct pki_trust_check *check, struct pki_trust_result *result,
                     const char **why)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    int err = ERR_CERT;

    *why = "certificate cannot be checked";
    if (!ctx || !others)
        goto out;
    for (size_t i = 1; i < count; i++) {
        if (!sk_X509_push(others, pki_cert_x509(chain[i])))
            goto out;
    }
    if (!X509_STORE_CTX_init(ctx, d->store, pki_cert_x509(chain[0]), others))
        goto out;
    err = run_verify(ctx, d, check, why);
    if (!err && read_path(ctx, d, result))
        err = ERR_CERT;
out:
    X509_STORE_CTX_free(ctx);
    sk_X509_free(others); /* borrowed certificates */
    ERR_clear_error();
    return err;
}

int pki_trust_verify(const struct pki_trust *t, struct pki_cert *const *chain, size_t count,
                     const struct pki_trust_check *check, struct pki_trust_result *result,
                     const char **why)
{
    const struct pki_cert_info *leaf;
    const struct domain *d;
    bool usable;

    if (count == 0) {
        *why = "no certificate";
        return ERR_CERT;
    }
    if (count > PKI_CERT_CHAIN_MAX_PUBLIC) {
        *why = "certificate chain too long";
        return ERR_CERT;
    }
    d = find_domain(t, check->trust_domain);
    if (!d) {
        *why = "unknown trust domain";
        return ERR_CERT;
    }
    leaf = pki_cert_get_info(chain[0]);
    usable = check->usage == PKI_TRUST_CLIENT ? leaf->has_client_auth : leaf->has_server_auth;
    if (check->need_usage && !usable) {
        *why = "certificate is not for this use";
        return ERR_CERT;
    }
    return verify_in(d, chain, count, check, result, why);
}
