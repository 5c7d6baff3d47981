#include "cmd/apply_prune.h"

#include <stdio.h>

#include "cmd/print.h"
#include "cmd/remote.h"
#include "core/base/map.h"
#include "core/text/node_json.h"

#define ANNOTATION STR("mesh.dev/applied-by")

void apply_prune_write(const struct object *o, const char *owner, struct arena *a, struct buf *out)
{
    struct node *doc, *meta, *annotations;
    struct buf text;

    buf_init(&text, 0);
    (void)object_to_json(o, &text);
    if (node_json_read(a, arena_str(a, buf_str(&text)), NULL, NULL, &doc) == 0) {
        meta = node_getz(doc, "metadata");
        annotations = node_getz(meta, "annotations");
        if (!annotations || annotations->kind != NODE_MAP) {
            annotations = node_new(a, NODE_MAP);
            node_set(meta, STR("annotations"), annotations);
        }
        node_set(annotations, ANNOTATION, node_new_str(a, str_of(owner)));
        (void)node_write_json(doc, out, 0);
    }
    buf_deinit(&text);
}

static int delete_one(struct client *c, const struct object *o, struct arena *a)
{
    const char *path = remote_path(o->kind, arena_strz(a, o->ns), arena_strz(a, o->name), a);
    struct str name = print_name_of(o, a);
    struct client_reply r;
    int code = client_call(c, "DELETE", path, NULL, STR_NONE, &r);

    if (!code && r.status >= 300 && r.status != 404)
        code = client_refused(&r, arena_strz(a, name));
    if (!code)
        printf("%.*s deleted\n", STR_ARG(name));
    client_reply_deinit(&r);
    return code;
}

static int prune_kind(struct client *c, const struct api_kind *k, const struct map *kept,
                      const char *owner, struct arena *a)
{
    struct object_set set;
    int code;

    object_set_init(&set);
    code = remote_list(c, k, NULL, NULL, &set);
    for (size_t i = 0; i < set.count && !code; i++) {
        const struct object *o = set.items[i];

        if (str_eq(object_meta_annotation(o->meta, ANNOTATION), str_of(owner)) &&
            !map_get(kept, object_key(o, a)))
            code = delete_one(c, o, a);
    }
    object_set_deinit(&set);
    return code;
}

int apply_prune_rest(struct client *c, const struct object_set *set, const char *owner,
                     struct arena *a)
{
    struct map kept;
    int code = 0;

    map_init(&kept);
    for (size_t i = 0; i < set->count; i++)
        map_put(&kept, object_key(set->items[i], a), set->items[i]);
    /* Backwards: namespaces come first in the table, and hold the others. */
    for (uint16_t id = API_KIND_ID_END; id-- > 0 && !code;) {
        const struct api_kind *k = api_kind_by_id(id);

        if (k)
            code = prune_kind(c, k, &kept, owner, a);
    }
    map_deinit(&kept);
    return code;
}
