#include "core/xds/xds_msg.h"

#define PKG "envoy.service.discovery.v3."

/* clang-format off */
#define T struct xds_msg_status
static const struct field xds_msg_status_fields[] = {
    FIELD_INT32(T, code, "code", .proto = 1),
    FIELD_STR(T, message, "message", .proto = 2),
};
static FIELD_MESSAGE(xds_msg_status, "google.rpc.Status");
#undef T

#define T struct xds_msg_node
static const struct field xds_msg_node_fields[] = {
    FIELD_STR(T, id, "id", .proto = 1),
    FIELD_STR(T, cluster, "cluster", .proto = 2),
    FIELD_JSON(T, metadata, "metadata", .proto = 3),
    FIELD_STR(T, user_agent_name, "userAgentName", .proto = 6),
};
static FIELD_MESSAGE(xds_msg_node, "envoy.config.core.v3.Node");
#undef T

#define T struct xds_msg_request
static const struct field xds_msg_request_fields[] = {
    FIELD_MSG(T, node, "node", xds_msg_node, .proto = 1),
    FIELD_STR(T, type_url, "typeUrl", .proto = 2),
    FIELD_LIST_STR(T, subscribe, "resourceNamesSubscribe", .proto = 3),
    FIELD_LIST_STR(T, unsubscribe, "resourceNamesUnsubscribe", .proto = 4),
    FIELD_MAP_STR(T, initial, "initialResourceVersions", .proto = 5),
    FIELD_STR(T, nonce, "responseNonce", .proto = 6),
    FIELD_MSG(T, error, "errorDetail", xds_msg_status, .proto = 7),
};
FIELD_MESSAGE(xds_msg_request, PKG "DeltaDiscoveryRequest");
#undef T

#define T struct xds_msg_resource
static const struct field xds_msg_resource_fields[] = {
    FIELD_STR(T, version, "version", .proto = 1),
    FIELD_MSG(T, resource, "resource", field_any, .proto = 2),
    FIELD_STR(T, name, "name", .proto = 3),
    FIELD_LIST_STR(T, aliases, "aliases", .proto = 4),
};
static FIELD_MESSAGE(xds_msg_resource, PKG "Resource");
#undef T

#define T struct xds_msg_response
static const struct field xds_msg_response_fields[] = {
    FIELD_STR(T, system_version, "systemVersionInfo", .proto = 1),
    FIELD_LIST_MSG(T, resources, "resources", xds_msg_resource, .proto = 2),
    FIELD_STR(T, type_url, "typeUrl", .proto = 4),
    FIELD_STR(T, nonce, "nonce", .proto = 5),
    FIELD_LIST_STR(T, removed, "removedResources", .proto = 6),
};
FIELD_MESSAGE(xds_msg_response, PKG "DeltaDiscoveryResponse");
#undef T

#define T struct xds_msg_csr
static const struct field xds_msg_csr_fields[] = {
    FIELD_STR(T, csr, "csr", .proto = 1),
    FIELD_INT(T, validity_s, "validityDuration", .proto = 3),
    FIELD_JSON(T, metadata, "metadata", .proto = 4),
};
FIELD_MESSAGE(xds_msg_csr, "istio.v1.auth.IstioCertificateRequest");
#undef T

#define T struct xds_msg_cert
static const struct field xds_msg_cert_fields[] = {
    FIELD_LIST_STR(T, chain, "certChain", .proto = 1),
};
FIELD_MESSAGE(xds_msg_cert, "istio.v1.auth.IstioCertificateResponse");
#undef T
/* clang-format on */
