/* Istio's MeshNetworks: networks, and the gateways between them. */
#ifndef CORE_API_MESH_NETWORKS_H
#define CORE_API_MESH_NETWORKS_H

#include "core/text/field.h"

struct mesh_networks_endpoints {
    struct field_at at;
    struct str from_cidr;
    struct str from_registry;
};

struct mesh_networks_gateway {
    struct field_at at;
    struct str registry_service_name;
    struct str address;
    int64_t port;
    struct str locality;
};

struct mesh_network {
    struct field_at at;
    struct mesh_networks_endpoints *endpoints;
    size_t endpoints_count;
    struct mesh_networks_gateway *gateways;
    size_t gateways_count;
};

struct mesh_network_entry {
    struct str key;
    struct mesh_network value;
};

struct mesh_networks {
    struct field_at at;
    struct mesh_network_entry *networks;
    size_t networks_count;
};

extern FIELD_DECLARE(mesh_networks);

#endif
