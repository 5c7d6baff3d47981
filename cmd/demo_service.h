/* The services of `mesh demo`: a shop page made by four small programs, shaped as Istio's bookinfo.
 *
 *     productpage ──► details
 *           └───────► reviews v1 | v2 | v3 ──► ratings      (v1 asks for none)
 *
 * They speak plain HTTP/1.1 on port 9080, find each other by short name, and know nothing of the
 * mesh, except that each tells in the header x-demo-hops whom its caller's certificate named
 * (x-forwarded-client-cert, which a sidecar sets), so that the page can show it:
 *
 *     x-demo-hops: productpage-v1=spiffe://.../sa/gateway, details-v1=spiffe://.../sa/productpage
 */
#ifndef CMD_DEMO_SERVICE_H
#define CMD_DEMO_SERVICE_H

#include <stdint.h>

#include "cmd/demo_client.h"
#include "core/http/http_stream.h"

#define DEMO_SERVICE_PORT 9080
#define DEMO_SERVICE_HOPS "x-demo-hops"

struct demo_service {
    struct worker *worker;
    const char *name, *version; /* "reviews", "v2" */
    struct demo_client *client;
};

/* Answers one request, whose stream is owned from the call on; false: there is no service of that
 * name (nothing was taken). */
bool demo_service_answer(struct demo_service *s, struct http_stream *hs,
                         const struct http_msg *head);
bool demo_service_is_name(const char *name);

/* The SPIFFE id that the last element of an x-forwarded-client-cert names; "-" when none. */
struct str demo_service_peer(struct str xfcc);

#endif
