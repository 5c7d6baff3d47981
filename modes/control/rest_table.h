/* Objects as rows for people: meta.k8s.io Table, as `kubectl get` asks for it. Any thread. */
#ifndef MODES_CONTROL_REST_TABLE_H
#define MODES_CONTROL_REST_TABLE_H

#include "core/api/api_kind.h"

struct rest_call;

struct rest_table {
    const struct api_kind *kind;
    struct str version; /* of meta.k8s.io: "v1", "v1beta1"; empty: no table is wanted */
    enum { REST_TABLE_METADATA, REST_TABLE_OBJECT, REST_TABLE_NONE } include;
    int64_t now_ns;
};

/* What the call asks for. */
void rest_table_init(struct rest_table *t, struct rest_call *call);
static inline bool rest_table_is_wanted(const struct rest_table *t)
{
    return t->version.len > 0;
}
/* The table without rows; columns: with their definitions. */
struct node *rest_table_head(const struct rest_table *t, bool columns, struct arena *a);
/* A row for n, which stays part of it. */
struct node *rest_table_row(const struct rest_table *t, struct node *n, struct arena *a);

#endif
