/* Gateways of the Gateway API that this process serves: listeners and routes beside those of
 * Istio's Gateways.
 *
 * A process with the label gateway.networking.k8s.io/gateway-name serves the Gateway of that name
 * in its namespace, as Istio's do; one without the label serves all of our classes. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_GATEWAY_H
#define CORE_COMPILE_COMPILE_GWAPI_GATEWAY_H

#include "core/compile/compile_gateway.h"

struct compile_gwapi_view;

/* Listeners that there may be, to make room in data. */
uint32_t compile_gwapi_gateway_room(struct compile *c, const struct compile_gwapi_view *v);
/* Appends to data; what it holds goes to part. Ports that data has already are left alone. */
void compile_gwapi_gateway_build(struct compile *c, const struct compile_gwapi_view *v,
                                 struct compile_part *part, struct compile_gateway *data,
                                 const struct compile_gateway *old);

#endif
