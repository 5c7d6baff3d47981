/* Istio's VirtualService: how requests and connections to a host are routed. */
#ifndef CORE_API_VIRTUAL_SERVICE_H
#define CORE_API_VIRTUAL_SERVICE_H

#include "core/api/port_selector.h"
#include "core/api/string_match.h"
#include "core/text/field.h"

struct virtual_service_destination {
    struct field_at at;
    struct str host, subset;
    struct port_selector *port;
};

struct virtual_service_percent {
    double value; /* 0..100 */
};

struct virtual_service_header_ops {
    struct field_pair *set;
    size_t set_count;
    struct field_pair *add;
    size_t add_count;
    struct str *remove;
    size_t remove_count;
};

struct virtual_service_headers {
    struct virtual_service_header_ops *request, *response;
};

struct virtual_service_http_match {
    struct field_at at;
    struct str name;
    struct string_match *uri, *scheme, *method, *authority;
    struct string_match_entry *headers;
    size_t headers_count;
    int64_t port; /* 0: any */
    struct field_pair *source_labels;
    size_t source_labels_count;
    struct str *gateways;
    size_t gateways_count;
    struct string_match_entry *query_params;
    size_t query_params_count;
    bool ignore_uri_case;
    struct string_match_entry *without_headers;
    size_t without_headers_count;
    struct str source_namespace;
    struct str stat_prefix;
};

struct virtual_service_http_route { /* a weighted destination */
    struct field_at at;
    struct virtual_service_destination *destination;
    int64_t weight;
    struct virtual_service_headers *headers;
};

enum virtual_service_derive_port {
    VIRTUAL_SERVICE_FROM_PROTOCOL_DEFAULT = 0,
    VIRTUAL_SERVICE_FROM_REQUEST_PORT = 1,
};

struct virtual_service_redirect {
    struct field_at at;
    struct str uri, prefix_rewrite, authority, scheme;
    struct field_opt port, derive_port; /* at most one is set */
    int64_t code;                       /* 0: 301 */
};

struct virtual_service_body {
    struct str text, bytes; /* at most one is present */
};

struct virtual_service_direct_response {
    struct field_at at;
    int64_t status;
    struct virtual_service_body *body;
};

struct virtual_service_delegate {
    struct str name, ns;
};

struct virtual_service_regex_rewrite {
    struct str match, rewrite;
};

struct virtual_service_rewrite {
    struct field_at at;
    struct str uri, authority;
    struct virtual_service_regex_rewrite *uri_regex;
};

struct virtual_service_retry {
    struct field_at at;
    int64_t attempts;
    struct field_opt per_try_timeout;
    struct str retry_on;
    struct field_opt remote_localities, ignore_previous_hosts;
    struct field_opt backoff;
};

struct virtual_service_delay {
    int64_t percent; /* the old way */
    struct field_opt fixed, exponential;
    struct virtual_service_percent *percentage;
};

struct virtual_service_abort {
    struct field_opt http_status;
    struct str grpc_status, http2_error;
    struct virtual_service_percent *percentage;
};

struct virtual_service_fault {
    struct field_at at;
    struct virtual_service_delay *delay;
    struct virtual_service_abort *abort;
};

struct virtual_service_mirror {
    struct field_at at;
    struct virtual_service_destination *destination;
    struct virtual_service_percent *percentage; /* NULL: all */
};

enum virtual_service_preflights {
    VIRTUAL_SERVICE_PREFLIGHTS_UNSPECIFIED = 0,
    VIRTUAL_SERVICE_PREFLIGHTS_FORWARD = 1,
    VIRTUAL_SERVICE_PREFLIGHTS_IGNORE = 2,
};

struct virtual_service_cors {
    struct field_at at;
    struct str *allow_origin; /* the old way: exact, or "*" */
    size_t allow_origin_count;
    struct string_match *allow_origins;
    size_t allow_origins_count;
    struct str *allow_methods;
    size_t allow_methods_count;
    struct str *allow_headers;
    size_t allow_headers_count;
    struct str *expose_headers;
    size_t expose_headers_count;
    struct field_opt max_age;
    struct field_opt allow_credentials;
    int unmatched_preflights; /* enum virtual_service_preflights */
};

struct virtual_service_http { /* one rule */
    struct field_at at;
    struct str name;
    struct virtual_service_http_match *match;
    size_t match_count;
    struct virtual_service_http_route *route;
    size_t route_count;
    struct virtual_service_redirect *redirect;
    struct virtual_service_direct_response *direct_response;
    struct virtual_service_delegate *delegate;
    struct virtual_service_rewrite *rewrite;
    struct field_opt timeout;
    struct virtual_service_retry *retries;
    struct virtual_service_fault *fault;
    struct virtual_service_destination *mirror;
    struct virtual_service_mirror *mirrors;
    size_t mirrors_count;
    struct field_opt mirror_percent; /* the old way */
    struct virtual_service_percent *mirror_percentage;
    struct virtual_service_cors *cors;
    struct virtual_service_headers *headers;
};

struct virtual_service_l4_route { /* a weighted destination */
    struct field_at at;
    struct virtual_service_destination *destination;
    int64_t weight;
};

struct virtual_service_tls_match {
    struct field_at at;
    struct str *sni_hosts;
    size_t sni_hosts_count;
    struct str *destination_subnets;
    size_t destination_subnets_count;
    int64_t port; /* 0: any */
    struct field_pair *source_labels;
    size_t source_labels_count;
    struct str *gateways;
    size_t gateways_count;
    struct str source_namespace;
};

struct virtual_service_tls {
    struct field_at at;
    struct virtual_service_tls_match *match;
    size_t match_count;
    struct virtual_service_l4_route *route;
    size_t route_count;
};

struct virtual_service_tcp_match {
    struct field_at at;
    struct str *destination_subnets;
    size_t destination_subnets_count;
    int64_t port; /* 0: any */
    struct str source_subnet;
    struct field_pair *source_labels;
    size_t source_labels_count;
    struct str *gateways;
    size_t gateways_count;
    struct str source_namespace;
};

struct virtual_service_tcp {
    struct field_at at;
    struct virtual_service_tcp_match *match;
    size_t match_count;
    struct virtual_service_l4_route *route;
    size_t route_count;
};

struct virtual_service { /* the spec */
    struct field_at at;
    struct str *hosts;
    size_t hosts_count;
    struct str *gateways;
    size_t gateways_count;
    struct virtual_service_http *http;
    size_t http_count;
    struct virtual_service_tls *tls;
    size_t tls_count;
    struct virtual_service_tcp *tcp;
    size_t tcp_count;
    struct str *export_to;
    size_t export_to_count;
};

extern FIELD_DECLARE(virtual_service);
extern FIELD_DECLARE(virtual_service_retry);
extern FIELD_DECLARE(virtual_service_destination);
extern FIELD_DECLARE(virtual_service_root);

#endif
