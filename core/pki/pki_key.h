/* Private keys. Immutable and counted; the memory is wiped when the last reference goes. */
#ifndef CORE_PKI_PKI_KEY_H
#define CORE_PKI_PKI_KEY_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct evp_pkey_st; /* EVP_PKEY of BoringSSL */
struct pki_cert;
struct pki_key; /* opaque */

enum pki_key_type {
    PKI_KEY_EC_P256,
    PKI_KEY_EC_P384,
    PKI_KEY_EC_P521,
    PKI_KEY_RSA,
    PKI_KEY_ED25519
};

/* A new P-256 key. ERR_INTERNAL when the library fails. Any thread, as all here; not cheap enough
 * (20 to 60 us) for a request path. */
int pki_key_generate(struct pki_key **out);

/* The first private key in a PEM text: PKCS#8 ("PRIVATE KEY"), SEC1 ("EC PRIVATE KEY") or PKCS#1
 * ("RSA PRIVATE KEY"). RSA has 2048 to 4096 bits. ERR_NOT_FOUND: the text has none;
 * ERR_UNSUPPORTED: encrypted, or a type or size not listed above; ERR_INVALID: broken. */
int pki_key_from_pem(struct str pem, struct pki_key **out);

/* Appends PKCS#8 PEM. out holds a secret then: wipe it. */
int pki_key_to_pem(const struct pki_key *k, struct buf *out);

struct pki_key *pki_key_ref(struct pki_key *k);
void pki_key_unref(struct pki_key *k); /* NULL is allowed */

enum pki_key_type pki_key_get_type(const struct pki_key *k);
/* "ECDSA P-256", "RSA 2048", ...; constant. */
const char *pki_key_describe(const struct pki_key *k);
/* Does the certificate carry this key's public half? */
bool pki_key_is_of(const struct pki_key *k, const struct pki_cert *cert);

/* The same for a public key of any type ("other" when we don't take it). */
const char *pki_key_describe_public(const struct evp_pkey_st *public_key);
/* 0, or ERR_UNSUPPORTED: not P-256, P-384, P-521, Ed25519 or RSA of 2048 to 4096 bits. */
int pki_key_check_public(const struct evp_pkey_st *public_key);

/* Borrowed while k is held. */
struct evp_pkey_st *pki_key_evp(const struct pki_key *k);

#endif
