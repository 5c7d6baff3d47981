/* Matches of HTTPRoute and GRPCRoute: how specific they are, and as conditions of core/model. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_MATCH_H
#define CORE_COMPILE_COMPILE_GWAPI_MATCH_H

#include "core/api/gateway_api_route.h"
#include "core/model/model_route.h"

struct compile_gwapi_match { /* zeros: every request */
    int path_type;           /* enum gateway_api_match_type; NONE: any */
    struct str path, method;
    const struct gateway_api_header_match *headers, *params;
    size_t header_count, param_count;
};

/* Both borrow from m; what is not in it is in a. */
void compile_gwapi_match_read_http(const struct gateway_api_http_match *m,
                                   struct compile_gwapi_match *out);
void compile_gwapi_match_read_grpc(const struct gateway_api_grpc_match *m, struct arena *a,
                                   struct compile_gwapi_match *out);
/* Below 0: a is more specific. */
int compile_gwapi_match_order(const struct compile_gwapi_match *a,
                              const struct compile_gwapi_match *b);
/* ERR_INVALID: a regular expression does not compile; *why in v's arena. */
int compile_gwapi_match_build(const struct compile_gwapi_match *m, struct model_route_vhost *v,
                              struct model_match *to, struct str *why);

#endif
