/* The addresses of one connection, asked of the kernel when first wanted and remembered, so that
 * they can still be told when the peer is gone. Loop thread. */
#ifndef CORE_NET_SOCK_NAMES_H
#define CORE_NET_SOCK_NAMES_H

#include "core/net/stream.h"

struct sock_names_more; /* wanted by few connections, so kept apart */

struct sock_names {
    struct addr peer; /* may be set by who knows it */
    struct sock_names_more *more;
};

/* All zeros is the initial state. */
void sock_names_deinit(struct sock_names *n);
/* fd -1: only what is remembered. Valid until deinit; ADDR_NONE when unknown. */
const struct addr *sock_names_get(struct sock_names *n, int fd, enum stream_addr which);

#endif
