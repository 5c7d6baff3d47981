/* Who we are to TLS peers: a certificate chain and its key. Immutable and counted: a renewed
 * certificate is a new identity in a new config. */
#ifndef CORE_TLS_TLS_IDENTITY_H
#define CORE_TLS_TLS_IDENTITY_H

#include <stdint.h>

#include "core/base/str.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_key.h"
#include "core/pki/pki_spiffe.h"

struct tls_identity; /* opaque */

/* Chain in PEM, leaf first, and the leaf's key. ERR_INVALID and friends with *why set to a constant
 * phrase ("key does not belong to the certificate"). Any thread, as all here. */
int tls_identity_from_pem(struct str chain_pem, struct str key_pem, struct tls_identity **out,
                          const char **why);
/* Takes references of what it keeps. */
int tls_identity_new(const struct pki_chain *chain, struct pki_key *key, struct tls_identity **out,
                     const char **why);
struct tls_identity *tls_identity_ref(struct tls_identity *id);
void tls_identity_unref(struct tls_identity *id);

/* Our SPIFFE id; all empty when the leaf has none. Borrowed, as all below. */
const struct pki_spiffe *tls_identity_spiffe(const struct tls_identity *id);
/* Earliest end of the chain's certificates; leaf's fields. */
int64_t tls_identity_not_after_s(const struct tls_identity *id);
const struct pki_cert_info *tls_identity_info(const struct tls_identity *id);
const struct pki_chain *tls_identity_chain(const struct tls_identity *id);
struct pki_key *tls_identity_key(const struct tls_identity *id);

#endif
