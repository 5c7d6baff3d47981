/* A server that answers every request itself, and a proxy in front of one address: what core/http
 * costs without routes, filters and metrics.
 *
 *     http_direct_bench PORT [BODY_BYTES]               answers
 *     http_direct_bench PORT proxy UPSTREAM_PORT [h2]   forwards
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_pool.h"
#include "core/http/http_server.h"
#include "core/loop/worker.h"
#include "core/net/listener.h"
#include "core/net/stream_tcp.h"

static struct http_server_config config = { .accept_http10 = true };
static struct http_pool_config pool_config;
static struct http_pool *pool;
static struct addr upstream;
static struct str body;

/* One request on its way through. */
struct relay {
    struct http_stream *down, *up;
    struct http_msg *head;
    struct buf early; /* body that came before there was a connection */
    bool end, early_end;
};

static void end_relay(struct relay *r)
{
    http_stream_release(r->down);
    if (r->up)
        http_stream_release(r->up);
    buf_deinit(&r->early);
    mem_free(r);
}

static void up_head(void *arg, struct http_msg *head, bool end)
{
    struct relay *r = arg;

    if (http_stream_send_head(r->down, head, end) != 0 || end)
        end_relay(r);
}

static void pass(struct http_stream *to, const uint8_t *p, size_t len, bool end)
{
    (void)http_stream_send_bytes(to, p, len, end);
}

static void up_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct relay *r = arg;

    pass(r->down, p, len, end);
    http_stream_consume(r->up, len);
    if (end)
        end_relay(r);
}

static void up_trailers(void *arg, struct http_headers *trailers)
{
    struct relay *r = arg;

    (void)http_stream_send_trailers(r->down, trailers);
    end_relay(r);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    (void)failure;
    end_relay(arg);
}

static void down_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct relay *r = arg;

    if (r->up) {
        pass(r->up, p, len, end);
    } else {
        buf_add(&r->early, p, len);
        r->early_end = end;
    }
    http_stream_consume(r->down, len);
}

static void down_trailers(void *arg, struct http_headers *trailers)
{
    (void)http_stream_send_trailers(((struct relay *)arg)->up, trailers);
}

static const struct http_stream_events up_events = { up_head, up_body, up_trailers, NULL,
                                                     on_reset };
static const struct http_stream_events down_events = { NULL, down_body, down_trailers, NULL,
                                                       on_reset };

static void on_upstream(void *arg, struct http_stream *hs, int err)
{
    struct relay *r = arg;

    if (err) {
        (void)http_stream_reply(r->down, 503, NULL, str_of(error_text(err)));
        end_relay(r);
        return;
    }
    r->up = hs;
    http_stream_set_events(hs, &up_events, r);
    if (http_stream_send_head(hs, r->head, r->end) != 0)
        end_relay(r);
    else if (buf_len(&r->early) || r->early_end)
        pass(hs, (const uint8_t *)buf_str(&r->early).p, buf_len(&r->early), r->early_end);
}

static void forward(struct http_stream *hs, struct http_msg *head, bool end)
{
    struct relay *r = mem_alloc0(1, sizeof(*r));
    struct http_pool_waiter *waiter;
    struct http_stream *up;
    int err;

    r->down = hs;
    buf_init(&r->early, 0);
    r->head = head;
    r->end = end;
    http_stream_set_events(hs, &down_events, r);
    err = http_pool_get(pool, on_upstream, r, &up, &waiter);
    if (err || up)
        on_upstream(r, up, err);
}

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    (void)arg, (void)conn;
    if (pool) {
        forward(hs, head, end);
        return;
    }
    (void)http_stream_reply(hs, 200, "text/plain", body);
    http_stream_release(hs);
}

static const struct http_server_handler handler = { .on_request = on_request };

static void on_accept(void *arg, struct stream *s)
{
    struct http_server_conn *conn;

    (void)http_server_conn_new(s, &config, &handler, arg, &conn);
}

static int dial(void *arg, struct worker *w, struct stream **out)
{
    const struct stream_tcp_options options = { 0 };

    (void)arg;
    return stream_tcp_connect(w, &upstream, &options, out);
}

static int port_of(const char *text, struct addr *out)
{
    uint64_t port;

    if (str_to_u64(str_of(text), 65535, &port) != 0)
        return ERR_INVALID;
    return addr_parse(STR("127.0.0.1"), (uint16_t)port, out);
}

int main(int argc, char **argv)
{
    const struct listener_options options = { .fd = -1, .reuse_port = true };
    struct listener *l;
    struct worker w;
    struct addr at;
    uint64_t size = 1024;

    if (argc < 2 || port_of(argv[1], &at) != 0 || worker_init(&w, 0, 1) != 0)
        return 2;
    if (argc > 3 && strcmp(argv[2], "proxy") == 0) {
        pool_config.protocol = argc > 4 ? HTTP_PROTOCOL_H2 : HTTP_PROTOCOL_H1;
        if (port_of(argv[3], &upstream) != 0)
            return 2;
        pool = http_pool_new(&w, &pool_config, dial, NULL);
    } else if (argc > 2 && str_to_u64(str_of(argv[2]), 1 << 30, &size) != 0) {
        return 2;
    }
    body = str_make(mem_alloc0(1, size + 1), size);
    if (listener_open(&w, &at, &options, on_accept, NULL, &l) != 0)
        return 1;
    worker_run(&w);
    return 0;
}
