#include <stdio.h>

#include "cmd/role_flags.h"
#include "core/base/mem.h"

/* clang-format off */
static const struct cli_flag flags[] = {
    ROLE_FLAGS,
    { "bind", 0, CLI_FLAG_TEXT, "IP", "0.0.0.0", "Address that gateway ports are opened on", NULL },
    { "gateway", 0, CLI_FLAG_TEXT, "NAME", NULL, "Serve this Gateway of the Gateway API, of its own namespace, and no other [all of class istio and mesh]", NULL },
    { "acme-dir", 0, CLI_FLAG_TEXT, "DIR", NULL, "Where certificates that Gateways have ordered (annotation mesh.dev/acme) are kept; gateways may share it [acme in the state directory]", NULL },
    { "acme-ca", 0, CLI_FLAG_TEXT, "FILE", NULL, "CA of the ACME server [the system's]", NULL },
    { "acme-resolvers", 0, CLI_FLAG_TEXT, "ADDRS", NULL, "DNS servers for the ACME server's name [the system's]", NULL },
    { "map-port", 0, CLI_FLAG_LIST, "PORT=BIND", NULL, "Open a Gateway's port at another one, e.g. 80=8080; 0 lets the system choose", NULL },
};
/* clang-format on */

static int read_port_maps(const struct cli_args *args, struct role_options *o)
{
    size_t count;
    const char *const *list = cli_args_list(args, "map-port", &count);

    for (size_t i = 0; i < count; i++) {
        struct str to = str_of(list[i]), from = str_cut(&to, '=');
        uint64_t port, bind;

        if (str_to_u64(from, 65535, &port) != 0 || str_to_u64(to, 65535, &bind) != 0)
            return cli_fail(CLI_USAGE, "--map-port: \"%s\" is not of the form 80=8080", list[i]);
        if (o->port_map_count == ROLE_LISTENERS_MAX)
            return cli_fail(CLI_USAGE, "more than %d port maps", ROLE_LISTENERS_MAX);
        o->port_maps[o->port_map_count++] =
            (struct compile_port_map){ (uint16_t)port, (uint16_t)bind };
    }
    return 0;
}

/* --gateway is the label that Istio gives to what it makes for a Gateway. */
static char *add_gateway_label(const struct cli_args *args, struct role_options *o)
{
    const char *name = cli_args_text(args, "gateway"), **labels;
    char *label;

    if (!name)
        return NULL;
    labels = mem_alloc0(o->label_count + 1, sizeof(*labels));
    for (size_t i = 0; i < o->label_count; i++)
        labels[i] = o->labels[i];
    label = mem_printf("gateway.networking.k8s.io/gateway-name=%s", name);
    labels[o->label_count++] = label;
    o->labels = labels;
    return label;
}

static int run(const struct cli_args *args)
{
    struct role_options *o = mem_alloc0(1, sizeof(*o));
    char *label = NULL;
    int code;

    o->is_gateway = true;
    code = role_flags_read(args, o);
    if (!code && addr_parse_ip(str_of(cli_args_text(args, "bind")), &o->gateway_bind) != 0)
        code = cli_fail(CLI_USAGE, "--bind: \"%s\" is no IP address", cli_args_text(args, "bind"));
    o->acme_dir = cli_args_text(args, "acme-dir");
    o->acme_ca = cli_args_text(args, "acme-ca");
    o->acme_resolvers = cli_args_text(args, "acme-resolvers");
    if (!code)
        code = read_port_maps(args, o);
    if (!code) {
        label = add_gateway_label(args, o);
        code = role_run(o);
    }
    if (label)
        mem_free((void *)(uintptr_t)o->labels); /* its own list then */
    mem_free(label);
    mem_free(o);
    return code;
}

extern const struct cli_command cmd_gateway;
const struct cli_command cmd_gateway = {
    .name = "gateway",
    .group = "Roles",
    .arguments = "",
    .summary = "A gateway: the way into the mesh, and out",
    .details =
        "Serves Istio's Gateways whose selector matches its labels, and the Gateways of the\n"
        "Gateway API whose class is istio, mesh, or one of ours by its GatewayClass.",
    .examples = "  mesh gateway --config ./mesh -l istio=ingressgateway --map-port 80=8080",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .run = run,
};
