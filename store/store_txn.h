/* A transaction: what somebody asks the store to write, and afterwards what came of it.
 *
 * Built by a caller (local) or from a peer's record (remote), given to the store, handed back with
 * its results. All slices given here are copied. */
#ifndef STORE_STORE_TXN_H
#define STORE_STORE_TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/list.h"
#include "core/base/str.h"
#include "store/record.h"
#include "store/store_object.h"
#include "store/vv.h"

struct store_txn;

/* Conditions of one operation; zeros mean none. */
struct store_expect {
    struct str version; /* what store_version gave: the part for the row written must still fit */
    const uint8_t *uid; /* 16 bytes */
    bool exists;        /* ERR_NOT_FOUND otherwise */
    bool absent;        /* ERR_EXISTS otherwise */
};

/* A transaction for kinds of one class. Its operations take effect together or not at all, in
 * order: a later one sees the earlier ones. Sizes and keys are checked when it is written. */
struct store_txn *store_txn_new(void);
void store_txn_free(struct store_txn *t); /* only when it was not given to store_write */
/* Who asks, for the history ("alice", "system:serviceaccount:..."). */
void store_txn_set_user(struct store_txn *t, struct str user);
/* Creates or replaces. A body equal to the stored one changes nothing and makes no dot. A status
 * row (kind | STORE_KIND_STATUS) needs its object: ERR_NOT_FOUND. expect may be NULL. */
void store_txn_put(struct store_txn *t, uint16_t kind, struct str ns, struct str name,
                   struct str body, bool sealed, const struct store_expect *expect);
/* Deletes the object and its status row; ERR_NOT_FOUND when there is none. */
void store_txn_delete(struct store_txn *t, uint16_t kind, struct str ns, struct str name,
                      const struct store_expect *expect);
/* Deletes every object of kind in ns that no earlier put of this transaction names: begin with the
 * puts, end with this, and ns holds exactly those. One shard of workloads is one ns. */
void store_txn_prune(struct store_txn *t, uint16_t kind, struct str ns);

/* The outcome of one operation, in the order they were added. */
struct store_result {
    int code;
    bool changed;                      /* false: it was already so */
    const struct store_object *object; /* as written (a tombstone after delete); the one in the way
                                        * on ERR_CONFLICT and ERR_EXISTS; or NULL */
    const struct store_object *previous; /* live object before, or NULL */
};

struct store_reply; /* store.h */
typedef void store_write_cb(void *arg, const struct store_reply *reply);

/* ---- for the store ---- */

/* LOCAL: ops. PUSH: one transaction of a peer, whole. DELTA: rows that answer a pull, and the
 * vector that is reached with them. */
enum store_txn_type { STORE_TXN_LOCAL, STORE_TXN_PUSH, STORE_TXN_DELTA };
enum store_op_type { STORE_OP_PUT, STORE_OP_DELETE, STORE_OP_PRUNE };

struct store_op {
    enum store_op_type type;
    uint16_t kind;
    bool sealed;
    struct str ns, name, body;
    struct store_expect expect;
};

#define STORE_TXN_OPS_MAX   65536
#define STORE_TXN_MAX_BYTES (64 * 1024 * 1024)

struct store_txn {
    struct list link; /* in whichever queue it waits */
    enum store_txn_type type;
    struct arena arena;
    struct store_op *ops;
    size_t op_count, op_cap;
    size_t bytes; /* bodies of ops */
    struct str user;
    struct record_txn push; /* STORE_TXN_PUSH; for DELTA its list and count only */
    struct vv claim;        /* STORE_TXN_DELTA */
    int code;
    const char *text;             /* in the arena, or a literal */
    struct store_result *results; /* one for each op; objects are borrowed from the store's step */
    store_write_cb *cb;           /* the driver's */
    void *arg;
};

/* A peer's transaction; bytes are copied. ERR_INVALID: they are none. */
int store_txn_new_push(struct store_txn **out, struct str bytes);
/* Rows are copied; ascending by origin and seq, from one pull. ERR_INVALID otherwise. */
int store_txn_new_delta(struct store_txn **out, const struct store_object_init *rows, size_t count,
                        const struct vv *claim);
/* Sets code and a formatted text. */
void store_txn_fail(struct store_txn *t, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
