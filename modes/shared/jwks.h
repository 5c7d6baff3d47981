/* Keys of token issuers: fetched from where RequestAuthentications say, kept fresh, put into the
 * objects, so that proxies never ask anybody (spec features.md JW-6).
 *
 *     jwksUri ──────────────────────────────► key set
 *     issuer ─► /.well-known/openid-configuration ─► jwks_uri ─► key set
 *
 * A set is asked for again every 20 minutes; after a failure sooner, first after 1 s, with growing
 * pauses, and the last good set stays in force. What nobody asked for in 7 days is forgotten. Until
 * the first answer there are no keys, and tokens are refused. Addresses of this machine and of the
 * link are not asked: an object must not make us look into ourselves. Main thread. */
#ifndef MODES_SHARED_JWKS_H
#define MODES_SHARED_JWKS_H

#include "core/net/addr.h"
#include "core/text/node.h"

struct jwks;
struct worker;

enum { JWKS_MAX = 1000 }; /* sets kept */

#define JWKS_BLOCKED                                                                               \
    "127.0.0.0/8,::1/128,169.254.0.0/16,fe80::/10,0.0.0.0/8,::/128,224.0.0.0/4,ff00::/8"

struct jwks_options {
    const char *blocked;        /* blocks that are not connected to; NULL: JWKS_BLOCKED; "": none */
    void (*changed)(void *arg); /* a set came or changed: jwks_fill may say more. Later */
    /* Where a service of the mesh is; false: ask DNS. May be NULL. */
    bool (*locate)(void *arg, struct str host, uint16_t port, struct addr *out);
    void *arg;
};

/* Whether text (NULL too) can be options.blocked. */
bool jwks_is_list(const char *text);
/* ERR_INVALID: blocked is no list of blocks. */
int jwks_new(struct worker *w, const struct jwks_options *options, struct jwks **out);
void jwks_free(struct jwks *j); /* NULL is allowed */

/* Sets spec.jwtRules[].jwks of a RequestAuthentication where neither a set nor an answer stands
 * yet; starts asking where that is needed. Texts go into a. */
void jwks_fill(struct jwks *j, struct node *object, struct arena *a);

#endif
