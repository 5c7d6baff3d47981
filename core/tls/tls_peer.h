/* The peer as its verified certificate tells: immutable, counted, shared by all connections on
 * which the same chain was seen. */
#ifndef CORE_TLS_TLS_PEER_H
#define CORE_TLS_TLS_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_spiffe.h"

struct tls_peer; /* opaque */

/* For the verifier. */
struct tls_peer_facts {
    uint8_t chain_sha256[32];
    uint8_t issuer_spki_sha256[32];
    int64_t not_before_s, not_after_s;
    bool is_verified;
};

/* Takes over chain, which has at least one certificate. */
struct tls_peer *tls_peer_new(struct pki_chain *chain, const struct tls_peer_facts *facts);
struct tls_peer *tls_peer_ref(struct tls_peer *p);
void tls_peer_unref(struct tls_peer *p);

/* All empty unless the certificate has exactly one URI name and that is a SPIFFE id. Borrowed, as
 * all below. Any thread. */
const struct pki_spiffe *tls_peer_spiffe(const struct tls_peer *p);
/* Subject, names, serial, hashes of the leaf. */
const struct pki_cert_info *tls_peer_info(const struct tls_peer *p);
const uint8_t *tls_peer_chain_sha256(const struct tls_peer *p);
/* Hash of the public key that signed the leaf; all zero when nothing was verified. */
const uint8_t *tls_peer_issuer_spki_sha256(const struct tls_peer *p);
/* When all certificates of the verified path are valid. */
int64_t tls_peer_not_before_s(const struct tls_peer *p);
int64_t tls_peer_not_after_s(const struct tls_peer *p);
/* False when the config said not to verify. */
bool tls_peer_is_verified(const struct tls_peer *p);
/* For x-forwarded-client-cert. */
int tls_peer_leaf_pem(const struct tls_peer *p, struct buf *out);
int tls_peer_chain_pem(const struct tls_peer *p, struct buf *out);

#endif
