/* TLS settings of a gateway's servers, kept from one build to the next while nothing they were made
 * from changed. */
#ifndef CORE_COMPILE_COMPILE_GATEWAY_TLS_H
#define CORE_COMPILE_COMPILE_GATEWAY_TLS_H

#include "core/api/istio_gateway.h"
#include "core/compile/compile_gateway.h"

/* One reference for the caller; NULL: reported. */
struct tls_config *compile_gateway_tls_get(struct compile *c, struct compile_gateway *data,
                                           const struct compile_gateway *old,
                                           const struct object *gateway,
                                           const struct istio_gateway_server *server,
                                           uint32_t index, bool http);
void compile_gateway_tls_drop(struct compile_gateway *data);

#endif
