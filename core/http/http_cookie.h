/* Cookies of a request (RFC 6265 section 4.2, read as leniently as section 5.4 lets browsers write
 * them): "a=1; b=\"2\"", in one header or several. Nothing is copied. Any thread. */
#ifndef CORE_HTTP_HTTP_COOKIE_H
#define CORE_HTTP_HTTP_COOKIE_H

#include "core/http/http_headers.h"

/* Where a search stands; zeroed to begin. */
struct http_cookie {
    uint32_t header;
    struct str rest;
};

/* The next value of that name, without its quotes; a NULL pointer: there is none. A browser sends
 * several of one name when their paths differ, the longest path first. */
struct str http_cookie_next(const struct http_headers *h, struct str name, struct http_cookie *at);
/* The first one. */
struct str http_cookie_get(const struct http_headers *h, struct str name);

#endif
