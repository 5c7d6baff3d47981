/* Connections and requests in motion: the data plane of one process.
 *
 *   listener -> [sniff, TLS] -> http server -> filters -> route -> balance -> client pool ->
 * upstream
 *                            \-> tcp route -> upstream
 *
 * A struct flow spans the process; each worker has a struct flow_worker with its own listeners,
 * pools and counts. Configuration arrives as snapshots (flow_publish): a request keeps the snapshot
 * it was routed with, new requests on old connections use the new one, listeners that went away
 * stop accepting and let their connections end. */
#ifndef CORE_FLOW_FLOW_H
#define CORE_FLOW_FLOW_H

#include "core/model/snapshot.h"

struct flow;
struct flow_challenge;
struct pki_trust;
struct stats;
struct stream;
struct telemetry;
struct tls_identity;
struct tls_peer;
struct worker;

/* Opens a connection to the app beside us, e.g. inside its network namespace. As
 * stream_tcp_connect; port is the app's. */
typedef int (*flow_dial_app_fn)(void *arg, struct worker *w, const struct addr *to,
                                struct stream **out);

struct flow_options {
    const struct model_node *node;
    struct telemetry *telemetry;
    struct stats *stats;       /* for metrics of clusters; may be NULL */
    uint32_t mark;             /* SO_MARK of our own upstream connections; 0: none */
    flow_dial_app_fn dial_app; /* NULL: TCP to the address the snapshot says */
    void *dial_app_arg;
    bool (*is_denied)(void *arg, const struct tls_peer *peer); /* deny list; may be NULL */
    void *is_denied_arg;
    struct flow_challenge *challenges; /* what gateways answer beside; outlives the flow; or NULL */
};

struct flow *flow_new(const struct flow_options *options);
/* After all workers were detached. */
void flow_free(struct flow *f);

/* Gives w a part in the flow; frees itself with the worker. On w's thread, before it serves. */
void flow_attach(struct flow *f, struct worker *w);

/* Makes s the configuration of all workers; takes over one reference. done (may be NULL) runs on
 * the calling worker when every worker uses it; failed counts listeners that could not be opened,
 * and message names the first of them. Any thread that is a worker, or a main thread without done.
 */
struct flow_publish_result {
    uint64_t version;
    uint32_t failed;
    char message[256];
};
typedef void (*flow_published_fn)(void *arg, const struct flow_publish_result *result);
void flow_publish(struct flow *f, struct snapshot *s, flow_published_fn done, void *arg);

/* Our certificate and what we trust, for mesh mTLS in both directions; takes over one reference of
 * each. New connections use it at once; pooled ones are drained. Any thread. */
void flow_set_identity(struct flow *f, struct tls_identity *identity, struct pki_trust *trust);

/* A listening socket handed to this process (or opened in another namespace) for the listener of
 * this name, instead of binding its address. Before the publish that brings the listener. Any
 * thread; fd is owned. */
void flow_give_listener(struct flow *f, struct str listener_name, int fd);

/* Graceful end: stop accepting (after accept_ms more), tell clients to go, wait for running
 * requests. done runs on the calling worker when nothing is left or after timeout_ms, when the rest
 * was cut. */
void flow_drain(struct flow *f, uint64_t accept_ms, uint64_t timeout_ms,
                void (*done)(void *arg, uint32_t cut), void *arg);

/* Closes live connections whose peer the deny list refuses. Any thread. */
void flow_recheck_peers(struct flow *f);

/* Sums over workers; approximate while they run. Any thread. */
struct flow_totals {
    uint64_t connections, requests; /* open now */
    uint64_t connections_total, requests_total;
};
void flow_get_totals(struct flow *f, struct flow_totals *out);

/* The bound address of a listener of the current snapshot (port 0 resolved). ERR_NOT_FOUND. Any
 * thread. */
int flow_listener_addr(struct flow *f, struct str name, struct addr *out);

#endif
