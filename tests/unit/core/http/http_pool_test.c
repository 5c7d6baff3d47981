/* The pool and the HTTP/1 client: upstreams are raw ends of memory streams, or our server. */
#include "core/http/http_pool.h"

#include "core/base/error.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/http_wire.h"

#define SLOTS 8

struct rig {
    struct worker w;
    struct http_pool_config config;
    struct http_pool *pool;
    struct http_server_config server_config; /* h2 upstreams */
    struct http_server_conn *servers[SLOTS];
    struct wire wires[SLOTS];   /* upstream ends, by dial */
    struct stream *ends[SLOTS]; /* our ends */
    struct http_note notes[SLOTS];
    struct http_note held; /* a request that an h2 upstream does not answer */
    struct http_pool_waiter *waiters[SLOTS];
    int dials, answered, errors[SLOTS];
    int connect_err;
    bool connecting; /* dials don't succeed by themselves */
    bool h2;
    int asks_again; /* this many more, by the first one that is told */
};

static int ask(struct rig *r, int i, const char *path);

struct ask {
    struct rig *rig;
    int i;
    const char *path;
};
static struct ask asks[SLOTS];

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct rig *r = arg;

    (void)conn, (void)end;
    r->answered++;
    if (str_is(head->path, "/hold")) {
        http_wire_note(&r->held, hs);
        return;
    }
    EQ_INT(http_stream_reply(hs, 200, NULL, STR("ok")), 0);
    http_stream_release(hs);
}

static void on_close(void *arg, struct http_server_conn *conn, int err)
{
    struct rig *r = arg;

    (void)err;
    for (int i = 0; i < SLOTS; i++) {
        if (r->servers[i] == conn)
            r->servers[i] = NULL;
    }
}

static const struct http_server_handler handler = { on_request, on_close };

static int connect_mem(void *arg, struct worker *w, struct stream **out)
{
    struct rig *r = arg;
    struct stream *far;

    if (r->connect_err)
        return r->connect_err;
    stream_mem_pair(w, out, &far);
    r->ends[r->dials] = *out;
    if (r->connecting)
        stream_mem_set_connecting(*out);
    if (r->h2)
        EQ_INT(http_server_conn_new(far, &r->server_config, &handler, r, &r->servers[r->dials]), 0);
    else
        http_wire_open(&r->wires[r->dials], far);
    r->dials++;
    return 0;
}

static void rig_start(struct rig *r)
{
    EQ_INT(worker_init(&r->w, 0, 1), 0);
    for (int i = 0; i < SLOTS; i++)
        http_wire_note_init(&r->notes[i]);
    http_wire_note_init(&r->held);
    r->pool = http_pool_new(&r->w, &r->config, connect_mem, r);
}

static void rig_stop(struct rig *r)
{
    for (int i = 0; i < SLOTS; i++)
        http_wire_note_deinit(&r->notes[i]);
    http_wire_note_deinit(&r->held);
    http_pool_free(r->pool);
    http_wire_turn(&r->w);
    for (int i = 0; i < r->dials; i++) {
        if (r->wires[i].s)
            http_wire_close(&r->wires[i]);
        if (r->servers[i])
            http_server_conn_close(r->servers[i]);
    }
    http_wire_turn(&r->w);
    worker_deinit(&r->w);
}

static void begin(struct rig *r, int i, struct http_stream *hs, const char *path)
{
    struct http_msg m;

    http_wire_note(&r->notes[i], hs);
    http_wire_request(&m, hs->arena, "GET", path);
    EQ_INT(http_stream_send_head(hs, &m, true), 0);
}

static void on_got(void *arg, struct http_stream *hs, int err)
{
    struct ask *a = arg;

    a->rig->waiters[a->i] = NULL;
    a->rig->errors[a->i] = err;
    if (hs)
        begin(a->rig, a->i, hs, a->path);
    while (a->rig->asks_again > 0)
        EQ_INT(ask(a->rig, SLOTS - a->rig->asks_again--, "/"), 0);
}

static int ask(struct rig *r, int i, const char *path)
{
    struct http_stream *hs;
    int err;

    asks[i] = (struct ask){ r, i, path };
    err = http_pool_get(r->pool, on_got, &asks[i], &hs, &r->waiters[i]);
    if (!err && hs)
        begin(r, i, hs, path);
    return err;
}

static void done_with(struct rig *r, int i)
{
    http_stream_release(r->notes[i].hs);
    r->notes[i].hs = NULL;
}

static void connection_is_used_again(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/1"), 0);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_text(&r.wires[0]), "GET /1 HTTP/1.1\r\nhost: a.test\r\n\r\n");
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.notes[0]), "head 200 length:2\nbody 2 end\n");
    EQ_INT(http_pool_active(r.pool), 0);
    EQ_INT(ask(&r, 1, "/2"), 0);
    http_wire_turn(&r.w);
    EQ_INT(r.dials, 1);
    HAS_STR(http_wire_text(&r.wires[0]), "GET /2 ");
    EQ_INT(ask(&r, 2, "/3"), 0);
    EQ_INT(r.dials, 2);
    EQ_INT(http_pool_active(r.pool), 2);
    rig_stop(&r);
}

static void answers_of_all_kinds(void)
{
    static const struct {
        const char *answer, *log;
        bool close; /* the peer closes behind it */
        bool reuse;
    } rows[] = {
        { "HTTP/1.1 204 No Content\r\n\r\n", "head 204 end\n", false, true },
        { "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "head 200 length:0 end\n", false, true },
        { "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n", "head 304 length:9 end\n", false, true },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
          "head 200\nbody 3 end\n", false, true },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
          "head 200\nbody 3 trailers x=y\n", false, true },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
          "head 100\nhead 200 length:1\nbody 1 end\n", false, true },
        { "HTTP/1.1 200 OK\r\n\r\nuntil the end", "head 200\nbody 13 end\n", true, false },
        { "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "head 200 length:1\nbody 1 end\n", false,
          false },
        { "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
          "head 200 length:1\nbody 1 end\n", false, false },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "head 200 length:5\nreset\n", true,
          false },
        { "", "reset\n", true, false },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n",
          "head 200 length:1\nbody 1 end\n", false, false },
        { "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "reset\n", false,
          false },
        { "HTTP/1.1 000 OK\r\n\r\n", "reset\n", false, false },
        { "HTTP/2.0 200 OK\r\n\r\n", "reset\n", false, false },
        { "HTTP/1.1 200 O\x01K\r\n\r\n", "reset\n", false, false },
        { "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "reset\n", false, false },
        { "\r\nHTTP/1.1 200 OK\r\n\r\n", "reset\n", false, false },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "reset\n",
          false, false },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", "reset\n", false,
          false },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "head 200\nreset\n", false,
          false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r = { 0 };

        rig_start(&r);
        EQ_INT(ask(&r, 0, "/"), 0);
        http_wire_turn(&r.w);
        http_wire_send(&r.wires[0], rows[i].answer);
        if (rows[i].close)
            stream_shutdown(r.wires[0].s);
        http_wire_turn(&r.w);
        if (!EQ_STR(http_wire_log(&r.notes[0]), rows[i].log) ||
            !EQ_INT(http_pool_connections(r.pool), rows[i].reuse))
            NOTE("row %zu: %s", i, rows[i].answer);
        rig_stop(&r);
    }
}

static void too_many_interim_answers_end_it(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    http_wire_turn(&r.w);
    for (int i = 0; i < 11; i++)
        http_wire_send(&r.wires[0], "HTTP/1.1 103 Early Hints\r\n\r\n");
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(&r.notes[0]), "reset\n");
    EQ_INT(r.notes[0].failure.err, ERR_PROTO);
    rig_stop(&r);
}

static void reused_connection_that_died_is_told(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/1"), 0);
    http_wire_turn(&r.w);
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    http_wire_turn(&r.w);
    done_with(&r, 0);
    EQ_INT(ask(&r, 1, "/2"), 0);
    http_wire_turn(&r.w);
    stream_shutdown(r.wires[0].s);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.notes[1]), "reset\n");
    OK(r.notes[1].failure.reused && !r.notes[1].failure.unprocessed);
    rig_stop(&r);
}

static void limits_of_idle_connections_are_learned_from_answers(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/1"), 0);
    http_wire_turn(&r.w);
    OK(http_pool_idle_limit_ms(r.pool) == UINT64_MAX);
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                "Keep-Alive: max=9, timeout=5\r\n\r\n");
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.notes[0]), "head 200 length:0 end\n");
    EQ_INT(http_pool_idle_limit_ms(r.pool), 4000);
    EQ_INT(ask(&r, 1, "/2"), 0);
    http_wire_turn(&r.w);
    EQ_INT(r.dials, 1);
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                "Keep-Alive: timeout=0\r\n\r\n");
    http_wire_turn(&r.w);
    EQ_INT(ask(&r, 2, "/3"), 0); /* the peer may have closed it by now */
    http_wire_turn(&r.w);
    EQ_INT(r.dials, 2);
    EQ_INT(http_pool_connections(r.pool), 1);
    rig_stop(&r);
}

static void bytes_on_an_idle_connection_end_it(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/1"), 0);
    http_wire_turn(&r.w);
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    http_wire_turn(&r.w);
    EQ_INT(http_pool_connections(r.pool), 1);
    http_wire_send(&r.wires[0], "H");
    http_wire_turn(&r.w);
    EQ_INT(http_pool_connections(r.pool), 0);
    rig_stop(&r);
}

static void request_body_is_framed(void)
{
    struct rig r = { 0 };
    struct http_note *n = &r.notes[0];
    struct http_stream *hs;
    struct http_headers t;
    struct http_msg m;

    rig_start(&r);
    EQ_INT(http_pool_get(r.pool, on_got, &asks[0], &hs, &r.waiters[0]), 0);
    http_wire_note(n, hs);
    http_wire_request(&m, hs->arena, "POST", "/");
    http_headers_add(&m.headers, STR("x-a"), STR("b"));
    EQ_INT(http_stream_send_head(hs, &m, false), 0);
    EQ_INT(http_stream_send_bytes(hs, "hello", 5, false), 0);
    http_headers_init(&t, hs->arena);
    http_headers_add(&t, STR("x-t"), STR("v"));
    EQ_INT(http_stream_send_trailers(hs, &t), 0);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_text(&r.wires[0]),
           "POST / HTTP/1.1\r\nhost: a.test\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n"
           "5\r\nhello\r\n0\r\nx-t: v\r\n\r\n");
    rig_stop(&r);
}

static void answer_before_the_request_ended(void)
{
    struct rig r = { 0 };
    struct http_note *n = &r.notes[0];
    struct http_stream *hs;
    struct http_msg m;

    rig_start(&r);
    EQ_INT(http_pool_get(r.pool, on_got, &asks[0], &hs, &r.waiters[0]), 0);
    http_wire_note(n, hs);
    http_wire_request(&m, hs->arena, "POST", "/");
    m.content_length = 100;
    EQ_INT(http_stream_send_head(hs, &m, false), 0);
    http_wire_turn(&r.w);
    http_wire_send(&r.wires[0], "HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n");
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(n), "head 413 length:0 end\n");
    done_with(&r, 0);
    http_wire_turn(&r.w);
    EQ_INT(http_pool_connections(r.pool), 0); /* half a request is on it */
    rig_stop(&r);
}

static void upgrade_is_raw_after_101(void)
{
    struct rig r = { 0 };
    struct http_note *n = &r.notes[0];
    struct http_stream *hs;
    struct http_msg m;

    rig_start(&r);
    EQ_INT(http_pool_get(r.pool, on_got, &asks[0], &hs, &r.waiters[0]), 0);
    http_wire_note(n, hs);
    http_wire_request(&m, hs->arena, "GET", "/");
    m.upgrade = STR("websocket");
    http_headers_add(&m.headers, STR("sec-websocket-key"), STR("dGhlIHNhbXBsZSBub25jZQ=="));
    EQ_INT(http_stream_send_head(hs, &m, false), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wires[0]), "connection: upgrade\r\nupgrade: websocket\r\n\r\n");
    EQ_INT(http_stream_send_bytes(hs, "early", 5, false), ERR_INVALID);
    http_wire_send(&r.wires[0],
                   "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\nraw");
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(n), "head 101 upgrade:websocket\n");
    EQ_STRN(n->body.p, buf_len(&n->body), "raw");
    EQ_INT(http_stream_send_bytes(hs, "up", 2, true), 0);
    stream_shutdown(r.wires[0].s);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wires[0]), "\r\n\r\nup");
    EQ_STR(http_wire_log(n), "head 101 upgrade:websocket\nbody 3 end\n");
    EQ_INT(http_pool_connections(r.pool), 0);
    rig_stop(&r);
}

static void websocket_gets_a_key_of_its_own(void)
{
    struct rig r = { 0 };
    struct http_note *n = &r.notes[0];
    struct http_stream *hs;
    struct http_msg m;

    rig_start(&r);
    EQ_INT(http_pool_get(r.pool, on_got, &asks[0], &hs, &r.waiters[0]), 0);
    http_wire_note(n, hs);
    http_wire_request(&m, hs->arena, "GET", "/");
    m.upgrade = STR("websocket");
    EQ_INT(http_stream_send_head(hs, &m, false), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wires[0]), "sec-websocket-key: ");
    http_wire_send(&r.wires[0], "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                "Sec-WebSocket-Accept: wrong\r\n\r\n");
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(n), "reset\n");
    EQ_INT(n->failure.err, ERR_PROTO);
    rig_stop(&r);
}

static void waiters_are_served_in_order(void)
{
    struct rig r = { .config.max_connections = 1 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    EQ_INT(ask(&r, 1, "/"), 0);
    EQ_INT(ask(&r, 2, "/"), 0);
    EQ_INT(http_pool_pending(r.pool), 2);
    http_wire_turn(&r.w);
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    http_wire_turn(&r.w);
    OK(r.notes[1].hs && !r.notes[2].hs);
    http_pool_cancel(r.waiters[2]);
    EQ_INT(http_pool_pending(r.pool), 0);
    EQ_INT(r.dials, 1);
    rig_stop(&r);
}

static void limits_are_told_at_once(void)
{
    struct rig r = { .config.max_connections = 1, .config.max_pending = 1 };
    struct rig two = { .config.max_requests = 2 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    EQ_INT(ask(&r, 1, "/"), 0);
    EQ_INT(ask(&r, 2, "/"), ERR_LIMIT);
    http_pool_cancel(r.waiters[1]);
    rig_stop(&r);

    rig_start(&two);
    EQ_INT(ask(&two, 0, "/"), 0);
    EQ_INT(ask(&two, 1, "/"), 0);
    EQ_INT(ask(&two, 2, "/"), ERR_LIMIT);
    rig_stop(&two);
}

static void failed_dials_are_told(void)
{
    struct rig r = { .connecting = true, .config.protocol = HTTP_PROTOCOL_H2 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    EQ_INT(ask(&r, 1, "/"), 0);
    EQ_INT(r.dials, 1); /* one dial may carry both */
    stream_mem_fail(r.ends[0], UV_ECONNREFUSED);
    http_wire_turn(&r.w);
    EQ_INT(r.errors[0], UV_ECONNREFUSED);
    EQ_INT(r.errors[1], UV_ECONNREFUSED);
    EQ_INT(http_pool_connections(r.pool), 0);
    r.connect_err = UV_EMFILE;
    EQ_INT(ask(&r, 2, "/"), UV_EMFILE);
    rig_stop(&r);
}

static void slow_dial_times_out(void)
{
    struct rig r = { .connecting = true, .config.connect_timeout_ms = 20 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    http_wire_wait(&r.w, 60);
    EQ_INT(r.errors[0], ERR_TIMEOUT);
    rig_stop(&r);
}

/* Four requests wait for the connection that the first one dialled, and then go over it. */
static void share_a_dial(struct rig *r)
{
    for (int i = 0; i < 4; i++)
        EQ_INT(ask(r, i, "/"), 0);
    stream_mem_connect(r->ends[0]);
    http_wire_turn(&r->w);
    EQ_INT(r->dials, 1);
}

static void http2_shares_one_connection(void)
{
    struct rig r = { .h2 = true, .connecting = true, .config.protocol = HTTP_PROTOCOL_H2 };

    rig_start(&r);
    share_a_dial(&r);
    EQ_INT(r.answered, 4);
    for (int i = 0; i < 4; i++)
        HAS_STR(http_wire_log(&r.notes[i]), "body 2 end\n");
    EQ_INT(ask(&r, 4, "/"), 0);
    OK(r.notes[4].hs != NULL);
    rig_stop(&r);
}

/* While those who waited are being told one after the other, there is room for who comes then. */
static void http2_does_not_dial_while_there_is_room(void)
{
    struct rig r = {
        .h2 = true, .connecting = true, .config.protocol = HTTP_PROTOCOL_H2, .asks_again = 2
    };

    rig_start(&r);
    share_a_dial(&r);
    EQ_INT(r.answered, 6);
    rig_stop(&r);
}

static void http2_dials_again_when_full(void)
{
    struct rig r = { .h2 = true,
                     .config.protocol = HTTP_PROTOCOL_H2,
                     .config.max_streams_per_conn = 1 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/hold"), 0);
    EQ_INT(ask(&r, 1, "/"), 0);
    http_wire_turn(&r.w);
    EQ_INT(r.dials, 2);
    HAS_STR(http_wire_log(&r.notes[1]), "body 2 end\n");
    EQ_INT(http_pool_active(r.pool), 1);
    rig_stop(&r);
}

static void used_up_connections_are_left(void)
{
    struct rig r = { .config.max_requests_per_conn = 1 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    http_wire_turn(&r.w);
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    http_wire_turn(&r.w);
    EQ_INT(http_pool_connections(r.pool), 0);
    rig_stop(&r);
}

static void idle_connections_are_swept(void)
{
    struct rig r = { .config.idle_timeout_ms = 20 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    http_wire_turn(&r.w);
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    http_wire_turn(&r.w);
    EQ_INT(http_pool_connections(r.pool), 1);
    http_wire_wait(&r.w, 80);
    EQ_INT(http_pool_connections(r.pool), 0);
    rig_stop(&r);
}

static void unused_stream_leaves_the_connection_whole(void)
{
    struct rig r = { 0 };
    struct http_stream *hs;

    rig_start(&r);
    EQ_INT(http_pool_get(r.pool, on_got, &asks[0], &hs, &r.waiters[0]), 0);
    http_stream_release(hs);
    EQ_INT(ask(&r, 1, "/"), 0);
    EQ_INT(r.dials, 1);
    rig_stop(&r);
}

static void drain_finishes_what_runs(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    http_pool_drain(r.pool);
    http_wire_turn(&r.w);
    http_wire_send(&r.wires[0], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(&r.notes[0]), "body 1 end\n");
    EQ_INT(http_pool_connections(r.pool), 0);
    rig_stop(&r);
}

/* A handshake begun with the old settings is given up, and who waited for it dials anew. */
static void drain_gives_up_connections_being_made(void)
{
    struct rig r = { .connecting = true };

    rig_start(&r);
    EQ_INT(ask(&r, 0, "/"), 0);
    http_wire_turn(&r.w);
    EQ_INT(r.dials, 1);
    OK(r.waiters[0]);
    r.connecting = false;
    http_pool_drain(r.pool);
    http_wire_turn(&r.w);
    EQ_INT(r.dials, 2);
    EQ_INT(r.errors[0], 0);
    OK(!r.waiters[0]);
    EQ_INT(http_pool_connections(r.pool), 1);
    http_wire_send(&r.wires[1], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(&r.notes[0]), "body 1 end\n");
    rig_stop(&r);
}

static const struct tap_case cases[] = {
    { "drain_gives_up_connections_being_made", drain_gives_up_connections_being_made },
    { "connection_is_used_again", connection_is_used_again },
    { "answers_of_all_kinds", answers_of_all_kinds },
    { "too_many_interim_answers_end_it", too_many_interim_answers_end_it },
    { "reused_connection_that_died_is_told", reused_connection_that_died_is_told },
    { "limits_of_idle_connections_are_learned_from_answers",
      limits_of_idle_connections_are_learned_from_answers },
    { "bytes_on_an_idle_connection_end_it", bytes_on_an_idle_connection_end_it },
    { "request_body_is_framed", request_body_is_framed },
    { "answer_before_the_request_ended", answer_before_the_request_ended },
    { "upgrade_is_raw_after_101", upgrade_is_raw_after_101 },
    { "websocket_gets_a_key_of_its_own", websocket_gets_a_key_of_its_own },
    { "waiters_are_served_in_order", waiters_are_served_in_order },
    { "limits_are_told_at_once", limits_are_told_at_once },
    { "failed_dials_are_told", failed_dials_are_told },
    { "slow_dial_times_out", slow_dial_times_out },
    { "http2_shares_one_connection", http2_shares_one_connection },
    { "http2_does_not_dial_while_there_is_room", http2_does_not_dial_while_there_is_room },
    { "http2_dials_again_when_full", http2_dials_again_when_full },
    { "used_up_connections_are_left", used_up_connections_are_left },
    { "idle_connections_are_swept", idle_connections_are_swept },
    { "unused_stream_leaves_the_connection_whole", unused_stream_leaves_the_connection_whole },
    { "drain_finishes_what_runs", drain_finishes_what_runs },
};

TAP_MAIN(cases)
