/* One condition of a route by which the route is found: that the path is, or begins with, a text,
 * or that a header or query parameter has a value. Any thread. */
#ifndef CORE_ROUTE_ROUTE_KEY_H
#define CORE_ROUTE_ROUTE_KEY_H

#include "core/route/route_match.h"

enum route_key_kind {
    ROUTE_KEY_PATH_EXACT,
    ROUTE_KEY_PATH_PREFIX,
    ROUTE_KEY_PATH_EXACT_ANY_CASE, /* text is lower case */
    ROUTE_KEY_PATH_PREFIX_ANY_CASE,
    ROUTE_KEY_HEADER,
    ROUTE_KEY_QUERY,
    ROUTE_KEY_KINDS,
};

struct route_key {
    uint8_t kind;    /* enum route_key_kind */
    uint16_t token;  /* HEADER */
    struct str name; /* HEADER, QUERY */
    struct str text;
};

/* Conditions looked at per route; more are left to matching. */
#define ROUTE_KEYS_MAX 6

/* The keys a route could be found by; each holds whenever the route matches. Text is the route's or
 * a's. Returns how many, at most ROUTE_KEYS_MAX; 0: only a look at the route itself tells. */
uint32_t route_key_list(const struct model_match *m, struct route_key keys[ROUTE_KEYS_MAX],
                        struct arena *a);

/* Never 0. */
uint64_t route_key_hash(const struct route_key *key);

#endif
