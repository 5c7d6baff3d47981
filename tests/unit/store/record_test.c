#include "store/record.h"

#include "core/base/error.h"
#include "store/vv.h"
#include "tests/tap.h"

static const struct store_object_init sample = {
    .kind = 7,
    .ns = STR_INIT("default"),
    .name = STR_INIT("reviews"),
    .body = STR_INIT("{\"spec\":{}}"),
    .sealed = true,
    .dot = { 5, 9 },
    .hlc = 123456789,
    .generation = 3,
    .created_ms = 1700000000000,
    .uid = { 1, 2, 3 },
};

static void a_record_round_trips(void)
{
    struct store_object_init back, with = sample;
    struct buf b;
    struct packing_in in;

    with.deps = STR("\x01\x05\x08");
    buf_init(&b, 0);
    record_encode(&with, &b);
    in = packing_in_of(buf_str(&b));
    if (EQ_INT(record_decode(&in, &back), 0)) {
        EQ_UINT(packing_left(&in), 0);
        EQ_INT(back.kind, 7);
        OK(str_eq(back.ns, with.ns) && str_eq(back.name, with.name) &&
           str_eq(back.body, with.body));
        OK(str_eq(back.deps, with.deps));
        OK(back.sealed && !back.dead);
        OK(dot_eq(back.dot, with.dot));
        EQ_UINT(back.hlc, with.hlc);
        EQ_UINT(back.generation, 3);
        EQ_INT(back.created_ms, with.created_ms);
        EQ_MEM(back.uid, 16, with.uid, 16);
    }
    buf_deinit(&b);
}

/* Cutting a record anywhere, or adding to it, is seen. */
static void every_cut_is_seen(void)
{
    struct store_object_init list[2] = { sample, sample };
    struct record_txn t = { .origin = 5, .first = 9, .last = 10, .list = list, .count = 2 }, back;
    struct arena arena;
    struct buf b;

    list[1].dot.seq = 10;
    t.deps = STR("\x01\x05\x08");
    buf_init(&b, 0);
    arena_init(&arena, 0);
    record_txn_encode(&t, &b);
    EQ_INT(record_txn_decode(&back, buf_str(&b), &arena), 0);
    EQ_UINT(back.last, 10);
    OK(str_eq(back.list[1].deps, t.deps));
    for (size_t len = 0; len < buf_len(&b); len++) {
        if (!EQ_INT(record_txn_decode(&back, str_head(buf_str(&b), len), &arena), ERR_INVALID))
            NOTE("length %zu", len);
    }
    buf_add_char(&b, 0);
    EQ_INT(record_txn_decode(&back, buf_str(&b), &arena), ERR_INVALID);
    buf_deinit(&b);
    arena_deinit(&arena);
}

static int decode(const struct store_object_init *r)
{
    struct store_object_init back;
    struct packing_in in;
    struct buf b;
    int rc;

    buf_init(&b, 0);
    record_encode(r, &b);
    in = packing_in_of(buf_str(&b));
    rc = record_decode(&in, &back);
    buf_deinit(&b);
    return rc;
}

static void impossible_records_are_refused(void)
{
    struct store_object_init r = sample;

    EQ_INT(decode(&r), 0);
    r.kind = 0;
    EQ_INT(decode(&r), ERR_INVALID);
    r = sample;
    r.name = STR_NONE;
    EQ_INT(decode(&r), ERR_INVALID);
    r.name = STR("a\0b");
    EQ_INT(decode(&r), ERR_INVALID);
    r = sample;
    r.dead = true; /* with a body */
    EQ_INT(decode(&r), ERR_INVALID);
    r.body = STR_NONE;
    EQ_INT(decode(&r), 0);
    r.dot.seq = 0;
    EQ_INT(decode(&r), ERR_INVALID);
    r = sample;
    r.hlc = 1ULL << 63;
    EQ_INT(decode(&r), ERR_INVALID);
    r = sample;
    r.deps = STR("\x01\x00\x00");
    EQ_INT(decode(&r), ERR_INVALID);
}

static void seqs_must_follow(void)
{
    struct store_object_init list[2] = { sample, sample };
    struct record_txn t = { .origin = 5, .first = 9, .list = list, .count = 2 }, back;
    struct arena arena;
    struct buf b;

    list[1].dot.seq = 11; /* 10 is missing */
    buf_init(&b, 0);
    arena_init(&arena, 0);
    record_txn_encode(&t, &b);
    EQ_INT(record_txn_decode(&back, buf_str(&b), &arena), ERR_INVALID);
    buf_clear(&b);
    packing_put_u64(&b, 5);
    packing_put_u64(&b, 1);
    packing_put_u64(&b, RECORD_TXN_MAX); /* said to be many, is none */
    packing_put_str(&b, STR_NONE);
    EQ_INT(record_txn_decode(&back, buf_str(&b), &arena), ERR_INVALID);
    EQ_UINT(arena.used_bytes, 2 * sizeof(sample)); /* of the first case only */
    buf_deinit(&b);
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "a_record_round_trips", a_record_round_trips },
    { "every_cut_is_seen", every_cut_is_seen },
    { "impossible_records_are_refused", impossible_records_are_refused },
    { "seqs_must_follow", seqs_must_follow },
};

TAP_MAIN(cases)
