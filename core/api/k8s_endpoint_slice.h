/* Kubernetes' EndpointSlice: addresses behind a service. */
#ifndef CORE_API_K8S_ENDPOINT_SLICE_H
#define CORE_API_K8S_ENDPOINT_SLICE_H

#include "core/api/k8s_object_ref.h"
#include "core/api/object_meta.h"
#include "core/text/field.h"

struct k8s_endpoint_slice_conditions {
    struct field_opt ready, serving, terminating; /* ready !set: ready */
};

struct k8s_endpoint_slice_hint {
    struct str name;
};

struct k8s_endpoint_slice_hints {
    struct k8s_endpoint_slice_hint *zones;
    size_t zones_count;
    struct k8s_endpoint_slice_hint *nodes;
    size_t nodes_count;
};

struct k8s_endpoint_slice_endpoint {
    struct field_at at;
    struct str *addresses;
    size_t addresses_count;
    struct k8s_endpoint_slice_conditions *conditions;
    struct str hostname, node_name, zone;
    struct k8s_object_ref *target;
    struct k8s_endpoint_slice_hints *hints;
    struct field_pair *deprecated_topology;
    size_t deprecated_topology_count;
};

struct k8s_endpoint_slice_port {
    struct str name, protocol, app_protocol;
    struct field_opt port; /* !set: all ports */
};

struct k8s_endpoint_slice { /* the whole object; label kubernetes.io/service-name says whose */
    OBJECT_META_HEAD;
    struct str address_type; /* "IPv4", "IPv6", "FQDN" */
    struct k8s_endpoint_slice_endpoint *endpoints;
    size_t endpoints_count;
    struct k8s_endpoint_slice_port *ports;
    size_t ports_count;
};

extern FIELD_DECLARE(k8s_endpoint_slice);

#endif
