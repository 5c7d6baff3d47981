/* The sending half of an HTTP/2 stream: what users call. Internal to core/http. */
#ifndef CORE_HTTP_HTTP_H2_SEND_H
#define CORE_HTTP_HTTP_H2_SEND_H

#include "core/http/http_h2_stream.h"

extern const struct http_stream_ops http_h2_send_ops;

/* SETTINGS came: sends a request that waited for them. */
void http_h2_send_early(struct http_h2_stream *s);

/* Answers a request that no handler sees; the stream goes away by itself. */
void http_h2_send_refusal(struct http_h2_stream *s, int status);

#endif
