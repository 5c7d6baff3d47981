/* The DNS proxy of a sidecar: answers names of the mesh from the current snapshot, passes others
 * on. Names: "reviews" (own namespace), "reviews.ns", "reviews.ns.svc", the full name. Main thread.
 */
#ifndef MODES_SHARED_MESH_DNS_H
#define MODES_SHARED_MESH_DNS_H

#include "core/net/addr.h"

struct mesh_dns;
struct runtime;

struct mesh_dns_options {
    struct addr at;     /* where to listen, unless sockets are given */
    int udp_fd, tcp_fd; /* already bound, owned from the call on; -1: none */
};

int mesh_dns_open(struct runtime *rt, const struct mesh_dns_options *options,
                  struct mesh_dns **out);
void mesh_dns_close(struct mesh_dns *d); /* NULL is allowed */

#endif
