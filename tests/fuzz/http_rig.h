/* What the fuzz targets of core/http share: one worker, and a peer that sends the input in pieces.
 * Included once per program. */
#ifndef TESTS_FUZZ_HTTP_RIG_H
#define TESTS_FUZZ_HTTP_RIG_H

#include <stdint.h>
#include <stdlib.h>

#include "core/http/http_server.h"
#include "core/http/http_stream.h"
#include "core/loop/worker.h"
#include "core/net/stream_mem.h"

static struct worker *rig_worker(void)
{
    static struct worker w;
    static bool made;

    if (!made && worker_init(&w, 0, 1) != 0)
        abort();
    made = true;
    return &w;
}

static void rig_turn(void)
{
    for (int i = 0; i < 6; i++)
        uv_run(&rig_worker()->loop, UV_RUN_NOWAIT);
}

static void peer_read(void *arg, const uint8_t *p, size_t len)
{
    (void)arg, (void)p, (void)len;
}

static void peer_eof(void *arg)
{
    (void)arg;
}

static void peer_error(void *arg, int err)
{
    (void)arg, (void)err;
}

static const struct stream_events peer_events = { .on_read = peer_read,
                                                  .on_eof = peer_eof,
                                                  .on_error = peer_error };

/* The first byte of the input says how large the pieces are. */
static void rig_send(struct stream *peer, const uint8_t *data, size_t size)
{
    size_t piece = size ? (size_t)data[0] + 1 : 1;

    if (size == 0)
        return;
    stream_mem_set_read_max(peer, 16384);
    for (size_t at = 1; at < size; at += piece) {
        (void)stream_write_bytes(peer, data + at, size - at < piece ? size - at : piece);
        if (piece < 64 && size < 2048)
            rig_turn();
    }
    rig_turn();
    stream_shutdown(peer);
    rig_turn();
}

/* ---- a user who answers what he gets: on a server with an echo ---- */

struct echo {
    struct http_stream *hs;
};

static void echo_end(struct echo *e)
{
    http_stream_release(e->hs);
    free(e);
}

static void echo_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct echo *e = arg;

    (void)http_stream_send_bytes(e->hs, p, len, end);
    http_stream_consume(e->hs, len);
    if (end)
        echo_end(e);
}

static void echo_trailers(void *arg, struct http_headers *trailers)
{
    struct echo *e = arg;

    (void)http_stream_send_trailers(e->hs, trailers);
    echo_end(e);
}

static void echo_reset(void *arg, const struct http_failure *failure)
{
    (void)failure;
    echo_end(arg);
}

static const struct http_stream_events echo_events = { .on_body = echo_body,
                                                       .on_trailers = echo_trailers,
                                                       .on_reset = echo_reset };

static inline void rig_on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                                  struct http_msg *head, bool end)
{
    struct http_msg m;
    struct echo *e;

    (void)arg, (void)conn;
    http_msg_init(&m, hs->arena);
    m.is_response = true;
    m.status = head->upgrade.len ? 101 : 200;
    http_headers_copy(&m.headers, &head->headers, false);
    if (head->path.len % 7 == 3) { /* one that does not wait for the body */
        (void)http_stream_reply(hs, 403, "text/plain", STR("no"));
        http_stream_release(hs);
        return;
    }
    (void)http_stream_send_head(hs, &m, end);
    if (end) {
        http_stream_release(hs);
        return;
    }
    e = malloc(sizeof(*e));
    e->hs = hs;
    http_stream_set_events(hs, &echo_events, e);
}

static inline void rig_on_close(void *arg, struct http_server_conn *conn, int err)
{
    (void)conn, (void)err;
    *(struct http_server_conn **)arg = NULL;
}

/* Serves the input. */
static inline void rig_serve(const uint8_t *data, size_t size, const void *before,
                             size_t before_len)
{
    const struct http_server_config config = { .accept_http10 = true,
                                               .keep_case = size & 1,
                                               .allow_connect = true,
                                               .extended_connect = true,
                                               .server_name = "fuzz" };
    static const struct http_server_handler handler = { rig_on_request, rig_on_close };
    struct http_server_conn *conn = NULL;
    struct stream *ours, *peer;

    stream_mem_pair(rig_worker(), &ours, &peer);
    if (http_server_conn_new(ours, &config, &handler, &conn, &conn) != 0)
        abort();
    stream_set_events(peer, &peer_events, NULL);
    stream_read_start(peer);
    (void)stream_write_bytes(peer, before, before_len);
    rig_send(peer, data, size);
    if (conn)
        http_server_conn_close(conn);
    stream_close(peer);
    rig_turn();
}

#endif
