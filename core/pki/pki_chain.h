/* Several certificates: a chain from a leaf towards its root, or a bundle of roots. */
#ifndef CORE_PKI_PKI_CHAIN_H
#define CORE_PKI_PKI_CHAIN_H

#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/str.h"
#include "core/pki/pki_cert.h"

struct pki_chain {
    struct pki_cert **certs; /* leaf first when it came from a peer or a chain file; references */
    size_t count;
};

/* All "CERTIFICATE" blocks of a PEM text, in order; other blocks and text between are skipped.
 * ERR_NOT_FOUND: none; ERR_LIMIT: more than max or PKI_CERT_BUNDLE_MAX_BYTES; ERR_INVALID: one is
 * broken. On an error *out is empty. Any thread, as all here. */
int pki_chain_parse_pem(struct str pem, size_t max, struct pki_chain *out);
/* {NULL, 0} is allowed; may be called twice. */
void pki_chain_deinit(struct pki_chain *chain);
/* Appends c, whose reference now belongs to the chain. */
void pki_chain_give(struct pki_chain *chain, struct pki_cert *c);

int pki_chain_to_pem(const struct pki_chain *chain, struct buf *out);

#endif
