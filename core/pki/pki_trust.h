/* What we trust: root certificates, by trust domain, or one set for every peer (a CA bundle).
 *
 * Immutable once built and counted. Each has a number of its own in this process, which caches of
 * verified chains use as part of their key: a changed bundle forgets all of them. */
#ifndef CORE_PKI_PKI_TRUST_H
#define CORE_PKI_PKI_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct pki_cert;
struct pki_trust;     /* opaque */
struct x509_store_st; /* X509_STORE of BoringSSL */

/* roots_pem holds the roots of trust_domain, or, when that is empty, of any peer (not SPIFFE).
 * crls_pem: revocation lists; empty: revocation is not looked at. With lists, every issuer in a
 * peer's path must have one that is signed by it and not out of date. */
struct pki_trust_domain {
    struct str trust_domain;
    struct str roots_pem;
    struct str crls_pem;
};

/* 0, or ERR_NOT_FOUND (no certificate in a bundle), ERR_INVALID, ERR_LIMIT, ERR_EXISTS (a domain
 * twice). No trust at all (count 0) is ERR_INVALID: nothing would ever verify. Any thread, as all
 * here. */
int pki_trust_new(const struct pki_trust_domain *list, size_t count, struct pki_trust **out);
/* The system's roots (/etc/ssl/certs/ca-certificates.crt or SSL_CERT_FILE). Blocks on the disk. */
int pki_trust_new_system(struct pki_trust **out);

struct pki_trust *pki_trust_ref(struct pki_trust *t);
void pki_trust_unref(struct pki_trust *t);

/* Never 0, never given twice in this process. */
uint64_t pki_trust_generation(const struct pki_trust *t);
bool pki_trust_has_domain(const struct pki_trust *t, struct str trust_domain);
/* The roots for a trust domain ("" for any), or NULL. Borrowed; usable from many threads. */
struct x509_store_st *pki_trust_store(const struct pki_trust *t, struct str trust_domain);
/* Appends the roots of a domain as PEM; all of them with an empty trust_domain. */
int pki_trust_to_pem(const struct pki_trust *t, struct str trust_domain, struct buf *out);

/* What the peer is; ANY for CA certificates. */
enum pki_trust_usage { PKI_TRUST_CLIENT, PKI_TRUST_SERVER, PKI_TRUST_ANY };

struct pki_trust_check {
    struct str trust_domain; /* whose roots; empty: those for any peer */
    enum pki_trust_usage usage;
    bool need_usage; /* extendedKeyUsage must be there, not only not contradict */
    int64_t now_s;
};

struct pki_trust_result {
    /* When every certificate of the path is valid, and every revocation list that was used. */
    int64_t not_before_s, not_after_s;
    uint8_t issuer_spki_sha256[32]; /* of the public key that signed chain[0] */
};

/* Checks that chain[0] is signed up to a root, valid now and usable for its purpose. 0, or ERR_CERT
 * with *why set to a constant phrase: "certificate expired", "unknown authority", ... */
int pki_trust_verify(const struct pki_trust *t, struct pki_cert *const *chain, size_t count,
                     const struct pki_trust_check *check, struct pki_trust_result *result,
                     const char **why);

#endif
