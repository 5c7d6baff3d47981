/* Request authentication: RequestAuthentication compiled.
 *
 * A rule says whose tokens are taken, where they stand, and what is done with them afterwards. The
 * rules of all policies of a workload are one list: a token of any of them will do (JW-3).
 * Immutable, refcounted; any thread. */
#ifndef CORE_MODEL_MODEL_JWT_H
#define CORE_MODEL_MODEL_JWT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/model/model_cluster.h"

struct jwk_set; /* core/pki */

struct model_jwt_header {
    struct str name, prefix; /* name in lower case; prefix may be empty */
};

struct model_jwt_output { /* outputClaimToHeaders */
    struct str header;    /* lower case */
    struct str *claim;    /* path */
    uint32_t claim_count;
};

struct model_jwt_rule {
    uint64_t id;       /* hash of issuer and keys: what was verified by it stays so */
    struct str issuer; /* empty: any */
    struct str *audiences;
    uint32_t audience_count;
    struct jwk_set *keys; /* one reference; NULL: they could not be had, so that nothing verifies */
    struct model_jwt_header *headers;
    uint32_t header_count;
    struct str *params, *cookies;
    uint32_t param_count, cookie_count;
    struct str payload_header; /* outputPayloadToHeader, lower case; or empty */
    struct model_jwt_output *outputs;
    uint32_t output_count;
    struct str *spaced; /* spaceDelimitedClaims */
    uint32_t spaced_count;
    bool forward; /* forwardOriginalToken */
    struct model_source source;
};

struct model_jwt {
    atomic_uint refs;
    struct arena arena;
    uint64_t hash;
    struct model_jwt_rule *rules;
    uint32_t rule_count;
};

struct model_jwt *model_jwt_ref(struct model_jwt *j);
void model_jwt_unref(struct model_jwt *j); /* NULL is allowed */

#endif
