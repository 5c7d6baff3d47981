/* The key by which RING_HASH and MAGLEV choose, hashed as Envoy does it (xxHash64), so that a
 * client finds the same host through either. Loop thread. */
#ifndef CORE_FLOW_UPSTREAM_HASH_H
#define CORE_FLOW_UPSTREAM_HASH_H

#include "core/http/http_msg.h"
#include "core/model/model_cluster.h"

struct upstream_hash {
    uint64_t value;
    bool is_set;           /* the request has such a key */
    struct str set_cookie; /* to be sent with the response; p == NULL: none */
};

/* Of a request from peer that came in at local; text in a. */
void upstream_hash_request(const struct model_hash *by, const struct http_msg *head,
                           const struct addr *peer, const struct addr *local, struct arena *a,
                           struct upstream_hash *out);
/* Of a connection: only its source address counts. */
void upstream_hash_peer(const struct model_hash *by, const struct addr *peer,
                        struct upstream_hash *out);

#endif
