#include "cmd/proxy_admin.h"

#include "core/base/error.h"
#include "core/text/node_json.h"

int proxy_admin_proxies(struct client *c, struct arena *a, const struct node **out)
{
    struct node *doc;
    int code = remote_get(c, "/mesh/v1/proxies", "proxies", a, &doc);

    if (code)
        return code;
    *out = node_getz(doc, "items");
    if (!*out)
        *out = doc;
    return 0;
}

const struct node *proxy_admin_find(const struct node *proxies, struct str name)
{
    for (const struct node *n = proxies->first; n; n = n->next) {
        struct str own = node_get_str(n, "name"), ns = node_get_str(n, "namespace");
        struct str dot = str_skip(name, own.len);

        if (str_eq(own, name) || str_eq(node_get_str(n, "id"), name))
            return n;
        if (own.len && str_starts(name, own) && str_starts(dot, STR(".")) &&
            str_eq(str_skip(dot, 1), ns))
            return n;
    }
    return NULL;
}

static int address_of(const struct cli_args *args, const char *name, struct arena *a,
                      const char **out)
{
    const struct node *proxies, *proxy;
    struct client *control;
    struct str admin;
    int code = client_open(&control, args);

    if (code)
        return code;
    code = proxy_admin_proxies(control, a, &proxies);
    client_close(control);
    if (code)
        return code;
    proxy = proxy_admin_find(proxies, str_of(name));
    if (!proxy)
        return cli_fail(CLI_FAILED, "no proxy \"%s\" is connected; 'mesh proxy-status' lists them",
                        name);
    admin = node_get_str(proxy, "admin");
    if (!admin.len)
        return cli_fail(CLI_FAILED,
                        "control does not know where the admin pages of \"%s\" are; "
                        "start it with --admin ADDRESS and pass that here",
                        name);
    *out = arena_strz(a, admin);
    return 0;
}

int proxy_admin_open(struct client **out, const struct cli_args *args, const char *name)
{
    const char *address = cli_args_text(args, "admin");
    struct arena a;
    int code = 0;

    arena_init(&a, 1024);
    if (!address && name)
        code = address_of(args, name, &a, &address);
    if (!code)
        code = client_open_admin(out, address ? address : "127.0.0.1:15000",
                                 cli_args_duration_ms(args, "request-timeout"));
    arena_deinit(&a);
    return code;
}

int proxy_admin_get(struct client *c, const char *path, struct arena *a, struct node **out)
{
    return remote_get(c, path, path, a, out);
}

int proxy_admin_lines(struct client *c, const char *path,
                      void (*line)(void *arg, const struct node *n, struct str text), void *arg)
{
    struct client_reply r;
    struct str rest;
    struct arena a;
    int code = client_call(c, "GET", path, NULL, STR_NONE, &r);

    if (!code && r.status >= 300)
        code = client_refused(&r, path);
    arena_init(&a, 4096);
    for (rest = buf_str(&r.body); !code && rest.len;) {
        struct str text = str_cut(&rest, '\n');
        struct node *n;

        if (text.len && node_json_read(&a, text, NULL, NULL, &n) == 0)
            line(arg, n, text);
        arena_reset(&a);
    }
    arena_deinit(&a);
    client_reply_deinit(&r);
    return code;
}
