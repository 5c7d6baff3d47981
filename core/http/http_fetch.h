/* One GET of a URL with its own connection: for documents that are asked for now and then, such as
 * key sets. http and https; the server of https is verified; redirects are not followed, because
 * whoever answers must not choose where we ask next. Loop thread. */
#ifndef CORE_HTTP_HTTP_FETCH_H
#define CORE_HTTP_HTTP_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/net/addr.h"

struct dns_resolver;
struct http_fetch;
struct http_headers;
struct pki_trust;
struct stream;
struct tls_config;
struct worker;

/* Opens a connection to the server, as stream_tcp_connect. */
typedef int (*http_fetch_dial_fn)(void *arg, struct worker *w, const struct addr *to,
                                  struct stream **out);

struct http_fetch_request {
    struct str url;
    const struct addr *to;   /* where to connect, instead of asking for the name; or NULL */
    struct pki_trust *trust; /* for https; borrowed until done */
    uint64_t timeout_ms;     /* 0: 10000 */
    size_t max_bytes;        /* of the answer; 0: 1 MiB */
    const struct http_headers *headers; /* more to send; NULL: none */
    http_fetch_dial_fn dial;            /* NULL: TCP */
    void *dial_arg;
    /* Whether this address may be connected to; NULL: any. */
    bool (*is_allowed)(void *arg, const struct addr *to);
};

struct http_fetch_answer {
    int err;         /* 0, or why there is no answer; ERR_DENIED: is_allowed said no */
    uint16_t status; /* 0 with err */
    struct str body; /* of 200; borrowed, as the two below */
    struct str content_type, location; /* NULL pointer: not there */
};
typedef void (*http_fetch_fn)(void *arg, const struct http_fetch_answer *answer);

/* Host, port and path of an http or https URL, slices of it; ERR_INVALID: none. */
struct http_fetch_url {
    struct str scheme, authority, host, path;
    uint16_t port;
};
int http_fetch_parse(struct str url, struct http_fetch_url *out);
/* TLS for https: HTTP/1.1, by a server that trust knows as host, a name or an address. 0, or what
 * tls_config_new_client says. */
int http_fetch_tls(struct pki_trust *trust, struct str host, struct tls_config **out);

/* request is copied. done runs once, later. ERR_INVALID: no such URL. */
int http_fetch_start(struct worker *w, struct dns_resolver *dns,
                     const struct http_fetch_request *request, http_fetch_fn done, void *arg,
                     struct http_fetch **out);
void http_fetch_cancel(struct http_fetch *f); /* done is not called; NULL is allowed */

#endif
