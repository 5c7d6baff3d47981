/* The serving end of HTTP connections: takes a stream, finds out HTTP/1 or HTTP/2, calls a handler
 * per request.
 *
 * A connection lives until the peer, a timeout, drain or an error ends it; it owns its stream. The
 * gate of spec/security.md section 2.1 stands in front: what is ambiguous is refused with 400 and a
 * closed connection before any handler sees it. Loop thread. */
#ifndef CORE_HTTP_HTTP_SERVER_H
#define CORE_HTTP_HTTP_SERVER_H

#include "core/http/http_stream.h"

struct http_server_conn;

enum http_protocol { HTTP_PROTOCOL_AUTO, HTTP_PROTOCOL_H1, HTTP_PROTOCOL_H2 };

/* 0 means the default in brackets. Shared by many connections; must outlive them. */
struct http_server_config {
    enum http_protocol protocol;      /* AUTO: ALPN when TLS negotiated one, else first bytes */
    uint32_t max_header_bytes;        /* [61440] of one head, names and values [Envoy: 60 KiB] */
    uint32_t max_headers;             /* [100] */
    uint32_t max_path_bytes;          /* [32768] */
    uint32_t max_streams;             /* [100] concurrent HTTP/2 streams */
    uint32_t stream_window_bytes;     /* [262144; shared: 65536, growing] */
    uint32_t connection_window_bytes; /* [1048576] */
    uint32_t max_frame_bytes;         /* [16384] DATA frames, both ways as far as the peer agrees */
    uint32_t max_requests;            /* [0: no limit] per connection */
    uint32_t head_timeout_ms;         /* [10000] first byte to complete head */
    uint32_t idle_timeout_ms;         /* [3600000] without a request */
    uint32_t max_resets_per_min;      /* [200] HTTP/2 streams reset by the peer (CVE-2023-44487) */
    /* HTTP/2: many clients' requests share a connection, so a body that nobody reads holds up its
     * own stream alone. */
    bool shared;
    bool accept_http10;
    bool keep_case;          /* HTTP/1: names of headers go on as they came (http_spelling.h) */
    bool allow_connect;      /* CONNECT reaches the handler; else 405 */
    bool extended_connect;   /* announce RFC 8441 */
    const char *server_name; /* value of `server` when the handler set none; NULL: none */
};

struct http_server_handler {
    /* A request's head is complete. The handler owns hs (see http_stream.h) and sets its events
     * before it returns; body events come later. end: there is no body. */
    void (*on_request)(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end);
    /* The connection is gone; last call. conn must not be used after it. May be NULL. */
    void (*on_close)(void *arg, struct http_server_conn *conn, int err);
};

/* Takes over s (owned from the call on, also on failure), whose events it sets. For TLS streams the
 * handshake may still run. */
int http_server_conn_new(struct stream *s, const struct http_server_config *config,
                         const struct http_server_handler *handler, void *arg,
                         struct http_server_conn **out);
/* Lets running requests end, then closes: `Connection: close` on HTTP/1, GOAWAY on HTTP/2. */
void http_server_conn_drain(struct http_server_conn *conn);
/* Ends it at once. on_close follows in the same loop iteration. */
void http_server_conn_close(struct http_server_conn *conn);
uint32_t http_server_conn_active(const struct http_server_conn *conn); /* requests in motion */
struct stream *http_server_conn_stream(struct http_server_conn *conn); /* borrowed */
/* Per connection data of the handler. */
void http_server_conn_set_data(struct http_server_conn *conn, void *data);
void *http_server_conn_data(const struct http_server_conn *conn);

#endif
