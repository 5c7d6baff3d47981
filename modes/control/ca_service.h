/* istio.v1.auth.IstioCertificateService over gRPC: finds out who asks, lets ca_policy decide,
 * signs. Main thread. */
#ifndef MODES_CONTROL_CA_SERVICE_H
#define MODES_CONTROL_CA_SERVICE_H

#include "core/http/grpc_server.h"
#include "modes/control/ads.h"

struct ca;
struct store;

/* What a listener gives its gRPC server as arg: it serves both methods. */
struct ca_service_port {
    struct ads_port ads; /* first */
    struct ca *ca;
    struct store *store;
};

extern const struct grpc_server_method ca_service_method;

#endif
