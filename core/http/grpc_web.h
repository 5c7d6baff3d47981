/* gRPC-Web to gRPC: a server's stream as seen by somebody who knows only gRPC.
 *
 * Browsers cannot read trailers, so gRPC-Web puts them behind the messages, as a frame of their
 * own:
 *
 *      +------+---------------------+------------------------------------+
 *      | 0x80 | length, 4 bytes, BE | "grpc-status: 0\r\n..."            |
 *      +------+---------------------+------------------------------------+
 *
 * and where they cannot read bytes either, all of it is base64 (application/grpc-web-text). The
 * rest is HTTP as it is. Loop thread. */
#ifndef CORE_HTTP_GRPC_WEB_H
#define CORE_HTTP_GRPC_WEB_H

#include "core/http/http_stream.h"

/* Is this a request of gRPC-Web? */
bool grpc_web_is(const struct http_msg *head);

/* Makes head, which came with inner, a gRPC request, and returns the stream to answer it on; inner
 * belongs to that from now on. */
struct http_stream *grpc_web_wrap(struct http_stream *inner, struct http_msg *head);

#endif
