#include "store/store_core.h"

#include <errno.h>

#include "core/base/error.h"
#include "store/hlc.h"
#include "store/store_object.h"
#include "tests/tap.h"
#include "tests/unit/support/core_rig.h"

#define STATUS (1 | STORE_KIND_STATUS)

static struct core_rig rig, peer;

static void begin(void)
{
    core_rig_init(&rig, 100, false);
    core_rig_init(&peer, 200, false);
}

static void end(void)
{
    EQ_INT(store_core_check(&rig.core), 0);
    EQ_INT(store_core_check(&peer.core), 0);
    core_rig_deinit(&rig);
    core_rig_deinit(&peer);
}

/* ---- local writes ---- */

static void a_put_makes_and_replaces(void)
{
    const struct store_object *o;
    uint8_t uid[16];
    int64_t created;

    begin();
    EQ_INT(core_rig_put(&rig, "a", "{1}"), 0);
    o = core_rig_get(&rig, "a");
    if (!OK(o))
        return;
    EQ_UINT(o->generation, 1);
    EQ_UINT(o->dot.seq, 1);
    EQ_INT(o->uid[6] >> 4, 4);
    memcpy(uid, o->uid, 16);
    created = o->created_ms;
    rig.now_ms += 5000;
    EQ_INT(core_rig_put(&rig, "a", "{2}"), 0);
    o = core_rig_get(&rig, "a");
    EQ_UINT(o->generation, 2);
    EQ_UINT(o->dot.seq, 2);
    EQ_INT(o->created_ms, created);
    EQ_MEM(o->uid, 16, uid, 16);
    OK(str_is(o->body, "{2}"));
    OK(rig.results[0].changed);
    end();
}

static void the_same_again_changes_nothing(void)
{
    begin();
    core_rig_put(&rig, "a", "{1}");
    EQ_INT(rig.persists, 1);
    EQ_INT(core_rig_put(&rig, "a", "{1}"), 0);
    OK(!rig.results[0].changed);
    EQ_INT(rig.persists, 1); /* and costs no commit */
    EQ_UINT(vv_get(&rig.core.vv, 100), 1);
    end();
}

static void an_old_version_is_a_conflict(void)
{
    char version[DOT_TEXT_BYTES];

    begin();
    core_rig_put(&rig, "a", "{1}");
    memcpy(version, core_rig_get(&rig, "a")->version, sizeof(version));
    EQ_INT(core_rig_put_at(&rig, "a", "{2}", version), 0);
    EQ_INT(core_rig_put_at(&rig, "a", "{3}", version), ERR_CONFLICT);
    EQ_PTR(rig.results[0].object, core_rig_get(&rig, "a"));
    HAS_STR(rig.text, "changed meanwhile");
    EQ_INT(core_rig_put_at(&rig, "none", "{3}", version), ERR_CONFLICT);
    EQ_INT(core_rig_put_at(&rig, "a", "{3}", "nonsense"), ERR_CONFLICT);
    OK(str_is(core_rig_get(&rig, "a")->body, "{2}"));
    end();
}

static int put_with(const char *name, const struct store_expect *expect)
{
    struct store_txn *t = store_txn_new();

    store_txn_put(t, 1, STR("ns"), str_of(name), STR("{x}"), false, expect);
    return core_rig_write(&rig, t);
}

static void conditions_are_checked(void)
{
    const uint8_t uid[16] = { 1 };

    begin();
    EQ_INT(put_with("a", &(struct store_expect){ .exists = true }), ERR_NOT_FOUND);
    EQ_INT(put_with("a", &(struct store_expect){ .absent = true }), 0);
    EQ_INT(put_with("a", &(struct store_expect){ .absent = true }), ERR_EXISTS);
    EQ_INT(put_with("a", &(struct store_expect){ .uid = uid }), ERR_CONFLICT);
    EQ_INT(put_with("a", &(struct store_expect){ .uid = core_rig_get(&rig, "a")->uid }), 0);
    EQ_INT(core_rig_delete(&rig, "nobody"), ERR_NOT_FOUND);
    HAS_STR(rig.text, "\"nobody\": not found");
    end();
}

static void a_deleted_object_stays_as_a_tombstone(void)
{
    const struct store_object *o;
    uint8_t uid[16];

    begin();
    core_rig_put(&rig, "a", "{1}");
    core_rig_put(&rig, "a", "{2}");
    memcpy(uid, core_rig_get(&rig, "a")->uid, 16);
    EQ_INT(core_rig_delete(&rig, "a"), 0);
    o = core_rig_get(&rig, "a");
    OK(o->dead && o->body.len == 0);
    EQ_MEM(o->uid, 16, uid, 16);
    EQ_INT(core_rig_delete(&rig, "a"), ERR_NOT_FOUND);
    EQ_INT(core_rig_put(&rig, "a", "{3}"), 0);
    o = core_rig_get(&rig, "a");
    EQ_UINT(o->generation, 1);
    OK(memcmp(o->uid, uid, 16) != 0); /* another object of that name */
    end();
}

static int put_status(const char *name, const char *body, const char *version)
{
    struct store_txn *t = store_txn_new();
    struct store_expect expect = { .version = str_of(version) };

    store_txn_put(t, STATUS, STR("ns"), str_of(name), str_of(body), false, &expect);
    return core_rig_write(&rig, t);
}

static void status_is_apart_from_spec(void)
{
    char spec[DOT_TEXT_BYTES], both[2 * DOT_TEXT_BYTES];

    begin();
    EQ_INT(put_status("a", "{s}", NULL), ERR_NOT_FOUND);
    core_rig_put(&rig, "a", "{1}");
    memcpy(spec, core_rig_get(&rig, "a")->version, sizeof(spec));
    EQ_INT(put_status("a", "{s1}", spec), 0); /* read when there was no status */
    EQ_INT(put_status("a", "{s2}", spec), ERR_CONFLICT);
    snprintf(both, sizeof(both), "%s.%s", spec, core_rig_get_kind(&rig, STATUS, "a")->version);
    EQ_INT(core_rig_put_at(&rig, "a", "{2}", both), 0); /* a status write does not disturb */
    EQ_UINT(core_rig_get(&rig, "a")->generation, 2);
    EQ_INT(put_status("a", "{s2}", both), 0); /* nor does a spec write */
    EQ_MEM(core_rig_get_kind(&rig, STATUS, "a")->uid, 16, core_rig_get(&rig, "a")->uid, 16);
    EQ_INT(core_rig_delete(&rig, "a"), 0);
    OK(core_rig_get_kind(&rig, STATUS, "a")->dead);
    core_rig_put(&rig, "a", "{3}");
    EQ_INT(put_status("a", "{s2}", core_rig_get(&rig, "a")->version), 0); /* begins anew */
    end();
}

static bool same_spec(void *arg, uint16_t kind, struct str a, struct str b)
{
    (void)arg;
    (void)kind;
    return str_eq(str_cut(&a, ';'), str_cut(&b, ';'));
}

static void generation_follows_the_spec_only(void)
{
    begin();
    rig.core.options.same_spec = same_spec;
    core_rig_put(&rig, "a", "spec;label1");
    core_rig_put(&rig, "a", "spec;label2");
    EQ_UINT(core_rig_get(&rig, "a")->generation, 1);
    EQ_UINT(core_rig_get(&rig, "a")->dot.seq, 2);
    core_rig_put(&rig, "a", "other;label2");
    EQ_UINT(core_rig_get(&rig, "a")->generation, 2);
    end();
}

static void a_transaction_is_all_or_nothing(void)
{
    struct store_txn *t = store_txn_new();

    begin();
    core_rig_put(&rig, "old", "{1}");
    store_txn_put(t, 1, STR("ns"), STR("a"), STR("{1}"), false, NULL);
    store_txn_delete(t, 1, STR("ns"), STR("old"), NULL);
    store_txn_put(t, 1, STR("ns"), STR("a"), STR("{2}"), false,
                  &(struct store_expect){ .absent = true });
    EQ_INT(core_rig_write(&rig, t), ERR_EXISTS); /* it sees its own first write */
    EQ_PTR(rig.results[2].object, NULL);         /* which never was */
    EQ_INT(rig.results[2].code, ERR_EXISTS);
    EQ_INT(rig.results[0].code, 0);
    OK(!rig.results[0].changed);
    EQ_PTR(core_rig_get(&rig, "a"), NULL);
    OK(!core_rig_get(&rig, "old")->dead);
    EQ_UINT(vv_get(&rig.core.vv, 100), 1);
    core_rig_put(&rig, "b", "{1}");
    EQ_UINT(core_rig_get(&rig, "b")->dot.seq, 2); /* R1: no hole */
    end();
}

static void prune_leaves_what_was_put(void)
{
    struct store_txn *t;

    begin();
    core_rig_put(&rig, "a", "{1}");
    core_rig_put(&rig, "b", "{1}");
    core_rig_put(&rig, "c", "{1}");
    t = store_txn_new();
    store_txn_put(t, 1, STR("ns"), STR("b"), STR("{1}"), false, NULL); /* as it is */
    store_txn_put(t, 1, STR("ns"), STR("d"), STR("{1}"), false, NULL);
    store_txn_put(t, 1, STR("other"), STR("a"), STR("{1}"), false, NULL);
    store_txn_prune(t, 1, STR("ns"));
    EQ_INT(core_rig_write(&rig, t), 0);
    OK(core_rig_get(&rig, "a")->dead && core_rig_get(&rig, "c")->dead);
    OK(!core_rig_get(&rig, "b")->dead && !core_rig_get(&rig, "d")->dead);
    EQ_UINT(core_rig_get(&rig, "b")->dot.seq, 2);
    t = store_txn_new();
    store_txn_prune(t, 1, STR("nothing-here"));
    EQ_INT(core_rig_write(&rig, t), 0);
    OK(!rig.results[0].changed);
    end();
}

static void what_waits_shares_a_commit(void)
{
    begin();
    rig.is_manual = true;
    core_rig_put(&rig, "a", "{1}");
    core_rig_put(&rig, "b", "{1}");
    core_rig_put(&rig, "b", "{2}");
    core_rig_delete(&rig, "b");
    EQ_INT(rig.persists, 1);
    EQ_INT(rig.replies, 0);
    EQ_PTR(core_rig_get(&rig, "a"), NULL); /* R2: not durable, not visible */
    core_rig_commit(&rig, 0, false);
    EQ_INT(rig.replies, 1);
    EQ_INT(rig.persists, 2);
    OK(core_rig_get(&rig, "a"));
    EQ_PTR(core_rig_get(&rig, "b"), NULL);
    core_rig_commit(&rig, 0, false);
    EQ_INT(rig.replies, 4);
    EQ_INT(rig.persists, 2);
    OK(core_rig_get(&rig, "b")->dead);
    EQ_UINT(vv_get(&rig.core.vv, 100), 4);
    end();
}

/* A prune must see what another transaction of the same commit put there. */
static void a_batch_behaves_as_single_commits(void)
{
    struct store_txn *t = store_txn_new();

    begin();
    rig.is_manual = true;
    core_rig_put(&rig, "first", "{}");
    core_rig_put(&rig, "a", "{1}");
    core_rig_put_at(&rig, "a", "{2}", "nonsense"); /* fails, and takes nothing along */
    store_txn_put(t, 1, STR("ns"), STR("b"), STR("{1}"), false, NULL);
    store_txn_prune(t, 1, STR("ns"));
    core_rig_write(&rig, t);
    core_rig_commit(&rig, 0, false);
    core_rig_commit(&rig, 0, false);
    EQ_INT(rig.replies, 4);
    OK(core_rig_get(&rig, "a")->dead && core_rig_get(&rig, "first")->dead);
    OK(!core_rig_get(&rig, "b")->dead);
    end();
}

static void a_failed_commit_leaves_no_trace(void)
{
    begin();
    core_rig_put(&rig, "a", "{1}");
    rig.is_manual = true;
    core_rig_put(&rig, "a", "{2}");
    core_rig_commit(&rig, -ENOSPC, false);
    EQ_INT(rig.code, -ENOSPC);
    EQ_INT(rig.results[0].code, -ENOSPC);
    OK(str_is(core_rig_get(&rig, "a")->body, "{1}"));
    EQ_UINT(vv_get(&rig.core.vv, 100), 1);
    rig.is_manual = false;
    EQ_INT(core_rig_put(&rig, "a", "{3}"), 0); /* there is space again */
    EQ_UINT(core_rig_get(&rig, "a")->dot.seq, 2);
    EQ_UINT(rig.changed, 2);
    end();
}

static void after_a_failed_sync_nothing_is_written(void)
{
    begin();
    rig.is_manual = true;
    core_rig_put(&rig, "a", "{1}");
    core_rig_put(&rig, "b", "{1}");
    core_rig_commit(&rig, -EIO, true);
    EQ_INT(rig.replies, 2);
    EQ_INT(rig.persists, 1);
    EQ_INT(core_rig_put(&rig, "c", "{1}"), -EIO);
    HAS_STR(rig.text, "restart");
    EQ_INT(rig.persists, 1);
    end();
}

static void limits_are_answered(void)
{
    static char name[STORE_NAME_MAX_BYTES + 2];
    struct store_txn *t;

    begin();
    memset(name, 'x', sizeof(name) - 1);
    EQ_INT(core_rig_put(&rig, name, "{}"), ERR_LIMIT);
    name[STORE_NAME_MAX_BYTES] = '\0';
    EQ_INT(core_rig_put(&rig, name, "{}"), 0);
    EQ_INT(core_rig_put(&rig, "", "{}"), ERR_INVALID);
    t = store_txn_new();
    store_txn_put(t, 1, STR("ns"), STR("s"), STR("{}"), true, NULL);
    EQ_INT(core_rig_write(&rig, t), ERR_UNSUPPORTED); /* no key */
    t = store_txn_new();
    store_txn_put(t, 1 | STORE_KIND_LIVE, STR("ns"), STR("s"), STR("{}"), false, NULL);
    EQ_INT(core_rig_write(&rig, t), ERR_INVALID); /* the other class */
    rig.is_manual = true;
    for (int i = 0; i < 65; i++)
        core_rig_put(&rig, "a", i % 2 ? "{1}" : "{2}");
    core_rig_put(&rig, "a", "{3}"); /* one at the disk, 64 wait */
    EQ_INT(rig.code, ERR_OVERLOAD);
    core_rig_event(&rig, STORE_EVENT_CLOSE);
    EQ_INT(rig.code, ERR_CLOSED);
    core_rig_commit(&rig, 0, false);
    EQ_INT(rig.code, 0); /* what was at the disk is done */
    EQ_INT(core_rig_put(&rig, "b", "{}"), ERR_CLOSED);
    end();
}

static void tombstones_are_forgotten_when_old(void)
{
    begin();
    core_rig_put(&rig, "a", "{1}");
    core_rig_put(&rig, "b", "{1}");
    core_rig_delete(&rig, "a");
    core_rig_delete(&rig, "b");
    core_rig_put(&rig, "b", "{2}");
    core_rig_event(&rig, STORE_EVENT_TICK);
    OK(core_rig_get(&rig, "a"));
    rig.now_ms += 600001;
    core_rig_event(&rig, STORE_EVENT_TICK);
    EQ_PTR(core_rig_get(&rig, "a"), NULL);
    OK(str_is(core_rig_get(&rig, "b")->body, "{2}"));
    EQ_UINT(vv_get(&rig.core.purged_vv, 100), 3);
    EQ_UINT(rig.core.grave_count, 0);
    end();
}

static void others_must_have_a_tombstone_first(void)
{
    struct dot d = { 100, 2 };

    begin();
    core_rig_put(&rig, "a", "{1}");
    core_rig_delete(&rig, "a");
    rig.core.is_alone = false;
    rig.now_ms += 600001;
    core_rig_event(&rig, STORE_EVENT_TICK);
    OK(core_rig_get(&rig, "a")); /* R6 */
    vv_raise(&rig.core.stable, d);
    vv_raise(&rig.core.stable, (struct dot){ 7, 1 }); /* they know of something we have not */
    core_rig_event(&rig, STORE_EVENT_TICK);
    OK(core_rig_get(&rig, "a"));
    vv_lower(&rig.core.stable, (struct dot){ 7, 0 });
    core_rig_event(&rig, STORE_EVENT_TICK);
    EQ_PTR(core_rig_get(&rig, "a"), NULL);
    end();
}

/* ---- peers ---- */

static int capture(void *arg, const struct store_batch *b, bool *is_broken)
{
    struct buf *out = arg;
    struct store_object_init list[16];
    struct record_txn t = { .list = list, .count = b->row_count };

    *is_broken = false;
    for (size_t i = 0; i < b->row_count && i < 16; i++)
        list[i] = record_of(b->rows[i].object);
    if (b->row_count == 0)
        return 0;
    t.origin = list[0].dot.origin;
    t.first = list[0].dot.seq;
    t.deps = list[0].deps;
    buf_clear(out);
    record_txn_encode(&t, out);
    return 0;
}

static int push(struct core_rig *to, const struct buf *bytes)
{
    struct store_txn *t;

    if (!EQ_INT(store_txn_new_push(&t, buf_str(bytes)), 0))
        return ERR_INTERNAL;
    return core_rig_write(to, t);
}

struct wire {
    struct buf a, b; /* the last transaction of rig and of peer */
};

static void begin_wire(struct wire *w)
{
    begin();
    buf_init(&w->a, 0);
    buf_init(&w->b, 0);
    rig.persist = peer.persist = capture;
    rig.arg = &w->a;
    peer.arg = &w->b;
}

static void end_wire(struct wire *w)
{
    buf_deinit(&w->a);
    buf_deinit(&w->b);
    end();
}

/* Copies what a rig sent last, since its buffer is reused. */
static struct buf keep(const struct buf *b)
{
    struct buf copy;

    buf_init(&copy, 0);
    buf_add_str(&copy, buf_str(b));
    return copy;
}

static void a_push_arrives_as_it_was(void)
{
    const struct store_object *a, *b;
    struct wire w;

    begin_wire(&w);
    core_rig_put(&rig, "a", "{1}");
    EQ_INT(push(&peer, &w.a), 0);
    a = core_rig_get(&rig, "a");
    b = core_rig_get(&peer, "a");
    if (OK(b)) {
        OK(dot_eq(a->dot, b->dot));
        EQ_UINT(store_object_digest(a), store_object_digest(b));
        EQ_UINT(rig.core.digest, peer.core.digest);
        OK(peer.core.hlc >= a->hlc);
    }
    EQ_INT(push(&peer, &w.a), 0); /* twice is once */
    EQ_UINT(vv_get(&peer.core.vv, 100), 1);
    EQ_INT(peer.persists, 1);
    end_wire(&w);
}

static void a_gap_asks_for_a_pull(void)
{
    struct buf first, second;
    struct wire w;

    begin_wire(&w);
    core_rig_put(&rig, "a", "{1}");
    first = keep(&w.a);
    core_rig_put(&rig, "a", "{2}");
    second = keep(&w.a);
    EQ_INT(push(&peer, &second), ERR_AGAIN); /* R3 */
    EQ_PTR(core_rig_get(&peer, "a"), NULL);
    EQ_INT(push(&peer, &first), 0);
    EQ_INT(push(&peer, &second), 0);
    OK(str_is(core_rig_get(&peer, "a")->body, "{2}"));
    buf_deinit(&first);
    buf_deinit(&second);
    end_wire(&w);
}

static void what_it_depends_on_comes_first(void)
{
    struct core_rig third;
    struct buf rule;
    struct wire w;

    begin_wire(&w);
    core_rig_init(&third, 300, false);
    core_rig_put(&rig, "rule", "{1}");
    rule = keep(&w.a);
    push(&peer, &rule);
    core_rig_put(&peer, "service", "{uses rule}"); /* its writer had seen the rule */
    EQ_INT(push(&third, &w.b), ERR_AGAIN);
    EQ_INT(push(&third, &rule), 0);
    EQ_INT(push(&third, &w.b), 0);
    EQ_INT(store_core_check(&third.core), 0);
    core_rig_deinit(&third);
    buf_deinit(&rule);
    end_wire(&w);
}

static size_t losses;

static int count_losses(void *arg, const struct store_batch *b, bool *is_broken)
{
    losses += b->loss_count;
    return capture(arg, b, is_broken);
}

/* Both sides write, then both hear of the other: they agree, and both know who lost. */
static void concurrent_writes_keep_the_loser(void)
{
    struct buf from_a, from_b;
    struct wire w;

    begin_wire(&w);
    rig.persist = peer.persist = count_losses;
    losses = 0;
    core_rig_put(&rig, "a", "{mine}");
    from_a = keep(&w.a);
    peer.now_ms += 10; /* the later one wins */
    core_rig_put(&peer, "a", "{yours}");
    from_b = keep(&w.b);
    EQ_INT(push(&rig, &from_b), 0);
    EQ_INT(push(&peer, &from_a), 0);
    OK(str_is(core_rig_get(&rig, "a")->body, "{yours}"));
    OK(str_is(core_rig_get(&peer, "a")->body, "{yours}"));
    EQ_UINT(rig.core.digest, peer.core.digest);
    EQ_UINT(losses, 2);
    OK(vv_eq(&rig.core.vv, &peer.core.vv)); /* a loser counts as seen */
    core_rig_put(&rig, "a", "{after}");
    EQ_INT(push(&peer, &w.a), 0);
    OK(str_is(core_rig_get(&peer, "a")->body, "{after}"));
    EQ_UINT(losses, 2); /* this one knew of both */
    buf_deinit(&from_a);
    buf_deinit(&from_b);
    end_wire(&w);
}

static void edit_against_delete_is_a_conflict(void)
{
    struct buf edit, gone;
    struct wire w;

    begin_wire(&w);
    rig.persist = peer.persist = count_losses;
    core_rig_put(&rig, "a", "{1}");
    push(&peer, &w.a);
    losses = 0;
    core_rig_put(&rig, "a", "{2}");
    edit = keep(&w.a);
    peer.now_ms += 10;
    core_rig_delete(&peer, "a");
    gone = keep(&w.b);
    push(&rig, &gone);
    push(&peer, &edit);
    OK(core_rig_get(&rig, "a")->dead && core_rig_get(&peer, "a")->dead);
    EQ_UINT(losses, 2);
    EQ_UINT(rig.core.digest, peer.core.digest);
    buf_deinit(&edit);
    buf_deinit(&gone);
    end_wire(&w);
}

static void a_slow_clock_still_writes_after_what_it_saw(void)
{
    struct wire w;

    begin_wire(&w);
    rig.now_ms += 3000000; /* 50 min ahead */
    core_rig_put(&rig, "a", "{1}");
    EQ_INT(push(&peer, &w.a), 0);
    core_rig_put(&peer, "a", "{2}");
    EQ_INT(push(&rig, &w.b), 0);
    OK(str_is(core_rig_get(&rig, "a")->body, "{2}")); /* R5: an effect is after its cause */
    rig.now_ms += 2 * HLC_AHEAD_MAX_MS;
    core_rig_put(&rig, "a", "{3}");
    EQ_INT(push(&peer, &w.a), ERR_INVALID); /* more than an hour: refused */
    HAS_STR(peer.text, "clock");
    end_wire(&w);
}

static void our_own_name_from_elsewhere_is_refused(void)
{
    struct core_rig twin;
    struct wire w;

    begin_wire(&w);
    core_rig_init(&twin, 200, false); /* the peer's origin, used by somebody else */
    twin.persist = capture;
    twin.arg = &w.a;
    core_rig_put(&twin, "a", "{1}");
    EQ_INT(push(&peer, &w.a), ERR_CONFLICT); /* R1 */
    EQ_PTR(core_rig_get(&peer, "a"), NULL);
    core_rig_deinit(&twin);
    end_wire(&w);
}

static int delta(struct core_rig *to, const struct store_object *const *rows, size_t count,
                 const struct vv *claim)
{
    struct store_object_init list[8];
    struct store_txn *t;
    int rc;

    for (size_t i = 0; i < count; i++)
        list[i] = record_of(rows[i]);
    rc = store_txn_new_delta(&t, list, count, claim);
    return rc == 0 ? core_rig_write(to, t) : rc;
}

static void a_delta_brings_all_it_claims(void)
{
    const struct store_object *rows[2];
    struct wire w;

    begin_wire(&w);
    core_rig_put(&rig, "a", "{1}");
    core_rig_put(&rig, "b", "{1}");
    core_rig_put(&rig, "a", "{2}");
    rows[0] = core_rig_get(&rig, "b");
    rows[1] = core_rig_get(&rig, "a");
    EQ_INT(delta(&peer, rows, 2, &rig.core.vv), 0);
    OK(vv_eq(&peer.core.vv, &rig.core.vv));
    EQ_UINT(peer.core.digest, rig.core.digest);
    rows[0] = core_rig_get(&rig, "a");
    rows[1] = core_rig_get(&rig, "b");
    EQ_INT(delta(&peer, rows, 2, &rig.core.vv), ERR_INVALID); /* not in order */
    end_wire(&w);
}

/* R4: the answer to an old pull arrives when its rows were superseded and forgotten. */
static void a_late_delta_raises_nobody_from_the_dead(void)
{
    const struct store_object *old;
    struct vv claim;
    struct wire w;

    begin_wire(&w);
    vv_init(&claim);
    core_rig_put(&rig, "a", "{1}");
    old = store_object_ref(core_rig_get(&rig, "a"));
    vv_copy(&claim, &rig.core.vv);
    EQ_INT(push(&peer, &w.a), 0);
    core_rig_delete(&rig, "a");
    EQ_INT(push(&peer, &w.a), 0);
    peer.now_ms += 600001;
    core_rig_event(&peer, STORE_EVENT_TICK);
    EQ_PTR(core_rig_get(&peer, "a"), NULL);
    EQ_INT(delta(&peer, &old, 1, &claim), 0);
    EQ_PTR(core_rig_get(&peer, "a"), NULL);
    EQ_UINT(vv_get(&peer.core.vv, 100), 2);
    store_object_unref(old);
    vv_deinit(&claim);
    end_wire(&w);
}

static void workloads_keep_few_tombstones(void)
{
    struct core_rig live;

    begin();
    core_rig_init(&live, 9, true);
    live.core.options.tombstone_max = 2;
    for (int i = 0; i < 5; i++) {
        char name[] = { (char)('a' + i), '\0' };

        core_rig_put(&live, name, "{}");
        core_rig_delete(&live, name);
    }
    EQ_UINT(core_rig_get(&live, "e")->deps.len, 0);
    core_rig_event(&live, STORE_EVENT_TICK);
    EQ_UINT(live.core.grave_count, 2);
    EQ_PTR(core_rig_get(&live, "a"), NULL);
    OK(core_rig_get(&live, "e"));
    EQ_INT(store_core_check(&live.core), 0);
    core_rig_deinit(&live);
    end();
}

static void what_was_loaded_must_add_up(void)
{
    struct store_core_options options = { .origin = 100, .pending_max = 1 };
    struct store_core again;
    struct vv none;

    begin();
    vv_init(&none);
    core_rig_put(&rig, "a", "{1}");
    core_rig_put(&rig, "b", "{1}");
    store_core_init(&again, &options);
    store_core_load(&again, core_rig_get(&rig, "b"));
    EQ_INT(store_core_load_end(&again, &rig.core.vv, &none, rig.core.hlc, rig.core.digest),
           ERR_CORRUPT); /* a is missing */
    store_core_load(&again, core_rig_get(&rig, "a"));
    EQ_INT(store_core_load_end(&again, &none, &none, rig.core.hlc, rig.core.digest), ERR_CORRUPT);
    EQ_INT(store_core_load_end(&again, &rig.core.vv, &none, rig.core.hlc, rig.core.digest), 0);
    store_core_deinit(&again);
    end();
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(a_put_makes_and_replaces),
    CASE(the_same_again_changes_nothing),
    CASE(an_old_version_is_a_conflict),
    CASE(conditions_are_checked),
    CASE(a_deleted_object_stays_as_a_tombstone),
    CASE(status_is_apart_from_spec),
    CASE(generation_follows_the_spec_only),
    CASE(a_transaction_is_all_or_nothing),
    CASE(prune_leaves_what_was_put),
    CASE(what_waits_shares_a_commit),
    CASE(a_batch_behaves_as_single_commits),
    CASE(a_failed_commit_leaves_no_trace),
    CASE(after_a_failed_sync_nothing_is_written),
    CASE(limits_are_answered),
    CASE(tombstones_are_forgotten_when_old),
    CASE(others_must_have_a_tombstone_first),
    CASE(a_push_arrives_as_it_was),
    CASE(a_gap_asks_for_a_pull),
    CASE(what_it_depends_on_comes_first),
    CASE(concurrent_writes_keep_the_loser),
    CASE(edit_against_delete_is_a_conflict),
    CASE(a_slow_clock_still_writes_after_what_it_saw),
    CASE(our_own_name_from_elsewhere_is_refused),
    CASE(a_delta_brings_all_it_claims),
    CASE(a_late_delta_raises_nobody_from_the_dead),
    CASE(workloads_keep_few_tombstones),
    CASE(what_was_loaded_must_add_up),
};

TAP_MAIN(cases)
