/* What a relay between two TCP connections costs per GB, copying and by splice: CPU time of the
 * relay's thread only. Sender and receiver are threads with blocking sockets. */
#include "core/net/relay.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"

#define TOTAL_BYTES ((size_t)2 * 1024 * 1024 * 1024)
#define BLOCK_BYTES ((size_t)256 * 1024)

static bool is_done;

static void on_done(void *arg, const struct relay_result *result)
{
    (void)arg;
    is_done = result->a_to_b_bytes == TOTAL_BYTES;
}

static bool get_done(void *arg)
{
    (void)arg;
    return is_done;
}

static void *send_all(void *arg)
{
    int fd = *(int *)arg;
    char *block = calloc(1, BLOCK_BYTES);

    for (size_t sent = 0; block && sent < TOTAL_BYTES; sent += BLOCK_BYTES)
        if (send(fd, block, BLOCK_BYTES, MSG_NOSIGNAL) != (ssize_t)BLOCK_BYTES)
            break;
    shutdown(fd, SHUT_WR);
    free(block);
    return NULL;
}

static void *receive_all(void *arg)
{
    int fd = *(int *)arg;
    char *block = malloc(BLOCK_BYTES);

    while (block && recv(fd, block, BLOCK_BYTES, 0) > 0)
        ;
    shutdown(fd, SHUT_WR);
    free(block);
    return NULL;
}

/* A connected pair over loopback. */
static void connect_pair(int fds[2])
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int l = socket(AF_INET, SOCK_STREAM, 0);

    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(l, (struct sockaddr *)&at, len) != 0 || listen(l, 1) != 0 ||
        getsockname(l, (struct sockaddr *)&at, &len) != 0 ||
        connect(fds[0], (struct sockaddr *)&at, len) != 0)
        abort();
    fds[1] = accept(l, NULL, NULL);
    close(l);
}

static double cpu_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_THREAD, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void run(const char *name, bool no_splice)
{
    struct relay_options options = { .no_splice = no_splice };
    int left[2], right[2];
    pthread_t sender, receiver;
    struct stream *a, *b;
    struct worker w;
    double start;
    uint64_t ns;

    is_done = false;
    connect_pair(left);
    connect_pair(right);
    if (worker_init(&w, 0, 1) != 0 || stream_tcp_from_fd(&w, left[1], &a) != 0 ||
        stream_tcp_from_fd(&w, right[0], &b) != 0)
        abort();
    relay_start(a, b, &options, on_done, NULL);
    pthread_create(&sender, NULL, send_all, &left[0]);
    pthread_create(&receiver, NULL, receive_all, &right[1]);
    start = cpu_ms();
    ns = clock_ns();
    worker_run_until(&w, get_done, NULL, 60000);
    printf("relay %-6s %7.0f ms CPU per GB, %5.2f GB/s\n", name,
           (cpu_ms() - start) / ((double)TOTAL_BYTES / 1e9),
           (double)TOTAL_BYTES / (double)(clock_ns() - ns));
    pthread_join(sender, NULL);
    pthread_join(receiver, NULL);
    close(left[0]);
    close(right[1]);
    worker_deinit(&w);
}

int main(void)
{
    for (int i = 0; i < 2; i++) {
        run("copy", true);
        run("splice", false);
    }
    return 0;
}
