/* A proxy in a test: one worker with a flow, a gateway listener on loopback whose only route goes
 * to an upstream that the test plays, and a raw client. The snapshot is built by hand. */
#ifndef TESTS_UNIT_SUPPORT_FLOW_RIG_H
#define TESTS_UNIT_SUPPORT_FLOW_RIG_H

#include "core/flow/flow.h"
#include "core/http/http_server.h"
#include "core/loop/worker.h"
#include "core/net/listener.h"
#include "core/stats/stats.h"
#include "core/telemetry/telemetry.h"
#include "tests/unit/support/http_wire.h"

#define FLOW_RIG_UPSTREAMS 3

struct flow_rig;

/* One upstream server. */
struct flow_rig_upstream {
    struct flow_rig *rig;
    struct listener *listener;
    struct wire raw; /* the newest connection, when the upstream is raw */
    int connections, requests;
    struct http_server_conn *conns[16];
};

struct flow_rig {
    struct worker w;
    struct stats *stats;
    struct telemetry *telemetry;
    struct model_node node;
    struct flow *flow;
    struct flow_rig_upstream ups[FLOW_RIG_UPSTREAMS];
    struct http_server_config up_config;
    bool raw_upstreams; /* the test answers byte by byte */
    void (*on_request)(struct flow_rig_upstream *up, struct http_stream *hs, struct http_msg *head,
                       bool end); /* NULL: 200 with "up N" */
    struct model_route route;     /* what the next snapshot routes by */
    const char *cluster_name;     /* NULL: that of the service "svc" */
    uint8_t cluster_type;         /* enum model_cluster_type */
    uint8_t cluster_protocol;
    uint8_t lb;
    uint32_t endpoint_count; /* 1..FLOW_RIG_UPSTREAMS */
    struct model_limits limits;
    struct model_http_settings http;
    struct model_outlier outlier;
    struct model_hash hash_by;
    bool client_protocol;
    uint64_t version;
    struct addr addr; /* of the gateway's listener */
};

void flow_rig_init(struct flow_rig *r);
void flow_rig_deinit(struct flow_rig *r);
/* A cluster of the fields above; the caller's reference. */
struct model_cluster *flow_rig_cluster(const struct flow_rig *r);
/* Builds a snapshot from the fields above and publishes it. */
void flow_rig_publish(struct flow_rig *r);
/* A raw client connection to the proxy. */
void flow_rig_connect(struct flow_rig *r, struct wire *client);
/* With room for one connection and one request that waits, at a raw upstream: what a asks for is
 * there, what b asks for waits, and c is told that there is no room. Publishes. */
void flow_rig_overflow(struct flow_rig *r, struct wire *a, struct wire *b, struct wire *c);
/* Sends text and turns the loop until `until` is in what came back (or 5 s have passed). */
bool flow_rig_ask(struct flow_rig *r, struct wire *client, const char *text, const char *until);
bool flow_rig_wait_text(struct flow_rig *r, struct wire *end, const char *until);
bool flow_rig_wait_eof(struct flow_rig *r, struct wire *end);
/* The newest decision as JSON; until the next call. */
const char *flow_rig_decision(struct flow_rig *r);

#endif
