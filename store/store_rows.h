/* The statements of both databases, one small function each. For store_db. */
#ifndef STORE_STORE_ROWS_H
#define STORE_STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "store/store_batch.h"
#include "store/store_seal.h"
#include "store/store_sql.h"

struct store_conflict;
struct store_object;
struct store_revision;

struct store_rows {
    struct store_sql *sql;
    const struct store_seal *seal; /* NULL: none */
    bool is_live;
};

/* The table of statements, for struct store_sql. */
const char *const *store_rows_texts(size_t *count);

/* All return 0 or a negative error with sql->why set. */
int store_rows_put(struct store_rows *r, const struct store_row *row, int64_t at_ms);
int store_rows_purge(struct store_rows *r, const struct store_object *tombstone);
int store_rows_put_loss(struct store_rows *r, const struct store_loss *loss, int64_t at_ms);
int store_rows_put_span(struct store_rows *r, const struct store_span *span, int64_t at_ms);
int store_rows_prune_spans(struct store_rows *r, int64_t before_ms);
int store_rows_put_origin(struct store_rows *r, struct dot d);
int store_rows_put_node(struct store_rows *r, uint32_t origin, struct str node, int64_t inc);
int store_rows_drop_origin(struct store_rows *r, uint32_t origin);
int store_rows_put_meta_int(struct store_rows *r, const char *key, int64_t value);
int store_rows_put_meta_blob(struct store_rows *r, const char *key, struct str value);

/* Each row of meta and origin; str is set for blobs and empty for integers. */
int store_rows_each_meta(struct store_rows *r,
                         void (*cb)(void *arg, struct str key, int64_t number, struct str blob),
                         void *arg);
int store_rows_each_origin(struct store_rows *r, void (*cb)(void *arg, struct dot d), void *arg);
int store_rows_inc(struct store_rows *r, uint32_t origin, int64_t *inc);
/* Every object; borrowed for the call. ERR_DENIED: it cannot be unsealed; ERR_CORRUPT. */
int store_rows_each(struct store_rows *r, void (*cb)(void *arg, const struct store_object *o),
                    void *arg);

int store_rows_history(struct store_rows *r, const struct store_object *o, struct arena *a,
                       struct store_revision **out, size_t *count);
int store_rows_conflicts(struct store_rows *r, struct arena *a, struct store_conflict **out,
                         size_t *count);

#endif
