/* GET requests for the demo: its services call each other with it, and its traffic comes from it.
 *
 * One keep-alive pool per target, names resolved by the system's servers, as any program beside a
 * sidecar would do it. With an HTTP proxy given, everything goes there. Loop thread. */
#ifndef CMD_DEMO_CLIENT_H
#define CMD_DEMO_CLIENT_H

#include "core/http/http_headers.h"
#include "core/net/addr.h"

struct demo_client; /* opaque */
struct worker;

#define DEMO_CLIENT_BODY_MAX ((size_t)256 * 1024)

/* proxy: ADDR_NONE for none. */
struct demo_client *demo_client_new(struct worker *w, const struct addr *proxy);
/* Requests under way are forgotten without a call. NULL is allowed. */
void demo_client_free(struct demo_client *c);

struct demo_client_request {
    struct str host; /* a name or an IP address */
    uint16_t port;
    struct str path;
    const struct http_headers *headers; /* added as they are; NULL: none */
    uint32_t timeout_ms;
};

/* err 0: status, headers and body are the answer's, borrowed for the call. */
struct demo_client_reply {
    int err;
    int status;
    const struct http_headers *headers;
    struct str body;
    uint64_t took_us;
};
typedef void (*demo_client_fn)(void *arg, const struct demo_client_reply *reply);

/* The request's text is copied. done runs once, later. */
void demo_client_get(struct demo_client *c, const struct demo_client_request *request,
                     demo_client_fn done, void *arg);

#endif
