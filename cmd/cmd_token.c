#include <string.h>

#include "cmd/print.h"
#include "cmd/print_table.h"
#include "cmd/remote.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"

static const struct cli_flag flags[] = {
    CLIENT_NAMESPACE_FLAG,
    { "sa", 0, CLI_FLAG_TEXT, "NAME", "default", "create: the service account it stands for",
      NULL },
    { "ttl", 0, CLI_FLAG_TEXT, "TIME", "24h", "create: how long it is good", NULL },
    { "uses", 0, CLI_FLAG_NUMBER, "COUNT", "1", "create: how often", NULL },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print", "text|json" },
    CLIENT_FLAGS,
};

static bool wants_json(const struct cli_args *args)
{
    return strcmp(cli_args_text(args, "output"), "json") == 0;
}

static int print_reply(const struct cli_args *args, const struct client_reply *r,
                       const char *member)
{
    struct str body = str_trim(buf_str(&r->body));
    struct node *doc;
    struct arena a;
    int code = 0;

    if (wants_json(args)) {
        printf("%.*s\n", STR_ARG(body));
        return 0;
    }
    arena_init(&a, 1024);
    if (node_json_read(&a, body, NULL, NULL, &doc) == 0 && node_get_str(doc, member).len)
        printf("%.*s\n", STR_ARG(node_get_str(doc, member)));
    else
        code = cli_fail(CLI_FAILED, "the answer of control has no %s", member);
    arena_deinit(&a);
    return code;
}

static int create(struct client *c, const struct cli_args *args)
{
    struct client_reply r;
    struct node *want;
    struct arena a;
    struct buf body;
    int code;

    arena_init(&a, 1024);
    buf_init(&body, 0);
    want = node_new(&a, NODE_MAP);
    node_set_str(&a, want, "namespace", str_of(cli_args_text(args, "namespace")));
    node_set_str(&a, want, "serviceAccount", str_of(cli_args_text(args, "sa")));
    node_set_str(&a, want, "ttl", str_of(cli_args_text(args, "ttl")));
    node_set(want, STR("uses"), node_new_int(&a, cli_args_number(args, "uses")));
    (void)node_write_json(want, &body, 0);
    code = client_call(c, "POST", "/mesh/v1/tokens", "application/json", buf_str(&body), &r);
    if (!code && r.status >= 300)
        code = client_refused(&r, "token create");
    if (!code)
        code = print_reply(args, &r, "token");
    client_reply_deinit(&r);
    buf_deinit(&body);
    arena_deinit(&a);
    return code;
}

static void print_tokens(const struct node *list)
{
    struct print_table t;
    struct buf out;

    print_table_init(&t, "ID|NAMESPACE|SERVICE ACCOUNT|USES LEFT|EXPIRES");
    NODE_EACH(n, list)
    {
        print_table_add(&t, node_get_str(n, "id"));
        print_table_add(&t, node_get_str(n, "namespace"));
        print_table_add(&t, node_get_str(n, "serviceAccount"));
        print_table_add(&t, node_getz(n, "usesLeft") ? node_getz(n, "usesLeft")->text : STR_NONE);
        print_table_add(&t, node_get_str(n, "expires"));
    }
    buf_init(&out, 0);
    print_table_write(&t, true, &out);
    print_flush(&out, stdout);
    buf_deinit(&out);
    print_table_deinit(&t);
}

static int list(struct client *c, const struct cli_args *args)
{
    struct node *doc, *items;
    struct arena a;
    int code;

    arena_init(&a, 4096);
    code = remote_get(c, "/mesh/v1/tokens", "token list", &a, &doc);
    items = code ? NULL : node_getz(doc, "items") ? node_getz(doc, "items") : doc;
    if (!code && wants_json(args)) {
        struct buf out;

        buf_init(&out, 0);
        (void)node_write_json(items, &out, NODE_PRETTY4);
        buf_add_char(&out, '\n');
        print_flush(&out, stdout);
        buf_deinit(&out);
    } else if (!code) {
        print_tokens(items);
    }
    arena_deinit(&a);
    return code;
}

static int revoke(struct client *c, const char *id)
{
    struct client_reply r;
    struct arena a;
    int code;

    arena_init(&a, 256);
    code =
        client_call(c, "DELETE", arena_printf(&a, "/mesh/v1/tokens/%s", id).p, NULL, STR_NONE, &r);
    if (!code && r.status >= 300)
        code = client_refused(&r, arena_printf(&a, "token %s", id).p);
    else if (!code)
        printf("token %s revoked\n", id);
    client_reply_deinit(&r);
    arena_deinit(&a);
    return code;
}

/* Ids are hex digits; anything else would change the path. */
static bool is_id(const char *text)
{
    return *text && strspn(text, "0123456789abcdef") == strlen(text);
}

static int run(const struct cli_args *args)
{
    const char *what = args->word_count ? args->words[0] : "";
    bool is_revoke = strcmp(what, "revoke") == 0;
    struct client *c;
    int code;

    if (strcmp(what, "create") != 0 && strcmp(what, "list") != 0 && !is_revoke)
        return cli_fail(CLI_USAGE, "mesh token create, list or revoke ID");
    if (is_revoke && (args->word_count != 2 || !is_id(args->words[1])))
        return cli_fail(CLI_USAGE, "which one? 'mesh token list' shows their ids");
    if (!is_revoke && args->word_count != 1)
        return cli_fail(CLI_USAGE, "too many arguments for 'mesh token %s'", what);
    code = client_open(&c, args);
    if (code)
        return code;
    code = is_revoke                   ? revoke(c, args->words[1])
           : strcmp(what, "list") == 0 ? list(c, args)
                                       : create(c, args);
    client_close(c);
    return code;
}

extern const struct cli_command cmd_token;
const struct cli_command cmd_token = {
    .name = "token",
    .group = "Operate",
    .arguments = "create | list | revoke ID",
    .summary = "Join tokens: what another machine shows once to get its certificate",
    .examples = "  mesh token create --sa reviews --ttl 1h\n  mesh token list",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = 2,
    .run = run,
};
