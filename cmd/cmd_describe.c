#include <string.h>

#include "cmd/input.h"
#include "cmd/print.h"
#include "cmd/relations.h"
#include "cmd/remote.h"
#include "cmd/target.h"
#include "cmd/world.h"
#include "core/analyze/analyze.h"
#include "core/api/api_column.h"
#include "core/api/k8s_event.h"
#include "core/base/mem.h"
#include "core/loop/clock.h"
#include "core/text/timestamp.h"

static const struct cli_flag flags[] = {
    CLIENT_NAMESPACE_FLAG,
    { .name = "all-namespaces", .letter = 'A', .help = "In every namespace" },
    { "selector", 'l', CLI_FLAG_TEXT, "LABELS", NULL, "Those with these labels", NULL },
    INPUT_COLOR_FLAG,
    CLIENT_FLAGS,
};

struct describe {
    const struct cli_args *args;
    struct client *client;
    struct object_set world; /* what the objects shown are related to */
    struct buf out;
    struct arena arena;
    size_t shown;
};

static void write_pairs(const char *title, const struct field_pair *pairs, size_t n,
                        struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%-14s%.*s=%.*s\n", i ? "" : title, STR_ARG(pairs[i].key),
                   STR_ARG(pairs[i].value));
}

static void write_time(const char *title, const struct field_opt *when, struct buf *out)
{
    char text[TIMESTAMP_TEXT_BYTES];
    size_t len;

    if (!when->set)
        return;
    len = timestamp_write(when->value, text);
    buf_printf(out, "%-14s%.*s  (", title, (int)len, text);
    api_column_write_age(clock_wall_ns() - when->value, out);
    buf_add_str(out, STR(" ago)\n"));
}

/* A part of the object as YAML, indented. */
static void write_part(const char *title, const struct node *n, struct buf *out)
{
    struct buf text;
    struct str rest;

    if (!n || (n->count == 0 && (n->kind == NODE_MAP || n->kind == NODE_LIST)))
        return;
    buf_init(&text, 0);
    (void)node_write_yaml(n, &text, 0);
    buf_printf(out, "%s:\n", title);
    for (rest = buf_str(&text); rest.len;) {
        struct str line = str_cut(&rest, '\n');

        buf_printf(out, "  %.*s\n", STR_ARG(line));
    }
    buf_deinit(&text);
}

/* What is neither head nor status: the spec, or a Secret's keys without their values. */
static void write_content(const struct object *o, struct buf *out)
{
    const struct node *data = node_getz(o->node, "data");

    if (o->kind->id == API_KIND_SECRET) {
        buf_add_str(out, STR("Data:\n"));
        for (const struct node *n = data ? data->first : NULL; n; n = n->next)
            buf_printf(out, "  %.*s:  %zu bytes in base64\n", STR_ARG(n->key), n->text.len);
        return;
    }
    if (o->kind->spec) {
        write_part("Spec", node_getz(o->node, "spec"), out);
        return;
    }
    NODE_EACH(n, o->node)
    {
        char *title = str_dup(n->key);

        if (strcmp(title, "metadata") != 0 && strcmp(title, "kind") != 0 &&
            strcmp(title, "apiVersion") != 0 && strcmp(title, "status") != 0)
            write_part(title, n, out);
        mem_free(title);
    }
}

static void write_head(const struct object *o, struct buf *out)
{
    const struct object_meta *m = o->meta;

    buf_printf(out, "%-14s%.*s\n", "Name:", STR_ARG(o->name));
    if (o->ns.len)
        buf_printf(out, "%-14s%.*s\n", "Namespace:", STR_ARG(o->ns));
    buf_printf(out, "%-14s%s  (%s%s%.*s)\n", "Kind:", o->kind->kind, o->kind->group,
               o->kind->group[0] ? "/" : "", STR_ARG(o->version));
    write_pairs("Labels:", m->labels, m->labels_count, out);
    write_pairs("Annotations:", m->annotations, m->annotations_count, out);
    write_time("Created:", &m->created, out);
    if (m->resource_version.len)
        buf_printf(out, "%-14s%.*s\n", "Revision:", STR_ARG(m->resource_version));
}

static void write_events(struct describe *d, const struct object *o)
{
    struct object_set events;
    bool any = false;

    object_set_init(&events);
    if (remote_list(d->client, api_kind_by_id(API_KIND_EVENT),
                    o->ns.len ? arena_strz(&d->arena, o->ns) : NULL, NULL, &events) == 0) {
        for (size_t i = 0; i < events.count; i++) {
            const struct k8s_event *e = events.items[i]->spec;

            if (!e->involved || !str_eq(e->involved->name, o->name) ||
                !str_is(e->involved->kind, o->kind->kind))
                continue;
            if (!any)
                buf_add_str(&d->out, STR("Events:\n"));
            any = true;
            buf_printf(&d->out, "  %.*s  %.*s: %.*s\n", STR_ARG(e->type), STR_ARG(e->reason),
                       STR_ARG(e->message));
        }
    }
    object_set_deinit(&events);
}

/* What the checks say about this object alone. */
static void write_issues(struct describe *d, struct object *o)
{
    struct object **order = mem_alloc0(d->world.count + 1, sizeof(*order));
    const struct analyze_options opt = { .fresh = 1 };
    struct diag diag;
    size_t n = 0;

    order[n++] = o;
    for (size_t i = 0; i < d->world.count; i++) {
        const struct object *w = d->world.items[i];

        if (w->kind != o->kind || !str_eq(w->name, o->name) || !str_eq(w->ns, o->ns))
            order[n++] = d->world.items[i];
    }
    diag_init(&diag);
    analyze_run(order, n, &opt, &diag);
    if (diag.first)
        buf_add_str(&d->out, STR("Issues:\n"));
    for (const struct diag_item *i = diag.first; i; i = i->next)
        buf_printf(&d->out, "  [%s] %.*s%s%.*s\n", i->code, STR_ARG(i->path),
                   i->path.len ? ": " : "", STR_ARG(i->message));
    diag_deinit(&diag);
    mem_free(order);
}

static int show(struct describe *d, struct object *o)
{
    if (d->shown++)
        buf_add_str(&d->out, STR("\n\n"));
    write_head(o, &d->out);
    write_content(o, &d->out);
    write_part("Status", node_getz(o->node, "status"), &d->out);
    relations_write(o, &d->world, &d->out);
    write_issues(d, o);
    write_events(d, o);
    print_flush(&d->out, stdout);
    return 0;
}

static int show_target(struct describe *d, const struct target *t)
{
    const char *ns =
        cli_args_bool(d->args, "all-namespaces") ? NULL : cli_args_text(d->args, "namespace");
    struct object_set set;
    struct object *o;
    int code;

    object_set_init(&set);
    if (t->name) {
        code = remote_object(d->client, t->kind, ns ? ns : "default", t->name, false, &o);
        if (!code)
            object_set_give(&set, o);
    } else {
        code = remote_list(d->client, t->kind, ns, cli_args_text(d->args, "selector"), &set);
        if (!code && set.count == 0)
            fprintf(stderr, "No resources found\n");
    }
    for (size_t i = 0; i < set.count && !code; i++)
        code = show(d, set.items[i]);
    object_set_deinit(&set);
    return code;
}

static int run(const struct cli_args *args)
{
    struct describe d = { .args = args };
    struct target_list targets;
    int code;

    arena_init(&d.arena, 4096);
    code = target_parse(args, &d.arena, &targets);
    if (!code)
        code = client_open(&d.client, args);
    if (code) {
        arena_deinit(&d.arena);
        return code;
    }
    object_set_init(&d.world);
    buf_init(&d.out, 0);
    code = world_fetch(d.client, NULL, &d.world);
    for (size_t i = 0; i < targets.count && !code; i++)
        code = show_target(&d, &targets.items[i]);
    buf_deinit(&d.out);
    object_set_deinit(&d.world);
    client_close(d.client);
    arena_deinit(&d.arena);
    return code;
}

extern const struct cli_command cmd_describe;
const struct cli_command cmd_describe = {
    .name = "describe",
    .group = "Configure",
    .arguments = "KIND [NAME]... | KIND/NAME...",
    .summary = "An object with all that stands in relation to it",
    .examples = "  mesh describe svc reviews\n  mesh describe vs/reviews dr/reviews",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
