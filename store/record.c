#include "store/record.h"

#include "core/base/error.h"
#include "store/vv.h"

enum { FLAG_DEAD = 1, FLAG_SEALED = 2, FLAG_DEPS = 4, FLAGS_ALL = 7 };

#define RECORD_SEAL_BYTES 256  /* what encryption may add to a body */
#define DEPS_MAX_BYTES    4096 /* VV_ENTRIES_MAX entries */

static void encode_with(const struct store_object_init *r, struct str deps, struct buf *out)
{
    unsigned int flags =
        (r->dead ? FLAG_DEAD : 0U) | (r->sealed ? FLAG_SEALED : 0U) | (deps.len ? FLAG_DEPS : 0U);

    packing_put_u64(out, r->kind);
    packing_put_str(out, r->ns);
    packing_put_str(out, r->name);
    buf_add(out, r->uid, sizeof(r->uid));
    packing_put_u64(out, flags);
    packing_put_u64(out, r->generation);
    packing_put_u64(out, (uint64_t)r->created_ms);
    packing_put_u64(out, r->hlc);
    packing_put_u64(out, r->dot.origin);
    packing_put_u64(out, r->dot.seq);
    packing_put_u64(out, 0);
    if (deps.len)
        packing_put_str(out, deps);
    packing_put_str(out, r->body);
}

void record_encode(const struct store_object_init *r, struct buf *out)
{
    encode_with(r, r->deps, out);
}

/* A vector in its only form, or nothing. */
static struct str get_deps(struct packing_in *in)
{
    struct str deps = packing_get_str(in, DEPS_MAX_BYTES);
    struct vv v;

    vv_init(&v);
    if (deps.len && vv_decode(&v, deps) != 0)
        in->bad = true;
    vv_deinit(&v);
    return deps;
}

static void check(struct packing_in *in, const struct store_object_init *r)
{
    if (in->bad)
        return;
    if (store_object_check_key(r->kind, r->ns, r->name) != 0 || r->dot.origin == 0 ||
        r->dot.seq == 0 || r->hlc == 0)
        in->bad = true;
    if (r->dead && r->body.len > 0)
        in->bad = true;
}

int record_decode(struct packing_in *in, struct store_object_init *out)
{
    struct store_object_init r = { 0 };
    uint64_t flags;
    struct str uid;

    r.kind = (uint16_t)packing_get_u64(in, UINT16_MAX);
    r.ns = packing_get_str(in, STORE_NS_MAX_BYTES);
    r.name = packing_get_str(in, STORE_NAME_MAX_BYTES);
    uid = packing_get_bytes(in, sizeof(r.uid));
    if (uid.len)
        memcpy(r.uid, uid.p, uid.len);
    flags = packing_get_u64(in, FLAGS_ALL);
    r.dead = flags & FLAG_DEAD;
    r.sealed = flags & FLAG_SEALED;
    r.generation = packing_get_u64(in, INT64_MAX);
    r.created_ms = (int64_t)packing_get_u64(in, INT64_MAX);
    r.hlc = packing_get_u64(in, INT64_MAX); /* SQLite's integers are signed */
    r.dot.origin = (uint32_t)packing_get_u64(in, UINT32_MAX);
    r.dot.seq = packing_get_u64(in, INT64_MAX);
    packing_get_u64(in, 0);
    if (flags & FLAG_DEPS) {
        r.deps = get_deps(in);
        if (r.deps.len == 0)
            in->bad = true; /* said to be there */
    }
    r.body = packing_get_str(in, STORE_BODY_MAX_BYTES + RECORD_SEAL_BYTES);
    check(in, &r);
    if (in->bad)
        return ERR_INVALID;
    *out = r;
    return 0;
}

struct store_object_init record_of(const struct store_object *o)
{
    struct store_object_init r = {
        .kind = o->kind,
        .ns = o->ns,
        .name = o->name,
        .body = o->body,
        .deps = o->deps,
        .dead = o->dead,
        .sealed = o->sealed,
        .dot = o->dot,
        .hlc = o->hlc,
        .generation = o->generation,
        .created_ms = o->created_ms,
    };

    memcpy(r.uid, o->uid, sizeof(r.uid));
    return r;
}

void record_txn_encode(const struct record_txn *t, struct buf *out)
{
    packing_put_u64(out, t->origin);
    packing_put_u64(out, t->first);
    packing_put_u64(out, t->count);
    packing_put_str(out, t->deps);
    for (size_t i = 0; i < t->count; i++)
        encode_with(&t->list[i], STR_NONE, out);
}

/* The records of t behind its head; false when one does not belong. */
static bool get_list(struct packing_in *in, struct record_txn *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct store_object_init *r = &t->list[i];

        if (record_decode(in, r) != 0)
            return false;
        if (r->dot.origin != t->origin || r->dot.seq != t->first + i || r->deps.len)
            return false;
        r->deps = t->deps;
    }
    return packing_left(in) == 0;
}

int record_txn_decode(struct record_txn *out, struct str bytes, struct arena *arena)
{
    struct packing_in in = packing_in_of(bytes);
    struct record_txn t = { 0 };

    t.origin = (uint32_t)packing_get_u64(&in, UINT32_MAX);
    t.first = packing_get_u64(&in, INT64_MAX);
    t.count = (size_t)packing_get_u64(&in, RECORD_TXN_MAX);
    t.deps = get_deps(&in);
    /* A record has 28 bytes at least; the count must not make us allocate for what is not there. */
    if (in.bad || t.first == 0 || t.count == 0 || t.count > packing_left(&in) / 28)
        return ERR_INVALID;
    t.last = t.first + t.count - 1;
    t.list = arena_alloc0(arena, t.count, sizeof(*t.list));
    if (!get_list(&in, &t))
        return ERR_INVALID;
    *out = t;
    return 0;
}
