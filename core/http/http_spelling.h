/* How a sender spelt the names of headers, for receivers that take `X-Id` and `x-id` for two.
 *
 * Names are lower case everywhere inside. An HTTP/1 codec that is told to keep the case
 * (http_h1_parse.h) puts the name as it came right behind the lower-case one in memory and marks
 * the header (http_header.spelt): copies of the header carry it along, HTTP/2 and everybody who
 * compares names never see it, and whoever does not keep the case pays nothing. Of headers that the
 * codecs take out of the list, Host and framing, the names are kept beside the message. Any
 * thread. */
#ifndef CORE_HTTP_HTTP_SPELLING_H
#define CORE_HTTP_HTTP_SPELLING_H

#include "core/http/http_msg.h"

enum http_spelt {
    HTTP_SPELT_HOST,
    HTTP_SPELT_CONTENT_LENGTH,
    HTTP_SPELT_TRANSFER_ENCODING,
    HTTP_SPELT_CONNECTION,
    HTTP_SPELT_UPGRADE,
    HTTP_SPELT_EXPECT,
    HTTP_SPELT_COUNT,
};

struct http_spelling {
    struct str names[HTTP_SPELT_COUNT]; /* NULL pointer: it did not come */
};

/* A name for http_headers_add_spelt, in a: twice, the first one to be made lower case. */
char *http_spelling_twice(struct str name, struct arena *a);
/* Sets m->spelling from the list, before framing is taken out of it; in the list's arena. */
void http_spelling_read(struct http_msg *m);
/* Lines begin at p[0] and end in CRLF; names that spelling has are written as it has them. */
void http_spelling_apply(const struct http_spelling *spelling, char *p, size_t len);

#endif
