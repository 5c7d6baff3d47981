#include <string.h>

#include "cmd/decisions.h"
#include "cmd/print.h"
#include "cmd/proxy_admin.h"
#include "core/base/mem.h"

static const struct cli_flag flags[] = {
    PROXY_ADMIN_FLAG,
    { "proxy", 0, CLI_FLAG_TEXT, "NAME", NULL, "Ask this proxy, as control knows it", NULL },
    { .name = "last", .help = "The newest request that fits" },
    { "status", 0, CLI_FLAG_NUMBER, "CODE", NULL, "Only answers with this status", NULL },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print", "text|json" },
    CLIENT_FLAGS,
};

struct why {
    struct str newest; /* time and number of the newest found */
    struct arena arena;
    struct buf out;
    size_t count;
    bool only_last, as_json;
};

static void on_record(void *arg, const struct node *n, struct str text)
{
    struct why *w = arg;
    struct str time = node_get_str(n, "time");

    w->count++;
    if (w->only_last) {
        if (w->newest.len && str_cmp(time, w->newest) <= 0)
            return;
        w->newest = arena_str(&w->arena, time);
        buf_clear(&w->out);
    } else if (buf_len(&w->out) && !w->as_json) {
        buf_add_char(&w->out, '\n');
    }
    if (w->as_json)
        buf_printf(&w->out, "%.*s\n", STR_ARG(text));
    else
        decisions_write_story(n, &w->out);
}

static const char *query(const struct cli_args *args, struct arena *a)
{
    const char *path = "/decisions", *status = cli_args_text(args, "status");

    path = remote_query(path, "max", STR("100000"), a);
    if (args->word_count)
        path = remote_query(path, "id", str_of(args->words[0]), a);
    return status ? remote_query(path, "status", str_of(status), a) : path;
}

static int run(const struct cli_args *args)
{
    struct why w = { .only_last = args->word_count == 0,
                     .as_json = strcmp(cli_args_text(args, "output"), "json") == 0 };
    struct client *c;
    int code;

    if (args->word_count == 0 && !cli_args_bool(args, "last") && !cli_args_is_set(args, "status"))
        return cli_fail(CLI_USAGE, "which request? mesh why REQUEST_ID, or --last [--status CODE]");
    code = proxy_admin_open(&c, args, cli_args_text(args, "proxy"));
    if (code)
        return code;
    arena_init(&w.arena, 1024);
    buf_init(&w.out, 0);
    code = proxy_admin_lines(c, query(args, &w.arena), on_record, &w);
    if (!code && w.count == 0)
        code =
            cli_fail(CLI_FAILED, "this proxy remembers no such request; 'mesh logs' shows what it "
                                 "does");
    print_flush(&w.out, stdout);
    buf_deinit(&w.out);
    arena_deinit(&w.arena);
    client_close(c);
    return code;
}

extern const struct cli_command cmd_why;
const struct cli_command cmd_why = {
    .name = "why",
    .group = "Observe",
    .arguments = "[REQUEST_ID]",
    .summary = "What was decided about a request, and by which rule",
    .examples = "  mesh why --last --status 403 --proxy details-v1\n"
                "  mesh why 9c1e3f07-2b1a-4c59-8d4e-1a2b3c4d5e6f --admin 127.0.0.1:15000",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = 1,
    .run = run,
};
