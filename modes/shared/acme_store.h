/* The folder that holds what ACME needs between starts, and that several gateways may share:
 *
 *   account-HASH.pem   key of the account at that directory URL
 *   SECRET.pem         key and certificate chain
 *   SECRET.try         "FAILURES UNIX-TIME": how often it failed, and before when not to try again
 *   challenges         "TYPE NAME TOKEN KEY-AUTHORIZATION" a line: what all gateways answer now
 *   lock               held (flock) by the gateway that orders
 *
 * Blocks on the disk; main thread. */
#ifndef MODES_SHARED_ACME_STORE_H
#define MODES_SHARED_ACME_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct pki_key;

struct acme_store {
    char *dir;
    int lock_fd; /* -1: not held */
};

/* Makes the folder, for its owner alone. */
int acme_store_init(struct acme_store *s, const char *dir);
void acme_store_deinit(struct acme_store *s);

/* false: another gateway orders. */
bool acme_store_lock(struct acme_store *s);
void acme_store_unlock(struct acme_store *s);

/* The account's key, made on first use. */
int acme_store_account(struct acme_store *s, struct str directory, struct pki_key **out);
/* Appends the key and chain kept for a Secret. ERR_NOT_FOUND. */
int acme_store_read(const struct acme_store *s, struct str secret, struct buf *pem);
int acme_store_write(struct acme_store *s, struct str secret, struct str pem);

void acme_store_read_try(const struct acme_store *s, struct str secret, uint32_t *failures,
                         int64_t *not_before_s);
/* failures 0 forgets it. */
void acme_store_write_try(struct acme_store *s, struct str secret, uint32_t failures,
                          int64_t not_before_s);

int acme_store_read_challenges(const struct acme_store *s, struct buf *text);
int acme_store_write_challenges(struct acme_store *s, struct str text);

#endif
