#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "cmd/paths.h"
#include "cmd/role_flags.h"
#include "cmd/run_app.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"

/* Each needs a listener; some are left for the way out and host ports. */
#define PORTS_MAX (ROLE_LISTENERS_MAX - RUN_APP_HOST_PORTS_MAX - 2)

/* clang-format off */
static const struct cli_flag flags[] = {
    { "name", 0, CLI_FLAG_TEXT, "NAME", NULL, "Name of the workload [the command's name]", NULL },
    { "port", 'p', CLI_FLAG_LIST, "[FROM=]PORT[:PROTO]", NULL, "A port the app listens on; FROM: what clients ask for; PROTO: http, http2, grpc, tcp [found out]", NULL },
    { "host-port", 0, CLI_FLAG_LIST, "PORT", NULL, "Show this port of the app on the host's 127.0.0.1, too", NULL },
    { "ip", 0, CLI_FLAG_TEXT, "IP", NULL, "Address that peers reach the ports at [one of this machine's loopback]", NULL },
    { "label", 'l', CLI_FLAG_LIST, "NAME=VALUE", NULL, "Label of the workload; `app` names its service [the name]", NULL },
    { "annotation", 0, CLI_FLAG_LIST, "NAME=VALUE", NULL, "Annotation of the workload; proxy.istio.io/config and Prometheus' are followed", NULL },
    { "sa", 0, CLI_FLAG_TEXT, "ACCOUNT", NULL, "Service account, for its identity [the app]", NULL },
    { "namespace", 'n', CLI_FLAG_TEXT, "NAMESPACE", "default", "Namespace of the workload", NULL },
    { "control", 0, CLI_FLAG_TEXT, "ADDR", NULL, "Control plane [the one of `mesh up` on this machine]", NULL },
    { "token", 0, CLI_FLAG_TEXT, "TOKEN", NULL, "Join token, for a control plane elsewhere", NULL },
    { "mesh-config", 0, CLI_FLAG_TEXT, "FILE", NULL, "MeshConfig, in place of the ConfigMap istio", NULL },
    { "config", 'f', CLI_FLAG_TEXT, "PATH", NULL, "Configuration from files instead of a control plane", NULL },
    { "cert-dir", 0, CLI_FLAG_TEXT, "DIR", NULL, "Certificate from files, with --config", NULL },
    { "no-capture", 0, CLI_FLAG_BOOL, NULL, "false", "No namespace: the app reaches the mesh through HTTP_PROXY", NULL },
    { "admin", 0, CLI_FLAG_TEXT, "ADDR", NULL, "Admin pages of the sidecar, or \"none\" [a socket in its folder]", NULL },
    { "metrics", 0, CLI_FLAG_TEXT, "ADDR", NULL, "Metrics of the sidecar and the app, or \"none\" [port 15020 of its address with prometheus.io annotations]", NULL },
    { "access-log", 0, CLI_FLAG_TEXT, "PATH", NULL, "Write an access log", NULL },
    { "log", 0, CLI_FLAG_TEXT, "LEVELS", "warn", "Log levels of the sidecar", NULL },
    { "with-parent", 0, CLI_FLAG_BOOL, NULL, "false", "End when the process that started this one ends", NULL },
    { "verbose", 'v', CLI_FLAG_BOOL, NULL, "false", "Say what is set up", NULL },
};
/* clang-format on */

static bool read_number(struct str text, uint16_t *out)
{
    uint64_t port;

    if (str_to_u64(text, 65535, &port) != 0 || port == 0)
        return false;
    *out = (uint16_t)port;
    return true;
}

/* "9080", "9080:http", or "80=8080:http": clients ask for 80, the app listens on 8080. */
static int read_port(struct role_options *o, const char *text)
{
    struct str protocol = str_of(text), number = str_cut(&protocol, ':'), app = number;
    struct str service = str_cut(&app, '=');
    struct compile_app_port *p = &o->app_ports[o->app_port_count];

    if (o->app_port_count == PORTS_MAX)
        return cli_fail(CLI_USAGE, "more than %d ports", PORTS_MAX);
    if (!read_number(app.p ? app : number, &p->port) ||
        (app.p && !read_number(service, &p->service_port)) ||
        (protocol.p && role_flags_protocol(protocol, &p->protocol) != 0))
        return cli_fail(CLI_USAGE, "--port: \"%s\" is no port such as 9080, 9080:http or 80=8080",
                        text);
    o->app_port_count++;
    return 0;
}

static int read_host_ports(const struct cli_args *args, struct run_app_options *run)
{
    size_t count;
    const char *const *list = cli_args_list(args, "host-port", &count);

    if (count > RUN_APP_HOST_PORTS_MAX)
        return cli_fail(CLI_USAGE, "more than %d host ports", RUN_APP_HOST_PORTS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!read_number(str_of(list[i]), &run->host_ports[run->host_port_count++]))
            return cli_fail(CLI_USAGE, "--host-port: \"%s\" is no port", list[i]);
    }
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Labels as given, with `app` added when it is missing. */
static void set_labels(const struct cli_args *args, struct role_options *o, struct arena *a)
{
    size_t count;
    const char *const *given = cli_args_list(args, "label", &count);
    const char **labels = arena_alloc0(a, count + 1, sizeof(*labels));
    const char *app = o->name;
    bool has_app = false;

    for (size_t i = 0; i < count; i++) {
        labels[i] = given[i];
        if (strncmp(given[i], "app=", 4) == 0) {
            has_app = true;
            app = given[i] + 4;
        }
    }
    if (!has_app)
        labels[count++] = arena_printf(a, "app=%s", o->name).p;
    o->labels = labels;
    o->label_count = count;
    o->service_account = cli_args_text(args, "sa") ? cli_args_text(args, "sa") : app;
}

static int read_options(const struct cli_args *args, struct role_options *o, struct arena *a)
{
    size_t count;
    const char *const *ports = cli_args_list(args, "port", &count);
    int code = 0;

    if (log_set_levels(cli_args_text(args, "log")) != 0)
        return cli_fail(CLI_USAGE, "--log: no list of levels such as info,http=debug");
    o->name = cli_args_text(args, "name") ? cli_args_text(args, "name") : base_name(args->rest[0]);
    o->ns = cli_args_text(args, "namespace");
    o->token = cli_args_text(args, "token");
    o->config_path = cli_args_text(args, "config");
    o->mesh_config = cli_args_text(args, "mesh-config");
    o->cert_dir = cli_args_text(args, "cert-dir");
    o->access_log = cli_args_text(args, "access-log");
    o->control = cli_args_text(args, "control");
    if (!o->control && !o->config_path)
        o->control = arena_printf(a, "unix:%s", paths_xds_socket(a)).p;
    o->workers = 1;
    o->admin_in_state = !cli_args_text(args, "admin");
    o->metrics_for_app = !cli_args_text(args, "metrics");
    o->quiet = true;
    set_labels(args, o, a);
    o->annotations = cli_args_list(args, "annotation", &o->annotation_count);
    for (size_t i = 0; i < count && !code; i++)
        code = read_port(o, ports[i]);
    if (!code)
        code = role_flags_addr(args, "admin", &o->admin);
    return code ? code : role_flags_addr(args, "metrics", &o->metrics);
}

static int run(const struct cli_args *args)
{
    struct run_app_options run = { 0 };
    struct role_options *o = mem_alloc0(1, sizeof(*o));
    struct arena a;
    int code;

    arena_init(&a, 1024);
    if (cli_args_bool(args, "with-parent"))
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (args->rest_count == 0) {
        code = cli_fail(CLI_USAGE, "say what to run: mesh run [FLAGS] -- CMD...");
    } else {
        code = read_options(args, o, &a);
        run.role = o;
        run.argv = args->rest;
        run.no_capture = cli_args_bool(args, "no-capture");
        run.verbose = cli_args_bool(args, "verbose");
        run.ip = cli_args_text(args, "ip");
        if (!code)
            code = read_host_ports(args, &run);
        if (!code)
            code = run_app(&run);
    }
    arena_deinit(&a);
    mem_free(o);
    return code;
}

extern const struct cli_command cmd_run;
const struct cli_command cmd_run = {
    .name = "run",
    .group = "Run",
    .arguments = "-- CMD...",
    .summary = "Start a program as a workload of the mesh, unchanged",
    .details =
        "Puts the program into a network namespace of its own, without root: its connections and\n"
        "DNS questions go through a sidecar, and calls to its ports come through it. Exits with\n"
        "the program's code; 80 when the mesh could not be set up.",
    .examples =
        "  mesh run --name ratings -p 9080 -- ./ratings\n"
        "  mesh run --name reviews-v2 -l app=reviews -l version=v2 -p 9080:http -- java -jar r.jar",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = 0,
    .run = run,
};
