#include "store/store_sql.h"

#include <errno.h>
#include <stdio.h>

#include <sqlite3.h>

#include "core/base/error.h"
#include "core/base/mem.h"

static int code_of_errno(int err)
{
    switch (err) {
    case ENOSPC:
    case EDQUOT:
        return -ENOSPC;
    case EROFS:
    case EACCES:
    case EPERM:
        return err == EPERM ? -EACCES : -err;
    default:
        return -EIO;
    }
}

static int code_of(int rc, int system_errno)
{
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return code_of_errno(system_errno);
    case SQLITE_PERM:
        return -EACCES;
    default:
        return ERR_INTERNAL;
    }
}

/* The page cache may have dropped what a failed sync did not write: only a restart tells. */
static bool is_sync_error(int extended)
{
    return extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC;
}

/* SQLite does not note errno when it is the commit itself that fails; the log's file still has it.
 */
static int errno_of(struct store_sql *q)
{
    int err = sqlite3_system_errno(q->db);
    sqlite3_file *log = NULL;

    if (err == 0 && q->db &&
        sqlite3_file_control(q->db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log &&
        log->pMethods)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &err);
    return err;
}

int store_sql_error(struct store_sql *q)
{
    int extended = sqlite3_extended_errcode(q->db);
    int code = code_of(extended, (extended & 0xff) == SQLITE_IOERR ? errno_of(q)
                                                                   : sqlite3_system_errno(q->db));

    if (is_sync_error(extended) || code == ERR_CORRUPT)
        q->is_broken = true;
    snprintf(q->why, sizeof(q->why), "%s",
             code == ERR_INTERNAL || code == ERR_CORRUPT ? sqlite3_errmsg(q->db)
                                                         : error_text(code));
    return code;
}

int store_sql_open(struct store_sql *q, const char *path, const char *vfs, bool sync_full)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int rc;

    q->stmts = mem_alloc0(q->count, sizeof(struct sqlite3_stmt *));
    if (sqlite3_open_v2(path, &q->db, flags, vfs) != SQLITE_OK)
        return store_sql_error(q);
    sqlite3_extended_result_codes(q->db, 1);
    /* Defence against a file made to harm: no functions or extensions from within the schema. */
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    rc = store_sql_exec(q, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                           "PRAGMA foreign_keys=ON; PRAGMA locking_mode=EXCLUSIVE;"
                           "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
                           "PRAGMA journal_size_limit=16777216; PRAGMA temp_store=MEMORY;");
    if (rc == 0)
        rc = store_sql_exec(q, sync_full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    return rc;
}

void store_sql_close(struct store_sql *q)
{
    for (size_t i = 0; i < q->count && q->stmts; i++)
        sqlite3_finalize(q->stmts[i]);
    mem_free(q->stmts);
    sqlite3_close(q->db);
    q->stmts = NULL;
    q->db = NULL;
}

int store_sql_exec(struct store_sql *q, const char *sql)
{
    return sqlite3_exec(q->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_sql_error(q);
}

int store_sql_check(struct store_sql *q)
{
    struct sqlite3_stmt *stmt = NULL;
    int rc = 0;

    if (sqlite3_prepare_v2(q->db, "PRAGMA quick_check(1)", -1, &stmt, NULL) != SQLITE_OK)
        return store_sql_error(q);
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        rc = store_sql_error(q);
    } else if (!str_is(store_sql_col_str(stmt, 0), "ok")) {
        struct str found = store_sql_col_str(stmt, 0);

        /* A heading, and then a line for what was found. */
        snprintf(q->why, sizeof(q->why), "%.*s",
                 STR_ARG(str_skip(found, (size_t)(str_rchr(found, '\n') + 1))));
        rc = ERR_CORRUPT;
    }
    sqlite3_finalize(stmt);
    return rc;
}

int store_sql_int(struct store_sql *q, const char *sql, int64_t *out)
{
    struct sqlite3_stmt *stmt = NULL;
    int rc = 0;

    if (sqlite3_prepare_v2(q->db, sql, -1, &stmt, NULL) != SQLITE_OK)
        return store_sql_error(q);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    else
        rc = store_sql_error(q);
    sqlite3_finalize(stmt);
    return rc;
}

struct sqlite3_stmt *store_sql_get(struct store_sql *q, size_t which)
{
    ASSERT(which < q->count);
    if (!q->stmts[which] &&
        sqlite3_prepare_v3(q->db, q->texts[which], -1, SQLITE_PREPARE_PERSISTENT, &q->stmts[which],
                           NULL) != SQLITE_OK) {
        store_sql_error(q);
        return NULL;
    }
    return q->stmts[which];
}

int store_sql_row(struct store_sql *q, struct sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW)
        return 1;
    rc = rc == SQLITE_DONE ? 0 : store_sql_error(q);
    store_sql_reset(stmt);
    return rc;
}

void store_sql_reset(struct sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

int store_sql_run(struct store_sql *q, struct sqlite3_stmt *stmt)
{
    int rc = store_sql_row(q, stmt);

    ASSERT(rc <= 0); /* it gives no rows */
    return rc;
}

void store_sql_bind_int(struct sqlite3_stmt *stmt, int at, int64_t n)
{
    sqlite3_bind_int64(stmt, at, n);
}

void store_sql_bind_text(struct sqlite3_stmt *stmt, int at, struct str s)
{
    sqlite3_bind_text(stmt, at, s.p ? s.p : "", (int)s.len, SQLITE_STATIC);
}

void store_sql_bind_blob(struct sqlite3_stmt *stmt, int at, struct str s)
{
    sqlite3_bind_blob(stmt, at, s.p ? s.p : "", (int)s.len, SQLITE_STATIC);
}

int64_t store_sql_col_int(struct sqlite3_stmt *stmt, int at)
{
    return sqlite3_column_int64(stmt, at);
}

struct str store_sql_col_str(struct sqlite3_stmt *stmt, int at)
{
    const void *p = sqlite3_column_blob(stmt, at);

    return str_make(p, p ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

int store_sql_begin(struct store_sql *q)
{
    return store_sql_exec(q, "BEGIN IMMEDIATE");
}

static int remember_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct store_sql *q = arg;

    (void)db;
    (void)name;
    q->wal_pages = (size_t)pages;
    return SQLITE_OK;
}

int store_sql_commit(struct store_sql *q)
{
    int rc;

    sqlite3_wal_hook(q->db, remember_wal, q);
    rc = store_sql_exec(q, "COMMIT");
    if (rc != 0)
        store_sql_rollback(q);
    return rc;
}

void store_sql_rollback(struct store_sql *q)
{
    if (!sqlite3_get_autocommit(q->db))
        sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
}

int store_sql_checkpoint(struct store_sql *q)
{
    int left = 0, moved = 0;

    if (sqlite3_wal_checkpoint_v2(q->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &left, &moved) !=
        SQLITE_OK)
        return store_sql_error(q);
    q->wal_pages = (size_t)(left - moved);
    return 0;
}
