/* Filters of HTTPRoute and GRPCRoute as actions of core/model. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_FILTER_H
#define CORE_COMPILE_COMPILE_GWAPI_FILTER_H

#include "core/api/gateway_api_filter.h"
#include "core/compile/compile_gwapi.h"
#include "core/compile/compile_route.h"

/* Fills r by a rule's filters. false: one of them cannot be done, so that requests must not pass
 * without it. */
bool compile_gwapi_filter_build(const struct compile_gwapi_world *w,
                                const struct compile_route_place *place, const struct object *route,
                                const struct gateway_api_filter *filters, size_t count,
                                struct model_route_vhost *v, struct model_route *r);
/* The same for a backend's, which may change headers only. */
bool compile_gwapi_filter_headers(const struct gateway_api_filter *filters, size_t count,
                                  struct arena *a, struct model_header_ops *request,
                                  struct model_header_ops *response);
/* Why a filter cannot be done, for a route's status; reason NULL: it can. */
struct compile_gwapi_fault compile_gwapi_filter_judge(const struct gateway_api_filter *f,
                                                      bool of_backend, struct arena *a);

#endif
