#include "core/capture/capture_netns.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/capture/capture_link.h"

#define OUTBOUND_PORT 15001
#define DNS_PORT      15053

/* What the child says when its preparations are over; with the sockets when step is OK. */
enum step {
    STEP_OK,
    STEP_UNSHARE,
    STEP_MAP,
    STEP_LINK,
    STEP_ROUTE,
    STEP_RULES,
    STEP_MOUNT,
    STEP_SOCKET,
    STEP_FORK,
};

struct verdict {
    int step, error;
    pid_t helper;
};

static const char *const step_texts[] = {
    [STEP_UNSHARE] =
        "this system does not let ordinary users make namespaces (container, seccomp or "
        "AppArmor); use --no-capture, or root",
    [STEP_MAP] = "the user cannot be mapped into a namespace; use --no-capture, or root",
    [STEP_LINK] = "the namespace's loopback interface cannot be set up; use --no-capture",
    [STEP_ROUTE] = "the namespace's route cannot be set; use --no-capture",
    [STEP_RULES] = "this kernel has no nf_tables nat, so connections cannot be redirected; use "
                   "--no-capture",
    [STEP_MOUNT] = "/etc/resolv.conf or /etc/hosts cannot be replaced inside the namespace; use "
                   "--no-capture",
    [STEP_SOCKET] = "the capture sockets cannot be opened inside the namespace",
    [STEP_FORK] = "no process could be made",
};

/* ---- passing descriptors ---- */

#define FDS_MAX 4

static int send_fds(int to, const void *p, size_t len, const int *fds, int count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
        struct cmsghdr align;
    } control = { { 0 } };
    struct iovec iov = { (void *)(uintptr_t)p, len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (count > 0) {
        struct cmsghdr *c;

        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
    }
    return sendmsg(to, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Fills fds with as many as came, -1 beyond. -EPIPE: the other side is gone. */
static int receive_fds(int from, void *p, size_t len, int *fds, int count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
        struct cmsghdr align;
    } control;
    struct iovec iov = { p, len };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    ssize_t n;

    for (int i = 0; i < count; i++)
        fds[i] = -1;
    do {
        n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if ((size_t)n != len)
        return -EPIPE;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            size_t bytes = c->cmsg_len - CMSG_LEN(0);

            if (bytes > sizeof(int) * (size_t)count)
                bytes = sizeof(int) * (size_t)count;
            memcpy(fds, CMSG_DATA(c), bytes);
        }
    }
    return 0;
}

/* ---- the child's preparations ---- */

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        err = -errno;
    close(fd);
    return err;
}

static int map_user(uid_t uid, gid_t gid)
{
    char text[64];
    int err = write_file("/proc/self/setgroups", "deny");

    if (err && err != -ENOENT)
        return err;
    (void)snprintf(text, sizeof(text), "%u %u 1", (unsigned int)uid, (unsigned int)uid);
    err = write_file("/proc/self/uid_map", text);
    if (err)
        return err;
    (void)snprintf(text, sizeof(text), "%u %u 1", (unsigned int)gid, (unsigned int)gid);
    return write_file("/proc/self/gid_map", text);
}

/* Puts a file with this text where path is, for the namespace only. */
static int replace_file(const char *path, const char *text)
{
    char name[] = "/tmp/mesh-XXXXXX", source[64];
    int fd = mkostemp(name, O_CLOEXEC), err = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0 || fchmod(fd, 0644) != 0)
        err = -errno;
    (void)snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
    if (!err && mount(source, path, NULL, MS_BIND, NULL) != 0)
        err = -errno;
    unlink(name);
    close(fd);
    return err;
}

static int replace_files(const struct capture_netns_options *o)
{
    int err = 0;

    if (!o->resolv_conf && !o->hosts)
        return 0;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return -errno;
    if (o->resolv_conf)
        err = replace_file("/etc/resolv.conf", o->resolv_conf);
    if (err == -ENOENT)
        err = 0; /* without one resolvers ask 127.0.0.1, which is what we want */
    if (!err && o->hosts)
        err = replace_file("/etc/hosts", o->hosts);
    return err;
}

/* Both families on one socket where the kernel has IPv6, else IPv4 alone. */
static int open_socket(int type, uint16_t port, int *out)
{
    struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    int off = 0, on = 1, err;
    int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, (struct sockaddr *)&any6, sizeof(any6)) == 0)
            goto bound;
        close(fd);
    }
    fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&any4, sizeof(any4)) != 0)
        goto fail;
bound:
    if (type == SOCK_STREAM && listen(fd, 4096) != 0)
        goto fail;
    *out = fd;
    return 0;

fail:
    err = -errno;
    close(fd);
    return err;
}

/* Root needs no user namespace, except where its capabilities were taken away (containers). */
static int unshare_all(bool *is_user)
{
    const int flags = CLONE_NEWNET | CLONE_NEWNS;

    *is_user = geteuid() != 0;
    if (!*is_user && unshare(flags) == 0)
        return 0;
    if (!*is_user && errno != EPERM)
        return -errno;
    *is_user = true;
    return unshare(flags | CLONE_NEWUSER) == 0 ? 0 : -errno;
}

static int prepare(const struct capture_netns_options *o, int *fds, enum step *step)
{
    const struct capture_rules rules = { .tcp_port = OUTBOUND_PORT, .dns_port = DNS_PORT };
    static const uint8_t dummy_ip[4] = { 192, 0, 0, 8 }; /* RFC 7600: stands for no host */
    uid_t uid = geteuid();
    gid_t gid = getegid();
    bool is_user;
    int err;

    *step = STEP_UNSHARE;
    err = unshare_all(&is_user);
    if (err)
        return err;
    *step = STEP_MAP;
    err = is_user ? map_user(uid, gid) : 0;
    if (err)
        return err;
    *step = STEP_LINK;
    err = capture_link_up();
    if (err)
        return err;
    err = capture_link_address(o->ip[0] ? o->ip : dummy_ip);
    if (err)
        return err;
    *step = STEP_ROUTE;
    err = capture_link_any_ip(4);
    if (err)
        return err;
    (void)capture_link_any_ip(6); /* a kernel without IPv6 has nothing to capture there */
    *step = STEP_RULES;
    err = capture_link_redirect(&rules);
    if (err)
        return err;
    *step = STEP_MOUNT;
    err = replace_files(o);
    if (err)
        return err;
    *step = STEP_SOCKET;
    err = open_socket(SOCK_STREAM, OUTBOUND_PORT, &fds[0]);
    if (!err)
        err = open_socket(SOCK_DGRAM, DNS_PORT, &fds[1]);
    if (!err)
        err = open_socket(SOCK_STREAM, DNS_PORT, &fds[2]);
    return err;
}

/* ---- the helper: sockets on request until the parent hangs up ---- */

static void serve(int control)
{
    char request;

    for (;;) {
        int fd;
        ssize_t n = recv(control, &request, 1, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (send_fds(control, &request, 1, &fd, fd >= 0 ? 1 : 0) != 0)
            _exit(0);
        if (fd >= 0)
            close(fd);
    }
}

/* Twice forked, so that the app has no child it does not know of. */
static pid_t start_helper(int control)
{
    int result[2];
    pid_t middle, helper = -1;

    if (pipe2(result, O_CLOEXEC) != 0)
        return -1;
    middle = fork();
    if (middle == 0) {
        helper = fork();
        if (helper == 0) {
            close(result[0]);
            close(result[1]);
            setsid(); /* a Ctrl-C meant for the app does not end the helper first */
            serve(control);
        }
        (void)!write(result[1], &helper, sizeof(helper));
        _exit(0);
    }
    close(result[1]);
    if (middle > 0) {
        if (read(result[0], &helper, sizeof(helper)) != (ssize_t)sizeof(helper))
            helper = -1;
        (void)waitpid(middle, NULL, 0);
    }
    close(result[0]);
    return helper;
}

static void reset_signals(void)
{
    struct sigaction dfl = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int s = 1; s < NSIG; s++)
        (void)sigaction(s, &dfl, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child(const struct capture_netns_options *o, int control, int go)
{
    struct verdict v = { 0 };
    int fds[3] = { -1, -1, -1 };
    enum step step;
    char word;

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    reset_signals();
    v.error = prepare(o, fds, &step);
    v.step = v.error ? (int)step : STEP_OK;
    if (!v.error) {
        v.helper = start_helper(control);
        if (v.helper < 0)
            v = (struct verdict){ .step = STEP_FORK, .error = -EAGAIN };
    }
    (void)send_fds(go, &v, sizeof(v), fds, v.step == STEP_OK ? 3 : 0);
    close(control);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    if (v.step != STEP_OK || recv(go, &word, 1, 0) != 1)
        _exit(125);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* new ids and namespaces clear it */
    if (o->cwd && chdir(o->cwd) != 0)
        _exit(126);
    if (!o->argv)
        _exit(0);
    if (o->envp)
        execvpe(o->argv[0], o->argv, o->envp);
    else
        execvp(o->argv[0], o->argv);
    fprintf(stderr, "mesh: %s: %s\n", o->argv[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* ---- the parent ---- */

int capture_netns_open(const struct capture_netns_options *o, struct capture_netns *out,
                       const char **why)
{
    int control[2], go[2], fds[3], err;
    struct verdict v;
    pid_t pid;

    *why = step_texts[STEP_FORK];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0)
        return -errno;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, go) != 0) {
        err = -errno;
        close(control[0]);
        close(control[1]);
        return err;
    }
    pid = fork();
    if (pid == 0) {
        close(control[0]);
        close(go[0]);
        child(o, control[1], go[1]);
    }
    err = pid < 0 ? -errno : 0;
    close(control[1]);
    close(go[1]);
    if (!err)
        err = receive_fds(go[0], &v, sizeof(v), fds, 3);
    if (!err && v.step != STEP_OK) {
        *why = step_texts[v.step];
        err = v.error;
    }
    if (err) {
        close(control[0]);
        close(go[0]);
        if (pid > 0)
            (void)waitpid(pid, NULL, 0);
        return err;
    }
    *out = (struct capture_netns){
        .pid = pid,
        .helper = v.helper,
        .control = control[0],
        .go = go[0],
        .outbound_fd = fds[0],
        .dns_udp_fd = fds[1],
        .dns_tcp_fd = fds[2],
    };
    return 0;
}

int capture_netns_go(struct capture_netns *n)
{
    int err = send(n->go, "g", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;

    close(n->go);
    n->go = -1;
    return err;
}

int capture_netns_socket(struct capture_netns *n, int *out)
{
    char word = 's';
    int err;

    if (send(n->control, &word, 1, MSG_NOSIGNAL) != 1)
        return -errno;
    err = receive_fds(n->control, &word, 1, out, 1);
    if (err)
        return err;
    return *out >= 0 ? 0 : -EMFILE;
}

void capture_netns_close(struct capture_netns *n)
{
    if (n->control >= 0)
        close(n->control);
    if (n->go >= 0)
        close(n->go);
    n->control = n->go = -1;
}

int capture_netns_probe(const char **why)
{
    const struct capture_netns_options options = { 0 };
    struct capture_netns n;
    int err = capture_netns_open(&options, &n, why);

    if (err)
        return err;
    close(n.outbound_fd);
    close(n.dns_udp_fd);
    close(n.dns_tcp_fd);
    (void)capture_netns_go(&n);
    (void)waitpid(n.pid, NULL, 0);
    capture_netns_close(&n);
    return 0;
}
