/* Which host of a cluster a request or a connection goes to. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_UPSTREAM_PICK_H
#define CORE_FLOW_UPSTREAM_PICK_H

#include "core/flow/upstream.h"
#include "core/flow/upstream_hash.h"

/* What is known of who wants a host. */
struct upstream_want {
    const struct addr *dst; /* original destination, for clusters that go there; or NULL */
    struct upstream_host *const *tried;
    uint32_t tried_count;
    uint32_t shun_count; /* of tried, from the first: no host of their priorities either */
    const struct upstream_hash *hash; /* or NULL */
    uint64_t session; /* number of the host that a client is kept with, if it is usable; 0: any */
    struct str name;  /* that was asked for: an authority, a server name; or empty */
};

/* Chooses a host, avoiding those tried while others are usable; a reference for the caller, counted
 * as active. ERR_NOT_FOUND: no healthy host (UH). ERR_AGAIN: names are being resolved;
 * upstream_wait. */
int upstream_pick(struct upstream *up, const struct upstream_want *want,
                  struct upstream_host **out);

#endif
