/* Certificate requests (PKCS#10). What a request says about names is a wish: the CA takes only its
 * public key and sets the names itself. */
#ifndef CORE_PKI_PKI_CSR_H
#define CORE_PKI_PKI_CSR_H

#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct evp_pkey_st;
struct pki_key;
struct pki_csr; /* opaque */

#define PKI_CSR_MAX_BYTES ((size_t)16 * 1024)

/* Appends a PEM request for key with spiffe_id as its only alternative name and an empty subject.
 * ERR_INVALID: not a SPIFFE id. Any thread, as all here. */
int pki_csr_build(const struct pki_key *key, struct str spiffe_id, struct buf *pem);

/* A PEM or DER request whose signature proves that the asker has the key. ERR_INVALID: broken,
 * ERR_DENIED: the signature does not verify, ERR_UNSUPPORTED: key type or size (P-256, P-384,
 * P-521, RSA 2048..4096, Ed25519 are taken), ERR_LIMIT: too large. */
int pki_csr_parse(struct str text, struct pki_csr **out);
void pki_csr_free(struct pki_csr *csr);

/* Borrowed. */
struct evp_pkey_st *pki_csr_public_key(const struct pki_csr *csr);
/* The first URI alternative name asked for, or empty. */
struct str pki_csr_get_uri(const struct pki_csr *csr);
void pki_csr_spki_sha256(const struct pki_csr *csr, uint8_t out[32]);

#endif
