#include "modes/shared/runtime.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/compile/compile_acme.h"
#include "core/flow/flow_challenge.h"
#include "core/stats/stats.h"
#include "core/telemetry/telemetry.h"
#include "core/tls/tls_identity.h"
#include "modes/shared/admin.h"
#include "modes/shared/cert_watch.h"

static struct log_module log_module = LOG_MODULE("runtime");

struct runtime {
    struct worker *main;
    struct runtime_options options;
    struct stats *stats;
    struct telemetry *telemetry;
    struct flow *flow;
    struct compile *compile;
    struct worker *workers;
    uint32_t worker_count, started;
    struct snapshot *snapshot;
    struct tls_identity *identity;
    struct cert_watch *files; /* that objects name */
    struct flow_challenge *challenges;
    struct admin *admin, *metrics, *metrics_too, *health;
    bool ready, draining;
    void (*committed)(void *arg);
    void *committed_arg;
    void (*drained)(void *arg);
    void *drained_arg;
};

static int worker_setup(struct worker *w, void *arg)
{
    struct runtime *rt = arg;

    flow_attach(rt->flow, w);
    return 0;
}

static int start_workers(struct runtime *rt)
{
    for (uint32_t i = 0; i < rt->worker_count; i++) {
        int err = worker_start(&rt->workers[i], (int)i, (int)rt->worker_count, worker_setup, rt);

        if (err) {
            log_error("worker %u: %s", i, error_text(err));
            return err;
        }
        rt->started++;
    }
    return 0;
}

static int open_admin(struct runtime *rt, const struct addr *at, unsigned int pages,
                      struct admin **out)
{
    char text[ADDR_TEXT_MAX];
    int err;

    if (at->family == ADDR_NONE)
        return 0;
    err = admin_new(rt, at, pages, out);
    if (err)
        log_error("admin on %s: %s", addr_format(at, text), error_text(err));
    return err;
}

static void on_files_changed(void *arg)
{
    struct runtime *rt = arg;

    if (!compile_files_changed(rt->compile))
        return;
    log_info("files that the configuration names have changed");
    runtime_commit(rt, NULL, NULL, NULL);
}

static void watch_file(void *arg, struct str path)
{
    cert_watch_add(arg, path);
}

int runtime_new(struct worker *main, const struct runtime_options *options, struct runtime **out)
{
    struct runtime *rt = mem_alloc0(1, sizeof(*rt));
    struct flow_options flow;
    int err;

    rt->main = main;
    rt->options = *options;
    rt->worker_count = options->workers ? options->workers : 1;
    rt->options.compile.node = options->node;
    rt->stats = stats_new((int)rt->worker_count + 1); /* one for this thread */
    rt->telemetry = telemetry_new(rt->stats, options->node);
    telemetry_start_export(rt->telemetry, main, options->mark);
    rt->challenges = flow_challenge_new();
    flow = (struct flow_options){
        .challenges = rt->challenges,
        .node = options->node,
        .telemetry = rt->telemetry,
        .stats = rt->stats,
        .mark = options->mark,
        .dial_app = options->dial_app,
        .dial_app_arg = options->dial_app_arg,
    };
    rt->flow = flow_new(&flow);
    rt->compile = compile_new(&rt->options.compile);
    rt->files = cert_watch_new(main, on_files_changed, rt);
    rt->workers = mem_alloc0(rt->worker_count, sizeof(*rt->workers));
    err = start_workers(rt);
    if (!err)
        err = open_admin(rt, &options->admin, ADMIN_PAGES_ALL, &rt->admin);
    if (!err)
        err =
            open_admin(rt, &options->metrics, ADMIN_PAGES_METRICS | ADMIN_PAGES_APP, &rt->metrics);
    if (!err)
        err = open_admin(rt, &options->metrics_too, ADMIN_PAGES_METRICS, &rt->metrics_too);
    if (!err)
        err = open_admin(rt, &options->health, ADMIN_PAGES_HEALTH, &rt->health);
    if (err) {
        runtime_free(rt);
        return err;
    }
    *out = rt;
    return 0;
}

void runtime_free(struct runtime *rt)
{
    if (!rt)
        return;
    admin_free(rt->admin);
    admin_free(rt->metrics);
    admin_free(rt->metrics_too);
    admin_free(rt->health);
    cert_watch_free(rt->files);
    for (uint32_t i = 0; i < rt->started; i++)
        worker_stop(&rt->workers[i]);
    mem_free(rt->workers);
    flow_free(rt->flow);
    flow_challenge_free(rt->challenges);
    compile_free(rt->compile);
    snapshot_unref(rt->snapshot);
    telemetry_free(rt->telemetry);
    stats_free(rt->stats);
    tls_identity_unref(rt->identity);
    mem_free(rt);
}

void runtime_put(struct runtime *rt, struct object *o)
{
    compile_put(rt->compile, o);
}

void runtime_remove(struct runtime *rt, uint16_t kind, struct str ns, struct str name)
{
    compile_remove(rt->compile, kind, ns, name);
}

int runtime_put_address(struct runtime *rt, struct str name, struct str bytes)
{
    return compile_put_address(rt->compile, name, bytes);
}

void runtime_remove_address(struct runtime *rt, struct str name)
{
    compile_remove_address(rt->compile, name);
}

static void log_diag(const struct diag *d)
{
    struct buf text;

    if (!d->first)
        return;
    buf_init(&text, 0);
    diag_render_short(d, &text);
    for (struct str rest = buf_str(&text); rest.p;) {
        struct str line = str_cut(&rest, '\n');

        if (line.len)
            log_warn("%.*s", STR_ARG(line));
    }
    buf_deinit(&text);
}

void runtime_commit(struct runtime *rt, struct diag *d, runtime_committed_fn done, void *arg)
{
    struct flow_publish_result nothing = { 0 };
    struct compile_stats stats;
    struct diag own;
    struct snapshot *s;

    diag_init(&own);
    compile_run(rt->compile, d ? d : &own, &s);
    compile_files_each(rt->compile, watch_file, rt->files);
    log_diag(&own);
    diag_deinit(&own);
    if (rt->committed)
        rt->committed(rt->committed_arg);
    if (!s) {
        nothing.version = rt->snapshot ? rt->snapshot->version : 0;
        if (done)
            done(arg, &nothing);
        return;
    }
    compile_last_stats(rt->compile, &stats);
    log_info("configuration %llu: %u parts, %u rebuilt, in %llu us", (unsigned long long)s->version,
             stats.parts, stats.rebuilt, (unsigned long long)stats.duration_us);
    snapshot_unref(rt->snapshot);
    rt->snapshot = snapshot_ref(s);
    flow_publish(rt->flow, s, done, arg);
}

void runtime_on_commit(struct runtime *rt, void (*committed)(void *arg), void *arg)
{
    rt->committed = committed;
    rt->committed_arg = arg;
}

void runtime_each_acme(struct runtime *rt,
                       void (*each)(void *arg, const struct compile_acme_want *want), void *arg)
{
    compile_acme_each(rt->compile, each, arg);
}

void runtime_set_identity(struct runtime *rt, struct tls_identity *identity,
                          struct pki_trust *trust)
{
    tls_identity_unref(rt->identity);
    rt->identity = tls_identity_ref(identity);
    flow_set_identity(rt->flow, identity, trust);
}

void runtime_set_ready(struct runtime *rt, bool ready)
{
    if (ready && !rt->ready)
        log_info("ready");
    rt->ready = ready;
}

bool runtime_is_ready(const struct runtime *rt)
{
    return rt->ready && !rt->draining;
}

static void on_drained(void *arg, uint32_t cut)
{
    struct runtime *rt = arg;

    if (cut)
        log_warn("%u connections were cut at the end of the drain time", cut);
    rt->drained(rt->drained_arg);
}

void runtime_drain(struct runtime *rt, uint64_t accept_ms, void (*done)(void *arg), void *arg)
{
    uint64_t ms = rt->options.drain_ms;

    if (rt->draining)
        return;
    if (!ms && rt->snapshot)
        ms = rt->snapshot->settings.drain_ms; /* as the mesh says */
    rt->draining = true;
    rt->drained = done;
    rt->drained_arg = arg;
    flow_drain(rt->flow, accept_ms, accept_ms + (ms ? ms : 5000), on_drained, rt);
}

struct flow *runtime_flow(struct runtime *rt)
{
    return rt->flow;
}

struct flow_challenge *runtime_challenges(struct runtime *rt)
{
    return rt->challenges;
}

struct telemetry *runtime_telemetry(struct runtime *rt)
{
    return rt->telemetry;
}

struct stats *runtime_stats(struct runtime *rt)
{
    return rt->stats;
}

struct stats_shard *runtime_main_shard(struct runtime *rt)
{
    return stats_get_shard(rt->stats, (int)rt->worker_count);
}

struct snapshot *runtime_snapshot(struct runtime *rt)
{
    return rt->snapshot;
}

struct worker *runtime_main(struct runtime *rt)
{
    return rt->main;
}

const struct runtime_options *runtime_get_options(const struct runtime *rt)
{
    return &rt->options;
}

const struct addr *runtime_admin_addr(const struct runtime *rt)
{
    return admin_addr(rt->admin);
}

const struct addr *runtime_health_addr(const struct runtime *rt)
{
    return admin_addr(rt->health);
}

const struct addr *runtime_metrics_addr(const struct runtime *rt)
{
    return admin_addr(rt->metrics);
}

struct tls_identity *runtime_identity(struct runtime *rt)
{
    return rt->identity;
}
