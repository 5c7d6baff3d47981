/* The Gateway API's Gateway, GatewayClass and ListenerSet: what a gateway listens on and who may
 * attach routes to it. */
#ifndef CORE_API_GATEWAY_API_GATEWAY_H
#define CORE_API_GATEWAY_API_GATEWAY_H

#include "core/api/gateway_api_ref.h"
#include "core/api/gateway_api_status.h"
#include "core/api/label_selector.h"

struct gateway_api_gateway_class { /* the spec of a GatewayClass, and of an XMesh */
    struct field_at at;
    struct str controller, description;
    struct gateway_api_ref_parameters_ref *parameters;
};

enum gateway_api_from {
    GATEWAY_API_FROM_NONE = 0,
    GATEWAY_API_FROM_SAME = 1,
    GATEWAY_API_FROM_ALL = 2,
    GATEWAY_API_FROM_SELECTOR = 3,
};

struct gateway_api_route_namespaces {
    int from; /* enum gateway_api_from */
    struct label_selector *selector;
};

struct gateway_api_listener_namespaces {
    int from;
    struct label_selector *selector;
};

struct gateway_api_allowed_routes {
    struct gateway_api_route_namespaces *namespaces;
    struct gateway_api_status_route_kind *kinds;
    size_t kinds_count;
};

enum gateway_api_tls_mode {
    GATEWAY_API_TLS_MODE_NONE,
    GATEWAY_API_TLS_TERMINATE,
    GATEWAY_API_TLS_PASSTHROUGH,
};

struct gateway_api_listener_tls {
    struct field_at at;
    int mode; /* enum gateway_api_tls_mode */
    struct gateway_api_ref_secret_ref *certificates;
    size_t certificates_count;
    struct field_pair *options;
    size_t options_count;
};

struct gateway_api_listener {
    struct field_at at;
    struct str name, hostname, protocol;
    int64_t port;
    struct gateway_api_listener_tls *tls;
    struct gateway_api_allowed_routes *allowed;
};

struct gateway_api_address {
    struct field_at at;
    struct str type, value;
};

struct gateway_api_allowed_listeners {
    struct gateway_api_listener_namespaces *namespaces;
};

struct gateway_api_infrastructure {
    struct field_pair *labels;
    size_t labels_count;
    struct field_pair *annotations;
    size_t annotations_count;
    struct gateway_api_ref_local_ref *parameters;
};

enum gateway_api_validation_mode {
    GATEWAY_API_VALIDATION_NONE,
    GATEWAY_API_VALID_ONLY,
    GATEWAY_API_INSECURE_FALLBACK,
};

struct gateway_api_frontend_validation {
    struct field_at at;
    struct gateway_api_ref_object_ref *cas;
    size_t cas_count;
    int mode; /* enum gateway_api_validation_mode */
};

struct gateway_api_tls_config {
    struct gateway_api_frontend_validation *validation;
};

struct gateway_api_port_tls {
    struct field_at at;
    int64_t port;
    struct gateway_api_tls_config *tls;
};

struct gateway_api_frontend_tls {
    struct gateway_api_tls_config *usual; /* "default" */
    struct gateway_api_port_tls *ports;
    size_t ports_count;
};

struct gateway_api_gateway_backend_tls {
    struct gateway_api_ref_secret_ref *client_certificate;
};

struct gateway_api_gateway_tls {
    struct gateway_api_gateway_backend_tls *backend;
    struct gateway_api_frontend_tls *frontend;
};

struct gateway_api_gateway { /* the spec */
    struct field_at at;
    struct str class_name;
    struct gateway_api_listener *listeners;
    size_t listeners_count;
    struct gateway_api_address *addresses;
    size_t addresses_count;
    struct gateway_api_infrastructure *infrastructure;
    struct gateway_api_allowed_listeners *allowed_listeners;
    struct gateway_api_gateway_tls *tls;
    int default_scope; /* enum gateway_api_gateway_scope */
};

struct gateway_api_gateway_listener_set { /* the spec */
    struct field_at at;
    struct gateway_api_ref_set_parent_ref *parent;
    struct gateway_api_listener *listeners;
    size_t listeners_count;
};

enum gateway_api_gateway_scope {
    GATEWAY_API_SCOPE_ABSENT,
    GATEWAY_API_SCOPE_ALL,
    GATEWAY_API_SCOPE_NONE
};

extern const struct field_enum gateway_api_gateway_scope_enum;

extern FIELD_DECLARE(gateway_api_gateway_class);
extern FIELD_DECLARE(gateway_api_gateway);
extern FIELD_DECLARE(gateway_api_gateway_listener_set);
extern FIELD_DECLARE(gateway_api_gateway_class_root);
extern FIELD_DECLARE(gateway_api_gateway_mesh_root); /* XMesh */
extern FIELD_DECLARE(gateway_api_gateway_root);
extern FIELD_DECLARE(gateway_api_gateway_listener_set_root);

#endif
