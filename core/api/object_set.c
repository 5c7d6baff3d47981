#include "core/api/object_set.h"

#include "core/api/mesh_file.h"
#include "core/api/object_kind.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_yaml.h"

void object_set_init(struct object_set *set)
{
    *set = (struct object_set){ 0 };
}

void object_set_deinit(struct object_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        object_unref(set->items[i]);
    mem_free(set->items);
    object_set_init(set);
}

void object_set_give(struct object_set *set, struct object *o)
{
    if (set->count == set->cap) {
        set->cap = set->cap ? set->cap * 2 : 16;
        set->items = mem_resize(set->items, set->cap, sizeof(struct object *));
    }
    set->items[set->count++] = o;
}

/* Left out, and said so. */
static void add_foreign(struct object_set *set, const struct node *doc, struct diag *d)
{
    const struct node *kind = node_getz(doc, "kind");
    struct diag_pos pos = node_pos(kind);

    set->foreign_count++;
    if (d)
        diag_add(d, DIAG_INFO, "MSH1014", &pos, STR("kind"),
                 "%.*s of %.*s is not part of the mesh: ignored", STR_ARG(kind->text),
                 STR_ARG(node_get_str(doc, "apiVersion")));
}

static int add_document(struct object_set *set, const struct node *doc, struct diag *d,
                        const struct object_options *opt)
{
    const struct node *mesh = mesh_file_find(doc);
    struct object *o;
    int err;

    if (!mesh && object_kind_is_foreign(doc)) {
        add_foreign(set, doc, d);
        return 0;
    }
    err = mesh ? mesh_file_to_object(&o, mesh, d, opt) : object_decode(&o, doc, d, opt);

    if (err == 0)
        object_set_give(set, o);
    return err;
}

/* A "List", or "VirtualServiceList" as the API answers. */
static const struct node *list_items(const struct node *doc)
{
    const struct node *items = node_getz(doc, "items");

    if (!items || items->kind != NODE_LIST || !str_ends(node_get_str(doc, "kind"), STR("List")))
        return NULL;
    return items;
}

int object_set_read(struct object_set *set, struct str text, const char *file, struct diag *d,
                    const struct object_options *opt)
{
    struct arena scratch;
    struct node **docs = NULL;
    size_t count = 0;
    int err;

    if (d && file)
        diag_add_source(d, file, text);
    arena_init(&scratch, 65536);
    err = node_yaml_read(&scratch, text, file, d, &docs, &count);
    for (size_t i = 0; i < count; i++) {
        const struct node *items = list_items(docs[i]);

        if (!items && add_document(set, docs[i], d, opt) != 0 && err == 0)
            err = ERR_INVALID;
        for (const struct node *n = items ? items->first : NULL; n; n = n->next)
            if (add_document(set, n, d, opt) != 0 && err == 0)
                err = ERR_INVALID;
    }
    arena_deinit(&scratch);
    return err;
}
