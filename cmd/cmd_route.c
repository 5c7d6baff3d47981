#include <string.h>

#include "cmd/input.h"
#include "cmd/print.h"
#include "cmd/remote.h"
#include "cmd/route_client.h"
#include "cmd/route_text.h"
#include "cmd/route_trace.h"
#include "cmd/world.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/compile.h"

static const struct cli_flag flags[] = {
    INPUT_FLAGS,
    CLIENT_NAMESPACE_FLAG,
    { "request", 'X', CLI_FLAG_TEXT, "METHOD", "GET", "Method of the request", NULL },
    { "header", 'H', CLI_FLAG_LIST, "NAME: VALUE", NULL, "A header of the request; Host is one",
      NULL },
    { .name = "live", .letter = 'k', .help = "Also what the mesh has now; alone without files" },
    { "outbound-policy", 0, CLI_FLAG_TEXT, "POLICY", "ALLOW_ANY",
      "What happens to unknown destinations", "ALLOW_ANY|REGISTRY_ONLY" },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print", "text|json" },
    INPUT_COLOR_FLAG,
    CLIENT_FLAGS,
};

/* What is asked for, from the command line. */
struct asked {
    struct http_msg head;
    struct route_trace_request request;
    struct str url;
};

/* ---- the request ---- */

/* [http[s]://]HOST[:PORT][/PATH] */
static int read_url(struct asked *q, struct str url, struct arena *a)
{
    struct str rest = url, authority;
    uint64_t port;
    ptrdiff_t at;

    q->url = url;
    if (str_starts(rest, STR("https://"))) {
        q->request.is_tls = true;
        rest = str_skip(rest, 8);
    } else if (str_starts(rest, STR("http://"))) {
        rest = str_skip(rest, 7);
    } else if (str_find(rest, STR("://")) >= 0) {
        return cli_fail(CLI_USAGE, "%.*s: only http and https are routed", STR_ARG(url));
    }
    at = str_chr(rest, '/');
    authority = at < 0 ? rest : str_head(rest, (size_t)at);
    q->head.path = at < 0 ? STR("/") : arena_str(a, str_skip(rest, (size_t)at));
    q->head.scheme = q->request.is_tls ? STR("https") : STR("http");
    q->head.authority = authority;
    q->request.port = q->request.is_tls ? 443 : 80;
    q->request.host = authority;
    at = str_rchr(authority, ':');
    if (at >= 0 && str_rchr(authority, ']') < at) {
        if (str_to_u64(str_skip(authority, (size_t)at + 1), 65535, &port) != 0 || port == 0)
            return cli_fail(CLI_USAGE, "%.*s: the port is no number from 1 to 65535", STR_ARG(url));
        q->request.port = (uint16_t)port;
        q->request.host = str_head(authority, (size_t)at);
    }
    if (str_starts(q->request.host, STR("[")) && str_ends(q->request.host, STR("]")))
        q->request.host = str_head(str_skip(q->request.host, 1), q->request.host.len - 2);
    return q->request.host.len ? 0 : cli_fail(CLI_USAGE, "%.*s: no host is named", STR_ARG(url));
}

static int read_headers(struct asked *q, const struct cli_args *args, struct arena *a)
{
    size_t count;
    const char *const *list = cli_args_list(args, "header", &count);

    for (size_t i = 0; i < count; i++) {
        struct str value = str_of(list[i]), name = str_cut(&value, ':');

        if (!value.p || !name.len)
            return cli_fail(CLI_USAGE, "-H %s: write it as \"name: value\"", list[i]);
        name = arena_lower(a, str_trim(name));
        value = str_trim(value);
        if (str_is(name, "host"))
            q->head.authority = value;
        else
            http_headers_add(&q->head.headers, name, value);
    }
    return 0;
}

static int read_request(struct asked *q, const struct cli_args *args, struct arena *a)
{
    int code;

    memset(q, 0, sizeof(*q));
    http_msg_init(&q->head, a);
    http_msg_set_method(&q->head, str_of(cli_args_text(args, "request")));
    q->request.head = &q->head;
    code = read_url(q, str_of(args->words[1]), a);
    return code ? code : read_headers(q, args, a);
}

/* ---- the objects ---- */

/* Endpoints are not looked at by checks, so world_fetch leaves them out. */
static int fetch_endpoints(struct client *c, struct object_set *set)
{
    static const uint16_t kinds[] = { API_KIND_ENDPOINT_SLICE, API_KIND_ENDPOINTS };
    int code = 0;

    for (size_t i = 0; i < COUNT_OF(kinds) && !code; i++)
        code = remote_list(c, api_kind_by_id(kinds[i]), NULL, NULL, set);
    return code;
}

static int read_objects(struct input *in, const struct cli_args *args)
{
    struct input_options opt = { .recursive = cli_args_bool(args, "recursive"),
                                 .ns = cli_args_text(args, "namespace") };
    struct client *c;
    int code;

    opt.paths = cli_args_list(args, "filename", &opt.path_count);
    code = opt.path_count ? input_read(in, &opt) : 0;
    if (code)
        return code;
    if (in->diag.count[DIAG_ERROR]) {
        input_print_diag(&in->diag, args);
        return CLI_BAD_INPUT;
    }
    world_keep_last(&in->objects);
    if (opt.path_count && !cli_args_bool(args, "live"))
        return 0;
    code = client_open(&c, args);
    if (code)
        return code;
    code = world_fetch(c, NULL, &in->objects);
    if (!code)
        code = fetch_endpoints(c, &in->objects);
    client_close(c);
    return code;
}

/* ---- the answer ---- */

static void add_from(struct node *doc, const struct route_client *from, struct arena *a)
{
    struct node *m = node_new(a, NODE_MAP), *labels = node_new(a, NODE_MAP);

    node_set(doc, STR("from"), m);
    node_set_str(a, m, "name", from->node.name);
    node_set_str(a, m, "namespace", from->node.ns);
    node_set_str(a, m, "serviceAccount", from->node.service_account);
    if (from->object.len)
        node_set_str(a, m, "object", from->object);
    for (uint32_t i = 0; i < from->node.label_count; i++)
        node_set(labels, from->node.labels[i].name, node_new_str(a, from->node.labels[i].value));
    node_set(m, STR("labels"), labels);
}

static void add_request(struct node *doc, const struct asked *q, struct arena *a)
{
    struct node *m = node_new(a, NODE_MAP);

    node_set(doc, STR("request"), m);
    node_set_str(a, m, "method", q->head.method_name);
    node_set_str(a, m, "url", q->url);
    node_set_str(a, m, "host", q->head.authority);
    node_set_str(a, m, "path", q->head.path);
    node_set(m, STR("port"), node_new_uint(a, q->request.port));
}

/* What the compiler had to say about the object that decided. */
static void add_notes(struct node *doc, const struct diag *d, struct arena *a)
{
    const struct node *route = node_getz(doc, "route");
    struct str object = route ? node_get_str(route, "object") : STR_NONE;
    struct node *list = NULL;

    for (const struct diag_item *i = d->first; i; i = i->next) {
        if (!object.len || !str_eq(i->object, object))
            continue;
        if (!list) {
            list = node_new(a, NODE_LIST);
            node_set(doc, STR("notes"), list);
        }
        node_add(list, node_new_str(a, arena_printf(a, "%s %s:%d: %.*s", i->code,
                                                    i->pos.file ? i->pos.file : "", i->pos.line,
                                                    STR_ARG(i->message))));
    }
}

static struct node *answer(const struct route_client *from, const struct asked *q,
                           const struct object_set *set, const struct cli_args *args,
                           struct arena *a)
{
    static const struct compile_listener capture = { .name = STR_INIT("virtualOutbound"),
                                                     .bind = { .family = ADDR_IPV4, .port = 15001 },
                                                     .kind = MODEL_LISTENER_OUTBOUND };
    struct compile_options options = {
        .node = &from->node,
        .listeners = &capture,
        .listener_count = from->node.is_gateway ? 0 : 1,
        .outbound_policy = strcmp(cli_args_text(args, "outbound-policy"), "REGISTRY_ONLY") == 0
                               ? MODEL_REGISTRY_ONLY
                               : MODEL_ALLOW_ANY,
    };
    struct compile *c = compile_new(&options);
    struct snapshot *s = NULL;
    struct node *doc;
    struct diag d;

    diag_init(&d);
    d.max_items = 10000;
    for (size_t i = 0; i < set->count; i++)
        compile_put(c, set->items[i]);
    compile_run(c, &d, &s);
    doc = s ? route_trace(s, &q->request, a) : node_new(a, NODE_MAP);
    add_from(doc, from, a);
    add_request(doc, q, a);
    add_notes(doc, &d, a);
    doc = node_copy(a, doc); /* its text may be the snapshot's */
    snapshot_unref(s);
    compile_free(c);
    diag_deinit(&d);
    return doc;
}

static void print(const struct node *doc, const struct cli_args *args)
{
    struct buf out;

    buf_init(&out, 0);
    if (strcmp(cli_args_text(args, "output"), "json") == 0) {
        (void)node_write_json(doc, &out, NODE_PRETTY4);
        buf_add_char(&out, '\n');
    } else {
        route_text_write(doc, &out);
    }
    print_flush(&out, stdout);
    buf_deinit(&out);
}

static int run(const struct cli_args *args)
{
    struct route_client from;
    struct asked q;
    struct input in;
    struct arena a;
    int code;

    if (args->word_count < 2)
        return cli_fail(CLI_USAGE, "who asks for what? mesh route FROM URL, as in "
                                   "mesh route productpage http://reviews:9080/reviews/1");
    arena_init(&a, 4096);
    input_init(&in);
    code = read_request(&q, args, &a);
    if (!code)
        code = read_objects(&in, args);
    if (!code && route_client_find(&from, &in.objects, str_of(args->words[0]),
                                   str_of(cli_args_text(args, "namespace")), &a) != 0)
        code = cli_fail(CLI_FAILED, "%s: there is no such Gateway", args->words[0]);
    if (!code)
        print(answer(&from, &q, &in.objects, args, &a), args);
    input_deinit(&in);
    arena_deinit(&a);
    return code;
}

extern const struct cli_command cmd_route;
const struct cli_command cmd_route = {
    .name = "route",
    .group = "Observe",
    .arguments = "FROM URL",
    .summary = "The route a request would take, and why",
    .details =
        "FROM is a workload (NAME, NS/NAME or NAME.NS), or gateway/NAME. The objects are those of "
        "-f, or the mesh's; the compiler and the look-ups are the proxy's own. Nothing is sent.",
    .examples = "  mesh route productpage http://reviews:9080/reviews/1 -H 'end-user: jason' -f "
                "config/\n"
                "  mesh route gateway/bookinfo-gateway http://bookinfo.example.com/productpage\n"
                "  mesh route curl http://httpbin:8000/delay/5 -X POST -o json",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = 2,
    .run = run,
};
