/* How long one protobuf message takes, by the tables: a workload such as control sends for every
 * pod (about 250 bytes), read into an arena with strings left in the input, and written. */
#include <stdio.h>
#include <time.h>

#include "core/base/error.h"
#include "core/text/proto.h"

struct address {
    struct str network, address;
    int64_t length;
};

struct port {
    int64_t service_port, target_port, app_protocol;
};

struct port_list {
    struct port *ports;
    size_t ports_count;
};

struct service_ports {
    struct str key;
    struct port_list value;
};

struct gateway {
    struct address *address;
    int64_t hbone_port;
};

struct workload {
    struct str name, namespace, network, trust_domain, service_account, node, canonical_name;
    struct str canonical_revision, workload_name, cluster_id, uid, hostname;
    struct str *addresses;
    size_t addresses_count;
    struct service_ports *services;
    size_t services_count;
    struct gateway *waypoint;
    int64_t tunnel_protocol, workload_type, status;
    bool native_tunnel;
};

#define T struct address
static const struct field address_fields[] = {
    FIELD_STR(T, network, "network", .proto = 1),
    FIELD_BYTES(T, address, "address", .proto = 2),
    FIELD_UINT32(T, length, "length", .proto = 3),
};
static FIELD_MESSAGE(address, "bench.NetworkAddress");
#undef T

#define T struct port
static const struct field port_fields[] = {
    FIELD_UINT32(T, service_port, "servicePort", .proto = 1),
    FIELD_UINT32(T, target_port, "targetPort", .proto = 2),
    FIELD_UINT32(T, app_protocol, "appProtocol", .proto = 3),
};
static FIELD_MESSAGE(port, "bench.Port");
#undef T

#define T struct port_list
static const struct field port_list_fields[] = {
    FIELD_LIST_MSG(T, ports, "ports", port, .proto = 1),
};
static FIELD_MESSAGE(port_list, "bench.PortList");
#undef T

#define T struct gateway
static const struct field gateway_fields[] = {
    FIELD_MSG(T, address, "address", address, .proto = 2),
    FIELD_UINT32(T, hbone_port, "hboneMtlsPort", .proto = 3),
};
static FIELD_MESSAGE(gateway, "bench.GatewayAddress");
#undef T

#define T struct workload
static const struct field workload_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1),
    FIELD_STR(T, namespace, "namespace", .proto = 2),
    FIELD_LIST_BYTES(T, addresses, "addresses", .proto = 3),
    FIELD_STR(T, network, "network", .proto = 4),
    FIELD_UINT32(T, tunnel_protocol, "tunnelProtocol", .proto = 5),
    FIELD_STR(T, trust_domain, "trustDomain", .proto = 6),
    FIELD_STR(T, service_account, "serviceAccount", .proto = 7),
    FIELD_MSG(T, waypoint, "waypoint", gateway, .proto = 8),
    FIELD_STR(T, node, "node", .proto = 9),
    FIELD_STR(T, canonical_name, "canonicalName", .proto = 10),
    FIELD_STR(T, canonical_revision, "canonicalRevision", .proto = 11),
    FIELD_UINT32(T, workload_type, "workloadType", .proto = 12),
    FIELD_STR(T, workload_name, "workloadName", .proto = 13),
    FIELD_BOOL(T, native_tunnel, "nativeTunnel", .proto = 14),
    FIELD_UINT32(T, status, "status", .proto = 17),
    FIELD_STR(T, cluster_id, "clusterId", .proto = 18),
    FIELD_STR(T, uid, "uid", .proto = 20),
    FIELD_STR(T, hostname, "hostname", .proto = 21),
    FIELD_MAP_MSG(T, services, "services", service_ports, port_list, .proto = 22),
};
static FIELD_MESSAGE(workload, "bench.Workload");
#undef T

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others may share the core */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void fill(struct workload *w)
{
    static struct str addresses[] = { STR_INIT("\x0a\x01\x02\x03") };
    static struct port ports[] = { { 80, 8080, 0 }, { 443, 8443, 0 } };
    static struct service_ports services[] = {
        { STR_INIT("default/reviews.default.svc.cluster.local"), { ports, 2 } },
    };
    static struct address address = { STR_INIT("network"), STR_INIT("\x0a\x00\x00\x01"), 32 };
    static struct gateway gateway = { &address, 15008 };

    *w = (struct workload){
        .name = STR("reviews-v1-5b5d6494f4-qx8sl"),
        .namespace = STR("default"),
        .network = STR("network"),
        .trust_domain = STR("mesh.internal"),
        .service_account = STR("bookinfo-reviews"),
        .node = STR("node-17"),
        .canonical_name = STR("reviews"),
        .canonical_revision = STR("v1"),
        .workload_name = STR("reviews-v1"),
        .cluster_id = STR("Kubernetes"),
        .uid = STR("Kubernetes//Pod/default/reviews-v1-5b5d6494f4-qx8sl"),
        .addresses = addresses,
        .addresses_count = 1,
        .services = services,
        .services_count = 1,
        .waypoint = &gateway,
        .tunnel_protocol = 1,
        .native_tunnel = true,
    };
}

int main(void)
{
    enum { ROUNDS = 1000000 };
    struct workload w, back;
    double start, encode_ns, decode_ns;
    struct arena a;
    struct buf b;

    fill(&w);
    arena_init(&a, 4096);
    buf_init(&b, 0);
    start = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        buf_clear(&b);
        if (proto_encode(&workload_message, &w, &b))
            return 1;
    }
    encode_ns = (now_ns() - start) / ROUNDS;
    start = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(&a);
        if (proto_decode(&workload_message, buf_str(&b).p, buf_len(&b), &a, PROTO_BORROW, &back))
            return 1;
    }
    decode_ns = (now_ns() - start) / ROUNDS;
    printf("proto: %zu bytes, decode %.0f ns, encode %.0f ns\n", buf_len(&b), decode_ns, encode_ns);
    buf_deinit(&b);
    arena_deinit(&a);
    return 0;
}
