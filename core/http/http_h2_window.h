/* What the peer may send us: credit for streams and for their connection. Internal to core/http;
 * loop thread. */
#ifndef CORE_HTTP_HTTP_H2_WINDOW_H
#define CORE_HTTP_HTTP_H2_WINDOW_H

#include "core/http/http_h2_stream.h"

/* len bytes came for a stream's reader. */
void http_h2_window_hold(struct http_h2_session *h, struct http_h2_stream *s, size_t len);
/* The reader of s took len of them. 0 or nghttp2's error. */
int http_h2_window_took(struct http_h2_session *h, struct http_h2_stream *s, size_t len);
/* s is over: whatever it holds counts no more. */
void http_h2_window_let_go(struct http_h2_session *h, struct http_h2_stream *s);

#endif
