/* Who makes a call, by how it came in. Main thread. */
#ifndef MODES_CONTROL_ADS_CALLER_H
#define MODES_CONTROL_ADS_CALLER_H

#include "modes/control/ads.h"

struct ads_caller {
    struct str identity; /* SPIFFE id of its certificate, or empty. Lives as long as the call */
    bool is_local;       /* a process of our own user, or root, on this machine */
};

/* ERR_DENIED with *why (constant): a Unix socket's peer of another user. */
int ads_caller_read(enum ads_trust trust, const struct grpc_server_call *call,
                    struct ads_caller *out, const char **why);

#endif
