/* The store as a pure state machine: no clock, no threads, no disk, no loop.
 *
 *                       ┌──────────── pending ◄── WRITE
 *      step():          ▼ plan (as many as wait, when the disk is idle)
 *                    batch ── PERSIST ─► disk ── COMMITTED ─► memory, CHANGED, REPLY
 *
 * The driver feeds events and does what the actions say: libuv and SQLite in the product, a queue
 * of virtual time and a fake disk in the simulator. One instance holds one class of data: config
 * (causal, conflicts kept) or live (first in, first out per origin).
 *
 * Rules, as in the design of replication; each is an ASSERT where it can be broken:
 *   R1 seqs of our origin are contiguous and never used twice: a batch that failed on disk never
 * was, and after a commit of unknown outcome nothing is planned any more (is_broken). R2 nothing is
 * visible before it is durable: memory, changes and replies follow COMMITTED only. R3 a peer's
 * transaction is applied only right behind what is here of its origin, and when all it depends on
 * is here (ERR_AGAIN: pull). R4 rows of a delta that are covered already are ignored. R5 the larger
 * (hlc, origin) wins; our clock goes past all we see. R6 a tombstone is forgotten when `stable`
 * covers it and it is old enough. Alone, stable is all.
 *
 * Not shared between threads. */
#ifndef STORE_STORE_CORE_H
#define STORE_STORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/base/str.h"
#include "store/store_batch.h"
#include "store/store_index.h"
#include "store/store_txn.h"
#include "store/vv.h"

struct random;
struct store_object_init;

struct store_core_options {
    bool is_live;    /* class W: no deps, no conflicts, no history */
    uint32_t origin; /* ours; not 0 */
    bool can_seal;   /* else sealed writes are refused */
    bool (*same_spec)(void *arg, uint16_t kind, struct str old_body, struct str new_body);
    void *same_spec_arg;
    int64_t tombstone_ms;
    size_t tombstone_max; /* above, the oldest go before their time; 0: no limit (causal classes) */
    size_t pending_max;   /* transactions waiting; more are ERR_OVERLOAD */
};

struct store_core {
    struct store_core_options options;
    struct store_index index;
    struct vv vv;        /* durable here */
    struct vv purged_vv; /* tombstones up to here may have been forgotten */
    struct vv stable;    /* every member has it; unused while is_alone */
    bool is_alone;
    bool is_broken;
    bool is_closing;
    bool purge_due;
    uint64_t hlc;    /* highest seen */
    uint64_t digest; /* sum of store_object_digest over the index */

    struct list pending;
    size_t pending_count;
    struct store_batch *inflight; /* at the disk */
    struct store_batch *done;     /* what the last step's actions point into */

    const struct store_object **graves; /* tombstones, oldest first, references; a ring */
    size_t grave_at, grave_count, grave_cap;
};

enum store_event_type {
    STORE_EVENT_WRITE,     /* txn, taken: local, or what a peer sent */
    STORE_EVENT_COMMITTED, /* code, text, broken: of the batch at the disk */
    STORE_EVENT_TICK,
    STORE_EVENT_CLOSE, /* no more writes: all that waits is answered ERR_CLOSED */
};

struct store_event {
    enum store_event_type type;
    struct store_txn *txn;
    int code;
    const char *text; /* copied where needed */
    bool is_broken;   /* the outcome is unknown: an fsync failed */
};

enum store_action_type {
    STORE_ACTION_PERSIST, /* batch: write it, then feed COMMITTED. One at a time */
    STORE_ACTION_CHANGED, /* batch: its rows have just become visible, in this order */
    STORE_ACTION_REPLY,   /* txn: the driver owns it again; code, text and results are set */
};

struct store_action {
    enum store_action_type type;
    struct store_batch *batch;
    struct store_txn *txn;
};

/* Valid until the next step; so are the objects they point to. */
struct store_actions {
    struct store_action *list;
    size_t count, cap;
};

void store_core_actions_deinit(struct store_actions *a);

void store_core_init(struct store_core *c, const struct store_core_options *options);
/* Transactions that wait are freed unanswered. */
void store_core_deinit(struct store_core *c);

/* What was on disk, before the first step: the rows in any order, then the end. The object is
 * referenced. store_core_load_end: ERR_CORRUPT when a row is not covered by vv, or when the rows do
 * not add up to the digest that was stored with them. */
void store_core_load(struct store_core *c, const struct store_object *row);
int store_core_load_end(struct store_core *c, const struct vv *vv, const struct vv *purged_vv,
                        uint64_t hlc, uint64_t digest);

/* Appends to actions, which the driver carries out in order and empties before the next step. */
void store_core_step(struct store_core *c, const struct store_event *event, uint64_t now_ms,
                     struct random *rng, struct store_actions *actions);

/* The invariants, for tests and the simulator: 0 or ERR_CORRUPT. Walks everything. */
int store_core_check(const struct store_core *c);

#endif
