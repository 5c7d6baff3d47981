/* Kubernetes' Endpoints, which EndpointSlice replaced; still read. */
#ifndef CORE_API_K8S_ENDPOINTS_H
#define CORE_API_K8S_ENDPOINTS_H

#include "core/api/k8s_object_ref.h"
#include "core/api/object_meta.h"
#include "core/text/field.h"

struct k8s_endpoints_address {
    struct field_at at;
    struct str ip, hostname, node_name;
    struct k8s_object_ref *target;
};

struct k8s_endpoints_port {
    struct str name, protocol, app_protocol;
    int64_t port;
};

struct k8s_endpoints_subset { /* every address has every port */
    struct k8s_endpoints_address *addresses;
    size_t addresses_count;
    struct k8s_endpoints_address *not_ready;
    size_t not_ready_count;
    struct k8s_endpoints_port *ports;
    size_t ports_count;
};

struct k8s_endpoints { /* the whole object; named as its service */
    OBJECT_META_HEAD;
    struct k8s_endpoints_subset *subsets;
    size_t subsets_count;
};

extern FIELD_DECLARE(k8s_endpoints);

#endif
