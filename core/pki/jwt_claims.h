/* What a verified token says, as conditions look at it. Any thread. */
#ifndef CORE_PKI_JWT_CLAIMS_H
#define CORE_PKI_JWT_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/text/node.h"

enum { JWT_CLAIMS_MAX_DEPTH = 8 };

struct jwt_claims {
    const struct node *payload; /* a map */
    struct str issuer, subject;
    struct str principal;     /* "issuer/subject"; empty when one of them is */
    const struct str *spaced; /* claims that are lists of words, beside scope and permission */
    uint32_t spaced_count;
};

/* "[a][b]", "a][b" or "a.b" as names; how many, or 0: too deep, or empty. */
uint32_t jwt_claims_split(struct str path, struct str parts[JWT_CLAIMS_MAX_DEPTH]);

/* Calls fn for the values of the claim (a text, number or bool; of a list each; of a list of words
 * each word) until it returns true; whether it did. c may be NULL. */
bool jwt_claims_any(const struct jwt_claims *c, const struct str *path, uint32_t depth,
                    bool (*fn)(void *arg, struct str value), void *arg);
/* The claim as the text of a header: texts, numbers and bools as they are; p == NULL: it is another
 * thing, or not there. */
struct str jwt_claims_text(const struct jwt_claims *c, const struct str *path, uint32_t depth);

#endif
