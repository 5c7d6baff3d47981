#include "cmd/run_app.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cli.h"
#include "cmd/run_child.h"
#include "cmd/run_place.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/sigwatch.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"
#include "modes/shared/mesh_dns.h"
#include "modes/shared/runtime.h"

#define SETUP_MS   ((uint64_t)15000) /* for control to answer */
#define DRAIN_MS   ((uint64_t)500)   /* the app is gone: only goodbyes are left to say */
#define CONNECT_MS 5000
/* From saying that we go until the app is told: peers must hear of it, and requests must end. */
#define LEAVE_MIN_MS  ((uint64_t)500)
#define LEAVE_STEP_MS ((uint64_t)50)
#define LEAVE_MAX_MS  ((uint64_t)3000)

/* Passed on to the app; TSTP and the like are between it and the terminal. */
static const int forwarded[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

#define FORWARDED_COUNT (sizeof(forwarded) / sizeof(forwarded[0]))

struct app {
    const struct run_app_options *options;
    struct arena arena;
    struct worker worker;
    bool has_worker;
    struct role *role;
    struct mesh_dns *dns;
    struct run_child child;
    struct run_place place;
    pthread_mutex_t dial_lock; /* of the child's namespace, which hands out sockets one by one */
    bool started, ending;
    int code;
    struct sigwatch on_child, signals[FORWARDED_COUNT];
    struct timer setup;
    bool is_leaving;
    uint64_t left_ms; /* since then */
    struct timer leaving;
};

/* ---- dialling the app: sockets made in its namespace ---- */

static int dial_app(void *arg, struct worker *w, const struct addr *to, struct stream **out)
{
    static const struct addr source = { .family = ADDR_IPV4, .ip = { 127, 0, 0, 6 } };
    struct app *app = arg;
    struct stream_tcp_options tcp = { .connect_timeout_ms = CONNECT_MS };
    int fd, err;

    if (to->family != ADDR_IPV4) /* a path is the same in all namespaces of networks */
        return stream_tcp_connect(w, to, &tcp, out);
    pthread_mutex_lock(&app->dial_lock);
    err = capture_netns_socket(&app->child.netns, &fd);
    pthread_mutex_unlock(&app->dial_lock);
    if (err)
        return err;
    tcp.socket = &fd;
    tcp.bind = &source; /* TC-3 */
    return stream_tcp_connect(w, to, &tcp, out);
}

/* ---- the end ---- */

static void on_stopped(void *arg)
{
    struct app *app = arg;

    worker_quit(&app->worker);
}

static void end(struct app *app, int code)
{
    if (app->ending)
        return;
    app->ending = true;
    app->code = code;
    timer_cancel(&app->setup);
    timer_cancel(&app->leaving);
    if (app->role)
        role_stop(app->role, on_stopped, app);
    else
        worker_quit(&app->worker);
}

static void on_child_signal(void *arg, int signo)
{
    struct app *app = arg;
    int status;

    (void)signo;
    if (app->child.pid < 0 || waitpid(app->child.pid, &status, WNOHANG) != app->child.pid)
        return;
    app->child.pid = -1;
    if (WIFSIGNALED(status))
        end(app, 128 + WTERMSIG(status));
    else
        end(app, app->started ? WEXITSTATUS(status) : CLI_NO_MESH);
}

/* What a terminal sends goes to the whole group, so the app has it already. */
static bool is_from_terminal(int signo)
{
    return (signo == SIGINT || signo == SIGQUIT) && isatty(STDIN_FILENO) &&
           tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* An app that serves others is told to end after they have stopped coming: first they hear that it
 * goes, then what they have asked is answered. */
static void on_leaving(struct timer *t)
{
    struct app *app = CONTAINER_OF(t, struct app, leaving);
    struct flow_totals totals;

    flow_get_totals(runtime_flow(role_runtime(app->role)), &totals);
    app->left_ms += app->left_ms ? LEAVE_STEP_MS : LEAVE_MIN_MS;
    if (totals.requests && app->left_ms < LEAVE_MAX_MS)
        timer_start(&app->leaving, LEAVE_STEP_MS);
    else if (app->child.pid > 0)
        (void)kill(app->child.pid, SIGTERM);
}

static bool leaves_first(struct app *app, int signo)
{
    if (signo != SIGTERM || !app->options->role->app_port_count || app->is_leaving ||
        app->child.pid <= 0)
        return false;
    app->is_leaving = true;
    role_leave(app->role);
    timer_start(&app->leaving, LEAVE_MIN_MS);
    return true;
}

static void on_signal(void *arg, int signo)
{
    struct app *app = arg;

    if (!app->started)
        end(app, 128 + signo);
    else if (leaves_first(app, signo))
        return; /* a second one goes through at once */
    else if (app->child.pid > 0 && !is_from_terminal(signo))
        (void)kill(app->child.pid, signo);
}

static void on_setup_timeout(struct timer *t)
{
    struct app *app = CONTAINER_OF(t, struct app, setup);
    const char *control = app->options->role->control;

    if (control)
        fprintf(stderr, "mesh run: no answer from the control plane at %s; is `mesh up` running?\n",
                control);
    else
        fprintf(stderr, "mesh run: the sidecar was not ready in time\n");
    end(app, CLI_NO_MESH);
}

/* ---- the beginning ---- */

static int let_go(struct app *app, struct runtime *rt)
{
    struct mesh_dns_options dns = { .udp_fd = app->child.netns.dns_udp_fd,
                                    .tcp_fd = app->child.netns.dns_tcp_fd };
    struct addr outbound = { 0 };
    int err;

    if (app->child.captured)
        err = mesh_dns_open_runtime(rt, &dns, &app->dns);
    else
        err = flow_listener_addr(runtime_flow(rt), STR("outbound"), &outbound);
    return err ? err : run_child_go(&app->child, outbound.port);
}

static void tell(const struct app *app, struct runtime *rt)
{
    const struct role_options *o = app->options->role;
    char text[ADDR_TEXT_MAX];
    struct addr addr;

    fprintf(stderr, "mesh run: %s, address %s, state in %s\n", o->name,
            addr_format_ip(&app->place.ip, text), o->state_dir);
    for (uint32_t i = 0; i < o->listener_count; i++) {
        struct str name = o->listeners[i].name;

        if (flow_listener_addr(runtime_flow(rt), name, &addr) == 0)
            fprintf(stderr, "mesh run: %.*s at %s\n", STR_ARG(name), addr_format(&addr, text));
    }
    if (runtime_admin_addr(rt)->family != ADDR_NONE)
        fprintf(stderr, "mesh run: admin at %s\n", addr_format(runtime_admin_addr(rt), text));
    if (runtime_metrics_addr(rt)->family != ADDR_NONE)
        fprintf(stderr, "mesh run: metrics at %s\n", addr_format(runtime_metrics_addr(rt), text));
}

static void on_ready(void *arg, struct runtime *rt)
{
    struct app *app = arg;
    int err;

    if (app->started || app->ending)
        return;
    timer_cancel(&app->setup);
    if (app->options->verbose)
        tell(app, rt);
    app->started = true;
    err = let_go(app, rt);
    if (err) {
        fprintf(stderr, "mesh run: the app cannot be started: %s\n", error_text(err));
        end(app, CLI_NO_MESH);
    }
}

static int fail(const char *what, int err)
{
    return cli_fail(CLI_NO_MESH, "run: %s: %s", what, error_text(err));
}

static int take_place(struct app *app)
{
    struct role_options *o = app->options->role;
    const char **addrs = arena_alloc0(&app->arena, 1, sizeof(*addrs));
    char text[ADDR_TEXT_MAX];
    int err = run_place_take(&app->place, o->ns, o->name, &app->arena);

    if (err)
        return fail("no place for this workload's state", err);
    o->workload = o->name;
    o->name = app->place.name;
    o->state_dir = app->place.state_dir;
    if (app->options->ip && addr_parse_ip(str_of(app->options->ip), &app->place.ip) != 0)
        return cli_fail(CLI_USAGE, "--ip: \"%s\" is no IP address", app->options->ip);
    /* An app beside us that listens on all addresses needs its port for itself. */
    err = run_place_listen(&app->place, o, !app->options->no_capture, app->options->ip != NULL,
                           &app->arena);
    if (err)
        return fail("the app's ports cannot be opened", err);
    addrs[0] = arena_str(&app->arena, str_of(addr_format_ip(&app->place.ip, text))).p;
    o->addrs = addrs;
    o->addr_count = 1;
    return 0;
}

static void add_listener(struct app *app, const char *name, const char *at, uint8_t kind,
                         uint16_t app_port)
{
    struct role_options *o = app->options->role;
    struct compile_listener *l = &o->listeners[o->listener_count++];

    *l = (struct compile_listener){ .name = str_of(name), .kind = kind, .app_port = app_port };
    addr_parse(str_of(at), app_port, &l->bind);
}

/* The app's ports on the host's loopback are ways in like others: policy and telemetry apply. */
static void add_host_ports(struct app *app)
{
    for (uint32_t i = 0; i < app->options->host_port_count; i++) {
        uint16_t port = app->options->host_ports[i];

        add_listener(app, arena_printf(&app->arena, "host-%u", port).p, "127.0.0.1",
                     MODEL_LISTENER_INBOUND_PORT, port);
    }
}

/* A control plane of this machine answers at once or is not there; then only what an earlier run of
 * this workload saved can be served (fail static), and without that waiting is of no use. */
static bool is_control_there(const struct role_options *o)
{
    struct addr at;
    struct sockaddr_storage sa;
    socklen_t len;
    int fd, err;

    if (!o->control || addr_parse(str_of(o->control), 0, &at) != 0 || at.family != ADDR_UNIX)
        return true;
    if (run_place_has_state(o->state_dir))
        return true;
    len = addr_to_sockaddr(&at, &sa);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    err = connect(fd, (struct sockaddr *)&sa, len);
    close(fd);
    return err == 0;
}

static void set_environment(const struct app *app)
{
    const struct role_options *o = app->options->role;

    (void)setenv("MESH_WORKLOAD", o->name, 1);
    (void)setenv("MESH_NAMESPACE", o->ns, 1);
    (void)setenv("INSTANCE_IP", o->addrs[0], 1);
}

static int open_child(struct app *app)
{
    struct role_options *o = app->options->role;
    struct run_child_options child = { .argv = app->options->argv,
                                       .capture = !app->options->no_capture };
    const char *why = NULL;
    int err;

    if (app->place.ip.family == ADDR_IPV4)
        memcpy(child.ip, app->place.ip.ip, sizeof(child.ip));
    set_environment(app);
    err = run_child_open(&app->child, &child, &why);
    if (err)
        return cli_fail(CLI_NO_MESH, "run: %s (%s)", why, strerror(-err));
    if (!app->child.captured) {
        add_listener(app, "outbound", "127.0.0.1:0", MODEL_LISTENER_OUTBOUND, 0);
        return 0;
    }
    add_listener(app, "virtualOutbound", "0.0.0.0:15001", MODEL_LISTENER_OUTBOUND, 0);
    o->fds[o->fd_count].name = "virtualOutbound";
    o->fds[o->fd_count++].fd = app->child.netns.outbound_fd;
    o->dial_app = dial_app;
    o->dial_app_arg = app;
    return 0;
}

static int start_sidecar(struct app *app)
{
    struct role_options *o = app->options->role;
    struct worker *w = &app->worker;
    int err;

    sigwatch_ignore_pipe();
    err = worker_init(w, 0, 1);
    if (err)
        return fail("no event loop", err);
    app->has_worker = true;
    timer_init(&app->setup, &w->timers, on_setup_timeout);
    timer_init(&app->leaving, &w->timers, on_leaving);
    sigwatch_open(&app->on_child, w, SIGCHLD, on_child_signal, app);
    for (size_t i = 0; i < FORWARDED_COUNT; i++)
        sigwatch_open(&app->signals[i], w, forwarded[i], on_signal, app);
    timer_start(&app->setup, SETUP_MS);
    o->on_ready = on_ready;
    o->on_ready_arg = app;
    o->drain_ms = DRAIN_MS;
    return role_start(w, o, &app->role) == 0 ? 0 : CLI_NO_MESH;
}

static int start(struct app *app)
{
    int code = take_place(app);

    if (!code && !is_control_there(app->options->role))
        code = cli_fail(CLI_NO_MESH, "run: no control plane at %s; start one with 'mesh up'",
                        app->options->role->control);
    if (!code)
        code = open_child(app);
    if (code)
        return code;
    add_host_ports(app);
    return start_sidecar(app); /* threads only from here on: the fork is behind us */
}

static void stop_sidecar(struct app *app)
{
    sigwatch_close(&app->on_child, NULL);
    for (size_t i = 0; i < FORWARDED_COUNT; i++)
        sigwatch_close(&app->signals[i], NULL);
    timer_cancel(&app->setup);
    mesh_dns_close(app->dns);
    role_free(app->role);
    worker_deinit(&app->worker);
}

int run_app(const struct run_app_options *options)
{
    struct app *app = mem_alloc0(1, sizeof(*app));
    int code;

    app->options = options;
    app->place.lock_fd = -1;
    app->child.pid = app->child.go = -1;
    pthread_mutex_init(&app->dial_lock, NULL);
    arena_init(&app->arena, 1024);
    code = start(app);
    if (code == 0) {
        worker_run(&app->worker);
        code = app->code;
    }
    if (app->has_worker)
        stop_sidecar(app);
    run_child_close(&app->child);
    run_place_leave(&app->place);
    pthread_mutex_destroy(&app->dial_lock);
    arena_deinit(&app->arena);
    mem_free(app);
    return code;
}
