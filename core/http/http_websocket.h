/* WebSocket's handshake headers where one side of a proxy speaks HTTP/1 and the other HTTP/2.
 *
 * HTTP/1 proves with a key and its digest that the peer knows WebSocket (RFC 6455 section 4);
 * HTTP/2 has :protocol for that and no key (RFC 8441 section 5). So a key is made for an HTTP/1
 * server when the request has none, and answered for an HTTP/1 client when the answer has none. */
#ifndef CORE_HTTP_HTTP_WEBSOCKET_H
#define CORE_HTTP_HTTP_WEBSOCKET_H

#include "core/base/random.h"
#include "core/http/http_msg.h"

bool http_websocket_is(struct str upgrade);
/* A Sec-WebSocket-Key, in a. */
struct str http_websocket_key(struct arena *a, struct random *r);
/* The Sec-WebSocket-Accept that answers key, in a. */
struct str http_websocket_accept(struct arena *a, struct str key);
/* Adds to the answer of a request with a key what proves it, unless it is there. m's list becomes a
 * copy in a. */
void http_websocket_answer(struct http_msg *m, const struct http_msg *request, struct arena *a);

#endif
