/* Certificates and requests of ACME (RFC 8555, RFC 8737). Any thread. */
#ifndef CORE_PKI_PKI_ACME_H
#define CORE_PKI_PKI_ACME_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct pki_chain;
struct pki_key;

/* Appends a certificate request in DER for these DNS names (1 or more), without a subject. */
int pki_acme_request(const struct pki_key *key, const struct str *names, size_t count,
                     struct buf *der);

/* The self-signed certificate that answers a TLS-ALPN-01 challenge: the name, and the SHA-256 of
 * the key authorization in a critical acmeIdentifier. Valid for a day around now_s. *out is the
 * caller's to deinit. */
int pki_acme_challenge(const struct pki_key *key, struct str name, const uint8_t sha256[32],
                       int64_t now_s, struct pki_chain *out);

#endif
