/* Heads and chunks as HTTP/1 puts them on the wire.
 *
 * Framing is made here and nowhere else: Host, Content-Length, Transfer-Encoding, Connection and
 * Upgrade come from the message's fields and the arguments, never from its list. A name or value
 * that could break out of its line is refused, wherever it came from. Any thread. */
#ifndef CORE_HTTP_HTTP_H1_WRITE_H
#define CORE_HTTP_HTTP_H1_WRITE_H

#include "core/base/buf.h"
#include "core/http/http_msg.h"

enum http_h1_framing {
    HTTP_H1_BODY_NONE,   /* no body on the wire */
    HTTP_H1_BODY_LENGTH, /* content_length bytes */
    HTTP_H1_BODY_CHUNKED,
    HTTP_H1_BODY_CLOSE, /* until the connection closes */
    HTTP_H1_BODY_RAW,   /* after 101, or 2xx to CONNECT */
};

enum http_h1_connection {
    HTTP_H1_CONNECTION_DEFAULT, /* nothing to say */
    HTTP_H1_CONNECTION_CLOSE,
    HTTP_H1_CONNECTION_KEEP,    /* to an HTTP/1.0 client */
    HTTP_H1_CONNECTION_UPGRADE, /* m->upgrade is the protocol */
};

/* What a head is written with, besides the message. */
struct http_h1_write {
    uint8_t framing;         /* enum http_h1_framing */
    uint8_t connection;      /* enum http_h1_connection */
    bool length_anyway;      /* HEAD and 304: the Content-Length of a body that is not sent */
    struct str date, server; /* responses: used when the list has none; empty: none */
};

/* Append to out. 0, or ERR_INVALID: something in m cannot be written; out is as before. */
int http_h1_write_request(struct buf *out, const struct http_msg *m,
                          const struct http_h1_write *how);
int http_h1_write_response(struct buf *out, const struct http_msg *m,
                           const struct http_h1_write *how);
/* The last chunk, trailers (NULL: none) and the empty line. */
int http_h1_write_last_chunk(struct buf *out, const struct http_headers *trailers);
/* The size line of a chunk of len bytes. */
#define HTTP_H1_WRITE_SIZE_LINE 18
size_t http_h1_write_size_line(char line[HTTP_H1_WRITE_SIZE_LINE], size_t len);

#endif
