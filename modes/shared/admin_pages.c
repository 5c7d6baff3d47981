#include "modes/shared/admin.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/version.h"
#include "core/flow/flow.h"
#include "core/stats/stats_text.h"
#include "core/telemetry/telemetry.h"
#include "core/tls/tls_identity.h"
#include "modes/shared/dump.h"
#include "modes/shared/runtime.h"

static void page_ready(struct admin_call *call)
{
    if (runtime_is_ready(call->rt)) {
        buf_add_str(&call->out, STR("LIVE\n"));
        return;
    }
    call->status = 503;
    buf_add_str(&call->out, STR("not ready\n"));
}

static void page_metrics(struct admin_call *call)
{
    struct str accept = http_headers_get(&call->head->headers, HTTP_TOKEN_ACCEPT);
    enum stats_text_format format = str_find(accept, STR("application/openmetrics-text")) >= 0
                                        ? STATS_TEXT_OPENMETRICS
                                        : STATS_TEXT_PROMETHEUS;

    call->type = stats_text_content_type(format);
    stats_text_write(runtime_stats(call->rt), format, &call->out);
}

/* "cluster.NAME.outlier_detection.ejections_active": as Envoy writes what Prometheus gets as
 * envoy_cluster_outlier_detection_ejections_active. */
static bool cluster_line(struct buf *out, const struct stats_sample *s)
{
    static const char *const parts[] = { "outlier_detection_", "circuit_breakers_default_" };
    static const char *const written[] = { "outlier_detection.", "circuit_breakers.default." };
    struct str name = str_of(s->def->name), part = STR("");

    if (!str_starts(name, STR("envoy_cluster_")) || !s->labels.len)
        return false;
    name = str_skip(name, sizeof("envoy_cluster_") - 1);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (str_starts(name, str_of(parts[i]))) {
            part = str_of(written[i]);
            name = str_skip(name, part.len);
        }
    }
    buf_printf(out, "cluster.%.*s.%.*s%.*s: %llu\n", STR_ARG(s->values[0]), STR_ARG(part),
               STR_ARG(name), (unsigned long long)s->value);
    return true;
}

/* Envoy's "name: value" lines, for eyes and for tools that grep. */
static void stat_line(void *arg, const struct stats_sample *s)
{
    struct buf *out = arg;

    if (cluster_line(out, s))
        return;
    if (s->labels.len)
        buf_printf(out, "%s{%.*s}: %llu\n", s->def->name, STR_ARG(s->labels),
                   (unsigned long long)s->value);
    else
        buf_printf(out, "%s: %llu\n", s->def->name, (unsigned long long)s->value);
}

static void page_stats(struct admin_call *call)
{
    struct arena a;
    struct flow_totals totals;

    arena_init(&a, 256);
    if (str_is(admin_query(call, "format", &a), "prometheus")) {
        page_metrics(call);
    } else {
        flow_get_totals(runtime_flow(call->rt), &totals);
        buf_printf(&call->out,
                   "downstream_cx_active: %llu\ndownstream_cx_total: %llu\n"
                   "downstream_rq_active: %llu\ndownstream_rq_total: %llu\n",
                   (unsigned long long)totals.connections,
                   (unsigned long long)totals.connections_total,
                   (unsigned long long)totals.requests, (unsigned long long)totals.requests_total);
        stats_visit(runtime_stats(call->rt), stat_line, &call->out);
    }
    arena_deinit(&a);
}

static void page_config_dump(struct admin_call *call)
{
    call->type = "application/json";
    dump_config(call->rt, &call->out);
}

static void page_clusters(struct admin_call *call)
{
    dump_clusters_text(call->rt, &call->out);
}

static void page_listeners(struct admin_call *call)
{
    dump_listeners_text(call->rt, &call->out);
}

static void page_certs(struct admin_call *call)
{
    call->type = "application/json";
    dump_certs(call->rt, &call->out);
}

/* POST /logging?level=info,http=debug; without a level it lists them. */
static void page_logging(struct admin_call *call)
{
    struct arena a;
    struct str level;

    arena_init(&a, 256);
    level = admin_query(call, "level", &a);
    if (level.p) {
        char *spec = arena_strz(&a, level);

        if (log_set_levels(spec) != 0) {
            call->status = 400;
            buf_printf(&call->out, "\"%s\" is no list of levels such as info,http=debug\n", spec);
            arena_deinit(&a);
            return;
        }
    }
    log_list_levels(&call->out);
    arena_deinit(&a);
}

static void page_server_info(struct admin_call *call)
{
    call->type = "application/json";
    dump_server_info(call->rt, &call->out);
}

static void page_decisions(struct admin_call *call)
{
    struct telemetry_query query = { .max = 100 };
    struct arena a;
    uint64_t number;

    arena_init(&a, 256);
    query.request_id = admin_query(call, "id", &a);
    if (str_to_u64(admin_query(call, "status", &a), 999, &number) == 0)
        query.status = (uint16_t)number;
    if (str_to_u64(admin_query(call, "max", &a), 100000, &number) == 0)
        query.max = (uint32_t)number;
    call->type = "application/jsonl";
    telemetry_recent(runtime_telemetry(call->rt), &query, &call->out);
    arena_deinit(&a);
}

static void on_drained(void *arg)
{
    worker_quit(arg);
}

static void page_drain(struct admin_call *call)
{
    runtime_drain(call->rt, 0, on_drained, runtime_main(call->rt));
    buf_add_str(&call->out, STR("OK\n"));
}

static void page_quit(struct admin_call *call)
{
    worker_quit(runtime_main(call->rt));
    buf_add_str(&call->out, STR("OK\n"));
}

static void page_reopen(struct admin_call *call)
{
    telemetry_reopen_log(runtime_telemetry(call->rt));
    buf_add_str(&call->out, STR("OK\n"));
}

static void page_help(struct admin_call *call)
{
    for (size_t i = 0; i < admin_pages_count; i++)
        buf_printf(&call->out, "%-5s%-22s %s\n", admin_pages_table[i].needs_post ? "POST" : "GET",
                   admin_pages_table[i].path, admin_pages_table[i].help);
}

#define H ADMIN_PAGES_HEALTH
#define M ADMIN_PAGES_METRICS
#define A 4 /* the full set alone */
#define W ADMIN_PAGES_APP

/* clang-format off */
const struct admin_page admin_pages_table[] = {
    { "/ready",            "Is this proxy configured and taking traffic?",  false, H | M | A, page_ready },
    { "/healthz/ready",    "The same, as Istio's agents name it",           false, H | M | A, page_ready },
    { "/stats",            "Counters; ?format=prometheus",                  false, M | A, page_stats },
    { "/stats/prometheus", "Metrics for Prometheus",                        false, M | A | W, page_metrics },
    { "/metrics",          "The same",                                      false, M | A | W, page_metrics },
    { "/config_dump",      "What is served now, as JSON",                   false, A, page_config_dump },
    { "/clusters",         "Clusters and their endpoints",                  false, A, page_clusters },
    { "/listeners",        "Listening addresses",                           false, A, page_listeners },
    { "/certs",            "Our certificate",                               false, A, page_certs },
    { "/decisions",        "The last requests; ?id= ?status= ?max=",        false, A, page_decisions },
    { "/server_info",      "Version, role, identity",                       false, A, page_server_info },
    { "/logging",          "Log levels; ?level=info,http=debug sets them",  true,  A, page_logging },
    { "/reopen_logs",      "Open the access log file anew",                 true,  A, page_reopen },
    { "/drain_listeners",  "Let requests finish, then end",                 true,  A, page_drain },
    { "/drain",            "The same, as Istio's agents name it",           true,  A, page_drain },
    { "/quitquitquit",     "End now",                                       true,  M | A, page_quit },
    { "/help",             "This page",                                     false, A, page_help },
    { "/",                 "This page",                                     false, A, page_help },
};
/* clang-format on */

const size_t admin_pages_count = COUNT_OF(admin_pages_table);
