/* Signed JSON Web Tokens in their compact form (RFC 7515, 7519).
 *
 *      base64url(header) "." base64url(payload) "." base64url(signature)
 *
 * Reading, judging and verifying are apart, because who looks at a token first looks whose it is.
 * The texts of states are those that Istio's users see in answers. Any thread. */
#ifndef CORE_PKI_JWT_H
#define CORE_PKI_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/pki/jwk.h"
#include "core/text/node.h"

enum { JWT_MAX_BYTES = 16 * 1024 };

enum jwt_state {
    JWT_OK,
    JWT_MISSING,
    JWT_UNKNOWN_ISSUER,
    JWT_BAD_FORMAT,
    JWT_BAD_HEADER_CODING,
    JWT_BAD_HEADER_JSON,
    JWT_BAD_ALG,
    JWT_UNKNOWN_ALG,
    JWT_BAD_KID,
    JWT_CRITICAL,
    JWT_BAD_PAYLOAD_CODING,
    JWT_BAD_PAYLOAD_JSON,
    JWT_BAD_ISSUER,
    JWT_BAD_SUBJECT,
    JWT_BAD_NBF,
    JWT_BAD_EXP,
    JWT_BAD_AUDIENCE,
    JWT_BAD_SIGNATURE_CODING,
    JWT_NOT_YET_VALID,
    JWT_EXPIRED,
    JWT_AUDIENCE_NOT_ALLOWED,
    JWT_NO_KEY,
    JWT_NO_KEYS,
    JWT_VERIFICATION_FAILED,
    JWT_STATE_COUNT,
};

/* "Jwt is expired" */
const char *jwt_state_text(enum jwt_state state);

struct jwt {
    struct str signed_part;  /* header and payload as they were signed */
    struct str payload_text; /* base64url, as it came */
    struct str signature;    /* bytes */
    enum jwk_alg alg;
    struct str kid;             /* empty: none */
    const struct node *payload; /* a map */
    struct str issuer, subject; /* empty: none */
    bool has_exp, has_nbf;
    int64_t exp_s, nbf_s; /* Unix time */
};

/* What is read lives in a, or is of token, which must live as long. */
enum jwt_state jwt_parse(struct str token, struct arena *a, struct jwt *out);
/* Neither too early nor too late, give or take skew_s. */
enum jwt_state jwt_check_times(const struct jwt *t, int64_t now_s, int64_t skew_s);
/* Whether "aud" is or lists one of them. */
enum jwt_state jwt_check_audience(const struct jwt *t, const struct str *allowed, size_t count);
enum jwt_state jwt_verify(const struct jwt *t, const struct jwk_set *keys);

/* A claim by its path: names separated by sep ('.' or ','), one after another below the payload, as
 * "nested.key". A name that has the separator in it is found too, at any level. NULL: none. */
const struct node *jwt_claim(const struct node *payload, struct str path, char sep);

#endif
