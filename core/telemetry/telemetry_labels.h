/* The labels of Istio's standard metrics (spec features.md section 4.1) from a decision. */
#ifndef CORE_TELEMETRY_TELEMETRY_LABELS_H
#define CORE_TELEMETRY_TELEMETRY_LABELS_H

#include "core/model/decision.h"

enum telemetry_label {
    TELEMETRY_REPORTER,
    TELEMETRY_SOURCE_WORKLOAD,
    TELEMETRY_SOURCE_CANONICAL_SERVICE,
    TELEMETRY_SOURCE_CANONICAL_REVISION,
    TELEMETRY_SOURCE_WORKLOAD_NAMESPACE,
    TELEMETRY_SOURCE_PRINCIPAL,
    TELEMETRY_SOURCE_APP,
    TELEMETRY_SOURCE_VERSION,
    TELEMETRY_SOURCE_CLUSTER,
    TELEMETRY_DESTINATION_WORKLOAD,
    TELEMETRY_DESTINATION_WORKLOAD_NAMESPACE,
    TELEMETRY_DESTINATION_PRINCIPAL,
    TELEMETRY_DESTINATION_APP,
    TELEMETRY_DESTINATION_VERSION,
    TELEMETRY_DESTINATION_SERVICE,
    TELEMETRY_DESTINATION_CANONICAL_SERVICE,
    TELEMETRY_DESTINATION_CANONICAL_REVISION,
    TELEMETRY_DESTINATION_SERVICE_NAME,
    TELEMETRY_DESTINATION_SERVICE_NAMESPACE,
    TELEMETRY_DESTINATION_CLUSTER,
    TELEMETRY_REQUEST_PROTOCOL,
    TELEMETRY_RESPONSE_FLAGS,
    TELEMETRY_CONNECTION_SECURITY_POLICY,
    TELEMETRY_TCP_LABELS, /* the rest is for HTTP; of TCP, MORE stands here */
    TELEMETRY_RESPONSE_CODE = TELEMETRY_TCP_LABELS,
    TELEMETRY_GRPC_RESPONSE_STATUS,
    TELEMETRY_HTTP_LABELS, /* likewise of HTTP */
    TELEMETRY_ALL_LABELS,
};

/* Names in the order of the enum, as initialisers of stats_def.labels. */
#define TELEMETRY_LABEL_NAMES_TCP                                                                  \
    "reporter", "source_workload", "source_canonical_service", "source_canonical_revision",        \
        "source_workload_namespace", "source_principal", "source_app", "source_version",           \
        "source_cluster", "destination_workload", "destination_workload_namespace",                \
        "destination_principal", "destination_app", "destination_version", "destination_service",  \
        "destination_canonical_service", "destination_canonical_revision",                         \
        "destination_service_name", "destination_service_namespace", "destination_cluster",        \
        "request_protocol", "response_flags", "connection_security_policy"
#define TELEMETRY_LABEL_NAMES_HTTP                                                                 \
    TELEMETRY_LABEL_NAMES_TCP, "response_code", "grpc_response_status"

/* Texts that had to be made; the values may point into it. */
struct telemetry_labels {
    struct str values[TELEMETRY_ALL_LABELS];
    char flags[128], code[8], grpc[8], own_principal[512], source_principal[512];
    char destination_principal[512];
};

/* source: the client of an inbound request (telemetry_peer.h), or NULL; node: this proxy. Fills all
 * of *out, whose values are valid as long as it and the decision are. */
void telemetry_labels_fill(struct telemetry_labels *out, const struct decision *d,
                           const struct model_telemetry_peer *source,
                           const struct model_node *node);

/* The inbound port of a decision, or NULL. */
const struct model_inbound_port *telemetry_labels_port(const struct decision *d);

#endif
