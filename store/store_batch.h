/* What one commit writes: the rows of one or more transactions, and the state of the store with
 * them.
 *
 * Filled on the store's thread, then only read, by the disk thread, until the commit is done. Rows
 * of one key may follow each other; the last one counts. */
#ifndef STORE_STORE_BATCH_H
#define STORE_STORE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/base/map.h"
#include "core/base/str.h"
#include "store/dot.h"
#include "store/vv.h"

struct store_object;

struct store_row {
    const struct store_object *object;   /* a reference */
    const struct store_object *previous; /* a reference to the row replaced, maybe dead; or NULL */
    struct str user;                     /* for the history; borrowed from the transaction */
    bool keep;                           /* a new spec: goes to the history */
};

/* The loser of two concurrent writes. */
struct store_loss {
    const struct store_object *loser; /* a reference */
    struct dot won;
};

/* A transaction of more than one row: chunks for peers end at its end. */
struct store_span {
    uint32_t origin;
    uint64_t first, last;
};

struct store_batch {
    struct store_row *rows;
    size_t row_count, row_cap;
    struct store_loss *losses;
    size_t loss_count, loss_cap;
    struct store_span *spans;
    size_t span_count, span_cap;
    const struct store_object **purged; /* references; tombstones to forget */
    size_t purge_count, purge_cap;
    size_t bytes; /* bodies of rows */
    int64_t at_ms;

    struct vv vv;        /* what is here with this batch */
    struct vv purged_vv; /* what is known to have been forgotten, likewise */
    uint64_t hlc;
    uint64_t digest;

    struct map newest; /* key -> row's object: what a later transaction of the batch sees */
    struct list txns;  /* in it, to be answered with it */
    struct store_batch *next_done; /* the core's */
};

struct store_batch *store_batch_new(void);
/* The transactions must have been taken out. NULL is allowed. */
void store_batch_free(struct store_batch *b);

/* Takes its own references. */
void store_batch_add_row(struct store_batch *b, const struct store_object *object,
                         const struct store_object *previous, struct str user, bool keep);
/* Forgets the rows behind the first `count` ones. */
void store_batch_cut_rows(struct store_batch *b, size_t count);
void store_batch_add_loss(struct store_batch *b, const struct store_object *loser, struct dot won);
void store_batch_add_span(struct store_batch *b, struct store_span span);
void store_batch_add_purge(struct store_batch *b, const struct store_object *tombstone);

/* Whether a commit is needed for it: rows alone do not tell, since rows of peers may all have lost
 * and yet count as seen. */
bool store_batch_is_empty(const struct store_batch *b, const struct vv *before);

#endif
