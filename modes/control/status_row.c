#include "modes/control/status_row.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/text/node_json.h"
#include "modes/control/rest_object.h"

static struct log_module log_module = LOG_MODULE("status");

struct object *status_row_read(struct store *s, const struct store_object *row)
{
    const struct api_kind *k = api_kind_by_id(row->kind);
    struct object_options stored = { .stored = true };
    struct object *o = NULL;
    struct arena a;

    arena_init(&a, 4096);
    if (object_decode(&o, rest_object_node(k, STR_NONE, row, store_find_status(s, row), &a), NULL,
                      &stored) != 0)
        o = NULL;
    arena_deinit(&a);
    return o;
}

static void on_written(void *arg, const struct store_reply *reply)
{
    (void)arg;
    if (reply->code && reply->code != ERR_CONFLICT && reply->code != ERR_NOT_FOUND &&
        reply->code != ERR_CLOSED)
        log_error("a status cannot be written: %s",
                  reply->text ? reply->text : error_text(reply->code));
}

void status_row_write(struct store *s, const struct store_object *row, const struct node *status)
{
    const struct store_object *was = store_find_status(s, row);
    struct store_expect expect = { .exists = false };
    char version[STORE_VERSION_BYTES];
    struct store_txn *t;
    struct buf body;

    store_version(row, was, version);
    expect.version = str_of(version);
    buf_init(&body, 0);
    if (node_write_json(status, &body, NODE_SORTED) == 0) {
        t = store_txn_new();
        store_txn_set_user(t, STR("system:mesh-control"));
        store_txn_put(t, (uint16_t)(row->kind | STORE_KIND_STATUS), row->ns, row->name,
                      buf_str(&body), false, was ? &expect : NULL);
        store_write(s, t, on_written, NULL);
    }
    buf_deinit(&body);
}
