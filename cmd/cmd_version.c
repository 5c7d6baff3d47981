#include <stdio.h>
#include <string.h>

#include "cmd/print.h"
#include "cmd/proxy_admin.h"
#include "core/base/mem.h"
#include "core/base/version.h"

static const struct cli_flag flags[] = {
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print it", "text|json|short" },
    { .name = "remote", .help = "Also control's and the proxies'" },
    CLIENT_FLAGS,
};

/* How many proxies run each version. */
static void print_proxies(const struct node *list, struct arena *a)
{
    struct node *counts = node_new(a, NODE_MAP);

    NODE_EACH(p, list)
    {
        struct str version = node_get_str(p, "version");
        int64_t n = 0;

        (void)node_to_int(node_get(counts, version), &n);
        node_set(counts, version, node_new_int(a, n + 1));
    }
    NODE_EACH(n, counts)
    printf("data plane version: %.*s (%.*s prox%s)\n", STR_ARG(n->key), STR_ARG(n->text),
           str_is(n->text, "1") ? "y" : "ies");
}

static int remote(const struct cli_args *args)
{
    const struct node *list;
    struct client *c;
    struct node *doc;
    struct arena a;
    int code = client_open(&c, args);

    if (code)
        return code;
    arena_init(&a, 4096);
    code = remote_get(c, "/mesh/v1/status", "version", &a, &doc);
    if (!code) {
        printf("client version: %s\ncontrol plane version: %.*s\n", version_string(),
               STR_ARG(node_get_str(doc, "version")));
        code = proxy_admin_proxies(c, &a, &list);
    }
    if (!code)
        print_proxies(list, &a);
    arena_deinit(&a);
    client_close(c);
    return code;
}

static int run(const struct cli_args *args)
{
    const char *format = cli_args_text(args, "output");

    if (cli_args_bool(args, "remote"))
        return remote(args);
    if (strcmp(format, "json") == 0)
        printf("{\"version\":\"%s\"}\n", version_string());
    else if (strcmp(format, "short") == 0)
        printf("%s\n", version_string());
    else
        printf("%s\n", version_line());
    return CLI_OK;
}

extern const struct cli_command cmd_version;
const struct cli_command cmd_version = {
    .name = "version",
    .group = "Shell",
    .arguments = "",
    .summary = "Print the version",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .run = run,
};
