/* A request or response head, the same for HTTP/1 and HTTP/2.
 *
 * Names are lower case; well-known ones carry a token, so that matching compares integers. All
 * slices live in the message's arena. Connection-level headers (connection, keep-alive,
 * transfer-encoding, te other than trailers, upgrade, proxy-connection, http2-settings, host,
 * content-length) are taken out by the codecs into the fields below and written back by them:
 * framing is regenerated, never forwarded. */
#ifndef CORE_HTTP_HTTP_MSG_H
#define CORE_HTTP_HTTP_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/http/http_headers.h"

enum http_version { HTTP_VERSION_10, HTTP_VERSION_11, HTTP_VERSION_2 };

enum http_method {
    HTTP_METHOD_OTHER, /* look at method_name */
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_CONNECT,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_TRACE,
    HTTP_METHOD_PATCH,
};

#define HTTP_LENGTH_UNKNOWN ((int64_t)-1)

struct http_spelling;

struct http_msg {
    bool is_response;
    uint8_t version; /* enum http_version, as received */
    uint8_t method;  /* enum http_method */
    bool expect_continue;
    uint16_t status; /* responses */
    struct str method_name;
    struct str scheme;    /* "http" or "https" */
    struct str authority; /* Host or :authority; for CONNECT the target */
    struct str path;      /* with query; empty for CONNECT */
    /* The protocol asked for by Upgrade (HTTP/1.1) or :protocol (RFC 8441), lower case, e.g.
     * "websocket"; empty when none. After it was accepted (status 101, or 200 to an extended
     * CONNECT; both are shown as 101) the bodies are raw bytes in both directions. */
    struct str upgrade;
    int64_t content_length; /* of the body, or HTTP_LENGTH_UNKNOWN */
    struct http_headers headers;
    const struct http_spelling *spelling; /* HTTP/1 that keeps the case of names; NULL: not kept */
};

void http_msg_init(struct http_msg *m, struct arena *arena);
/* Sets method and method_name. */
void http_msg_set_method(struct http_msg *m, struct str name);
enum http_method http_msg_method_of(struct str name);
/* The path without query / the query without '?', both slices of path. */
struct str http_msg_path_only(const struct http_msg *m);
struct str http_msg_query(const struct http_msg *m);
/* The reason phrase of a status for HTTP/1, "" when there is no standard one. */
struct str http_msg_reason(int status);
/* "HTTP/1.0", "HTTP/1.1" or "HTTP/2", as logs and spans name them. Any thread. */
struct str http_msg_version_text(enum http_version version);

#endif
