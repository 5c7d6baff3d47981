#include "modes/control/ads_row.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/compile/registry.h"
#include "core/text/node_json.h"
#include "core/text/timestamp.h"
#include "modes/control/ads_scope.h"
#include "modes/shared/jwks.h"
#include "store/store.h"

static struct log_module log_module = LOG_MODULE("ads");

bool ads_row_is_served(const struct store_object *o)
{
    uint16_t kind = o->kind & STORE_KIND_MAX;

    switch (kind) {
    case API_KIND_CONFIG_MAP: /* the mesh's settings, and CA certificates */
        return o->dead || ads_scope_is_source(kind, o->ns, o->name) ||
               str_find(o->body, STR("\"ca.crt\"")) >= 0;
    case API_KIND_DEPLOYMENT:
    case API_KIND_EVENT:
    case API_KIND_LEASE:
    case API_KIND_SERVICE_ACCOUNT:
        return false;
    default:
        return api_kind_by_id(kind) && !registry_wants(kind);
    }
}

struct str ads_row_name(const struct store_object *o, struct arena *a)
{
    const struct api_kind *k = api_kind_by_id(o->kind & STORE_KIND_MAX);

    return arena_printf(a, "%s%s%s/%.*s/%.*s", k->plural, *k->group ? "." : "", k->group,
                        STR_ARG(o->ns), STR_ARG(o->name));
}

struct object *ads_row_decode(const struct store_object *row, const struct store *store,
                              struct jwks *jwks)
{
    const struct store_object *status = store_find_status(store, row);
    struct object_options options = { .stored = true };
    struct object *o = NULL;
    struct node *root, *meta, *part;
    char uid[STORE_OBJECT_UID_TEXT], created[TIMESTAMP_TEXT_BYTES];
    struct arena a;
    int err;

    arena_init(&a, 4096);
    err = node_json_read(&a, row->body, NULL, NULL, &root);
    meta = err ? NULL : node_getz(root, "metadata");
    if (meta && jwks && (row->kind & STORE_KIND_MAX) == API_KIND_REQUEST_AUTHENTICATION)
        jwks_fill(jwks, root, &a);
    if (meta) {
        store_object_uid_text(row, uid);
        node_set_str(&a, meta, "uid", str_of(uid));
        node_set_str(&a, meta, "resourceVersion", str_of(row->version));
        node_set_str(
            &a, meta, "creationTimestamp",
            arena_str(&a, str_make(created, timestamp_write(row->created_ms * 1000000, created))));
        if (status && node_json_read(&a, status->body, NULL, NULL, &part) == 0)
            node_set(root, STR("status"), part);
        err = object_decode(&o, root, NULL, &options);
    }
    if (!o)
        log_error("an object of the store cannot be read: kind %u %.*s/%.*s: %s", row->kind,
                  STR_ARG(row->ns), STR_ARG(row->name), error_text(err));
    arena_deinit(&a);
    return o;
}
