#include <string.h>

#include "cmd/input.h"
#include "cmd/print.h"
#include "cmd/remote.h"
#include "cmd/target.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"

static const struct cli_flag flags[] = {
    CLIENT_NAMESPACE_FLAG,
    { .name = "all-namespaces", .letter = 'A', .help = "In every namespace" },
    { "selector", 'l', CLI_FLAG_TEXT, "LABELS", NULL, "As app=reviews,version!=v1", NULL },
    INPUT_FLAGS,
    { .name = "watch", .letter = 'w', .help = "Go on and print what changes" },
    { .name = "ignore-not-found", .help = "A missing object is no failure" },
    PRINT_FLAGS,
    CLIENT_FLAGS,
};

struct get {
    const struct cli_args *args;
    struct client *client;
    struct print_options print;
    const char *ns; /* NULL: all */
    struct object_set found;
    struct buf out;
    struct arena arena;
};

static int get_one(struct get *g, const struct api_kind *k, const char *ns, const char *name)
{
    struct object *o;
    int code =
        remote_object(g->client, k, ns, name, cli_args_bool(g->args, "ignore-not-found"), &o);

    if (!code && o)
        object_set_give(&g->found, o);
    return code;
}

/* A missing object does not keep the others from being shown. */
static int get_targets(struct get *g, const struct target_list *targets)
{
    int code = 0;

    for (size_t i = 0; i < targets->count; i++) {
        const struct target *t = &targets->items[i];
        int one = t->name ? get_one(g, t->kind, g->ns ? g->ns : "default", t->name)
                          : remote_list(g->client, t->kind, g->ns,
                                        cli_args_text(g->args, "selector"), &g->found);

        if (one && one != CLI_FAILED)
            return one;
        code = code ? code : one;
        g->print.with_kind |= t->kind != targets->items[0].kind;
        g->print.as_list |= !t->name || targets->count > 1;
    }
    return code;
}

static int get_files(struct get *g)
{
    struct input in;
    int code;

    input_init(&in);
    code = input_read_args(&in, g->args);
    if (!code && diag_has_errors(&in.diag)) {
        diag_render_text(&in.diag, &g->out, input_wants_colour(g->args, stderr));
        print_flush(&g->out, stderr);
        code = CLI_BAD_INPUT;
    }
    for (size_t i = 0; i < in.objects.count && !code; i++) {
        const struct object *o = in.objects.items[i];

        g->print.with_kind |= o->kind != in.objects.items[0]->kind;
        code = get_one(g, o->kind, arena_strz(&g->arena, o->ns), arena_strz(&g->arena, o->name));
    }
    g->print.as_list = in.objects.count > 1;
    input_deinit(&in);
    return code;
}

static int show(struct get *g)
{
    bool is_text = g->print.format == PRINT_TABLE || g->print.format == PRINT_WIDE;
    int code;

    if (is_text && g->found.count == 0) {
        if (!cli_args_bool(g->args, "ignore-not-found"))
            fprintf(stderr,
                    g->ns ? "No resources found in %s namespace.\n" : "No resources found\n",
                    g->ns);
        return 0;
    }
    code = print_objects(&g->found, &g->print, &g->out);
    print_flush(&g->out, stdout);
    return code;
}

/* ---- watching ---- */

struct watch {
    struct get *get;
    const struct api_kind *kind;
    struct str version; /* of the last event, in the get's arena */
    bool has_header;
    int code;
};

static void show_event(struct watch *w, struct object *o)
{
    struct get *g = w->get;
    struct object_set one = { .items = &o, .count = 1, .cap = 1 };

    if (g->print.format == PRINT_TABLE || g->print.format == PRINT_WIDE)
        print_row(o, &g->print, !w->has_header, &g->out);
    else
        w->code = print_objects(&one, &g->print, &g->out);
    w->has_header = true;
    print_flush(&g->out, stdout);
}

/* {"type": "ADDED", "object": {...}} */
static bool on_line(void *arg, struct str text)
{
    struct watch *w = arg;
    struct node *event;
    struct object *o;
    struct arena a;

    arena_init(&a, 4096);
    if (node_json_read(&a, text, NULL, NULL, &event) != 0) {
        w->code = cli_fail(CLI_FAILED, "watch: what comes is no JSON");
    } else if (str_is(node_get_str(event, "type"), "ERROR")) {
        w->code = cli_fail(CLI_FAILED, "watch: %.*s",
                           STR_ARG(node_get_str(node_getz(event, "object"), "message")));
    } else if (!str_is(node_get_str(event, "type"), "BOOKMARK")) {
        w->code = remote_decode(node_getz(event, "object"), &o);
        if (!w->code) {
            w->version = arena_str(&w->get->arena, o->meta->resource_version);
            show_event(w, o);
            object_unref(o);
        }
    }
    arena_deinit(&a);
    return w->code == 0;
}

static int watch(struct get *g, const struct target_list *targets)
{
    const struct target *t = &targets->items[0];
    const char *path, *labels = cli_args_text(g->args, "selector");
    struct watch w = { .get = g, .kind = t->kind };
    struct node *doc;
    int code;

    if (targets->count != 1)
        return cli_fail(CLI_USAGE, "--watch takes one kind, and one name at most");
    path = remote_path(t->kind, g->ns, NULL, &g->arena);
    if (t->name)
        path = remote_query(path, "fieldSelector",
                            arena_printf(&g->arena, "metadata.name=%s", t->name), &g->arena);
    if (labels)
        path = remote_query(path, "labelSelector", str_of(labels), &g->arena);
    code = remote_get(g->client, path, t->kind->plural, &g->arena, &doc);
    if (code)
        return code;
    w.version = node_get_str(node_getz(doc, "metadata"), "resourceVersion");
    for (struct node *n = node_getz(doc, "items") ? node_getz(doc, "items")->first : NULL;
         n && !w.code; n = n->next) {
        struct object *o;

        w.code = remote_decode(n, &o);
        if (!w.code)
            show_event(&w, o);
        if (!w.code)
            object_unref(o);
    }
    path = remote_query(path, "watch", STR("true"), &g->arena);
    /* The server ends a watch from time to time: it goes on where it was. */
    while (!w.code && !code)
        code = client_watch(g->client, remote_query(path, "resourceVersion", w.version, &g->arena),
                            on_line, &w);
    return w.code ? w.code : code;
}

/* ---- ---- */

static int get(struct get *g)
{
    struct target_list targets;
    size_t files;
    int code;

    (void)cli_args_list(g->args, "filename", &files);
    if (files)
        return get_files(g);
    code = target_parse(g->args, &g->arena, &targets);
    if (code)
        return code;
    if (cli_args_bool(g->args, "watch"))
        return watch(g, &targets);
    return get_targets(g, &targets);
}

static int run(const struct cli_args *args)
{
    struct get g = { .args = args };
    int code, shown = 0;

    print_options_read(args, &g.print);
    g.print.show_ns = cli_args_bool(args, "all-namespaces");
    g.ns = g.print.show_ns ? NULL : cli_args_text(args, "namespace");
    code = client_open(&g.client, args);
    if (code)
        return code;
    object_set_init(&g.found);
    buf_init(&g.out, 0);
    arena_init(&g.arena, 4096);
    code = get(&g);
    if (!cli_args_bool(args, "watch") && (code == 0 || g.found.count))
        shown = show(&g);
    arena_deinit(&g.arena);
    buf_deinit(&g.out);
    object_set_deinit(&g.found);
    client_close(g.client);
    return code ? code : shown;
}

extern const struct cli_command cmd_get;
const struct cli_command cmd_get = {
    .name = "get",
    .group = "Configure",
    .arguments = "KIND[,KIND...] [NAME]... | KIND/NAME...",
    .summary = "Show objects",
    .examples = "  mesh get vs,dr -A\n"
                "  mesh get vs reviews -o yaml\n"
                "  mesh get svc -o jsonpath='{.items[*].metadata.name}'\n"
                "  mesh get we -w",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
