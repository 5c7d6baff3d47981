/* PEM: base64 between BEGIN and END lines. The pieces that keys, certificates and requests share.
 */
#ifndef CORE_PKI_PKI_PEM_H
#define CORE_PKI_PKI_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct bio_st; /* BIO of BoringSSL */

struct pki_pem_reader {
    struct bio_st *bio;
    char *label, *header;
    uint8_t *der;
    size_t der_len;
};

/* text must stay until pki_pem_deinit. Any thread, as all here. */
void pki_pem_init(struct pki_pem_reader *r, struct str text);
void pki_pem_deinit(struct pki_pem_reader *r); /* wipes what was decoded */
/* Goes to the next block: label and der are valid until the next call. 0; ERR_NOT_FOUND: no more
 * blocks; ERR_INVALID: a block is broken. */
int pki_pem_next(struct pki_pem_reader *r);
bool pki_pem_is(const struct pki_pem_reader *r, const char *label);
/* Was the block written with a pass phrase? */
bool pki_pem_is_encrypted(const struct pki_pem_reader *r);

/* Appends one block. */
int pki_pem_add(struct buf *out, const char *label, const uint8_t *der, size_t len);

#endif
