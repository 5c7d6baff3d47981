#include "core/api/gateway_api_gateway.h"

#include "core/api/api_check.h"
#include "core/api/gateway_api_check.h"
#include "core/api/object_meta.h"

#define GATEWAY "io.k8s.networking.gateway.v1."

static void check_annotations(struct field_check *c, const void *message)
{
    const struct gateway_api_infrastructure *i = message;

    api_check_keys(c, "labels", i->labels, i->labels_count, api_check_is_label_key,
                   "a label's name: [prefix/]name");
    api_check_keys(c, "annotations", i->annotations, i->annotations_count, api_check_is_label_key,
                   "an annotation's name: [prefix/]name");
}

/* clang-format off */
static const struct field_enum_name gateway_api_route_from_names[] = {
    { "Same", GATEWAY_API_FROM_SAME, "Of the gateway's namespace." },
    { "All", GATEWAY_API_FROM_ALL, "Of any namespace." },
    { "Selector", GATEWAY_API_FROM_SELECTOR, "Of namespaces with certain labels." },
};
static FIELD_ENUM_TABLE(gateway_api_route_from, GATEWAY "FromNamespaces");

static const struct field_enum_name gateway_api_listener_from_names[] = {
    { "None", GATEWAY_API_FROM_NONE, "Of no namespace." },
    { "Same", GATEWAY_API_FROM_SAME, "Of the gateway's namespace." },
    { "All", GATEWAY_API_FROM_ALL, "Of any namespace." },
    { "Selector", GATEWAY_API_FROM_SELECTOR, "Of namespaces with certain labels." },
};
static FIELD_ENUM_TABLE(gateway_api_listener_from, GATEWAY "FromListenerNamespaces");

static const struct field_enum_name gateway_api_tls_mode_names[] = {
    { "Terminate", GATEWAY_API_TLS_TERMINATE, "TLS ends here." },
    { "Passthrough", GATEWAY_API_TLS_PASSTHROUGH, "TLS ends at the backend." },
};
static FIELD_ENUM_TABLE(gateway_api_tls_mode, GATEWAY "TLSModeType");

static const struct field_enum_name gateway_api_validation_mode_names[] = {
    { "AllowValidOnly", GATEWAY_API_VALID_ONLY, "Clients need a valid certificate." },
    { "AllowInsecureFallback", GATEWAY_API_INSECURE_FALLBACK, "Clients without one, or with an invalid one, are let in, too." },
};
static FIELD_ENUM_TABLE(gateway_api_validation_mode, GATEWAY "FrontendValidationModeType");

static const struct field_enum_name gateway_api_gateway_scope_names[] = {
    { "All", GATEWAY_API_SCOPE_ALL, "All of the cluster." },
    { "None", GATEWAY_API_SCOPE_NONE, "None." },
};
FIELD_ENUM_TABLE(gateway_api_gateway_scope, GATEWAY "GatewayDefaultScope");

#define T struct gateway_api_gateway_class
static const struct field gateway_api_gateway_class_fields[] = {
    FIELD_STR(T, controller, "controllerName", .required = true, .max_len = 253, .check = gateway_api_check_controller, .help = "Who makes gateways of this class work; ours: istio.io/gateway-controller."),
    FIELD_MSG(T, parameters, "parametersRef", gateway_api_ref_parameters_ref, .enforced = FIELD_NOT_ENFORCED, .help = "An object with more settings."),
    FIELD_STR(T, description, "description", .max_len = 64, .help = "What the class is for."),
};
FIELD_MESSAGE(gateway_api_gateway_class, GATEWAY "GatewayClassSpec", .at = FIELD_AT(T, at), .help = "Who makes gateways of a class work.");
#undef T

#define T struct gateway_api_route_namespaces
static const struct field gateway_api_route_namespaces_fields[] = {
    FIELD_ENUM(T, from, "from", gateway_api_route_from, .fill = "\"Same\"", .default_text = "Same", .help = "Of which namespaces."),
    FIELD_MSG(T, selector, "selector", label_selector, .help = "Labels of the namespaces, for Selector."),
};
static FIELD_MESSAGE(gateway_api_route_namespaces, GATEWAY "RouteNamespaces", .help = "Of which namespaces routes may be.");
#undef T

#define T struct gateway_api_listener_namespaces
static const struct field gateway_api_listener_namespaces_fields[] = {
    FIELD_ENUM(T, from, "from", gateway_api_listener_from, .fill = "\"None\"", .default_text = "None", .help = "Of which namespaces."),
    FIELD_MSG(T, selector, "selector", label_selector, .help = "Labels of the namespaces, for Selector."),
};
static FIELD_MESSAGE(gateway_api_listener_namespaces, GATEWAY "ListenerNamespaces", .help = "Of which namespaces ListenerSets may be.");
#undef T

#define T struct gateway_api_allowed_routes
static const struct field gateway_api_allowed_routes_fields[] = {
    FIELD_MSG(T, namespaces, "namespaces", gateway_api_route_namespaces, .fill = "{\"from\":\"Same\"}", .default_text = "the gateway's", .help = "Of which namespaces routes may be."),
    FIELD_LIST_MSG(T, kinds, "kinds", gateway_api_status_route_kind, .max_items = 8, .default_text = "those that fit the protocol", .help = "Which kinds of routes."),
};
static FIELD_MESSAGE(gateway_api_allowed_routes, GATEWAY "AllowedRoutes", .help = "Which routes may be attached.");
#undef T

#define T struct gateway_api_listener_tls
static const struct field gateway_api_listener_tls_fields[] = {
    FIELD_ENUM(T, mode, "mode", gateway_api_tls_mode, .fill = "\"Terminate\"", .default_text = "Terminate", .help = "Whether TLS ends here."),
    FIELD_LIST_MSG(T, certificates, "certificateRefs", gateway_api_ref_secret_ref, .max_items = 64, .help = "Certificates; which one is used follows from the name that the client asks for."),
    FIELD_MAP_STR(T, options, "options", .max_items = 16, .max_len = 4096, .help = "More settings: gateway.istio.io/tls-terminate-mode, gateway.istio.io/tls-cipher-suites."),
};
static FIELD_MESSAGE(gateway_api_listener_tls, GATEWAY "ListenerTLSConfig", .at = FIELD_AT(T, at), .help = "TLS of a listener.");
#undef T

#define T struct gateway_api_listener
static const struct field gateway_api_listener_fields[] = {
    FIELD_STR(T, name, "name", .required = true, .max_len = 253, .check = gateway_api_check_section, .help = "Name, which routes may refer to by sectionName."),
    FIELD_STR(T, hostname, "hostname", .max_len = 253, .check = gateway_api_check_hostname, .default_text = "all", .help = "Host it is for: a name or *.suffix."),
    FIELD_INT32(T, port, "port", .required = true, .min = 1, .max = 65535, .help = "Port it listens on."),
    FIELD_STR(T, protocol, "protocol", .required = true, .max_len = 255, .check = gateway_api_check_protocol, .help = "HTTP, HTTPS, TLS, TCP or UDP."),
    FIELD_MSG(T, tls, "tls", gateway_api_listener_tls, .help = "TLS, for HTTPS and TLS."),
    FIELD_MSG(T, allowed, "allowedRoutes", gateway_api_allowed_routes, .fill = "{\"namespaces\":{\"from\":\"Same\"}}", .default_text = "those of the gateway's namespace", .help = "Which routes may be attached."),
};
static FIELD_MESSAGE(gateway_api_listener, GATEWAY "Listener", .at = FIELD_AT(T, at), .help = "A port, protocol and host to listen for.");
#undef T

#define T struct gateway_api_address
static const struct field gateway_api_address_fields[] = {
    FIELD_STR(T, type, "type", .max_len = 253, .check = gateway_api_check_address_type, .fill = "\"IPAddress\"", .default_text = "IPAddress", .help = "IPAddress or Hostname."),
    FIELD_STR(T, value, "value", .max_len = 253, .help = "The address."),
};
static FIELD_MESSAGE(gateway_api_address, GATEWAY "GatewaySpecAddress", .at = FIELD_AT(T, at), .help = "An address that is asked for.");
#undef T

#define T struct gateway_api_allowed_listeners
static const struct field gateway_api_allowed_listeners_fields[] = {
    FIELD_MSG(T, namespaces, "namespaces", gateway_api_listener_namespaces, .fill = "{\"from\":\"None\"}", .default_text = "none", .help = "Of which namespaces ListenerSets may be."),
};
static FIELD_MESSAGE(gateway_api_allowed_listeners, GATEWAY "AllowedListeners", .help = "Which ListenerSets may be attached.");
#undef T

#define T struct gateway_api_infrastructure
static const struct field gateway_api_infrastructure_fields[] = {
    FIELD_MAP_STR(T, labels, "labels", .max_items = 8, .max_len = 63, .check = gateway_api_check_label_value, .enforced = FIELD_NOT_ENFORCED, .help = "Labels for what is made for the gateway."),
    FIELD_MAP_STR(T, annotations, "annotations", .max_items = 16, .max_len = 4096, .enforced = FIELD_NOT_ENFORCED, .help = "Annotations for what is made for the gateway."),
    FIELD_MSG(T, parameters, "parametersRef", gateway_api_ref_local_ref, .enforced = FIELD_NOT_ENFORCED, .help = "An object with more settings."),
};
static FIELD_MESSAGE(gateway_api_infrastructure, GATEWAY "GatewayInfrastructure", .check = check_annotations, .help = "About what is made for the gateway.");
#undef T

#define T struct gateway_api_frontend_validation
static const struct field gateway_api_frontend_validation_fields[] = {
    FIELD_LIST_MSG(T, cas, "caCertificateRefs", gateway_api_ref_object_ref, .required = true, .min_items = 1, .max_items = 16, .help = "ConfigMaps with ca.crt."),
    FIELD_ENUM(T, mode, "mode", gateway_api_validation_mode, .fill = "\"AllowValidOnly\"", .default_text = "AllowValidOnly", .help = "What becomes of clients without a valid certificate."),
};
static FIELD_MESSAGE(gateway_api_frontend_validation, GATEWAY "FrontendTLSValidation", .at = FIELD_AT(T, at), .help = "How clients' certificates are verified.");
#undef T

#define T struct gateway_api_tls_config
static const struct field gateway_api_tls_config_fields[] = {
    FIELD_MSG(T, validation, "validation", gateway_api_frontend_validation, .help = "How clients' certificates are verified."),
};
static FIELD_MESSAGE(gateway_api_tls_config, GATEWAY "TLSConfig", .help = "TLS towards clients.");
#undef T

#define T struct gateway_api_port_tls
static const struct field gateway_api_port_tls_fields[] = {
    FIELD_INT32(T, port, "port", .required = true, .min = 1, .max = 65535, .help = "The port."),
    FIELD_MSG(T, tls, "tls", gateway_api_tls_config, .required = true, .help = "TLS towards clients there."),
};
static FIELD_MESSAGE(gateway_api_port_tls, GATEWAY "TLSPortConfig", .at = FIELD_AT(T, at), .help = "TLS towards clients of one port.");
#undef T

#define T struct gateway_api_frontend_tls
static const struct field gateway_api_frontend_tls_fields[] = {
    FIELD_MSG(T, usual, "default", gateway_api_tls_config, .required = true, .help = "For ports that perPort does not name."),
    FIELD_LIST_MSG(T, ports, "perPort", gateway_api_port_tls, .max_items = 64, .merge_key = "port", .help = "For single ports."),
};
static FIELD_MESSAGE(gateway_api_frontend_tls, GATEWAY "FrontendTLSConfig", .help = "TLS towards clients.");
#undef T

#define T struct gateway_api_gateway_backend_tls
static const struct field gateway_api_gateway_backend_tls_fields[] = {
    FIELD_MSG(T, client_certificate, "clientCertificateRef", gateway_api_ref_secret_ref, .enforced = FIELD_NOT_ENFORCED, .help = "Secret with the certificate that backends are shown."),
};
static FIELD_MESSAGE(gateway_api_gateway_backend_tls, GATEWAY "GatewayBackendTLS", .help = "TLS towards backends.");
#undef T

#define T struct gateway_api_gateway_tls
static const struct field gateway_api_gateway_tls_fields[] = {
    FIELD_MSG(T, backend, "backend", gateway_api_gateway_backend_tls, .help = "TLS towards backends."),
    FIELD_MSG(T, frontend, "frontend", gateway_api_frontend_tls, .help = "TLS towards clients."),
};
static FIELD_MESSAGE(gateway_api_gateway_tls, GATEWAY "GatewayTLSConfig", .help = "TLS of all of a gateway.");
#undef T

#define LISTENERS FIELD_LIST_MSG(T, listeners, "listeners", gateway_api_listener, .required = true, .min_items = 1, .max_items = 64, .merge_key = "name", .help = "What it listens on.")

#define T struct gateway_api_gateway
static const struct field gateway_api_gateway_fields[] = {
    FIELD_STR(T, class_name, "gatewayClassName", .required = true, .max_len = 253, .check = api_check_not_empty, .help = "Name of its GatewayClass; ours: istio, mesh."),
    LISTENERS,
    FIELD_LIST_MSG(T, addresses, "addresses", gateway_api_address, .max_items = 16, .enforced = FIELD_NOT_ENFORCED, .help = "Addresses that are asked for."),
    FIELD_MSG(T, infrastructure, "infrastructure", gateway_api_infrastructure, .help = "About what is made for the gateway."),
    FIELD_MSG(T, allowed_listeners, "allowedListeners", gateway_api_allowed_listeners, .help = "Which ListenerSets may be attached."),
    FIELD_MSG(T, tls, "tls", gateway_api_gateway_tls, .help = "TLS of all of the gateway."),
    FIELD_ENUM(T, default_scope, "defaultScope", gateway_api_gateway_scope, .default_text = "None", .help = "Whether routes without a gateway of their own use this one."),
};
FIELD_MESSAGE(gateway_api_gateway, GATEWAY "GatewaySpec", .at = FIELD_AT(T, at), .help = "What a gateway listens on.");
#undef T

#define T struct gateway_api_gateway_listener_set
static const struct field gateway_api_gateway_listener_set_fields[] = {
    FIELD_MSG(T, parent, "parentRef", gateway_api_ref_set_parent_ref, .required = true, .help = "The Gateway that the listeners are added to."),
    LISTENERS,
};
FIELD_MESSAGE(gateway_api_gateway_listener_set, GATEWAY "ListenerSetSpec", .at = FIELD_AT(T, at), .help = "More listeners for a Gateway.");
#undef T

GATEWAY_API_ROOT(gateway_api_gateway_class_root, GATEWAY "GatewayClass", gateway_api_gateway_class, gateway_api_status_class_status, "Who makes gateways of a class work.", NULL);
GATEWAY_API_ROOT(gateway_api_gateway_mesh_root, "io.x-k8s.networking.gateway.v1alpha1.XMesh", gateway_api_gateway_class, gateway_api_status_class_status, "What a mesh supports.", NULL);
GATEWAY_API_ROOT(gateway_api_gateway_root, GATEWAY "Gateway", gateway_api_gateway, gateway_api_status_gateway_status, "What a gateway listens on.", NULL);
GATEWAY_API_ROOT(gateway_api_gateway_listener_set_root, GATEWAY "ListenerSet", gateway_api_gateway_listener_set, gateway_api_status_listener_set_status, "More listeners for a Gateway.", NULL);
/* clang-format on */
