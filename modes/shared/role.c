#include "modes/shared/role.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/sigwatch.h"
#include "core/telemetry/telemetry.h"
#include "modes/shared/acme_agent.h"
#include "modes/shared/identity_files.h"
#include "modes/shared/mesh_dns.h"
#include "modes/shared/role_node.h"
#include "modes/shared/runtime.h"
#include "modes/shared/scrape_targets.h"
#include "modes/shared/source_files.h"
#include "modes/shared/source_xds.h"

#define STATUS_PORT 15020

static struct log_module log_module = LOG_MODULE("role");

struct role {
    struct role_options options;
    struct worker *worker;
    struct arena arena; /* of node */
    struct model_node node;
    struct scrape_targets scrape;
    struct runtime *runtime;
    struct source_files *files, *mesh;
    struct identity_files *identity;
    struct source_xds *xds;
    struct acme_agent *acme;
    struct mesh_dns *dns;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

static void print_diag(const struct diag *d)
{
    struct buf text;

    buf_init(&text, 0);
    diag_render_text(d, &text, isatty(STDERR_FILENO));
    fwrite(text.p + text.start, 1, buf_len(&text), stderr);
    buf_deinit(&text);
}

static void announce(struct role *r)
{
    struct snapshot *s = runtime_snapshot(r->runtime);
    char text[ADDR_TEXT_MAX];

    runtime_set_ready(r->runtime, true);
    for (uint32_t i = 0; !r->options.quiet && s && i < s->listener_count; i++) {
        struct addr bound = s->listeners[i].bind;

        (void)flow_listener_addr(runtime_flow(r->runtime), s->listeners[i].name, &bound);
        printf("listener %.*s %s\n", STR_ARG(s->listeners[i].name), addr_format(&bound, text));
    }
    if (!r->options.quiet) {
        if (runtime_admin_addr(r->runtime)->family != ADDR_NONE)
            printf("admin %s\n", addr_format(runtime_admin_addr(r->runtime), text));
        if (runtime_health_addr(r->runtime)->family != ADDR_NONE)
            printf("health %s\n", addr_format(runtime_health_addr(r->runtime), text));
        if (r->dns)
            printf("dns %s\n", addr_format(mesh_dns_addr(r->dns), text));
        printf("ready\n");
        fflush(stdout);
    }
    if (r->options.on_ready)
        r->options.on_ready(r->options.on_ready_arg, r->runtime);
}

static void on_first_commit(void *arg, const struct flow_publish_result *result)
{
    struct role *r = arg;

    if (result->failed)
        fprintf(stderr, "mesh: %s\n", result->message);
    announce(r);
}

/* Control pushed the first complete picture, or it is away and the saved one is in use. */
static void on_xds_synced(void *arg)
{
    announce(arg);
}

/* A path too long for a socket's address means no admin pages, not no role. */
static struct addr admin_addr_of(const struct role_options *o)
{
    struct addr addr = o->admin;
    char path[sizeof(addr.path) + 16];

    if (addr.family != ADDR_NONE || !o->admin_in_state || !o->state_dir)
        return addr;
    if (snprintf(path, sizeof(path), "unix:%s/admin.sock", o->state_dir) >= (int)sizeof(path) ||
        addr_parse(str_of(path), 0, &addr) != 0)
        return (struct addr){ 0 };
    return addr;
}

static void fill_runtime_options(struct role *r, struct runtime_options *out)
{
    const struct role_options *o = &r->options;

    *out = (struct runtime_options){
        .node = &r->node,
        .workers = o->workers,
        .mark = o->mark,
        .dial_app = o->dial_app,
        .dial_app_arg = o->dial_app_arg,
        .admin = admin_addr_of(o),
        .metrics = o->metrics,
        .metrics_too = o->metrics_too,
        .scrape = &r->scrape,
        .health = o->health,
        .state_dir = o->state_dir,
        .jwks_blocked = o->jwks_blocked,
        .drain_ms = o->drain_ms,
    };
    out->compile = (struct compile_options){
        .listeners = o->listeners,
        .listener_count = o->listener_count,
        .app_ports = o->app_ports,
        .app_port_count = o->app_port_count,
        .port_maps = o->port_maps,
        .port_map_count = o->port_map_count,
        .gateway_bind = o->gateway_bind,
        .outbound_policy = o->registry_only ? MODEL_REGISTRY_ONLY : MODEL_ALLOW_ANY,
        .outbound_policy_is_told = o->outbound_is_told,
        .settings = { .trust_domain = r->node.trust_domain,
                      .root_namespace = STR("istio-system"),
                      .access_log = { .enabled = o->access_log != NULL,
                                      .json = o->access_log_json,
                                      .path = str_of(o->access_log),
                                      .format = str_of(o->access_log_format) },
                      .drain_ms = o->drain_ms,
                      .connect_timeout_ms = 10000 },
    };
}

static int attach_files(struct role *r, const char *path, struct source_files **out)
{
    struct diag d;
    int err, code = 0;

    diag_init(&d);
    err = source_files_new(r->runtime, path, &d, out);
    if (err && diag_has_errors(&d)) {
        print_diag(&d);
        code = 65;
    } else if (err) {
        fprintf(stderr, "mesh: %s: %s\n", path, error_text(err));
        code = 66;
    }
    diag_deinit(&d);
    if (code)
        return code;
    err = source_files_watch(*out);
    if (err)
        log_warn("%s is not watched for changes: %s", path, error_text(err));
    return 0;
}

static int attach_control(struct role *r)
{
    struct source_xds_options xds = {
        .control = r->options.control,
        .token = r->options.token,
        .root_cert = r->options.root_cert,
        .state_dir = r->options.state_dir,
        .has_identity = r->options.cert_dir != NULL,
        .node = &r->node,
        .app_ports = r->options.app_ports,
        .app_port_count = r->options.app_port_count,
        .dial_app = r->options.dial_app,
        .dial_app_arg = r->options.dial_app_arg,
        .on_synced = on_xds_synced,
        .on_synced_arg = r,
    };

    return source_xds_new(r->runtime, &xds, &r->xds) == 0 ? 0 : 78;
}

/* Before anybody keeps something there. A role that cannot keep anything serves all the same. */
static void make_state_dir(const struct role *r)
{
    const char *dir = r->options.state_dir;

    if (dir && mkdir(dir, 0700) != 0 && errno != EEXIST)
        fprintf(stderr, "mesh: --state-dir %s: %s\n", dir, error_text(-errno));
}

/* A gateway without a place for certificates orders none. */
static int attach_acme(struct role *r)
{
    const struct role_options *o = &r->options;
    struct acme_agent_options options = { .dir = o->acme_dir,
                                          .ca = o->acme_ca,
                                          .resolvers = o->acme_resolvers };
    int err;

    if (!o->is_gateway || (!o->acme_dir && !o->state_dir))
        return 0;
    if (!options.dir)
        options.dir = arena_printf(&r->arena, "%s/acme", o->state_dir).p;
    err = acme_agent_new(r->runtime, &options, &r->acme);
    if (err)
        fprintf(stderr, "mesh: %s: %s\n", options.dir, error_text(err));
    return err && o->acme_dir ? 78 : 0;
}

/* From the first moment: other names than the mesh's are passed on, whatever control does. */
static int serve_names(struct role *r)
{
    struct mesh_dns_options options = { .at = r->options.dns, .udp_fd = -1, .tcp_fd = -1 };
    char text[ADDR_TEXT_MAX];
    int err;

    if (r->options.dns.family == ADDR_NONE)
        return 0;
    err = mesh_dns_open_runtime(r->runtime, &options, &r->dns);
    if (err)
        fprintf(stderr, "mesh: --dns %s: %s\n", addr_format(&r->options.dns, text),
                error_text(err));
    return err ? 78 : 0;
}

/* Gateways have no app beside them. */
static int read_scrape_targets(struct role *r)
{
    struct role_options *o = &r->options;
    uint16_t port = o->metrics.family == ADDR_NONE ? STATUS_PORT : o->metrics.port;
    struct str why;

    if (o->is_gateway)
        return 0;
    if (scrape_targets_read(o->annotations, o->annotation_count, port, &r->arena, &r->scrape,
                            &why) != 0) {
        fprintf(stderr, "mesh: %.*s\n", STR_ARG(why));
        return 78;
    }
    if (o->metrics_for_app && o->metrics.family == ADDR_NONE && r->scrape.count) {
        o->metrics = r->node.addrs[0];
        o->metrics.port = STATUS_PORT;
    }
    return 0;
}

static int start(struct role *r)
{
    struct runtime_options options;
    int code;

    if (role_node_init(&r->node, &r->options, &r->arena) != 0)
        return 78;
    code = read_scrape_targets(r);
    if (code)
        return code;
    fill_runtime_options(r, &options);
    if (runtime_new(r->worker, &options, &r->runtime) != 0)
        return 1;
    for (uint32_t i = 0; i < r->options.fd_count; i++)
        flow_give_listener(runtime_flow(r->runtime), str_of(r->options.fds[i].name),
                           r->options.fds[i].fd);
    if (r->options.cert_dir &&
        identity_files_new(r->runtime, r->options.cert_dir, &r->identity) != 0)
        return 78;
    make_state_dir(r);
    code = attach_acme(r);
    if (!code)
        code = serve_names(r);
    if (code)
        return code;
    if (r->options.config_path) {
        code = attach_files(r, r->options.config_path, &r->files);
        if (code)
            return code;
    }
    if (r->options.mesh_config) {
        code = attach_files(r, r->options.mesh_config, &r->mesh);
        if (code)
            return code;
    }
    if (r->options.control)
        return attach_control(r); /* commits by itself once it is in sync */
    runtime_commit(r->runtime, NULL, on_first_commit, r);
    return 0;
}

int role_start(struct worker *w, const struct role_options *options, struct role **out)
{
    struct role *r = mem_alloc0(1, sizeof(*r));
    int code;

    r->worker = w;
    r->options = *options;
    arena_init(&r->arena, 4096);
    code = start(r);
    if (code) {
        role_free(r);
        return code;
    }
    *out = r;
    return 0;
}

struct runtime *role_runtime(struct role *r)
{
    return r->runtime;
}

static void on_drained(void *arg)
{
    struct role *r = arg;

    r->stopped(r->stopped_arg);
}

void role_leave(struct role *r)
{
    source_xds_leave(r->xds);
}

void role_stop(struct role *r, void (*done)(void *arg), void *arg)
{
    r->stopped = done;
    r->stopped_arg = arg;
    source_xds_leave(r->xds);
    runtime_drain(r->runtime, r->options.accept_ms, on_drained, r);
}

void role_free(struct role *r)
{
    if (!r)
        return;
    mesh_dns_close(r->dns);
    source_files_free(r->files);
    source_files_free(r->mesh);
    identity_files_free(r->identity);
    source_xds_free(r->xds);
    acme_agent_free(r->acme);
    runtime_free(r->runtime);
    arena_deinit(&r->arena);
    mem_free(r);
}

/* ---- a process of its own ---- */

struct process {
    struct worker worker;
    struct role *role;
    struct sigwatch term, intr, hup;
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

    if (p->stopping) { /* asked twice: now */
        worker_quit(&p->worker);
        return;
    }
    p->stopping = true;
    log_info("%s: draining", signo == SIGINT ? "interrupted" : "asked to end");
    role_stop(p->role, on_stopped, p);
}

static void on_hup(void *arg, int signo)
{
    struct process *p = arg;

    (void)signo;
    telemetry_reopen_log(runtime_telemetry(role_runtime(p->role)));
}

/* Thousands of connections need more descriptors than a shell grants. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int role_run(const struct role_options *options)
{
    struct process *p = mem_alloc0(1, sizeof(*p));
    int code;

    sigwatch_ignore_pipe();
    raise_descriptors();
    if (worker_init(&p->worker, 0, 1) != 0) {
        mem_free(p);
        return 1;
    }
    code = role_start(&p->worker, options, &p->role);
    if (code == 0) {
        sigwatch_open(&p->term, &p->worker, SIGTERM, on_signal, p);
        sigwatch_open(&p->intr, &p->worker, SIGINT, on_signal, p);
        sigwatch_open(&p->hup, &p->worker, SIGHUP, on_hup, p);
        worker_run(&p->worker);
        sigwatch_close(&p->term, NULL);
        sigwatch_close(&p->intr, NULL);
        sigwatch_close(&p->hup, NULL);
        role_free(p->role);
    }
    worker_deinit(&p->worker);
    mem_free(p);
    return code;
}
