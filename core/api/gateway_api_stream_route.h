/* The Gateway API's TCPRoute, TLSRoute and UDPRoute: connections and datagrams to backends. */
#ifndef CORE_API_GATEWAY_API_STREAM_ROUTE_H
#define CORE_API_GATEWAY_API_STREAM_ROUTE_H

#include "core/api/gateway_api_route.h"

struct gateway_api_stream_rule {
    struct field_at at;
    struct str name;
    struct gateway_api_ref_backend_ref *backends;
    size_t backends_count;
};

struct gateway_api_stream_route { /* the spec of all three; hostnames are TLSRoute's */
    GATEWAY_API_ROUTE_HEAD;
    struct gateway_api_stream_rule *rules;
    size_t rules_count;
};

extern FIELD_DECLARE(gateway_api_stream_route); /* TCPRoute and UDPRoute */
extern const struct field_message gateway_api_stream_route_of_tls;
extern FIELD_DECLARE(gateway_api_stream_route_tcp_root);
extern FIELD_DECLARE(gateway_api_stream_route_tls_root);
extern FIELD_DECLARE(gateway_api_stream_route_udp_root);

#endif
