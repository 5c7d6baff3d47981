#include <string.h>

#include "cmd/input.h"
#include "cmd/print.h"
#include "cmd/remote.h"
#include "cmd/textdiff.h"
#include "cmd/world.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"

static const struct cli_flag flags[] = {
    INPUT_FLAGS,
    CLIENT_NAMESPACE_FLAG,
    INPUT_COLOR_FLAG,
    CLIENT_FLAGS,
};

struct difference {
    const struct cli_args *args;
    struct client *client;
    struct arena arena;
    struct buf out;
    bool colour, found;
};

/* What the server keeps for itself says nothing about a change. */
static const char *const own_members[] = { "managedFields", "resourceVersion",   "generation",
                                           "uid",           "creationTimestamp", "selfLink" };

static void to_text(struct difference *d, const struct node *n, struct buf *out)
{
    struct node *copy = node_copy(&d->arena, n), *meta = node_getz(copy, "metadata");

    for (size_t i = 0; meta && i < COUNT_OF(own_members); i++)
        node_unset(meta, str_of(own_members[i]));
    node_unset(copy, STR("status"));
    (void)node_write_yaml(copy, out, NODE_SORTED);
}

/* Labels and annotations that others put on the object stay, as with apply. */
static void keep_members(struct difference *d, struct node *next, const struct object *live,
                         const char *key)
{
    const struct node *old = node_getz(node_getz(live->node, "metadata"), key);
    struct node *meta = node_getz(next, "metadata"), *now = node_getz(meta, key);

    if (old && !now)
        node_set(meta, str_of(key), node_copy(&d->arena, old));
    for (const struct node *n = old && now ? old->first : NULL; n; n = n->next) {
        if (!node_get(now, n->key))
            node_set(now, n->key, node_copy(&d->arena, n));
    }
}

/* The object as it would be: the server's answer to a dry run, with its defaults and versions. */
static int ask(struct difference *d, const struct object *o, const struct object *live,
               struct node **out)
{
    const char *ns = arena_strz(&d->arena, o->ns), *name = arena_strz(&d->arena, o->name);
    const char *path = remote_path(o->kind, ns, live ? name : NULL, &d->arena);
    struct node *next = node_copy(&d->arena, object_to_node(o, STR_NONE, &d->arena));
    struct client_reply r;
    struct buf body;
    int code;

    if (live) {
        keep_members(d, next, live, "labels");
        keep_members(d, next, live, "annotations");
        node_set_str(&d->arena, node_getz(next, "metadata"), "resourceVersion",
                     live->meta->resource_version);
    }
    buf_init(&body, 0);
    (void)node_write_json(next, &body, 0);
    code = client_call(d->client, live ? "PUT" : "POST",
                       remote_query(path, "dryRun", STR("All"), &d->arena), "application/json",
                       buf_str(&body), &r);
    if (!code && r.status >= 300)
        code = client_refused(&r, arena_printf(&d->arena, "%s \"%s\"", o->kind->singular, name).p);
    if (!code && node_json_read(&d->arena, buf_str(&r.body), NULL, NULL, out) != 0)
        code = cli_fail(CLI_FAILED, "the answer of control is no JSON");
    client_reply_deinit(&r);
    buf_deinit(&body);
    return code;
}

static int diff_object(struct difference *d, const struct object *o)
{
    struct str title = print_name_of(o, &d->arena);
    struct object *live;
    struct node *next = NULL;
    struct buf was, now;
    int code = remote_object(d->client, o->kind, arena_strz(&d->arena, o->ns),
                             arena_strz(&d->arena, o->name), true, &live);

    if (!code)
        code = ask(d, o, live, &next);
    buf_init(&was, 0);
    buf_init(&now, 0);
    if (!code) {
        if (live)
            to_text(d, object_to_node(live, STR_NONE, &d->arena), &was);
        to_text(d, next, &now);
        d->found |= textdiff_write(buf_str(&was), buf_str(&now),
                                   arena_printf(&d->arena, "live %.*s", STR_ARG(title)).p,
                                   o->file ? o->file : "new", d->colour, &d->out);
        print_flush(&d->out, stdout);
    }
    buf_deinit(&was);
    buf_deinit(&now);
    object_unref(live);
    return code;
}

static int diff_all(struct difference *d, struct input *in)
{
    int code = input_read_args(in, d->args);

    if (!code && in->file_count == 0)
        return cli_fail(CLI_USAGE, "say which files: mesh diff -f FILE");
    if (!code && diag_has_errors(&in->diag)) {
        input_print_diag(&in->diag, d->args);
        return CLI_BAD_INPUT;
    }
    if (code)
        return code;
    world_keep_last(&in->objects);
    code = client_open(&d->client, d->args);
    for (size_t i = 0; i < in->objects.count && !code; i++)
        code = diff_object(d, in->objects.items[i]);
    return code;
}

static int run(const struct cli_args *args)
{
    struct difference d = { .args = args, .colour = input_wants_colour(args, stdout) };
    struct input in;
    int code;

    input_init(&in);
    arena_init(&d.arena, 16384);
    buf_init(&d.out, 0);
    code = diff_all(&d, &in);
    client_close(d.client);
    buf_deinit(&d.out);
    arena_deinit(&d.arena);
    input_deinit(&in);
    /* As kubectl: 1 says that there are differences; a failure is anything above. */
    if (code == CLI_FAILED)
        return 2;
    return code ? code : d.found ? CLI_FAILED : CLI_OK;
}

extern const struct cli_command cmd_diff;
const struct cli_command cmd_diff = {
    .name = "diff",
    .group = "Configure",
    .arguments = "[FILE|DIR|-]...",
    .summary = "What applying files would change",
    .details = "Exits with 0 when nothing would change, with 1 when something would.",
    .examples = "  mesh diff -f reviews.yaml",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
