#include "core/api/k8s_endpoint_slice.h"

#include <stdio.h>

#include "core/api/api_check.h"

#define V1 "io.k8s.api.discovery.v1."

static void check_slice(struct field_check *c, const void *message)
{
    const struct k8s_endpoint_slice *s = message;
    bool names = str_is(s->address_type, "FQDN");
    char where[64];

    if (!names && !str_is(s->address_type, "IPv4") && !str_is(s->address_type, "IPv6") &&
        s->address_type.len > 0)
        field_decode_error_at(c, "addressType", "\"%.*s\" is not IPv4, IPv6 or FQDN",
                              STR_ARG(s->address_type));
    for (size_t i = 0; i < s->endpoints_count; i++)
        for (size_t j = 0; j < s->endpoints[i].addresses_count; j++) {
            struct str address = s->endpoints[i].addresses[j];

            snprintf(where, sizeof(where), "endpoints[%zu].addresses[%zu]", i, j);
            if (names ? !api_check_is_host(address) : !api_check_is_ip(address))
                field_decode_error_at(c, where, "\"%.*s\" is not %s", STR_ARG(address),
                                      names ? "a host name" : "an IP address");
        }
}

/* clang-format off */
#define T struct k8s_endpoint_slice_conditions
static const struct field k8s_endpoint_slice_conditions_fields[] = {
    FIELD_OPT_BOOL(T, ready, "ready", .default_text = "true", .help = "Takes traffic."),
    FIELD_OPT_BOOL(T, serving, "serving", .help = "Can answer, even when it is ending."),
    FIELD_OPT_BOOL(T, terminating, "terminating", .help = "Is ending."),
};
static FIELD_MESSAGE(k8s_endpoint_slice_conditions, V1 "EndpointConditions", .help = "State of an endpoint.");
#undef T

#define T struct k8s_endpoint_slice_hint
static const struct field k8s_endpoint_slice_hint_fields[] = {
    FIELD_STR(T, name, "name", .required = true, .help = "Name of a zone or node."),
};
static FIELD_MESSAGE(k8s_endpoint_slice_hint, V1 "ForZone", .help = "For whom an endpoint is meant.");
#undef T

#define T struct k8s_endpoint_slice_hints
static const struct field k8s_endpoint_slice_hints_fields[] = {
    FIELD_LIST_MSG(T, zones, "forZones", k8s_endpoint_slice_hint, .enforced = FIELD_NOT_ENFORCED, .help = "Zones that should use it."),
    FIELD_LIST_MSG(T, nodes, "forNodes", k8s_endpoint_slice_hint, .enforced = FIELD_NOT_ENFORCED, .help = "Nodes that should use it."),
};
static FIELD_MESSAGE(k8s_endpoint_slice_hints, V1 "EndpointHints", .help = "Who should use an endpoint.");
#undef T

#define T struct k8s_endpoint_slice_endpoint
static const struct field k8s_endpoint_slice_endpoint_fields[] = {
    FIELD_LIST_STR(T, addresses, "addresses", .required = true, .min_items = 1, .max_items = 100, .help = "Addresses of the endpoint; the first is used."),
    FIELD_MSG(T, conditions, "conditions", k8s_endpoint_slice_conditions, .help = "State."),
    FIELD_STR(T, hostname, "hostname", .check = api_check_label, .help = "Name of its own, below the service's."),
    FIELD_STR(T, node_name, "nodeName", .help = "Node it runs on."),
    FIELD_STR(T, zone, "zone", .help = "Zone it is in."),
    FIELD_MSG(T, target, "targetRef", k8s_object_ref, .help = "The pod it is."),
    FIELD_MSG(T, hints, "hints", k8s_endpoint_slice_hints, .enforced = FIELD_NOT_ENFORCED, .help = "Who should use it."),
    FIELD_MAP_STR(T, deprecated_topology, "deprecatedTopology", .help = "From the beta version."),
};
static FIELD_MESSAGE(k8s_endpoint_slice_endpoint, V1 "Endpoint", .at = FIELD_AT(T, at), .help = "One endpoint.");
#undef T

#define T struct k8s_endpoint_slice_port
static const struct field k8s_endpoint_slice_port_fields[] = {
    FIELD_STR(T, name, "name", .help = "Name of the service's port."),
    FIELD_STR(T, protocol, "protocol", .default_text = "TCP", .help = "TCP, UDP or SCTP."),
    FIELD_OPT_INT32(T, port, "port", .max = 65535, .default_text = "all", .help = "Port number."),
    FIELD_STR(T, app_protocol, "appProtocol", .help = "What is spoken there."),
};
static FIELD_MESSAGE(k8s_endpoint_slice_port, V1 "EndpointPort", .help = "A port that all endpoints have.");
#undef T

#define T struct k8s_endpoint_slice
static const struct field k8s_endpoint_slice_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_STR(T, address_type, "addressType", .required = true, .help = "IPv4, IPv6 or FQDN."),
    FIELD_LIST_MSG(T, endpoints, "endpoints", k8s_endpoint_slice_endpoint, .max_items = 1000, .help = "The endpoints."),
    FIELD_LIST_MSG(T, ports, "ports", k8s_endpoint_slice_port, .max_items = 100, .help = "Ports that all of them have."),
};
FIELD_MESSAGE(k8s_endpoint_slice, V1 "EndpointSlice", .at = FIELD_AT(T, at), .check = check_slice, .help = "Addresses behind a service.");
#undef T
/* clang-format on */
