/* Tokens that were verified lately, one cache a worker: a client sends the same token with every
 * request of its hour, and verifying costs a thousand times what looking up does. Only what
 * verified is kept, so that nobody fills the cache with what he made up; the oldest go first. An
 * entry is counted: a request may hold it longer than the cache does. Loop thread. */
#ifndef CORE_FILTER_JWT_CACHE_H
#define CORE_FILTER_JWT_CACHE_H

#include "core/base/list.h"
#include "core/pki/jwt.h"

struct worker;

enum { JWT_CACHE_MAX = 1024 };

struct jwt_cache_entry {
    struct list link;
    uint32_t refs;
    uint64_t rule; /* id of what it was verified by */
    struct arena arena;
    struct str token;
    struct jwt jwt; /* of token and arena */
    struct str key; /* internal */
};

/* The entry of a token that this rule verified, with a reference for the caller; NULL: none. Times
 * are the caller's to check. */
struct jwt_cache_entry *jwt_cache_find(struct worker *w, uint64_t rule, struct str token);
/* A new entry, not in the cache yet, one reference; *state says whether the token can be read. */
struct jwt_cache_entry *jwt_cache_read(struct str token, enum jwt_state *state);
void jwt_cache_keep(struct worker *w, uint64_t rule, struct jwt_cache_entry *e);
void jwt_cache_unref(struct jwt_cache_entry *e); /* NULL is allowed */

#endif
