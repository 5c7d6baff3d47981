/* One database file: config.db or live.db. Blocking calls, one thread at a time.
 *
 * Between store_db_open and the first commit the file is checked, brought up to date and read; from
 * then on only batches are written to it, each in one transaction with the version vector, the
 * clock and the digest that hold with it. */
#ifndef STORE_STORE_DB_H
#define STORE_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "store/store_batch.h"
#include "store/store_seal.h"
#include "store/vv.h"

struct store_db; /* opaque */
struct store_object;

struct store_db_options {
    bool is_live;
    const char *vfs;               /* NULL: the default */
    const struct store_seal *seal; /* NULL: none */
};

/* Who wrote the file, and what it holds. */
struct store_db_meta {
    uint8_t cluster_id[16];
    uint8_t node_id[8];
    uint32_t origin; /* 0: a fresh file */
    int64_t inc;     /* of origin */
    uint64_t hlc;
    uint64_t digest;
    bool is_clean; /* closed by store_db_close */
    struct vv vv, purged_vv;
};

void store_db_meta_deinit(struct store_db_meta *m);

/* Opens or makes the file, checks it, brings it up to date. ERR_CORRUPT: damaged, to be moved
 * aside; ERR_UNSUPPORTED: written by a newer version, or not ours; UV_EBUSY: another process has
 * it. */
int store_db_open(struct store_db **out, const char *path, const struct store_db_options *options,
                  char *why, size_t why_size);
/* Reads all. The object is borrowed for the call; a negative result of cb ends it. ERR_DENIED: a
 * sealed row does not open with this key. meta is initialised by this, also on errors. */
int store_db_load(struct store_db *db, struct store_db_meta *meta,
                  void (*cb)(void *arg, const struct store_object *row), void *arg, char *why,
                  size_t why_size);
/* Writes identity, origin and inc of meta, and that the file is in use now. Origins that the loaded
 * vector had and meta->vv has no more are forgotten. */
int store_db_begin(struct store_db *db, const struct store_db_meta *meta, char *why,
                   size_t why_size);

/* Writes the batch; 0 when it is durable (config.db), or in the system's hands (live.db). Failed,
 * it left nothing, unless store_db_is_broken. why has room for 256 bytes. */
int store_db_commit(struct store_db *db, const struct store_batch *b, char why[256]);
bool store_db_is_broken(const struct store_db *db);
size_t store_db_wal_bytes(const struct store_db *db);
int store_db_checkpoint(struct store_db *db, char why[256]);

struct store_revision; /* store.h */
struct store_conflict;
/* Results are in the arena. */
int store_db_history(struct store_db *db, const struct store_object *o, struct arena *a,
                     struct store_revision **out, size_t *count);
int store_db_conflicts(struct store_db *db, struct arena *a, struct store_conflict **out,
                       size_t *count);

/* Checkpoints and marks the file clean, unless it is broken. NULL is allowed. */
void store_db_close(struct store_db *db);

#endif
