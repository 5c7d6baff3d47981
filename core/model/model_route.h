/* HTTP routing tables: virtual hosts, routes in order, what to do with a request.
 *
 * One table serves one port of a sidecar or one server of a gateway. VirtualService and HTTPRoute
 * both compile to this; their different precedence is settled at compile time by the order of
 * routes: the first match wins. Immutable, refcounted; any thread. */
#ifndef CORE_MODEL_MODEL_ROUTE_H
#define CORE_MODEL_MODEL_ROUTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/pmap.h"
#include "core/base/str.h"
#include "core/model/model_cluster.h"

struct regex;       /* core/text */
struct route_index; /* core/route: how a virtual host is searched; built by route_index_new */

enum model_match_type {
    MODEL_MATCH_PRESENT,
    MODEL_MATCH_EXACT,
    MODEL_MATCH_PREFIX,
    MODEL_MATCH_REGEX,       /* RE2, the whole value */
    MODEL_MATCH_PATH_PREFIX, /* Gateway API: whole segments */
};

struct model_string_match {
    uint8_t type; /* enum model_match_type */
    bool ignore_case;
    bool invert;               /* the request must not match */
    bool missing_is_empty;     /* withoutHeaders: an absent header counts as "" */
    struct str value;          /* EXACT, PREFIX */
    const struct regex *regex; /* REGEX */
};

struct model_header_match {
    struct str name; /* lower case */
    uint16_t token;
    struct model_string_match match;
    struct str *claim; /* path of a claim of the verified token that is looked at instead */
    uint32_t claim_count;
};

struct model_query_match {
    struct str name;
    struct model_string_match match;
};

/* One block of conditions, all of which must hold. */
struct model_match {
    struct model_string_match *path; /* NULL: any; without query */
    struct model_string_match *method, *scheme, *authority;
    struct model_header_match *headers;
    uint32_t header_count;
    struct model_query_match *queries;
    uint32_t query_count;
    uint16_t port; /* 0: any; the listener's (service) port */
};

struct model_header_op {
    enum model_header_op_kind { MODEL_HEADER_SET, MODEL_HEADER_ADD, MODEL_HEADER_REMOVE } op;
    struct str name; /* lower case */
    uint16_t token;
    struct str value; /* may hold %OPERATORS% when has_operators */
    bool has_operators;
};

struct model_header_ops {
    struct model_header_op *items;
    uint32_t count;
};

struct model_weighted_cluster {
    struct model_cluster *cluster; /* one reference; NULL: names an unknown host or subset */
    struct str cluster_name;
    uint32_t weight;
    struct model_header_ops request, response;
};

struct model_retry {
    uint32_t attempts; /* 0: none */
    uint64_t per_try_timeout_ms;
    uint32_t on; /* bit set of enum model_retry_on */
    uint16_t *status_codes;
    uint32_t status_code_count;
    struct str *header_names; /* of responses, for MODEL_RETRY_HEADERS; lower case */
    uint32_t header_name_count;
    uint64_t backoff_base_ms, backoff_max_ms; /* 25, 250 */
    bool avoid_previous_hosts;
    bool remote_localities; /* from the second retry on, other priorities than those tried */
};

enum model_retry_on { /* words of retryOn: model_route_retry_bit */
                      MODEL_RETRY_5XX = 1 << 0,
                      MODEL_RETRY_GATEWAY_ERROR = 1 << 1, /* 502, 503, 504 */
                      MODEL_RETRY_RESET = 1 << 2,
                      MODEL_RETRY_CONNECT_FAILURE = 1 << 3,
                      MODEL_RETRY_RETRIABLE_4XX = 1 << 4, /* 409 */
                      MODEL_RETRY_REFUSED_STREAM = 1 << 5,
                      MODEL_RETRY_STATUS_CODES = 1 << 6,
                      MODEL_RETRY_RESET_BEFORE_REQUEST = 1 << 7,
                      MODEL_RETRY_GRPC_CANCELLED = 1 << 8,
                      MODEL_RETRY_GRPC_DEADLINE = 1 << 9,
                      MODEL_RETRY_GRPC_INTERNAL = 1 << 10,
                      MODEL_RETRY_GRPC_EXHAUSTED = 1 << 11,
                      MODEL_RETRY_GRPC_UNAVAILABLE = 1 << 12,
                      MODEL_RETRY_RATELIMITED = 1 << 13, /* x-envoy-ratelimited */
                      MODEL_RETRY_HEADERS = 1 << 14,     /* header_names */
};

/* The bit of a word of retryOn ("5xx", "unavailable"), or 0. */
uint32_t model_route_retry_bit(struct str word);
/* The words of all bits, joined by commas; in a. */
struct str model_route_retry_text(uint32_t on, struct arena *a);

struct model_fault {
    double delay_pct; /* 0..100 */
    uint64_t delay_ms;
    double abort_pct;
    uint16_t abort_status; /* 0: none */
    int16_t abort_grpc;    /* -1: none */
};

struct model_mirror {
    struct model_cluster *cluster; /* one reference; may be NULL: unknown */
    double pct;
};

struct model_cors {
    struct model_string_match *origins;
    uint32_t origin_count;
    struct str methods, headers, expose; /* ready to send; empty: not sent */
    struct str max_age;                  /* seconds as text, or empty */
    int8_t credentials;                  /* -1 unset, 0 false, 1 true */
    bool forward_unmatched;              /* unmatchedPreflights FORWARD (default) */
};

struct model_redirect {
    uint16_t status;                                 /* 301 */
    struct str scheme, authority, path, path_prefix; /* empty: keep */
    uint16_t port;                                   /* 0: keep or derive */
    bool port_from_protocol, port_from_request;
    bool has_port;
};

struct model_rewrite {
    struct str authority; /* empty: keep */
    struct str path;      /* replaces the matched prefix, or the whole path */
    bool has_path;
    const struct regex *regex; /* uriRegexRewrite */
    struct str substitution;
};

enum model_route_action {
    MODEL_ACTION_FORWARD,
    MODEL_ACTION_REDIRECT,
    MODEL_ACTION_DIRECT,
    MODEL_ACTION_NOT_FOUND, /* gateways without route */
};

struct model_route {
    struct str name;        /* "default", or VirtualService's route and match names joined by '.' */
    struct str stat_prefix; /* empty: no statistics of its own */
    struct model_match match;
    uint8_t action; /* enum model_route_action */
    struct model_weighted_cluster *clusters;
    uint32_t cluster_count;
    uint64_t weight_total;
    uint16_t unknown_cluster_status; /* 503 NC for VirtualService, 500 for Gateway API */
    struct model_redirect *redirect;
    uint16_t direct_status;
    struct str direct_body;
    struct model_rewrite *rewrite;
    uint64_t timeout_ms;       /* 0: none */
    struct model_retry *retry; /* NULL: none */
    struct model_fault *fault;
    struct model_mirror *mirrors;
    uint32_t mirror_count;
    struct model_cors *cors;
    const struct model_session *session;     /* NULL: that of the cluster chosen, if any */
    uint32_t session_scope;                  /* tokens of other rules are not this one's */
    const struct model_ext_authz *ext_authz; /* who is asked before it is followed; NULL: nobody */
    struct model_header_ops request, response;
    struct model_source source; /* the object and the line of this route */
};

struct model_vhost {
    struct str name;     /* "reviews.default.svc.cluster.local:9080" */
    struct str *domains; /* lower case: exact, "*.suffix", "*"; with ":port" in tables of explicit
                            listeners */
    uint32_t domain_count;
    struct model_route *routes;
    uint32_t route_count;
    struct route_index *index; /* NULL: linear */
    bool require_tls;          /* httpsRedirect: 301 to https */
};

/* Refcounted on its own, so that a virtual host is shared by tables and snapshots. */
struct model_route_vhost {
    atomic_uint refs;
    struct arena arena;
    uint64_t hash;
    struct model_vhost vhost;
    void (*deinit)(struct model_route_vhost *v); /* drops clusters, regexes, index */
};

/* What virtual host a name leads to: struct model_route_vhost, held by the table. */
struct model_route_names {
    struct pmap exact;             /* host */
    struct pmap suffix;            /* ".example.com": longest wins */
    struct model_route_vhost *any; /* "*"; NULL: no match */
    bool has_ports;                /* some domains carry a port */
};

struct model_route_table {
    atomic_uint refs;
    struct arena arena;
    struct str name; /* "9080", "http.8080", "https.443.https.gw.ns" */
    uint16_t port;
    struct model_route_vhost **vhosts; /* one reference each */
    uint32_t vhost_count;
    struct model_route_names names;
};

struct model_route_vhost *model_route_vhost_ref(struct model_route_vhost *v);
void model_route_vhost_unref(struct model_route_vhost *v);
/* Names that share with from's what does not change; from may be NULL: none. */
void model_route_names_init(struct model_route_names *n, const struct model_route_names *from);
void model_route_names_deinit(struct model_route_names *n);
struct model_route_table *model_route_table_ref(struct model_route_table *t);
void model_route_table_unref(struct model_route_table *t);

#endif
