#include "core/telemetry/telemetry.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/http/http_msg.h"
#include "core/loop/worker.h"
#include "core/stats/stats.h"
#include "tests/tap.h"

static const struct model_node node = {
    .ns = STR_INIT("default"),
    .service_account = STR_INIT("bookinfo-productpage"),
    .trust_domain = STR_INIT("cluster.local"),
    .cluster_id = STR_INIT("Kubernetes"),
    .workload_name = STR_INIT("productpage-v1"),
    .app = STR_INIT("productpage"),
    .version = STR_INIT("v1"),
    .canonical_service = STR_INIT("productpage"),
    .canonical_revision = STR_INIT("v1"),
};

struct world {
    struct worker worker;
    struct stats *stats;
    struct telemetry *telemetry;
    struct snapshot *snapshot;
    struct model_inbound inbound;
    struct model_inbound_port port;
    struct model_cluster_config config;
    struct model_cluster cluster;
    struct model_endpoint endpoint;
    struct model_listener listener;
    struct model_route route;
    struct decision d;
    char dir[64], path[96];
};

static struct model_telemetry_peer reviews = {
    .workload = STR_INIT("reviews-v2"),
    .ns = STR_INIT("default"),
    .app = STR_INIT("reviews"),
    .version = STR_INIT("v2"),
    .cluster = STR_INIT("Kubernetes"),
    .principal = STR_INIT("spiffe://cluster.local/ns/default/sa/bookinfo-reviews"),
    .canonical_service = STR_INIT("reviews"),
    .canonical_revision = STR_INIT("v2"),
};

static struct snapshot *snapshot_of(uint64_t version)
{
    struct snapshot *s = mem_alloc0(1, sizeof(*s));

    atomic_init(&s->refs, 1);
    arena_init(&s->arena, 0);
    pmap_init(&s->peers_by_ip, NULL);
    pmap_init(&s->peers_by_identity, NULL);
    s->version = version;
    s->node = &node;
    return s;
}

static struct world *world_new(void)
{
    struct world *w = mem_alloc0(1, sizeof(*w));

    OK(worker_init(&w->worker, 0, 1) == 0);
    w->stats = stats_new(1);
    w->telemetry = telemetry_new(w->stats, &node);
    w->snapshot = snapshot_of(1);
    w->port =
        (struct model_inbound_port){ .port = 9080,
                                     .service_host = STR("productpage.default.svc.cluster.local"),
                                     .service_name = STR("productpage"),
                                     .service_ns = STR("default") };
    w->inbound = (struct model_inbound){ .ports = &w->port, .port_count = 1 };
    w->snapshot->inbound = &w->inbound;
    w->config.name = STR("outbound|9080||reviews.default.svc.cluster.local");
    w->config.service_host = STR("reviews.default.svc.cluster.local");
    w->config.service_name = STR("reviews");
    w->config.service_ns = STR("default");
    w->cluster.config = &w->config;
    w->endpoint.peer = reviews;
    w->endpoint.identity = STR("spiffe://cluster.local/ns/default/sa/bookinfo-reviews");
    w->route.name = STR("default");
    w->d = (struct decision){
        .start_wall_us = 1714566896789012,
        .start_ns = 1000000,
        .end_ns = 5000000,
        .snapshot = w->snapshot,
        .version = HTTP_VERSION_11,
        .cluster = &w->cluster,
        .endpoint = &w->endpoint,
        .status = 200,
        .grpc_status = -1,
        .details = "via_upstream",
        .bytes_in = 3,
        .bytes_out = 40,
        .mtls_up = true,
        .route = &w->route,
        .method = STR("GET"),
        .path = STR("/reviews/0"),
        .authority = STR("reviews:9080"),
        .request_id = STR("id-1"),
        .user_agent = STR("curl/8"),
        .upstream_service_time_ms = 3,
        .has_upstream_service_time = true,
        .try_count = 1,
    };
    addr_parse(STR("10.0.0.5:9080"), 0, &w->d.upstream_remote);
    addr_parse(STR("10.0.0.1:33000"), 0, &w->d.upstream_local);
    addr_parse(STR("10.96.1.1:9080"), 0, &w->d.original_dst);
    addr_parse(STR("10.0.0.1:32000"), 0, &w->d.peer);
    snprintf(w->dir, sizeof(w->dir), "/tmp/telemetry_test.XXXXXX");
    OK(mkdtemp(w->dir) != NULL);
    snprintf(w->path, sizeof(w->path), "%s/log", w->dir);
    return w;
}

static void world_free(struct world *w)
{
    worker_deinit(&w->worker);
    telemetry_free(w->telemetry);
    stats_free(w->stats);
    w->snapshot->inbound = NULL;
    snapshot_unref(w->snapshot);
    unlink(w->path);
    rmdir(w->dir);
    mem_free(w);
}

/* ---- metrics ---- */

struct find {
    const char *name;
    const struct stats_sample *found;
    struct buf labels;
    uint64_t value;
    double sum;
    uint32_t count;
};

static void on_sample(void *arg, const struct stats_sample *s)
{
    struct find *f = arg;

    if (strcmp(s->def->name, f->name) != 0)
        return;
    f->count++;
    if (s->value == 0)
        return; /* opened with others of its key, never counted */
    f->value = s->value;
    f->sum = s->sum;
    buf_clear(&f->labels);
    buf_add_str(&f->labels, s->labels);
}

/* One series of a family that counted something: value and labels; count of all. */
static struct find find_series(const struct world *w, const char *name)
{
    struct find f = { .name = name };

    buf_init(&f.labels, 0);
    stats_visit(w->stats, on_sample, &f);
    buf_add_char(&f.labels, '\0');
    return f;
}

static void series_is(const struct world *w, const char *name, uint32_t count, uint64_t value,
                      const char *labels)
{
    struct find f = find_series(w, name);

    EQ_UINT(f.count, count);
    EQ_UINT(f.value, value);
    if (labels)
        EQ_STR(buf_str(&f.labels).p, labels);
    buf_deinit(&f.labels);
}

static void outbound_requests_have_istios_labels(void)
{
    struct world *w = world_new();
    struct find f;

    for (int i = 0; i < 3; i++)
        telemetry_http(w->telemetry, &w->worker, &w->d);
    series_is(w, "istio_requests_total", 1, 3,
              "reporter=\"source\",source_workload=\"productpage-v1\","
              "source_canonical_service=\"productpage\",source_canonical_revision=\"v1\","
              "source_workload_namespace=\"default\","
              "source_principal=\"spiffe://cluster.local/ns/default/sa/bookinfo-productpage\","
              "source_app=\"productpage\",source_version=\"v1\",source_cluster=\"Kubernetes\","
              "destination_workload=\"reviews-v2\",destination_workload_namespace=\"default\","
              "destination_principal=\"spiffe://cluster.local/ns/default/sa/bookinfo-reviews\","
              "destination_app=\"reviews\",destination_version=\"v2\","
              "destination_service=\"reviews.default.svc.cluster.local\","
              "destination_canonical_service=\"reviews\",destination_canonical_revision=\"v2\","
              "destination_service_name=\"reviews\",destination_service_namespace=\"default\","
              "destination_cluster=\"Kubernetes\",request_protocol=\"http\",response_flags=\"-\","
              "connection_security_policy=\"unknown\",response_code=\"200\","
              "grpc_response_status=\"\"");
    series_is(w, "istio_request_duration_milliseconds", 1, 3, NULL);
    series_is(w, "istio_request_bytes", 1, 3, NULL);
    f = find_series(w, "istio_response_bytes");
    OK(f.sum > 119 && f.sum < 121);
    buf_deinit(&f.labels);
    w->d.status = 503;
    w->d.flags = DECISION_UH;
    telemetry_http(w->telemetry, &w->worker, &w->d);
    f = find_series(w, "istio_requests_total");
    EQ_UINT(f.count, 2);
    buf_deinit(&f.labels);
    world_free(w);
}

static void inbound_requests_name_their_client(void)
{
    struct world *w = world_new();
    struct find f;

    pmap_put(&w->snapshot->peers_by_identity, STR("cluster.local/ns/default/sa/bookinfo-reviews"),
             &reviews);
    w->d.inbound = true;
    w->d.mtls_down = true;
    w->d.is_grpc = true;
    w->d.grpc_status = 5;
    w->d.peer_identity = STR("spiffe://cluster.local/ns/default/sa/bookinfo-reviews");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    f = find_series(w, "istio_requests_total");
    HAS_STR(buf_str(&f.labels).p, "reporter=\"destination\",source_workload=\"reviews-v2\"");
    HAS_STR(buf_str(&f.labels).p,
            "source_principal=\"spiffe://cluster.local/ns/default/sa/bookinfo-reviews\"");
    HAS_STR(buf_str(&f.labels).p, "destination_workload=\"productpage-v1\"");
    HAS_STR(buf_str(&f.labels).p, "destination_service=\"productpage.default.svc.cluster.local\"");
    HAS_STR(buf_str(&f.labels).p, "connection_security_policy=\"mutual_tls\"");
    HAS_STR(buf_str(&f.labels).p, "request_protocol=\"grpc\"");
    HAS_STR(buf_str(&f.labels).p, "grpc_response_status=\"5\"");
    buf_deinit(&f.labels);
    world_free(w);
}

static void unknown_clients_are_unknown(void)
{
    struct world *w = world_new();
    struct find f;

    w->d.inbound = true;
    telemetry_http(w->telemetry, &w->worker, &w->d);
    f = find_series(w, "istio_requests_total");
    HAS_STR(buf_str(&f.labels).p, "source_workload=\"unknown\"");
    HAS_STR(buf_str(&f.labels).p, "source_principal=\"unknown\"");
    HAS_STR(buf_str(&f.labels).p, "connection_security_policy=\"none\"");
    buf_deinit(&f.labels);
    w->d.mtls_down = true; /* a certificate, but no workload in any list */
    w->d.peer_identity = STR("spiffe://cluster.local/ns/other/sa/x");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    w->d.peer_identity = STR("spiffe://cluster.local/ns/other/sa/y");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    f = find_series(w, "istio_requests_total");
    EQ_UINT(f.count, 3);
    buf_deinit(&f.labels);
    world_free(w);
}

static void address_tells_workloads_of_one_account_apart(void)
{
    struct world *w = world_new();
    struct model_telemetry_peer v3 = reviews;
    struct find f;

    v3.workload = STR("reviews-v3");
    pmap_put(&w->snapshot->peers_by_identity, STR("cluster.local/ns/default/sa/bookinfo-reviews"),
             &reviews);
    pmap_put(&w->snapshot->peers_by_ip, STR("10.0.0.1"), &v3);
    w->d.inbound = w->d.mtls_down = true;
    w->d.peer_identity = STR("spiffe://cluster.local/ns/default/sa/bookinfo-reviews");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    f = find_series(w, "istio_requests_total");
    HAS_STR(buf_str(&f.labels).p, "source_workload=\"reviews-v3\"");
    buf_deinit(&f.labels);
    world_free(w);
}

static void a_new_snapshot_is_looked_at_anew(void)
{
    struct world *w = world_new();
    struct snapshot *old = w->snapshot;

    telemetry_http(w->telemetry, &w->worker, &w->d);
    w->snapshot = snapshot_of(2);
    w->snapshot->inbound = &w->inbound;
    w->d.snapshot = w->snapshot;
    w->endpoint.peer.workload = STR("reviews-v9"); /* the same address, another object */
    telemetry_http(w->telemetry, &w->worker, &w->d);
    series_is(w, "istio_requests_total", 2, 1, NULL);
    w->d.snapshot = old; /* a request that began before */
    telemetry_http(w->telemetry, &w->worker, &w->d);
    old->inbound = NULL;
    snapshot_unref(old);
    world_free(w);
}

static void many_series_are_bounded(void)
{
    struct world *w = world_new();
    struct find f;

    w->d.inbound = w->d.mtls_down = true;
    for (int i = 0; i < 20000; i++) {
        char identity[64];

        snprintf(identity, sizeof(identity), "spiffe://td/ns/n%d/sa/x", i);
        w->d.peer_identity = str_of(identity);
        telemetry_http(w->telemetry, &w->worker, &w->d);
    }
    f = find_series(w, "istio_requests_total");
    OK(f.count > 9000 && f.count <= 10001);
    buf_deinit(&f.labels);
    world_free(w);
}

static void tcp_connections_count_bytes(void)
{
    struct world *w = world_new();
    struct find f;

    w->d.is_tcp = true;
    w->d.status = 0;
    telemetry_tcp_open(w->telemetry, &w->worker, &w->d);
    telemetry_tcp_bytes(w->telemetry, &w->worker, &w->d, 10, 20);
    telemetry_tcp_bytes(w->telemetry, &w->worker, &w->d, 1, 2);
    series_is(w, "istio_tcp_received_bytes_total", 1, 11, NULL);
    series_is(w, "istio_tcp_sent_bytes_total", 1, 22, NULL);
    series_is(w, "istio_tcp_connections_opened_total", 1, 1, NULL);
    series_is(w, "istio_tcp_connections_closed_total", 1, 0, NULL);
    w->d.flags = DECISION_UC;
    telemetry_tcp_close(w->telemetry, &w->worker, &w->d);
    f = find_series(w, "istio_tcp_connections_closed_total");
    EQ_UINT(f.value, 1);
    HAS_STR(buf_str(&f.labels).p, "request_protocol=\"tcp\",response_flags=\"UC\"");
    OK(!strstr(buf_str(&f.labels).p, "response_code"));
    buf_deinit(&f.labels);
    world_free(w);
}

/* ---- access log ---- */

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void turn(struct world *w)
{
    worker_run_until(&w->worker, never, NULL, 20);
}

static void file_is(const char *path, const char *want)
{
    static char text[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (!OK(fd >= 0))
        return;
    n = read(fd, text, sizeof(text));
    close(fd);
    EQ_STRN(text, n > 0 ? (size_t)n : 0, want);
}

static void log_to(struct world *w, const char *path, bool json, const char *format)
{
    w->snapshot->settings.access_log = (struct model_access_log){
        .enabled = true, .json = json, .path = str_of(path), .format = str_of(format)
    };
    w->snapshot->version++;
}

static void the_default_line_is_istios(void)
{
    struct world *w = world_new();

    log_to(w, w->path, false, "");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    turn(w);
    file_is(
        w->path,
        "[2024-05-01T12:34:56.789Z] \"GET /reviews/0 HTTP/1.1\" 200 - via_upstream - \"-\" 3 40 "
        "4 3 \"-\" \"curl/8\" \"id-1\" \"reviews:9080\" \"10.0.0.5:9080\" "
        "outbound|9080||reviews.default.svc.cluster.local 10.0.0.1:33000 10.96.1.1:9080 "
        "10.0.0.1:32000 - default\n");
    world_free(w);
}

static void json_lines(void)
{
    struct world *w = world_new();

    log_to(w, w->path, true, "");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    turn(w);
    file_is(w->path,
            "{\"start_time\":\"2024-05-01T12:34:56.789Z\",\"route_name\":\"default\","
            "\"method\":\"GET\",\"path\":\"/reviews/0\",\"protocol\":\"HTTP/1.1\","
            "\"response_code\":200,\"response_flags\":null,"
            "\"response_code_details\":\"via_upstream\",\"connection_termination_details\":null,"
            "\"bytes_received\":3,\"bytes_sent\":40,\"duration\":4,"
            "\"upstream_service_time\":\"3\",\"x_forwarded_for\":null,\"user_agent\":\"curl/8\","
            "\"request_id\":\"id-1\",\"authority\":\"reviews:9080\","
            "\"upstream_host\":\"10.0.0.5:9080\","
            "\"upstream_cluster\":\"outbound|9080||reviews.default.svc.cluster.local\","
            "\"upstream_local_address\":\"10.0.0.1:33000\","
            "\"downstream_local_address\":\"10.96.1.1:9080\","
            "\"downstream_remote_address\":\"10.0.0.1:32000\",\"requested_server_name\":null,"
            "\"upstream_transport_failure_reason\":null}\n");
    world_free(w);
}

static void formats_of_the_user(void)
{
    struct world *w = world_new();
    struct http_msg head;
    struct arena a;

    arena_init(&a, 0);
    http_msg_init(&head, &a);
    http_headers_add(&head.headers, STR("x-own"), STR("mine"));
    w->d.request_head = &head;
    log_to(w, w->path, false, "%REQ(X-OWN)% %RESPONSE_CODE%");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    log_to(w, w->path, true, "{\"code\": \"%RESPONSE_CODE%\", \"own\": \"%REQ(X-OWN)%\"}");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    turn(w);
    file_is(w->path, "mine 200\n{\"code\":200,\"own\":\"mine\"}\n");
    arena_deinit(&a);
    world_free(w);
}

static void a_wrong_format_falls_back(void)
{
    struct world *w = world_new();
    struct stat st;

    log_to(w, w->path, false, "%NOSUCH%");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    log_to(w, w->path, true, "[1]");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    turn(w);
    OK(stat(w->path, &st) == 0 && st.st_size > 200);
    world_free(w);
}

static void rotation_reopens(void)
{
    struct world *w = world_new();
    char old[128];

    snprintf(old, sizeof(old), "%s.1", w->path);
    log_to(w, w->path, false, "%RESPONSE_CODE%");
    telemetry_http(w->telemetry, &w->worker, &w->d);
    turn(w);
    OK(rename(w->path, old) == 0);
    telemetry_reopen_log(w->telemetry);
    w->d.status = 404;
    telemetry_http(w->telemetry, &w->worker, &w->d);
    turn(w);
    file_is(old, "200\n");
    file_is(w->path, "404\n");
    unlink(old);
    world_free(w);
}

static void a_full_pipe_drops_lines_and_counts_them(void)
{
    struct world *w = world_new();
    static char sink[1 << 20];
    ssize_t n, total = 0;
    struct find f;
    int fd;

    if (!OK(mkfifo(w->path, 0600) == 0))
        return;
    fd = open(w->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    log_to(w, w->path, false, "%REQ(:PATH)%");
    w->d.path = STR("/0123456789012345678901234567890123456789012345678901234567890123456789");
    for (int i = 0; i < 20000; i++)
        telemetry_http(w->telemetry, &w->worker, &w->d); /* 1.4 MB, twice what fits */
    f = find_series(w, "mesh_access_log_dropped_lines_total");
    OK(f.value > 10000 && f.value < 20000);
    buf_deinit(&f.labels);
    for (int i = 0; i < 200 && total < 100000; i++) {
        turn(w); /* the retry timer goes on when there is room */
        while ((n = read(fd, sink, sizeof(sink))) > 0)
            total += n;
    }
    OK(total > 100000 && total % 72 == 0);
    close(fd);
    world_free(w);
}

/* ---- the last decisions ---- */

static void recent_decisions_are_found(void)
{
    struct world *w = world_new();
    struct telemetry_query all = { .max = 2 }, by_id = { .request_id = STR("id-2") },
                           by_status = { .status = 500 };
    struct buf out;

    buf_init(&out, 0);
    for (uint64_t i = 1; i <= 5; i++) {
        char id[16];

        snprintf(id, sizeof(id), "id-%u", (unsigned)i);
        w->d.id = i;
        w->d.request_id = str_of(id);
        w->d.status = i == 4 ? 500 : 200;
        telemetry_http(w->telemetry, &w->worker, &w->d);
    }
    telemetry_recent(w->telemetry, &all, &out);
    buf_add_char(&out, '\0');
    HAS_STR(buf_str(&out).p, "\"requestId\":\"id-5\"");
    HAS_STR(buf_str(&out).p, "\"requestId\":\"id-4\"");
    OK(!strstr(buf_str(&out).p, "id-3"));
    buf_clear(&out);
    telemetry_recent(w->telemetry, &by_id, &out);
    buf_add_char(&out, '\0');
    HAS_STR(buf_str(&out).p, "{\"time\":");
    HAS_STR(buf_str(&out).p, "\"id\":2,");
    buf_clear(&out);
    telemetry_recent(w->telemetry, &by_status, &out);
    buf_add_char(&out, '\0');
    HAS_STR(buf_str(&out).p, "\"id\":4,");
    buf_deinit(&out);
    world_free(w);
}

static const struct tap_case cases[] = {
    { "outbound_requests_have_istios_labels", outbound_requests_have_istios_labels },
    { "inbound_requests_name_their_client", inbound_requests_name_their_client },
    { "unknown_clients_are_unknown", unknown_clients_are_unknown },
    { "address_tells_workloads_of_one_account_apart",
      address_tells_workloads_of_one_account_apart },
    { "a_new_snapshot_is_looked_at_anew", a_new_snapshot_is_looked_at_anew },
    { "many_series_are_bounded", many_series_are_bounded },
    { "tcp_connections_count_bytes", tcp_connections_count_bytes },
    { "the_default_line_is_istios", the_default_line_is_istios },
    { "json_lines", json_lines },
    { "formats_of_the_user", formats_of_the_user },
    { "a_wrong_format_falls_back", a_wrong_format_falls_back },
    { "rotation_reopens", rotation_reopens },
    { "a_full_pipe_drops_lines_and_counts_them", a_full_pipe_drops_lines_and_counts_them },
    { "recent_decisions_are_found", recent_decisions_are_found },
};

TAP_MAIN(cases)
