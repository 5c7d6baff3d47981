#include "core/net/sock_names.h"

#include "core/base/mem.h"
#include "core/net/sock.h"

struct sock_names_more {
    struct addr local, original_dst;
};

void sock_names_deinit(struct sock_names *n)
{
    mem_free(n->more);
    n->more = NULL;
}

static struct sock_names_more *more_of(struct sock_names *n, int fd)
{
    if (!n->more)
        n->more = mem_alloc0(1, sizeof(*n->more));
    if (n->more->local.family == ADDR_NONE && fd >= 0)
        (void)sock_local(fd, &n->more->local);
    return n->more;
}

static const struct addr *original_dst(struct sock_names_more *m, int fd)
{
    if (m->original_dst.family != ADDR_NONE)
        return &m->original_dst;
    /* TPROXY leaves the first destination as the local address. */
    if (m->local.family == ADDR_UNIX || fd < 0 || sock_original_dst(fd, &m->original_dst) != 0)
        m->original_dst = m->local;
    return &m->original_dst;
}

const struct addr *sock_names_get(struct sock_names *n, int fd, enum stream_addr which)
{
    switch (which) {
    case STREAM_ADDR_PEER:
        if (n->peer.family == ADDR_NONE && fd >= 0)
            (void)sock_peer(fd, &n->peer);
        break;
    case STREAM_ADDR_LOCAL:
        return &more_of(n, fd)->local;
    case STREAM_ADDR_ORIGINAL_DST:
        return original_dst(more_of(n, fd), fd);
    }
    return &n->peer;
}
