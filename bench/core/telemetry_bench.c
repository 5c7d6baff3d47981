/* What telemetry costs per request, with the access log off and on; the aim for the first is below
 * 300 ns. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/http/http_msg.h"
#include "core/loop/worker.h"
#include "core/stats/stats.h"
#include "core/telemetry/telemetry.h"

#define ROUNDS 2000000

/* Of this thread: others on the machine don't count. */
static uint64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static const struct model_node node = { .ns = STR_INIT("default"),
                                        .trust_domain = STR_INIT("cluster.local"),
                                        .service_account = STR_INIT("productpage") };

static struct snapshot snapshot = { .version = 1, .node = &node };
static struct worker worker;

static void measure(struct telemetry *t, const char *title, struct decision *d, uint32_t vary)
{
    uint64_t before = cpu_ns();

    for (uint32_t i = 0; i < ROUNDS; i++) {
        d->status = (uint16_t)(200 + i % vary);
        d->peer.ip[3] = (uint8_t)(i % vary);
        telemetry_http(t, &worker, d);
    }
    printf("%-40s %6.0f ns\n", title, (double)(cpu_ns() - before) / ROUNDS);
}

int main(void)
{
    static struct model_cluster_config config = {
        .name = STR_INIT("outbound|9080||reviews.default.svc.cluster.local"),
        .service_host = STR_INIT("reviews.default.svc.cluster.local"),
    };
    static struct model_cluster cluster = { .config = &config };
    static struct model_route route = { .name = STR_INIT("default"),
                                        .source = { .kind = STR_INIT("VirtualService"),
                                                    .name = STR_INIT("reviews") } };
    static struct model_endpoint endpoint;
    static struct model_inbound_port port = { .port = 9080 };
    static struct model_inbound inbound = { .ports = &port, .port_count = 1 };
    struct stats *stats = stats_new(1);
    struct telemetry *t = telemetry_new(stats, &node);
    struct decision d = {
        .start_ns = 1,
        .end_ns = 2000000,
        .upstream_first_ns = 1500000,
        .snapshot = &snapshot,
        .version = HTTP_VERSION_11,
        .cluster = &cluster,
        .endpoint = &endpoint,
        .route = &route,
        .grpc_status = -1,
        .details = "via_upstream",
        .bytes_in = 100,
        .bytes_out = 5000,
        .method = STR("GET"),
        .path = STR("/reviews/0?page=1"),
        .authority = STR("reviews:9080"),
        .request_id = STR("7f5f0a6e-4c52-4a4c-9c0f-3f6c8d9d2f11"),
        .user_agent = STR("curl/8.0"),
        .peer_identity = STR("spiffe://cluster.local/ns/default/sa/productpage"),
        .try_count = 1,
    };

    if (worker_init(&worker, 0, 1))
        return EXIT_FAILURE;
    addr_parse(STR("10.0.0.5:9080"), 0, &d.upstream_remote);
    addr_parse(STR("10.0.0.1:33000"), 0, &d.peer);
    addr_parse(STR("10.0.0.9:9080"), 0, &d.original_dst);
    snapshot.inbound = &inbound;
    measure(t, "outbound, one series", &d, 1);
    measure(t, "outbound, 20 series", &d, 20);
    d.inbound = d.mtls_down = true;
    measure(t, "inbound mTLS, one peer", &d, 1);
    measure(t, "inbound mTLS, 20 peers", &d, 20);
    snapshot.settings.access_log =
        (struct model_access_log){ .enabled = true, .path = STR("/dev/null") };
    snapshot.version++;
    measure(t, "inbound mTLS, with the access log", &d, 1);
    worker_deinit(&worker);
    telemetry_free(t);
    stats_free(stats);
    return 0;
}
