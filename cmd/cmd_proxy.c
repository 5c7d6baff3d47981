#include <stdio.h>

#include "cmd/role_flags.h"
#include "core/base/mem.h"
#include "core/net/sock.h"

/* clang-format off */
static const struct cli_flag flags[] = {
    ROLE_FLAGS,
    { "capture", 0, CLI_FLAG_BOOL, NULL, "false", "Listen on 15001 and 15006 for redirected connections, of both families where there is IPv6", NULL },
    { "outbound", 0, CLI_FLAG_LIST, "ADDR", NULL, "Listen here for the app's calls; the Host header says where to", NULL },
    { "inbound", 0, CLI_FLAG_LIST, "ADDR=PORT[:PROTO]", NULL, "Listen at ADDR for calls to the app's PORT", NULL },
    { "port", 'p', CLI_FLAG_LIST, "PORT[:PROTO]", NULL, "A port of the app (http, http2, grpc, tcp; default: found out)", NULL },
    { "dns", 0, CLI_FLAG_TEXT, "ADDR", "none", "Answer names here, as this workload sees them (Istio's agent: 127.0.0.1:15053)", NULL },
    { "outbound-policy", 0, CLI_FLAG_TEXT, "POLICY", NULL, "What happens to unknown destinations [as the mesh says, or ALLOW_ANY]", "ALLOW_ANY|REGISTRY_ONLY" },
};
/* clang-format on */

static int add_listener(struct role_options *o, struct arena *a, const char *name, struct addr bind,
                        enum model_listener_kind kind, uint16_t app_port)
{
    if (o->listener_count == ROLE_LISTENERS_MAX)
        return cli_fail(CLI_USAGE, "more than %d listeners", ROLE_LISTENERS_MAX);
    o->listeners[o->listener_count++] = (struct compile_listener){
        .name = arena_str(a, str_of(name)),
        .bind = bind,
        .kind = (uint8_t)kind,
        .app_port = app_port,
    };
    return 0;
}

/* "9080" or "9080:http" */
static int add_app_port(struct role_options *o, struct str text, uint16_t *out)
{
    struct str protocol = text, number = str_cut(&protocol, ':');
    struct compile_app_port *p = &o->app_ports[o->app_port_count];
    uint64_t port;

    if (o->app_port_count == ROLE_LISTENERS_MAX)
        return cli_fail(CLI_USAGE, "more than %d ports", ROLE_LISTENERS_MAX);
    p->protocol = MODEL_PROTOCOL_AUTO;
    if (str_to_u64(number, 65535, &port) != 0 || port == 0 ||
        (protocol.p && role_flags_protocol(protocol, &p->protocol) != 0))
        return cli_fail(CLI_USAGE, "\"%.*s\" is no port such as 9080 or 9080:http", STR_ARG(text));
    p->port = (uint16_t)port;
    o->app_port_count++;
    *out = p->port;
    return 0;
}

static int add_inbound(struct role_options *o, struct arena *a, const char *text)
{
    struct str where = str_of(text), rest;
    ptrdiff_t eq = str_rchr(where, '=');
    struct addr bind;
    uint16_t port = 0;
    int code;

    if (eq < 0 || addr_parse(str_head(where, (size_t)eq), 0, &bind) != 0)
        return cli_fail(CLI_USAGE, "--inbound: \"%s\" is not of the form ADDR=PORT[:PROTO]", text);
    rest = str_skip(where, (size_t)eq + 1);
    code = add_app_port(o, rest, &port);
    if (code)
        return code;
    return add_listener(o, a, arena_printf(a, "inbound-%u", port).p, bind,
                        MODEL_LISTENER_INBOUND_PORT, port);
}

static int add_capture(struct role_options *o, struct arena *a)
{
    struct addr bind;
    int code;

    addr_parse(sock_has_ipv6() ? STR("[::]:15001") : STR("0.0.0.0:15001"), 0, &bind);
    code = add_listener(o, a, "virtualOutbound", bind, MODEL_LISTENER_OUTBOUND, 0);
    bind.port = 15006;
    return code ? code : add_listener(o, a, "virtualInbound", bind, MODEL_LISTENER_INBOUND, 0);
}

static int read_listeners(const struct cli_args *args, struct role_options *o, struct arena *a)
{
    const char *const *list;
    size_t count;
    int code = 0;

    list = cli_args_list(args, "outbound", &count);
    for (size_t i = 0; i < count && !code; i++) {
        struct addr bind;

        if (addr_parse(str_of(list[i]), 0, &bind) != 0)
            return cli_fail(CLI_USAGE, "--outbound: \"%s\" is no address", list[i]);
        code = add_listener(o, a, arena_printf(a, "outbound-%zu", i).p, bind,
                            MODEL_LISTENER_OUTBOUND, 0);
    }
    list = cli_args_list(args, "inbound", &count);
    for (size_t i = 0; i < count && !code; i++)
        code = add_inbound(o, a, list[i]);
    list = cli_args_list(args, "port", &count);
    for (size_t i = 0; i < count && !code; i++) {
        uint16_t port;

        code = add_app_port(o, str_of(list[i]), &port);
    }
    if (!code && cli_args_bool(args, "capture"))
        code = add_capture(o, a);
    if (!code && o->listener_count == 0)
        code = cli_fail(CLI_USAGE, "nothing to listen on: --capture, --outbound or --inbound");
    return code;
}

/* An answer leaves from the address that was asked, so that must be one of ours. */
static int read_dns(const struct cli_args *args, struct role_options *o)
{
    int code = role_flags_addr(args, "dns", &o->dns);

    if (!code && (o->dns.family == ADDR_UNIX || addr_is_any(&o->dns)))
        code = cli_fail(CLI_USAGE,
                        "--dns: \"%s\" is no address of this machine, such as 127.0.0.1:15053",
                        cli_args_text(args, "dns"));
    return code;
}

static int run(const struct cli_args *args)
{
    struct role_options *o = mem_alloc0(1, sizeof(*o));
    struct arena a;
    int code;

    arena_init(&a, 1024);
    o->outbound_is_told = cli_args_text(args, "outbound-policy") != NULL;
    o->registry_only = str_is(str_of(cli_args_text(args, "outbound-policy")), "REGISTRY_ONLY");
    code = role_flags_read(args, o);
    if (!code)
        code = read_dns(args, o);
    if (!code)
        code = read_listeners(args, o, &a);
    if (!code)
        code = role_run(o);
    arena_deinit(&a);
    mem_free(o);
    return code;
}

extern const struct cli_command cmd_proxy;
const struct cli_command cmd_proxy = {
    .name = "proxy",
    .group = "Roles",
    .arguments = "",
    .summary = "A sidecar: the proxy beside one app",
    .details =
        "Takes the app's calls (outbound) and the calls to it (inbound), speaks mutual TLS to\n"
        "other proxies and routes by VirtualService and DestinationRule.",
    .examples = "  mesh proxy --config ./mesh --outbound 127.0.0.1:15001\n"
                "  mesh proxy --config ./mesh --cert-dir ./certs --inbound 0.0.0.0:8443=8080:http",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .run = run,
};
