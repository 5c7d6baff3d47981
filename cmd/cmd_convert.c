#include <stdio.h>
#include <string.h>

#include "cmd/convert.h"
#include "cmd/input.h"
#include "cmd/print.h"
#include "core/base/mem.h"

static const struct cli_flag flags[] = {
    INPUT_FLAGS,
    { "namespace", 'n', CLI_FLAG_TEXT, "NAMESPACE", "default", "For objects that name none", NULL },
    { "to", 0, CLI_FLAG_TEXT, "API", "gateway-api", "What to print", "gateway-api|istio" },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "yaml", "How to print it", "yaml|json" },
    { .name = "strict", .help = "Fail when something has no counterpart" },
    INPUT_COLOR_FLAG,
};

static void print_yaml(const struct node *list, struct buf *out)
{
    NODE_EACH(object, list)
    {
        if (buf_len(out))
            buf_add_str(out, STR("---\n"));
        (void)node_write_yaml(object, out, 0);
    }
}

static void print_json(struct convert *c, struct buf *out)
{
    struct node *list = node_new(&c->arena, NODE_MAP);

    node_set_str(&c->arena, list, "apiVersion", STR("v1"));
    node_set_str(&c->arena, list, "kind", STR("List"));
    node_set(list, STR("items"), c->out);
    (void)node_write_json(list, out, NODE_PRETTY);
    buf_add_char(out, '\n');
}

static int convert(const struct cli_args *args, struct input *in)
{
    bool to_istio = strcmp(cli_args_text(args, "to"), "istio") == 0;
    struct convert c;
    struct buf out;
    size_t n;

    convert_init(&c, &in->objects, &in->diag);
    buf_init(&out, 0);
    n = to_istio ? convert_istio(&c) : convert_to_gateway_api(&c);
    if (strcmp(cli_args_text(args, "output"), "json") == 0)
        print_json(&c, &out);
    else
        print_yaml(c.out, &out);
    if (n)
        print_flush(&out, stdout);
    buf_deinit(&out);
    convert_deinit(&c);
    if (!n)
        return cli_fail(CLI_FAILED, "nothing to convert: %s",
                        to_istio ? "no Gateway, HTTPRoute, TLSRoute or TCPRoute of the Gateway API"
                                 : "no Gateway or VirtualService of Istio's");
    return CLI_OK;
}

static int run(const struct cli_args *args)
{
    struct input in;
    int code;

    input_init(&in);
    code = input_read_args(&in, args);
    if (code == 0 && in.file_count == 0)
        code = cli_fail(CLI_USAGE, "say which files: mesh convert -f FILE");
    else if (code == 0 && diag_has_errors(&in.diag))
        code = CLI_BAD_INPUT;
    if (code == 0)
        code = convert(args, &in);
    input_print_diag(&in.diag, args);
    if (code == 0 && cli_args_bool(args, "strict") && in.diag.count[DIAG_WARNING])
        code = CLI_BAD_INPUT;
    input_deinit(&in);
    return code;
}

extern const struct cli_command cmd_convert;
const struct cli_command cmd_convert = {
    .name = "convert",
    .group = "Configure",
    .arguments = "[FILE|DIR|-]...",
    .summary = "Istio's Gateways and VirtualServices as Gateway API, or back",
    .details =
        "Prints the objects; what has no counterpart is left out with a warning at its line. "
        "Objects of other kinds are passed over.",
    .examples = "  mesh convert -f bookinfo-gateway.yaml\n  mesh convert --to istio -f routes.yaml",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
