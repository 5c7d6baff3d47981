/* Turns bytes to be written into TLS records: small pieces share one. Loop thread. */
#ifndef CORE_TLS_TLS_SEAL_H
#define CORE_TLS_TLS_SEAL_H

#include <sys/uio.h>

#include "core/tls/tls_bio.h"

struct ssl_st; /* SSL of BoringSSL */

/* Plaintext in one full record. */
#define TLS_SEAL_RECORD_BYTES ((size_t)16 * 1024)

/* Seals all pieces into b, whose output is open. 0, or ERR_TLS with the library's error left. */
int tls_seal(struct ssl_st *ssl, struct tls_bio *b, const struct iovec *iov, int count);

#endif
