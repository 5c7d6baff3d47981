#include "store/store_schema.h"

#include "core/base/mem.h"

/* Both files know who wrote them and what they have seen.
 *
 *   meta    cluster_id, node_id, origin, hlc, digest_root, purged (a version vector), clean,
 *           feature_level
 *   origin  the version vector; node is 4 bytes (the id) until that node has introduced itself */
#define COMMON                                                                                     \
    "CREATE TABLE meta(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;"                          \
    "CREATE TABLE origin(id INTEGER PRIMARY KEY, node BLOB NOT NULL, inc INTEGER NOT NULL,"        \
    " vv INTEGER NOT NULL DEFAULT 0, retired INTEGER, UNIQUE(node, inc)) STRICT;"

/* A step, once released, is never changed: add one. */
static const struct store_schema_step config_steps[] = {
    { "objects, conflicts, history and members", COMMON
      /* A rowid table: bodies of 2 KB do not fit the pages of one without. deps is the vector of
       * the writer; body is canonical JSON, or AES-256-GCM when sealed. */
      "CREATE TABLE object(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, ns TEXT NOT NULL,"
      " name TEXT NOT NULL, hlc INTEGER NOT NULL, origin INTEGER NOT NULL, seq INTEGER NOT NULL,"
      " dead INTEGER NOT NULL, generation INTEGER NOT NULL, uid BLOB NOT NULL,"
      " created INTEGER NOT NULL, deps BLOB, sealed INTEGER NOT NULL, body BLOB,"
      " UNIQUE(kind, ns, name)) STRICT;"
      "CREATE UNIQUE INDEX object_dot ON object(origin, seq);"
      "CREATE TABLE txn(origin INTEGER, first INTEGER, last INTEGER, at INTEGER,"
      " PRIMARY KEY(origin, last)) STRICT, WITHOUT ROWID;"
      /* The first byte of these two bodies says 0 plain, 1 sealed. */
      "CREATE TABLE conflict(kind INTEGER, ns TEXT, name TEXT, hlc INTEGER, origin INTEGER,"
      " seq INTEGER, won_origin INTEGER, won_seq INTEGER, at INTEGER, body BLOB,"
      " PRIMARY KEY(origin, seq)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE revision(obj INTEGER, generation INTEGER, at INTEGER, by TEXT, body BLOB,"
      " PRIMARY KEY(obj, generation)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE member(node BLOB PRIMARY KEY, addr TEXT, spki BLOB, inc INTEGER,"
      " state INTEGER, hlc INTEGER) STRICT, WITHOUT ROWID;" },
};

static const struct store_schema_step live_steps[] = {
    { "workloads and where they come from", COMMON
      /* uid is a hash of the row's key; body is the row's record (record.h). */
      "CREATE TABLE workload(uid INTEGER PRIMARY KEY, origin INT, seq INT, hlc INT, dead INT,"
      " svc INT, body BLOB) STRICT;"
      "CREATE UNIQUE INDEX workload_dot ON workload(origin, seq);"
      "CREATE TABLE source(shard TEXT PRIMARY KEY, rv TEXT, etag BLOB) STRICT, WITHOUT ROWID;" },
};

const struct store_schema_step *store_schema_steps(bool is_live, size_t *count)
{
    *count = is_live ? COUNT_OF(live_steps) : COUNT_OF(config_steps);
    return is_live ? live_steps : config_steps;
}
