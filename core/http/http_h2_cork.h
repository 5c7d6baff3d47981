/* What an HTTP/2 connection is about to write: frames gather here and leave in one write, at the
 * end of the turn or when the cork is full. Small pieces are copied in; big ones may be lent, for a
 * write that comes before their owner takes them back. Internal to core/http. Loop thread.
 *
 *      own:   | HEADERS | DATA head |           | DATA head |           | WINDOW_UPDATE |
 *      lent:                        | payload ^ |           | payload ^ |
 *
 * The memory of the cork that wrote last serves the next connection of the worker that has
 * something to say: corks are full for a part of a turn only, and growing a new one costs copies.
 */
#ifndef CORE_HTTP_HTTP_H2_CORK_H
#define CORE_HTTP_HTTP_H2_CORK_H

#include <stdbool.h>

#include "core/base/buf.h"

struct stream;
struct worker;

#define HTTP_H2_CORK_LENT_MAX 8
/* A full TLS record: below that a copy is cheaper than a write that cannot wait. */
#define HTTP_H2_CORK_LEND_BYTES ((size_t)16 * 1024)

struct http_h2_cork {
    struct buf own;
    struct {
        const void *p;
        size_t len, behind; /* behind so many bytes of own */
    } lent[HTTP_H2_CORK_LENT_MAX];
    unsigned lent_count;
    size_t lent_bytes;
    size_t full_bytes; /* it should be written when so much is in */
};

void http_h2_cork_init(struct http_h2_cork *c, size_t full_bytes);
void http_h2_cork_deinit(struct http_h2_cork *c);

/* Bytes in it. */
static inline size_t http_h2_cork_len(const struct http_h2_cork *c)
{
    return buf_len(&c->own) + c->lent_bytes;
}

/* Gets it memory that w has to spare, and gives that back; it is empty both times. */
void http_h2_cork_take(struct http_h2_cork *c, struct worker *w);
void http_h2_cork_give(struct http_h2_cork *c, struct worker *w);

void http_h2_cork_add(struct http_h2_cork *c, const void *p, size_t len);
/* p stays the caller's: whoever lends sees to it that http_h2_cork_write follows in time. False
 * when it must be added instead: it is small, or there were too many. */
bool http_h2_cork_lend(struct http_h2_cork *c, const void *p, size_t len);

/* Writes what is in it, and empties it whatever comes of that. 0 or the error of the write. */
int http_h2_cork_write(struct http_h2_cork *c, struct stream *to);
void http_h2_cork_clear(struct http_h2_cork *c);

#endif
