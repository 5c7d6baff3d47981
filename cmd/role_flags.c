#include "cmd/role_flags.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "modes/shared/jwks.h"

int role_flags_addr(const struct cli_args *args, const char *flag, struct addr *out)
{
    const char *text = cli_args_text(args, flag);

    *out = (struct addr){ 0 };
    if (!text || strcmp(text, "none") == 0)
        return 0;
    if (addr_parse(str_of(text), 0, out) != 0)
        return cli_fail(CLI_USAGE,
                        "--%s: \"%s\" is no address such as 127.0.0.1:15000 (or \"none\")", flag,
                        text);
    return 0;
}

int role_flags_protocol(struct str text, uint8_t *out)
{
    static const struct {
        const char *name;
        uint8_t protocol;
    } names[] = {
        { "auto", MODEL_PROTOCOL_AUTO },     { "http", MODEL_PROTOCOL_HTTP },
        { "http1", MODEL_PROTOCOL_HTTP },    { "http2", MODEL_PROTOCOL_HTTP2 },
        { "h2c", MODEL_PROTOCOL_HTTP2 },     { "grpc", MODEL_PROTOCOL_GRPC },
        { "grpc-web", MODEL_PROTOCOL_HTTP }, { "tcp", MODEL_PROTOCOL_TCP },
        { "tls", MODEL_PROTOCOL_TLS },       { "https", MODEL_PROTOCOL_HTTPS },
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_ieq(text, str_of(names[i].name))) {
            *out = names[i].protocol;
            return 0;
        }
    }
    return ERR_INVALID;
}

static int read_log(const struct cli_args *args)
{
    const char *levels = cli_args_text(args, "log");

    if (log_set_levels(levels) != 0)
        return cli_fail(CLI_USAGE, "--log: \"%s\" is no list of levels such as info,http=debug",
                        levels);
    log_set_json(strcmp(cli_args_text(args, "log-format"), "json") == 0);
    return 0;
}

static void read_access_log(const struct cli_args *args, struct role_options *out)
{
    const char *format = cli_args_text(args, "access-log-format");

    out->access_log = cli_args_text(args, "access-log");
    out->access_log_json = strcmp(format, "json") == 0;
    if (!out->access_log_json && strcmp(format, "text") != 0)
        out->access_log_format = format;
}

static int read_addrs(const struct cli_args *args, struct role_options *out)
{
    int code = role_flags_addr(args, "admin", &out->admin);

    if (!code)
        code = role_flags_addr(args, "metrics", &out->metrics);
    if (!code)
        code = role_flags_addr(args, "metrics-too", &out->metrics_too);
    if (!code)
        code = role_flags_addr(args, "health", &out->health);
    if (!code && out->admin.family != ADDR_NONE && out->admin.family != ADDR_UNIX &&
        !addr_is_loopback(&out->admin))
        code =
            cli_fail(CLI_BAD_CONFIG, "--admin must be a loopback address: whoever reaches it can "
                                     "change and end this process");
    return code;
}

int role_flags_read(const struct cli_args *args, struct role_options *out)
{
    int64_t workers = cli_args_number(args, "workers"), mark = cli_args_number(args, "mark");
    int code = read_log(args);

    if (code)
        return code;
    out->config_path = cli_args_text(args, "config");
    out->mesh_config = cli_args_text(args, "mesh-config");
    out->jwks_blocked = cli_args_text(args, "jwks-blocked");
    if (!jwks_is_list(out->jwks_blocked))
        return cli_fail(CLI_USAGE,
                        "--jwks-blocked: \"%s\" is no list of address blocks such as "
                        "10.0.0.0/8,::1",
                        out->jwks_blocked);
    out->control = cli_args_text(args, "control");
    out->token = cli_args_text(args, "token");
    out->root_cert = cli_args_text(args, "root-cert");
    out->cert_dir = cli_args_text(args, "cert-dir");
    out->state_dir = cli_args_text(args, "state-dir");
    out->name = cli_args_text(args, "name");
    out->ns = cli_args_text(args, "namespace");
    out->service_account = cli_args_text(args, "service-account");
    out->trust_domain = cli_args_text(args, "trust-domain");
    out->dns_domain = cli_args_text(args, "dns-domain");
    out->cluster_id = cli_args_text(args, "cluster-id");
    out->labels = cli_args_list(args, "label", &out->label_count);
    out->annotations = cli_args_list(args, "annotation", &out->annotation_count);
    out->addrs = cli_args_list(args, "ip", &out->addr_count);
    if (workers < 0 || workers > 1024)
        return cli_fail(CLI_USAGE, "--workers: between 1 and 1024");
    out->workers = (uint32_t)workers;
    if (mark < 0 || mark > UINT32_MAX)
        return cli_fail(CLI_USAGE, "--mark: between 0 and 4294967295");
    out->mark = (uint32_t)mark;
    out->accept_ms = cli_args_duration_ms(args, "accept-time");
    out->drain_ms = cli_args_duration_ms(args, "drain-time");
    read_access_log(args, out);
    if (!out->config_path && !out->control)
        return cli_fail(CLI_USAGE,
                        "say where the configuration is: --config DIR or --control ADDR");
    return read_addrs(args, out);
}
