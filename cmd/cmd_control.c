#include <signal.h>
#include <stdio.h>

#include "cmd/cli_args.h"
#include "cmd/paths.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/sigwatch.h"
#include "core/loop/worker.h"
#include "modes/control/control.h"
#include "modes/shared/jwks.h"

/* clang-format off */
static const struct cli_flag flags[] = {
    { "state-dir", 0, CLI_FLAG_TEXT, "DIR", NULL, "Where objects and keys are kept [the machine's or user's place for state]", NULL },
    { "trust-domain", 0, CLI_FLAG_TEXT, "DOMAIN", "cluster.local", "Trust domain; fixed when the state is first made", NULL },
    { "cluster-id", 0, CLI_FLAG_TEXT, "ID", "Kubernetes", "Cluster name in metrics", NULL },
    { "dns-domain", 0, CLI_FLAG_TEXT, "DOMAIN", "cluster.local", "Domain of service names", NULL },
    { "api", 0, CLI_FLAG_TEXT, "ADDR", "127.0.0.1:15014", "API, console and metrics, or \"none\"", NULL },
    { "api-socket", 0, CLI_FLAG_TEXT, "PATH", NULL, "The API's Unix socket, or \"none\" [in the runtime directory]", NULL },
    { "xds", 0, CLI_FLAG_TEXT, "ADDR", "0.0.0.0:15012", "Discovery and certificates over TLS, or \"none\"", NULL },
    { "xds-plain", 0, CLI_FLAG_TEXT, "ADDR", "127.0.0.1:15010", "Discovery without TLS for this machine, or \"none\"", NULL },
    { "xds-socket", 0, CLI_FLAG_TEXT, "PATH", NULL, "Their Unix socket, or \"none\" [in the runtime directory]", NULL },
    { "jwks-blocked", 0, CLI_FLAG_TEXT, "CIDRS", NULL, "Addresses that keys of tokens are not fetched from [this machine's and the link's]; \"\": none", NULL },
    { "log", 0, CLI_FLAG_TEXT, "LEVELS", "warn", "Log levels, e.g. info,ads=debug", NULL },
    { "log-format", 0, CLI_FLAG_TEXT, "FORMAT", "text", "How the log is written", "text|json" },
};
/* clang-format on */

struct process {
    struct worker worker;
    struct control *control;
    struct sigwatch term, intr;
    bool stopping;
};

static void on_stopped(void *arg)
{
    struct process *p = arg;

    worker_quit(&p->worker);
}

static void on_signal(void *arg, int signo)
{
    struct process *p = arg;

    (void)signo;
    if (p->stopping)
        return;
    p->stopping = true;
    control_stop(p->control, on_stopped, p);
}

static int read_addr(const struct cli_args *args, const char *flag, struct addr *out)
{
    const char *text = cli_args_text(args, flag);

    *out = (struct addr){ 0 };
    if (str_is(str_of(text), "none"))
        return 0;
    if (addr_parse(str_of(text), 0, out) != 0)
        return cli_fail(CLI_USAGE, "--%s: \"%s\" is no address such as 127.0.0.1:15014", flag,
                        text);
    return 0;
}

static const char *read_socket(const struct cli_args *args, const char *flag, const char *fallback)
{
    const char *text = cli_args_text(args, flag);

    if (!text)
        return fallback;
    return str_is(str_of(text), "none") ? NULL : text;
}

static int read_options(const struct cli_args *args, struct arena *a, struct control_options *o)
{
    int code = read_addr(args, "api", &o->api);

    if (!code)
        code = read_addr(args, "xds", &o->xds);
    if (!code)
        code = read_addr(args, "xds-plain", &o->xds_plain);
    if (code)
        return code;
    o->jwks_blocked = cli_args_text(args, "jwks-blocked");
    if (!jwks_is_list(o->jwks_blocked))
        return cli_fail(CLI_USAGE,
                        "--jwks-blocked: \"%s\" is no list of address blocks such as "
                        "10.0.0.0/8,::1",
                        o->jwks_blocked);
    o->state_dir = cli_args_text(args, "state-dir");
    if (!o->state_dir)
        o->state_dir = paths_state_dir(a);
    o->trust_domain = cli_args_text(args, "trust-domain");
    o->cluster_id = cli_args_text(args, "cluster-id");
    o->dns_domain = cli_args_text(args, "dns-domain");
    o->socket_path = read_socket(args, "api-socket", paths_api_socket(a));
    o->xds_socket_path = read_socket(args, "xds-socket", paths_xds_socket(a));
    if (paths_make(o->state_dir) != 0)
        return cli_fail(CLI_BAD_CONFIG, "the state directory %s cannot be made", o->state_dir);
    if (paths_make(paths_runtime_dir(a)) != 0 && (o->socket_path || o->xds_socket_path))
        return cli_fail(CLI_BAD_CONFIG, "the directory for sockets %s cannot be made",
                        paths_runtime_dir(a));
    if (log_set_levels(cli_args_text(args, "log")) != 0)
        return cli_fail(CLI_USAGE, "--log: \"%s\" is no list of levels such as info,ads=debug",
                        cli_args_text(args, "log"));
    log_set_json(str_is(str_of(cli_args_text(args, "log-format")), "json"));
    return 0;
}

static void print_addr(const char *what, const struct addr *at)
{
    char text[ADDR_TEXT_MAX];

    if (at->family != ADDR_NONE)
        printf("%s %s\n", what, addr_format(at, text));
}

static void announce(const struct process *p, const struct control_options *o)
{
    print_addr("api", control_api_addr(p->control));
    if (o->socket_path)
        printf("api unix:%s\n", o->socket_path);
    print_addr("xds", control_xds_addr(p->control));
    print_addr("xds-plain", control_xds_plain_addr(p->control));
    if (o->xds_socket_path)
        printf("xds unix:%s\n", o->xds_socket_path);
    printf("ready\n");
    fflush(stdout);
}

static int serve(const struct control_options *options)
{
    struct process *p = mem_alloc0(1, sizeof(*p));
    int code = CLI_FAILED;

    sigwatch_ignore_pipe();
    if (worker_init(&p->worker, 0, 1) == 0) {
        if (control_start(&p->worker, options, &p->control) == 0) {
            code = 0;
            sigwatch_open(&p->term, &p->worker, SIGTERM, on_signal, p);
            sigwatch_open(&p->intr, &p->worker, SIGINT, on_signal, p);
            announce(p, options);
            worker_run(&p->worker);
            sigwatch_close(&p->term, NULL);
            sigwatch_close(&p->intr, NULL);
            control_free(p->control);
        }
        worker_deinit(&p->worker);
    }
    mem_free(p);
    return code;
}

static int run(const struct cli_args *args)
{
    struct control_options options = { 0 };
    struct arena a;
    int code;

    arena_init(&a, 1024);
    code = read_options(args, &a, &options);
    if (!code)
        code = serve(&options);
    arena_deinit(&a);
    return code;
}

extern const struct cli_command cmd_control;
const struct cli_command cmd_control = {
    .name = "control",
    .group = "Roles",
    .arguments = "",
    .summary = "The control plane: API, discovery, certificates",
    .details = "Keeps objects and workloads in its state directory, tells proxies about them, and\n"
               "certifies them.",
    .examples = "  mesh control --state-dir /var/lib/mesh --log info",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .run = run,
};
