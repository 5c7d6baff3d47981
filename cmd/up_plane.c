#include "cmd/up_plane.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cmd/cli.h"
#include "cmd/paths.h"
#include "core/base/error.h"
#include "core/base/mem.h"

struct up_plane {
    struct up_plane_options options;
    struct worker *worker;
    struct arena arena;
    struct control *control;
    struct role_options gateway;
    struct role *role;
    const char *labels[2];
    void (*stopped)(void *arg);
    void *stopped_arg;
};

static void on_gateway_ready(void *arg, struct runtime *rt)
{
    struct up_plane *p = arg;

    (void)rt;
    if (p->options.on_ready)
        p->options.on_ready(p->options.on_ready_arg, p);
}

static void map_port(struct role_options *o, uint16_t port, uint16_t bind_port)
{
    if (bind_port)
        o->port_maps[o->port_map_count++] = (struct compile_port_map){ port, bind_port };
}

/* As Istio's: what its samples select. */
static void fill_gateway(struct up_plane *p, const char *xds_socket)
{
    struct role_options *o = &p->gateway;

    p->labels[0] = "istio=ingressgateway";
    p->labels[1] = "app=istio-ingressgateway";
    o->is_gateway = true;
    o->name = "istio-ingressgateway";
    o->ns = "istio-system";
    o->service_account = "istio-ingressgateway-service-account";
    o->labels = p->labels;
    o->label_count = 2;
    o->control = arena_printf(&p->arena, "unix:%s", xds_socket).p;
    o->state_dir = arena_printf(&p->arena, "%s/gateway", p->options.state_dir).p;
    o->gateway_bind = p->options.bind;
    o->workers = p->options.workers;
    o->access_log = p->options.access_log;
    o->admin = p->options.admin;
    o->admin_in_state = true;
    o->drain_ms = 2000;
    o->quiet = true;
    o->on_ready = on_gateway_ready;
    o->on_ready_arg = p;
    map_port(o, 80, p->options.http_port);
    map_port(o, 443, p->options.https_port);
    /* Istio's sample asks for 8080 itself: that is the same door. */
    if (p->options.http_port != 8080)
        map_port(o, 8080, p->options.http_port);
    if (p->options.https_port != 8443)
        map_port(o, 8443, p->options.https_port);
}

static int start_control(struct up_plane *p, const char *xds_socket)
{
    const struct up_plane_options *o = &p->options;
    const struct control_options control = {
        .state_dir = arena_printf(&p->arena, "%s/control", o->state_dir).p,
        .socket_path = arena_printf(&p->arena, "%s/api.sock", o->runtime_dir).p,
        .xds_socket_path = xds_socket,
        .api = o->api,
        .xds = o->xds,
    };
    int err = paths_make(control.state_dir);

    if (!err)
        err = paths_make(o->runtime_dir);
    if (err)
        return cli_fail(CLI_BAD_CONFIG, "%s: %s", control.state_dir, error_text(err));
    err = control_start(p->worker, &control, &p->control);
    return err ? cli_fail(CLI_FAILED, "the control plane cannot start: %s", error_text(err)) : 0;
}

int up_plane_start(struct worker *w, const struct up_plane_options *options, struct up_plane **out)
{
    struct up_plane *p = mem_alloc0(1, sizeof(*p));
    const char *xds_socket;
    int code;

    p->options = *options;
    p->worker = w;
    arena_init(&p->arena, 1024);
    xds_socket = arena_printf(&p->arena, "%s/xds.sock", options->runtime_dir).p;
    *out = p;
    code = start_control(p, xds_socket);
    if (code)
        return code;
    fill_gateway(p, xds_socket);
    (void)paths_make(p->gateway.state_dir);
    return role_start(w, &p->gateway, &p->role);
}

static void on_control_stopped(void *arg)
{
    struct up_plane *p = arg;

    p->stopped(p->stopped_arg);
}

static void on_gateway_stopped(void *arg)
{
    struct up_plane *p = arg;

    if (p->control)
        control_stop(p->control, on_control_stopped, p);
    else
        p->stopped(p->stopped_arg);
}

void up_plane_stop(struct up_plane *p, void (*done)(void *arg), void *arg)
{
    p->stopped = done;
    p->stopped_arg = arg;
    if (p->role)
        role_stop(p->role, on_gateway_stopped, p);
    else
        on_gateway_stopped(p);
}

void up_plane_free(struct up_plane *p)
{
    if (!p)
        return;
    role_free(p->role);
    control_free(p->control);
    arena_deinit(&p->arena);
    mem_free(p);
}

struct control *up_plane_control(struct up_plane *p)
{
    return p->control;
}

struct runtime *up_plane_gateway(struct up_plane *p)
{
    return role_runtime(p->role);
}

/* ---- one at a time ---- */

static int say_who_has_it(int fd, const char *state_dir)
{
    char text[32] = { 0 };
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

    close(fd);
    return cli_fail(
        CLI_FAILED,
        "a mesh runs here already (process %ld, state in %s); 'mesh get services' shows "
        "it, --ephemeral or MESH_STATE_DIR make another one",
        n > 0 ? strtol(text, NULL, 10) : 0L, state_dir);
}

int up_plane_lock(const char *state_dir, int *out)
{
    char path[4096], text[32];
    int fd, len, err = paths_make(state_dir);

    if (err)
        return cli_fail(CLI_BAD_CONFIG, "%s: %s", state_dir, error_text(err));
    if ((size_t)snprintf(path, sizeof(path), "%s/up.lock", state_dir) >= sizeof(path))
        return cli_fail(CLI_BAD_CONFIG, "%s: the path is too long", state_dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return cli_fail(CLI_BAD_CONFIG, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return say_who_has_it(fd, state_dir);
    len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || write(fd, text, (size_t)len) != len)
        return cli_fail(CLI_BAD_CONFIG, "%s: %s", path, strerror(errno));
    *out = fd;
    return 0;
}
