#include "core/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/net/sock.h"
#include "core/net/stream_tcp.h"
#include "tests/tap.h"
#include "tests/unit/support/stream_sink.h"

static struct worker worker;

#define STREAMS_MAX 64

/* Keeps what was accepted. */
struct door {
    struct listener *l;
    struct stream *in[STREAMS_MAX];
    int count, want;
    bool pauses, closes;
};

static void on_accept(void *arg, struct stream *s)
{
    struct door *d = arg;

    d->in[d->count++] = s;
    if (d->pauses)
        listener_pause(d->l, true);
    if (d->closes)
        listener_close(d->l, false);
}

static bool is_full(void *arg)
{
    const struct door *d = arg;

    return d->count >= d->want;
}

static bool wait_for(struct door *d, int want)
{
    d->want = want;
    return worker_run_until(&worker, is_full, d, 30000) == 0;
}

static int door_open(struct door *d, const char *text, const struct listener_options *options)
{
    struct addr at;

    *d = (struct door){ 0 };
    if (!EQ_INT(addr_parse(str_of(text), 0, &at), 0))
        return ERR_INVALID;
    return listener_open(&worker, &at, options, on_accept, d, &d->l);
}

static void door_empty(struct door *d)
{
    for (int i = 0; i < d->count; i++)
        stream_close(d->in[i]);
    d->count = 0;
}

/* A blocking client, which completes without the loop. */
static int dial(const struct addr *to)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(to, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&ss, len) != 0) {
        close(fd);
        return -errno;
    }
    return fd;
}

static void connections_are_accepted(void)
{
    static const char *const rows[] = { "127.0.0.1:0", "[::1]:0", "unix:@mesh-listener-test" };
    int fds[40];
    struct door d;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    for (size_t row = 0; row < 3; row++) {
        if (!EQ_INT(door_open(&d, rows[row], NULL), 0))
            continue;
        OK(row == 2 || listener_addr(d.l)->port != 0);
        for (int i = 0; i < 40; i++)
            OK((fds[i] = dial(listener_addr(d.l))) >= 0);
        OK(wait_for(&d, 40));
        EQ_INT(stream_peer(d.in[0])->family, listener_addr(d.l)->family);
        for (int i = 0; i < 40; i++)
            close(fds[i]);
        door_empty(&d);
        EQ_INT(listener_close(d.l, false), -1);
    }
    worker_deinit(&worker);
}

static void a_taken_address_is_refused(void)
{
    struct listener_options shared = { .fd = -1, .reuse_port = true };
    struct listener *second, *third = NULL;
    struct door d;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    if (!EQ_INT(door_open(&d, "127.0.0.1:0", NULL), 0))
        return;
    EQ_INT(listener_open(&worker, listener_addr(d.l), NULL, on_accept, &d, &second), -EADDRINUSE);
    listener_close(d.l, false);
    if (!EQ_INT(door_open(&d, "127.0.0.1:0", &shared), 0))
        return;
    EQ_INT(listener_open(&worker, listener_addr(d.l), &shared, on_accept, &d, &third), 0);
    listener_close(third, false);
    listener_close(d.l, false);
    listener_close(NULL, false);
    worker_deinit(&worker);
}

static void a_paused_listener_leaves_connections_waiting(void)
{
    struct door d;
    int a, b;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    if (!EQ_INT(door_open(&d, "127.0.0.1:0", NULL), 0))
        return;
    d.pauses = true;
    a = dial(listener_addr(d.l));
    b = dial(listener_addr(d.l));
    OK(wait_for(&d, 1));
    stream_sink_idle(&worker, 20);
    EQ_INT(d.count, 1);
    listener_pause(d.l, false);
    OK(wait_for(&d, 2));
    close(a);
    close(b);
    door_empty(&d);
    listener_close(d.l, false);
    worker_deinit(&worker);
}

static void closing_in_the_callback_ends_it(void)
{
    struct door d;
    int a, b;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    if (!EQ_INT(door_open(&d, "127.0.0.1:0", NULL), 0))
        return;
    d.closes = true;
    a = dial(listener_addr(d.l));
    b = dial(listener_addr(d.l));
    OK(wait_for(&d, 1));
    stream_sink_idle(&worker, 20);
    EQ_INT(d.count, 1);
    close(a);
    close(b);
    door_empty(&d);
    worker_deinit(&worker);
}

static void a_socket_is_handed_on(void)
{
    struct listener_options given = { 0 };
    struct door d;
    struct addr at;
    int client;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    if (!EQ_INT(door_open(&d, "127.0.0.1:0", NULL), 0))
        return;
    at = *listener_addr(d.l);
    given.fd = listener_close(d.l, true);
    OK(given.fd >= 0);
    client = dial(&at); /* refused by nobody meanwhile */
    OK(client >= 0);
    if (!EQ_INT(door_open(&d, "127.0.0.1:1", &given), 0))
        return;
    OK(addr_eq(listener_addr(d.l), &at));
    OK(wait_for(&d, 1));
    door_empty(&d);
    listener_close(d.l, false);
    close(client);
    given.fd = socket(AF_INET, SOCK_STREAM, 0); /* does not listen */
    EQ_INT(door_open(&d, "127.0.0.1:1", &given), UV_EINVAL);
    EQ_INT(fcntl(given.fd, F_GETFD), -1); /* closed all the same */
    worker_deinit(&worker);
}

static void a_unix_socket_has_its_mode_and_a_stale_one_is_replaced(void)
{
    struct listener_options open_to_all = { .fd = -1, .unix_mode = 0666 };
    char dir[] = "/tmp/mesh-listener-XXXXXX", text[64];
    struct sock_bind_options none = { 0 };
    struct listener *second;
    struct stat st;
    struct door d;
    struct addr at;
    int fd;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    if (!OK(mkdtemp(dir)))
        return;
    snprintf(text, sizeof(text), "unix:%s/s", dir);
    addr_parse(str_of(text), 0, &at);
    if (!EQ_INT(sock_listen(&at, &none, 0, &fd), 0))
        return;
    close(fd); /* the file stays */
    EQ_INT(stat(text + 5, &st), 0);
    EQ_INT(st.st_mode & 0777, 0600);
    if (!EQ_INT(door_open(&d, text, &open_to_all), 0))
        return;
    EQ_INT(stat(text + 5, &st), 0);
    EQ_INT(st.st_mode & 0777, 0666);
    EQ_INT(listener_open(&worker, &at, NULL, on_accept, &d, &second), -EADDRINUSE);
    listener_close(d.l, false);
    EQ_INT(stat(text + 5, &st), -1);
    EQ_INT(rmdir(dir), 0);
    worker_deinit(&worker);
}

static void a_lack_of_descriptors_is_waited_out(void)
{
    struct rlimit old, low;
    struct door d;
    int client, highest;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    if (!EQ_INT(door_open(&d, "127.0.0.1:0", NULL), 0))
        return;
    stream_sink_idle(&worker, 5);
    client = dial(listener_addr(d.l));
    highest = dup(client);
    close(highest);
    getrlimit(RLIMIT_NOFILE, &old);
    low = old;
    low.rlim_cur = (rlim_t)highest;
    EQ_INT(setrlimit(RLIMIT_NOFILE, &low), 0);
    stream_sink_idle(&worker, 30);
    EQ_INT(d.count, 0);
    EQ_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    OK(wait_for(&d, 1));
    close(client);
    door_empty(&d);
    listener_close(d.l, false);
    worker_deinit(&worker);
}

static void all_addresses_are_those_of_both_families(void)
{
    struct sock_bind_options none = { 0 };
    struct addr at, peer;
    int fd, client, server;

    if (!sock_has_ipv6()) {
        NOTE("no IPv6 here");
        return;
    }
    addr_parse(STR("[::]:0"), 0, &at);
    if (!EQ_INT(sock_listen(&at, &none, 0, &fd), 0))
        return;
    EQ_INT(sock_local(fd, &at), 0);
    addr_parse(STR("127.0.0.1"), at.port, &at);
    client = dial(&at);
    server = poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 5000) == 1
                 ? accept(fd, NULL, NULL)
                 : -1;
    if (OK(server >= 0) && EQ_INT(sock_peer(server, &peer), 0))
        EQ_INT(peer.family, ADDR_IPV4);
    sock_close(server);
    close(client);
    close(fd);
}

static const struct tap_case cases[] = {
    { "all_addresses_are_those_of_both_families", all_addresses_are_those_of_both_families },
    { "connections_are_accepted", connections_are_accepted },
    { "a_taken_address_is_refused", a_taken_address_is_refused },
    { "a_paused_listener_leaves_connections_waiting",
      a_paused_listener_leaves_connections_waiting },
    { "closing_in_the_callback_ends_it", closing_in_the_callback_ends_it },
    { "a_socket_is_handed_on", a_socket_is_handed_on },
    { "a_unix_socket_has_its_mode_and_a_stale_one_is_replaced",
      a_unix_socket_has_its_mode_and_a_stale_one_is_replaced },
    { "a_lack_of_descriptors_is_waited_out", a_lack_of_descriptors_is_waited_out },
};

TAP_MAIN(cases)
