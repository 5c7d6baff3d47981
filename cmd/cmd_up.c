#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli_args.h"
#include "cmd/paths.h"
#include "cmd/role_flags.h"
#include "cmd/scratch_dir.h"
#include "cmd/up_dns.h"
#include "cmd/up_files.h"
#include "cmd/up_plane.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/version.h"
#include "core/loop/sigwatch.h"
#include "core/loop/worker.h"

#define DNS_AT "127.0.0.1:15053"

/* clang-format off */
static const struct cli_flag flags[] = {
    { "filename", 'f', CLI_FLAG_TEXT, "PATH", NULL, "Objects to apply, again on every change [./mesh.yaml or ./mesh/]", NULL },
    { "http-port", 0, CLI_FLAG_NUMBER, "PORT", "8080", "Where port 80 of Gateways is; 0: the system chooses", NULL },
    { "https-port", 0, CLI_FLAG_NUMBER, "PORT", "8443", "Where port 443 of Gateways is", NULL },
    { "bind", 0, CLI_FLAG_TEXT, "IP", "127.0.0.1", "Address of the gateway's ports", NULL },
    { "api", 0, CLI_FLAG_TEXT, "ADDR", "127.0.0.1:15014", "API over TCP, or \"none\"", NULL },
    { "xds", 0, CLI_FLAG_TEXT, "ADDR", "127.0.0.1:15012", "For proxies of other machines, or \"none\"", NULL },
    { "dns", 0, CLI_FLAG_TEXT, "ADDR", DNS_AT, "Names of the mesh for this machine, by UDP and TCP, or \"none\"", NULL },
    { "admin", 0, CLI_FLAG_TEXT, "ADDR", NULL, "Admin pages of the gateway [a socket in its folder]", NULL },
    { "access-log", 0, CLI_FLAG_TEXT, "PATH", NULL, "Access log of the gateway", NULL },
    { "workers", 0, CLI_FLAG_NUMBER, "N", "1", "Worker threads of the gateway", NULL },
    { "ephemeral", 0, CLI_FLAG_BOOL, NULL, "false", "State in a temporary folder that goes away at the end", NULL },
    { "seconds", 0, CLI_FLAG_NUMBER, "N", NULL, "End after so many seconds", NULL },
    { "log", 0, CLI_FLAG_TEXT, "LEVELS", "warn", "Log levels, e.g. info,http=debug", NULL },
};
/* clang-format on */

struct up {
    struct arena arena;
    struct worker worker;
    struct up_plane_options options;
    struct up_plane *plane;
    struct scratch_dir scratch;
    struct up_files *files;
    struct up_dns *dns;
    struct addr dns_at;
    bool dns_is_told;
    const char *path; /* of objects, or NULL */
    int lock;
    bool stopping, ready;
    uint64_t start_ns, seconds;
    struct sigwatch term, intr;
    struct timer timer;
};

static void on_stopped(void *arg)
{
    struct up *up = arg;

    worker_quit(&up->worker);
}

static void stop(struct up *up)
{
    if (up->stopping) { /* asked twice: now */
        worker_quit(&up->worker);
        return;
    }
    up->stopping = true;
    timer_cancel(&up->timer);
    up_files_free(up->files);
    up->files = NULL;
    up_dns_close(up->dns);
    up->dns = NULL;
    up_plane_stop(up->plane, on_stopped, up);
}

static void on_signal(void *arg, int signo)
{
    (void)signo;
    stop(arg);
}

static void on_timer(struct timer *t)
{
    stop(CONTAINER_OF(t, struct up, timer));
}

static void on_ready(void *arg, struct up_plane *plane)
{
    struct up *up = arg;
    char text[ADDR_TEXT_MAX], bind[ADDR_TEXT_MAX];
    const struct addr *api = control_api_addr(up_plane_control(plane));
    uint64_t took_ms = (uv_hrtime() - up->start_ns) / 1000000;

    if (up->ready)
        return;
    up->ready = true;
    printf("mesh %s, state in %s\n", version_string(), up->options.state_dir);
    printf("  control  unix:%s/api.sock%s%s\n", up->options.runtime_dir,
           api->family ? "  http://" : "", api->family ? addr_format(api, text) : "");
    printf(
        "  gateway  port 80 is http://%s:%u, 443 is https://%s:%u, where a Gateway asks for them\n",
        addr_format_ip(&up->options.bind, bind), up->options.http_port, bind,
        up->options.https_port);
    if (up->dns)
        printf("  names    at %s, by UDP and TCP\n", addr_format(up_dns_addr(up->dns), text));
    if (up->path)
        printf("  objects  %s, applied now and on every change\n", up->path);
    printf("ready in %llu ms\n\n", (unsigned long long)took_ms);
    if (up->scratch.path[0])
        printf("For other terminals:  export MESH_STATE_DIR=%s MESH_RUNTIME_DIR=%s\n",
               up->options.state_dir, up->options.runtime_dir);
    printf("Next:  mesh run --name web -p 8080 -- ./web\n"
           "       mesh apply -f FILE      mesh get services      mesh proxy-status\n");
    fflush(stdout);
    if (up->path)
        up->files = up_files_new(&up->worker, up->path);
    if (up->seconds)
        timer_start(&up->timer, up->seconds * 1000);
}

static int read_options(const struct cli_args *args, struct up *up)
{
    struct up_plane_options *o = &up->options;
    int code;

    if (log_set_levels(cli_args_text(args, "log")) != 0)
        return cli_fail(CLI_USAGE, "--log: no list of levels such as info,http=debug");
    if (addr_parse_ip(str_of(cli_args_text(args, "bind")), &o->bind) != 0)
        return cli_fail(CLI_USAGE, "--bind: \"%s\" is no IP address", cli_args_text(args, "bind"));
    o->http_port = (uint16_t)cli_args_number(args, "http-port");
    o->https_port = (uint16_t)cli_args_number(args, "https-port");
    o->workers = (uint32_t)cli_args_number(args, "workers");
    o->access_log = cli_args_text(args, "access-log");
    o->on_ready = on_ready;
    o->on_ready_arg = up;
    up->seconds = (uint64_t)cli_args_number(args, "seconds");
    code = role_flags_addr(args, "api", &o->api);
    if (!code)
        code = role_flags_addr(args, "xds", &o->xds);
    if (!code)
        code = role_flags_addr(args, "admin", &o->admin);
    if (!code)
        code = role_flags_addr(args, "dns", &up->dns_at);
    up->dns_is_told = strcmp(cli_args_text(args, "dns"), DNS_AT) != 0;
    up->path = cli_args_text(args, "filename");
    if (!code && up->path && access(up->path, R_OK) != 0)
        code = cli_fail(CLI_NO_INPUT, "%s cannot be read", up->path);
    if (!up->path)
        up->path = access("mesh.yaml", R_OK) == 0                                    ? "mesh.yaml"
                   : access("mesh", R_OK | X_OK) == 0 && access("mesh/.", R_OK) == 0 ? "mesh"
                                                                                     : NULL;
    return code;
}

/* Programs started from here find the same mesh. */
static int choose_dirs(const struct cli_args *args, struct up *up)
{
    int err = 0;

    if (cli_args_bool(args, "ephemeral"))
        err = scratch_dir_make(&up->scratch, "up");
    if (err)
        return cli_fail(CLI_BAD_CONFIG, "no temporary folder: %s", error_text(err));
    if (up->scratch.path[0]) {
        up->options.state_dir = arena_printf(&up->arena, "%s/state", up->scratch.path).p;
        up->options.runtime_dir = arena_printf(&up->arena, "%s/run", up->scratch.path).p;
    } else {
        up->options.state_dir = paths_state_dir(&up->arena);
        up->options.runtime_dir = paths_runtime_dir(&up->arena);
    }
    (void)setenv("MESH_STATE_DIR", up->options.state_dir, 1);
    (void)setenv("MESH_RUNTIME_DIR", up->options.runtime_dir, 1);
    return up_plane_lock(up->options.state_dir, &up->lock);
}

/* Another mesh of this machine may have the port: that is no reason to have none. */
static int serve_names(struct up *up)
{
    char text[ADDR_TEXT_MAX];
    int err;

    if (up->dns_at.family == ADDR_NONE)
        return 0;
    err = up_dns_open(&up->worker, up_plane_control(up->plane), &up->dns_at, &up->dns);
    if (!err)
        return 0;
    (void)addr_format(&up->dns_at, text);
    if (up->dns_is_told)
        return cli_fail(CLI_FAILED, "--dns: %s: %s", text, error_text(err));
    fprintf(stderr, "mesh up: names are not answered at %s: %s\n", text, error_text(err));
    return 0;
}

static int serve(struct up *up)
{
    int code;

    sigwatch_ignore_pipe();
    if (worker_init(&up->worker, 0, 1) != 0)
        return cli_fail(CLI_FAILED, "no event loop");
    timer_init(&up->timer, &up->worker.timers, on_timer);
    code = up_plane_start(&up->worker, &up->options, &up->plane);
    if (code == 0)
        code = serve_names(up);
    if (code == 0) {
        sigwatch_open(&up->term, &up->worker, SIGTERM, on_signal, up);
        sigwatch_open(&up->intr, &up->worker, SIGINT, on_signal, up);
        worker_run(&up->worker);
        sigwatch_close(&up->term, NULL);
        sigwatch_close(&up->intr, NULL);
    }
    up_files_free(up->files);
    up_dns_close(up->dns);
    up_plane_free(up->plane);
    worker_deinit(&up->worker);
    return code;
}

static int run(const struct cli_args *args)
{
    struct up *up = mem_alloc0(1, sizeof(*up));
    int code;

    up->start_ns = uv_hrtime();
    up->lock = -1;
    arena_init(&up->arena, 1024);
    code = read_options(args, up);
    if (!code)
        code = choose_dirs(args, up);
    if (!code)
        code = serve(up);
    if (up->lock >= 0)
        close(up->lock);
    scratch_dir_remove(&up->scratch);
    arena_deinit(&up->arena);
    mem_free(up);
    return code;
}

extern const struct cli_command cmd_up;
const struct cli_command cmd_up = {
    .name = "up",
    .group = "Run",
    .arguments = "",
    .summary = "A mesh on this machine: control plane and gateway in one process",
    .details =
        "Keeps its state, so that it can be stopped and started again. Objects in ./mesh.yaml or\n"
        "./mesh/ (or -f) are applied at the start and whenever they change; what goes from there "
        "is\n"
        "deleted from the mesh.",
    .examples = "  mesh up &\n"
                "  mesh up -f ./config --http-port 9000",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .run = run,
};
