/* TCP connections through the proxy: one upstream chosen per connection, bytes relayed.
 * Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_TCP_H
#define CORE_FLOW_FLOW_TCP_H

#include "core/flow/flow_conn.h"
#include "core/flow/upstream.h"

struct flow_ext_authz;
struct relay;

struct flow_tcp {
    struct list link; /* in flow_worker.tcps */
    struct flow_worker *fw;
    struct flow_lease *lease;
    struct model_cluster *endpoints; /* the set of the decision's endpoint; one reference */
    struct arena arena; /* text of the decision: the TLS stream it came from ends first */
    struct decision decision;
    struct stream *down; /* until the relay owns it */
    struct upstream *cluster;
    struct upstream_host *host;
    struct upstream_wait wait;
    bool is_waiting;
    bool is_opaque;                  /* mesh mTLS passes through: only to endpoints that end it */
    struct http_pool_waiter *waiter; /* for a stream of the multiplexed hop */
    struct relay *relay;
    struct stream *front, *up;      /* the relay's, for the answer and the address */
    bool is_up;                     /* the upstream took the connection */
    struct upstream_counts *counts; /* where it counts; NULL: nowhere */
    struct flow_conn *undecided;    /* of a probe, which is in no list; up is a peek stream */
    struct timer report;
    struct timer limit; /* of asking for a tunnel, then of the connection's life */
    uint64_t reported_in, reported_out;
    struct tls_peer *tls_peer;
    bool is_refused;                  /* nothing serves it */
    const struct model_authz *authz;  /* until it goes on */
    struct model_cluster *to;         /* likewise, where */
    struct flow_ext_authz *ext_authz; /* NULL: nobody was asked */
};

/* Takes over the connection's stream (c->stream) and what is known about it; c is freed. Without a
 * cluster, or when authz (may be NULL) refuses it, the connection is closed and logged. */
void flow_tcp_start(struct flow_conn *c, struct model_cluster *cluster,
                    const struct model_authz *authz);
/* Closes a connection that nothing serves, or whose TLS handshake failed: the access log has it,
 * too (TL-4). flags: of the decision; why: copied. */
void flow_tcp_refuse(struct flow_conn *c, uint32_t flags, const char *why);

/* What flow_tcp_start is made of, for flow_probe. A new one knows what c does and is in no list. */
struct flow_tcp *flow_tcp_new(struct flow_conn *c);
/* The client's end is t's from here on, and c is gone. */
void flow_tcp_take_over(struct flow_tcp *t, struct flow_conn *c);
/* Chooses a host of t->cluster and connects; flow_tcp_relay follows, or the end of t. */
void flow_tcp_connect(struct flow_tcp *t);
void flow_tcp_relay(struct flow_tcp *t, struct stream *up);
/* Gives back what t holds, its streams included, and tells nobody. */
void flow_tcp_free(struct flow_tcp *t);

/* Ends those whose peer the deny list refuses. */
void flow_tcp_close_denied(struct flow_worker *fw);
/* Ends all connections of the worker. Returns how many there were. */
uint32_t flow_tcp_close_all(struct flow_worker *fw);

#endif
