#include "store/store_rows.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "store/record.h"
#include "store/store.h"
#include "store/store_object.h"

#define REVISIONS_KEPT   10 /* per object */
#define CONFLICTS_KEPT   10
#define CONFLICT_KEPT_MS (30LL * 24 * 3600 * 1000)

enum {
    PUT_OBJECT,
    PUT_WORKLOAD,
    PURGE_OBJECT,
    PURGE_WORKLOAD,
    OBJECT_ID,
    PUT_REVISION,
    TRIM_REVISIONS,
    DROP_REVISIONS,
    PUT_CONFLICT,
    TRIM_CONFLICTS,
    PUT_SPAN,
    PRUNE_SPANS,
    PUT_ORIGIN,
    PUT_NODE,
    DROP_ORIGIN,
    PUT_META,
    ALL_META,
    ALL_ORIGINS,
    ORIGIN_INC,
    ALL_OBJECTS,
    ALL_WORKLOADS,
    ALL_REVISIONS,
    ALL_CONFLICTS,
    STATEMENT_COUNT
};

static const char *const texts[STATEMENT_COUNT] = {
    [PUT_OBJECT] =
        "INSERT INTO object(kind, ns, name, hlc, origin, seq, dead, generation, uid, created, deps,"
        " sealed, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        " ON CONFLICT(kind, ns, name) DO UPDATE SET hlc=?4, origin=?5, seq=?6, dead=?7,"
        " generation=?8, uid=?9, created=?10, deps=?11, sealed=?12, body=?13",
    [PUT_WORKLOAD] = "INSERT INTO workload(uid, origin, seq, hlc, dead, body)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(uid) DO UPDATE SET origin=?2,"
                     " seq=?3, hlc=?4, dead=?5, body=?6",
    [PURGE_OBJECT] = "DELETE FROM object WHERE origin=?1 AND seq=?2 AND dead=1",
    [PURGE_WORKLOAD] = "DELETE FROM workload WHERE origin=?1 AND seq=?2 AND dead=1",
    [OBJECT_ID] = "SELECT id FROM object WHERE kind=?1 AND ns=?2 AND name=?3",
    [PUT_REVISION] = "INSERT OR REPLACE INTO revision(obj, generation, at, by, body)"
                     " VALUES(?1, ?2, ?3, ?4, ?5)",
    [TRIM_REVISIONS] = "DELETE FROM revision WHERE obj=?1 AND generation<=?2",
    [DROP_REVISIONS] = "DELETE FROM revision WHERE obj=?1",
    [PUT_CONFLICT] = "INSERT OR REPLACE INTO conflict(kind, ns, name, hlc, origin, seq, won_origin,"
                     " won_seq, at, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [TRIM_CONFLICTS] = "DELETE FROM conflict WHERE at<?4 OR (kind=?1 AND ns=?2 AND name=?3 AND "
                       "(origin, seq) NOT IN"
                       " (SELECT origin, seq FROM conflict WHERE kind=?1 AND ns=?2 AND name=?3"
                       " ORDER BY hlc DESC, origin DESC LIMIT ?5))",
    [PUT_SPAN] = "INSERT OR REPLACE INTO txn(origin, first, last, at) VALUES(?1, ?2, ?3, ?4)",
    [PRUNE_SPANS] = "DELETE FROM txn WHERE at<?1",
    [PUT_ORIGIN] = "INSERT INTO origin(id, node, inc, vv) VALUES(?1, ?2, 0, ?3)"
                   " ON CONFLICT(id) DO UPDATE SET vv=?3",
    [PUT_NODE] = "INSERT INTO origin(id, node, inc) VALUES(?1, ?2, ?3)"
                 " ON CONFLICT(id) DO UPDATE SET node=?2, inc=?3",
    [DROP_ORIGIN] = "DELETE FROM origin WHERE id=?1",
    [PUT_META] = "INSERT INTO meta(k, v) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v=?2",
    [ALL_META] = "SELECT k, v, typeof(v)='blob' FROM meta",
    [ALL_ORIGINS] = "SELECT id, vv FROM origin WHERE vv>0",
    [ORIGIN_INC] = "SELECT inc FROM origin WHERE id=?1",
    [ALL_OBJECTS] = "SELECT kind, ns, name, hlc, origin, seq, dead, generation, uid, created, deps,"
                    " sealed, body FROM object",
    [ALL_WORKLOADS] = "SELECT body FROM workload",
    [ALL_REVISIONS] = "SELECT generation, at, by, body FROM revision WHERE obj=?1"
                      " ORDER BY generation DESC",
    [ALL_CONFLICTS] = "SELECT kind, ns, name, hlc, origin, seq, won_origin, won_seq, at, body"
                      " FROM conflict ORDER BY at DESC, origin, seq",
};

const char *const *store_rows_texts(size_t *count)
{
    *count = STATEMENT_COUNT;
    return texts;
}

static int fail(struct store_rows *r, int code, const char *what)
{
    snprintf(r->sql->why, sizeof(r->sql->why), "%s", what);
    return code;
}

/* ---- secrets ---- */

/* Appends what goes to disk for a body of o. */
static int seal_body(struct store_rows *r, const struct store_object *o, struct buf *out)
{
    if (!o->sealed || o->dead) {
        buf_add_str(out, o->body);
        return 0;
    }
    if (!r->seal || r->seal->seal(r->seal->arg, o->body, o->key, out) != 0)
        return fail(r, ERR_UNSUPPORTED, "a secret could not be encrypted");
    return 0;
}

static int unseal_body(struct store_rows *r, struct str key, struct str stored, struct buf *out)
{
    if (!r->seal || r->seal->unseal(r->seal->arg, stored, key, out) != 0)
        return fail(r, ERR_DENIED, "a secret does not open with this key");
    return 0;
}

/* Bodies beside the object table say themselves whether they are sealed. */
static int seal_marked(struct store_rows *r, const struct store_object *o, struct buf *out)
{
    buf_add_char(out, o->sealed && !o->dead ? 1 : 0);
    return seal_body(r, o, out);
}

static int unseal_marked(struct store_rows *r, struct str key, struct str stored, struct arena *a,
                         struct str *out)
{
    struct str rest = str_skip(stored, 1);
    struct buf plain;
    int rc = 0;

    buf_init(&plain, 0);
    if (stored.len == 0 || (stored.p[0] != 0 && stored.p[0] != 1))
        rc = fail(r, ERR_CORRUPT, "a kept body is damaged");
    else if (stored.p[0] == 1)
        rc = unseal_body(r, key, rest, &plain);
    if (rc == 0)
        *out = arena_str(a, stored.p[0] == 1 ? buf_str(&plain) : rest);
    buf_deinit(&plain);
    return rc;
}

/* ---- writing ---- */

static void bind_key(struct sqlite3_stmt *s, const struct store_object *o)
{
    store_sql_bind_int(s, 1, o->kind);
    store_sql_bind_text(s, 2, o->ns);
    store_sql_bind_text(s, 3, o->name);
}

static int put_object(struct store_rows *r, const struct store_object *o, struct str body)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_OBJECT);

    if (!s)
        return ERR_INTERNAL;
    bind_key(s, o);
    store_sql_bind_int(s, 4, (int64_t)o->hlc);
    store_sql_bind_int(s, 5, o->dot.origin);
    store_sql_bind_int(s, 6, (int64_t)o->dot.seq);
    store_sql_bind_int(s, 7, o->dead);
    store_sql_bind_int(s, 8, (int64_t)o->generation);
    store_sql_bind_blob(s, 9, str_make(o->uid, sizeof(o->uid)));
    store_sql_bind_int(s, 10, o->created_ms);
    if (o->deps.len)
        store_sql_bind_blob(s, 11, o->deps);
    store_sql_bind_int(s, 12, o->sealed);
    if (!o->dead)
        store_sql_bind_blob(s, 13, body);
    return store_sql_run(r->sql, s);
}

/* The rowid of an object that is there; 0 when it is not. */
static int object_id(struct store_rows *r, const struct store_object *o, int64_t *id)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, OBJECT_ID);
    int rc;

    *id = 0;
    if (!s)
        return ERR_INTERNAL;
    bind_key(s, o);
    rc = store_sql_row(r->sql, s);
    if (rc <= 0)
        return rc;
    *id = store_sql_col_int(s, 0);
    return store_sql_row(r->sql, s);
}

static int run_1(struct store_rows *r, size_t which, int64_t a)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, which);

    if (!s)
        return ERR_INTERNAL;
    store_sql_bind_int(s, 1, a);
    return store_sql_run(r->sql, s);
}

static int run_2(struct store_rows *r, size_t which, int64_t a, int64_t b)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, which);

    if (!s)
        return ERR_INTERNAL;
    store_sql_bind_int(s, 1, a);
    store_sql_bind_int(s, 2, b);
    return store_sql_run(r->sql, s);
}

/* Keeps a new spec; the history of an earlier object of that name ends where a new one begins. */
static int put_revision(struct store_rows *r, const struct store_row *row, int64_t at_ms)
{
    const struct store_object *o = row->object;
    bool is_new = !row->previous || row->previous->dead;
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_REVISION);
    struct buf body;
    int64_t id;
    int rc = object_id(r, o, &id);

    if (rc == 0 && is_new)
        rc = run_1(r, DROP_REVISIONS, id);
    if (rc != 0 || !s)
        return rc != 0 ? rc : ERR_INTERNAL;
    buf_init(&body, 0);
    rc = seal_marked(r, o, &body);
    if (rc == 0) {
        store_sql_bind_int(s, 1, id);
        store_sql_bind_int(s, 2, (int64_t)o->generation);
        store_sql_bind_int(s, 3, at_ms);
        store_sql_bind_text(s, 4, row->user);
        store_sql_bind_blob(s, 5, buf_str(&body));
        rc = store_sql_run(r->sql, s);
    }
    buf_deinit(&body);
    if (rc == 0)
        rc = run_2(r, TRIM_REVISIONS, id, (int64_t)o->generation - REVISIONS_KEPT);
    return rc;
}

static int put_workload(struct store_rows *r, const struct store_object *o, struct str body)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_WORKLOAD);
    struct store_object_init init = record_of(o);
    struct buf record;
    int rc;

    if (!s)
        return ERR_INTERNAL;
    init.body = body;
    buf_init(&record, 0);
    record_encode(&init, &record);
    store_sql_bind_int(s, 1, (int64_t)hash_content(o->key.p, o->key.len));
    store_sql_bind_int(s, 2, o->dot.origin);
    store_sql_bind_int(s, 3, (int64_t)o->dot.seq);
    store_sql_bind_int(s, 4, (int64_t)o->hlc);
    store_sql_bind_int(s, 5, o->dead);
    store_sql_bind_blob(s, 6, buf_str(&record));
    rc = store_sql_run(r->sql, s);
    buf_deinit(&record);
    return rc;
}

int store_rows_put(struct store_rows *r, const struct store_row *row, int64_t at_ms)
{
    struct buf body;
    int rc;

    buf_init(&body, 0);
    rc = seal_body(r, row->object, &body);
    if (rc == 0)
        rc = r->is_live ? put_workload(r, row->object, buf_str(&body))
                        : put_object(r, row->object, buf_str(&body));
    if (rc == 0 && row->keep)
        rc = put_revision(r, row, at_ms);
    buf_deinit(&body);
    return rc;
}

int store_rows_purge(struct store_rows *r, const struct store_object *tombstone)
{
    int64_t id;
    int rc;

    if (r->is_live)
        return run_2(r, PURGE_WORKLOAD, tombstone->dot.origin, (int64_t)tombstone->dot.seq);
    rc = object_id(r, tombstone, &id);
    if (rc == 0)
        rc = run_1(r, DROP_REVISIONS, id);
    if (rc == 0)
        rc = run_2(r, PURGE_OBJECT, tombstone->dot.origin, (int64_t)tombstone->dot.seq);
    return rc;
}

int store_rows_put_loss(struct store_rows *r, const struct store_loss *loss, int64_t at_ms)
{
    const struct store_object *o = loss->loser;
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_CONFLICT);
    struct sqlite3_stmt *trim = store_sql_get(r->sql, TRIM_CONFLICTS);
    struct buf body;
    int rc;

    if (!s || !trim)
        return ERR_INTERNAL;
    buf_init(&body, 0);
    rc = seal_marked(r, o, &body);
    if (rc == 0) {
        bind_key(s, o);
        store_sql_bind_int(s, 4, (int64_t)o->hlc);
        store_sql_bind_int(s, 5, o->dot.origin);
        store_sql_bind_int(s, 6, (int64_t)o->dot.seq);
        store_sql_bind_int(s, 7, loss->won.origin);
        store_sql_bind_int(s, 8, (int64_t)loss->won.seq);
        store_sql_bind_int(s, 9, at_ms);
        store_sql_bind_blob(s, 10, buf_str(&body));
        rc = store_sql_run(r->sql, s);
    }
    buf_deinit(&body);
    if (rc != 0)
        return rc;
    bind_key(trim, o);
    store_sql_bind_int(trim, 4, at_ms - CONFLICT_KEPT_MS);
    store_sql_bind_int(trim, 5, CONFLICTS_KEPT);
    return store_sql_run(r->sql, trim);
}

int store_rows_put_span(struct store_rows *r, const struct store_span *span, int64_t at_ms)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_SPAN);

    if (!s)
        return ERR_INTERNAL;
    store_sql_bind_int(s, 1, span->origin);
    store_sql_bind_int(s, 2, (int64_t)span->first);
    store_sql_bind_int(s, 3, (int64_t)span->last);
    store_sql_bind_int(s, 4, at_ms);
    return store_sql_run(r->sql, s);
}

int store_rows_prune_spans(struct store_rows *r, int64_t before_ms)
{
    return run_1(r, PRUNE_SPANS, before_ms);
}

int store_rows_put_origin(struct store_rows *r, struct dot d)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_ORIGIN);

    if (!s)
        return ERR_INTERNAL;
    store_sql_bind_int(s, 1, d.origin);
    store_sql_bind_blob(s, 2, str_make(&d.origin, sizeof(d.origin)));
    store_sql_bind_int(s, 3, (int64_t)d.seq);
    return store_sql_run(r->sql, s);
}

int store_rows_put_node(struct store_rows *r, uint32_t origin, struct str node, int64_t inc)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_NODE);

    if (!s)
        return ERR_INTERNAL;
    store_sql_bind_int(s, 1, origin);
    store_sql_bind_blob(s, 2, node);
    store_sql_bind_int(s, 3, inc);
    return store_sql_run(r->sql, s);
}

int store_rows_drop_origin(struct store_rows *r, uint32_t origin)
{
    return run_1(r, DROP_ORIGIN, origin);
}

int store_rows_put_meta_int(struct store_rows *r, const char *key, int64_t value)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_META);

    if (!s)
        return ERR_INTERNAL;
    store_sql_bind_text(s, 1, str_of(key));
    store_sql_bind_int(s, 2, value);
    return store_sql_run(r->sql, s);
}

int store_rows_put_meta_blob(struct store_rows *r, const char *key, struct str value)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, PUT_META);

    if (!s)
        return ERR_INTERNAL;
    store_sql_bind_text(s, 1, str_of(key));
    store_sql_bind_blob(s, 2, value);
    return store_sql_run(r->sql, s);
}

/* ---- reading ---- */

int store_rows_each_meta(struct store_rows *r,
                         void (*cb)(void *arg, struct str key, int64_t number, struct str blob),
                         void *arg)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, ALL_META);
    int rc = s ? 1 : ERR_INTERNAL;

    while (s && (rc = store_sql_row(r->sql, s)) == 1) {
        bool is_blob = store_sql_col_int(s, 2);

        cb(arg, store_sql_col_str(s, 0), is_blob ? 0 : store_sql_col_int(s, 1),
           is_blob ? store_sql_col_str(s, 1) : STR_NONE);
    }
    return rc;
}

int store_rows_each_origin(struct store_rows *r, void (*cb)(void *arg, struct dot d), void *arg)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, ALL_ORIGINS);
    int rc = s ? 1 : ERR_INTERNAL;

    while (s && (rc = store_sql_row(r->sql, s)) == 1)
        cb(arg,
           (struct dot){ (uint32_t)store_sql_col_int(s, 0), (uint64_t)store_sql_col_int(s, 1) });
    return rc;
}

int store_rows_inc(struct store_rows *r, uint32_t origin, int64_t *inc)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, ORIGIN_INC);
    int rc;

    *inc = 0;
    if (!s)
        return ERR_INTERNAL;
    store_sql_bind_int(s, 1, origin);
    rc = store_sql_row(r->sql, s);
    if (rc <= 0)
        return rc;
    *inc = store_sql_col_int(s, 0);
    return store_sql_row(r->sql, s);
}

/* One row of the object table, its body still as stored. */
static void read_object(struct sqlite3_stmt *s, struct store_object_init *init)
{
    struct str uid = store_sql_col_str(s, 8);

    *init = (struct store_object_init){
        .kind = (uint16_t)store_sql_col_int(s, 0),
        .ns = store_sql_col_str(s, 1),
        .name = store_sql_col_str(s, 2),
        .hlc = (uint64_t)store_sql_col_int(s, 3),
        .dot = { (uint32_t)store_sql_col_int(s, 4), (uint64_t)store_sql_col_int(s, 5) },
        .dead = store_sql_col_int(s, 6),
        .generation = (uint64_t)store_sql_col_int(s, 7),
        .created_ms = store_sql_col_int(s, 9),
        .deps = store_sql_col_str(s, 10),
        .sealed = store_sql_col_int(s, 11),
        .body = store_sql_col_str(s, 12),
    };
    if (uid.len == sizeof(init->uid))
        memcpy(init->uid, uid.p, uid.len);
}

static int read_workload(struct store_rows *r, struct sqlite3_stmt *s,
                         struct store_object_init *init)
{
    struct packing_in in = packing_in_of(store_sql_col_str(s, 0));

    if (record_decode(&in, init) != 0 || packing_left(&in) > 0)
        return fail(r, ERR_CORRUPT, "a workload's record is damaged");
    return 0;
}

static int give_row(struct store_rows *r, struct store_object_init *init,
                    void (*cb)(void *arg, const struct store_object *o), void *arg)
{
    char bytes[STORE_KEY_MAX_BYTES];
    struct store_object *o;
    struct buf plain;
    int rc = 0;

    if (store_object_check_key(init->kind, init->ns, init->name) != 0)
        return fail(r, ERR_CORRUPT, "a row has a name that cannot be");
    buf_init(&plain, 0);
    if (init->sealed && !init->dead) {
        size_t len = store_object_key(init->kind, init->ns, init->name, bytes);

        rc = unseal_body(r, str_make(bytes, len), init->body, &plain);
        init->body = buf_str(&plain);
    }
    if (rc == 0) {
        o = store_object_new(init);
        cb(arg, o);
        store_object_unref(o);
    }
    buf_wipe(&plain);
    return rc;
}

int store_rows_each(struct store_rows *r, void (*cb)(void *arg, const struct store_object *o),
                    void *arg)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, r->is_live ? ALL_WORKLOADS : ALL_OBJECTS);
    int rc = s ? 1 : ERR_INTERNAL;

    while (s && (rc = store_sql_row(r->sql, s)) == 1) {
        struct store_object_init init;

        if (r->is_live)
            rc = read_workload(r, s, &init);
        else
            read_object(s, &init);
        if (rc >= 0)
            rc = give_row(r, &init, cb, arg);
        if (rc != 0) {
            store_sql_reset(s);
            break;
        }
    }
    return rc;
}

int store_rows_history(struct store_rows *r, const struct store_object *o, struct arena *a,
                       struct store_revision **out, size_t *count)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, ALL_REVISIONS);
    int64_t id;
    int rc = object_id(r, o, &id);

    *out = NULL;
    *count = 0;
    if (rc != 0 || !s)
        return rc != 0 ? rc : ERR_INTERNAL;
    store_sql_bind_int(s, 1, id);
    while ((rc = store_sql_row(r->sql, s)) == 1) {
        struct store_revision *v;

        *out = arena_grow(a, *out, *count, *count + 1, sizeof(**out));
        v = &(*out)[*count];
        v->generation = (uint64_t)store_sql_col_int(s, 0);
        v->at_ms = store_sql_col_int(s, 1);
        v->by = arena_str(a, store_sql_col_str(s, 2));
        rc = unseal_marked(r, o->key, store_sql_col_str(s, 3), a, &v->body);
        if (rc != 0) {
            store_sql_reset(s);
            break;
        }
        ++*count;
    }
    return rc;
}

static int read_conflict(struct store_rows *r, struct sqlite3_stmt *s, struct arena *a,
                         struct store_conflict *c)
{
    char bytes[STORE_KEY_MAX_BYTES];
    size_t len;

    c->kind = (uint16_t)store_sql_col_int(s, 0);
    c->ns = arena_str(a, store_sql_col_str(s, 1));
    c->name = arena_str(a, store_sql_col_str(s, 2));
    c->hlc = (uint64_t)store_sql_col_int(s, 3);
    c->lost = (struct dot){ (uint32_t)store_sql_col_int(s, 4), (uint64_t)store_sql_col_int(s, 5) };
    c->won = (struct dot){ (uint32_t)store_sql_col_int(s, 6), (uint64_t)store_sql_col_int(s, 7) };
    c->at_ms = store_sql_col_int(s, 8);
    if (store_object_check_key(c->kind, c->ns, c->name) != 0)
        return fail(r, ERR_CORRUPT, "a conflict has a name that cannot be");
    len = store_object_key(c->kind, c->ns, c->name, bytes);
    return unseal_marked(r, str_make(bytes, len), store_sql_col_str(s, 9), a, &c->body);
}

int store_rows_conflicts(struct store_rows *r, struct arena *a, struct store_conflict **out,
                         size_t *count)
{
    struct sqlite3_stmt *s = store_sql_get(r->sql, ALL_CONFLICTS);
    int rc = s ? 1 : ERR_INTERNAL;

    *out = NULL;
    *count = 0;
    while (s && (rc = store_sql_row(r->sql, s)) == 1) {
        *out = arena_grow(a, *out, *count, *count + 1, sizeof(**out));
        rc = read_conflict(r, s, a, &(*out)[*count]);
        if (rc != 0) {
            store_sql_reset(s);
            break;
        }
        ++*count;
    }
    return rc;
}
