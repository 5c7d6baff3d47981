/* Messages of delta xDS (envoy.service.discovery.v3) and of the certificate service, as tables.
 *
 * Field numbers are those of Envoy's and Istio's schemas; what nobody here reads is left out and
 * skipped when it comes. */
#ifndef CORE_XDS_XDS_MSG_H
#define CORE_XDS_XDS_MSG_H

#include "core/text/field.h"

#define XDS_MSG_DELTA_PATH                                                                         \
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
#define XDS_MSG_CERTIFICATE_PATH "/istio.v1.auth.IstioCertificateService/CreateCertificate"

/* Type URLs. OBJECT: objects of every kind as istio.mcp.v1alpha1.Resource; a resource's name is
 * "PLURAL[.GROUP]/NAMESPACE/NAME". */
#define XDS_MSG_OBJECT_TYPE        "mesh.dev/v1/Object"
#define XDS_MSG_OBJECT_ANY         "type.googleapis.com/istio.mcp.v1alpha1.Resource"
#define XDS_MSG_ADDRESS_TYPE       "type.googleapis.com/istio.workload.Address"
#define XDS_MSG_AUTHORIZATION_TYPE "type.googleapis.com/istio.security.Authorization"
/* From client to server only: node.metadata describes a workload to register; unsubscribing from
 * "*" takes it back. And its health: error_detail says what is wrong, none that all is well. */
#define XDS_MSG_WORKLOAD_TYPE "mesh.dev/v1/Workload"
#define XDS_MSG_HEALTH_TYPE   "type.googleapis.com/istio.v1.HealthInformation"

/* The name that carries a position in initial_resource_versions, resources and removed_resources;
 * see xds_server.h. */
#define XDS_MSG_RESUME "mesh.resume/1"

struct xds_msg_status { /* google.rpc.Status */
    int64_t code;
    struct str message;
};

struct xds_msg_node {
    struct str id, cluster;
    const struct node *metadata; /* a map */
    struct str user_agent_name;
};

struct xds_msg_request { /* DeltaDiscoveryRequest */
    struct xds_msg_node *node;
    struct str type_url;
    struct str *subscribe, *unsubscribe;
    size_t subscribe_count, unsubscribe_count;
    struct field_pair *initial; /* name -> version */
    size_t initial_count;
    struct str nonce;
    struct xds_msg_status *error;
};

struct xds_msg_resource {
    struct str name;
    struct str *aliases;
    size_t aliases_count;
    struct str version;
    struct field_any *resource;
};

struct xds_msg_response { /* DeltaDiscoveryResponse */
    struct str system_version;
    struct xds_msg_resource *resources;
    size_t resources_count;
    struct str type_url;
    struct str *removed;
    size_t removed_count;
    struct str nonce;
};

struct xds_msg_csr { /* IstioCertificateRequest */
    struct str csr;
    int64_t validity_s;
    const struct node *metadata;
};

struct xds_msg_cert { /* IstioCertificateResponse: leaf, intermediates, roots; PEM each */
    struct str *chain;
    size_t chain_count;
};

extern FIELD_DECLARE(xds_msg_request);
extern FIELD_DECLARE(xds_msg_response);
extern FIELD_DECLARE(xds_msg_csr);
extern FIELD_DECLARE(xds_msg_cert);

#endif
