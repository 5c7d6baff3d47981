#include "cmd/demo_tour.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli.h"
#include "cmd/demo_apps.h"
#include "cmd/demo_client.h"
#include "cmd/demo_config.h"
#include "cmd/demo_hops.h"
#include "cmd/demo_service.h"
#include "cmd/scratch_dir.h"
#include "cmd/self_exec.h"
#include "cmd/up_plane.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/version.h"
#include "core/capture/capture_netns.h"
#include "core/loop/sigwatch.h"
#include "core/loop/worker.h"
#include "core/net/sock.h"
#include "modes/control/ads.h"

#define TRUST_DOMAIN "cluster.local"
#define POLL_MS      10
#define TRAFFIC_MS   100
#define START_MS     20000 /* until the first page */
#define PAGE_MS      5000

enum phase { PHASE_STARTING, PHASE_FIRST_PAGE, PHASE_TRAFFIC, PHASE_STOPPING };

struct tour {
    const struct demo_tour_options *options;
    struct arena arena;
    struct worker worker;
    struct scratch_dir scratch;
    struct up_plane *plane;
    struct up_plane_options up;
    struct demo_apps *apps;
    struct demo_client *client;
    struct self_exec *apply;
    char *log_path;
    int log_fd;
    bool capture;
    enum phase phase;
    bool has_gateway, has_workloads, has_objects, asking;
    uint64_t start_ns, traffic_ns;
    int code;
    struct timer timer;
    struct sigwatch term, intr, hup;
    uint64_t pages, wrong, reviews[4]; /* by version; 0: another answer */
    uint64_t took_us, worst_us;
    char first_wrong[512];
};

static double ms_since(uint64_t start_ns)
{
    return (double)(uv_hrtime() - start_ns) / 1e6;
}

static void say(struct tour *t, const char *step, const char *text)
{
    printf("  \u221a %-10s %-66s %5.0f ms\n", step, text, ms_since(t->start_ns));
    fflush(stdout);
}

/* ---- the end ---- */

static void on_plane_stopped(void *arg)
{
    struct tour *t = arg;

    worker_quit(&t->worker);
}

static void on_apps_stopped(void *arg)
{
    struct tour *t = arg;

    up_plane_stop(t->plane, on_plane_stopped, t);
}

static void stop(struct tour *t, int code)
{
    if (t->phase == PHASE_STOPPING)
        return;
    t->phase = PHASE_STOPPING;
    t->code = code;
    timer_cancel(&t->timer);
    demo_client_free(t->client);
    t->client = NULL;
    self_exec_forget(t->apply);
    t->apply = NULL;
    demo_apps_stop(t->apps);
}

/* The last lines of what sidecars and services said. */
static void show_log(const struct tour *t)
{
    char text[4097];
    int fd = open(t->log_path, O_RDONLY | O_CLOEXEC);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    ssize_t n = 0;

    if (size > 0)
        n = pread(fd, text, sizeof(text) - 1, size > 4096 ? size - 4096 : 0);
    if (n > 0)
        fprintf(stderr, "what the services and sidecars said last:\n%.*s\n", (int)n, text);
    if (fd >= 0)
        close(fd);
}

static void fail(struct tour *t, const char *what)
{
    if (t->phase == PHASE_STOPPING)
        return;
    fprintf(stderr, "  \u00d7 %s\n", what);
    show_log(t);
    stop(t, CLI_FAILED);
}

static void sum_up(const struct tour *t)
{
    printf("\n  %llu pages, %llu wrong; reviews v1 %llu, v2 %llu, v3 %llu; %.1f ms on average, "
           "%.1f ms at most\n",
           (unsigned long long)t->pages, (unsigned long long)t->wrong,
           (unsigned long long)t->reviews[1], (unsigned long long)t->reviews[2],
           (unsigned long long)t->reviews[3],
           t->pages ? (double)t->took_us / 1000 / (double)t->pages : 0.0,
           (double)t->worst_us / 1000);
    if (t->wrong)
        fprintf(stderr, "  \u00d7 first wrong page: %s\n", t->first_wrong);
}

static void on_signal(void *arg, int signo)
{
    struct tour *t = arg;

    if (t->phase == PHASE_STOPPING)
        return;
    if (t->phase == PHASE_TRAFFIC)
        sum_up(t);
    stop(t, t->options->seconds || t->phase != PHASE_TRAFFIC ? 128 + signo : CLI_OK);
}

/* ---- pages ---- */

/* Whether the page is one, and every service on its way was called by who should. */
static bool is_right(const struct demo_client_reply *r, struct demo_hops *hops, char *why,
                     size_t size)
{
    *hops = (struct demo_hops){ 0 };
    if (r->err) {
        (void)snprintf(why, size, "no answer: %s", error_text(r->err));
        return false;
    }
    if (r->status != 200) {
        (void)snprintf(why, size, "status %d: %.*s", r->status, STR_ARG(str_head(r->body, 200)));
        return false;
    }
    demo_hops_read(hops, http_headers_get_name(r->headers, STR(DEMO_SERVICE_HOPS)));
    return demo_hops_check(hops, TRUST_DOMAIN, why, size);
}

static void ask_for_page(struct tour *t, demo_client_fn done)
{
    const struct demo_client_request request = { .host = STR("127.0.0.1"),
                                                 .port = t->up.http_port,
                                                 .path = STR("/productpage"),
                                                 .timeout_ms = PAGE_MS };

    t->asking = true;
    demo_client_get(t->client, &request, done, t);
}

static void on_traffic(void *arg, const struct demo_client_reply *r)
{
    struct tour *t = arg;
    struct demo_hops hops;
    char why[512];

    t->asking = false;
    t->pages++;
    t->took_us += r->took_us;
    if (r->took_us > t->worst_us)
        t->worst_us = r->took_us;
    if (!is_right(r, &hops, why, sizeof(why)) && t->wrong++ == 0)
        memcpy(t->first_wrong, why, sizeof(why));
    t->reviews[hops.reviews >= 1 && hops.reviews <= 3 ? hops.reviews : 0]++;
}

static void show_first_page(struct tour *t, const struct demo_client_reply *r,
                            const struct demo_hops *hops)
{
    printf("  \u221a %-10s gateway \u2192 productpage \u2192 reviews-v%d%s   200 in %.1f ms, mTLS "
           "on every hop  "
           "%5.0f ms\n",
           "request", hops->reviews, hops->reviews > 1 ? " \u2192 ratings" : "",
           (double)r->took_us / 1000, ms_since(t->start_ns));
    for (int i = 0; i < hops->count; i++)
        printf("      %-14.*s called by %.*s\n", STR_ARG(hops->list[i].service),
               STR_ARG(hops->list[i].peer));
    printf("\n  App    http://127.0.0.1:%u/productpage\n", t->up.http_port);
    printf("  Next   export MESH_STATE_DIR=%s MESH_RUNTIME_DIR=%s\n", t->up.state_dir,
           t->up.runtime_dir);
    printf("         mesh get services  \u00b7  mesh proxy-status  \u00b7  mesh describe "
           "service/reviews\n");
    if (!t->options->seconds)
        printf("  Ctrl-C ends it and leaves nothing behind.\n");
    fflush(stdout);
}

static void on_first_page(void *arg, const struct demo_client_reply *r)
{
    struct tour *t = arg;
    struct demo_hops hops;

    t->asking = false;
    if (!is_right(r, &hops, t->first_wrong, sizeof(t->first_wrong)) || hops.reviews < 2)
        return; /* not all are connected yet, or a page without stars: the timer asks again */
    show_first_page(t, r, &hops);
    t->phase = PHASE_TRAFFIC;
    t->traffic_ns = uv_hrtime();
}

/* ---- the steps ---- */

static void count_client(void *arg, const struct ads_client *c)
{
    size_t *count = arg;

    for (size_t i = 0; i < demo_apps_count(); i++) {
        if (c->is_synced && str_is(c->name, demo_apps_name(i)))
            (*count)++;
    }
}

static void look_for_workloads(struct tour *t)
{
    size_t count = 0;

    ads_each_client(control_ads(up_plane_control(t->plane)), count_client, &count);
    if (count < demo_apps_count())
        return;
    t->has_workloads = true;
    say(t, "workloads", "productpage details ratings reviews-v1 reviews-v2 reviews-v3");
}

static void on_timer(struct timer *timer)
{
    struct tour *t = CONTAINER_OF(timer, struct tour, timer);
    uint64_t next_ms = POLL_MS;

    if (t->phase != PHASE_TRAFFIC && ms_since(t->start_ns) > START_MS) {
        char what[600];

        (void)snprintf(what, sizeof(what), "no right page in %d s: %s", START_MS / 1000,
                       t->first_wrong[0] ? t->first_wrong
                       : !t->has_gateway ? "the gateway is not ready"
                       : !t->has_objects ? "the objects were not applied"
                                         : "workloads are missing");
        fail(t, what);
        return;
    }
    if (t->phase == PHASE_STARTING) {
        if (!t->has_workloads)
            look_for_workloads(t);
        if (t->has_gateway && t->has_objects && t->has_workloads)
            t->phase = PHASE_FIRST_PAGE;
    }
    if (t->phase == PHASE_FIRST_PAGE && !t->asking)
        ask_for_page(t, on_first_page);
    if (t->phase == PHASE_TRAFFIC) {
        next_ms = TRAFFIC_MS;
        if (!t->asking)
            ask_for_page(t, on_traffic);
        if (t->options->seconds && ms_since(t->traffic_ns) >= (double)t->options->seconds * 1000) {
            sum_up(t);
            stop(t, t->wrong || !t->pages ? CLI_FAILED : CLI_OK);
            return;
        }
    }
    timer_start(timer, next_ms);
}

static void on_gateway(void *arg, struct up_plane *plane)
{
    struct tour *t = arg;
    char text[128];

    (void)plane;
    if (t->has_gateway)
        return;
    t->has_gateway = true;
    (void)snprintf(text, sizeof(text), "127.0.0.1:%u, identity from control", t->up.http_port);
    say(t, "gateway", text);
}

static void on_applied(void *arg, int code)
{
    struct tour *t = arg;

    t->apply = NULL;
    t->has_objects = code == 0;
    if (code)
        fail(t, "mesh apply refused the objects");
    else
        say(t, "objects", "mesh apply: Gateway, VirtualService, DestinationRules");
}

static void on_died(void *arg, const char *name, int code)
{
    char what[128];

    (void)snprintf(what, sizeof(what), "%s ended with code %d", name, code);
    fail(arg, what);
}

static const struct demo_apps_events apps_events = {
    .on_died = on_died,
    .on_stopped = on_apps_stopped,
};

static int start_parts(struct tour *t)
{
    const char *argv[] = { "apply", "-f", "-", NULL };
    const struct self_exec_options apply = {
        .argv = argv, .input = demo_config_yaml, .output = t->log_fd, .error = t->log_fd
    };
    const struct addr no_proxy = { 0 };
    int code = up_plane_start(&t->worker, &t->up, &t->plane), err;

    if (code)
        return code;
    say(t, "control", "store, certificate authority, API; trust domain " TRUST_DOMAIN);
    err = demo_apps_start(&t->worker, t->capture, t->log_fd, &apps_events, t, &t->apps);
    if (!err)
        err = self_exec_start(&t->worker, &apply, on_applied, t, &t->apply);
    if (err)
        return cli_fail(CLI_FAILED, "demo: a process cannot be started: %s", error_text(err));
    t->client = demo_client_new(&t->worker, &no_proxy);
    return t->client ? 0 : cli_fail(CLI_FAILED, "demo: no resolver");
}

/* The port asked for, or any that is free. */
static uint16_t choose_port(uint16_t wanted)
{
    struct addr at;
    int fd;

    addr_parse(STR("127.0.0.1"), wanted, &at);
    if (sock_listen(&at, &(struct sock_bind_options){ 0 }, 1, &fd) != 0) {
        at.port = 0;
        if (sock_listen(&at, &(struct sock_bind_options){ 0 }, 1, &fd) != 0)
            return wanted;
    }
    (void)sock_local(fd, &at);
    sock_close(fd);
    return at.port;
}

static int prepare(struct tour *t)
{
    const char *why;
    int err = scratch_dir_make(&t->scratch, "demo");

    if (err)
        return cli_fail(CLI_BAD_CONFIG, "demo: no temporary folder: %s", strerror(-err));
    t->up.state_dir = arena_printf(&t->arena, "%s/state", t->scratch.path).p;
    t->up.runtime_dir = arena_printf(&t->arena, "%s/run", t->scratch.path).p;
    t->up.http_port = choose_port(t->options->http_port);
    addr_parse_ip(STR("127.0.0.1"), &t->up.bind);
    t->up.workers = 1;
    t->up.on_ready = on_gateway;
    t->up.on_ready_arg = t;
    (void)setenv("MESH_STATE_DIR", t->up.state_dir, 1);
    (void)setenv("MESH_RUNTIME_DIR", t->up.runtime_dir, 1);
    (void)unsetenv("MESH_SERVER");
    (void)unsetenv("MESH_CONTROL");
    t->log_path = arena_strz(&t->arena, arena_printf(&t->arena, "%s/log", t->scratch.path));
    t->log_fd = open(t->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (t->log_fd < 0)
        return cli_fail(CLI_BAD_CONFIG, "%s: %s", t->log_path, strerror(errno));
    printf("mesh %s  \u00b7  state in %s\n", version_string(), t->scratch.path);
    t->capture = !t->options->no_capture;
    if (t->capture && capture_netns_probe(&why) != 0) {
        t->capture = false;
        printf("  ! no namespaces: %s.\n    The services run beside each other and use HTTP_PROXY "
               "instead (--no-capture).\n",
               why);
    }
    fflush(stdout);
    return 0;
}

static int serve(struct tour *t)
{
    int code;

    sigwatch_ignore_pipe();
    if (worker_init(&t->worker, 0, 1) != 0)
        return cli_fail(CLI_FAILED, "demo: no event loop");
    timer_init(&t->timer, &t->worker.timers, on_timer);
    sigwatch_open(&t->term, &t->worker, SIGTERM, on_signal, t);
    sigwatch_open(&t->intr, &t->worker, SIGINT, on_signal, t);
    sigwatch_open(&t->hup, &t->worker, SIGHUP, on_signal, t);
    code = start_parts(t);
    if (code == 0) {
        timer_start(&t->timer, POLL_MS);
        worker_run(&t->worker);
        code = t->code;
    }
    sigwatch_close(&t->term, NULL);
    sigwatch_close(&t->intr, NULL);
    sigwatch_close(&t->hup, NULL);
    demo_client_free(t->client);
    demo_apps_free(t->apps);
    up_plane_free(t->plane);
    worker_deinit(&t->worker);
    return code;
}

int demo_tour_run(const struct demo_tour_options *options)
{
    struct tour *t = mem_alloc0(1, sizeof(*t));
    int code;

    t->options = options;
    t->start_ns = uv_hrtime();
    t->log_fd = -1;
    arena_init(&t->arena, 1024);
    code = prepare(t);
    if (!code)
        code = serve(t);
    sock_close(t->log_fd);
    scratch_dir_remove(&t->scratch);
    arena_deinit(&t->arena);
    mem_free(t);
    return code;
}
