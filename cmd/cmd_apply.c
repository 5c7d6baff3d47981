#include <string.h>

#include "cmd/apply_prune.h"
#include "cmd/input.h"
#include "cmd/print.h"
#include "cmd/remote.h"
#include "cmd/world.h"
#include "core/analyze/analyze.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"

static const struct cli_flag flags[] = {
    INPUT_FLAGS,
    CLIENT_NAMESPACE_FLAG,
    { "dry-run", 0, CLI_FLAG_TEXT, "HOW", "none",
      "client: read and check here; server: also ask control; neither changes anything",
      "none|client|server" },
    { "wait", 0, CLI_FLAG_TEXT, "WHAT", "proxies",
      "Until when: stored on disk, or in use by every connected proxy", "proxies|store" },
    { "timeout", 0, CLI_FLAG_DURATION, "TIME", "30s", "How long to wait for proxies", NULL },
    { .name = "strict", .help = "Hosts, subsets and gateways that nobody has are errors" },
    { "prune", 0, CLI_FLAG_TEXT, "OWNER", NULL,
      "Mark what is applied as OWNER's, and delete what is marked so and was not given", NULL },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print what was done",
      "text|name|json" },
    INPUT_COLOR_FLAG,
    CLIENT_FLAGS,
};

struct apply {
    const struct cli_args *args;
    struct client *client; /* NULL: --dry-run=client, which asks nobody */
    struct input in;
    struct arena arena;
    const char *dry_run, *owner; /* owner: NULL without --prune */
};

/* ---- checks before anything is sent ---- */

static bool is_client_only(const struct apply *p)
{
    return strcmp(p->dry_run, "client") == 0;
}

/* Names in other objects: known from the same files, and from the mesh. */
static int check_references(struct apply *p)
{
    struct object_set *set = &p->in.objects;
    struct analyze_options opt = { .referential_only = true,
                                   .may_come = !cli_args_bool(p->args, "strict"),
                                   .fresh = set->count };
    int code = world_fetch(p->client, NULL, set);

    /* Who may write but not read everything still may write. */
    if (code && code != CLI_NOT_PERMITTED && code != CLI_FAILED)
        return code;
    if (!code)
        analyze_run(set->items, set->count, &opt, &p->in.diag);
    while (set->count > opt.fresh)
        object_unref(set->items[--set->count]);
    return 0;
}

static int refuse(struct apply *p)
{
    size_t errors = p->in.diag.count[DIAG_ERROR];

    input_print_diag(&p->in.diag, p->args);
    fprintf(stderr, "%zu error%s, nothing applied.\n", errors, errors == 1 ? "" : "s");
    return CLI_BAD_INPUT;
}

/* A line each: what was asked for is done all the same. */
static void print_warnings(const struct apply *p)
{
    struct buf out;

    buf_init(&out, 0);
    diag_render_short(&p->in.diag, &out);
    print_flush(&out, stderr);
    buf_deinit(&out);
}

static int check(struct apply *p)
{
    int code;

    if (diag_has_errors(&p->in.diag))
        return refuse(p);
    if (p->in.objects.count == 0 && !p->owner)
        return cli_fail(CLI_BAD_INPUT, "no objects in what was given");
    world_keep_last(&p->in.objects);
    code = is_client_only(p) ? 0 : check_references(p);
    if (code)
        return code;
    for (size_t i = 0; i < p->in.objects.count; i++)
        (void)object_warn_unenforced(p->in.objects.items[i], &p->in.diag);
    if (diag_has_errors(&p->in.diag))
        return refuse(p);
    print_warnings(p);
    return 0;
}

/* ---- sending ---- */

static void write_body(struct apply *p, struct buf *body)
{
    buf_add_str(body, STR("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":["));
    for (size_t i = 0; i < p->in.objects.count; i++) {
        if (i)
            buf_add_char(body, ',');
        if (p->owner)
            apply_prune_write(p->in.objects.items[i], p->owner, &p->arena, body);
        else
            (void)object_to_json(p->in.objects.items[i], body);
    }
    buf_add_str(body, STR("]}"));
}

static const char *apply_path(struct apply *p)
{
    const char *path = "/mesh/v1/apply";

    if (strcmp(p->dry_run, "server") == 0)
        return remote_query(path, "dryRun", STR("All"), &p->arena);
    if (strcmp(cli_args_text(p->args, "wait"), "proxies") == 0) {
        path = remote_query(path, "wait", STR("proxies"), &p->arena);
        path = remote_query(path, "timeout", str_of(cli_args_text(p->args, "timeout")), &p->arena);
        client_allow_ms(p->client, cli_args_duration_ms(p->args, "timeout"));
    }
    return path;
}

/* ---- what came of it ---- */

static struct str name_of(const struct node *item, struct arena *a)
{
    struct str group, version;
    const struct api_kind *k =
        api_kind_by_api_version(node_get_str(item, "apiVersion"), node_get_str(item, "kind"));

    (void)version;
    api_kind_cut_api_version(node_get_str(item, "apiVersion"), &group, &version);
    if (k)
        return arena_printf(a, "%s%s%.*s/%.*s", k->singular, group.len ? "." : "", STR_ARG(group),
                            STR_ARG(node_get_str(item, "name")));
    return node_get_str(item, "name");
}

static void print_results(struct apply *p, const struct node *doc, const char *note)
{
    const struct node *list = node_getz(doc, "results");
    bool only_names = strcmp(cli_args_text(p->args, "output"), "name") == 0;

    for (const struct node *n = list ? list->first : NULL; n; n = n->next) {
        struct str name = name_of(n, &p->arena);

        if (only_names)
            printf("%.*s\n", STR_ARG(name));
        else
            printf("%.*s %.*s%s\n", STR_ARG(name), STR_ARG(node_get_str(n, "result")), note);
    }
}

static int64_t number_of(const struct node *n, const char *key)
{
    int64_t value;

    return node_to_int(node_getz(n, key), &value) ? value : 0;
}

/* "  12/12 proxies in 38 ms (slowest: NAME)" */
static int print_proxies(const struct apply *p, const struct node *doc)
{
    const struct node *proxies = node_getz(doc, "proxies"), *names;
    int64_t total = number_of(proxies, "total"), acked = number_of(proxies, "acked");
    struct str slowest = node_get_str(proxies, "slowest");

    if (!proxies || proxies->kind != NODE_MAP)
        return 0;
    if (total == 0) {
        fputs("  no proxies are connected\n", stderr);
        return 0;
    }
    fprintf(stderr, "  %lld/%lld prox%s in %lld ms", (long long)acked, (long long)total,
            total == 1 ? "y" : "ies", (long long)number_of(proxies, "ms"));
    if (slowest.len && total > 1)
        fprintf(stderr, "  (slowest: %.*s)", STR_ARG(slowest));
    fputc('\n', stderr);
    names = node_getz(proxies, "rejected");
    for (const struct node *n = names ? names->first : NULL; n; n = n->next)
        fprintf(stderr, "  refused by %.*s: %.*s\n", STR_ARG(node_get_str(n, "proxy")),
                STR_ARG(node_get_str(n, "reason")));
    if (number_of(proxies, "refused"))
        return cli_fail(CLI_FAILED,
                        "stored, but refused by the proxies above: they go on with what "
                        "they had");
    if (acked >= total)
        return 0;
    return cli_fail(CLI_TIMED_OUT,
                    "stored, but not yet in use everywhere after %s; 'mesh "
                    "proxy-status' shows who lags",
                    cli_args_text(p->args, "timeout"));
}

static int report(struct apply *p, const struct client_reply *r)
{
    bool dry = strcmp(p->dry_run, "server") == 0;
    struct node *doc;

    if (strcmp(cli_args_text(p->args, "output"), "json") == 0) {
        struct str body = str_trim(buf_str(&r->body));

        printf("%.*s\n", STR_ARG(body));
    }
    if (node_json_read(&p->arena, buf_str(&r->body), NULL, NULL, &doc) != 0)
        return cli_fail(CLI_FAILED, "the answer of control is no JSON");
    if (strcmp(cli_args_text(p->args, "output"), "json") != 0)
        print_results(p, doc, dry ? " (server dry run)" : "");
    fflush(stdout);
    return dry ? 0 : print_proxies(p, doc);
}

static int send(struct apply *p)
{
    struct client_reply r;
    struct buf body;
    int code;

    buf_init(&body, 0);
    write_body(p, &body);
    code = client_call(p->client, "POST", apply_path(p), "application/json", buf_str(&body), &r);
    if (!code && r.status >= 300)
        code = client_refused(&r, "nothing applied");
    if (!code)
        code = report(p, &r);
    client_reply_deinit(&r);
    buf_deinit(&body);
    return code;
}

static int print_checked(struct apply *p)
{
    for (size_t i = 0; i < p->in.objects.count; i++) {
        struct str name = print_name_of(p->in.objects.items[i], &p->arena);

        printf("%.*s is valid (client dry run)\n", STR_ARG(name));
    }
    return CLI_OK;
}

static int apply(struct apply *p)
{
    int code = input_read_args(&p->in, p->args);

    if (!code && p->in.file_count == 0 && !p->owner)
        code = cli_fail(CLI_USAGE, "say what to apply: mesh apply -f FILE");
    if (code)
        return code;
    if (diag_has_errors(&p->in.diag))
        return refuse(p);
    if (!is_client_only(p)) {
        code = client_open(&p->client, p->args);
        if (code)
            return code;
    }
    code = check(p);
    if (code)
        return code;
    if (is_client_only(p))
        return print_checked(p);
    code = p->in.objects.count ? send(p) : 0;
    /* Stored, though not in use everywhere: what has gone is gone all the same. */
    if (p->owner && strcmp(p->dry_run, "none") == 0 && (!code || code == CLI_TIMED_OUT)) {
        int pruned = apply_prune_rest(p->client, &p->in.objects, p->owner, &p->arena);

        code = pruned ? pruned : code;
    }
    return code;
}

static int run(const struct cli_args *args)
{
    struct apply p = { .args = args,
                       .dry_run = cli_args_text(args, "dry-run"),
                       .owner = cli_args_text(args, "prune") };
    int code;

    input_init(&p.in);
    p.in.may_be_empty = p.owner;
    arena_init(&p.arena, 4096);
    code = apply(&p);
    client_close(p.client);
    arena_deinit(&p.arena);
    input_deinit(&p.in);
    return code;
}

extern const struct cli_command cmd_apply;
const struct cli_command cmd_apply = {
    .name = "apply",
    .group = "Configure",
    .arguments = "[FILE|DIR|-]...",
    .summary = "Create or change objects from files",
    .details =
        "All files are read and checked first; a mistake in one of them, and nothing is sent. "
        "What is sent is stored as a whole or not at all. Then it waits until every connected "
        "proxy works with it, and says how long that took.",
    .examples = "  mesh apply -f reviews.yaml\n  mesh apply -f config/ --timeout 10s\n"
                "  kubectl get vs -o yaml | mesh apply -f - --dry-run=server",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
