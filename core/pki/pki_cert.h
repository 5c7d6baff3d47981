/* X.509 certificates as parsed: immutable, counted, with the fields people and policies look at.
 *
 * A zero byte inside a name makes a certificate invalid; so do RSA keys above 8192 bits, whose
 * signatures would take long to check. */
#ifndef CORE_PKI_PKI_CERT_H
#define CORE_PKI_PKI_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct asn1_string_st;   /* ASN1_TIME, */
struct crypto_buffer_st; /* CRYPTO_BUFFER, */
struct evp_pkey_st;      /* EVP_PKEY, */
struct x509_st;          /* X509 of BoringSSL */

#define PKI_CERT_CHAIN_MAX        4  /* from mesh peers and clients */
#define PKI_CERT_CHAIN_MAX_PUBLIC 10 /* from servers outside */
#define PKI_CERT_CHAIN_MAX_BYTES  ((size_t)16 * 1024)
/* Names in one certificate; public servers have many. Mesh peers may have PKI_CERT_SAN_MAX. */
#define PKI_CERT_NAMES_MAX 512
#define PKI_CERT_SAN_MAX   16
/* One certificate. */
#define PKI_CERT_MAX_BYTES ((size_t)64 * 1024)
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

/* One DER certificate; bytes after it are ERR_INVALID, a limit passed is ERR_LIMIT. Any thread, as
 * all here. */
int pki_cert_parse_der(struct str der, struct pki_cert **out);
/* The same; takes a reference of der instead of a copy. */
int pki_cert_parse_buffer(struct crypto_buffer_st *der, struct pki_cert **out);
struct pki_cert *pki_cert_ref(struct pki_cert *c);
void pki_cert_unref(struct pki_cert *c); /* NULL is allowed */

const struct pki_cert_info *pki_cert_get_info(const struct pki_cert *c);
struct str pki_cert_der(const struct pki_cert *c);
int pki_cert_to_pem(const struct pki_cert *c, struct buf *out);

/* Lines "subject: ...", "valid: 2026-... to ...", one per fact, for people. */
int pki_cert_describe(const struct pki_cert *c, struct buf *out);
/* Appends 2026-11-23T03:43:05Z. */
int pki_cert_time_text(int64_t unix_s, struct buf *out);

/* For those who have only the library's forms: a time in seconds since 1970, and the SHA-256 of a
 * SubjectPublicKeyInfo. ERR_INVALID: not as RFC 5280 writes it. */
int pki_cert_time_of(const struct asn1_string_st *t, int64_t *out);
int pki_cert_spki_of(struct x509_st *x509, uint8_t out[32]);

/* Borrowed while c is held. */
struct crypto_buffer_st *pki_cert_buffer(const struct pki_cert *c);
struct x509_st *pki_cert_x509(const struct pki_cert *c);
struct evp_pkey_st *pki_cert_public_key(const struct pki_cert *c);

#endif
