#include "store/store_db.h"

#include <errno.h>
#include <stdio.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "store/store_rows.h"
#include "store/store_schema.h"
#include "store/store_sql.h"

#define SPAN_KEPT_MS (24LL * 3600 * 1000) /* who lags further gets whole state, not chunks */

struct store_db {
    struct store_sql sql;
    struct store_rows rows;
    struct vv written; /* the vector as the origin table has it */
    bool is_begun;
};

void store_db_meta_deinit(struct store_db_meta *m)
{
    vv_deinit(&m->vv);
    vv_deinit(&m->purged_vv);
}

/* ---- opening ---- */

static int migrate(struct store_db *db)
{
    size_t count;
    const struct store_schema_step *steps = store_schema_steps(db->rows.is_live, &count);
    int64_t app = 0, version = 0;
    char pragma[96];
    int rc = store_sql_int(&db->sql, "PRAGMA application_id", &app);

    if (rc == 0)
        rc = store_sql_int(&db->sql, "PRAGMA user_version", &version);
    if (rc != 0)
        return rc;
    if (app != STORE_SCHEMA_APPLICATION_ID && (app != 0 || version != 0)) {
        snprintf(db->sql.why, sizeof(db->sql.why), "it is some other program's database");
        return ERR_UNSUPPORTED;
    }
    if (version < 0 || (uint64_t)version > count) {
        snprintf(db->sql.why, sizeof(db->sql.why),
                 "it was written by a newer version of mesh (format %lld, this one knows %zu)",
                 (long long)version, count);
        return ERR_UNSUPPORTED;
    }
    if ((size_t)version == count)
        return 0;
    rc = store_sql_begin(&db->sql);
    for (size_t i = (size_t)version; i < count && rc == 0; i++)
        rc = store_sql_exec(&db->sql, steps[i].sql);
    snprintf(pragma, sizeof(pragma), "PRAGMA application_id=%d; PRAGMA user_version=%zu",
             STORE_SCHEMA_APPLICATION_ID, count);
    if (rc == 0)
        rc = store_sql_exec(&db->sql, pragma);
    if (rc == 0)
        return store_sql_commit(&db->sql);
    store_sql_rollback(&db->sql);
    return rc;
}

int store_db_open(struct store_db **out, const char *path, const struct store_db_options *options,
                  char *why, size_t why_size)
{
    struct store_db *db = mem_alloc0(1, sizeof(*db));
    int rc;

    db->sql.texts = store_rows_texts(&db->sql.count);
    db->rows = (struct store_rows){ &db->sql, options->seal, options->is_live };
    rc = store_sql_open(&db->sql, path, options->vfs, !options->is_live);
    if (rc == 0)
        rc = store_sql_check(&db->sql);
    if (rc == 0)
        rc = migrate(db);
    if (rc == 0) {
        *out = db;
        return 0;
    }
    snprintf(why, why_size, "%s", rc == -EBUSY ? "another process has it open" : db->sql.why);
    store_sql_close(&db->sql);
    mem_free(db);
    return rc;
}

/* ---- loading ---- */

struct loading {
    struct store_db_meta *meta;
    bool is_bad;
};

static void take_id(struct loading *l, struct str blob, uint8_t *to, size_t size)
{
    if (blob.len == size)
        memcpy(to, blob.p, size);
    else
        l->is_bad = true;
}

static void on_meta(void *arg, struct str key, int64_t number, struct str blob)
{
    struct loading *l = arg;
    struct store_db_meta *m = l->meta;

    if (str_is(key, "cluster_id"))
        take_id(l, blob, m->cluster_id, sizeof(m->cluster_id));
    else if (str_is(key, "node_id"))
        take_id(l, blob, m->node_id, sizeof(m->node_id));
    else if (str_is(key, "origin"))
        m->origin = (uint32_t)number;
    else if (str_is(key, "hlc"))
        m->hlc = (uint64_t)number;
    else if (str_is(key, "digest_root"))
        m->digest = (uint64_t)number;
    else if (str_is(key, "clean"))
        m->is_clean = number != 0;
    else if (str_is(key, "purged"))
        l->is_bad |= vv_decode(&m->purged_vv, blob) != 0;
}

static void on_origin(void *arg, struct dot d)
{
    struct loading *l = arg;

    l->is_bad |= d.origin == 0 || vv_raise(&l->meta->vv, d) != 0;
}

int store_db_load(struct store_db *db, struct store_db_meta *meta,
                  void (*cb)(void *arg, const struct store_object *row), void *arg, char *why,
                  size_t why_size)
{
    struct loading l = { .meta = meta };
    int rc;

    *meta = (struct store_db_meta){ 0 };
    rc = store_rows_each_meta(&db->rows, on_meta, &l);
    if (rc == 0)
        rc = store_rows_each_origin(&db->rows, on_origin, &l);
    if (rc == 0)
        rc = store_rows_inc(&db->rows, meta->origin, &meta->inc);
    if (rc == 0)
        rc = store_rows_each(&db->rows, cb, arg);
    if (rc == 0 && l.is_bad) {
        rc = ERR_CORRUPT;
        snprintf(db->sql.why, sizeof(db->sql.why), "its description of itself is damaged");
    }
    if (rc != 0)
        snprintf(why, why_size, "%s", db->sql.why);
    vv_copy(&db->written, &meta->vv);
    return rc;
}

static int write_purged(struct store_db *db, const struct vv *purged)
{
    struct buf bytes;
    int rc;

    buf_init(&bytes, 0);
    vv_encode(purged, &bytes);
    rc = store_rows_put_meta_blob(&db->rows, "purged", buf_str(&bytes));
    buf_deinit(&bytes);
    return rc;
}

/* Forgets the origins that meta->vv has no more. */
static int drop_origins(struct store_db *db, const struct store_db_meta *meta)
{
    bool dropped = false;
    int rc = 0;

    for (size_t i = 0; i < db->written.count && rc == 0; i++) {
        if (vv_get(&meta->vv, db->written.list[i].origin) > 0)
            continue;
        rc = store_rows_drop_origin(&db->rows, db->written.list[i].origin);
        dropped = true;
    }
    return rc == 0 && dropped ? write_purged(db, &meta->purged_vv) : rc;
}

int store_db_begin(struct store_db *db, const struct store_db_meta *meta, char *why,
                   size_t why_size)
{
    struct store_rows *r = &db->rows;
    int rc = store_sql_begin(&db->sql);

    if (rc == 0)
        rc = store_rows_put_meta_blob(r, "cluster_id",
                                      str_make(meta->cluster_id, sizeof(meta->cluster_id)));
    if (rc == 0)
        rc = store_rows_put_meta_blob(r, "node_id", str_make(meta->node_id, sizeof(meta->node_id)));
    if (rc == 0)
        rc = store_rows_put_meta_int(r, "origin", meta->origin);
    if (rc == 0)
        rc = store_rows_put_node(r, meta->origin, str_make(meta->node_id, sizeof(meta->node_id)),
                                 meta->inc);
    if (rc == 0)
        rc = drop_origins(db, meta);
    if (rc == 0)
        rc = store_rows_put_meta_int(r, "feature_level", 1);
    if (rc == 0)
        rc = store_rows_put_meta_int(r, "clean", 0);
    if (rc == 0)
        rc = store_sql_commit(&db->sql);
    else
        store_sql_rollback(&db->sql);
    db->is_begun = rc == 0;
    vv_copy(&db->written, &meta->vv);
    if (rc != 0)
        snprintf(why, why_size, "%s", db->sql.why);
    return rc;
}

/* ---- committing ---- */

static int write_rows(struct store_db *db, const struct store_batch *b)
{
    struct store_rows *r = &db->rows;
    int rc = 0;

    for (size_t i = 0; i < b->row_count && rc == 0; i++)
        rc = store_rows_put(r, &b->rows[i], b->at_ms);
    for (size_t i = 0; i < b->purge_count && rc == 0; i++)
        rc = store_rows_purge(r, b->purged[i]);
    if (r->is_live)
        return rc;
    for (size_t i = 0; i < b->loss_count && rc == 0; i++)
        rc = store_rows_put_loss(r, &b->losses[i], b->at_ms);
    for (size_t i = 0; i < b->span_count && rc == 0; i++)
        rc = store_rows_put_span(r, &b->spans[i], b->at_ms);
    if (b->purge_count && rc == 0)
        rc = store_rows_prune_spans(r, b->at_ms - SPAN_KEPT_MS);
    return rc;
}

static int write_state(struct store_db *db, const struct store_batch *b)
{
    int rc = 0;

    for (size_t i = 0; i < b->vv.count && rc == 0; i++) {
        if (vv_get(&db->written, b->vv.list[i].origin) != b->vv.list[i].seq)
            rc = store_rows_put_origin(&db->rows, b->vv.list[i]);
    }
    if (rc == 0 && b->purge_count)
        rc = write_purged(db, &b->purged_vv);
    if (rc == 0)
        rc = store_rows_put_meta_int(&db->rows, "hlc", (int64_t)b->hlc);
    if (rc == 0)
        rc = store_rows_put_meta_int(&db->rows, "digest_root", (int64_t)b->digest);
    return rc;
}

int store_db_commit(struct store_db *db, const struct store_batch *b, char why[256])
{
    int rc;

    ASSERT(db->is_begun);
    why[0] = '\0';
    rc = store_sql_begin(&db->sql);
    if (rc == 0) {
        rc = write_rows(db, b);
        if (rc == 0)
            rc = write_state(db, b);
        if (rc == 0)
            rc = store_sql_commit(&db->sql);
        else
            store_sql_rollback(&db->sql);
    }
    if (rc == 0)
        vv_copy(&db->written, &b->vv);
    else
        snprintf(why, 256, "%s", db->sql.why);
    return rc;
}

bool store_db_is_broken(const struct store_db *db)
{
    return db->sql.is_broken;
}

size_t store_db_wal_bytes(const struct store_db *db)
{
    return db->sql.wal_pages * 4096;
}

int store_db_checkpoint(struct store_db *db, char why[256])
{
    int rc = store_sql_checkpoint(&db->sql);

    snprintf(why, 256, "%s", rc == 0 ? "" : db->sql.why);
    return rc;
}

int store_db_history(struct store_db *db, const struct store_object *o, struct arena *a,
                     struct store_revision **out, size_t *count)
{
    return store_rows_history(&db->rows, o, a, out, count);
}

int store_db_conflicts(struct store_db *db, struct arena *a, struct store_conflict **out,
                       size_t *count)
{
    return store_rows_conflicts(&db->rows, a, out, count);
}

void store_db_close(struct store_db *db)
{
    if (!db)
        return;
    if (db->is_begun && !db->sql.is_broken) {
        /* In this order: a mark that outlives lost commits would be a lie about live.db. */
        if (store_sql_exec(&db->sql, "PRAGMA synchronous=FULL") == 0 &&
            store_sql_checkpoint(&db->sql) == 0)
            store_rows_put_meta_int(&db->rows, "clean", 1);
    }
    store_sql_close(&db->sql);
    vv_deinit(&db->written);
    mem_free(db);
}
