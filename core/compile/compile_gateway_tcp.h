/* Connections that a gateway passes on without looking inside: TCP, terminated TLS, TLS told apart
 * by its server name. */
#ifndef CORE_COMPILE_COMPILE_GATEWAY_TCP_H
#define CORE_COMPILE_COMPILE_GATEWAY_TCP_H

#include "core/api/istio_gateway.h"
#include "core/compile/compile_part.h"
#include "core/compile/compile_state.h"

/* Fills to->tcp from the VirtualServices bound to the server: their tls rules for passthrough, else
 * their tcp rules. */
void compile_gateway_tcp_build(struct compile *c, struct compile_part *part,
                               const struct object *gateway, struct str gateway_key,
                               const struct istio_gateway_server *server, uint16_t port,
                               bool passthrough, struct model_gateway_server *to);

#endif
