/* Plain socket calls with our error codes: what stream_tcp and listener set up before libuv takes
 * the descriptor. All descriptors are non-blocking and close-on-exec. Any thread. */
#ifndef CORE_NET_SOCK_H
#define CORE_NET_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "core/net/addr.h"

/* A socket of a's family; type is SOCK_STREAM or SOCK_DGRAM. Sets TCP_NODELAY where there is one.
 */
int sock_open(const struct addr *a, int type, int *out);
/* Closes fd when it is one; errno is kept. */
void sock_close(int fd);

struct sock_bind_options {
    bool reuse_port;
    bool transparent;   /* IP_TRANSPARENT and IP_FREEBIND: addresses that are not ours */
    uint32_t unix_mode; /* permission bits of a Unix socket; 0: 0600 */
};

/* Binds; to [::] for IPv4 as well. A Unix socket file that nobody listens on any more is replaced.
 */
int sock_bind(int fd, const struct addr *at, const struct sock_bind_options *options);
/* Whether this network namespace has IPv6. */
bool sock_has_ipv6(void);
/* Binds the near end of a connection; several may share one source port as long as they go
 * elsewhere. */
int sock_bind_source(int fd, const struct addr *from, bool transparent);
/* sock_open, sock_bind, listen. backlog 0: 4096. */
int sock_listen(const struct addr *at, const struct sock_bind_options *options, int backlog,
                int *out);
/* Whether fd is a listening stream socket. */
bool sock_is_listening(int fd);

int sock_set_nonblocking(int fd);
int sock_set_mark(int fd, uint32_t mark);
int sock_set_transparent(int fd, uint8_t family);
/* Zeros are left to the system; all zeros: no keepalive. */
int sock_set_keepalive(int fd, uint32_t idle_s, uint32_t interval_s, uint32_t probes);
/* Nothing happens on a socket that is not TCP. */
void sock_set_nodelay(int fd);

/* close then sends a reset and drops what was not sent. */
void sock_set_reset(int fd);

int sock_local(int fd, struct addr *out);
int sock_peer(int fd, struct addr *out);
/* Where a connection was going before netfilter redirected it (conntrack's memory). An error when
 * it was not redirected. */
int sock_original_dst(int fd, struct addr *out);

/* Returns how much the kernel took, 0 when it is full, or an error. Never blocks. */
ssize_t sock_send(int fd, const struct iovec *iov, int count);

/* A broken connection is an error code here, never a signal: SIGPIPE is ignored from the first call
 * on, unless the process handles it. libuv writes without MSG_NOSIGNAL. */
void sock_ignore_sigpipe(void);

#endif
