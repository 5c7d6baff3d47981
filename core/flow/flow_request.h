/* One HTTP request on its way through the proxy. Internal to core/flow.
 *
 *   FILTERS -> (local reply) | PICKING -> CONNECTING -> EXCHANGE -> DONE
 *                                 ^-- BACKOFF <--- retry ---'
 *
 * Downstream body bytes are passed on as they come; credit goes back to the client when they were
 * accepted upstream. A copy is kept for retries (flow_replay.h) while the policy allows one. The
 * response is passed on in the same way. Loop thread. */
#ifndef CORE_FLOW_FLOW_REQUEST_H
#define CORE_FLOW_FLOW_REQUEST_H

#include "core/base/chunk.h"
#include "core/filter/filter.h"
#include "core/flow/flow_conn.h"
#include "core/flow/flow_policy.h"
#include "core/flow/flow_replay.h"
#include "core/flow/flow_session.h"
#include "core/flow/upstream.h"
#include "core/flow/upstream_hash.h"

/* Body bytes one side may leave unsent before the other side gets no more credit. There may be a
 * thousand slow readers, so it is little; the kernel's buffers are behind it. */
#define FLOW_REQUEST_HIGH_BYTES STREAM_LOW_WATER_BYTES

struct flow_ext_authz;

enum flow_request_state {
    FLOW_REQUEST_FILTERS,
    FLOW_REQUEST_RESOLVING,  /* waits for DNS */
    FLOW_REQUEST_CONNECTING, /* waits for a pool */
    FLOW_REQUEST_EXCHANGE,   /* upstream has the head */
    FLOW_REQUEST_BACKOFF,
    FLOW_REQUEST_REPLIED, /* the answer is out, the request body may still come */
    FLOW_REQUEST_DONE,
};

struct flow_request {
    struct flow_worker *fw;
    struct flow_conn
        *conn; /* outlives the request: a connection that ends resets its streams first */
    struct filter_request filter;          /* head, route, decision, query ... */
    const struct model_route_table *table; /* of the snapshot held by lease; NULL: none */
    struct flow_ext_authz *ext_authz;      /* NULL: nobody was asked */
    struct flow_lease *lease;
    uint8_t state;        /* enum flow_request_state */
    bool free_retry_used; /* the one beside the policy, for connections that died unread */
    bool is_websocket;    /* an upgrade: no retries, no timeout */
    bool wants_h2;        /* the app protocol of this request */
    bool wants_case;      /* header names keep their case, which HTTP/2 would take from them */
    uint32_t filter_at;

    struct http_stream *down;
    bool down_ended; /* the request is complete */
    bool head_sent;  /* a final response head went downstream */
    bool response_ended;
    size_t down_held;              /* request body bytes whose credit waits for the upstream */
    struct chunk_queue pending;    /* body that came before there was an upstream */
    struct flow_replay replay;     /* body sent so far, for a retry */
    struct http_headers *trailers; /* request trailers that came before the upstream */

    struct http_stream *up;
    struct upstream *cluster;
    struct upstream_host *host;
    struct upstream_hash hash;                             /* where the cluster chooses by one */
    struct flow_session session;                           /* where clients are kept */
    struct upstream_counts *request_counts, *retry_counts; /* where it counts; NULL: nowhere */
    struct http_pool_waiter *waiter;
    struct upstream_wait wait;
    bool is_waiting;                     /* wait is linked */
    size_t up_held;                      /* response bytes whose credit waits for the client */
    struct model_cluster *cluster_model; /* where it goes */
    const struct model_weighted_cluster *target; /* NULL: no route chose it */
    struct upstream_host *tried[DECISION_TRIES_MAX];
    uint32_t tried_count;
    /* Of the decision's endpoints, references: a try may see its host move to a newer one. */
    struct model_cluster *sets[2 * DECISION_TRIES_MAX];
    uint32_t set_count;
    uint64_t try_start_ns;
    uint32_t retries; /* done so far */
    struct flow_policy policy;

    struct list mirrors;         /* struct flow_mirror */
    struct timer total, per_try; /* per_try also times the backoff */
    struct http_msg sent;        /* the head as it goes upstream; headers are the request's */
    struct str original_path;
    struct decision decision; /* last: its tries are not cleared */
};

void flow_request_begin(struct flow_conn *conn, struct http_stream *hs, struct http_msg *head,
                        bool end);

/* Ends it: timers, filters, streams, telemetry, memory. r is gone afterwards. */
void flow_request_finish(struct flow_request *r);

/* Finds virtual host and route by the request as it is now; both may stay NULL. */
void flow_request_find_route(struct flow_request *r);

/* Filters and header operations on a final response head, the upstream's or ours. */
void flow_request_filter_response(struct flow_request *r, struct http_msg *head);
/* The head, body and end of the upstream's response, on their way down. */
void flow_request_respond(struct flow_request *r, struct http_msg *head, bool end);

#endif
