/* What a client carries to be led to its endpoint again. Any thread.
 *
 *     <rule 8> <backend 8> <endpoint 16> <since 11>     hex digits, 43 of them, lower case
 *
 * One cookie or header may hold tokens of several rules, joined by '.', because two rules may give
 * it the same name and must not share a session. Each part is a hash or a time and not an address:
 * a token says which of the endpoints at hand is meant, and there is nothing else that it could
 * lead to. So there is no harm in a made-up one, and it needs no signature. */
#ifndef CORE_FLOW_SESSION_TOKEN_H
#define CORE_FLOW_SESSION_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"

#define SESSION_TOKEN_LEN ((size_t)43)
#define SESSION_TOKEN_MAX 8 /* of a list; the rest of it is ignored */

struct session_token {
    uint32_t rule, backend;
    uint64_t endpoint;
    uint64_t since_ms; /* Unix time; 44 bits */
};

/* The token of a rule; false: the list has none. */
bool session_token_find(struct str list, uint32_t rule, struct session_token *out);
/* A list of t and of those in `others` that are of other rules, as many as there may be; in a. */
struct str session_token_join(const struct session_token *t, struct str others, struct arena *a);

#endif
