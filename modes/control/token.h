/* Join tokens: what a machine shows once to get its first certificate.
 *
 * Its text is that of core/xds/xds_token.h, with 32 random bytes as the secret; only their SHA-256
 * is stored. A token is for one identity, for a time, for a number of uses. Main thread. */
#ifndef MODES_CONTROL_TOKEN_H
#define MODES_CONTROL_TOKEN_H

#include "core/base/arena.h"
#include "core/base/str.h"
#include "store/store.h"

#define TOKEN_STORE_KIND 0x3001 /* of the class CONFIG */
#define TOKEN_ID_BYTES   17     /* 16 hex digits and a zero */
#define TOKEN_TTL_MAX_S  ((int64_t)30 * 86400)

struct token_want {
    struct str ns, sa; /* "" sa: "default" */
    int64_t ttl_s;     /* 0: 24 h */
    uint32_t uses;     /* 0: 1 */
    const uint8_t *root_spki_sha256;
};
/* cb(arg, code, text, id): text is the token, to be shown once; both empty unless code is 0. */
typedef void (*token_created_fn)(void *arg, int code, struct str text, struct str id);
void token_create(struct store *s, const struct token_want *want, token_created_fn cb, void *arg);

struct token_info {
    struct str id, ns, sa;
    int64_t created_ms, expires_ms;
    uint32_t uses_left;
};
void token_each(struct store *s, void (*each)(void *arg, const struct token_info *info), void *arg);
/* cb(arg, code): ERR_NOT_FOUND when there is none. cb may be NULL. */
void token_revoke(struct store *s, struct str id, void (*cb)(void *arg, int code), void *arg);

/* Is this a token that may be used now, and by whom? ERR_DENIED with *why (constant) otherwise. ns
 * and sa go to a. */
int token_check(struct store *s, struct str text, int64_t now_ms, struct arena *a,
                struct token_info *out, const char **why);
/* Takes one use; cb(arg, 0) when that is durable, ERR_DENIED when somebody was faster. */
void token_use(struct store *s, struct str id, void (*cb)(void *arg, int code), void *arg);

#endif
