/* Clusters: a named set of endpoints that are reached the same way.
 *
 * Names are Istio's: "outbound|9080|v1|reviews.default.svc.cluster.local", "inbound|9080||",
 * "PassthroughCluster", "BlackHoleCluster". The endpoint set is apart from the rest, because
 * endpoints change a hundred times as often: a new set is published in a new model_cluster that
 * shares everything else by `config`. Immutable and refcounted; any thread. */
#ifndef CORE_MODEL_MODEL_CLUSTER_H
#define CORE_MODEL_MODEL_CLUSTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/model/model_endpoints.h"
#include "core/model/model_session.h"
#include "core/net/addr.h"

struct tls_config; /* core/tls */

enum model_protocol {
    MODEL_PROTOCOL_AUTO, /* not declared: sniffed */
    MODEL_PROTOCOL_HTTP, /* HTTP/1.x */
    MODEL_PROTOCOL_HTTP2,
    MODEL_PROTOCOL_GRPC, /* as HTTP2 on the wire */
    MODEL_PROTOCOL_TCP,
    MODEL_PROTOCOL_TLS,   /* opaque TLS, routed by SNI */
    MODEL_PROTOCOL_HTTPS, /* on gateways: HTTP in TLS; on sidecars: as TLS */
};

/* Where a piece of configuration came from, for decisions, dumps and messages. */
struct model_source {
    struct str kind, ns, name; /* "VirtualService", "default", "reviews" */
    struct str file;           /* or empty */
    uint32_t line;             /* 1.., 0 unknown */
};

enum model_cluster_type {
    MODEL_CLUSTER_STATIC,       /* endpoints have addresses */
    MODEL_CLUSTER_DNS,          /* endpoints have host names, all resolved addresses are used */
    MODEL_CLUSTER_DNS_ONE,      /* LOGICAL_DNS: the first address of the one name */
    MODEL_CLUSTER_ORIGINAL_DST, /* the connection's original destination */
    MODEL_CLUSTER_DYNAMIC,      /* the name that was asked for (Host, SNI), resolved */
    MODEL_CLUSTER_BLACKHOLE,
    MODEL_CLUSTER_APP, /* inbound: the app beside us (loopback, original port) */
};

enum model_lb {
    MODEL_LB_ROUND_ROBIN,
    MODEL_LB_LEAST_REQUEST,
    MODEL_LB_RANDOM,
    MODEL_LB_PASSTHROUGH,
    MODEL_LB_RING_HASH,
    MODEL_LB_MAGLEV,
};

/* What RING_HASH and MAGLEV hash. */
enum model_hash_key {
    MODEL_HASH_NONE, /* nothing: at random */
    MODEL_HASH_HEADER,
    MODEL_HASH_COOKIE,
    MODEL_HASH_SOURCE_IP,
    MODEL_HASH_QUERY,
};

struct model_hash {
    uint8_t key;     /* enum model_hash_key */
    struct str name; /* of the header (lower case), cookie or query parameter */
    /* What follows the value of a cookie that we make: "; Max-Age=60; Path=/; HttpOnly". p == NULL:
     * a request without the cookie gets none (LB-7). */
    struct str cookie_tail;
    uint32_t ring_size;  /* RING_HASH: points at least */
    uint32_t table_size; /* MAGLEV: a prime */
};

/* New endpoints get their share slowly. */
struct model_warmup {
    uint64_t duration_ms;         /* 0: off */
    double min_share, aggression; /* 0.1; 1 is linear */
};

/* Ejection of endpoints that fail (features.md CB-5 to CB-8). */
struct model_outlier {
    bool is_on;
    bool split_local;                              /* failures to connect count apart */
    uint32_t consecutive_5xx, consecutive_gateway; /* 0: off */
    uint32_t consecutive_local;                    /* 0: off; only with split_local */
    uint64_t interval_ms, base_ms, max_ms;         /* of an ejection */
    uint32_t max_ejection_pct;
    uint16_t *codes; /* statuses that count instead of 5xx; NULL: 5xx */
    uint32_t code_count;
};

/* Raw bytes go through a proxy: the endpoint is asked to connect us. */
struct model_tunnel {
    struct str target; /* "host:port"; empty: no tunnel */
    bool is_post;      /* POST instead of CONNECT */
};

struct model_retry_budget {
    bool is_on; /* max_retries is ignored then (RT-9) */
    double pct; /* of active and pending requests */
    uint32_t min_concurrency;
    uint64_t interval_ms; /* also of those that there were in this time; 0: of the present ones */
    uint32_t min_count;   /* so many retries may always begin, */
    uint64_t min_ms;      /* in this time; 0: no such rate */
};

enum model_tls_mode {
    MODEL_TLS_AUTO,    /* per endpoint, by its hop */
    MODEL_TLS_DISABLE, /* plain whatever the endpoint says */
    MODEL_TLS_SIMPLE,
    MODEL_TLS_MUTUAL,
    MODEL_TLS_ISTIO_MUTUAL, /* mesh identity to every endpoint */
};

/* An idle timeout of 0s, which means none. */
#define MODEL_IDLE_NEVER_MS ((uint64_t)INT32_MAX)

/* Limits of DestinationRule connectionPool; 0: no limit or the default. */
struct model_limits {
    uint32_t max_connections, max_pending, max_requests, max_requests_per_conn, max_retries;
    uint32_t max_streams_per_conn;
    uint64_t connect_timeout_ms, idle_timeout_ms, tcp_idle_timeout_ms, max_connection_ms;
    struct {
        uint32_t idle_s, interval_s, probes;
        bool set;
    } keepalive;
    uint64_t ping_interval_ms, ping_timeout_ms; /* HTTP/2 */
    struct model_retry_budget budget;
};

/* Everything but the endpoints. Immutable, refcounted. */
struct model_cluster_config {
    atomic_uint refs;
    struct arena arena;
    uint64_t hash;
    struct str name;
    struct str host, subset;
    uint16_t port;
    uint16_t dst_port;      /* ORIGINAL_DST: in the place of the destination's own; 0: that one */
    uint8_t type;           /* enum model_cluster_type */
    uint8_t protocol;       /* enum model_protocol towards the endpoints */
    uint8_t lb;             /* enum model_lb */
    uint8_t tls_mode;       /* enum model_tls_mode */
    bool h2_upgrade;        /* h2UpgradePolicy UPGRADE */
    bool client_protocol;   /* useClientProtocol: HTTP/1 or HTTP/2 as the client speaks */
    uint8_t proxy_protocol; /* version of the header we send first; 0: none */
    bool external;          /* MESH_EXTERNAL */
    bool by_asked_name;     /* its one endpoint is a name that a client asked for */
    bool is_inbound;        /* to our own app: dialled from 127.0.0.6, which no rule redirects */
    struct tls_config
        *tls; /* one reference; for SIMPLE and MUTUAL. Mesh mTLS uses the process's identity */
    struct str sni;         /* for mesh mTLS: "outbound_.80_._.host" */
    struct str *identities; /* subjectAltNames acceptable beside the endpoint's own */
    uint32_t identity_count;
    bool identities_only; /* a DestinationRule's: in the place of the endpoint's own */
    struct model_limits limits;
    struct model_hash hash_by;
    const struct model_session *session; /* for routes that have none of their own; NULL: none */
    struct model_warmup warmup;
    struct model_outlier outlier;
    struct model_tunnel tunnel;
    uint32_t panic_pct;        /* fewer healthy ones than this: all are used (minHealthPercent) */
    bool locality_weighted;    /* groups of the endpoint set have weights */
    uint32_t zone_min_cluster; /* zone-aware: at least so many endpoints; 0: not zone-aware */
    struct addr
        app_addr; /* MODEL_CLUSTER_APP with a fixed address; ADDR_NONE: loopback or original */
    struct str service_host, service_name, service_ns; /* for telemetry; host may be empty */
    struct model_source source; /* the DestinationRule, or the service's own object */
    void (*deinit)(struct model_cluster_config *c);
};

struct model_cluster {
    atomic_uint refs;
    struct model_cluster_config *config; /* one reference */
    struct model_endpoints *endpoints;   /* one reference; never NULL */
    uint64_t
        id; /* process-wide number of the name: the same across snapshots, for per-worker tables */
};

/* Takes over the references it is given. */
struct model_cluster *model_cluster_new(struct model_cluster_config *config,
                                        struct model_endpoints *endpoints);
struct model_cluster *model_cluster_ref(struct model_cluster *c);
void model_cluster_unref(struct model_cluster *c);
struct model_cluster_config *model_cluster_config_ref(struct model_cluster_config *c);
void model_cluster_config_unref(struct model_cluster_config *c);

/* The number of a cluster name, allotted on first use and never reused. Any thread (a lock; not for
 * the request path). */
uint64_t model_cluster_id(struct str name);

#endif
