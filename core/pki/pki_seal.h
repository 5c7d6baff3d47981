/* Secrets at rest: AES-256-GCM under a key file.
 *
 *        sealed: "MS1" key-id(4) nonce(12) ciphertext(n) tag(16)
 *
 * name is authenticated, not stored: a blob moved to another place in the store does not open. */
#ifndef CORE_PKI_PKI_SEAL_H
#define CORE_PKI_PKI_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

#define PKI_SEAL_KEY_BYTES   32
#define PKI_SEAL_EXTRA_BYTES 35

struct pki_seal; /* opaque; wiped on free */

/* key has PKI_SEAL_KEY_BYTES. Any thread, as all here; a seal may be used by many at once. */
struct pki_seal *pki_seal_new(const uint8_t key[PKI_SEAL_KEY_BYTES]);
/* Reads the key file, or makes it (mode 0600, synced) when it is not there and create is true.
 * ERR_CORRUPT: not 32 bytes; ERR_DENIED: others may read it. Blocks on the disk. */
int pki_seal_open_file(const char *path, bool create, struct pki_seal **out);
void pki_seal_free(struct pki_seal *s);

int pki_seal_wrap(const struct pki_seal *s, struct str name, struct str plain, struct buf *out);
/* ERR_CORRUPT: not ours, another key, another name, or changed; *out is untouched then. */
int pki_seal_unwrap(const struct pki_seal *s, struct str name, struct str sealed, struct buf *out);

#endif
