#include <string.h>

#include "cmd/input.h"
#include "cmd/print.h"
#include "cmd/remote.h"
#include "cmd/target.h"
#include "core/base/mem.h"

static const struct cli_flag flags[] = {
    CLIENT_NAMESPACE_FLAG,
    { "selector", 'l', CLI_FLAG_TEXT, "LABELS", NULL, "All of the kind with these labels", NULL },
    { .name = "all", .help = "All of the kind in the namespace" },
    INPUT_FLAGS,
    INPUT_COLOR_FLAG,
    { .name = "ignore-not-found", .help = "What is gone already is no failure" },
    { "dry-run", 0, CLI_FLAG_TEXT, "HOW", "none", "server: ask, but change nothing",
      "none|client|server" },
    CLIENT_FLAGS,
};

struct removal {
    const struct cli_args *args;
    struct client *client;
    struct arena arena;
    const char *dry_run;
    bool ignore_missing;
};

static int delete_object(struct removal *d, const struct api_kind *k, const char *ns,
                         const char *name)
{
    const char *path = remote_path(k, ns, name, &d->arena);
    struct client_reply r = { .status = 200 };
    const char *title = arena_printf(&d->arena, "%s%s%s \"%s\"", k->singular,
                                     k->group[0] ? "." : "", k->group, name)
                            .p;
    int code = 0;

    if (strcmp(d->dry_run, "server") == 0)
        path = remote_query(path, "dryRun", STR("All"), &d->arena);
    if (strcmp(d->dry_run, "client") == 0) {
        printf("%s deleted (dry run)\n", title);
        return 0;
    }
    code = client_call(d->client, "DELETE", path, NULL, STR_NONE, &r);
    if (!code && r.status == 404 && d->ignore_missing)
        ;
    else if (!code && r.status >= 300)
        code = client_refused(&r, title);
    else if (!code)
        printf("%s deleted%s\n", title,
               strcmp(d->dry_run, "server") == 0 ? " (server dry run)" : "");
    client_reply_deinit(&r);
    return code;
}

static int delete_set(struct removal *d, const struct object_set *set)
{
    int code = 0;

    /* Backwards: what was written last may depend on what came first. */
    for (size_t i = set->count; i-- > 0;) {
        const struct object *o = set->items[i];
        int one =
            delete_object(d, o->kind, arena_strz(&d->arena, o->ns), arena_strz(&d->arena, o->name));

        code = code ? code : one;
        if (one == CLI_UNREACHABLE)
            break;
    }
    return code;
}

static int delete_files(struct removal *d)
{
    struct input in;
    int code;

    input_init(&in);
    code = input_read_args(&in, d->args);
    if (!code && diag_has_errors(&in.diag)) {
        input_print_diag(&in.diag, d->args);
        code = cli_fail(CLI_BAD_INPUT, "nothing was deleted");
    }
    if (!code)
        code = delete_set(d, &in.objects);
    input_deinit(&in);
    return code;
}

static int delete_targets(struct removal *d, const struct target_list *targets)
{
    const char *ns = cli_args_text(d->args, "namespace"),
               *labels = cli_args_text(d->args, "selector");
    int code = 0;

    for (size_t i = 0; i < targets->count; i++) {
        const struct target *t = &targets->items[i];
        struct object_set set;
        int one;

        if (t->name) {
            one = delete_object(d, t->kind, ns, t->name);
            code = code ? code : one;
            continue;
        }
        if (!labels && !cli_args_bool(d->args, "all"))
            return cli_fail(CLI_USAGE, "which %s? Give names, -l LABELS, or --all",
                            t->kind->plural);
        object_set_init(&set);
        one = remote_list(d->client, t->kind, ns, labels, &set);
        if (!one)
            one = delete_set(d, &set);
        object_set_deinit(&set);
        code = code ? code : one;
    }
    return code;
}

static int run(const struct cli_args *args)
{
    struct removal d = { .args = args,
                         .dry_run = cli_args_text(args, "dry-run"),
                         .ignore_missing = cli_args_bool(args, "ignore-not-found") };
    struct target_list targets;
    size_t files;
    int code = client_open(&d.client, args);

    if (code)
        return code;
    arena_init(&d.arena, 4096);
    (void)cli_args_list(args, "filename", &files);
    if (files) {
        code = delete_files(&d);
    } else {
        code = target_parse(args, &d.arena, &targets);
        if (!code)
            code = delete_targets(&d, &targets);
    }
    arena_deinit(&d.arena);
    client_close(d.client);
    return code;
}

extern const struct cli_command cmd_delete;
const struct cli_command cmd_delete = {
    .name = "delete",
    .group = "Configure",
    .arguments = "KIND NAME... | KIND/NAME...",
    .summary = "Remove objects",
    .examples = "  mesh delete vs reviews\n  mesh delete -f reviews.yaml\n"
                "  mesh delete vs,dr -l app=reviews",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
