/* The store of a control instance: objects and workloads, durable, with a numbered log of changes.
 *
 *      reads, watches            writes
 *   loop thread: memory index ◄─ store_core (pure) ─► batches ─► one disk thread for each database
 *                     └── change log ─► cursors                     config.db (FULL), live.db
 * (NORMAL)
 *
 * Reads are memory reads on the loop thread and never wait. A write is checked against memory, gets
 * its dots, is made durable together with whatever else is waiting, and only then becomes visible
 * and is answered. Everything here is for the loop thread.
 *
 * Versions. An object's resourceVersion is the text of its dot: opaque, good for equality and for
 * compare-and-swap; with a status row it is both texts joined by '.' (store_version). The version
 * of a list is a token: the version vector of the class as text, which begins with 'x'. A watch
 * resumes from either: from a token anywhere, also after a restart and on another instance; from an
 * object's version as long as the change is still in the log (clients resume from the last object
 * they saw).
 *
 * Errors of writes: ERR_CONFLICT (expected version or uid differs), ERR_NOT_FOUND, ERR_EXISTS,
 * ERR_INVALID and ERR_LIMIT (keys, sizes), ERR_OVERLOAD (too many waiting), ERR_UNSUPPORTED (sealed
 * without a key), UV_ENOSPC, UV_EROFS, UV_EIO (the disk; reads go on), ERR_CLOSED (store_close). */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/str.h"
#include "store/store_object.h"
#include "store/store_seal.h"
#include "store/store_txn.h"

struct store;       /* opaque */
struct store_watch; /* a cursor in the log of changes */

enum store_class { STORE_CLASS_CONFIG, STORE_CLASS_LIVE, STORE_CLASS_COUNT };

struct store_options {
    const struct store_seal *seal; /* NULL: sealed writes are refused; must outlive the store */
    /* True when two bodies of one kind have the same spec: then generation stays. NULL: byte
     * equality. Loop thread. */
    bool (*same_spec)(void *arg, uint16_t kind, struct str old_body, struct str new_body);
    void *same_spec_arg;
    size_t log_changes;       /* changes kept for watches, per class; 0: 16384 */
    size_t log_bytes;         /* bodies kept by those; 0: 32 MiB */
    int64_t tombstone_ms;     /* how long a deleted object stays known; 0: 24 h */
    const char *vfs;          /* SQLite VFS, for tests; NULL: the default */
    uint64_t (*now_ms)(void); /* wall clock, for tests; NULL: the system's */
};

/* What people should know about the disk; texts are empty when all is well. */
struct store_health {
    int code;          /* error of the last commit, 0 when it succeeded */
    char text[256];    /* "config.db: no space left on device" */
    char notice[512];  /* what store_open did: "config.db was damaged (...); kept as ..." */
    bool is_broken;    /* an fsync failed: nothing can be written until a restart */
    uint64_t commits;  /* since start */
    uint64_t fsync_us; /* of the last commit, all of it */
    size_t wal_bytes;
};

/* Opens or creates dir (0700) with config.db and live.db, checks both, reads everything into
 * memory. Blocks; called at start. A damaged file is renamed aside with a notice (store_get_health)
 * and an empty one begun. Errors leave *out alone and say why in why: the directory cannot be made,
 * another process has it open (UV_EBUSY), it was written by a newer mesh (ERR_UNSUPPORTED), a
 * sealed row does not open with this key (ERR_DENIED). */
int store_open(struct store **out, uv_loop_t *loop, const char *dir,
               const struct store_options *options, char *why, size_t why_size);

/* Finishes what is at the disk; writes still waiting are answered ERR_CLOSED; watches end without
 * a call. cb runs last, on the loop; s is gone then. */
void store_close(struct store *s, void (*cb)(void *arg), void *arg);

const struct store_health *store_get_health(const struct store *s, enum store_class class);
/* 32 hex digits, made when config.db was; the text lives as long as the store. */
const char *store_get_cluster_id(const struct store *s);
const char *store_get_node_id(const struct store *s); /* 16 hex digits */

/* ---- reading: borrowed until the caller returns to the loop; ref what is kept ---- */

/* The live object, or NULL. */
const struct store_object *store_find(const struct store *s, uint16_t kind, struct str ns,
                                      struct str name);
/* The status row that belongs to o (same uid), or NULL. */
const struct store_object *store_find_status(const struct store *s, const struct store_object *o);
/* Any row, also a tombstone; for callers that show deletions. */
const struct store_object *store_find_row(const struct store *s, uint16_t kind, struct str ns,
                                          struct str name);
/* The next live object of kind after (after_ns, after_name) in order of namespace, then name; ns
 * empty means all namespaces, which is also where cluster-scoped kinds live; a NULL after_name.p
 * starts. Paging: a page is read at its moment; give every page the token of the first, and a watch
 * from there sees what changed between pages.
 *
 *     for (o = store_next(s, k, ns, STR_NONE, STR_NONE); o; o = store_next(s, k, ns, o->ns,
 * o->name)) */
const struct store_object *store_next(const struct store *s, uint16_t kind, struct str ns,
                                      struct str after_ns, struct str after_name);
size_t store_count(const struct store *s, uint16_t kind, struct str ns);

/* resourceVersion of an object as people see it: the dot's text, with the status row's behind a
 * '.'. */
#define STORE_VERSION_BYTES (2 * DOT_TEXT_BYTES)
void store_version(const struct store_object *o, const struct store_object *status,
                   char out[STORE_VERSION_BYTES]);
/* resourceVersion of a list of this moment; borrowed until the next change of the class. */
const char *store_token(const struct store *s, enum store_class class);

/* ---- writing: store_txn.h builds transactions ---- */

struct store_reply {
    int code;                           /* 0: all done and durable; else nothing was done */
    const char *text;                   /* why, for people */
    const struct store_result *results; /* one for each operation, or none */
    size_t count;
    const char *token; /* of the class, which covers this write; NULL when code is not 0 */
};

/* Takes t. cb(arg, reply) runs once, later, on the loop: also with errors; reply and all it points
 * to are borrowed for the call. cb may be NULL. */
void store_write(struct store *s, struct store_txn *t, store_write_cb *cb, void *arg);

/* ---- changes ---- */

enum store_change_type { STORE_ADDED, STORE_MODIFIED, STORE_DELETED };

struct store_change {
    uint64_t mod; /* number of the change on this instance since it started; 0 while catching up */
    enum store_change_type type;
    const struct store_object *object;   /* new state; a tombstone for STORE_DELETED */
    const struct store_object *previous; /* live object before; NULL for STORE_ADDED, and unknown
                                          * for changes older than the log */
};

struct store_watch_query {
    enum store_class class;
    uint16_t kind; /* 0: all of the class; without the status bit, so both rows are reported */
    struct str ns; /* empty: all */
    /* Empty: from now on. A token, or an object's resourceVersion: what came after it. */
    struct str from;
};

/* Starts a cursor. ERR_LIMIT: from is older than what is known here (HTTP 410: list again);
 * ERR_AGAIN: from is ahead of this instance; ERR_INVALID: from is no version.
 *
 * A token older than the log is answered from the objects themselves: each that changed since is
 * reported once, as STORE_MODIFIED or STORE_DELETED with previous NULL.
 *
 * ready runs on the loop when there is something after store_watch_next has said ERR_AGAIN, and at
 * the first turn of the loop. */
int store_watch_start(struct store *s, const struct store_watch_query *query,
                      void (*ready)(void *arg), void *arg, struct store_watch **out);
/* The next change that fits the query, borrowed until the caller returns to the loop or calls
 * again; ERR_AGAIN: none now, ready will be called; ERR_LIMIT: the reader was too slow and the log
 * has moved on (410); it stays so; ERR_CLOSED: the store is gone. A reader that cannot write simply
 * does not call. */
int store_watch_next(struct store_watch *w, const struct store_change **out);
void store_watch_stop(struct store_watch *w); /* NULL is allowed; ready does not run any more */

/* ---- history and conflicts: read from disk, answered later on the loop ---- */

struct store_revision {
    uint64_t generation;
    int64_t at_ms;
    struct str by;
    struct str body;
};

/* The last 10 specs of an object, newest first; list is borrowed for the call. */
typedef void store_history_cb(void *arg, int code, const struct store_revision *list, size_t count);
/* These two not after store_close; what was asked before it is answered. */
void store_history(struct store *s, uint16_t kind, struct str ns, struct str name,
                   store_history_cb *cb, void *arg);

/* The loser of two writes that did not know of each other. */
struct store_conflict {
    uint16_t kind;
    struct str ns, name;
    struct dot lost, won;
    uint64_t hlc; /* of the loser */
    int64_t at_ms;
    struct str body; /* the loser's; empty when it was a deletion */
};

typedef void store_conflicts_cb(void *arg, int code, const struct store_conflict *list,
                                size_t count);
void store_conflicts(struct store *s, store_conflicts_cb *cb, void *arg);

#endif
