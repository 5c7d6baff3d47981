#include "core/capture/capture_netns.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/net/sock.h"
#include "tests/tap.h"

/* Where the machine forbids namespaces the cases say so and end: there is nothing to test. */
static bool open_for(struct capture_netns *n, const char *script,
                     const struct capture_netns_options *extra)
{
    char *argv[] = { (char *)(uintptr_t) "/bin/bash", (char *)(uintptr_t) "-c",
                     (char *)(uintptr_t)script, NULL };
    struct capture_netns_options o = extra ? *extra : (struct capture_netns_options){ 0 };
    const char *why = "";
    int err;

    o.argv = argv;
    err = capture_netns_open(&o, n, &why);
    if (err)
        printf("# skipped: %s\n", why);
    return err == 0;
}

static int accept_one(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, 5000) == 1 ? accept4(fd, NULL, NULL, SOCK_CLOEXEC) : -1;
}

static void finish(struct capture_netns *n, int *status)
{
    close(n->outbound_fd);
    close(n->dns_udp_fd);
    close(n->dns_tcp_fd);
    waitpid(n->pid, status, 0);
    capture_netns_close(n);
}

static void outbound_connections_arrive_with_their_destination(void)
{
    struct capture_netns n;
    char text[ADDR_TEXT_MAX];
    struct addr dst;
    int fd, status = -1;

    if (!open_for(&n, "exec 3<>/dev/tcp/240.240.0.7/9080; read -r line <&3; [ \"$line\" = hello ]",
                  NULL))
        return;
    EQ_INT(capture_netns_go(&n), 0);
    fd = accept_one(n.outbound_fd);
    if (OK(fd >= 0)) {
        EQ_INT(sock_original_dst(fd, &dst), 0);
        EQ_STR(addr_format(&dst, text), "240.240.0.7:9080");
        EQ_INT(write(fd, "hello\n", 6), 6);
        close(fd);
    }
    finish(&n, &status);
    EQ_INT(status, 0);
}

static void loopback_is_the_apps_own(void)
{
    struct capture_netns n;
    int status = -1;

    /* Nobody listens on port 9 inside: refused at once, not captured. */
    if (!open_for(&n, "! (exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null", NULL))
        return;
    EQ_INT(capture_netns_go(&n), 0);
    finish(&n, &status);
    EQ_INT(status, 0);
}

static void other_workloads_of_the_machine_are_not_loopback(void)
{
    struct capture_netns n;
    char text[ADDR_TEXT_MAX];
    struct addr dst;
    int fd, status = -1;

    if (!open_for(&n, "exec 3<>/dev/tcp/127.64.0.1/9080; read -r line <&3; [ \"$line\" = hello ]",
                  NULL))
        return;
    EQ_INT(capture_netns_go(&n), 0);
    fd = accept_one(n.outbound_fd);
    if (OK(fd >= 0)) {
        EQ_INT(sock_original_dst(fd, &dst), 0);
        EQ_STR(addr_format(&dst, text), "127.64.0.1:9080");
        EQ_INT(write(fd, "hello\n", 6), 6);
        close(fd);
    }
    finish(&n, &status);
    EQ_INT(status, 0);
}

static void sockets_inside_are_had_on_request(void)
{
    struct capture_netns n;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(15001) };
    struct pollfd p = { .events = POLLOUT };
    int fd = -1, status = -1, got;

    if (!open_for(&n, "sleep 0.2", NULL))
        return;
    EQ_INT(capture_netns_go(&n), 0);
    if (EQ_INT(capture_netns_socket(&n, &fd), 0)) {
        /* 15001 listens inside only: reaching it shows where the socket lives. */
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        (void)connect(fd, (struct sockaddr *)&to, sizeof(to));
        p.fd = fd;
        EQ_INT(poll(&p, 1, 5000), 1);
        got = accept_one(n.outbound_fd);
        OK(got >= 0);
        close(got);
        close(fd);
    }
    finish(&n, &status);
    EQ_INT(status, 0);
}

static void files_are_replaced_inside_only(void)
{
    const struct capture_netns_options extra = { .resolv_conf = "nameserver 10.9.8.7\n" };
    struct capture_netns n;
    int status = -1;

    if (!open_for(&n, "grep -q 10.9.8.7 /etc/resolv.conf", &extra))
        return;
    EQ_INT(capture_netns_go(&n), 0);
    finish(&n, &status);
    EQ_INT(status, 0);
    OK(system("grep -q 10.9.8.7 /etc/resolv.conf") != 0);
}

/* What getaddrinfo with AI_ADDRCONFIG looks at before it asks anybody for an IPv4 address. */
static void there_is_an_address_besides_loopbacks(void)
{
    const struct capture_netns_options extra = { .ip = { 127, 80, 1, 2 } };
    struct capture_netns n;
    int status = -1;

    if (!open_for(&n, "grep -q 127.80.1.2 /proc/net/fib_trie", &extra))
        return;
    EQ_INT(capture_netns_go(&n), 0);
    finish(&n, &status);
    EQ_INT(status, 0);
}

static void exit_codes_come_through(void)
{
    struct capture_netns n;
    int status = -1;

    if (!open_for(&n, "exit 42", NULL))
        return;
    EQ_INT(capture_netns_go(&n), 0);
    finish(&n, &status);
    OK(WIFEXITED(status));
    EQ_INT(WEXITSTATUS(status), 42);
}

static const struct tap_case cases[] = {
    { "outbound_connections_arrive_with_their_destination",
      outbound_connections_arrive_with_their_destination },
    { "loopback_is_the_apps_own", loopback_is_the_apps_own },
    { "other_workloads_of_the_machine_are_not_loopback",
      other_workloads_of_the_machine_are_not_loopback },
    { "sockets_inside_are_had_on_request", sockets_inside_are_had_on_request },
    { "files_are_replaced_inside_only", files_are_replaced_inside_only },
    { "there_is_an_address_besides_loopbacks", there_is_an_address_besides_loopbacks },
    { "exit_codes_come_through", exit_codes_come_through },
};

TAP_MAIN(cases)
