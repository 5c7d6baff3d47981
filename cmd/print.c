#include "cmd/print.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/print_table.h"
#include "core/api/api_column.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/clock.h"
#include "core/text/node_jsonpath.h"

static const struct {
    const char *name;
    enum print_format format;
} formats[] = {
    { "table", PRINT_TABLE },        { "wide", PRINT_WIDE },
    { "name", PRINT_NAME },          { "yaml", PRINT_YAML },
    { "json", PRINT_JSON },          { "jsonl", PRINT_JSONL },
    { "jsonpath=", PRINT_JSONPATH }, { "custom-columns=", PRINT_COLUMNS },
};

void print_flush(struct buf *b, FILE *out)
{
    struct str s = buf_str(b);

    if (s.len)
        fwrite(s.p, 1, s.len, out);
    fflush(out);
    buf_clear(b);
}

void print_options_read(const struct cli_args *args, struct print_options *out)
{
    struct str text = str_of(cli_args_text(args, "output"));

    *out = (struct print_options){ .no_headers = cli_args_bool(args, "no-headers"),
                                   .show_labels = cli_args_bool(args, "show-labels"),
                                   .show_managed = cli_args_bool(args, "show-managed-fields"),
                                   .sort_by = str_of(cli_args_text(args, "sort-by")) };
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        struct str name = str_of(formats[i].name);

        if (!str_starts(text, name))
            continue;
        out->format = formats[i].format;
        out->text = str_skip(text, name.len);
    }
}

struct str print_name_of(const struct object *o, struct arena *a)
{
    return arena_printf(a, "%s%s%s/%.*s", o->kind->singular, o->kind->group[0] ? "." : "",
                        o->kind->group, STR_ARG(o->name));
}

/* ---- documents ---- */

/* Who owns which field fills the screen and is rarely asked for. */
static struct node *node_of(const struct object *o, const struct print_options *opt,
                            struct arena *a)
{
    struct node *n = node_copy(a, object_to_node(o, STR_NONE, a));
    struct node *meta = node_getz(n, "metadata");

    if (meta && !opt->show_managed)
        node_unset(meta, STR("managedFields"));
    return n;
}

static const struct node *list_of(const struct object_set *set, const struct print_options *opt,
                                  struct arena *a)
{
    struct node *list = node_new(a, NODE_MAP), *items = node_new(a, NODE_LIST);

    node_set_str(a, list, "apiVersion", STR("v1"));
    node_set(list, STR("items"), items);
    node_set_str(a, list, "kind", STR("List"));
    node_set(list, STR("metadata"), node_new(a, NODE_MAP));
    for (size_t i = 0; i < set->count; i++)
        node_add(items, node_of(set->items[i], opt, a));
    return list;
}

static const struct node *document_of(const struct object_set *set, const struct print_options *opt,
                                      struct arena *a)
{
    if (set->count == 1 && !opt->as_list)
        return node_of(set->items[0], opt, a);
    return list_of(set, opt, a);
}

static int bad_path(struct str path, struct str why)
{
    return cli_fail(CLI_USAGE, "JSONPath \"%.*s\": %.*s", STR_ARG(path), STR_ARG(why));
}

static int print_jsonpath(const struct object_set *set, const struct print_options *opt,
                          struct arena *a, struct buf *out)
{
    struct str why;

    if (node_jsonpath_write(document_of(set, opt, a), opt->text, a, out, &why) != 0)
        return bad_path(opt->text, why);
    return 0;
}

static void print_documents(const struct object_set *set, const struct print_options *opt,
                            struct arena *a, struct buf *out)
{
    if (opt->format == PRINT_JSON) {
        (void)node_write_json(document_of(set, opt, a), out, NODE_PRETTY4 | NODE_SORTED);
        buf_add_char(out, '\n');
    } else if (opt->format == PRINT_YAML) {
        (void)node_write_yaml(document_of(set, opt, a), out, NODE_SORTED);
    }
    for (size_t i = 0; i < set->count && opt->format == PRINT_JSONL; i++) {
        (void)node_write_json(node_of(set->items[i], opt, a), out, NODE_SORTED);
        buf_add_char(out, '\n');
    }
    for (size_t i = 0; i < set->count && opt->format == PRINT_NAME; i++) {
        struct str name = print_name_of(set->items[i], a);

        buf_printf(out, "%.*s\n", STR_ARG(name));
    }
}

/* ---- tables ---- */

static const struct api_column_list *columns_of(const struct api_kind *k)
{
    return k->columns ? k->columns : &api_column_age;
}

static bool shows(const struct api_kind_column *c, const struct print_options *opt)
{
    return c->priority == 0 || opt->format == PRINT_WIDE;
}

static void start_table(struct print_table *t, const struct api_kind *k,
                        const struct print_options *opt)
{
    const struct api_column_list *list = columns_of(k);
    struct buf headers;
    char *text;

    buf_init(&headers, 0);
    buf_add_str(&headers, opt->show_ns && k->namespaced ? STR("NAMESPACE|NAME") : STR("NAME"));
    for (size_t i = 0; i < list->count; i++) {
        if (shows(&list->items[i], opt))
            buf_printf(&headers, "|%s", list->items[i].header);
    }
    if (opt->show_labels)
        buf_add_str(&headers, STR("|LABELS"));
    text = buf_take_strz(&headers);
    for (char *p = text; *p; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
    print_table_init(t, text);
    mem_free(text);
    buf_deinit(&headers);
}

static void add_labels(struct print_table *t, const struct object *o, struct buf *cell)
{
    for (size_t i = 0; i < o->meta->labels_count; i++)
        buf_printf(cell, "%s%.*s=%.*s", i ? "," : "", STR_ARG(o->meta->labels[i].key),
                   STR_ARG(o->meta->labels[i].value));
    print_table_add(t, buf_len(cell) ? buf_str(cell) : STR("<none>"));
}

static void add_object(struct print_table *t, const struct object *o,
                       const struct print_options *opt)
{
    const struct api_column_list *list = columns_of(o->kind);
    int64_t now = clock_wall_ns();
    struct arena a;
    struct buf cell;

    arena_init(&a, 256);
    buf_init(&cell, 0);
    if (opt->show_ns && o->kind->namespaced)
        print_table_add(t, o->ns);
    print_table_add(t, opt->with_kind ? print_name_of(o, &a) : o->name);
    for (size_t i = 0; i < list->count; i++) {
        if (!shows(&list->items[i], opt))
            continue;
        buf_clear(&cell);
        api_column_cell(o, &list->items[i], now, &cell);
        print_table_add(t, buf_str(&cell));
    }
    buf_clear(&cell);
    if (opt->show_labels)
        add_labels(t, o, &cell);
    buf_deinit(&cell);
    arena_deinit(&a);
}

static void print_tables(const struct object_set *set, const struct print_options *opt,
                         struct buf *out)
{
    struct print_table t;

    for (size_t i = 0; i < set->count;) {
        const struct api_kind *k = set->items[i]->kind;

        if (i)
            buf_add_char(out, '\n');
        start_table(&t, k, opt);
        for (; i < set->count && set->items[i]->kind == k; i++)
            add_object(&t, set->items[i], opt);
        print_table_write(&t, !opt->no_headers, out);
        print_table_deinit(&t);
    }
}

void print_row(const struct object *o, const struct print_options *opt, bool with_header,
               struct buf *out)
{
    struct print_table t;

    start_table(&t, o->kind, opt);
    add_object(&t, o, opt);
    print_table_write(&t, with_header && !opt->no_headers, out);
    print_table_deinit(&t);
}

/* custom-columns=NAME:.metadata.name,HOSTS:.spec.hosts */
static int print_columns(const struct object_set *set, const struct print_options *opt,
                         struct arena *a, struct buf *out)
{
    struct str rest = opt->text, headers = STR_NONE;
    struct print_table t;
    struct buf cell;
    int err = 0;

    while (rest.p) {
        struct str column = str_cut(&rest, ','), name = str_cut(&column, ':');

        if (!column.p)
            return cli_fail(CLI_USAGE, "custom-columns=HEADER:.path,HEADER:.path");
        headers =
            arena_printf(a, "%.*s%s%.*s", STR_ARG(headers), headers.len ? "|" : "", STR_ARG(name));
    }
    print_table_init(&t, headers.p);
    buf_init(&cell, 0);
    for (size_t i = 0; i < set->count && !err; i++) {
        const struct node *n = object_to_node(set->items[i], STR_NONE, a);

        rest = opt->text;
        while (rest.p && !err) {
            struct str column = str_cut(&rest, ','), why;

            (void)str_cut(&column, ':');
            buf_clear(&cell);
            if (node_jsonpath_write(n, column, a, &cell, &why) != 0)
                err = bad_path(column, why);
            print_table_add(&t, buf_len(&cell) ? buf_str(&cell) : STR("<none>"));
        }
    }
    if (!err)
        print_table_write(&t, !opt->no_headers, out);
    buf_deinit(&cell);
    print_table_deinit(&t);
    return err;
}

/* ---- order ---- */

struct sortable {
    struct object *object;
    const struct node *key; /* NULL: first */
    size_t place;
};

static int compare_keys(const void *a, const void *b)
{
    const struct sortable *x = a, *y = b;
    double l, r;
    int order;

    if (!x->key || !y->key)
        order = (x->key != NULL) - (y->key != NULL);
    else if (node_to_double(x->key, &l) && node_to_double(y->key, &r))
        order = l < r ? -1 : l > r;
    else
        order = str_cmp(x->key->text, y->key->text);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int sort_objects(const struct object_set *set, struct str path, struct arena *a)
{
    struct sortable *items = arena_alloc0(a, set->count + 1, sizeof(*items));

    for (size_t i = 0; i < set->count; i++) {
        struct node_jsonpath_list found;
        struct str why;

        if (node_jsonpath_find(object_to_node(set->items[i], STR_NONE, a), path, a, &found, &why))
            return bad_path(path, why);
        items[i] = (struct sortable){ set->items[i], found.count ? found.items[0] : NULL, i };
    }
    qsort(items, set->count, sizeof(*items), compare_keys);
    for (size_t i = 0; i < set->count; i++)
        set->items[i] = items[i].object;
    return 0;
}

int print_objects(const struct object_set *set, const struct print_options *opt, struct buf *out)
{
    struct arena a;
    int err = 0;

    arena_init(&a, 4096);
    if (opt->sort_by.len)
        err = sort_objects(set, opt->sort_by, &a);
    if (!err && opt->format == PRINT_JSONPATH)
        err = print_jsonpath(set, opt, &a, out);
    else if (!err && opt->format == PRINT_COLUMNS)
        err = print_columns(set, opt, &a, out);
    else if (!err && (opt->format == PRINT_TABLE || opt->format == PRINT_WIDE))
        print_tables(set, opt, out);
    else if (!err)
        print_documents(set, opt, &a, out);
    arena_deinit(&a);
    return err;
}
