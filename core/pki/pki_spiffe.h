/* SPIFFE ids: spiffe://TRUST-DOMAIN/PATH, in a mesh spiffe://TD/ns/NAMESPACE/sa/ACCOUNT.
 *
 * Parsing is strict (SPIFFE-ID standard): scheme in lower case; trust domain of 1..255 bytes out of
 * [a-z0-9._-]; path segments not empty, not "." or "..", out of [A-Za-z0-9._-]; no port, query,
 * fragment, user or percent sign; at most 2048 bytes. Two ids are equal when their bytes are. */
#ifndef CORE_PKI_PKI_SPIFFE_H
#define CORE_PKI_PKI_SPIFFE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/str.h"

#define PKI_SPIFFE_MAX_BYTES ((size_t)2048)

/* All slices are inside the text that was parsed. */
struct pki_spiffe {
    struct str id; /* the whole */
    struct str trust_domain;
    struct str path;   /* with its leading slash; empty for a trust domain's own id */
    struct str ns, sa; /* both empty unless the path is exactly /ns/NS/sa/SA */
};

/* 0 or ERR_INVALID. Any thread, as all here. */
int pki_spiffe_parse(struct str text, struct pki_spiffe *out);
bool pki_spiffe_is_trust_domain(struct str text);

/* Appends spiffe://TD/ns/NS/sa/SA. ERR_INVALID: a part would not parse; nothing is appended. */
int pki_spiffe_format(struct buf *out, struct str trust_domain, struct str ns, struct str sa);

/* Is id's trust domain td, or one of aliases[0..count-1]? */
bool pki_spiffe_in_domain(const struct pki_spiffe *id, struct str td, const struct str *aliases,
                          size_t count);

#endif
