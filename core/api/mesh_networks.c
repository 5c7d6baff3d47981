#include "core/api/mesh_networks.h"

#include "core/api/api_check.h"

/* clang-format off */
#define T struct mesh_networks_endpoints
static const struct field mesh_networks_endpoints_fields[] = {
    FIELD_STR(T, from_cidr, "fromCidr", .proto = 1, .oneof = 1, .check = api_check_ip_or_cidr, .enforced = FIELD_NOT_ENFORCED, .help = "By their addresses."),
    FIELD_STR(T, from_registry, "fromRegistry", .proto = 2, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "By the cluster that knows them."),
};
static FIELD_MESSAGE(mesh_networks_endpoints, "istio.mesh.v1alpha1.Network.NetworkEndpoints", .at = FIELD_AT(T, at), .help = "Endpoints of a network.");
#undef T

#define T struct mesh_networks_gateway
static const struct field mesh_networks_gateway_fields[] = {
    FIELD_STR(T, registry_service_name, "registryServiceName", .proto = 1, .oneof = 1, .check = api_check_host, .enforced = FIELD_NOT_ENFORCED, .help = "By its service."),
    FIELD_STR(T, address, "address", .proto = 2, .oneof = 1, .check = api_check_host, .enforced = FIELD_NOT_ENFORCED, .help = "By its address."),
    FIELD_UINT32(T, port, "port", .proto = 3, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_STR(T, locality, "locality", .proto = 4, .enforced = FIELD_NOT_ENFORCED, .help = "Where it is: region/zone/subzone."),
};
static FIELD_MESSAGE(mesh_networks_gateway, "istio.mesh.v1alpha1.Network.IstioNetworkGateway", .at = FIELD_AT(T, at), .help = "A gateway into a network.");
#undef T

#define T struct mesh_network
static const struct field mesh_network_fields[] = {
    FIELD_LIST_MSG(T, endpoints, "endpoints", mesh_networks_endpoints, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "What is in it."),
    FIELD_LIST_MSG(T, gateways, "gateways", mesh_networks_gateway, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "Ways into it."),
};
static FIELD_MESSAGE(mesh_network, "istio.mesh.v1alpha1.Network", .at = FIELD_AT(T, at), .help = "A network.");
#undef T

#define T struct mesh_networks
static const struct field mesh_networks_fields[] = {
    FIELD_MAP_MSG(T, networks, "networks", mesh_network_entry, mesh_network, .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "The networks, by name."),
};
FIELD_MESSAGE(mesh_networks, "istio.mesh.v1alpha1.MeshNetworks", .at = FIELD_AT(T, at), .help = "Networks whose endpoints reach each other, and ways between them.");
#undef T
/* clang-format on */
