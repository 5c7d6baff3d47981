#include "core/api/k8s_endpoints.h"

#include "core/api/api_check.h"

#define CORE "io.k8s.api.core.v1."

/* clang-format off */
#define T struct k8s_endpoints_address
static const struct field k8s_endpoints_address_fields[] = {
    FIELD_STR(T, ip, "ip", .required = true, .check = api_check_ip, .help = "Address."),
    FIELD_STR(T, hostname, "hostname", .check = api_check_label, .help = "Name of its own, below the service's."),
    FIELD_STR(T, node_name, "nodeName", .help = "Node it runs on."),
    FIELD_MSG(T, target, "targetRef", k8s_object_ref, .help = "The pod it is."),
};
static FIELD_MESSAGE(k8s_endpoints_address, CORE "EndpointAddress", .at = FIELD_AT(T, at), .help = "One endpoint.");
#undef T

#define T struct k8s_endpoints_port
static const struct field k8s_endpoints_port_fields[] = {
    FIELD_STR(T, name, "name", .help = "Name of the service's port."),
    FIELD_INT32(T, port, "port", .required = true, .min = 1, .max = 65535, .help = "Port number."),
    FIELD_STR(T, protocol, "protocol", .default_text = "TCP", .help = "TCP, UDP or SCTP."),
    FIELD_STR(T, app_protocol, "appProtocol", .help = "What is spoken there."),
};
static FIELD_MESSAGE(k8s_endpoints_port, CORE "EndpointPort", .help = "A port that all of them have.");
#undef T

#define T struct k8s_endpoints_subset
static const struct field k8s_endpoints_subset_fields[] = {
    FIELD_LIST_MSG(T, addresses, "addresses", k8s_endpoints_address, .help = "Those that take traffic."),
    FIELD_LIST_MSG(T, not_ready, "notReadyAddresses", k8s_endpoints_address, .help = "Those that do not yet."),
    FIELD_LIST_MSG(T, ports, "ports", k8s_endpoints_port, .help = "Ports that all of them have."),
};
static FIELD_MESSAGE(k8s_endpoints_subset, CORE "EndpointSubset", .help = "Endpoints with the same ports.");
#undef T

#define T struct k8s_endpoints
static const struct field k8s_endpoints_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_LIST_MSG(T, subsets, "subsets", k8s_endpoints_subset, .help = "Endpoints by their ports."),
};
FIELD_MESSAGE(k8s_endpoints, CORE "Endpoints", .at = FIELD_AT(T, at), .help = "Addresses behind a service; EndpointSlice replaced it.");
#undef T
/* clang-format on */
