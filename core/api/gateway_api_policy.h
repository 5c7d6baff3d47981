/* The Gateway API's objects about other objects: BackendTLSPolicy, ReferenceGrant, and the
 * experimental XBackendTrafficPolicy and XBackend. */
#ifndef CORE_API_GATEWAY_API_POLICY_H
#define CORE_API_GATEWAY_API_POLICY_H

#include "core/api/gateway_api_ref.h"
#include "core/api/gateway_api_route.h"

enum gateway_api_san_type {
    GATEWAY_API_SAN_NONE,
    GATEWAY_API_SAN_HOSTNAME,
    GATEWAY_API_SAN_URI,
};

struct gateway_api_san {
    struct field_at at;
    int type; /* enum gateway_api_san_type */
    struct str hostname, uri;
};

struct gateway_api_backend_validation { /* BackendTLSPolicyValidation */
    struct field_at at;
    struct str hostname;
    struct gateway_api_ref_local_ref *cas;
    size_t cas_count;
    struct str well_known; /* "System" */
    struct gateway_api_san *sans;
    size_t sans_count;
};

struct gateway_api_policy_tls_policy { /* the spec of a BackendTLSPolicy */
    struct field_at at;
    struct gateway_api_ref_target_ref *targets;
    size_t targets_count;
    struct gateway_api_backend_validation *validation;
    struct field_pair *options;
    size_t options_count;
};

struct gateway_api_grant_from {
    struct str group, kind, ns;
};

struct gateway_api_grant_to {
    struct str group, kind, name; /* name empty: all */
};

struct gateway_api_policy_grant { /* the spec of a ReferenceGrant */
    struct field_at at;
    struct gateway_api_grant_from *from;
    size_t from_count;
    struct gateway_api_grant_to *to;
    size_t to_count;
};

struct gateway_api_budget {
    struct field_opt percent, interval; /* ns */
};

struct gateway_api_rate {
    struct field_opt count, interval; /* ns */
};

struct gateway_api_retry_constraint {
    struct gateway_api_budget *budget;
    struct gateway_api_rate *min_rate;
};

struct gateway_api_policy_traffic_policy { /* the spec of an XBackendTrafficPolicy */
    struct field_at at;
    struct gateway_api_ref_plain_target_ref *targets;
    size_t targets_count;
    struct gateway_api_retry_constraint *retry;
    struct gateway_api_route_session *session;
};

enum gateway_api_backend_tls_mode {
    GATEWAY_API_BACKEND_TLS_ABSENT,
    GATEWAY_API_BACKEND_TLS_NONE,
    GATEWAY_API_BACKEND_TLS_SERVER,
    GATEWAY_API_BACKEND_TLS_MUTUAL,
};

struct gateway_api_backend_tls {
    struct field_at at;
    int mode; /* enum gateway_api_backend_tls_mode */
    struct gateway_api_backend_validation *validation;
    struct gateway_api_ref_secret_ref *client_certificate;
};

enum gateway_api_backend_protocol {
    GATEWAY_API_BACKEND_PROTOCOL_NONE,
    GATEWAY_API_BACKEND_TCP,
    GATEWAY_API_BACKEND_HTTP,
    GATEWAY_API_BACKEND_HTTP2,
    GATEWAY_API_BACKEND_HTTP11,
    GATEWAY_API_BACKEND_H2C,
    GATEWAY_API_BACKEND_MCP,
};

enum gateway_api_backend_type { GATEWAY_API_BACKEND_TYPE_NONE, GATEWAY_API_EXTERNAL_HOSTNAME };

struct gateway_api_external_hostname {
    struct str hostname;
};

struct gateway_api_backend_port {
    struct str name;
    int64_t port;
};

struct gateway_api_policy_backend { /* the spec of an XBackend */
    struct field_at at;
    int type;     /* enum gateway_api_backend_type */
    int protocol; /* enum gateway_api_backend_protocol */
    struct gateway_api_external_hostname *external;
    struct gateway_api_backend_port *port;
    struct gateway_api_backend_tls *tls;
};

extern FIELD_DECLARE(gateway_api_policy_tls_policy);
extern FIELD_DECLARE(gateway_api_policy_grant);
extern FIELD_DECLARE(gateway_api_policy_traffic_policy);
extern FIELD_DECLARE(gateway_api_policy_backend);
extern FIELD_DECLARE(gateway_api_policy_tls_policy_root);
extern FIELD_DECLARE(gateway_api_policy_grant_root);
extern FIELD_DECLARE(gateway_api_policy_traffic_policy_root);
extern FIELD_DECLARE(gateway_api_policy_backend_root);

#endif
