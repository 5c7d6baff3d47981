#include "modes/control/rest_table.h"

#include "core/api/api_column.h"
#include "core/api/object.h"
#include "core/loop/clock.h"
#include "modes/control/rest_call.h"

void rest_table_init(struct rest_table *t, struct rest_call *call)
{
    struct str rest = call->accept, include = rest_call_param(call, "includeObject");

    *t = (struct rest_table){ .kind = call->kind, .now_ns = clock_wall_ns() };
    if (str_is(include, "Object"))
        t->include = REST_TABLE_OBJECT;
    else if (str_is(include, "None"))
        t->include = REST_TABLE_NONE;
    while (rest.p) {
        struct str one = str_cut(&rest, ',');

        if (str_find(one, STR("as=Table")) < 0)
            return; /* plain objects are preferred */
        if (str_find(one, STR("json")) < 0)
            continue;
        t->version = str_find(one, STR("v=v1beta1")) >= 0 ? STR("v1beta1") : STR("v1");
        return;
    }
}

static struct node *column(struct arena *a, const char *name, const char *type, const char *format,
                           const char *help, int priority)
{
    struct node *n = node_new(a, NODE_MAP);

    node_set_str(a, n, "name", str_of(name));
    node_set_str(a, n, "type", str_of(type));
    node_set_str(a, n, "format", str_of(format));
    node_set_str(a, n, "description", str_of(help ? help : ""));
    node_set(n, STR("priority"), node_new_int(a, priority));
    return n;
}

/* "CLUSTER-IP" of our tables is "Cluster-IP" there; kubectl prints both alike. */
struct node *rest_table_head(const struct rest_table *t, bool columns, struct arena *a)
{
    const struct api_column_list *list = t->kind->columns;
    struct node *n = node_new(a, NODE_MAP), *definitions;

    node_set_str(a, n, "kind", STR("Table"));
    node_set_str(a, n, "apiVersion", arena_printf(a, "meta.k8s.io/%.*s", STR_ARG(t->version)));
    node_set(n, STR("metadata"), node_new(a, NODE_MAP));
    definitions = node_new(a, NODE_LIST);
    if (columns) {
        node_add(definitions,
                 column(a, "Name", "string", "name", "Name must be unique within a namespace.", 0));
        for (size_t i = 0; i < list->count; i++) {
            const struct api_kind_column *c = &list->items[i];

            node_add(definitions, column(a, c->header, c->type, "", c->help, c->priority));
        }
    }
    node_set(n, STR("columnDefinitions"), definitions);
    node_set(n, STR("rows"), node_new(a, NODE_LIST));
    return n;
}

static struct node *cell(struct arena *a, const struct api_kind_column *c, struct str text)
{
    bool digits = text.len > 0 && text.len < 19;

    for (size_t i = 0; i < text.len; i++)
        digits = digits && text.p[i] >= '0' && text.p[i] <= '9';
    if (digits && str_is(str_of(c->type), "integer")) {
        struct node *n = node_new(a, NODE_INT);

        n->text = arena_str(a, text);
        return n;
    }
    return node_new_str(a, arena_str(a, text));
}

static void add_cells(const struct rest_table *t, const struct node *n, struct node *cells,
                      struct arena *a)
{
    struct object_options stored = { .stored = true };
    struct object *o = NULL;
    struct buf text;

    if (object_decode(&o, n, NULL, &stored) != 0)
        o = NULL;
    buf_init(&text, 4096);
    for (size_t i = 0; i < t->kind->columns->count; i++) {
        const struct api_kind_column *c = &t->kind->columns->items[i];

        buf_clear(&text);
        if (o)
            api_column_cell(o, c, t->now_ns, &text);
        node_add(cells, cell(a, c, buf_str(&text)));
    }
    buf_deinit(&text);
    object_unref(o);
}

struct node *rest_table_row(const struct rest_table *t, struct node *n, struct arena *a)
{
    struct node *row = node_new(a, NODE_MAP), *cells = node_new(a, NODE_LIST), *partial;

    node_add(cells, node_new_str(a, node_get_str(node_getz(n, "metadata"), "name")));
    add_cells(t, n, cells, a);
    node_set(row, STR("cells"), cells);
    if (t->include == REST_TABLE_OBJECT) {
        node_set(row, STR("object"), n);
    } else if (t->include == REST_TABLE_METADATA) {
        partial = node_new(a, NODE_MAP);
        node_set_str(a, partial, "kind", STR("PartialObjectMetadata"));
        node_set_str(a, partial, "apiVersion",
                     arena_printf(a, "meta.k8s.io/%.*s", STR_ARG(t->version)));
        node_set(partial, STR("metadata"), node_copy(a, node_getz(n, "metadata")));
        node_set(row, STR("object"), partial);
    }
    return row;
}
