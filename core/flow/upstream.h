/* Clusters at work on one worker: hosts, balancer, connection pools.
 *
 *   upstream (per cluster name)            host (per endpoint)
 *     lb over lb_hosts[]        ------>      pools: plain/mTLS HTTP/1, HTTP/2, mesh hop
 *
 * An upstream follows the cluster of the newest snapshot: endpoints that stay keep their pools and
 * connections, those that left finish what they have. A host is held by whoever uses it, so a
 * request outlives its endpoint's removal. Loop thread. */
#ifndef CORE_FLOW_UPSTREAM_H
#define CORE_FLOW_UPSTREAM_H

#include "core/flow/flow_worker.h"
#include "core/flow/upstream_limits.h"
#include "core/flow/upstream_outlier.h"
#include "core/flow/upstream_stats.h"
#include "core/http/http_pool.h"
#include "core/lb/lb.h"

enum upstream_kind { UPSTREAM_H1, UPSTREAM_H2, UPSTREAM_MESH, UPSTREAM_KIND_COUNT };

/* DATA on the multiplexed hop, both ways: what one read of bulk TCP yields is one frame, and mostly
 * one write at the other end; still little to wait for behind. */
#define UPSTREAM_MESH_FRAME_BYTES ((uint32_t)WORKER_RX_BYTES)

struct upstream_dns;
struct upstream_dynamic;
struct upstream_host;

/* What a pool's connect function needs. */
struct upstream_dial {
    struct upstream_host *host;
    enum upstream_kind kind;
    struct tls_config *tls; /* of the current identity generation; NULL: not built or plain */
    struct http_pool_config config;
    bool tells; /* src and dst, by a PROXY header */
    struct addr src, dst;
};

struct upstream_host {
    uint32_t refs;
    uint32_t active;     /* requests and connections using it */
    uint32_t index;      /* in up->hosts while up is set */
    struct upstream *up; /* NULL: retired */
    struct flow_worker *fw;
    struct model_cluster *cluster;         /* reference: keeps endpoint */
    const struct model_endpoint *endpoint; /* NULL: original destination */
    struct addr addr;
    uint64_t since_ms, last_used_ms;
    struct upstream_outlier outlier;
    struct map told; /* pools for single clients; upstream_told.c */
    struct http_pool *pools[UPSTREAM_KIND_COUNT];
    struct upstream_dial dials[UPSTREAM_KIND_COUNT];
    struct tls_config *tcp_tls; /* for raw TCP over mesh mTLS */
    bool speaks_istio;          /* taken for a mesh proxy, it did not choose our protocol */
};

struct upstream {
    struct flow_worker *fw;
    struct model_cluster *cluster; /* reference */
    struct upstream_host **hosts;  /* in endpoint order; NULL: not resolved yet */
    struct lb_host *lb_hosts;
    uint32_t count;
    struct lb *lb;
    struct map by_addr;               /* ORIGINAL_DST: addr hash -> host */
    struct map by_session;            /* of hosts; upstream_session.c */
    struct upstream_dns *dns;         /* DNS clusters; upstream_dns.c */
    struct upstream_dynamic *dynamic; /* DYNAMIC clusters; upstream_dynamic.c */
    struct upstream *asked;           /* the one of them that was asked last */
    uint32_t active;
    uint32_t ejected; /* hosts left out by outlier detection */
    struct timer outlier_timer;
    struct upstream_counts *counts; /* of all workers; NULL: the cluster has no limits */
    struct upstream_stats stats;    /* open when there is something to count */
    uint32_t quiet_probes;          /* in a row: its servers don't speak first */
    uint64_t probe_after_ms;        /* the next look at whether they do now */
};

/* Healthy, resolved and not left out. h->up and h->endpoint are set. */
bool upstream_is_usable(const struct upstream_host *h);

/* The runtime of a cluster, made on first use. */
struct upstream *upstream_get(struct flow_worker *fw, struct model_cluster *cluster);

/* For upstream_dynamic: one that upstream_get does not know. The cluster is ref'd. */
struct upstream *upstream_open(struct flow_worker *fw, struct model_cluster *cluster);
void upstream_set_cluster(struct upstream *up, struct model_cluster *cluster);
void upstream_close(struct upstream *up);
bool upstream_has_no_waits(const struct upstream *up);

/* After a publish: follow the new snapshot's clusters, retire those that are gone. */
void upstream_follow(struct flow_worker *fw, struct snapshot *s);
/* The identity changed: pooled connections with mesh mTLS are drained. */
void upstream_identity_changed(struct flow_worker *fw);
void upstream_free_all(struct flow_worker *fw);

/* Whether the cluster chooses by a hash of the request. */
static inline bool upstream_wants_hash(const struct upstream *up)
{
    return up->cluster->config->hash_by.key != MODEL_HASH_NONE;
}
/* The host of an original destination in a cluster that goes there, made when it is new. */
struct upstream_host *upstream_host_at(struct upstream *up, const struct addr *dst);

/* For upstream_pick: a use of a host of up, which is counted as active; returns host. */
struct upstream_host *upstream_begin(struct upstream *up, struct upstream_host *host);
/* Ends it: active count and reference. */
void upstream_done(struct upstream_host *host);

/* A reference without use, for who remembers a host. */
struct upstream_host *upstream_hold(struct upstream_host *host);
void upstream_drop(struct upstream_host *host);

/* Does everything to this host, raw TCP too, share the connections of its UPSTREAM_MESH pool? */
bool upstream_is_multiplexed(const struct upstream_host *host);
/* The peer did not choose our protocol (ERR_UNSUPPORTED of that pool): it is spoken to as Istio's
 * sidecars are, until our certificate or what is known of it changes. */
void upstream_is_no_mesh(struct upstream_host *host);

/* Which pool serves a request whose app protocol is h2 (or not) on this host. keep_case: one of
 * HTTP/1 is not multiplexed with others, so that names of headers arrive as they were spelt. */
enum upstream_kind upstream_kind_for(const struct upstream_host *host, bool h2, bool keep_case);
/* Whose bytes they are, for clusters that want to be told so by a PROXY header. */
struct upstream_from {
    const struct addr *src, *dst;
};

/* The pool for requests of `from` (NULL: of nobody's in particular), made on first use. Borrowed
 * for this call. */
struct http_pool *upstream_pool(struct upstream_host *host, enum upstream_kind kind,
                                const struct upstream_from *from);

/* Opens a stream for raw bytes: TCP, in TLS where the cluster or the hop says so. on_ready follows
 * unless the stream is ready. */
int upstream_connect(struct upstream_host *host, const struct upstream_from *from,
                     struct stream **out);
/* The same for bytes that are mesh mTLS already: TCP alone. */
int upstream_connect_opaque(struct upstream_host *host, struct stream **out);

/* Is the hop to this host encrypted with mesh mTLS? For telemetry and headers. */
bool upstream_is_mtls(const struct upstream_host *host);

/* For upstream_dns: uses the endpoints of resolved, a cluster of the same config with addresses. */
void upstream_set_hosts(struct upstream *up, struct model_cluster *resolved);

/* A cluster whose names are being resolved: ready runs once later (err 0: pick again; or
 * ERR_NOT_FOUND, ERR_TIMEOUT), unless the wait is cancelled. */
struct upstream_wait {
    struct list link;
    void (*ready)(struct upstream_wait *wait, int err);
};
void upstream_wait(struct upstream *up, struct upstream_wait *wait);
void upstream_wait_cancel(struct upstream_wait *wait);

#endif
