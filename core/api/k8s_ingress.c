#include "core/api/k8s_ingress.h"

#include "core/api/api_check.h"
#include "core/api/object_meta.h"
#include "core/text/field_decode.h"

#define NETWORKING "io.k8s.api.networking.v1."

/* As Kubernetes has them: names, or "*." and a name. */
static void check_host(struct field_check *c, const void *member)
{
    struct str host = *(const struct str *)member;

    if (host.len == 0)
        return;
    if (api_check_is_ip(host))
        field_decode_error(c, "must be a name, not an address");
    else if (!api_check_is_subdomain(str_starts(host, STR("*.")) ? str_skip(host, 2) : host))
        field_decode_error(c, "must be a DNS name in lower case, or one behind \"*.\"");
}

static void check_backend(struct field_check *c, const void *message)
{
    const struct k8s_ingress_backend *b = message;
    const struct k8s_ingress_port *port = b->service ? b->service->port : NULL;

    if (!b->service == !b->resource)
        field_decode_error(c, "must have one of service and resource");
    else if (b->service && (!port || !port->name.len == !port->number))
        field_decode_error_at(c, "service.port", "must have one of name and number");
}

static void check_path(struct field_check *c, const void *message)
{
    static const char *const bad[] = { "//", "/./", "/../", "%2f", "%2F" };
    const struct k8s_ingress_path *p = message;
    bool strict = p->type == K8S_INGRESS_PATH_EXACT || p->type == K8S_INGRESS_PATH_PREFIX;

    if (p->path.len ? p->path.p[0] != '/' : strict) {
        field_decode_error_at(c, "path", "must start with \"/\"");
        return;
    }
    for (size_t i = 0; strict && i < sizeof(bad) / sizeof(bad[0]); i++)
        if (str_find(p->path, str_of(bad[i])) >= 0)
            field_decode_error_at(c, "path", "must not contain \"%s\"", bad[i]);
    if (strict && (str_ends(p->path, STR("/..")) || str_ends(p->path, STR("/."))))
        field_decode_error_at(c, "path", "must not end with a segment of dots");
}

static void check_ingress(struct field_check *c, const void *message)
{
    const struct k8s_ingress *i = message;

    if (!i->default_backend && i->rules_count == 0)
        field_decode_error(c, "must have defaultBackend or rules");
}

/* clang-format off */
#define T struct k8s_ingress_port
static const struct field k8s_ingress_port_fields[] = {
    FIELD_STR(T, name, "name", .check = api_check_port_name, .help = "The port's name in the Service."),
    FIELD_INT32(T, number, "number", .min = 1, .max = 65535, .help = "The port's number in the Service."),
};
static FIELD_MESSAGE(k8s_ingress_port, NETWORKING "ServiceBackendPort", .help = "A port of a Service, by name or number.");
#undef T

#define T struct k8s_ingress_service
static const struct field k8s_ingress_service_fields[] = {
    FIELD_STR(T, name, "name", .required = true, .check = api_check_label, .help = "A Service of the Ingress's namespace."),
    FIELD_MSG(T, port, "port", k8s_ingress_port, .help = "Its port."),
};
static FIELD_MESSAGE(k8s_ingress_service, NETWORKING "IngressServiceBackend", .help = "A Service and its port.");
#undef T

#define T struct k8s_ingress_resource
static const struct field k8s_ingress_resource_fields[] = {
    FIELD_STR(T, group, "apiGroup", .help = "Group of the kind."),
    FIELD_STR(T, kind, "kind", .required = true, .help = "Kind of the object."),
    FIELD_STR(T, name, "name", .required = true, .help = "Name of the object."),
};
static FIELD_MESSAGE(k8s_ingress_resource, "io.k8s.api.core.v1.TypedLocalObjectReference", .help = "An object of the same namespace.");
#undef T

#define T struct k8s_ingress_backend
static const struct field k8s_ingress_backend_fields[] = {
    FIELD_MSG(T, service, "service", k8s_ingress_service, .help = "A Service."),
    FIELD_MSG(T, resource, "resource", k8s_ingress_resource, .enforced = "is accepted, but requests for it are answered with 503", .help = "Another object."),
};
static FIELD_MESSAGE(k8s_ingress_backend, NETWORKING "IngressBackend", .at = FIELD_AT(T, at), .check = check_backend, .help = "Where requests go.");
#undef T

static const struct field_enum_name k8s_ingress_path_type_names[] = {
    { "Exact", K8S_INGRESS_PATH_EXACT, "The whole path." },
    { "Prefix", K8S_INGRESS_PATH_PREFIX, "Its first segments." },
    { "ImplementationSpecific", K8S_INGRESS_PATH_SPECIFIC, "A prefix when the path ends with \"*\" or \".*\", else the whole path." },
};
static FIELD_ENUM_TABLE(k8s_ingress_path_type, NETWORKING "PathType");

#define T struct k8s_ingress_path
static const struct field k8s_ingress_path_fields[] = {
    FIELD_STR(T, path, "path", .help = "The path of requests."),
    FIELD_ENUM(T, type, "pathType", k8s_ingress_path_type, .required = true, .help = "How paths are compared."),
    FIELD_MSG(T, backend, "backend", k8s_ingress_backend, .required = true, .help = "Where such requests go."),
};
static FIELD_MESSAGE(k8s_ingress_path, NETWORKING "HTTPIngressPath", .at = FIELD_AT(T, at), .check = check_path, .help = "Where requests with a path go.");
#undef T

#define T struct k8s_ingress_http
static const struct field k8s_ingress_http_fields[] = {
    FIELD_LIST_MSG(T, paths, "paths", k8s_ingress_path, .required = true, .min_items = 1, .help = "Paths; the longest that fits counts, and an exact one before a prefix."),
};
static FIELD_MESSAGE(k8s_ingress_http, NETWORKING "HTTPIngressRuleValue", .help = "Paths of a host.");
#undef T

#define T struct k8s_ingress_rule
static const struct field k8s_ingress_rule_fields[] = {
    FIELD_STR(T, host, "host", .check = check_host, .default_text = "all hosts", .help = "Name in requests; \"*.\" and a name: all below it."),
    FIELD_MSG(T, http, "http", k8s_ingress_http, .default_text = "all paths to defaultBackend", .help = "Paths of the host."),
};
static FIELD_MESSAGE(k8s_ingress_rule, NETWORKING "IngressRule", .at = FIELD_AT(T, at), .help = "Where requests for a host go.");
#undef T

#define T struct k8s_ingress_tls
static const struct field k8s_ingress_tls_fields[] = {
    FIELD_LIST_STR(T, hosts, "hosts", .check = check_host, .default_text = "all hosts", .help = "Names that clients ask for in the handshake."),
    FIELD_STR(T, secret_name, "secretName", .check = api_check_subdomain, .help = "Secret with the certificate: of the Ingress's namespace, else of the gateway's."),
};
static FIELD_MESSAGE(k8s_ingress_tls, NETWORKING "IngressTLS", .at = FIELD_AT(T, at), .help = "A certificate for port 443.");
#undef T

#define T struct k8s_ingress
static const struct field k8s_ingress_fields[] = {
    FIELD_STR(T, class_name, "ingressClassName", .check = api_check_subdomain, .help = "Its IngressClass."),
    FIELD_MSG(T, default_backend, "defaultBackend", k8s_ingress_backend, .help = "Where requests go that no rule fits."),
    FIELD_LIST_MSG(T, tls, "tls", k8s_ingress_tls, .help = "Certificates for port 443."),
    FIELD_LIST_MSG(T, rules, "rules", k8s_ingress_rule, .help = "Where requests go, by host and path."),
};
FIELD_MESSAGE(k8s_ingress, NETWORKING "IngressSpec", .at = FIELD_AT(T, at), .check = check_ingress, .help = "Where requests from outside go.");
#undef T

#define T struct k8s_ingress_port_status
static const struct field k8s_ingress_port_status_fields[] = {
    FIELD_INT32(T, port, "port", .help = "Number."),
    FIELD_STR(T, protocol, "protocol", .help = "TCP, UDP or SCTP."),
    FIELD_STR(T, error, "error", .help = "What is wrong with it."),
};
static FIELD_MESSAGE(k8s_ingress_port_status, NETWORKING "IngressPortStatus", .help = "State of a port.");
#undef T

#define T struct k8s_ingress_address
static const struct field k8s_ingress_address_fields[] = {
    FIELD_STR(T, ip, "ip", .help = "Address."),
    FIELD_STR(T, hostname, "hostname", .help = "Name."),
    FIELD_LIST_MSG(T, ports, "ports", k8s_ingress_port_status, .help = "Its ports."),
};
static FIELD_MESSAGE(k8s_ingress_address, NETWORKING "IngressLoadBalancerIngress", .help = "Where it can be reached.");
#undef T

#define T struct k8s_ingress_balancer
static const struct field k8s_ingress_balancer_fields[] = {
    FIELD_LIST_MSG(T, ingress, "ingress", k8s_ingress_address, .help = "Where it can be reached."),
};
static FIELD_MESSAGE(k8s_ingress_balancer, NETWORKING "IngressLoadBalancerStatus", .help = "State of a load balancer.");
#undef T

#define T struct k8s_ingress_status
static const struct field k8s_ingress_status_fields[] = {
    FIELD_MSG(T, load_balancer, "loadBalancer", k8s_ingress_balancer, .help = "State of the load balancer."),
};
FIELD_MESSAGE(k8s_ingress_status, NETWORKING "IngressStatus", .help = "State of an Ingress.");
#undef T

struct k8s_ingress_root {
    OBJECT_META_HEAD;
    struct k8s_ingress *spec;
    struct k8s_ingress_status *status;
};

#define T struct k8s_ingress_root
static const struct field k8s_ingress_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", k8s_ingress, .required = true, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", k8s_ingress_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(k8s_ingress_root, NETWORKING "Ingress", .at = FIELD_AT(T, at), .help = "Where requests from outside go.");
#undef T

#define T struct k8s_ingress_parameters
static const struct field k8s_ingress_parameters_fields[] = {
    FIELD_STR(T, group, "apiGroup", .help = "Group of the kind."),
    FIELD_STR(T, kind, "kind", .required = true, .help = "Kind of the object."),
    FIELD_STR(T, name, "name", .required = true, .help = "Name of the object."),
    FIELD_STR(T, ns, "namespace", .help = "Namespace of the object."),
    FIELD_STR(T, scope, "scope", .default_text = "Cluster", .help = "Cluster or Namespace."),
};
static FIELD_MESSAGE(k8s_ingress_parameters, NETWORKING "IngressClassParametersReference", .help = "An object with settings.");
#undef T

#define T struct k8s_ingress_class
static const struct field k8s_ingress_class_fields[] = {
    FIELD_STR(T, controller, "controller", .max_len = 250, .help = "Who serves Ingresses of the class: istio.io/ingress-controller for gateways of the mesh."),
    FIELD_MSG(T, parameters, "parameters", k8s_ingress_parameters, .enforced = FIELD_NOT_ENFORCED, .help = "Settings of the controller."),
};
FIELD_MESSAGE(k8s_ingress_class, NETWORKING "IngressClassSpec", .at = FIELD_AT(T, at), .help = "Who serves Ingresses of a class.");
#undef T

struct k8s_ingress_class_root {
    OBJECT_META_HEAD;
    struct k8s_ingress_class *spec;
};

#define T struct k8s_ingress_class_root
static const struct field k8s_ingress_class_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", k8s_ingress_class, .help = "What is wanted."),
};
FIELD_MESSAGE(k8s_ingress_class_root, NETWORKING "IngressClass", .at = FIELD_AT(T, at), .help = "Who serves Ingresses of a class.");
#undef T
/* clang-format on */
