#include <string.h>

#include "cmd/print.h"
#include "cmd/proxy_admin.h"
#include "core/base/mem.h"

static const struct cli_flag flags[] = {
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print", "text|json|yaml" },
    CLIENT_FLAGS,
};

static void print_store(const struct node *doc, const char *key, const char *title)
{
    const struct node *n = node_getz(doc, key);
    struct str text = node_get_str(n, "text"), notice = node_get_str(n, "notice");

    if (!n)
        return;
    printf("%-12s%s%s%.*s   revision %.*s\n", title,
           node_is_true(node_getz(n, "ok")) ? "ok" : "BROKEN", text.len ? ": " : "", STR_ARG(text),
           STR_ARG(node_get_str(n, "revision")));
    if (notice.len)
        printf("%-12s%.*s\n", "", STR_ARG(notice));
}

static void print_counts(const struct node *counts)
{
    const char *between = "";

    if (!counts || counts->count == 0)
        return;
    printf("%-12s", "objects");
    NODE_EACH(n, counts)
    {
        printf("%s%.*s %.*s", between, STR_ARG(n->text), STR_ARG(n->key));
        between = ", ";
    }
    putchar('\n');
}

static void print_proxies(struct client *c, struct arena *a)
{
    const struct node *list;
    size_t synced = 0;

    if (proxy_admin_proxies(c, a, &list) != 0)
        return;
    NODE_EACH(n, list)
    synced += node_is_true(node_getz(n, "synced"));
    printf("%-12s%zu connected, %zu with the newest config\n", "proxies", list->count, synced);
}

static int run(const struct cli_args *args)
{
    const char *format = cli_args_text(args, "output");
    struct node *doc;
    struct client *c;
    struct arena a;
    struct buf out;
    int code = client_open(&c, args);

    if (code)
        return code;
    arena_init(&a, 4096);
    buf_init(&out, 0);
    code = remote_get(c, "/mesh/v1/status", "status", &a, &doc);
    if (!code && strcmp(format, "json") == 0) {
        (void)node_write_json(doc, &out, NODE_PRETTY4);
        buf_add_char(&out, '\n');
    } else if (!code && strcmp(format, "yaml") == 0) {
        (void)node_write_yaml(doc, &out, 0);
    } else if (!code) {
        printf("%-12s%s   version %.*s\n", "control", client_where(c),
               STR_ARG(node_get_str(doc, "version")));
        print_store(doc, "config", "config");
        print_store(doc, "live", "live");
        print_counts(node_getz(doc, "objects"));
        print_proxies(c, &a);
    }
    print_flush(&out, stdout);
    buf_deinit(&out);
    arena_deinit(&a);
    client_close(c);
    return code;
}

extern const struct cli_command cmd_status;
const struct cli_command cmd_status = {
    .name = "status",
    .group = "Operate",
    .arguments = "",
    .summary = "Health of the control plane, and what it holds",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .run = run,
};
