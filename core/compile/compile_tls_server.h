/* TLS settings of a gateway's servers: certificates, who may come in, versions and suites. */
#ifndef CORE_COMPILE_COMPILE_TLS_SERVER_H
#define CORE_COMPILE_COMPILE_TLS_SERVER_H

#include "core/api/istio_gateway.h"
#include "core/compile/compile_state.h"

struct tls_config;

/* For SIMPLE, MUTUAL and OPTIONAL_MUTUAL. *out has one reference for the caller. ERR_*: reported to
 * c's diag at owner; *out is NULL then. */
int compile_tls_server(struct compile *c, const struct object *owner,
                       const struct istio_gateway_tls *tls, bool http, struct tls_config **out,
                       struct arena *a);

/* Another value when what these settings are read from changed. */
uint64_t compile_tls_server_digest(const struct compile *c, const struct object *owner,
                                   const struct istio_gateway_tls *tls);

#endif
