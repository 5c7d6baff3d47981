/* The Gateway API's HTTPRoute and GRPCRoute. */
#ifndef CORE_API_GATEWAY_API_ROUTE_H
#define CORE_API_GATEWAY_API_ROUTE_H

#include "core/api/gateway_api_filter.h"
#include "core/api/gateway_api_ref.h"

/* The first members of every route's spec. */
#define GATEWAY_API_ROUTE_HEAD                                                                     \
    struct field_at at;                                                                            \
    struct gateway_api_ref_parent_ref *parents;                                                    \
    size_t parents_count;                                                                          \
    struct str *hostnames; /* none for TCPRoute and UDPRoute */                                    \
    size_t hostnames_count;                                                                        \
    int use_default_gateways /* enum gateway_api_gateway_scope */

struct gateway_api_any_route {
    GATEWAY_API_ROUTE_HEAD;
};

enum gateway_api_match_type {
    GATEWAY_API_MATCH_NONE,
    GATEWAY_API_MATCH_EXACT,
    GATEWAY_API_MATCH_REGEX,
    GATEWAY_API_MATCH_PREFIX, /* of paths */
};

struct gateway_api_path_match {
    struct field_at at;
    int type; /* enum gateway_api_match_type */
    struct str value;
};

struct gateway_api_header_match { /* also of query parameters */
    struct field_at at;
    int type;
    struct str name, value;
};

struct gateway_api_http_match {
    struct field_at at;
    struct gateway_api_path_match *path;
    struct gateway_api_header_match *headers;
    size_t headers_count;
    struct gateway_api_header_match *params;
    size_t params_count;
    struct str method;
};

struct gateway_api_timeouts {
    struct field_at at;
    struct field_opt request, backend_request; /* ns; 0: none */
};

struct gateway_api_retry {
    struct field_at at;
    int64_t *codes;
    size_t codes_count;
    struct field_opt attempts;
    struct field_opt backoff; /* ns */
};

enum gateway_api_session_type {
    GATEWAY_API_SESSION_NONE,
    GATEWAY_API_SESSION_COOKIE,
    GATEWAY_API_SESSION_HEADER,
};

enum gateway_api_lifetime {
    GATEWAY_API_LIFETIME_NONE,
    GATEWAY_API_LIFETIME_SESSION,
    GATEWAY_API_LIFETIME_PERMANENT,
};

struct gateway_api_session_cookie {
    struct str name, path;
    int lifetime; /* enum gateway_api_lifetime */
};

struct gateway_api_session_header {
    struct str name;
};

struct gateway_api_route_session { /* SessionPersistence */
    struct field_at at;
    int type; /* enum gateway_api_session_type */
    struct field_opt absolute_timeout;
    struct gateway_api_session_cookie *cookie;
    struct gateway_api_session_header *header;
};

struct gateway_api_http_backend {
    GATEWAY_API_REF_HEAD;
    struct field_opt weight;
    struct gateway_api_filter *filters;
    size_t filters_count;
};

struct gateway_api_grpc_backend {
    GATEWAY_API_REF_HEAD;
    struct field_opt weight;
    struct gateway_api_filter *filters;
    size_t filters_count;
};

struct gateway_api_http_rule {
    struct field_at at;
    struct str name;
    struct gateway_api_http_match *matches;
    size_t matches_count;
    struct gateway_api_filter *filters;
    size_t filters_count;
    struct gateway_api_http_backend *backends;
    size_t backends_count;
    struct gateway_api_timeouts *timeouts;
    struct gateway_api_retry *retry;
    struct gateway_api_route_session *session;
};

struct gateway_api_route_http_route { /* the spec */
    GATEWAY_API_ROUTE_HEAD;
    struct gateway_api_http_rule *rules;
    size_t rules_count;
};

struct gateway_api_grpc_method {
    struct field_at at;
    int type; /* enum gateway_api_match_type */
    struct str service, method;
};

struct gateway_api_grpc_match {
    struct field_at at;
    struct gateway_api_grpc_method *method;
    struct gateway_api_header_match *headers;
    size_t headers_count;
};

struct gateway_api_grpc_rule {
    struct field_at at;
    struct str name;
    struct gateway_api_grpc_match *matches;
    size_t matches_count;
    struct gateway_api_filter *filters;
    size_t filters_count;
    struct gateway_api_grpc_backend *backends;
    size_t backends_count;
    struct gateway_api_route_session *session;
};

struct gateway_api_route_grpc_route { /* the spec */
    GATEWAY_API_ROUTE_HEAD;
    struct gateway_api_grpc_rule *rules;
    size_t rules_count;
};

extern FIELD_DECLARE(gateway_api_route_session);
extern FIELD_DECLARE(gateway_api_route_http_route);
extern FIELD_DECLARE(gateway_api_route_grpc_route);
extern FIELD_DECLARE(gateway_api_route_http_route_root);
extern FIELD_DECLARE(gateway_api_route_grpc_route_root);

/* clang-format off */
#define GATEWAY_API_ROUTE_ROWS(T)                                                                  \
    FIELD_LIST_MSG(T, parents, "parentRefs", gateway_api_ref_parent_ref, .max_items = 32, .help = "Gateways, ListenerSets or Services that the route is attached to."), \
    FIELD_ENUM(T, use_default_gateways, "useDefaultGateways", gateway_api_gateway_scope, .default_text = "None", .help = "Whether it is attached to default gateways, too.")
#define GATEWAY_API_HOSTNAMES(T, most, ...)                                                        \
    FIELD_LIST_STR(T, hostnames, "hostnames", .max_items = most, .max_len = 253, .check = gateway_api_check_hostname, .help = "Hosts it is for: names or *.suffix.", __VA_ARGS__)
/* clang-format on */

#endif
