/* Signed JSON of our own making (RFC 7515, ES256): what an ACME account says. Any thread. */
#ifndef CORE_PKI_PKI_JWS_H
#define CORE_PKI_PKI_JWS_H

#include "core/base/buf.h"
#include "core/base/str.h"

struct pki_key;

/* Appends the public half of a P-256 key as RFC 7638 orders it: {"crv":...,"kty":...,"x":...,
 * "y":...}. ERR_UNSUPPORTED: another type of key. */
int pki_jws_jwk(const struct pki_key *key, struct buf *out);
/* Appends the base64url of the SHA-256 of that. */
int pki_jws_thumbprint(const struct pki_key *key, struct buf *out);
/* Appends the flattened form: {"protected":...,"payload":...,"signature":...}. header and payload
 * are JSON; payload may be empty. */
int pki_jws_sign(const struct pki_key *key, struct str header, struct str payload, struct buf *out);

#endif
