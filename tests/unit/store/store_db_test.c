#include "store/store_db.h"

#include <errno.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "store/store.h"
#include "store/store_core.h"
#include "tests/tap.h"
#include "tests/unit/support/core_rig.h"
#include "tests/unit/support/cut_vfs.h"

#define PATH "/config.db"

static struct random rng;

/* A core on a real database on the disk that loses power. */
struct node {
    struct core_rig rig;
    struct store_db *db;
    struct store_db_meta meta;
    char why[256];
    bool is_open;
};

/* A poor cipher that can tell a wrong key and a wrong place. */
static uint8_t seal_key = 0x5a;

static int mask(struct str in, struct str aad, struct buf *out)
{
    for (size_t i = 0; i < in.len; i++)
        buf_add_char(out, (char)(in.p[i] ^ seal_key ^ aad.p[i % aad.len]));
    return 0;
}

static int seal(void *arg, struct str plain, struct str aad, struct buf *out)
{
    (void)arg;
    buf_add_char(out, (char)seal_key);
    return mask(plain, aad, out);
}

static int unseal(void *arg, struct str sealed, struct str aad, struct buf *out)
{
    (void)arg;
    if (sealed.len == 0 || sealed.p[0] != (char)seal_key)
        return ERR_DENIED;
    return mask(str_skip(sealed, 1), aad, out);
}

static const struct store_seal sealer = { seal, unseal, NULL };

static void on_row(void *arg, const struct store_object *row)
{
    struct node *n = arg;

    store_core_load(&n->rig.core, row);
}

static int persist(void *arg, const struct store_batch *b, bool *is_broken)
{
    struct node *n = arg;
    int rc = store_db_commit(n->db, b, n->why);

    *is_broken = store_db_is_broken(n->db);
    return rc;
}

static int node_open(struct node *n, bool is_live)
{
    struct store_db_options options = { is_live, CUT_VFS_NAME, &sealer };
    int rc = store_db_open(&n->db, PATH, &options, n->why, sizeof(n->why));

    n->is_open = rc == 0;
    if (rc != 0)
        return rc;
    core_rig_init(&n->rig, 100, is_live);
    n->rig.core.options.can_seal = true;
    n->rig.persist = persist;
    n->rig.arg = n;
    rc = store_db_load(n->db, &n->meta, on_row, n, n->why, sizeof(n->why));
    if (rc == 0)
        rc = store_core_load_end(&n->rig.core, &n->meta.vv, &n->meta.purged_vv, n->meta.hlc,
                                 n->meta.digest);
    if (rc == 0) {
        n->meta.origin = 100;
        rc = store_db_begin(n->db, &n->meta, n->why, sizeof(n->why));
    }
    return rc;
}

static void node_close(struct node *n)
{
    if (!n->is_open)
        return;
    store_db_close(n->db);
    store_db_meta_deinit(&n->meta);
    core_rig_deinit(&n->rig);
    n->is_open = false;
}

static void begin(uint64_t seed)
{
    random_init(&rng, seed);
    cut_vfs_init(&rng);
}

static void everything_comes_back(void)
{
    static const bool classes[] = { false, true };

    for (size_t i = 0; i < 2; i++) {
        struct node n = { 0 };
        uint64_t digest;

        begin(1);
        if (!EQ_INT(node_open(&n, classes[i]), 0))
            return;
        OK(!n.meta.is_clean);
        core_rig_put(&n.rig, "a", "{1}");
        core_rig_put(&n.rig, "b", "{1}");
        core_rig_delete(&n.rig, "b");
        core_rig_put(&n.rig, "a", "{2}");
        digest = n.rig.core.digest;
        node_close(&n);
        if (!EQ_INT(node_open(&n, classes[i]), 0))
            return;
        OK(n.meta.is_clean);
        EQ_UINT(n.rig.core.digest, digest);
        EQ_UINT(vv_get(&n.rig.core.vv, 100), 4);
        OK(str_is(core_rig_get(&n.rig, "a")->body, "{2}"));
        OK(core_rig_get(&n.rig, "b")->dead);
        n.rig.now_ms += 700000;
        core_rig_event(&n.rig, STORE_EVENT_TICK);
        EQ_PTR(core_rig_get(&n.rig, "b"), NULL);
        node_close(&n);
        EQ_INT(node_open(&n, classes[i]), 0);
        EQ_PTR(core_rig_get(&n.rig, "b"), NULL);
        EQ_UINT(vv_get(&n.rig.core.purged_vv, 100), 3);
        EQ_UINT(vv_get(&n.rig.core.vv, 100), 4); /* the clock of dots stays */
        node_close(&n);
    }
    cut_vfs_deinit();
}

static int put_secret(struct node *n, const char *body)
{
    struct store_txn *t = store_txn_new();

    store_txn_put(t, 1, STR("ns"), STR("secret"), str_of(body), true, NULL);
    return core_rig_write(&n->rig, t);
}

static void secrets_do_not_touch_the_disk(void)
{
    struct node n = { 0 };
    struct store_revision *revisions;
    struct arena arena;
    size_t count;

    begin(2);
    arena_init(&arena, 0);
    if (!EQ_INT(node_open(&n, false), 0))
        return;
    EQ_INT(put_secret(&n, "{xyzzy-plain}"), 0);
    EQ_INT(store_db_history(n.db, core_rig_get(&n.rig, "secret"), &arena, &revisions, &count), 0);
    if (EQ_UINT(count, 1))
        OK(str_is(revisions[0].body, "{xyzzy-plain}"));
    node_close(&n);
    OK(cut_vfs_size(PATH) > 0);
    OK(!cut_vfs_contains("xyzzy"));
    seal_key = 0x33;
    EQ_INT(node_open(&n, false), ERR_DENIED);
    HAS_STR(n.why, "does not open with this key");
    node_close(&n);
    seal_key = 0x5a;
    EQ_INT(node_open(&n, false), 0);
    OK(str_is(core_rig_get(&n.rig, "secret")->body, "{xyzzy-plain}"));
    node_close(&n);
    arena_deinit(&arena);
    cut_vfs_deinit();
}

static void history_keeps_ten(void)
{
    struct node n = { 0 };
    struct store_revision *revisions;
    struct arena arena;
    size_t count;

    begin(3);
    arena_init(&arena, 0);
    if (!EQ_INT(node_open(&n, false), 0))
        return;
    for (int i = 0; i < 13; i++) {
        struct store_txn *t = store_txn_new();
        char body[16];

        snprintf(body, sizeof(body), "{%d}", i);
        store_txn_set_user(t, STR("alice"));
        store_txn_put(t, 1, STR("ns"), STR("a"), str_of(body), false, NULL);
        core_rig_write(&n.rig, t);
    }
    core_rig_delete(&n.rig, "a"); /* history outlives the object */
    EQ_INT(store_db_history(n.db, core_rig_get(&n.rig, "a"), &arena, &revisions, &count), 0);
    if (EQ_UINT(count, 10)) {
        EQ_UINT(revisions[0].generation, 13);
        EQ_UINT(revisions[9].generation, 4);
        OK(str_is(revisions[0].body, "{12}"));
        OK(str_is(revisions[0].by, "alice"));
    }
    core_rig_put(&n.rig, "a", "{new}"); /* and ends with the next of that name */
    EQ_INT(store_db_history(n.db, core_rig_get(&n.rig, "a"), &arena, &revisions, &count), 0);
    EQ_UINT(count, 1);
    node_close(&n);
    arena_deinit(&arena);
    cut_vfs_deinit();
}

static void losers_are_kept(void)
{
    struct node n = { 0 };
    struct store_conflict *list;
    struct store_object_init theirs = {
        .kind = 1,
        .ns = STR("ns"),
        .name = STR("a"),
        .body = STR("{theirs}"),
        .generation = 1,
    };
    struct arena arena;
    size_t count = 0;

    begin(4);
    arena_init(&arena, 0);
    if (!EQ_INT(node_open(&n, false), 0))
        return;
    core_rig_put(&n.rig, "a", "{mine}");
    for (uint64_t seq = 1; seq <= 12; seq++) {
        struct store_txn *t;
        struct vv claim;

        theirs.dot = (struct dot){ 200, seq };
        theirs.hlc = 1000 + seq; /* long ago */
        vv_init(&claim);
        vv_raise(&claim, theirs.dot);
        if (EQ_INT(store_txn_new_delta(&t, &theirs, 1, &claim), 0))
            EQ_INT(core_rig_write(&n.rig, t), 0);
        vv_deinit(&claim);
    }
    EQ_INT(store_db_conflicts(n.db, &arena, &list, &count), 0);
    if (EQ_UINT(count, 10)) { /* of one object */
        OK(str_is(list[0].body, "{theirs}"));
        EQ_UINT(list[0].won.origin, 100);
        EQ_UINT(list[0].lost.seq, 3);
    }
    OK(str_is(core_rig_get(&n.rig, "a")->body, "{mine}"));
    node_close(&n);
    EQ_INT(node_open(&n, false), 0);
    EQ_UINT(vv_get(&n.rig.core.vv, 200), 12); /* seen, though none of it is here */
    node_close(&n);
    arena_deinit(&arena);
    cut_vfs_deinit();
}

static void a_full_disk_refuses_and_recovers(void)
{
    struct node n = { 0 };
    static char big[20000];
    int rc = 0, puts = 0;

    begin(5);
    memset(big, 'x', sizeof(big) - 1);
    if (!EQ_INT(node_open(&n, false), 0))
        return;
    core_rig_put(&n.rig, "a", "{1}");
    cut_vfs_set_quota(400000);
    for (; rc == 0 && puts < 100; puts++) {
        big[0] = (char)('a' + puts % 26);
        rc = core_rig_put(&n.rig, "big", big);
    }
    EQ_INT(rc, -ENOSPC);
    HAS_STR(n.why, "no space");
    OK(puts > 1);
    OK(core_rig_get(&n.rig, "big")->body.p[0] != big[0]); /* reads show what was kept */
    EQ_INT(core_rig_put(&n.rig, "a", "{2}"), -ENOSPC);
    EQ_INT(core_rig_put(&n.rig, "a", "{1}"), 0); /* nothing to write */
    cut_vfs_set_quota(SIZE_MAX);
    EQ_INT(core_rig_put(&n.rig, "a", "{3}"), 0);
    node_close(&n);
    EQ_INT(node_open(&n, false), 0);
    OK(str_is(core_rig_get(&n.rig, "a")->body, "{3}"));
    EQ_INT(store_core_check(&n.rig.core), 0);
    node_close(&n);
    cut_vfs_deinit();
}

static void a_read_only_disk_says_so(void)
{
    struct node n = { 0 };

    begin(6);
    if (!EQ_INT(node_open(&n, false), 0))
        return;
    cut_vfs_set_read_only(true);
    EQ_INT(core_rig_put(&n.rig, "a", "{1}"), -EROFS);
    cut_vfs_set_read_only(false);
    EQ_INT(core_rig_put(&n.rig, "a", "{1}"), 0);
    EQ_UINT(core_rig_get(&n.rig, "a")->dot.seq, 1);
    node_close(&n);
    cut_vfs_deinit();
}

static void a_failed_sync_is_the_end(void)
{
    struct node n = { 0 };

    begin(7);
    if (!EQ_INT(node_open(&n, false), 0))
        return;
    core_rig_put(&n.rig, "a", "{1}");
    cut_vfs_fail_sync(true);
    EQ_INT(core_rig_put(&n.rig, "a", "{2}"), -EIO);
    OK(store_db_is_broken(n.db));
    cut_vfs_fail_sync(false);
    EQ_INT(core_rig_put(&n.rig, "a", "{3}"), -EIO); /* not even when it would work again */
    node_close(&n);
    cut_vfs_reboot();
    EQ_INT(node_open(&n, false), 0);
    OK(!n.meta.is_clean);
    OK(!str_is(core_rig_get(&n.rig, "a")->body, "{3}"));
    EQ_INT(core_rig_put(&n.rig, "a", "{4}"), 0);
    node_close(&n);
    cut_vfs_deinit();
}

static void damage_is_found_at_start(void)
{
    struct node n = { 0 };
    size_t found = 0, size;

    begin(8);
    if (!EQ_INT(node_open(&n, false), 0))
        return;
    for (int i = 0; i < 40; i++) {
        char name[32];

        snprintf(name, sizeof(name), "o%d", i);
        core_rig_put(&n.rig, name, "{\"spec\":{\"hosts\":[\"reviews\"]}}");
    }
    node_close(&n);
    size = cut_vfs_size(PATH);
    for (size_t at = 5; at < size; at += size / 97) {
        int rc;

        cut_vfs_flip(PATH, at);
        rc = node_open(&n, false);
        if (rc == 0) { /* a bit nobody uses: then everything must be as it was */
            EQ_UINT(n.rig.core.index.count, 40);
        } else {
            found++;
            OK(rc == ERR_CORRUPT || rc == ERR_UNSUPPORTED || rc == ERR_DENIED);
        }
        if (n.is_open) { /* leave the file as it is */
            cut_vfs_set_read_only(true);
            node_close(&n);
            cut_vfs_set_read_only(false);
        }
        cut_vfs_flip(PATH, at);
    }
    OK(found > 10);
    NOTE("%zu of 97 flipped bits found", found);
    cut_vfs_deinit();
}

static void a_newer_or_foreign_file_is_left_alone(void)
{
    struct node n = { 0 };
    sqlite3 *db;

    begin(9);
    if (!EQ_INT(node_open(&n, false), 0))
        return;
    node_close(&n);
    sqlite3_open_v2(PATH, &db, SQLITE_OPEN_READWRITE, CUT_VFS_NAME);
    sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA user_version=99", NULL, NULL, NULL);
    sqlite3_close(db);
    EQ_INT(node_open(&n, false), ERR_UNSUPPORTED);
    HAS_STR(n.why, "newer version");
    cut_vfs_deinit();
    sqlite3_open_v2(PATH, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, CUT_VFS_NAME);
    sqlite3_exec(db, "PRAGMA application_id=7; CREATE TABLE t(a)", NULL, NULL, NULL);
    sqlite3_close(db);
    EQ_INT(node_open(&n, false), ERR_UNSUPPORTED);
    HAS_STR(n.why, "other program");
    cut_vfs_deinit();
}

/* ---- power cuts ---- */

#define KEYS 12

struct oracle {
    int acked[KEYS];   /* the last body acknowledged; 0: none, -1: deleted */
    int started[KEYS]; /* the last body given to the disk; it may be there or not */
};

static void write_one(struct node *n, struct oracle *o, int number)
{
    size_t key = (size_t)random_below(&rng, KEYS);
    bool deletes = o->acked[key] > 0 && random_below(&rng, 6) == 0;
    char name[32], body[600];
    int rc, width = (int)random_below(&rng, sizeof(body) - 20) + 1;

    snprintf(name, sizeof(name), "k%zu", key);
    /* A number, with zeros in front so that sizes differ. */
    memset(body, '0', sizeof(body));
    snprintf(body + width, sizeof(body) - (size_t)width, "%d", number);
    o->started[key] = deletes ? -1 : number;
    rc = deletes ? core_rig_delete(&n->rig, name) : core_rig_put(&n->rig, name, body);
    if (rc == 0)
        o->acked[key] = o->started[key];
    if (random_below(&rng, 20) == 0)
        store_db_checkpoint(n->db, n->why);
}

static int number_of(struct str body)
{
    uint64_t n = 0;

    EQ_INT(str_to_u64(str_head(body, strnlen(body.p, body.len)), INT32_MAX, &n), 0);
    return (int)n;
}

static int read_one(struct node *n, size_t key)
{
    const struct store_object *o;
    char name[32];

    snprintf(name, sizeof(name), "k%zu", key);
    o = core_rig_get(&n->rig, name);
    return !o ? 0 : o->dead ? -1 : number_of(o->body);
}

/* Cuts the power at a random operation, again and again; after each, what was acknowledged must be
 * there, unless something that was given to the disk later is. */
static void run_cuts(int cuts, uint64_t seed)
{
    struct node n = { 0 };
    struct oracle o = { 0 };
    int number = 0, acked_cuts = 0;

    begin(seed);
    for (int cut = 0; cut < cuts; cut++) {
        int before = number;

        cut_vfs_cut_after((size_t)random_below(&rng, 120));
        if (node_open(&n, false) == 0) {
            while (!cut_vfs_is_off())
                write_one(&n, &o, ++number);
        }
        node_close(&n);
        cut_vfs_reboot();
        acked_cuts += number > before;
        if (!EQ_INT(node_open(&n, false), 0)) {
            NOTE("cut %d: %s", cut, n.why);
            return;
        }
        for (size_t key = 0; key < KEYS; key++) {
            int is = read_one(&n, key);

            if (!OK(is == o.acked[key] || is == o.started[key]))
                NOTE("cut %d: k%zu is %d, acknowledged %d, begun %d", cut, key, is, o.acked[key],
                     o.started[key]);
            o.acked[key] = o.started[key] = is;
        }
        node_close(&n);
    }
    OK(acked_cuts > cuts / 4);
    cut_vfs_deinit();
}

static void no_cut_loses_what_was_acknowledged(void)
{
    const char *wanted = getenv("STORE_CUTS");
    uint64_t cuts = 300;

    if (wanted)
        str_to_u64(str_of(wanted), 1000000, &cuts);
    run_cuts((int)cuts, 42);
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(everything_comes_back),
    CASE(secrets_do_not_touch_the_disk),
    CASE(history_keeps_ten),
    CASE(losers_are_kept),
    CASE(a_full_disk_refuses_and_recovers),
    CASE(a_read_only_disk_says_so),
    CASE(a_failed_sync_is_the_end),
    CASE(damage_is_found_at_start),
    CASE(a_newer_or_foreign_file_is_left_alone),
    CASE(no_cut_loses_what_was_acknowledged),
};

TAP_MAIN(cases)
