/* How the store has secrets encrypted before they touch the disk. The keys are somebody else's. */
#ifndef STORE_STORE_SEAL_H
#define STORE_STORE_SEAL_H

#include "core/base/str.h"

struct buf;

/* Encrypts what is marked sealed (Secrets, keys) before it touches the disk. Called on disk
 * threads. aad is bound to the text: a row cannot be passed off as another. */
struct store_seal {
    /* Appends the sealed form of plain to out; 0 or a negative error. */
    int (*seal)(void *arg, struct str plain, struct str aad, struct buf *out);
    /* The reverse; an error when text, key or aad do not fit. */
    int (*unseal)(void *arg, struct str sealed, struct str aad, struct buf *out);
    void *arg;
};

#endif
