#include <string.h>

#include "cmd/input.h"
#include "cmd/print.h"
#include "cmd/print_table.h"
#include "cmd/proxy_admin.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"

static const struct cli_flag flags[] = {
    PROXY_ADMIN_FLAG,
    { "file", 'f', CLI_FLAG_TEXT, "FILE", NULL, "Read a saved /config_dump instead", NULL },
    { "fqdn", 0, CLI_FLAG_TEXT, "HOST", NULL, "cluster, endpoint: only of this host", NULL },
    { "port", 0, CLI_FLAG_TEXT, "PORT", NULL, "Only with this port", NULL },
    { "subset", 0, CLI_FLAG_TEXT, "NAME", NULL, "cluster, endpoint: only of this subset", NULL },
    { "direction", 0, CLI_FLAG_TEXT, "DIRECTION", NULL, "cluster: inbound or outbound",
      "inbound|outbound" },
    { "name", 0, CLI_FLAG_TEXT, "NAME", NULL, "route: only this table", NULL },
    { "cluster", 0, CLI_FLAG_TEXT, "NAME", NULL, "endpoint: only of this cluster", NULL },
    { "status", 0, CLI_FLAG_TEXT, "STATUS", NULL, "endpoint: healthy or unhealthy",
      "healthy|unhealthy" },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "table", "How to print", "table|short|json|yaml" },
    { .name = "no-headers", .help = "Without the first line" },
    CLIENT_FLAGS,
};

struct view {
    const struct cli_args *args;
    const struct node *dump;
    struct print_table table;
};

static bool wants(const struct view *v, const char *flag, struct str value)
{
    const char *want = cli_args_text(v->args, flag);

    return !want || str_is(value, want);
}

/* "DestinationRule default/reviews" as istioctl shows it: "reviews.default". */
static struct str source_name(const struct node *n, struct arena *a)
{
    struct str object = node_get_str(n, "object"), ns;

    (void)str_cut(&object, ' ');
    ns = str_cut(&object, '/');
    return object.len ? arena_printf(a, "%.*s.%.*s", STR_ARG(object), STR_ARG(ns)) : STR_NONE;
}

static struct str or_dash(struct str s)
{
    return s.len ? s : STR("-");
}

/* "outbound|9080|v1|reviews.default.svc.cluster.local"; a name of another form is all host. */
struct cluster_name {
    struct str direction, port, subset, host;
};

static struct cluster_name cut_cluster(struct str name)
{
    struct cluster_name c = { .host = name };
    struct str rest = name;

    if (str_chr(name, '|') < 0)
        return c;
    c.direction = str_cut(&rest, '|');
    c.port = str_cut(&rest, '|');
    c.subset = str_cut(&rest, '|');
    c.host = rest;
    return c;
}

static bool wants_cluster(const struct view *v, const struct cluster_name *c)
{
    return wants(v, "fqdn", c->host) && wants(v, "port", c->port) &&
           wants(v, "subset", c->subset) && wants(v, "direction", c->direction);
}

static void show_clusters(struct view *v, const struct node *list)
{
    NODE_EACH(n, list)
    {
        struct cluster_name c = cut_cluster(node_get_str(n, "name"));

        if (!wants_cluster(v, &c))
            continue;
        print_table_add(&v->table, c.host);
        print_table_add(&v->table, or_dash(c.port));
        print_table_add(&v->table, or_dash(c.subset));
        print_table_add(&v->table, or_dash(c.direction));
        print_table_add(&v->table, node_get_str(n, "type"));
        print_table_add(&v->table, source_name(n, &v->table.arena));
    }
}

static void show_endpoints(struct view *v, const struct node *list)
{
    NODE_EACH(n, list)
    {
        struct str name = node_get_str(n, "name");
        struct cluster_name c = cut_cluster(name);
        const struct node *endpoints = node_getz(n, "endpoints");

        if (!wants_cluster(v, &c) || !wants(v, "cluster", name) || !endpoints)
            continue;
        NODE_EACH(e, endpoints)
        {
            struct str address = node_get_str(e, "address"), host = node_get_str(e, "hostname");
            bool healthy = node_is_true(node_getz(e, "healthy"));

            if (!wants(v, "status", healthy ? STR("healthy") : STR("unhealthy")))
                continue;
            print_table_add(&v->table, address.len ? address : host);
            print_table_add(&v->table, healthy ? STR("HEALTHY") : STR("UNHEALTHY"));
            print_table_add(&v->table, node_get_str(e, "hop"));
            print_table_add(&v->table, name);
        }
    }
}

static struct str joined(const struct node *list, const char *separator, struct arena *a)
{
    struct str out = STR_NONE;

    for (const struct node *n = list ? list->first : NULL; n; n = n->next)
        out =
            arena_printf(a, "%.*s%s%.*s", STR_ARG(out), out.len ? separator : "", STR_ARG(n->text));
    return out;
}

static struct str match_of(const struct node *route, struct arena *a)
{
    struct str path = node_get_str(route, "path"), out = path.len ? path : STR("/*");
    const struct node *headers = node_getz(route, "headers");

    if (headers)
        out = arena_printf(a, "%.*s, %.*s header%s", STR_ARG(out), STR_ARG(headers->text),
                           str_is(headers->text, "1") ? "" : "s");
    return out;
}

/* "reviews v1 90%, v2 10%": where a route goes. */
static struct str action_of(const struct node *route, struct arena *a)
{
    const struct node *clusters = node_getz(route, "clusters");
    struct str out = STR_NONE;

    if (!clusters)
        return node_get_str(route, "action");
    NODE_EACH(n, clusters)
    {
        const struct node *weight = node_getz(n, "weight");

        out = arena_printf(a, "%.*s%s%.*s", STR_ARG(out), out.len ? ", " : "",
                           STR_ARG(node_get_str(n, "name")));
        if (clusters->count > 1 && weight)
            out = arena_printf(a, "%.*s=%.*s", STR_ARG(out), STR_ARG(weight->text));
    }
    return out;
}

static void show_vhost(struct view *v, struct str table, const struct node *vhost)
{
    const struct node *routes = node_getz(vhost, "routes");
    struct arena *a = &v->table.arena;

    for (const struct node *r = routes ? routes->first : NULL; r; r = r->next) {
        print_table_add(&v->table, table);
        print_table_add(&v->table, node_get_str(vhost, "name"));
        print_table_add(&v->table, joined(node_getz(vhost, "domains"), ", ", a));
        print_table_add(&v->table, match_of(r, a));
        print_table_add(&v->table, source_name(r, a));
        print_table_add(&v->table, action_of(r, a));
    }
}

static void show_routes(struct view *v, const struct node *list)
{
    NODE_EACH(n, list)
    {
        const struct node *vhosts = node_getz(n, "virtualHosts"), *port = node_getz(n, "port");

        if (!wants(v, "name", node_get_str(n, "name")) ||
            !wants(v, "port", port ? port->text : STR_NONE) || !vhosts)
            continue;
        NODE_EACH(vhost, vhosts)
        show_vhost(v, node_get_str(n, "name"), vhost);
    }
}

static void show_listeners(struct view *v, const struct node *list)
{
    NODE_EACH(n, list)
    {
        struct str address = node_get_str(n, "address");
        ptrdiff_t colon = str_rchr(address, ':');
        struct str port = colon < 0 ? STR_NONE : str_skip(address, (size_t)colon + 1);
        const struct node *servers = node_getz(n, "servers");

        if (!wants(v, "port", port))
            continue;
        print_table_add(&v->table, colon < 0 ? address : str_head(address, (size_t)colon));
        print_table_add(&v->table, or_dash(port));
        print_table_add(&v->table,
                        servers && servers->first
                            ? arena_printf(&v->table.arena, "%.*s %.*s",
                                           STR_ARG(node_get_str(servers->first, "protocol")),
                                           STR_ARG(joined(node_getz(servers->first, "hosts"), ",",
                                                          &v->table.arena)))
                            : STR("ALL"));
        print_table_addf(&v->table, "%.*s (%.*s)", STR_ARG(node_get_str(n, "name")),
                         STR_ARG(node_get_str(n, "kind")));
    }
}

static void show_inbound(struct view *v, const struct node *list)
{
    NODE_EACH(n, list)
    {
        struct str port = node_getz(n, "port") ? node_getz(n, "port")->text : STR_NONE;

        if (!wants(v, "port", port))
            continue;
        print_table_add(&v->table, or_dash(port));
        print_table_add(&v->table, node_get_str(n, "protocol"));
        print_table_add(&v->table, node_get_str(n, "mtls"));
        print_table_add(&v->table, node_get_str(n, "service"));
    }
}

static void show_policies(struct view *v, const struct node *list)
{
    NODE_EACH(n, list)
    {
        struct str object = node_get_str(n, "object"), ns;

        (void)str_cut(&object, ' ');
        ns = str_cut(&object, '/');
        print_table_add(&v->table, ns);
        print_table_add(&v->table, object);
        print_table_add(&v->table, node_get_str(n, "action"));
        print_table_add(&v->table, node_getz(n, "rules") ? node_getz(n, "rules")->text : STR_NONE);
        print_table_add(&v->table, node_get_str(n, "file"));
    }
}

static void show_secrets(struct view *v, const struct node *n)
{
    if (!node_get_str(n, "spiffeId").len)
        return;
    print_table_add(&v->table, STR("default"));
    print_table_add(&v->table, STR("Cert Chain"));
    print_table_add(&v->table, STR("ACTIVE"));
    print_table_add(&v->table, node_get_str(n, "notAfter"));
    print_table_add(&v->table, node_get_str(n, "notBefore"));
    print_table_add(&v->table, node_get_str(n, "spiffeId"));
}

static void show_pairs(struct view *v, struct str prefix, const struct node *map)
{
    NODE_EACH(n, map)
    {
        struct str name = prefix.len ? arena_printf(&v->table.arena, "%.*s.%.*s", STR_ARG(prefix),
                                                    STR_ARG(n->key))
                                     : n->key;

        if (n->kind == NODE_MAP) {
            show_pairs(v, name, n);
            continue;
        }
        print_table_add(&v->table, name);
        print_table_add(&v->table, n->text);
    }
}

static void show_bootstrap(struct view *v, const struct node *n)
{
    show_pairs(v, STR_NONE, n);
}

static const struct section {
    const char *names[3];
    const char *key; /* in /config_dump */
    const char *headers;
    void (*show)(struct view *v, const struct node *part);
} sections[] = {
    { { "bootstrap", "b" }, "bootstrap", "SETTING|VALUE", show_bootstrap },
    { { "listener", "listeners", "l" },
      "listeners",
      "ADDRESSES|PORT|MATCH|DESTINATION",
      show_listeners },
    { { "route", "routes", "r" },
      "routes",
      "NAME|VHOST NAME|DOMAINS|MATCH|VIRTUAL SERVICE|DESTINATION",
      show_routes },
    { { "cluster", "clusters", "c" },
      "clusters",
      "SERVICE FQDN|PORT|SUBSET|DIRECTION|TYPE|DESTINATION RULE",
      show_clusters },
    { { "endpoint", "endpoints", "ep" },
      "clusters",
      "ENDPOINT|STATUS|HOP|CLUSTER",
      show_endpoints },
    { { "inbound" }, "inbound", "PORT|PROTOCOL|MTLS|SERVICE", show_inbound },
    { { "policy", "policies", "p" },
      "policies",
      "NAMESPACE|POLICY NAME|ACTION|RULES|SOURCE",
      show_policies },
    { { "secret", "secrets", "s" },
      "certificate",
      "RESOURCE NAME|TYPE|STATUS|NOT AFTER|NOT BEFORE|IDENTITY",
      show_secrets },
};

static const struct section *find_section(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        for (size_t k = 0; k < COUNT_OF(sections[i].names) && sections[i].names[k]; k++) {
            if (strcmp(sections[i].names[k], word) == 0)
                return &sections[i];
        }
    }
    return NULL;
}

static void show(const struct section *s, const struct cli_args *args, const struct node *dump,
                 struct buf *out)
{
    const struct node *part = node_getz(dump, s->key);
    struct view v = { .args = args, .dump = dump };

    print_table_init(&v.table, s->headers);
    if (part)
        s->show(&v, part);
    print_table_write(&v.table, !cli_args_bool(args, "no-headers"), out);
    print_table_deinit(&v.table);
}

static void print(const struct section *s, const struct cli_args *args, const struct node *dump,
                  struct buf *out)
{
    const char *format = cli_args_text(args, "output");
    const struct node *part = s ? node_getz(dump, s->key) : dump;

    if (strcmp(format, "json") == 0) {
        (void)node_write_json(part, out, NODE_PRETTY4);
        buf_add_char(out, '\n');
    } else if (strcmp(format, "yaml") == 0 && part) {
        (void)node_write_yaml(part, out, 0);
    } else {
        for (size_t i = 0; i < COUNT_OF(sections); i++) {
            if (s && s != &sections[i])
                continue;
            if (buf_len(out))
                buf_add_char(out, '\n');
            show(&sections[i], args, dump, out);
        }
    }
}

static int from_file(const char *path, struct arena *a, struct node **out)
{
    char *text;
    size_t len;
    int code = input_read_file(path, &text, &len);

    if (code)
        return code;
    if (node_json_read(a, str_make(text, len), path, NULL, out) != 0)
        code = cli_fail(CLI_BAD_INPUT, "%s is no dump of a proxy (/config_dump)", path);
    mem_free(text);
    return code;
}

static int load(const struct cli_args *args, struct arena *a, struct node **out)
{
    const char *file = cli_args_text(args, "file");
    struct client *c;
    int code;

    if (file)
        return from_file(file, a, out);
    code = proxy_admin_open(&c, args, args->word_count > 1 ? args->words[1] : NULL);
    if (code)
        return code;
    code = proxy_admin_get(c, "/config_dump", a, out);
    client_close(c);
    return code;
}

static int run(const struct cli_args *args)
{
    const struct section *s = NULL;
    struct node *dump;
    struct arena a;
    struct buf out;
    int code;

    if (args->word_count == 0)
        return cli_fail(
            CLI_USAGE,
            "what of it? bootstrap, listener, route, cluster, endpoint, inbound, policy, "
            "secret or all");
    s = find_section(args->words[0]);
    if (!s && strcmp(args->words[0], "all") != 0)
        return cli_fail(CLI_USAGE,
                        "\"%s\" is none of bootstrap, listener, route, cluster, endpoint, inbound, "
                        "policy, secret, all",
                        args->words[0]);
    arena_init(&a, 65536);
    buf_init(&out, 0);
    code = load(args, &a, &dump);
    if (!code)
        print(s, args, dump, &out);
    print_flush(&out, stdout);
    buf_deinit(&out);
    arena_deinit(&a);
    return code;
}

extern const struct cli_command cmd_proxy_config;
const struct cli_command cmd_proxy_config = {
    .name = "proxy-config",
    .aliases = { "pc" },
    .group = "Observe",
    .arguments = "bootstrap|listener|route|cluster|endpoint|inbound|policy|secret|all [PROXY]",
    .summary = "What a proxy works with now",
    .examples =
        "  mesh proxy-config route reviews-v1\n"
        "  mesh pc endpoint --admin 127.0.0.1:15000 --fqdn reviews.default.svc.cluster.local",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = 2,
    .run = run,
};
