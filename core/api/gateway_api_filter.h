/* Filters of HTTPRoute and GRPCRoute: what is done to a request on its way to a backend. */
#ifndef CORE_API_GATEWAY_API_FILTER_H
#define CORE_API_GATEWAY_API_FILTER_H

#include "core/api/gateway_api_ref.h"

enum gateway_api_filter_type {
    GATEWAY_API_FILTER_NONE,
    GATEWAY_API_FILTER_REQUEST_HEADER,
    GATEWAY_API_FILTER_RESPONSE_HEADER,
    GATEWAY_API_FILTER_MIRROR,
    GATEWAY_API_FILTER_REDIRECT,
    GATEWAY_API_FILTER_REWRITE,
    GATEWAY_API_FILTER_EXTENSION,
    GATEWAY_API_FILTER_CORS,
    GATEWAY_API_FILTER_EXTERNAL_AUTH,
};

struct gateway_api_header {
    struct field_at at;
    struct str name, value;
};

struct gateway_api_headers { /* HTTPHeaderFilter */
    struct field_at at;
    struct gateway_api_header *set;
    size_t set_count;
    struct gateway_api_header *add;
    size_t add_count;
    struct str *remove;
    size_t remove_count;
};

struct gateway_api_fraction {
    struct field_at at;
    int64_t numerator;
    struct field_opt denominator;
};

struct gateway_api_mirror {
    struct field_at at;
    struct gateway_api_ref_backend_object_ref *backend;
    struct field_opt percent;
    struct gateway_api_fraction *fraction;
};

enum gateway_api_path_change_type {
    GATEWAY_API_PATH_CHANGE_NONE,
    GATEWAY_API_REPLACE_FULL_PATH,
    GATEWAY_API_REPLACE_PREFIX_MATCH,
};

struct gateway_api_path_change { /* HTTPPathModifier */
    struct field_at at;
    int type;             /* enum gateway_api_path_change_type */
    struct str full_path; /* p == NULL: not written */
    struct str prefix;
};

struct gateway_api_redirect {
    struct field_at at;
    struct str scheme, hostname;
    struct gateway_api_path_change *path;
    struct field_opt port;
    struct field_opt status;
};

struct gateway_api_rewrite {
    struct field_at at;
    struct str hostname;
    struct gateway_api_path_change *path;
};

struct gateway_api_cors {
    struct field_at at;
    struct str *origins;
    size_t origins_count;
    struct field_opt credentials;
    struct str *methods;
    size_t methods_count;
    struct str *headers;
    size_t headers_count;
    struct str *expose;
    size_t expose_count;
    struct field_opt max_age_s;
};

enum gateway_api_auth_protocol {
    GATEWAY_API_AUTH_NONE,
    GATEWAY_API_AUTH_HTTP,
    GATEWAY_API_AUTH_GRPC,
};

struct gateway_api_auth_grpc {
    struct str *headers;
    size_t headers_count;
};

struct gateway_api_auth_http {
    struct str path;
    struct str *headers;
    size_t headers_count;
    struct str *response_headers;
    size_t response_headers_count;
};

struct gateway_api_auth_body {
    int64_t max_bytes;
};

struct gateway_api_auth { /* HTTPExternalAuthFilter */
    struct field_at at;
    int protocol; /* enum gateway_api_auth_protocol */
    struct gateway_api_ref_backend_object_ref *backend;
    struct gateway_api_auth_grpc *grpc;
    struct gateway_api_auth_http *http;
    struct gateway_api_auth_body *body;
};

/* Of HTTPRoute, and of GRPCRoute, which has some of the types only. */
struct gateway_api_filter {
    struct field_at at;
    int type; /* enum gateway_api_filter_type */
    struct gateway_api_headers *request_headers, *response_headers;
    struct gateway_api_mirror *mirror;
    struct gateway_api_redirect *redirect;
    struct gateway_api_rewrite *rewrite;
    struct gateway_api_cors *cors;
    struct gateway_api_auth *auth;
    struct gateway_api_ref_local_ref *extension;
};

extern FIELD_DECLARE(gateway_api_filter);
/* The same struct, of GRPCRoute. */
extern const struct field_message gateway_api_filter_of_grpc;

#endif
