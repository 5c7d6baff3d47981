/* A DNS server that answers names of the mesh and passes others on.
 *
 * What a sidecar tells its app is in the snapshot; `mesh up` tells the whole machine what control
 * knows. Names: the full one; "reviews" of the own namespace, "reviews.ns", "reviews.ns.svc"; the
 * same for what stands below a headless service ("db-0.db"); and what a wildcard covers. Main
 * thread. */
#ifndef MODES_SHARED_MESH_DNS_H
#define MODES_SHARED_MESH_DNS_H

#include "core/base/str.h"
#include "core/net/addr.h"

struct mesh_dns;
struct model_dns_name;
struct runtime;
struct worker;

/* The addresses of a full name (lower case), or of a wildcard ("*.example.com"); NULL: unknown.
 * Borrowed until the next call. */
typedef const struct model_dns_name *mesh_dns_find_fn(void *arg, struct str host);

struct mesh_dns_options {
    struct addr at;     /* where to listen, unless sockets are given */
    int udp_fd, tcp_fd; /* already bound, owned from the call on; -1: none */
    mesh_dns_find_fn *find;
    void *arg;
    struct str ns, dns_domain; /* whose short names; live as long as the server */
};

int mesh_dns_open(struct worker *w, const struct mesh_dns_options *options, struct mesh_dns **out);
/* With find, arg, ns and dns_domain of a sidecar. */
int mesh_dns_open_runtime(struct runtime *rt, const struct mesh_dns_options *options,
                          struct mesh_dns **out);
void mesh_dns_close(struct mesh_dns *d); /* NULL is allowed */
const struct addr *mesh_dns_addr(const struct mesh_dns *d);

/* What a name as it was asked for stands for: the full name itself, a short form, a wildcard. */
const struct model_dns_name *mesh_dns_find(const struct mesh_dns_options *options, struct str name);

#endif
