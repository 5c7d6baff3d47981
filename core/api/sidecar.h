/* Istio's Sidecar: what a workload's proxy listens on, and which services it may know. */
#ifndef CORE_API_SIDECAR_H
#define CORE_API_SIDECAR_H

#include "core/api/istio_gateway.h"
#include "core/api/traffic_policy.h"
#include "core/api/virtual_service.h"
#include "core/api/workload_selector.h"
#include "core/text/field.h"

enum sidecar_capture {
    SIDECAR_CAPTURE_DEFAULT = 0,
    SIDECAR_CAPTURE_IPTABLES = 1,
    SIDECAR_CAPTURE_NONE = 2,
};

enum sidecar_outbound_mode {
    SIDECAR_REGISTRY_ONLY = 0,
    SIDECAR_ALLOW_ANY = 1,
};

struct sidecar_port {
    struct field_at at;
    int64_t number;
    struct str protocol, name;
    int64_t target_port; /* the old way */
};

struct sidecar_ingress {
    struct field_at at;
    struct sidecar_port *port;
    struct str bind;
    int capture_mode; /* enum sidecar_capture */
    struct str default_endpoint;
    struct istio_gateway_tls *tls;
    struct traffic_policy_pool *pool;
};

struct sidecar_egress {
    struct field_at at;
    struct sidecar_port *port; /* NULL: all ports */
    struct str bind;
    int capture_mode;  /* enum sidecar_capture */
    struct str *hosts; /* "namespace/host" */
    size_t hosts_count;
};

struct sidecar_outbound {
    struct field_at at;
    int mode; /* enum sidecar_outbound_mode */
    struct virtual_service_destination *egress_proxy;
};

struct sidecar { /* the spec */
    struct field_at at;
    struct workload_selector_labels *selector;
    struct sidecar_ingress *ingress;
    size_t ingress_count;
    struct sidecar_egress *egress;
    size_t egress_count;
    struct traffic_policy_pool *inbound_pool;
    struct sidecar_outbound *outbound;
};

extern FIELD_DECLARE(sidecar);
extern FIELD_DECLARE(sidecar_root);

#endif
