#include "store/store_core.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "store/hlc.h"
#include "store/store_object.h"
#include "store/store_plan.h"

#define BATCH_ROWS  1024
#define BATCH_BYTES (8 * 1024 * 1024)
#define PURGE_MAX   512 /* tombstones forgotten in one commit */

void store_core_actions_deinit(struct store_actions *a)
{
    mem_free(a->list);
    *a = (struct store_actions){ 0 };
}

static void act(struct store_actions *a, enum store_action_type type, struct store_batch *batch,
                struct store_txn *txn)
{
    if (a->count == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 16;
        a->list = mem_resize(a->list, a->cap, sizeof(*a->list));
    }
    a->list[a->count++] = (struct store_action){ type, batch, txn };
}

void store_core_init(struct store_core *c, const struct store_core_options *options)
{
    ASSERT(options->origin != 0);
    *c = (struct store_core){ .options = *options, .is_alone = true };
    store_index_init(&c->index);
    list_init(&c->pending);
}

static void free_txns(struct list *txns)
{
    for (struct list *it = list_pop(txns); it; it = list_pop(txns))
        store_txn_free(LIST_ITEM(it, struct store_txn, link));
}

static void free_batch(struct store_batch *b)
{
    if (b)
        free_txns(&b->txns);
    store_batch_free(b);
}

static void add_done(struct store_core *c, struct store_batch *b)
{
    b->next_done = c->done;
    c->done = b;
}

static void free_done(struct store_core *c)
{
    while (c->done) {
        struct store_batch *b = c->done;

        c->done = b->next_done;
        free_batch(b);
    }
}

void store_core_deinit(struct store_core *c)
{
    if (!c->pending.next)
        return; /* never initialised, or done before */
    free_txns(&c->pending);
    free_batch(c->inflight);
    free_done(c);
    for (size_t i = 0; i < c->grave_count; i++)
        store_object_unref(c->graves[(c->grave_at + i) & (c->grave_cap - 1)]);
    mem_free((void *)c->graves);
    store_index_deinit(&c->index);
    vv_deinit(&c->vv);
    vv_deinit(&c->purged_vv);
    vv_deinit(&c->stable);
    *c = (struct store_core){ 0 };
}

/* ---- tombstones ---- */

static void bury(struct store_core *c, const struct store_object *tombstone)
{
    if (c->grave_count == c->grave_cap) {
        size_t cap = c->grave_cap ? c->grave_cap * 2 : 16;
        const struct store_object **list =
            (const struct store_object **)mem_alloc0(cap, sizeof(c->graves[0]));

        for (size_t i = 0; i < c->grave_count; i++)
            list[i] = c->graves[(c->grave_at + i) & (c->grave_cap - 1)];
        mem_free((void *)c->graves);
        c->graves = list;
        c->grave_at = 0;
        c->grave_cap = cap;
    }
    c->graves[(c->grave_at + c->grave_count++) & (c->grave_cap - 1)] = store_object_ref(tombstone);
}

static void pop_grave(struct store_core *c)
{
    store_object_unref(c->graves[c->grave_at]);
    c->grave_at = (c->grave_at + 1) & (c->grave_cap - 1);
    c->grave_count--;
}

/* R6: nobody can bring it back, and it is old; or it is one of too many that need no proof. */
static bool may_forget(const struct store_core *c, const struct store_object *tombstone,
                       uint64_t now_ms)
{
    if (c->options.tombstone_max > 0 && c->grave_count > c->options.tombstone_max)
        return true;
    if (!c->is_alone &&
        !(vv_covers_dot(&c->stable, tombstone->dot) && vv_covers(&c->vv, &c->stable)))
        return false;
    return hlc_to_ms(tombstone->hlc) + (uint64_t)c->options.tombstone_ms <= now_ms;
}

static void plan_purge(struct store_core *c, struct store_batch *b, uint64_t now_ms)
{
    while (c->grave_count > 0 && b->purge_count < PURGE_MAX) {
        const struct store_object *tombstone = c->graves[c->grave_at];
        /* Written over since, or about to be by this batch: then there is nothing to forget. */
        bool is_there = store_index_find(&c->index, tombstone->key) == tombstone &&
                        !map_get(&b->newest, tombstone->key);

        if (is_there && !may_forget(c, tombstone, now_ms))
            break;
        if (is_there) {
            store_batch_add_purge(b, tombstone);
            vv_raise(&b->purged_vv, tombstone->dot);
            b->digest -= store_object_digest(tombstone);
        }
        pop_grave(c);
    }
    c->purge_due = b->purge_count == PURGE_MAX;
}

/* ---- from what waits to a batch at the disk ---- */

static struct store_batch *begin_batch(const struct store_core *c, uint64_t now_ms)
{
    struct store_batch *b = store_batch_new();

    vv_copy(&b->vv, &c->vv);
    vv_copy(&b->purged_vv, &c->purged_vv);
    b->hlc = c->hlc;
    b->digest = c->digest;
    b->at_ms = (int64_t)now_ms;
    return b;
}

static void reply_all(struct store_batch *b, struct store_actions *actions)
{
    for (struct list *it = list_pop(&b->txns); it; it = list_pop(&b->txns))
        act(actions, STORE_ACTION_REPLY, NULL, LIST_ITEM(it, struct store_txn, link));
}

/* Plans what waits and hands it to the disk, unless that is busy. Transactions that need no disk
 * (refused, or already so) are answered with the commit they were planned in, since what they saw
 * may be part of it. */
static void plan_next(struct store_core *c, uint64_t now_ms, struct random *rng,
                      struct store_actions *actions)
{
    struct store_batch *b;

    if (c->inflight || (c->pending_count == 0 && !c->purge_due))
        return;
    b = begin_batch(c, now_ms);
    while (c->pending_count > 0 && b->row_count < BATCH_ROWS && b->bytes < BATCH_BYTES) {
        struct store_txn *t = LIST_ITEM(list_pop(&c->pending), struct store_txn, link);

        c->pending_count--;
        store_plan(c, b, t, now_ms, rng);
        list_push(&b->txns, &t->link);
    }
    if (c->purge_due)
        plan_purge(c, b, now_ms);
    if (store_batch_is_empty(b, &c->vv)) {
        reply_all(b, actions);
        add_done(c, b);
        return;
    }
    c->inflight = b;
    act(actions, STORE_ACTION_PERSIST, b, NULL);
}

/* ---- a commit is done ---- */

static void apply_row(struct store_core *c, const struct store_row *row)
{
    const struct store_object *old = store_index_put(&c->index, row->object);

    ASSERT(old == row->previous);                              /* memory is as it was planned on */
    ASSERT(!old || store_object_beats(row->object, old));      /* R5 */
    ASSERT(vv_covers_dot(&c->inflight->vv, row->object->dot)); /* no dot without its vector */
    if (row->object->dead)
        bury(c, row->object);
    store_object_unref(old);
}

static void apply_batch(struct store_core *c, struct store_batch *b)
{
    for (size_t i = 0; i < b->row_count; i++)
        apply_row(c, &b->rows[i]);
    for (size_t i = 0; i < b->purge_count; i++) {
        struct store_object *gone = store_index_remove(&c->index, b->purged[i]->key);

        ASSERT(gone == b->purged[i]);
        store_object_unref(gone);
    }
    ASSERT(vv_covers(&b->vv, &c->vv)); /* it only grows */
    vv_copy(&c->vv, &b->vv);
    vv_copy(&c->purged_vv, &b->purged_vv);
    c->digest = b->digest;
}

static void fail_batch(struct store_core *c, struct store_batch *b, const struct store_event *e)
{
    LIST_FOREACH(it, next, &b->txns)
    {
        struct store_txn *t = LIST_ITEM(it, struct store_txn, link);

        for (size_t i = 0; i < t->op_count && t->results; i++)
            t->results[i] = (struct store_result){ .code = e->code };
        store_txn_fail(t, e->code, "%s", e->text ? e->text : error_text(e->code));
    }
    /* Tombstones that were to be forgotten go back to the end of their queue. */
    for (size_t i = 0; i < b->purge_count; i++)
        bury(c, b->purged[i]);
    c->is_broken = c->is_broken || e->is_broken;
}

static void on_committed(struct store_core *c, const struct store_event *e,
                         struct store_actions *actions)
{
    struct store_batch *b = c->inflight;

    ASSERT(b);
    if (e->code == 0) {
        apply_batch(c, b);
        act(actions, STORE_ACTION_CHANGED, b, NULL);
    } else {
        fail_batch(c, b, e);
    }
    reply_all(b, actions);
    c->inflight = NULL;
    add_done(c, b);
}

/* ---- events ---- */

static void refuse(struct store_txn *t, int code, const char *text, struct store_actions *actions)
{
    store_txn_fail(t, code, "%s", text);
    act(actions, STORE_ACTION_REPLY, NULL, t);
}

static void refuse_pending(struct store_core *c, int code, const char *text,
                           struct store_actions *actions)
{
    for (struct list *it = list_pop(&c->pending); it; it = list_pop(&c->pending))
        refuse(LIST_ITEM(it, struct store_txn, link), code, text, actions);
    c->pending_count = 0;
}

static void on_write(struct store_core *c, struct store_txn *t, struct store_actions *actions)
{
    if (c->is_closing) {
        refuse(t, ERR_CLOSED, "the store is closing", actions);
    } else if (c->pending_count >= c->options.pending_max) {
        refuse(t, ERR_OVERLOAD, "too many writes are waiting for the disk", actions);
    } else {
        list_push(&c->pending, &t->link);
        c->pending_count++;
    }
}

void store_core_step(struct store_core *c, const struct store_event *event, uint64_t now_ms,
                     struct random *rng, struct store_actions *actions)
{
    ASSERT(actions->count == 0);
    free_done(c);
    switch (event->type) {
    case STORE_EVENT_WRITE:
        on_write(c, event->txn, actions);
        break;
    case STORE_EVENT_COMMITTED:
        on_committed(c, event, actions);
        break;
    case STORE_EVENT_TICK:
        c->purge_due = c->grave_count > 0;
        break;
    case STORE_EVENT_CLOSE:
        c->is_closing = true;
        refuse_pending(c, ERR_CLOSED, "the store is closing", actions);
        break;
    }
    if (c->is_broken) {
        refuse_pending(c, -EIO, "the disk failed to keep what was written; restart to go on",
                       actions);
        return;
    }
    if (!c->is_closing)
        plan_next(c, now_ms, rng, actions);
}

/* ---- loading and checking ---- */

void store_core_load(struct store_core *c, const struct store_object *row)
{
    struct store_object *old = store_index_put(&c->index, row);

    ASSERT(!old);
    c->digest += store_object_digest(row);
    if (row->dead)
        bury(c, row);
}

static int by_age(const void *a, const void *b)
{
    const struct store_object *const *x = a, *const *y = b;

    return ((*x)->hlc > (*y)->hlc) - ((*x)->hlc < (*y)->hlc);
}

int store_core_load_end(struct store_core *c, const struct vv *vv, const struct vv *purged_vv,
                        uint64_t hlc, uint64_t digest)
{
    vv_copy(&c->vv, vv);
    vv_copy(&c->purged_vv, purged_vv);
    c->hlc = hlc;
    if (c->grave_count > 1)
        qsort((void *)c->graves, c->grave_count, sizeof(c->graves[0]), by_age); /* grave_at is 0 */
    return c->digest == digest ? store_core_check(c) : ERR_CORRUPT;
}

int store_core_check(const struct store_core *c)
{
    uint64_t digest = 0;

    for (const struct store_object *o = store_index_after(&c->index, STR_NONE); o;
         o = store_index_after(&c->index, o->key)) {
        if (!vv_covers_dot(&c->vv, o->dot) || o->hlc > c->hlc)
            return ERR_CORRUPT;
        digest += store_object_digest(o);
    }
    return digest == c->digest && vv_covers(&c->vv, &c->purged_vv) ? 0 : ERR_CORRUPT;
}
