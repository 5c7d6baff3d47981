#include <inttypes.h>
#include <string.h>

#include "cmd/print.h"
#include "cmd/print_table.h"
#include "cmd/proxy_admin.h"
#include "core/api/api_column.h"
#include "core/base/mem.h"
#include "core/loop/clock.h"
#include "core/text/timestamp.h"

static const struct cli_flag flags[] = {
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "table", "How to print", "table|wide|json|yaml" },
    { .name = "no-headers", .help = "Without the first line" },
    CLIENT_FLAGS,
};

static void add_age(struct print_table *t, struct str since)
{
    struct buf cell;
    int64_t ns;

    buf_init(&cell, 0);
    if (timestamp_parse(since, &ns) == 0)
        api_column_write_age(clock_wall_ns() - ns, &cell);
    print_table_add(t, buf_str(&cell));
    buf_deinit(&cell);
}

/* SYNCED: it acknowledged the newest; STALE: not yet; ERROR: it refused something. */
static struct str state_of(const struct node *proxy)
{
    const struct node *refused = node_getz(proxy, "refused");

    if (refused && refused->count)
        return STR("ERROR");
    return node_is_true(node_getz(proxy, "synced")) ? STR("SYNCED") : STR("STALE");
}

static void add_proxy(struct print_table *t, const struct node *proxy, bool wide)
{
    const struct node *acked = node_getz(proxy, "acked");
    struct str ns = node_get_str(proxy, "namespace");

    print_table_addf(t, "%.*s%s%.*s", STR_ARG(node_get_str(proxy, "name")), ns.len ? "." : "",
                     STR_ARG(ns));
    print_table_add(t, node_get_str(proxy, "version"));
    print_table_add(t, state_of(proxy));
    print_table_add(t, acked ? acked->text : STR_NONE);
    add_age(t, node_get_str(proxy, "since"));
    if (wide) {
        print_table_add(t, node_get_str(proxy, "address"));
        print_table_add(t, node_get_str(proxy, "identity"));
        print_table_add(t, node_get_str(proxy, "id"));
    }
}

static void print_refusals(const struct node *proxies, struct buf *out)
{
    for (const struct node *p = proxies->first; p; p = p->next) {
        const struct node *refused = node_getz(p, "refused");

        for (const struct node *r = refused ? refused->first : NULL; r; r = r->next)
            buf_printf(out, "%.*s refuses %.*s\n", STR_ARG(node_get_str(p, "name")),
                       STR_ARG(r->text));
    }
}

static void print(const struct cli_args *args, const struct node *list, struct buf *out)
{
    const char *format = cli_args_text(args, "output");
    bool wide = strcmp(format, "wide") == 0;
    struct print_table t;

    if (strcmp(format, "json") == 0) {
        (void)node_write_json(list, out, NODE_PRETTY4);
        buf_add_char(out, '\n');
        return;
    }
    if (strcmp(format, "yaml") == 0) {
        (void)node_write_yaml(list, out, 0);
        return;
    }
    print_table_init(&t, wide ? "NAME|VERSION|CONFIG|REVISION|AGE|ADDRESS|IDENTITY|NODE"
                              : "NAME|VERSION|CONFIG|REVISION|AGE");
    for (const struct node *p = list->first; p; p = p->next)
        add_proxy(&t, p, wide);
    print_table_sort(&t);
    print_table_write(&t, !cli_args_bool(args, "no-headers"), out);
    print_table_deinit(&t);
    print_refusals(list, out);
}

static int choose(const struct cli_args *args, struct arena *a, const struct node **list)
{
    struct node *chosen = node_new(a, NODE_LIST);

    for (int i = 0; i < args->word_count; i++) {
        const struct node *p = proxy_admin_find(*list, str_of(args->words[i]));

        if (!p)
            return cli_fail(CLI_FAILED, "no proxy \"%s\" is connected", args->words[i]);
        node_add(chosen, node_copy(a, p));
    }
    if (args->word_count)
        *list = chosen;
    return 0;
}

static int run(const struct cli_args *args)
{
    const struct node *list;
    struct client *c;
    struct arena a;
    struct buf out;
    int code = client_open(&c, args);

    if (code)
        return code;
    arena_init(&a, 4096);
    buf_init(&out, 0);
    code = proxy_admin_proxies(c, &a, &list);
    if (!code)
        code = choose(args, &a, &list);
    if (!code && list->count == 0 && strcmp(cli_args_text(args, "output"), "table") == 0)
        fputs("No proxies are connected; 'mesh run' starts one beside a program.\n", stderr);
    else if (!code)
        print(args, list, &out);
    print_flush(&out, stdout);
    buf_deinit(&out);
    arena_deinit(&a);
    client_close(c);
    return code;
}

extern const struct cli_command cmd_proxy_status;
const struct cli_command cmd_proxy_status = {
    .name = "proxy-status",
    .aliases = { "ps" },
    .group = "Observe",
    .arguments = "[NAME]...",
    .summary = "Which proxies are connected, and whether they have the newest config",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
