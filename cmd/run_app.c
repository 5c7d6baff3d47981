#include "cmd/run_app.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cli.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/capture/capture_netns.h"
#include "core/loop/sigwatch.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"
#include "modes/shared/mesh_dns.h"
#include "modes/shared/runtime.h"

#define KILL_MS ((uint64_t)10000) /* from the polite signal to the last one */
#define SETUP_MS ((uint64_t)15000) /* for control to answer */

struct app {
    const struct run_app_options *options;
    struct worker worker;
    struct role *role;
    struct mesh_dns *dns;
    struct capture_netns netns;
    bool captured;
    pthread_mutex_t dial_lock; /* of netns.control */
    pid_t pid;
    int go; /* --no-capture: the app waits for this pipe */
    bool started, ending;
    int code;
    struct sigwatch child, term, intr;
    struct timer timer; /* set-up, then kill */
};

/* ---- dialling the app: sockets made in its namespace ---- */

static int dial_app(void *arg, struct worker *w, uint16_t port, struct stream **out)
{
    struct app *app = arg;
    struct stream_tcp_options tcp = { .connect_timeout_ms = 5000 };
    struct addr to;
    int fd, err;

    addr_parse(STR("127.0.0.1"), port, &to);
    pthread_mutex_lock(&app->dial_lock);
    err = capture_netns_socket(&app->netns, &fd);
    pthread_mutex_unlock(&app->dial_lock);
    if (err)
        return err;
    tcp.socket = &fd;
    return stream_tcp_connect(w, &to, &tcp, out);
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
    timer_cancel(&app->timer);
    if (app->role)
        role_stop(app->role, on_stopped, app);
    else
        worker_quit(&app->worker);
}

static void on_child(void *arg, int signo)
{
    struct app *app = arg;
    int status;

    (void)signo;
    if (waitpid(app->pid, &status, WNOHANG) != app->pid)
        return;
    app->pid = -1;
    if (!app->started)
        end(app, CLI_NO_MESH);
    else
        end(app, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void on_timer(struct timer *t)
{
    struct app *app = CONTAINER_OF(t, struct app, timer);

    if (app->started) {
        (void)kill(app->pid, SIGKILL);
        return;
    }
    fprintf(stderr, "mesh run: no answer from the control plane at %s; is `mesh up` running?\n",
            app->options->role->control ? app->options->role->control : "-");
    end(app, CLI_NO_MESH);
}

/* A terminal's Ctrl-C reaches the app by itself; a kill of this process alone is passed on. */
static void on_term(void *arg, int signo)
{
    struct app *app = arg;

    if (!app->started) {
        end(app, 128 + signo);
        return;
    }
    if (app->pid > 0 && (signo == SIGTERM || !isatty(STDIN_FILENO)))
        (void)kill(app->pid, signo);
    timer_start(&app->timer, KILL_MS);
}

/* ---- the beginning ---- */

/* Tells the waiting child where its HTTP proxy is. */
static int go_plain(struct app *app, struct runtime *rt)
{
    struct addr addr;
    char text[16];
    int len, err = flow_listener_addr(runtime_flow(rt), STR("outbound"), &addr);

    if (err)
        return err;
    len = snprintf(text, sizeof(text), "%u", addr.port);
    return write(app->go, text, (size_t)len) == len ? 0 : -EPIPE;
}

static void on_ready(void *arg, struct runtime *rt)
{
    struct app *app = arg;
    struct mesh_dns_options dns = { .udp_fd = app->netns.dns_udp_fd,
                                    .tcp_fd = app->netns.dns_tcp_fd };
    char text[ADDR_TEXT_MAX];
    struct addr addr;
    int err = 0;

    if (app->started || app->ending)
        return;
    if (app->captured)
        err = mesh_dns_open(rt, &dns, &app->dns);
    if (err) {
        fprintf(stderr, "mesh run: DNS: %s\n", error_text(err));
        end(app, CLI_NO_MESH);
        return;
    }
    for (uint32_t i = 0; app->options->verbose && i < app->options->role->listener_count; i++) {
        struct str name = app->options->role->listeners[i].name;

        if (flow_listener_addr(runtime_flow(rt), name, &addr) == 0)
            fprintf(stderr, "mesh run: %.*s at %s\n", STR_ARG(name), addr_format(&addr, text));
    }
    timer_cancel(&app->timer);
    app->started = true;
    if (app->captured ? capture_netns_go(&app->netns) : go_plain(app, rt))
        end(app, CLI_NO_MESH);
}

static void add_listener(struct role_options *o, const char *name, struct addr bind, uint8_t kind,
                         uint16_t port)
{
    o->listeners[o->listener_count++] = (struct compile_listener){
        .name = str_of(name), .bind = bind, .kind = kind, .app_port = port };
}

/* Every app port has a listener of its own outside, on a port the system chooses. */
static void add_inbound(struct role_options *o, struct arena *a)
{
    struct addr any;

    addr_parse(STR("127.0.0.1:0"), 0, &any);
    for (uint32_t i = 0; i < o->app_port_count; i++)
        add_listener(o, arena_printf(a, "inbound-%u", o->app_ports[i].port).p, any,
                     MODEL_LISTENER_INBOUND_PORT, o->app_ports[i].port);
}

static int open_captured(struct app *app)
{
    const struct capture_netns_options netns = {
        .argv = app->options->argv,
        .resolv_conf = "nameserver 127.0.0.1\noptions ndots:1\n",
    };
    struct role_options *o = app->options->role;
    const char *why;
    struct addr at;
    int err = capture_netns_open(&netns, &app->netns, &why);

    if (err) {
        fprintf(stderr, "mesh run: %s (%s)\n", why, strerror(-err));
        return CLI_NO_MESH;
    }
    app->captured = true;
    app->pid = app->netns.pid;
    addr_parse(STR("0.0.0.0:15001"), 0, &at);
    add_listener(o, "virtualOutbound", at, MODEL_LISTENER_OUTBOUND, 0);
    o->fds[o->fd_count].name = "virtualOutbound";
    o->fds[o->fd_count++].fd = app->netns.outbound_fd;
    o->dial_app = dial_app;
    o->dial_app_arg = app;
    return 0;
}

/* The child waits on a pipe, so that it begins when the sidecar serves, as with capture. */
static int open_plain(struct app *app)
{
    struct role_options *o = app->options->role;
    struct addr at;
    int go[2];

    if (pipe2(go, O_CLOEXEC) != 0)
        return CLI_NO_MESH;
    addr_parse(STR("127.0.0.1:0"), 0, &at);
    add_listener(o, "outbound", at, MODEL_LISTENER_OUTBOUND, 0);
    app->pid = fork();
    if (app->pid < 0)
        return CLI_NO_MESH;
    if (app->pid == 0) {
        char port[16] = { 0 }, proxy[64];

        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (read(go[0], port, sizeof(port) - 1) <= 0)
            _exit(125);
        (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%s", port);
        (void)setenv("http_proxy", proxy, 1);
        (void)setenv("HTTP_PROXY", proxy, 1);
        (void)setenv("NO_PROXY", "localhost,127.0.0.1", 1);
        execvp(app->options->argv[0], app->options->argv);
        fprintf(stderr, "mesh: %s: %s\n", app->options->argv[0], strerror(errno));
        _exit(errno == ENOENT ? 127 : 126);
    }
    close(go[0]);
    app->go = go[1];
    return 0;
}

static int start(struct app *app, struct arena *a)
{
    struct role_options *o = app->options->role;
    int code;

    add_inbound(o, a);
    code = app->options->no_capture ? open_plain(app) : open_captured(app);
    if (code)
        return code;
    /* Threads only from here on: the fork is behind us. */
    sigwatch_ignore_pipe();
    if (worker_init(&app->worker, 0, 1) != 0)
        return CLI_NO_MESH;
    timer_init(&app->timer, &app->worker.timers, on_timer);
    o->on_ready = on_ready;
    o->on_ready_arg = app;
    sigwatch_open(&app->child, &app->worker, SIGCHLD, on_child, app);
    sigwatch_open(&app->term, &app->worker, SIGTERM, on_term, app);
    sigwatch_open(&app->intr, &app->worker, SIGINT, on_term, app);
    timer_start(&app->timer, SETUP_MS);
    return role_start(&app->worker, o, &app->role) == 0 ? 0 : CLI_NO_MESH;
}

static void stop(struct app *app)
{
    sigwatch_close(&app->child, NULL);
    sigwatch_close(&app->term, NULL);
    sigwatch_close(&app->intr, NULL);
    mesh_dns_close(app->dns);
    role_free(app->role);
    worker_deinit(&app->worker);
}

int run_app(const struct run_app_options *options)
{
    struct app *app = mem_alloc0(1, sizeof(*app));
    struct arena a;
    int code;

    app->options = options;
    app->pid = -1;
    app->go = -1;
    app->netns.control = app->netns.go = -1;
    pthread_mutex_init(&app->dial_lock, NULL);
    arena_init(&a, 512);
    code = start(app, &a);
    if (code == 0) {
        worker_run(&app->worker);
        code = app->code;
    }
    if (app->worker.loop.data || app->worker.rx)
        stop(app);
    if (app->go >= 0)
        close(app->go);
    if (app->pid > 0) {
        (void)kill(app->pid, SIGKILL);
        (void)waitpid(app->pid, NULL, 0);
    }
    if (app->captured)
        capture_netns_close(&app->netns);
    pthread_mutex_destroy(&app->dial_lock);
    arena_deinit(&a);
    mem_free(app);
    return code;
}
