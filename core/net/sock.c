#include "core/net/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"

/* From linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h, which clash with netinet/in.h.
 */
#define NETFILTER_ORIGINAL_DST 80

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

int sock_open(const struct addr *a, int type, int *out)
{
    int family = a->family == ADDR_IPV4   ? AF_INET
                 : a->family == ADDR_IPV6 ? AF_INET6
                 : a->family == ADDR_UNIX ? AF_UNIX
                                          : AF_UNSPEC;
    int fd;

    if (family == AF_UNSPEC)
        return ERR_INVALID;
    fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (family != AF_UNIX && type == SOCK_STREAM)
        sock_set_nodelay(fd);
    *out = fd;
    return 0;
}

void sock_close(int fd)
{
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
}

/* Whether somebody still accepts on the Unix socket file. */
static bool is_stale(const struct addr *at)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(at, &ss);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool stale;

    if (fd < 0)
        return false;
    stale = connect(fd, (struct sockaddr *)&ss, len) != 0 && errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int bind_unix(int fd, const struct addr *at, uint32_t mode)
{
    struct sockaddr_storage ss;
    const struct sockaddr_un *un = (const void *)&ss;
    socklen_t len = addr_to_sockaddr(at, &ss);
    bool is_file = at->path_len > 0 && at->path[0];

    if (bind(fd, (struct sockaddr *)&ss, len) != 0) {
        if (errno != EADDRINUSE || !is_file || !is_stale(at))
            return -errno;
        if (unlink(un->sun_path) != 0 || bind(fd, (struct sockaddr *)&ss, len) != 0)
            return -errno;
    }
    /* Between bind and listen nobody can connect, so the permissions are never too wide. */
    if (is_file && chmod(un->sun_path, mode ? mode : 0600) != 0)
        return -errno;
    return 0;
}

int sock_bind(int fd, const struct addr *at, const struct sock_bind_options *options)
{
    struct sockaddr_storage ss;
    int err = 0;

    if (at->family == ADDR_UNIX)
        return bind_unix(fd, at, options->unix_mode);
    err = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (err == 0 && options->reuse_port)
        err = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (err == 0 && options->transparent)
        err = sock_set_transparent(fd, at->family);
    if (err == 0 && at->family == ADDR_IPV6 && addr_is_any(at))
        err = set_int(fd, SOL_IPV6, IPV6_V6ONLY, 0); /* whatever the machine's default is */
    if (err == 0 && bind(fd, (struct sockaddr *)&ss, addr_to_sockaddr(at, &ss)) != 0)
        err = -errno;
    return err;
}

bool sock_has_ipv6(void)
{
    struct addr any;
    int fd = -1, err;

    (void)addr_parse_ip(STR("::"), &any);
    err = sock_open(&any, SOCK_STREAM, &fd);
    if (err == 0)
        err = sock_bind(fd, &any, &(struct sock_bind_options){ 0 });
    sock_close(fd);
    return err == 0;
}

int sock_bind_source(int fd, const struct addr *from, bool transparent)
{
    struct sockaddr_storage ss;
    int err;

    if (from->family != ADDR_IPV4 && from->family != ADDR_IPV6)
        return ERR_INVALID;
    err = transparent ? sock_set_transparent(fd, from->family) : 0;
    if (err != 0)
        return err;
    /* Else a fixed source port would be taken for a minute after each use. */
    (void)set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    (void)set_int(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    return bind(fd, (struct sockaddr *)&ss, addr_to_sockaddr(from, &ss)) == 0 ? 0 : -errno;
}

int sock_listen(const struct addr *at, const struct sock_bind_options *options, int backlog,
                int *out)
{
    int fd = -1;
    int err = sock_open(at, SOCK_STREAM, &fd);

    if (err == 0)
        err = sock_bind(fd, at, options);
    if (err == 0 && listen(fd, backlog > 0 ? backlog : 4096) != 0)
        err = -errno;
    if (err != 0) {
        sock_close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

bool sock_is_listening(int fd)
{
    int value = 0;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value;
}

int sock_set_nonblocking(int fd)
{
    int on = 1;

    return ioctl(fd, FIONBIO, &on) == 0 ? 0 : -errno;
}

int sock_set_mark(int fd, uint32_t mark)
{
    return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0 ? 0 : -errno;
}

int sock_set_transparent(int fd, uint8_t family)
{
    int err;

    if (family == ADDR_IPV6) {
        err = set_int(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
        return err ? err : set_int(fd, SOL_IPV6, IPV6_FREEBIND, 1);
    }
    err = set_int(fd, SOL_IP, IP_TRANSPARENT, 1);
    return err ? err : set_int(fd, SOL_IP, IP_FREEBIND, 1);
}

int sock_set_keepalive(int fd, uint32_t idle_s, uint32_t interval_s, uint32_t probes)
{
    int err = 0;

    if (idle_s || interval_s || probes)
        err = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (err == 0 && idle_s)
        err = set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)idle_s);
    if (err == 0 && interval_s)
        err = set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, (int)interval_s);
    if (err == 0 && probes)
        err = set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, (int)probes);
    return err;
}

void sock_set_nodelay(int fd)
{
    (void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void sock_set_reset(int fd)
{
    struct linger hard = { .l_onoff = 1 };

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

int sock_local(int fd, struct addr *out)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);

    if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
        return -errno;
    return addr_from_sockaddr((struct sockaddr *)&ss, len, out);
}

int sock_peer(int fd, struct addr *out)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);

    if (getpeername(fd, (struct sockaddr *)&ss, &len) != 0)
        return -errno;
    return addr_from_sockaddr((struct sockaddr *)&ss, len, out);
}

int sock_original_dst(int fd, struct addr *out)
{
    static const int levels[] = { SOL_IP, SOL_IPV6 };
    struct sockaddr_storage ss;
    socklen_t len;
    int err = 0;

    /* IPv4 first: a connection by IPv4 to a dual-stack socket is known there. */
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        len = sizeof(ss);
        if (getsockopt(fd, levels[i], NETFILTER_ORIGINAL_DST, &ss, &len) == 0)
            return addr_from_sockaddr((struct sockaddr *)&ss, len, out);
        err = -errno;
    }
    return err;
}

ssize_t sock_send(int fd, const struct iovec *iov, int count)
{
    struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov,
                          .msg_iovlen = count < IOV_MAX ? (size_t)count : IOV_MAX };
    ssize_t n;

    do {
        if (count == 1)
            n = send(fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        else
            n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
    return n;
}

static void ignore_sigpipe(void)
{
    struct sigaction old;

    if (sigaction(SIGPIPE, NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) &&
        old.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

void sock_ignore_sigpipe(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, ignore_sigpipe);
}
