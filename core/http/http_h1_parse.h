/* The receiving half of an HTTP/1 connection: bytes in, one head and then pieces of body out.
 *
 *     head ──► body by length ────────────┐
 *      │ ├───► chunks ─► trailers ────────┼──► done ──(http_h1_parse_next)──► head
 *      │ ├───► body until the peer closes ┘
 *      │ └───► raw: everything is body, for an upgraded or CONNECT connection
 *      └─────► done (no body)
 *
 * A head is looked at in three steps: line ends and folding are checked while it is waited for,
 * then it is copied once into the request's arena and llhttp cuts it into slices, then the gate
 * (http_gate.h) judges it. Bodies are handed out where they lie. Nothing is held between messages.
 * Not thread safe. */
#ifndef CORE_HTTP_HTTP_H1_PARSE_H
#define CORE_HTTP_HTTP_H1_PARSE_H

#include <sys/types.h>

#include "core/base/buf.h"
#include "core/http/http_gate.h"

/* Of one trailer section, and of a chunk's size line with its extensions. */
#define HTTP_H1_TRAILER_BYTES    ((size_t)8 * 1024)
#define HTTP_H1_TRAILERS         32
#define HTTP_H1_CHUNK_LINE_BYTES 64

struct http_h1_limits {
    uint32_t max_header_bytes, max_headers, max_path_bytes;
};

enum http_h1_state {
    HTTP_H1_HEAD,
    HTTP_H1_LENGTH,
    HTTP_H1_CHUNK_FIRST, /* the first digit of a chunk's size */
    HTTP_H1_CHUNK_SIZE,
    HTTP_H1_CHUNK_EXTENSION,
    HTTP_H1_CHUNK_SIZE_LF,
    HTTP_H1_CHUNK_DATA,
    HTTP_H1_CHUNK_DATA_CR,
    HTTP_H1_CHUNK_DATA_LF,
    HTTP_H1_TRAILER,
    HTTP_H1_UNTIL_EOF,
    HTTP_H1_RAW,
    HTTP_H1_DONE,
};

struct http_h1_parse {
    const struct http_h1_limits *limits;
    uint8_t state; /* enum http_h1_state */
    bool is_response;
    bool keep_case;     /* of header names, in what is read next (http_spelling.h) */
    bool started;       /* bytes of the current head have come */
    uint8_t blank;      /* of the empty line that may precede a request, bytes seen */
    uint8_t line_bytes; /* of the current chunk size line */
    uint16_t status;    /* what a refused request should be answered: 400, 414, 431, 505 */
    struct http_gate_framing framing; /* of the last head */
    uint64_t left;                    /* of the body or the chunk */
    size_t line;                      /* in held: where the line being waited for begins */
    struct buf held;                  /* an unfinished head or trailer section */
};

/* What http_h1_parse_body found. */
struct http_h1_piece {
    const uint8_t *p; /* body bytes, in the input */
    size_t len;
    bool end;                      /* the body is complete */
    struct http_headers *trailers; /* with end: a trailer section that was not empty, or NULL */
};

/* limits must outlive p. */
void http_h1_parse_init(struct http_h1_parse *p, const struct http_h1_limits *limits,
                        bool is_response);
void http_h1_parse_deinit(struct http_h1_parse *p);
/* The next message may come; only when done. */
void http_h1_parse_next(struct http_h1_parse *p);

/* Reads from in[0..len-1] up to the end of a head and says in *used how much that was. 0: *m is
 * complete, in arena. ERR_AGAIN: all was used, more is needed. ERR_PROTO, ERR_LIMIT,
 * ERR_UNSUPPORTED: refused, p->status says how. For responses the caller says next what body
 * follows by http_h1_parse_response_body; a request's body is known already. */
int http_h1_parse_head(struct http_h1_parse *p, const uint8_t *in, size_t len, size_t *used,
                       struct arena *arena, struct http_msg *m);

/* The body rules of RFC 9112 section 6.3 for a response to this method. */
void http_h1_parse_response_body(struct http_h1_parse *p, const struct http_msg *response,
                                 enum http_method asked);
/* From here on all bytes are body. */
void http_h1_parse_raw(struct http_h1_parse *p);

/* Reads from in[0..len-1] until a piece of the body is found or all is used. The result is how much
 * was used, or ERR_PROTO or ERR_LIMIT. Trailers go to arena. Not in the states HEAD and DONE. */
ssize_t http_h1_parse_body(struct http_h1_parse *p, const uint8_t *in, size_t len,
                           struct arena *arena, struct http_h1_piece *out);

/* The peer closed its direction: 0 when that ends the message properly, ERR_CLOSED otherwise. */
int http_h1_parse_eof(struct http_h1_parse *p);

static inline bool http_h1_parse_is_done(const struct http_h1_parse *p)
{
    return p->state == HTTP_H1_DONE;
}

#endif
