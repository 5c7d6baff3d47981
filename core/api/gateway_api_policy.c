#include "core/api/gateway_api_policy.h"

#include "core/api/api_check.h"
#include "core/api/gateway_api_check.h"
#include "core/api/gateway_api_status.h"

#define GATEWAY "io.k8s.networking.gateway.v1."
#define X       "io.x-k8s.networking.gateway.v1alpha1."

/* clang-format off */
static const struct field_enum_name gateway_api_san_type_names[] = {
    { "Hostname", GATEWAY_API_SAN_HOSTNAME, "A DNS name." },
    { "URI", GATEWAY_API_SAN_URI, "A URI, as a SPIFFE id." },
};
static FIELD_ENUM_TABLE(gateway_api_san_type, GATEWAY "SubjectAltNameType");

static const struct field_enum_name gateway_api_backend_tls_mode_names[] = {
    { "None", GATEWAY_API_BACKEND_TLS_NONE, "No TLS." },
    { "ServerOnly", GATEWAY_API_BACKEND_TLS_SERVER, "TLS." },
    { "ClientAndServer", GATEWAY_API_BACKEND_TLS_MUTUAL, "TLS with a certificate of the client." },
};
static FIELD_ENUM_TABLE(gateway_api_backend_tls_mode, X "BackendTLSMode");

static const struct field_enum_name gateway_api_backend_protocol_names[] = {
    { "TCP", GATEWAY_API_BACKEND_TCP, "Bytes." },
    { "HTTP", GATEWAY_API_BACKEND_HTTP, "HTTP of any version." },
    { "HTTP2", GATEWAY_API_BACKEND_HTTP2, "HTTP/2." },
    { "HTTP11", GATEWAY_API_BACKEND_HTTP11, "HTTP/1.1." },
    { "H2C", GATEWAY_API_BACKEND_H2C, "HTTP/2 without TLS." },
    { "MCP", GATEWAY_API_BACKEND_MCP, "The Model Context Protocol over HTTP." },
};
static FIELD_ENUM_TABLE(gateway_api_backend_protocol, X "BackendProtocol");

static const struct field_enum_name gateway_api_backend_type_names[] = {
    { "ExternalHostname", GATEWAY_API_EXTERNAL_HOSTNAME, "A host outside of the mesh." },
};
static FIELD_ENUM_TABLE(gateway_api_backend_type, X "BackendType");

/* ---- BackendTLSPolicy ---- */

#define T struct gateway_api_san
static const struct field gateway_api_san_fields[] = {
    FIELD_ENUM(T, type, "type", gateway_api_san_type, .required = true, .help = "What kind of name."),
    FIELD_STR(T, hostname, "hostname", .max_len = 253, .check = gateway_api_check_hostname, .help = "The name, for Hostname."),
    FIELD_STR(T, uri, "uri", .max_len = 253, .check = gateway_api_check_uri, .help = "The name, for URI."),
};
static FIELD_MESSAGE(gateway_api_san, GATEWAY "SubjectAltName", .at = FIELD_AT(T, at), .help = "A name that the backend's certificate may have.");
#undef T

#define T struct gateway_api_backend_validation
static const struct field gateway_api_backend_validation_fields[] = {
    FIELD_LIST_MSG(T, cas, "caCertificateRefs", gateway_api_ref_local_ref, .max_items = 8, .help = "ConfigMaps with ca.crt."),
    FIELD_STR(T, well_known, "wellKnownCACertificates", .max_len = 253, .check = gateway_api_check_well_known, .help = "System: those of the machine."),
    FIELD_STR(T, hostname, "hostname", .required = true, .max_len = 253, .check = gateway_api_check_precise_hostname, .help = "Name sent as SNI, and wanted in the certificate unless subjectAltNames says others."),
    FIELD_LIST_MSG(T, sans, "subjectAltNames", gateway_api_san, .max_items = 5, .help = "Names of which the certificate must have one."),
};
static FIELD_MESSAGE(gateway_api_backend_validation, GATEWAY "BackendTLSPolicyValidation", .at = FIELD_AT(T, at), .help = "How the backend's certificate is verified.");
#undef T

#define T struct gateway_api_policy_tls_policy
static const struct field gateway_api_policy_tls_policy_fields[] = {
    FIELD_LIST_MSG(T, targets, "targetRefs", gateway_api_ref_target_ref, .required = true, .min_items = 1, .max_items = 16, .help = "Services that are spoken to with TLS."),
    FIELD_MSG(T, validation, "validation", gateway_api_backend_validation, .required = true, .help = "How their certificates are verified."),
    FIELD_MAP_STR(T, options, "options", .max_items = 16, .max_len = 4096, .enforced = FIELD_NOT_ENFORCED, .help = "More settings."),
};
FIELD_MESSAGE(gateway_api_policy_tls_policy, GATEWAY "BackendTLSPolicySpec", .at = FIELD_AT(T, at), .help = "TLS towards backends.");
#undef T

/* ---- ReferenceGrant ---- */

#define GROUP FIELD_STR(T, group, "group", .keep = true, .required = true, .max_len = 253, .check = gateway_api_check_group, .help = "API group; \"\" is the core's.")
#define KIND  FIELD_STR(T, kind, "kind", .required = true, .max_len = 63, .check = gateway_api_check_kind, .help = "Kind.")

#define T struct gateway_api_grant_from
static const struct field gateway_api_grant_from_fields[] = {
    GROUP, KIND,
    FIELD_STR(T, ns, "namespace", .required = true, .max_len = 63, .check = gateway_api_check_namespace, .help = "Namespace of who may refer."),
};
static FIELD_MESSAGE(gateway_api_grant_from, GATEWAY "ReferenceGrantFrom", .help = "Who may refer.");
#undef T

#define T struct gateway_api_grant_to
static const struct field gateway_api_grant_to_fields[] = {
    GROUP, KIND,
    FIELD_STR(T, name, "name", .max_len = 253, .check = api_check_not_empty, .default_text = "all", .help = "Name of one object."),
};
static FIELD_MESSAGE(gateway_api_grant_to, GATEWAY "ReferenceGrantTo", .help = "What may be referred to, of this namespace.");
#undef T

#define T struct gateway_api_policy_grant
static const struct field gateway_api_policy_grant_fields[] = {
    FIELD_LIST_MSG(T, from, "from", gateway_api_grant_from, .required = true, .min_items = 1, .max_items = 16, .help = "Who may refer; any of these."),
    FIELD_LIST_MSG(T, to, "to", gateway_api_grant_to, .required = true, .min_items = 1, .max_items = 16, .help = "What may be referred to; any of these."),
};
FIELD_MESSAGE(gateway_api_policy_grant, GATEWAY "ReferenceGrantSpec", .at = FIELD_AT(T, at), .help = "Lets objects of other namespaces refer to those of this one.");
#undef T

/* ---- experimental ---- */

#define T struct gateway_api_budget
static const struct field gateway_api_budget_fields[] = {
    FIELD_OPT_INT(T, percent, "percent", .max = 100, .fill = "20", .default_text = "20", .help = "Retries per hundred requests."),
    FIELD_DURATION(T, interval, "interval", .check = gateway_api_check_duration, .fill = "\"10s\"", .default_text = "10s", .help = "Counted over this time."),
};
static FIELD_MESSAGE(gateway_api_budget, X "BudgetDetails", .help = "How many retries there may be in proportion.");
#undef T

#define T struct gateway_api_rate
static const struct field gateway_api_rate_fields[] = {
    FIELD_OPT_INT(T, count, "count", .min = 1, .max = 1000000, .help = "So many requests,"),
    FIELD_DURATION(T, interval, "interval", .check = gateway_api_check_duration, .help = "in so much time."),
};
static FIELD_MESSAGE(gateway_api_rate, X "RequestRate", .help = "A number of requests in some time.");
#undef T

#define T struct gateway_api_retry_constraint
static const struct field gateway_api_retry_constraint_fields[] = {
    FIELD_MSG(T, budget, "budget", gateway_api_budget, .fill = "{\"interval\":\"10s\",\"percent\":20}", .default_text = "20 % of 10s", .help = "How many retries there may be in proportion."),
    FIELD_MSG(T, min_rate, "minRetryRate", gateway_api_rate, .fill = "{\"count\":10,\"interval\":\"1s\"}", .default_text = "10 a second", .help = "So many retries there may always be."),
};
static FIELD_MESSAGE(gateway_api_retry_constraint, X "RetryConstraint", .help = "How many retries there may be.");
#undef T

#define T struct gateway_api_policy_traffic_policy
static const struct field gateway_api_policy_traffic_policy_fields[] = {
    FIELD_LIST_MSG(T, targets, "targetRefs", gateway_api_ref_plain_target_ref, .required = true, .min_items = 1, .max_items = 16, .merge_key = "group,kind,name", .help = "Services that it is for."),
    FIELD_MSG(T, retry, "retryConstraint", gateway_api_retry_constraint, .help = "How many retries there may be."),
    FIELD_MSG(T, session, "sessionPersistence", gateway_api_route_session, .help = "Keeps a client with its endpoint."),
};
FIELD_MESSAGE(gateway_api_policy_traffic_policy, X "BackendTrafficPolicySpec", .at = FIELD_AT(T, at), .help = "How backends are used.");
#undef T

#define T struct gateway_api_backend_tls
static const struct field gateway_api_backend_tls_fields[] = {
    FIELD_ENUM(T, mode, "mode", gateway_api_backend_tls_mode, .required = true, .help = "Whether TLS is spoken."),
    FIELD_MSG(T, validation, "validation", gateway_api_backend_validation, .help = "How the backend's certificate is verified."),
    FIELD_MSG(T, client_certificate, "clientCertificateRef", gateway_api_ref_secret_ref, .help = "Secret with the certificate that the backend is shown."),
};
static FIELD_MESSAGE(gateway_api_backend_tls, X "BackendTLS", .at = FIELD_AT(T, at), .help = "TLS towards the backend.");
#undef T

#define T struct gateway_api_external_hostname
static const struct field gateway_api_external_hostname_fields[] = {
    FIELD_STR(T, hostname, "hostname", .required = true, .max_len = 253, .check = gateway_api_check_precise_hostname, .help = "Name of the host."),
};
static FIELD_MESSAGE(gateway_api_external_hostname, X "ExternalHostnameBackend", .help = "A host outside of the mesh.");
#undef T

#define T struct gateway_api_backend_port
static const struct field gateway_api_backend_port_fields[] = {
    FIELD_STR(T, name, "name", .max_len = 63, .help = "Name of the port."),
    FIELD_INT32(T, port, "port", .required = true, .min = 1, .max = 65535, .help = "Its number."),
};
static FIELD_MESSAGE(gateway_api_backend_port, X "BackendPort", .help = "A port.");
#undef T

#define T struct gateway_api_policy_backend
static const struct field gateway_api_policy_backend_fields[] = {
    FIELD_ENUM(T, type, "type", gateway_api_backend_type, .required = true, .enforced = FIELD_NOT_ENFORCED, .help = "What kind of backend."),
    FIELD_MSG(T, external, "externalHostname", gateway_api_external_hostname, .help = "The host, for ExternalHostname."),
    FIELD_MSG(T, port, "port", gateway_api_backend_port, .required = true, .help = "Its port."),
    FIELD_ENUM(T, protocol, "protocol", gateway_api_backend_protocol, .help = "What is spoken there."),
    FIELD_MSG(T, tls, "tls", gateway_api_backend_tls, .help = "TLS towards it."),
};
FIELD_MESSAGE(gateway_api_policy_backend, X "BackendSpec", .at = FIELD_AT(T, at), .help = "A backend that is no Service.");
#undef T

GATEWAY_API_ROOT(gateway_api_policy_tls_policy_root, GATEWAY "BackendTLSPolicy", gateway_api_policy_tls_policy, gateway_api_status_policy_status, "TLS towards backends.", NULL);
GATEWAY_API_ROOT(gateway_api_policy_traffic_policy_root, X "XBackendTrafficPolicy", gateway_api_policy_traffic_policy, gateway_api_status_policy_status, "How backends are used.", NULL);
GATEWAY_API_ROOT(gateway_api_policy_backend_root, X "XBackend", gateway_api_policy_backend, gateway_api_status_backend_status, "A backend that is no Service.", NULL);

struct gateway_api_policy_grant_root { /* has no status */
    OBJECT_META_HEAD;
    struct gateway_api_policy_grant *spec;
};

#define T struct gateway_api_policy_grant_root
static const struct field gateway_api_policy_grant_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", gateway_api_policy_grant, .required = true, .help = "What is wanted."),
};
FIELD_MESSAGE(gateway_api_policy_grant_root, GATEWAY "ReferenceGrant", .at = FIELD_AT(T, at), .help = "Lets objects of other namespaces refer to those of this one.");
#undef T
/* clang-format on */
