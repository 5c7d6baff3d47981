/* The decision record: what was decided about one request or TCP connection, and why.
 *
 * One struct per request, filled as it moves; access log, metrics, spans, tap and `mesh why` all
 * read this one. Pointers into the snapshot stay valid because the request holds it; text that must
 * outlive the request is copied when the record goes into the ring (telemetry). Loop thread. */
#ifndef CORE_MODEL_DECISION_H
#define CORE_MODEL_DECISION_H

#include "core/model/snapshot.h"

struct http_msg;

/* Envoy's response flags (spec features.md section 4.4); the letters are what logs show. */
enum decision_flag {
    DECISION_DC = 1 << 0,  /* downstream disconnect */
    DECISION_DI = 1 << 1,  /* delay injected */
    DECISION_FI = 1 << 2,  /* fault injected */
    DECISION_LR = 1 << 3,  /* local reset */
    DECISION_NC = 1 << 4,  /* no cluster */
    DECISION_NR = 1 << 5,  /* no route */
    DECISION_OM = 1 << 6,  /* overload manager */
    DECISION_DPE = 1 << 7, /* downstream protocol error */
    DECISION_DR = 1 << 8,  /* downstream remote reset */
    DECISION_DT = 1 << 9,  /* duration timeout */
    DECISION_DF = 1 << 10, /* DNS failure */
    DECISION_RL = 1 << 11, /* rate limited */
    DECISION_SI = 1 << 12, /* stream idle timeout */
    DECISION_UAEX = 1 << 13,
    DECISION_UC = 1 << 14, /* upstream connection termination */
    DECISION_UF = 1 << 15, /* upstream connect failure */
    DECISION_UH = 1 << 16, /* no healthy upstream */
    DECISION_UO = 1 << 17, /* overflow */
    DECISION_UPE = 1 << 18,
    DECISION_UR = 1 << 19,  /* upstream remote reset */
    DECISION_URX = 1 << 20, /* retry limit */
    DECISION_UT = 1 << 21,  /* upstream timeout */
};

/* The letters joined by ',', "-" when none. out holds at least 128 bytes. Any thread. */
const char *decision_flags_text(uint32_t flags, char out[128]);

#define DECISION_TRIES_MAX 8

struct decision_try {
    const struct model_endpoint *endpoint; /* NULL: none could be chosen */
    struct addr addr;
    uint32_t flags;
    uint16_t status; /* 0: no response */
    uint32_t duration_us;
};

struct decision {
    uint64_t id; /* per process */
    uint64_t start_wall_us;
    uint64_t start_ns;               /* worker clock: request's first byte or head */
    uint64_t end_ns;                 /* last byte out */
    uint64_t upstream_first_ns;      /* response head came; 0: never */
    const struct snapshot *snapshot; /* borrowed from the request */
    bool inbound, gateway, is_tcp, is_grpc;
    bool mtls_down, mtls_up;
    uint8_t version; /* enum http_version of the downstream request */
    const struct model_listener *listener;
    const struct model_vhost *vhost;
    const struct model_route *route;
    const struct model_cluster *cluster;
    const struct model_endpoint *endpoint; /* of the last try */
    uint32_t try_count;
    uint32_t flags;               /* enum decision_flag */
    uint16_t status;              /* sent downstream; 0 for TCP */
    int16_t grpc_status;          /* -1: none */
    const char *details;          /* response code details, a literal or arena text */
    const char *termination;      /* connection termination details, or NULL */
    const char *upstream_failure; /* transport failure reason, or NULL */
    uint64_t bytes_in, bytes_out; /* downstream bodies (TCP: bytes) */
    struct addr peer, local, original_dst, upstream_remote, upstream_local;
    struct {
        bool is_on, sampled;                          /* is_on: the rest is set */
        uint64_t trace_high, trace_low, span, parent; /* parent 0: it began here */
    } trace;
    const struct addr *client; /* behind trusted proxies, in the request's arena; NULL: peer */
    struct str peer_identity;  /* SPIFFE id of the client, inbound mTLS */
    struct str upstream_identity;
    struct str sni;
    /* Authorization. */
    const struct model_authz_policy *authz_policy; /* that decided; NULL: none */
    int32_t authz_rule;                            /* index, -1 */
    bool authz_denied;
    const struct model_authz_policy *shadow_policy; /* what dry-run policies would have decided */
    int32_t shadow_rule;
    bool shadow_denied;
    /* The request's head while it lives, for headers that logs ask for; NULL: gone, or TCP. */
    const struct http_msg *request_head;
    const struct http_msg *response_head; /* as sent downstream, likewise */
    /* Head of the request as received, slices of its arena. */
    struct str method, path, original_path, authority, request_id, user_agent, forwarded_for;
    uint64_t upstream_service_time_ms;
    bool has_upstream_service_time;
    /* Last, so that a new record need not clear them: valid up to try_count. */
    struct decision_try tries[DECISION_TRIES_MAX];
};

#endif
