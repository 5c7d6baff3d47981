/* A thin hand on SQLite: one connection, its prepared statements, errors as ours with a text.
 *
 * The connection holds the file exclusively (another process gets UV_EBUSY, and no shared memory is
 * needed), writes ahead, and checkpoints only when told. One thread at a time. */
#ifndef STORE_STORE_SQL_H
#define STORE_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

struct sqlite3;
struct sqlite3_stmt;

struct store_sql {
    struct sqlite3 *db;
    const char *const *texts; /* SQL of the statements; a table of the caller's */
    size_t count;
    struct sqlite3_stmt **stmts; /* prepared on first use */
    size_t wal_pages;            /* in the write-ahead log after the last commit */
    bool is_broken;              /* a sync failed: what is on disk is not known any more */
    char why[256];               /* of the last error */
};

/* Opens or creates the file. sync_full: a commit is on disk when it returns; else it may be lost
 * with the machine, though never in part. Errors as store_sql_error. */
int store_sql_open(struct store_sql *q, const char *path, const char *vfs, bool sync_full);
void store_sql_close(struct store_sql *q); /* may follow a failed open */

/* Turns the state of the connection into a code and q->why: ERR_CORRUPT, UV_ENOSPC, UV_EROFS,
 * UV_EBUSY, UV_EACCES, UV_EIO, ERR_LIMIT, ERR_INTERNAL. */
int store_sql_error(struct store_sql *q);

int store_sql_exec(struct store_sql *q, const char *sql);
/* SQLite's own check of the file: 0, or ERR_CORRUPT with what it found in why. */
int store_sql_check(struct store_sql *q);
/* One integer, e.g. of a PRAGMA. */
int store_sql_int(struct store_sql *q, const char *sql, int64_t *out);

/* The statement, reset and ready to be bound; NULL with why set when it cannot be prepared. */
struct sqlite3_stmt *store_sql_get(struct store_sql *q, size_t which);
/* Runs a bound statement that gives no rows, and resets it. */
int store_sql_run(struct store_sql *q, struct sqlite3_stmt *stmt);
/* 1: a row; 0: no more, reset; negative: an error, reset. */
int store_sql_row(struct store_sql *q, struct sqlite3_stmt *stmt);

/* Ends a statement whose rows were not all read. */
void store_sql_reset(struct sqlite3_stmt *stmt);

/* Binding by position from 1. Text and blobs must stay until the statement is run. */
void store_sql_bind_int(struct sqlite3_stmt *stmt, int at, int64_t n);
void store_sql_bind_text(struct sqlite3_stmt *stmt, int at, struct str s);
void store_sql_bind_blob(struct sqlite3_stmt *stmt, int at, struct str s);
/* Columns from 0, borrowed until the next step. */
int64_t store_sql_col_int(struct sqlite3_stmt *stmt, int at);
struct str store_sql_col_str(struct sqlite3_stmt *stmt, int at); /* text or blob */

int store_sql_begin(struct store_sql *q);
/* On failure everything is rolled back, unless is_broken: then nobody knows. */
int store_sql_commit(struct store_sql *q);
void store_sql_rollback(struct store_sql *q);

/* Moves the log into the file; for between commits. */
int store_sql_checkpoint(struct store_sql *q);

#endif
