/* Decides whether a peer's certificate chain is good, and remembers the answer.
 *
 *      SHA-256 of the chain + of trust, aliases, use  ->  tls_peer with its time of validity
 *
 * A hit skips parsing and signatures, which are a third of a handshake. Names, trust domain, time
 * and the deny list are looked at on every handshake all the same. The memory is one for the
 * process, in parts with a lock each, of 4096 chains at most. Any thread. */
#ifndef CORE_TLS_TLS_VERIFY_H
#define CORE_TLS_TLS_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "core/tls/tls_peer.h"

struct crypto_buffer_st; /* CRYPTO_BUFFER of BoringSSL */
struct tls_config;

/* Sets way_sha256 of a config whose rules are complete: configs for which a chain is good or not
 * for the same reasons have the same. */
void tls_verify_prepare(struct tls_config *c);

/* 0 and *out with a reference for the caller, or ERR_CERT with *why (constant) and the TLS alert to
 * send. chain has the leaf first. */
int tls_verify_chain(const struct tls_config *c, struct crypto_buffer_st *const *chain,
                     size_t count, int64_t now_s, struct tls_peer **out, const char **why,
                     uint8_t *alert);

/* Forgets everything; chains of trust that is gone are pushed out by new ones in any case. */
void tls_verify_flush(void);
void tls_verify_counts(uint64_t *hits, uint64_t *misses);

/* Does a certificate's DNS name, maybe with * as its first label, cover name? */
bool tls_verify_dns_covers(struct str pattern, struct str name);

#endif
