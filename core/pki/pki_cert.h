/* X.509 certificates as parsed: immutable, counted, with the fields people and policies look at.
 *
 * Limits of what is accepted (spec/security.md TL-16): 16 KiB and 4 certificates in a chain from a
 * peer, RSA keys up to 4096 bits, 16 alternative names in a leaf and no zero byte inside a name. */
#ifndef CORE_PKI_PKI_CERT_H
#define CORE_PKI_PKI_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct evp_pkey_st; /* EVP_PKEY, */
struct x509_st;     /* X509 of BoringSSL */

#define PKI_CERT_CHAIN_MAX       4
#define PKI_CERT_CHAIN_MAX_BYTES ((size_t)16 * 1024)
#define PKI_CERT_SAN_MAX         16
/* Of a CA bundle file. */
#define PKI_CERT_BUNDLE_MAX       1024
#define PKI_CERT_BUNDLE_MAX_BYTES ((size_t)4 * 1024 * 1024)

struct pki_cert; /* opaque */

/* Slices live as long as the certificate; texts are zero-terminated too. */
struct pki_cert_info {
    struct str subject, issuer;        /* RFC 2253: "CN=x,O=y"; may be empty */
    struct str serial;                 /* lower-case hex without leading zero bytes */
    int64_t not_before_s, not_after_s; /* Unix time */
    const struct str *uris;            /* alternative names by type, in order of appearance */
    const struct str *dns_names;
    const struct str *ips; /* as text */
    size_t uri_count, dns_count, ip_count;
    uint8_t sha256[32];      /* of the DER */
    uint8_t spki_sha256[32]; /* of the SubjectPublicKeyInfo */
    const char *key;         /* "ECDSA P-256", "RSA 2048", "Ed25519", or "other" */
    bool is_ca;
    bool has_server_auth, has_client_auth; /* extendedKeyUsage present and lists it */
};

struct pki_chain {
    struct pki_cert **certs; /* leaf first when it came from a peer or a chain file */
    size_t count;
};

/* One DER certificate; bytes after it are ERR_INVALID, a limit passed is ERR_LIMIT. Any thread, as
 * all here. */
int pki_cert_parse_der(struct str der, struct pki_cert **out);
struct pki_cert *pki_cert_ref(struct pki_cert *c);
void pki_cert_unref(struct pki_cert *c); /* NULL is allowed */

/* All "CERTIFICATE" blocks of a PEM text, in order; other blocks and text between are skipped.
 * ERR_NOT_FOUND: none; ERR_LIMIT: more than max; ERR_INVALID: one is broken. On an error *out is
 * empty. */
int pki_chain_parse_pem(struct str pem, size_t max, struct pki_chain *out);
void pki_chain_deinit(struct pki_chain *chain);

const struct pki_cert_info *pki_cert_get_info(const struct pki_cert *c);
struct str pki_cert_der(const struct pki_cert *c);
int pki_cert_to_pem(const struct pki_cert *c, struct buf *out);
int pki_chain_to_pem(const struct pki_chain *chain, struct buf *out);

/* Lines "subject: ...", "valid: 2026-... to ...", one per fact, for people. */
int pki_cert_describe(const struct pki_cert *c, struct buf *out);
/* Appends 2026-11-23T03:43:05Z. */
int pki_cert_time_text(int64_t unix_s, struct buf *out);

/* Borrowed while c is held. */
struct x509_st *pki_cert_x509(const struct pki_cert *c);
struct evp_pkey_st *pki_cert_public_key(const struct pki_cert *c);

#endif
