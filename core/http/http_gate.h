/* The strict checks on a head, after llhttp and nghttp2 and before anybody else sees it.
 *
 * llhttp and nghttp2 parse; they let through what two programs may understand differently (two Host
 * headers, `Content-Length: 010`, `Transfer-Encoding` on HTTP/1.0 ...). Whatever is ambiguous is
 * refused here, in one place, for both versions and both directions. The functions also take the
 * connection-level headers out of the list and into the fields of the message, since framing is
 * never forwarded. All return 0 or ERR_PROTO; *m is half changed then. Any thread. */
#ifndef CORE_HTTP_HTTP_GATE_H
#define CORE_HTTP_HTTP_GATE_H

#include "core/http/http_msg.h"

/* What an HTTP/1 head says about the connection and the body that follows. */
struct http_gate_framing {
    bool chunked;
    bool close; /* no further message after this one: Connection: close, or HTTP/1.0's default */
    bool has_idle_s;
    uint32_t idle_s; /* Keep-Alive: timeout=N: how long the sender keeps an idle connection */
};

/* m: method, version and all headers as received, names in lower case. target: the request target
 * as received; a fragment is cut off. Fills authority, path, upgrade, content_length,
 * expect_continue; scheme only from an absolute-form target. */
int http_gate_h1_request(struct http_msg *m, struct str target, struct http_gate_framing *out);
/* m: status, version and headers. */
int http_gate_h1_response(struct http_msg *m, struct http_gate_framing *out);
/* m: the pseudo-headers in method_name, scheme, authority, path and upgrade (:protocol), the other
 * headers in the list. An extended CONNECT (RFC 8441) becomes a GET with upgrade set, as HTTP/1
 * would have asked. */
int http_gate_h2_request(struct http_msg *m);
int http_gate_h2_response(struct http_msg *m);
/* Trailers of either version: no framing, no routing, no connection-level names. */
int http_gate_trailers(const struct http_headers *trailers);

/* Lower-cases p[0..len-1] in place; false when it is not an RFC 9110 token. */
bool http_gate_lower_name(char *p, size_t len);
/* A method: an RFC 9110 token of at most 32 bytes. */
bool http_gate_is_token(struct str s);
/* host[:port], no userinfo, no percent coding, no empty parts. */
bool http_gate_is_authority(struct str s);
/* A request target in origin form: '/' and then visible ASCII without '#'. */
bool http_gate_is_path(struct str s);
/* Content-Length: 0, or digits without a leading zero that fit 63 bits. */
int http_gate_length(struct str value, int64_t *out);

#endif
