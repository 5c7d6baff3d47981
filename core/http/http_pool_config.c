#include "core/http/http_pool_config.h"

#include "core/tls/stream_tls.h"

void http_pool_config_limits(const struct http_pool_config *c, struct http_h1_limits *h1,
                             struct http_h2_client_config *h2)
{
    *h1 = (struct http_h1_limits){
        .max_header_bytes = c->max_header_bytes ? c->max_header_bytes : 61440,
        .max_headers = 200,
    };
    *h2 = (struct http_h2_client_config){
        .max_streams = c->max_streams_per_conn,
        .stream_window_bytes = c->stream_window_bytes,
        .connection_window_bytes = c->connection_window_bytes,
        .max_frame_bytes = c->max_frame_bytes,
        .max_header_bytes = c->max_header_bytes,
        .ping_interval_ms = c->ping_interval_ms,
    };
}

enum http_protocol http_pool_config_negotiated(const struct http_pool_config *c, struct stream *s)
{
    struct stream_tls_info info;

    if (c->protocol != HTTP_PROTOCOL_AUTO)
        return c->protocol;
    if (stream_tls_get_info(s, &info) &&
        (info.alpn_id & (TLS_ALPN_H2 | TLS_ALPN_ISTIO_H2 | TLS_ALPN_MESH)))
        return HTTP_PROTOCOL_H2;
    return HTTP_PROTOCOL_H1;
}

bool http_pool_config_accepts(const struct http_pool_config *c, struct stream *s)
{
    struct stream_tls_info info;

    return !c->require_alpn || (stream_tls_get_info(s, &info) && (info.alpn_id & c->require_alpn));
}
