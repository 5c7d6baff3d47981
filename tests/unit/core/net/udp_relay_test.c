/* Through real sockets of this machine: clients and servers are plain ones. */
#include "core/net/udp_relay.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/net/sock.h"
#include "tests/tap.h"

#define WAIT_MS 5000

static struct worker w;
static struct udp_relay *relay;
static uint64_t counts[UDP_RELAY_COUNT_COUNT];
static int servers[2];
static struct addr server_at[2];
static int next_server, opened, closed;
static bool no_route;

static int make_socket(const char *at, struct addr *bound)
{
    const struct sock_bind_options options = { 0 };
    struct addr a;
    int fd = -1;

    OK(addr_parse(str_of(at), 0, &a) == 0);
    OK(sock_open(&a, SOCK_DGRAM, &fd) == 0);
    OK(sock_bind(fd, &a, &options) == 0);
    OK(sock_local(fd, bound) == 0);
    return fd;
}

static bool on_open(void *arg, const struct addr *client, struct addr *to, void **session)
{
    (void)arg;
    OK(client->port != 0);
    if (no_route)
        return false;
    *to = server_at[next_server];
    *session = &server_at[next_server];
    next_server = (next_server + 1) % 2;
    opened++;
    return true;
}

static void on_close(void *arg, void *session)
{
    (void)arg;
    OK(session == &server_at[0] || session == &server_at[1]);
    closed++;
}

static void on_count(void *arg, enum udp_relay_count what, uint64_t by)
{
    (void)arg;
    counts[what] += by;
}

static const struct udp_relay_events events = { on_open, on_close, on_count };

static bool begin(const char *at, uint32_t session_max, uint32_t idle_ms)
{
    const struct udp_relay_options options = { .session_max = session_max, .idle_ms = idle_ms };
    struct addr a;

    for (int i = 0; i < UDP_RELAY_COUNT_COUNT; i++)
        counts[i] = 0;
    next_server = opened = closed = 0;
    no_route = false;
    for (int i = 0; i < 2; i++)
        servers[i] = make_socket("127.0.0.1:0", &server_at[i]);
    OK(addr_parse(str_of(at), 0, &a) == 0);
    return OK(worker_init(&w, 0, 1) == 0) &&
           OK(udp_relay_open(&w, &a, &options, &events, NULL, &relay) == 0);
}

static void finish(void)
{
    udp_relay_close(relay);
    EQ_INT(opened, closed);
    for (int i = 0; i < 2; i++)
        sock_close(servers[i]);
    worker_deinit(&w);
}

struct wanted {
    int fd;
    char *p;
    ssize_t len;
    struct addr from;
};

static bool has_come(void *arg)
{
    struct wanted *x = arg;
    struct sockaddr_storage sa;
    socklen_t sa_len = sizeof(sa);

    x->len = recvfrom(x->fd, x->p, 70000, MSG_DONTWAIT, (struct sockaddr *)&sa, &sa_len);
    return x->len >= 0 && addr_from_sockaddr((struct sockaddr *)&sa, sa_len, &x->from) == 0;
}

/* The next datagram, from whom; -1: none came. */
static ssize_t receive(int fd, char *p, struct addr *from)
{
    struct wanted x = { .fd = fd, .p = p, .len = -1 };

    if (!OK(worker_run_until(&w, has_come, &x, WAIT_MS) == 0))
        return -1;
    *from = x.from;
    return x.len;
}

static void send_to(int fd, const struct addr *to, const char *p, size_t len)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = addr_to_sockaddr(to, &sa);

    EQ_INT(sendto(fd, p, len, 0, (struct sockaddr *)&sa, sa_len), len);
}

static bool is_counted(void *arg)
{
    const uint64_t *want = arg; /* which, how many */

    return counts[want[0]] >= want[1];
}

static void wait_count(enum udp_relay_count what, uint64_t n)
{
    uint64_t want[2] = { what, n };

    OK(worker_run_until(&w, is_counted, want, WAIT_MS) == 0);
    EQ_UINT(counts[what], n);
}

static void datagrams_go_both_ways(void)
{
    static char got[70000], big[65000];
    struct addr local, from, back;
    int client;

    if (!begin("127.0.0.1:0", 0, 0))
        return;
    client = make_socket("127.0.0.1:0", &local);
    send_to(client, udp_relay_addr(relay), "a", 1);
    EQ_INT(receive(servers[0], got, &from), 1);
    send_to(servers[0], &from, "answer", 6);
    EQ_INT(receive(client, got, &back), 6);
    EQ_STRN(got, 6, "answer");
    OK(addr_eq(&back, udp_relay_addr(relay)));
    /* Of any size, and in their order. */
    send_to(client, udp_relay_addr(relay), "", 0);
    EQ_INT(receive(servers[0], got, &from), 0);
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 7);
    send_to(client, udp_relay_addr(relay), big, sizeof(big));
    if (EQ_INT(receive(servers[0], got, &from), sizeof(big)))
        EQ_MEM(got, sizeof(big), big, sizeof(big));
    send_to(servers[0], &from, big, sizeof(big));
    EQ_INT(receive(client, got, &back), sizeof(big));
    for (char c = 0; c < 100; c++)
        send_to(client, udp_relay_addr(relay), &c, 1);
    for (char c = 0; c < 100; c++) {
        EQ_INT(receive(servers[0], got, &from), 1);
        EQ_INT(got[0], c);
    }
    EQ_UINT(counts[UDP_RELAY_SESSIONS], 1);
    EQ_UINT(counts[UDP_RELAY_RX_DATAGRAMS], 103);
    EQ_UINT(counts[UDP_RELAY_RX_BYTES], 101 + sizeof(big));
    EQ_UINT(counts[UDP_RELAY_TX_DATAGRAMS], 2);
    EQ_UINT(counts[UDP_RELAY_TX_BYTES], 6 + sizeof(big));
    EQ_UINT(counts[UDP_RELAY_RX_ERRORS] + counts[UDP_RELAY_TX_ERRORS], 0);
    sock_close(client);
    finish();
}

static void clients_have_servers_of_their_own(void)
{
    char got[70000];
    struct addr local, from[2], back;
    int a, b;

    if (!begin("127.0.0.1:0", 0, 0))
        return;
    a = make_socket("127.0.0.1:0", &local);
    b = make_socket("127.0.0.2:0", &local);
    send_to(a, udp_relay_addr(relay), "a", 1);
    EQ_INT(receive(servers[0], got, &from[0]), 1);
    for (int i = 0; i < 3; i++) { /* in turns */
        send_to(b, udp_relay_addr(relay), "b", 1);
        send_to(a, udp_relay_addr(relay), "a", 1);
        EQ_INT(receive(servers[1], got, &from[1]), 1);
        EQ_STRN(got, 1, "b");
        EQ_INT(receive(servers[0], got, &from[0]), 1);
        EQ_STRN(got, 1, "a");
    }
    send_to(servers[1], &from[1], "to b", 4);
    send_to(servers[0], &from[0], "to a", 4);
    EQ_INT(receive(a, got, &back), 4);
    EQ_STRN(got, 4, "to a");
    EQ_INT(receive(b, got, &back), 4);
    EQ_STRN(got, 4, "to b");
    EQ_UINT(udp_relay_sessions(relay), 2);
    sock_close(a);
    sock_close(b);
    finish();
}

/* On 0.0.0.0 a client hears from the address that it asked, or it would not know the answer. */
static void answers_come_from_the_address_asked(void)
{
    char got[70000];
    struct addr local, from, back, to;
    int client;

    if (!begin("0.0.0.0:0", 0, 0))
        return;
    to = *udp_relay_addr(relay);
    (void)addr_parse(STR("127.0.0.7"), to.port, &to);
    client = make_socket("127.0.0.1:0", &local);
    send_to(client, &to, "a", 1);
    EQ_INT(receive(servers[0], got, &from), 1);
    send_to(servers[0], &from, "b", 1);
    EQ_INT(receive(client, got, &back), 1);
    OK(addr_eq(&back, &to));
    sock_close(client);
    finish();
}

static void ipv6_clients_reach_servers_of_ipv4(void)
{
    char got[70000];
    struct addr local, from, back;
    int client;

    if (access("/proc/net/if_inet6", R_OK) != 0) {
        SKIP("no IPv6 here");
        return;
    }
    if (!begin("[::]:0", 0, 0))
        return;
    client = make_socket("[::1]:0", &local);
    (void)addr_parse(STR("::1"), udp_relay_addr(relay)->port, &local);
    send_to(client, &local, "a", 1);
    EQ_INT(receive(servers[0], got, &from), 1);
    send_to(servers[0], &from, "b", 1);
    EQ_INT(receive(client, got, &back), 1);
    OK(addr_eq(&back, &local));
    sock_close(client);
    finish();
}

static void idle_sessions_end(void)
{
    char got[70000];
    struct addr local, from;
    int client;

    if (!begin("127.0.0.1:0", 0, 50))
        return;
    client = make_socket("127.0.0.1:0", &local);
    send_to(client, udp_relay_addr(relay), "a", 1);
    EQ_INT(receive(servers[0], got, &from), 1);
    wait_count(UDP_RELAY_IDLE, 1);
    EQ_UINT(udp_relay_sessions(relay), 0);
    EQ_INT(closed, 1);
    send_to(client, udp_relay_addr(relay), "a", 1); /* begins another one */
    EQ_INT(receive(servers[1], got, &from), 1);
    EQ_UINT(counts[UDP_RELAY_SESSIONS], 2);
    sock_close(client);
    finish();
}

static void sessions_have_a_limit(void)
{
    char got[70000];
    struct addr local, from;
    int clients[3];

    if (!begin("127.0.0.1:0", 2, 0))
        return;
    for (int i = 0; i < 3; i++) {
        clients[i] = make_socket("127.0.0.1:0", &local);
        send_to(clients[i], udp_relay_addr(relay), "a", 1);
    }
    wait_count(UDP_RELAY_OVERFLOW, 1);
    EQ_UINT(udp_relay_sessions(relay), 2);
    send_to(clients[0], udp_relay_addr(relay), "b", 1); /* those that are there go on */
    EQ_INT(receive(servers[0], got, &from), 1);
    EQ_INT(receive(servers[0], got, &from), 1);
    udp_relay_stop(relay);
    send_to(clients[1], udp_relay_addr(relay), "b", 1);
    EQ_INT(receive(servers[1], got, &from), 1);
    EQ_INT(receive(servers[1], got, &from), 1);
    for (int i = 0; i < 3; i++)
        sock_close(clients[i]);
    finish();
}

static void what_has_no_route_is_dropped(void)
{
    struct addr local;
    int client;

    if (!begin("127.0.0.1:0", 0, 0))
        return;
    no_route = true;
    client = make_socket("127.0.0.1:0", &local);
    send_to(client, udp_relay_addr(relay), "a", 1);
    send_to(client, udp_relay_addr(relay), "a", 1);
    wait_count(UDP_RELAY_NO_ROUTE, 2);
    EQ_UINT(udp_relay_sessions(relay), 0);
    sock_close(client);
    finish();
}

static void server_that_is_gone_is_left(void)
{
    char got[70000];
    struct addr local, from;
    int client;

    if (!begin("127.0.0.1:0", 0, 0))
        return;
    client = make_socket("127.0.0.1:0", &local);
    sock_close(servers[0]);
    servers[0] = -1;
    send_to(client, udp_relay_addr(relay), "lost", 4);
    wait_count(UDP_RELAY_RX_ERRORS, 1);
    EQ_UINT(udp_relay_sessions(relay), 0);
    send_to(client, udp_relay_addr(relay), "a", 1);
    EQ_INT(receive(servers[1], got, &from), 1);
    sock_close(client);
    finish();
}

static bool keep_second(void *arg, void *session)
{
    (void)arg;
    return session == &server_at[1];
}

static void review_ends_some(void)
{
    char got[70000];
    struct addr local, from;
    int a, b;

    if (!begin("127.0.0.1:0", 0, 0))
        return;
    a = make_socket("127.0.0.1:0", &local);
    b = make_socket("127.0.0.1:0", &local);
    send_to(a, udp_relay_addr(relay), "a", 1);
    EQ_INT(receive(servers[0], got, &from), 1);
    send_to(b, udp_relay_addr(relay), "b", 1);
    EQ_INT(receive(servers[1], got, &from), 1);
    udp_relay_review(relay, keep_second);
    EQ_UINT(udp_relay_sessions(relay), 1);
    next_server = 1;
    send_to(a, udp_relay_addr(relay), "a", 1);
    EQ_INT(receive(servers[1], got, &from), 1);
    sock_close(a);
    sock_close(b);
    finish();
}

static void address_in_use_is_an_error(void)
{
    const struct udp_relay_options options = { .reuse_port = true };
    struct udp_relay *other;
    struct sockaddr_storage sa;
    struct addr at;
    socklen_t len;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* as of one who does not share */

    (void)addr_parse(STR("127.0.0.1:0"), 0, &at);
    len = addr_to_sockaddr(&at, &sa);
    OK(bind(fd, (struct sockaddr *)&sa, len) == 0);
    OK(sock_local(fd, &at) == 0);
    if (OK(worker_init(&w, 0, 1) == 0)) {
        EQ_INT(udp_relay_open(&w, &at, &options, &events, NULL, &other), -EADDRINUSE);
        worker_deinit(&w);
    }
    sock_close(fd);
}

static const struct tap_case cases[] = {
    { "datagrams_go_both_ways", datagrams_go_both_ways },
    { "clients_have_servers_of_their_own", clients_have_servers_of_their_own },
    { "answers_come_from_the_address_asked", answers_come_from_the_address_asked },
    { "ipv6_clients_reach_servers_of_ipv4", ipv6_clients_reach_servers_of_ipv4 },
    { "idle_sessions_end", idle_sessions_end },
    { "sessions_have_a_limit", sessions_have_a_limit },
    { "what_has_no_route_is_dropped", what_has_no_route_is_dropped },
    { "server_that_is_gone_is_left", server_that_is_gone_is_left },
    { "review_ends_some", review_ends_some },
    { "address_in_use_is_an_error", address_in_use_is_an_error },
};

TAP_MAIN(cases)
