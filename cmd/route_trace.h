/* The way of one request through a snapshot, told as a document: which table, virtual host and
 * route, what did not match before, where it would go and under which policies. The look-ups are
 * the proxy's own. Any thread. */
#ifndef CMD_ROUTE_TRACE_H
#define CMD_ROUTE_TRACE_H

#include "core/http/http_msg.h"
#include "core/model/snapshot.h"
#include "core/text/node.h"

/* Routes that did not match are listed up to here, the nearest to the one that did. */
#define ROUTE_TRACE_MISSES_MAX 20

struct route_trace_request {
    struct http_msg *head; /* path as typed: it is normalised as a proxy would */
    struct str host;       /* of the URL: where the client connects */
    uint16_t port;
    bool is_tls; /* https: opaque to a sidecar, ended by a gateway */
};

/* All text and the document are in a. head->path is changed. */
struct node *route_trace(const struct snapshot *s, const struct route_trace_request *request,
                         struct arena *a);

#endif
