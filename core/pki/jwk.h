/* JSON Web Keys that verify signatures (RFC 7517, 7518, 8037): RSA, EC and Ed25519. Keys of other
 * types or for encryption are passed over; symmetric ones too, because whoever can verify with one
 * can sign. Immutable and counted; any thread. */
#ifndef CORE_PKI_JWK_H
#define CORE_PKI_JWK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

struct jwk_set; /* opaque */

enum jwk_alg {
    JWK_ALG_NONE,
    JWK_RS256,
    JWK_RS384,
    JWK_RS512,
    JWK_PS256,
    JWK_PS384,
    JWK_PS512,
    JWK_ES256,
    JWK_ES384,
    JWK_ES512,
    JWK_EDDSA,
};

enum {
    JWK_MAX_KEYS = 100,
    JWK_MAX_BYTES = 1024 * 1024, /* of a set's JSON */
};

/* JWK_ALG_NONE: not one of the above. */
enum jwk_alg jwk_alg_by_name(struct str name);

/* {"keys": [...]}. ERR_INVALID: no such thing, or none of its keys can verify anything; ERR_LIMIT:
 * more than the bounds. *why says so, a constant; *out is untouched then. */
int jwk_set_parse(struct str json, struct jwk_set **out, const char **why);
struct jwk_set *jwk_set_ref(struct jwk_set *s);
void jwk_set_unref(struct jwk_set *s); /* NULL is allowed */

/* Whether a key of the set that fits alg and kid (empty: any; a key without kid fits every one)
 * verifies the signature. *fits: there was such a key. Not cheap (20 to 150 us). */
bool jwk_set_verify(const struct jwk_set *s, enum jwk_alg alg, struct str kid,
                    struct str signed_bytes, struct str signature, bool *fits);

#endif
