/* What TLS costs: handshakes, bytes, memory of idle connections; both ends in one process over
 * memory, so half of each figure belongs to the peer.
 *
 *      bench/tls_bench [handshakes [megabytes [idle connections]]] */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/net/stream_mem.h"
#include "core/tls/tls_verify.h"
#include "tests/unit/support/tls_rig.h"

#define RECORD 16384

static struct tls_rig_ca ca;
static struct tls_identity *client_id, *server_id;

static struct tls_config *config(bool server)
{
    struct tls_options options = tls_rig_mesh(server ? server_id : client_id, ca.trust);

    return server ? tls_rig_server(&options) : tls_rig_client(&options);
}

struct pair {
    struct stream_sink client, server;
};

static bool is_ready(void *arg)
{
    const struct pair *p = arg;

    return p->client.ready && p->server.ready;
}

static void connect_pair(struct worker *w, struct pair *p, struct tls_config *cc,
                         struct tls_config *sc)
{
    struct stream *a, *b, *s;

    *p = (struct pair){ 0 };
    stream_mem_pair(w, &a, &b);
    stream_tls_client(a, cc, &s);
    stream_sink_listen(&p->client, s);
    stream_tls_server(b, sc, &s);
    stream_sink_listen(&p->server, s);
    if (worker_run_until(w, is_ready, p, 5000)) {
        fprintf(stderr, "no handshake\n");
        exit(1);
    }
}

static void close_pair(struct pair *p)
{
    stream_sink_close(&p->client);
    stream_sink_close(&p->server);
    stream_sink_deinit(&p->client);
    stream_sink_deinit(&p->server);
}

static void bench_handshakes(struct worker *w, int count, bool remember)
{
    struct tls_config *cc = config(false), *sc = config(true);
    uint64_t start = clock_ns();
    struct pair p;

    for (int i = 0; i < count; i++) {
        if (!remember)
            tls_verify_flush();
        connect_pair(w, &p, cc, sc);
        close_pair(&p);
    }
    printf("handshake mTLS, both ends, %s: %.1f us\n", remember ? "chain known" : "chain new",
           (double)(clock_ns() - start) / 1e3 / count);
    tls_config_unref(cc);
    tls_config_unref(sc);
}

static void drop(struct stream_sink *sink)
{
    buf_clear(&sink->in);
}

static bool is_empty(void *arg)
{
    const struct pair *p = arg;

    return stream_unsent(p->client.s) == 0;
}

static void bench_bytes(struct worker *w, size_t megabytes, size_t piece)
{
    struct tls_config *cc = config(false), *sc = config(true);
    size_t left = megabytes << 20;
    char *block = mem_alloc0(1, 65536);
    struct pair p;
    uint64_t start;

    connect_pair(w, &p, cc, sc);
    p.server.hook = drop;
    start = clock_ns();
    while (left > 0) {
        for (size_t batch = 0; batch < 65536 && left > 0; batch += piece) {
            stream_write_bytes(p.client.s, block, piece);
            left = left > piece ? left - piece : 0;
        }
        worker_run_until(w, is_empty, &p, 5000);
    }
    printf("bytes in writes of %zu, both ends: %.0f MB/s\n", piece,
           (double)(megabytes << 20) / 1e6 / ((double)(clock_ns() - start) / 1e9));
    close_pair(&p);
    mem_free(block);
    tls_config_unref(cc);
    tls_config_unref(sc);
}

static void bench_idle(struct worker *w, size_t count)
{
    struct tls_config *cc = config(false), *sc = config(true);
    struct pair *pairs = mem_alloc0(count, sizeof(*pairs));
    size_t before;

    connect_pair(w, &pairs[0], cc, sc);
    before = mallinfo2().uordblks;
    for (size_t i = 1; i < count; i++)
        connect_pair(w, &pairs[i], cc, sc);
    printf("idle mTLS connection, mean of both ends with their memory stream: %zu bytes\n",
           (mallinfo2().uordblks - before) / (count - 1) / 2);
    for (size_t i = 0; i < count; i++)
        close_pair(&pairs[i]);
    mem_free(pairs);
    tls_config_unref(cc);
    tls_config_unref(sc);
}

int main(int argc, char **argv)
{
    int handshakes = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2000;
    size_t megabytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    size_t idle = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000;
    struct worker w;

    if (worker_init(&w, 0, 1))
        return 1;
    tls_rig_ca_init(&ca, "mesh.test");
    client_id = tls_rig_identity(&ca, "spiffe://mesh.test/ns/a/sa/client", NULL, -60, 3600);
    server_id = tls_rig_identity(&ca, "spiffe://mesh.test/ns/a/sa/server", NULL, -60, 3600);
    bench_handshakes(&w, handshakes, false);
    bench_handshakes(&w, handshakes, true);
    bench_bytes(&w, megabytes, 65536);
    bench_bytes(&w, megabytes, RECORD);
    bench_bytes(&w, megabytes / 4 + 1, 512);
    bench_idle(&w, idle + 1);
    tls_identity_unref(client_id);
    tls_identity_unref(server_id);
    tls_rig_ca_deinit(&ca);
    worker_deinit(&w);
    return 0;
}
