#include "cmd/demo_apps.h"

#include <signal.h>
#include <unistd.h>

#include "cmd/demo_service.h"
#include "cmd/self_exec.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/sock.h"

#define KILL_MS ((uint64_t)3000)

static const struct kind {
    const char *name, *service, *version;
} kinds[] = {
    { "productpage", "productpage", "v1" }, { "details", "details", "v1" },
    { "ratings", "ratings", "v1" },         { "reviews-v1", "reviews", "v1" },
    { "reviews-v2", "reviews", "v2" },      { "reviews-v3", "reviews", "v3" },
};

struct demo_apps {
    struct worker *worker;
    const struct demo_apps_events *events;
    void *arg;
    struct app {
        struct demo_apps *apps;
        struct self_exec *process; /* NULL: has ended */
    } list[COUNT_OF(kinds)];
    int running;
    bool stopping;
    struct timer kill;
    struct worker_task stopped;
};

size_t demo_apps_count(void)
{
    return COUNT_OF(kinds);
}

const char *demo_apps_name(size_t i)
{
    return kinds[i].name;
}

static void on_stopped(struct worker_task *task)
{
    struct demo_apps *a = CONTAINER_OF(task, struct demo_apps, stopped);

    timer_cancel(&a->kill);
    a->events->on_stopped(a->arg);
}

static void on_exited(void *arg, int code)
{
    struct app *app = arg;
    struct demo_apps *a = app->apps;

    app->process = NULL;
    a->running--;
    if (!a->stopping)
        a->events->on_died(a->arg, kinds[app - a->list].name, code);
    else if (a->running == 0)
        worker_defer(a->worker, &a->stopped);
}

static void kill_all(struct demo_apps *a, int signo)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (a->list[i].process)
            self_exec_kill(a->list[i].process, signo);
    }
}

static void on_kill(struct timer *t)
{
    kill_all(CONTAINER_OF(t, struct demo_apps, kill), SIGKILL);
}

/* A port of 127.0.0.1 that is free now. */
static int free_port(uint16_t *out)
{
    struct addr at;
    int fd, err;

    addr_parse(STR("127.0.0.1:0"), 0, &at);
    err = sock_listen(&at, &(struct sock_bind_options){ 0 }, 1, &fd);
    if (err)
        return err;
    err = sock_local(fd, &at);
    sock_close(fd);
    *out = at.port;
    return err;
}

/* In a namespace all listen on 9080; beside each other each needs a port of its own. */
static int start_one(struct demo_apps *a, size_t i, bool capture, int log)
{
    const struct kind *k = &kinds[i];
    uint16_t port = DEMO_SERVICE_PORT;
    int err = capture ? 0 : free_port(&port);
    struct arena text;

    if (err)
        return err;
    arena_init(&text, 1024);
    {
        const char *argv[] = {
            "run",
            "--with-parent",
            "--name",
            k->name,
            "-l",
            arena_printf(&text, "app=%s", k->service).p,
            "-l",
            arena_printf(&text, "version=%s", k->version).p,
            "--sa",
            arena_printf(&text, "bookinfo-%s", k->service).p,
            "-p",
            arena_printf(&text, "%d=%u:http", DEMO_SERVICE_PORT, port).p,
            capture ? "--no-capture=false" : "--no-capture",
            "--",
            "/proc/self/exe",
            "demo-service",
            k->service,
            "--version",
            k->version,
            "--listen",
            arena_printf(&text, "127.0.0.1:%u", port).p,
            NULL,
        };
        const struct self_exec_options options = {
            .argv = argv, .output = log, .error = log, .own_session = true
        };

        a->list[i].apps = a;
        err = self_exec_start(a->worker, &options, on_exited, &a->list[i], &a->list[i].process);
    }
    arena_deinit(&text);
    if (!err)
        a->running++;
    return err;
}

int demo_apps_start(struct worker *w, bool capture, int log, const struct demo_apps_events *events,
                    void *arg, struct demo_apps **out)
{
    struct demo_apps *a = mem_alloc0(1, sizeof(*a));
    int err = 0;

    a->worker = w;
    a->events = events;
    a->arg = arg;
    timer_init(&a->kill, &w->timers, on_kill);
    worker_task_init(&a->stopped, on_stopped);
    *out = a;
    for (size_t i = 0; i < COUNT_OF(kinds) && !err; i++)
        err = start_one(a, i, capture, log);
    return err;
}

void demo_apps_stop(struct demo_apps *a)
{
    a->stopping = true;
    kill_all(a, SIGTERM);
    if (a->running)
        timer_start(&a->kill, KILL_MS);
    else
        worker_defer(a->worker, &a->stopped);
}

void demo_apps_free(struct demo_apps *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        self_exec_forget(a->list[i].process);
    timer_cancel(&a->kill);
    worker_undefer(&a->stopped);
    mem_free(a);
}
