/* What the settings of a pool mean for its connections. Any thread. */
#ifndef CORE_HTTP_HTTP_POOL_CONFIG_H
#define CORE_HTTP_HTTP_POOL_CONFIG_H

#include "core/http/http_h1_client.h"
#include "core/http/http_h2_client.h"
#include "core/http/http_pool.h"

void http_pool_config_limits(const struct http_pool_config *c, struct http_h1_limits *h1,
                             struct http_h2_client_config *h2);
/* The protocol of a new connection: the one set, or what the handshake agreed on; without TLS, or
 * without an answer, HTTP/1. */
enum http_protocol http_pool_config_negotiated(const struct http_pool_config *c, struct stream *s);
/* Whether a new connection agreed on what it has to (require_alpn). */
bool http_pool_config_accepts(const struct http_pool_config *c, struct stream *s);

#endif
