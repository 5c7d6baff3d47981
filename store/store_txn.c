#include "store/store_txn.h"

#include "core/base/error.h"
#include "core/base/mem.h"

static struct store_txn *txn_of(enum store_txn_type type)
{
    struct store_txn *t = mem_alloc0(1, sizeof(*t));

    t->type = type;
    t->text = "";
    arena_init(&t->arena, 0);
    vv_init(&t->claim);
    return t;
}

struct store_txn *store_txn_new(void)
{
    return txn_of(STORE_TXN_LOCAL);
}

void store_txn_free(struct store_txn *t)
{
    if (!t)
        return;
    list_remove(&t->link);
    vv_deinit(&t->claim);
    arena_deinit(&t->arena);
    mem_free(t->ops);
    mem_free(t);
}

void store_txn_set_user(struct store_txn *t, struct str user)
{
    t->user = arena_str(&t->arena, user);
}

static struct store_op *add_op(struct store_txn *t, enum store_op_type type, uint16_t kind,
                               struct str ns, struct str name)
{
    struct store_op *op;

    if (t->op_count == t->op_cap) {
        t->op_cap = t->op_cap ? t->op_cap * 2 : 4;
        t->ops = mem_resize(t->ops, t->op_cap, sizeof(*t->ops));
    }
    op = &t->ops[t->op_count++];
    *op = (struct store_op){
        .type = type,
        .kind = kind,
        .ns = arena_str(&t->arena, ns),
        .name = arena_str(&t->arena, name),
    };
    return op;
}

static void set_expect(struct store_txn *t, struct store_op *op, const struct store_expect *expect)
{
    if (!expect)
        return;
    op->expect = *expect;
    op->expect.version = arena_str(&t->arena, expect->version);
    if (expect->uid)
        op->expect.uid = arena_dup(&t->arena, expect->uid, 16);
}

void store_txn_put(struct store_txn *t, uint16_t kind, struct str ns, struct str name,
                   struct str body, bool sealed, const struct store_expect *expect)
{
    struct store_op *op = add_op(t, STORE_OP_PUT, kind, ns, name);

    op->body = arena_str(&t->arena, body);
    op->sealed = sealed;
    t->bytes += body.len;
    set_expect(t, op, expect);
}

void store_txn_delete(struct store_txn *t, uint16_t kind, struct str ns, struct str name,
                      const struct store_expect *expect)
{
    set_expect(t, add_op(t, STORE_OP_DELETE, kind, ns, name), expect);
}

void store_txn_prune(struct store_txn *t, uint16_t kind, struct str ns)
{
    add_op(t, STORE_OP_PRUNE, kind, ns, STR_NONE);
}

int store_txn_new_push(struct store_txn **out, struct str bytes)
{
    struct store_txn *t = txn_of(STORE_TXN_PUSH);
    int rc = record_txn_decode(&t->push, arena_str(&t->arena, bytes), &t->arena);

    if (rc != 0) {
        store_txn_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

/* Rows come in the order they were written, each covered by what is claimed. */
static bool is_row_in_order(const struct store_object_init *rows, size_t i, const struct vv *claim)
{
    struct dot d = rows[i].dot;

    if (i > 0 && (rows[i - 1].dot.origin > d.origin ||
                  (rows[i - 1].dot.origin == d.origin && rows[i - 1].dot.seq >= d.seq)))
        return false;
    return vv_covers_dot(claim, d);
}

int store_txn_new_delta(struct store_txn **out, const struct store_object_init *rows, size_t count,
                        const struct vv *claim)
{
    struct store_txn *t = txn_of(STORE_TXN_DELTA);

    t->push.list = arena_alloc0(&t->arena, count, sizeof(*t->push.list));
    t->push.count = count;
    vv_copy(&t->claim, claim);
    for (size_t i = 0; i < count; i++) {
        struct store_object_init *r = &t->push.list[i];

        if (!is_row_in_order(rows, i, claim) ||
            store_object_check_key(rows[i].kind, rows[i].ns, rows[i].name) != 0) {
            store_txn_free(t);
            return ERR_INVALID;
        }
        *r = rows[i];
        r->ns = arena_str(&t->arena, r->ns);
        r->name = arena_str(&t->arena, r->name);
        r->body = arena_str(&t->arena, r->body);
        r->deps = arena_str(&t->arena, r->deps);
    }
    *out = t;
    return 0;
}

void store_txn_fail(struct store_txn *t, int code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    t->text = arena_vprintf(&t->arena, fmt, ap).p;
    va_end(ap);
    t->code = code;
}
