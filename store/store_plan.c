#include "store/store_plan.h"

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/random.h"
#include "store/hlc.h"
#include "store/store_core.h"
#include "store/store_object.h"

/* One transaction being planned. */
struct plan {
    struct store_core *core;
    struct store_batch *batch;
    struct store_txn *txn;
    uint64_t now_ms;
    struct random *rng;
    struct str deps; /* what we had seen when this transaction began, encoded, in its arena */
};

/* The row as this transaction sees it, maybe dead; or NULL. Borrowed. */
static const struct store_object *look(const struct plan *p, uint16_t kind, struct str ns,
                                       struct str name)
{
    char bytes[STORE_KEY_MAX_BYTES];
    struct str key = str_make(bytes, store_object_key(kind, ns, name, bytes));
    const struct store_object *o = map_get(&p->batch->newest, key);

    return o ? o : store_index_find(&p->core->index, key);
}

/* The live object, or NULL. A status row counts only with the object it was written for. */
static const struct store_object *look_live(const struct plan *p, uint16_t kind, struct str ns,
                                            struct str name)
{
    const struct store_object *o = look(p, kind, ns, name), *owner;

    if (!o || o->dead)
        return NULL;
    if (!(kind & STORE_KIND_STATUS))
        return o;
    owner = look(p, (uint16_t)(kind & ~STORE_KIND_STATUS), ns, name);
    return owner && !owner->dead && memcmp(owner->uid, o->uid, sizeof(o->uid)) == 0 ? o : NULL;
}

static void add_row(struct plan *p, const struct store_object *o, bool keep)
{
    struct store_batch *b = p->batch;
    const struct store_object *old = look(p, o->kind, o->ns, o->name);

    store_batch_add_row(b, o, old, p->txn->user, keep);
    b->digest += store_object_digest(o) - (old ? store_object_digest(old) : 0);
    b->hlc = hlc_max(b->hlc, o->hlc);
}

/* ---- our own writes ---- */

/* Gives the row its dot and its time (R1, R5), and adds it. The object is borrowed from the batch.
 */
static const struct store_object *write_row(struct plan *p, struct store_object_init *init,
                                            bool keep)
{
    struct store_core *c = p->core;
    struct dot dot = { c->options.origin, vv_get(&p->batch->vv, c->options.origin) + 1 };
    struct store_object *o;

    c->hlc = hlc_next(c->hlc, p->now_ms);
    init->dot = dot;
    init->hlc = c->hlc;
    init->deps = p->deps;
    o = store_object_new(init);
    add_row(p, o, keep);
    store_object_unref(o); /* the batch has it */
    ASSERT(vv_raise(&p->batch->vv, dot) == 0);
    return o;
}

static const struct store_object *write_tombstone(struct plan *p, const struct store_object *old)
{
    struct store_object_init init = record_of(old);

    init.dead = true;
    init.body = STR_NONE;
    return write_row(p, &init, false);
}

static void make_uid(struct random *rng, uint8_t uid[16])
{
    uint64_t words[2] = { random_next(rng), random_next(rng) };

    memcpy(uid, words, 16);
    uid[6] = (uint8_t)((uid[6] & 0x0f) | 0x40); /* RFC 9562: version 4 */
    uid[8] = (uint8_t)((uid[8] & 0x3f) | 0x80);
}

/* The part of an expected version that speaks of this row. */
static struct str expected_part(const struct store_op *op)
{
    struct str rest = op->expect.version, spec = str_cut(&rest, '.');

    return op->kind & STORE_KIND_STATUS ? rest : spec;
}

static int fail_op(struct plan *p, const struct store_op *op, int code, const char *what)
{
    store_txn_fail(p->txn, code, "\"%.*s\": %s", STR_ARG(op->name), what);
    return code;
}

/* Whether the conditions of op hold for the live object, which may be NULL. */
static int check_expect(struct plan *p, const struct store_op *op, const struct store_object *live)
{
    const struct store_expect *e = &op->expect;

    if (e->exists && !live)
        return fail_op(p, op, ERR_NOT_FOUND, "not found");
    if (e->absent && live)
        return fail_op(p, op, ERR_EXISTS, "already exists");
    if (e->uid && (!live || memcmp(e->uid, live->uid, sizeof(live->uid)) != 0))
        return fail_op(p, op, ERR_CONFLICT, "the object has another uid: it was made anew");
    if (e->version.len && !str_eq(expected_part(op), str_of(live ? live->version : "")))
        return fail_op(p, op, ERR_CONFLICT, "the object was changed meanwhile; read it again");
    return 0;
}

/* The object that a status row belongs to, or NULL with an error. */
static const struct store_object *owner_of(struct plan *p, const struct store_op *op)
{
    const struct store_object *owner =
        look_live(p, (uint16_t)(op->kind & ~STORE_KIND_STATUS), op->ns, op->name);

    if (!owner)
        fail_op(p, op, ERR_NOT_FOUND, "not found");
    return owner;
}

static bool is_same_spec(const struct store_core *c, const struct store_op *op,
                         const struct store_object *live)
{
    if (!c->options.same_spec)
        return str_eq(op->body, live->body);
    return c->options.same_spec(c->options.same_spec_arg, op->kind, live->body, op->body);
}

static int put(struct plan *p, const struct store_op *op, struct store_result *r)
{
    bool is_status = op->kind & STORE_KIND_STATUS;
    const struct store_object *live = look_live(p, op->kind, op->ns, op->name);
    const struct store_object *owner = is_status ? owner_of(p, op) : NULL;
    struct store_object_init init = {
        .kind = op->kind,
        .ns = op->ns,
        .name = op->name,
        .body = op->body,
        .sealed = op->sealed,
        .generation = 1,
        .created_ms = (int64_t)p->now_ms,
    };
    bool is_new_spec = true;
    int rc;

    r->object = r->previous = live;
    if (is_status && !owner)
        return ERR_NOT_FOUND;
    rc = check_expect(p, op, live);
    if (rc != 0)
        return rc;
    if (live && live->sealed == op->sealed && str_eq(live->body, op->body))
        return 0; /* already so */
    if (is_status) {
        memcpy(init.uid, owner->uid, sizeof(init.uid));
    } else if (live) {
        is_new_spec = !is_same_spec(p->core, op, live);
        init.generation = live->generation + is_new_spec;
        init.created_ms = live->created_ms;
        memcpy(init.uid, live->uid, sizeof(init.uid));
    } else {
        make_uid(p->rng, init.uid);
    }
    r->object = write_row(p, &init, is_new_spec && !is_status && !p->core->options.is_live);
    r->changed = true;
    return 0;
}

static const struct store_object *delete_object(struct plan *p, const struct store_object *live)
{
    const struct store_object *status = NULL;

    if (!(live->kind & STORE_KIND_STATUS))
        status = look(p, live->kind | STORE_KIND_STATUS, live->ns, live->name);
    if (status && !status->dead)
        write_tombstone(p, status);
    return write_tombstone(p, live);
}

static int delete (struct plan *p, const struct store_op *op, struct store_result *r)
{
    const struct store_object *live = look_live(p, op->kind, op->ns, op->name);
    int rc = check_expect(p, op, live);

    r->object = r->previous = live;
    if (rc != 0)
        return rc;
    if (!live)
        return fail_op(p, op, ERR_NOT_FOUND, "not found");
    r->object = delete_object(p, live);
    r->changed = true;
    return 0;
}

/* Deletes o unless it is dead, of another kind or namespace, outdated, or named in keep. */
static bool prune_one(struct plan *p, const struct store_op *op, const struct store_object *o,
                      const struct map *keep)
{
    if (o->kind != op->kind || !str_eq(o->ns, op->ns) || look(p, o->kind, o->ns, o->name) != o)
        return false;
    if (o->dead || map_get(keep, o->key))
        return false;
    delete_object(p, o);
    return true;
}

static void prune(struct plan *p, const struct store_op *op, struct store_result *r)
{
    char bytes[STORE_KEY_MAX_BYTES];
    struct str prefix = str_make(bytes, store_object_key(op->kind, op->ns, STR_NONE, bytes));
    size_t written = p->batch->row_count; /* rows that other transactions of the batch added */
    struct map keep;

    map_init(&keep);
    for (const struct store_op *o = p->txn->ops; o < op; o++) {
        char key[STORE_KEY_MAX_BYTES];
        struct str k = str_make(key, store_object_key(o->kind, o->ns, o->name, key));

        if (o->type == STORE_OP_PUT)
            map_put(&keep, arena_str(&p->txn->arena, k), p);
    }
    for (const struct store_object *o = store_index_after(&p->core->index, prefix);
         o && str_starts(o->key, prefix); o = store_index_after(&p->core->index, o->key))
        r->changed |= prune_one(p, op, o, &keep);
    for (size_t i = 0; i < written; i++)
        r->changed |= prune_one(p, op, p->batch->rows[i].object, &keep);
    map_deinit(&keep);
}

static int check_op(struct plan *p, const struct store_op *op)
{
    const struct store_core *c = p->core;
    struct str name = op->type == STORE_OP_PRUNE ? STR("-") : op->name;
    int rc = store_object_check_key(op->kind, op->ns, name);

    if (rc == 0 && !(op->kind & STORE_KIND_LIVE) != !c->options.is_live)
        rc = ERR_INVALID; /* one class in a transaction */
    if (rc != 0)
        return fail_op(p, op, rc, rc == ERR_LIMIT ? "the name is too long" : "not a valid name");
    if (op->body.len > STORE_BODY_MAX_BYTES)
        return fail_op(p, op, ERR_LIMIT, "the object is larger than 1000000 bytes");
    if (op->sealed && !c->options.can_seal)
        return fail_op(p, op, ERR_UNSUPPORTED, "there is no key to encrypt it with");
    return 0;
}

static int do_op(struct plan *p, const struct store_op *op, struct store_result *r)
{
    int rc = check_op(p, op);

    if (rc != 0)
        return rc;
    switch (op->type) {
    case STORE_OP_PUT:
        return put(p, op, r);
    case STORE_OP_DELETE:
        return delete (p, op, r);
    case STORE_OP_PRUNE:
        prune(p, op, r);
        return 0;
    }
    return ERR_INTERNAL;
}

/* What this transaction has seen: everything here, with the batch as far as it is planned. */
static struct str encode_deps(const struct plan *p)
{
    struct buf bytes;
    struct str deps;

    if (p->core->options.is_live)
        return STR_NONE; /* first in, first out is enough for workloads */
    buf_init(&bytes, 0);
    vv_encode(&p->batch->vv, &bytes);
    deps = arena_str(&p->txn->arena, buf_str(&bytes));
    buf_deinit(&bytes);
    return deps;
}

static bool is_from(const struct store_object *o, uint32_t origin, uint64_t seq)
{
    return o && o->dot.origin == origin && o->dot.seq >= seq;
}

static void plan_local(struct plan *p)
{
    struct store_txn *t = p->txn;
    struct store_batch *b = p->batch;
    uint32_t origin = p->core->options.origin;
    size_t rows = b->row_count;
    uint64_t seq = vv_get(&b->vv, origin), digest = b->digest, hlc = b->hlc;

    t->results = arena_alloc0(&t->arena, t->op_count, sizeof(*t->results));
    if (t->op_count > STORE_TXN_OPS_MAX || t->bytes > STORE_TXN_MAX_BYTES) {
        store_txn_fail(t, ERR_LIMIT, "more than %d objects or %d bytes in one transaction",
                       STORE_TXN_OPS_MAX, STORE_TXN_MAX_BYTES);
        return;
    }
    p->deps = encode_deps(p);
    for (size_t i = 0; i < t->op_count; i++) {
        t->results[i].code = do_op(p, &t->ops[i], &t->results[i]);
        if (t->results[i].code == 0)
            continue;
        /* Nothing of it happened: its seqs are free again, and nobody has seen them. */
        for (size_t j = 0; j < i; j++)
            t->results[j] = (struct store_result){ .code = 0 };
        if (is_from(t->results[i].object, origin, seq + 1))
            t->results[i].object = t->results[i].previous = NULL; /* this transaction's own */
        store_batch_cut_rows(b, rows);
        vv_lower(&b->vv, (struct dot){ origin, seq });
        b->digest = digest;
        b->hlc = hlc;
        return;
    }
    ASSERT(vv_get(&b->vv, origin) == seq + (b->row_count - rows)); /* R1 */
    if (b->row_count > rows + 1)
        store_batch_add_span(b, (struct store_span){ origin, seq + 1, seq + b->row_count - rows });
}

/* ---- what peers wrote ---- */

/* Neither writer had seen the other's row, and they differ. */
static bool is_concurrent(const struct store_object *a, const struct store_object *b)
{
    if (a->dot.origin == b->dot.origin || (a->dead && b->dead) || (a->kind & STORE_KIND_STATUS))
        return false; /* controllers write a status anew, nobody misses a loser */
    if (a->dead == b->dead && str_eq(a->body, b->body))
        return false;
    return !vv_encoded_covers(a->deps, b->dot) && !vv_encoded_covers(b->deps, a->dot);
}

static void merge_row(struct plan *p, const struct store_object_init *init)
{
    struct store_core *c = p->core;
    const struct store_object *here = look(p, init->kind, init->ns, init->name);
    struct store_object *o = store_object_new(init);
    bool wins = !here || store_object_beats(o, here);

    if (!c->options.is_live && here && is_concurrent(o, here))
        store_batch_add_loss(p->batch, wins ? here : o, wins ? o->dot : here->dot);
    if (wins)
        add_row(p, o,
                !c->options.is_live && !o->dead && !(o->kind & STORE_KIND_STATUS) &&
                    (!here || here->dead || here->generation != o->generation));
    p->batch->hlc = hlc_max(p->batch->hlc, o->hlc);
    c->hlc = hlc_max(c->hlc, o->hlc); /* R5: of everything received */
    store_object_unref(o);
}

/* Refuses what must not come in at all: a clock far ahead, rows of the other class, rows we cannot
 * keep secret, and our own name. */
static int check_rows(struct plan *p)
{
    const struct store_core *c = p->core;
    struct store_txn *t = p->txn;

    for (size_t i = 0; i < t->push.count; i++) {
        const struct store_object_init *r = &t->push.list[i];

        if (hlc_is_too_far(r->hlc, p->now_ms))
            store_txn_fail(t, ERR_INVALID, "the peer's clock is more than an hour ahead");
        else if (!(r->kind & STORE_KIND_LIVE) != !c->options.is_live)
            store_txn_fail(t, ERR_INVALID, "a row of the other class");
        else if (r->sealed && !c->options.can_seal)
            store_txn_fail(t, ERR_UNSUPPORTED, "there is no key to encrypt it with");
        else if (r->dot.origin == c->options.origin && !vv_covers_dot(&p->batch->vv, r->dot))
            store_txn_fail(t, ERR_CONFLICT, "a peer has writes of ours that are not here"); /* R1 */
    }
    return t->code;
}

static void plan_push(struct plan *p)
{
    struct store_txn *t = p->txn;
    struct store_batch *b = p->batch;
    uint64_t have = vv_get(&b->vv, t->push.origin);
    struct vv deps;
    bool ready;

    if (t->push.last <= have || check_rows(p) != 0)
        return; /* here already: fine */
    vv_init(&deps);
    ready = (t->push.deps.len == 0 || vv_decode(&deps, t->push.deps) == 0) &&
            vv_covers(&b->vv, &deps) && t->push.first == have + 1; /* R3 */
    vv_deinit(&deps);
    if (!ready) {
        store_txn_fail(t, ERR_AGAIN, "something before it is missing here");
        return;
    }
    if (vv_raise(&b->vv, (struct dot){ t->push.origin, t->push.last }) != 0) {
        store_txn_fail(t, ERR_LIMIT, "more than %d origins", VV_ENTRIES_MAX);
        return;
    }
    for (size_t i = 0; i < t->push.count; i++)
        merge_row(p, &t->push.list[i]);
    if (t->push.count > 1)
        store_batch_add_span(b, (struct store_span){ t->push.origin, t->push.first, t->push.last });
}

static void plan_delta(struct plan *p)
{
    struct store_txn *t = p->txn;
    struct vv merged;

    if (check_rows(p) != 0)
        return;
    vv_init(&merged);
    vv_copy(&merged, &p->batch->vv);
    if (vv_merge(&merged, &t->claim) != 0) {
        store_txn_fail(t, ERR_LIMIT, "more than %d origins", VV_ENTRIES_MAX);
    } else {
        for (size_t i = 0; i < t->push.count; i++) {
            if (!vv_covers_dot(&p->batch->vv, t->push.list[i].dot)) /* R4 */
                merge_row(p, &t->push.list[i]);
        }
        vv_copy(&p->batch->vv, &merged);
    }
    vv_deinit(&merged);
}

void store_plan(struct store_core *c, struct store_batch *b, struct store_txn *t, uint64_t now_ms,
                struct random *rng)
{
    struct plan p = { .core = c, .batch = b, .txn = t, .now_ms = now_ms, .rng = rng };

    t->code = 0;
    switch (t->type) {
    case STORE_TXN_LOCAL:
        plan_local(&p);
        break;
    case STORE_TXN_PUSH:
        plan_push(&p);
        break;
    case STORE_TXN_DELTA:
        plan_delta(&p);
        break;
    }
}
