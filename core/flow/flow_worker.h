/* One worker's part of the flow: what its connections and requests share. Internal to core/flow;
 * everything is for the worker's own thread. */
#ifndef CORE_FLOW_FLOW_WORKER_H
#define CORE_FLOW_FLOW_WORKER_H

#include "core/base/list.h"
#include "core/base/slab.h"
#include "core/flow/flow.h"
#include "core/flow/flow_identity.h"
#include "core/http/http_server.h"
#include "core/loop/worker.h"
#include "core/model/decision.h"

struct flow_listen;
struct upstream;
struct upstream_limits;

/* A worker's hold on one snapshot: requests and connections count themselves here with plain
 * integers, so that the shared reference count is touched twice per snapshot and worker. */
struct flow_lease {
    struct snapshot *snapshot; /* one reference */
    uint64_t users;
};

struct flow_worker {
    struct flow *flow;
    struct worker *worker;
    struct list link;         /* in flow */
    struct flow_lease *lease; /* current; NULL before the first publish */
    struct flow_identity id;
    struct list listens;  /* struct flow_listen */
    struct list udps;     /* struct flow_udp */
    struct list conns;    /* struct flow_conn: HTTP and undecided connections */
    struct list tcps;     /* struct flow_tcp */
    struct map upstreams; /* cluster id -> struct upstream */
    struct slab requests; /* struct flow_request */
    struct http_server_config outbound_http, inbound_http, hop_http, gateway_http;
    size_t replay_bytes; /* of request bodies kept for retries */
    bool draining;
    uint64_t next_decision_id;
    int64_t wall_offset_ns; /* wall time - monotonic time, as of the last look */
    uint64_t wall_checked_ns;
    uint64_t date_s; /* what date says */
    char date[40];
    size_t date_len;
    /* Read by other threads for totals, hence atomic; written here only. */
    atomic_uint_fast64_t connections, requests_active, connections_total, requests_total;
};

/* Changes a count that only this worker writes: a load and a store, not a locked addition. */
static inline void flow_worker_count(atomic_uint_fast64_t *count, int by)
{
    atomic_store_explicit(count,
                          atomic_load_explicit(count, memory_order_relaxed) + (uint_fast64_t)by,
                          memory_order_relaxed);
}

/* What is fixed of the four kinds of HTTP connections; the snapshot's settings say the rest. */
void flow_worker_init_http(struct flow_worker *fw);

/* The date header's text for this moment; made anew when the second changes. Borrowed until the
 * next call. */
struct str flow_worker_date(struct flow_worker *fw, uint64_t wall_us);

/* What workers count together for clusters with limits. */
struct upstream_limits *flow_worker_limits(const struct flow_worker *fw);

/* The options given to flow_new. */
const struct flow_options *flow_worker_options(const struct flow_worker *fw);

/* Takes part in the current lease (there must be one) / ends that. */
struct flow_lease *flow_worker_take_lease(struct flow_worker *fw);
/* One more hold on a lease that somebody else has. */
static inline struct flow_lease *flow_worker_share_lease(struct flow_lease *lease)
{
    lease->users++;
    return lease;
}
void flow_worker_drop_lease(struct flow_worker *fw, struct flow_lease *lease); /* NULL is allowed */

/* Starts a zeroed decision record: id and times. */
void flow_worker_begin_decision(struct flow_worker *fw, struct decision *d);

/* Workers open listeners of one name one after the other, so that a port the system chose for the
 * first is what the others bind: lock changes *at to it, unlock remembers what was bound (NULL:
 * nothing). */
void flow_worker_lock_bind(struct flow_worker *fw, struct str name, struct addr *at);
void flow_worker_unlock_bind(struct flow_worker *fw, struct str name, const struct addr *bound);

/* Takes the sockets given for a listener name; -1: none. */
int flow_worker_take_fd(struct flow_worker *fw, struct str listener_name);

#endif
