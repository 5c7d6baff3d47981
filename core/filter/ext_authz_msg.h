/* envoy.service.auth.v3: what a gRPC authorizer is asked and answers. Only the fields that we write
 * or read. Any thread. */
#ifndef CORE_FILTER_EXT_AUTHZ_MSG_H
#define CORE_FILTER_EXT_AUTHZ_MSG_H

#include "core/text/field.h"

#define EXT_AUTHZ_MSG_METHOD "/envoy.service.auth.v3.Authorization/Check"

/* ---- CheckRequest ---- */

struct ext_authz_msg_socket {
    struct str address;
    int64_t port;
};

struct ext_authz_msg_address {
    struct ext_authz_msg_socket socket;
};

struct ext_authz_msg_peer {
    struct ext_authz_msg_address *address;
    struct str principal; /* SPIFFE id */
};

struct ext_authz_msg_http {
    struct str id, method;
    struct field_pair *headers;
    size_t headers_count;
    struct str path, host, scheme, protocol, body, raw_body;
    int64_t size; /* of the body; -1: unknown */
};

struct ext_authz_msg_request {
    struct field_opt time;
    struct ext_authz_msg_http *http; /* NULL: a connection */
};

struct ext_authz_msg_tls {
    struct str sni;
};

struct ext_authz_msg_attributes {
    struct ext_authz_msg_peer source, destination;
    struct ext_authz_msg_request request;
    struct ext_authz_msg_tls *tls;
};

struct ext_authz_msg_check {
    struct ext_authz_msg_attributes attributes;
};

extern FIELD_DECLARE(ext_authz_msg_check);

/* ---- CheckResponse ---- */

struct ext_authz_msg_header {
    struct str key, value, raw_value;
};

enum ext_authz_msg_action { /* of HeaderValueOption */
                            EXT_AUTHZ_MSG_APPEND_OR_ADD,
                            EXT_AUTHZ_MSG_ADD_IF_ABSENT,
                            EXT_AUTHZ_MSG_OVERWRITE_OR_ADD,
                            EXT_AUTHZ_MSG_OVERWRITE_IF_EXISTS,
};

struct ext_authz_msg_option {
    struct ext_authz_msg_header header;
    struct field_opt append;
    int action; /* enum ext_authz_msg_action */
};

struct ext_authz_msg_query {
    struct str key, value;
};

struct ext_authz_msg_ok {
    struct ext_authz_msg_option *headers, *response_headers_to_add;
    size_t headers_count, response_headers_to_add_count;
    struct str *headers_to_remove, *query_parameters_to_remove;
    size_t headers_to_remove_count, query_parameters_to_remove_count;
    struct ext_authz_msg_query *query_parameters_to_set;
    size_t query_parameters_to_set_count;
};

struct ext_authz_msg_code {
    int64_t code;
};

struct ext_authz_msg_denied {
    struct ext_authz_msg_code status;
    struct ext_authz_msg_option *headers;
    size_t headers_count;
    struct str body;
};

struct ext_authz_msg_answer {
    struct ext_authz_msg_code status; /* google.rpc.Status: 0 allows */
    struct ext_authz_msg_denied *denied;
    struct ext_authz_msg_ok *ok;
};

extern FIELD_DECLARE(ext_authz_msg_answer);

#endif
