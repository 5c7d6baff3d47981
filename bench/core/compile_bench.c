/* How long a mesh of 10,000 services and 5,000 VirtualServices takes to compile, and one change of
 * it: an endpoint, a VirtualService, a DestinationRule, a new service.
 *
 *     bench/compile_bench [services [virtual-services [kind of change]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/api/object_set.h"
#include "core/base/mem.h"
#include "core/compile/compile.h"

static struct model_label labels[] = { { STR_INIT("app"), STR_INIT("client") } };
static const struct model_node node = {
    .id = STR_INIT("sidecar~10.0.0.1~client.default~default.svc.cluster.local"),
    .name = STR_INIT("client"),
    .ns = STR_INIT("default"),
    .service_account = STR_INIT("client"),
    .trust_domain = STR_INIT("cluster.local"),
    .dns_domain = STR_INIT("cluster.local"),
    .labels = labels,
    .label_count = COUNT_OF(labels),
};

enum { BATCH = 500, CHANGES = 200 };

static void put(struct compile *c, const struct buf *text)
{
    struct object_set set;
    struct diag d;

    diag_init(&d);
    object_set_init(&set);
    if (object_set_read(&set, buf_str(text), "bench", &d, NULL) != 0) {
        struct buf why;

        buf_init(&why, 0);
        diag_render_short(&d, &why);
        (void)fprintf(stderr, "%.*s", STR_ARG(buf_str(&why)));
        exit(1);
    }
    for (size_t i = 0; i < set.count; i++)
        compile_put(c, set.items[i]);
    object_set_deinit(&set);
    diag_deinit(&d);
}

static void add_service(struct buf *b, unsigned i)
{
    buf_printf(b,
               "---\napiVersion: v1\nkind: Service\nmetadata: {name: s%u, namespace: ns%u}\n"
               "spec: {clusterIP: 10.%u.%u.%u, selector: {app: s%u}, "
               "ports: [{name: http, port: %u}]}\n",
               i, i % 100, 100 + i / 62500, i / 250 % 250, i % 250 + 1, i, 8000 + i % 4);
}

static void add_endpoint(struct buf *b, unsigned service, unsigned n, unsigned version)
{
    buf_printf(b,
               "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"
               "metadata: {name: s%u-%u, namespace: ns%u}\n"
               "spec: {address: 10.%u.%u.%u, serviceAccount: sa%u, "
               "labels: {app: s%u, version: v%u, security.istio.io/tlsMode: istio}}\n",
               service, n, service % 100, 10 + n, service / 250 % 250, service % 250 + 1, service,
               service, version);
}

static void add_virtual_service(struct buf *b, unsigned i, unsigned timeout_s)
{
    buf_printf(b,
               "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
               "metadata: {name: vs%u, namespace: ns%u}\nspec:\n  hosts: [s%u]\n  http:\n"
               "  - match: [{uri: {prefix: /api}, headers: {end-user: {exact: jason}}}]\n"
               "    route: [{destination: {host: s%u}, weight: 90}, "
               "{destination: {host: s%u.ns%u.svc.cluster.local}, weight: 10}]\n"
               "    timeout: %us\n"
               "  - route: [{destination: {host: s%u}}]\n",
               i, i % 100, i, i, i + 1, (i + 1) % 100, timeout_s, i);
}

/* Processor time of this thread: what else runs on the machine does not count. */
static uint64_t cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t run(struct compile *c)
{
    uint64_t start = cpu_us();
    struct snapshot *s;

    compile_run(c, NULL, &s);
    snapshot_unref(s);
    return cpu_us() - start;
}

static void fill(struct compile *c, unsigned services, unsigned virtual_services)
{
    struct buf b;

    buf_init(&b, 0);
    for (unsigned i = 0; i < services; i++) {
        add_service(&b, i);
        add_endpoint(&b, i, 0, 1);
        add_endpoint(&b, i, 1, 2);
        if (i < virtual_services)
            add_virtual_service(&b, i, 5);
        if (i % BATCH == BATCH - 1 || i + 1 == services) {
            put(c, &b);
            buf_clear(&b);
        }
    }
    buf_deinit(&b);
}

typedef void change_fn(struct buf *b, unsigned i);

static void change_endpoint(struct buf *b, unsigned i)
{
    add_endpoint(b, i * 7, 0, 3 + i);
}

static void change_virtual_service(struct buf *b, unsigned i)
{
    add_virtual_service(b, i * 7, 10 + i);
}

static void change_destination_rule(struct buf *b, unsigned i)
{
    buf_printf(b,
               "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
               "metadata: {name: dr%u, namespace: ns%u}\n"
               "spec: {host: s%u, trafficPolicy: {loadBalancer: {simple: RANDOM}}, "
               "subsets: [{name: v1, labels: {version: v1}}]}\n",
               i, i * 7 % 100, i * 7);
}

static void change_service(struct buf *b, unsigned i)
{
    add_service(b, 40000 + i);
}

static void measure(struct compile *c, const char *name, change_fn *change)
{
    uint64_t sum = 0, most = 0;
    struct buf b;

    buf_init(&b, 0);
    for (unsigned i = 0; i < CHANGES; i++) {
        uint64_t us;

        buf_clear(&b);
        change(&b, i);
        put(c, &b);
        us = run(c);
        sum += us;
        most = us > most ? us : most;
    }
    printf("one %-15s %8.3f ms on average, %8.3f ms at most\n", name, (double)sum / CHANGES / 1000,
           (double)most / 1000);
    buf_deinit(&b);
}

static const struct {
    const char *name;
    change_fn *change;
} changes[] = {
    { "endpoint", change_endpoint },
    { "VirtualService", change_virtual_service },
    { "DestinationRule", change_destination_rule },
    { "service", change_service },
};

int main(int argc, char **argv)
{
    unsigned services = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    unsigned virtual_services = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5000;
    struct compile_options options = { .node = &node };
    struct compile *c = compile_new(&options);
    uint64_t start = cpu_us();
    uint64_t us;

    fill(c, services, virtual_services);
    printf("reading and indexing   %8.1f ms\n", (double)(cpu_us() - start) / 1000);
    us = run(c);
    printf("%u services, %u VirtualServices: %.1f ms\n", services, virtual_services,
           (double)us / 1000);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        if (argc < 4 || strcmp(argv[3], changes[i].name) == 0)
            measure(c, changes[i].name, changes[i].change);
    }
    compile_free(c);
    return 0;
}
