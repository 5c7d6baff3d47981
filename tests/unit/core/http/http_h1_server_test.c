#include "core/http/http_h1_stream.h"
#include "core/http/http_server.h"

#include "core/base/error.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/http_wire.h"

/* A server on one end of a memory stream, a raw client on the other. */
struct rig {
    struct worker w;
    struct http_server_config config;
    struct http_server_conn *conn;
    struct wire wire;
    struct http_note note; /* of the last request */
    struct buf seen;       /* "GET a.test /path\n" per request */
    int closed, requests;
    int status; /* reply at once with this; 0: the case answers */
    bool drop;  /* release right after the reply, unread body and all */
};

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct rig *r = arg;

    (void)conn;
    r->requests++;
    buf_printf(&r->seen, "%.*s %.*s %.*s", STR_ARG(head->method_name), STR_ARG(head->authority),
               STR_ARG(head->path));
    if (head->upgrade.len)
        buf_printf(&r->seen, " upgrade:%.*s", STR_ARG(head->upgrade));
    if (head->content_length >= 0)
        buf_printf(&r->seen, " length:%lld", (long long)head->content_length);
    buf_printf(&r->seen, "%s\n", end ? "" : " +");
    if (!r->status) {
        if (r->note.hs)
            http_stream_release(r->note.hs);
        http_wire_note(&r->note, hs);
        r->note.ended = end;
        return;
    }
    EQ_INT(http_stream_reply(hs, r->status, "text/plain", STR("hello")), 0);
    http_stream_release(hs);
}

static void on_close(void *arg, struct http_server_conn *conn, int err)
{
    struct rig *r = arg;

    (void)conn;
    (void)err;
    r->closed++;
    r->conn = NULL;
}

static const struct http_server_handler handler = { on_request, on_close };

static void rig_open(struct rig *r, int status)
{
    struct stream *a, *b;

    *r = (struct rig){ .status = status };
    EQ_INT(worker_init(&r->w, 0, 1), 0);
    buf_init(&r->seen, 0);
    http_wire_note_init(&r->note);
    stream_mem_pair(&r->w, &a, &b);
    EQ_INT(http_server_conn_new(a, &r->config, &handler, r, &r->conn), 0);
    http_wire_open(&r->wire, b);
}

static void rig_close(struct rig *r)
{
    if (r->conn)
        http_server_conn_close(r->conn);
    http_wire_turn(&r->w);
    EQ_INT(r->closed, 1);
    http_wire_note_deinit(&r->note);
    http_wire_close(&r->wire);
    http_wire_turn(&r->w);
    buf_deinit(&r->seen);
    worker_deinit(&r->w);
}

static const char *seen(struct rig *r)
{
    char *zero = buf_reserve(&r->seen, 1);

    *zero = '\0';
    return r->seen.p + r->seen.start;
}

static void say(struct rig *r, const char *text)
{
    http_wire_send(&r->wire, text);
    http_wire_turn(&r->w);
}

static void plain_request_is_answered(void)
{
    struct rig r;

    rig_open(&r, 200);
    say(&r, "GET /x?y HTTP/1.1\r\nHost: a.test\r\n\r\n");
    EQ_STR(seen(&r), "GET a.test /x?y\n");
    HAS_STR(http_wire_text(&r.wire), "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ndate: ");
    HAS_STR(http_wire_text(&r.wire), "\r\ncontent-length: 5\r\n\r\nhello");
    OK(!r.wire.eof);
    OK(r.conn && http_server_conn_active(r.conn) == 0);
    rig_close(&r);
}

static void every_split_position_reads_the_same(void)
{
    static const char text[] =
        "\r\nPOST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;ext=1\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: v\r\n\r\n"
        "POST /y HTTP/1.1\r\nHost: b.test\r\nContent-Length: 3\r\n\r\nabc"
        "GET /z HTTP/1.1\r\nHost: c.test\r\n\r\n";

    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        struct rig r;

        rig_open(&r, 200);
        http_wire_send_bytes(&r.wire, text, cut);
        http_wire_turn(&r.w);
        http_wire_send_bytes(&r.wire, text + cut, sizeof(text) - 1 - cut);
        http_wire_turn(&r.w);
        if (!EQ_STR(seen(&r), "POST a.test /x +\nPOST b.test /y length:3 +\nGET c.test /z\n"))
            NOTE("cut at %zu", cut);
        rig_close(&r);
    }
}

static void byte_by_byte_reads_the_same(void)
{
    static const char text[] =
        "POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\nX-T: v\r\n\r\n";
    struct rig r;

    rig_open(&r, 0);
    for (const char *p = text; *p; p++) {
        http_wire_send_bytes(&r.wire, p, 1);
        http_wire_turn(&r.w);
    }
    EQ_STR(seen(&r), "POST a.test /x +\n");
    EQ_STR(http_wire_log(&r.note), "body 5 trailers x-t=v\n");
    rig_close(&r);
}

static void pipelined_requests_are_answered_in_order(void)
{
    struct rig r;

    rig_open(&r, 0);
    say(&r, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    EQ_STR(seen(&r), "GET a /1\n");
    EQ_INT(http_stream_reply(r.note.hs, 200, NULL, STR("one")), 0);
    http_wire_turn(&r.w);
    EQ_STR(seen(&r), "GET a /1\nGET a /2\n");
    EQ_INT(http_stream_reply(r.note.hs, 404, NULL, STR("two")), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wire), "\r\n\r\noneHTTP/1.1 404 Not Found\r\n");
    rig_close(&r);
}

static void refused_heads(void)
{
    static const struct {
        const char *text, *status;
    } rows[] = {
        { "GET / HTTP/1.1\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: c@d\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: d:99999\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400" },
        { "GET / HTTP/1.1\nHost: a\n\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX\x01: 1\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\nx", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "400" },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "400" },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
          "chunked\r\n\r\n",
          "400" },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "400" },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n", "400" },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "400" },
        { "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "400" },
        { "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "426" },
        { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "400" },
        { "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "400" },
        { "GET / RTSP/1.0\r\nHost: a\r\n\r\n", "400" },
        { "GET #/f HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "GET /#\x80 HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "405" },
        { "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "FOO / HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-forwarded-for\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nConnection: host\r\n\r\n", "400" },
        { "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;

        rig_open(&r, 200);
        say(&r, rows[i].text);
        if (!EQ_INT(r.requests, 0) || !HAS_STR(http_wire_text(&r.wire), "connection: close") ||
            !EQ_STRN(http_wire_text(&r.wire) + 9, 3, rows[i].status))
            NOTE("row %zu: %s", i, rows[i].text);
        OK(r.wire.eof);
        rig_close(&r);
    }
}

static void accepted_heads(void)
{
    static const struct {
        const char *text, *seen;
    } rows[] = {
        { "GET http://b.test:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET b.test:81 /p?q\n" },
        { "GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET b /?q\n" },
        { "GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET b /\n" },
        { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS a *\n" },
        { "GET / HTTP/1.1\r\nhOST: [::1]:80\r\n\r\n", "GET [::1]:80 /\n" },
        { "GET /\\x HTTP/1.1\r\nHost: \t a \t\r\n\r\n", "GET a /\\x\n" },
        { "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", "PROPFIND a /\n" },
        { "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET a /\n" },
        { "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "GET a /\n" },
        { "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n",
          "GET a / upgrade:websocket +\n" },
        { "GET / HTTP/1.1\r\nHost: a\r\nEmpty:\r\nOther: 1\r\n\r\n", "GET a /\n" },
        { "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "DELETE a / length:0\n" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;

        rig_open(&r, 200);
        say(&r, rows[i].text);
        if (!EQ_STR(seen(&r), rows[i].seen))
            NOTE("row %zu: %s\n%s", i, rows[i].text, http_wire_text(&r.wire));
        rig_close(&r);
    }
}

static void bad_chunks_end_the_connection(void)
{
    static const char *const rows[] = { " 5\r\n",
                                        "5 \r\n",
                                        "g\r\n",
                                        "\r\n",
                                        "5\n",
                                        "5\r\nhellox\r\n",
                                        "+5\r\n",
                                        "0x5\r\n",
                                        "fffffffffffffffff\r\n",
                                        "0\r\nContent-Length: 1\r\n\r\n",
                                        "0\r\n x: 1\r\n\r\n",
                                        "0\r\nx: 1\n\r\n",
                                        "1\r\na\n0\r\n\r\n" };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;

        rig_open(&r, 0);
        say(&r, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        say(&r, rows[i]);
        if (!OK(!r.conn) || !HAS_STR(http_wire_log(&r.note), "reset"))
            NOTE("row %zu: %s", i, rows[i]);
        HAS_STR(http_wire_text(&r.wire), "HTTP/1.1 400");
        rig_close(&r);
    }
}

static void long_chunk_extension_is_refused(void)
{
    struct rig r;

    rig_open(&r, 0);
    say(&r, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;");
    for (int i = 0; i < 20; i++)
        say(&r, "xxxxxxx");
    OK(!r.conn);
    EQ_INT(r.note.failure.err, ERR_LIMIT);
    rig_close(&r);
}

static void head_limits(void)
{
    struct rig r;
    char many[8192];
    size_t at = 0;

    rig_open(&r, 200);
    at += (size_t)snprintf(many, sizeof(many), "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 100; i++)
        at += (size_t)snprintf(many + at, sizeof(many) - at, "x-%d: 1\r\n", i);
    snprintf(many + at, sizeof(many) - at, "\r\n");
    say(&r, many);
    HAS_STR(http_wire_text(&r.wire), "HTTP/1.1 431 ");
    rig_close(&r);

    rig_open(&r, 200);
    http_wire_send(&r.wire, "GET / HTTP/1.1\r\nHost: a\r\nx: ");
    for (int i = 0; i < 70; i++) {
        memset(many, 'y', 1000);
        http_wire_send_bytes(&r.wire, many, 1000);
    }
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wire), "HTTP/1.1 431 ");
    rig_close(&r);

    rig_open(&r, 200);
    http_wire_send(&r.wire, "GET /");
    for (int i = 0; i < 70; i++)
        http_wire_send_bytes(&r.wire, many, 1000);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wire), "HTTP/1.1 414 ");
    rig_close(&r);
}

static void close_is_honoured_and_said(void)
{
    struct rig r;

    rig_open(&r, 200);
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    HAS_STR(http_wire_text(&r.wire), "connection: close\r\n\r\nhello");
    OK(r.wire.eof && !r.conn);
    rig_close(&r);
}

static void drain_lets_the_request_end(void)
{
    struct rig r;

    rig_open(&r, 0);
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    http_server_conn_drain(r.conn);
    http_wire_turn(&r.w);
    OK(r.conn != NULL);
    http_stream_reply(r.note.hs, 200, NULL, STR("x"));
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wire), "connection: close\r\n");
    OK(r.wire.eof && !r.conn);
    rig_close(&r);

    rig_open(&r, 0);
    http_server_conn_drain(r.conn);
    http_wire_turn(&r.w);
    OK(r.wire.eof && !r.conn);
    rig_close(&r);
}

static void http10_is_answered_its_way(void)
{
    struct rig r;
    struct http_msg m;

    rig_open(&r, 0);
    r.config.accept_http10 = true;
    say(&r, "GET / HTTP/1.0\r\n\r\n");
    http_msg_init(&m, r.note.hs->arena);
    m.status = 200;
    EQ_INT(http_stream_send_head(r.note.hs, &m, false), 0);
    EQ_INT(http_stream_send_bytes(r.note.hs, "abc", 3, true), 0);
    http_wire_turn(&r.w);
    OK(strstr(http_wire_text(&r.wire), "chunked") == NULL);
    HAS_STR(http_wire_text(&r.wire), "connection: close\r\n\r\nabc");
    OK(r.wire.eof);
    rig_close(&r);

    rig_open(&r, 200);
    r.config.accept_http10 = true;
    say(&r, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    HAS_STR(http_wire_text(&r.wire), "connection: keep-alive\r\n");
    OK(!r.wire.eof);
    rig_close(&r);
}

static void head_answers_have_no_body(void)
{
    struct rig r;

    rig_open(&r, 200);
    say(&r, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    HAS_STR(http_wire_text(&r.wire), "content-length: 5\r\n\r\n");
    OK(strstr(http_wire_text(&r.wire), "hello") == NULL);
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EQ_INT(r.requests, 2);
    rig_close(&r);
}

static void unread_body_is_thrown_away(void)
{
    struct rig r;

    rig_open(&r, 403);
    say(&r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    OK(!r.wire.eof);
    say(&r, "cdeGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    EQ_STR(seen(&r), "POST a / length:5 +\nGET a /2\n");
    rig_close(&r);
}

static void long_unread_body_ends_the_connection(void)
{
    struct rig r;
    char block[1024] = { 0 };

    rig_open(&r, 403);
    say(&r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    for (int i = 0; i < 100; i++)
        http_wire_send_bytes(&r.wire, block, sizeof(block));
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wire), "403");
    OK(r.wire.eof); /* our direction is shut; the answer is not lost to a reset */
    OK(r.conn != NULL);
    rig_close(&r);
}

static void expect_continue_is_answered_when_asked(void)
{
    struct rig r;

    rig_open(&r, 0);
    say(&r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EQ_STR(http_wire_text(&r.wire), "");
    http_stream_consume(r.note.hs, 0);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_text(&r.wire), "HTTP/1.1 100 Continue\r\n\r\n");
    say(&r, "ab");
    EQ_STR(http_wire_log(&r.note), "body 2 end\n");
    http_stream_reply(r.note.hs, 200, NULL, STR("x"));
    http_wire_turn(&r.w);
    OK(strstr(http_wire_text(&r.wire), "close") == NULL);
    rig_close(&r);

    rig_open(&r, 417);
    say(&r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    HAS_STR(http_wire_text(&r.wire), "connection: close\r\n\r\nhello");
    OK(r.wire.eof);
    rig_close(&r);
}

static void upgrade_opens_raw_bytes(void)
{
    struct rig r;
    struct http_msg m;

    rig_open(&r, 0);
    say(&r,
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
    EQ_STR(http_wire_log(&r.note), "");
    http_msg_init(&m, r.note.hs->arena);
    m.status = 101;
    EQ_INT(http_stream_send_head(r.note.hs, &m, false), 0);
    EQ_INT(http_stream_send_bytes(r.note.hs, "raw", 3, false), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wire), "HTTP/1.1 101 Switching Protocols\r\n");
    HAS_STR(http_wire_text(&r.wire), "connection: upgrade\r\nupgrade: websocket\r\n\r\nraw");
    say(&r, "GET / HTTP/1.1\r\n");
    EQ_STRN(r.note.body.p, buf_len(&r.note.body), "earlyGET / HTTP/1.1\r\n");
    stream_shutdown(r.wire.s);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.note), "body 21 end\n");
    EQ_INT(http_stream_send_bytes(r.note.hs, "bye", 3, true), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wire), "rawbye");
    OK(r.wire.eof && !r.conn);
    rig_close(&r);
}

static void websocket_key_is_answered(void)
{
    struct rig r;
    struct http_msg m;

    rig_open(&r, 0);
    say(&r, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    http_msg_init(&m, r.note.hs->arena);
    m.status = 101;
    EQ_INT(http_stream_send_head(r.note.hs, &m, false), 0);
    http_wire_turn(&r.w);
    /* the example of RFC 6455 section 1.3 */
    HAS_STR(http_wire_text(&r.wire), "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    rig_close(&r);
}

static void refused_upgrade_goes_on_as_http(void)
{
    struct rig r;

    rig_open(&r, 404);
    say(&r, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    EQ_STR(seen(&r), "GET a /ws upgrade:websocket +\nGET a /2\n");
    rig_close(&r);
}

static void client_that_leaves_resets_the_request(void)
{
    struct rig r;

    rig_open(&r, 0);
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    stream_shutdown(r.wire.s);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.note), "reset\n");
    EQ_INT(http_stream_reply(r.note.hs, 200, NULL, STR("x")), ERR_CLOSED);
    rig_close(&r);
}

static void reading_stops_while_bytes_are_held(void)
{
    struct rig r;
    char block[16384] = { 0 };
    size_t got;

    rig_open(&r, 0);
    r.note.keep = true;
    say(&r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    for (int i = 0; i < 40; i++)
        http_wire_send_bytes(&r.wire, block, sizeof(block));
    http_wire_turn(&r.w);
    got = buf_len(&r.note.body);
    OK(got > HTTP_H1_STREAM_HELD_BYTES && got <= HTTP_H1_STREAM_HELD_BYTES + 2 * 16384);
    http_stream_consume(r.note.hs, got);
    http_wire_turn(&r.w);
    OK(buf_len(&r.note.body) > got);
    rig_close(&r);
}

static void unsent_bytes_are_seen_and_drain_is_told(void)
{
    struct rig r;
    char block[8192] = { 0 };
    struct http_msg m;

    rig_open(&r, 0);
    stream_read_stop(r.wire.s);
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    http_msg_init(&m, r.note.hs->arena);
    m.status = 200;
    EQ_INT(http_stream_send_head(r.note.hs, &m, false), 0);
    for (int i = 0; i < 40; i++)
        EQ_INT(http_stream_send_bytes(r.note.hs, block, sizeof(block), false), 0);
    http_wire_turn(&r.w);
    OK(http_stream_unsent(r.note.hs) > STREAM_HIGH_WATER_BYTES);
    stream_read_start(r.wire.s);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(&r.note), "writable");
    EQ_INT(http_stream_unsent(r.note.hs), 0);
    rig_close(&r);
}

static void body_must_match_its_length(void)
{
    struct rig r;
    struct http_msg m;

    rig_open(&r, 0);
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    http_msg_init(&m, r.note.hs->arena);
    m.status = 200;
    m.content_length = 3;
    EQ_INT(http_stream_send_head(r.note.hs, &m, false), 0);
    EQ_INT(http_stream_send_bytes(r.note.hs, "abcd", 4, false), ERR_INVALID);
    EQ_INT(http_stream_send_bytes(r.note.hs, "ab", 2, true), ERR_INVALID);
    http_stream_reset(r.note.hs, HTTP_RESET_INTERNAL);
    http_wire_turn(&r.w);
    OK(!r.conn);
    rig_close(&r);
}

static void header_that_breaks_its_line_is_not_sent(void)
{
    struct rig r;
    struct http_msg m;

    rig_open(&r, 0);
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    http_msg_init(&m, r.note.hs->arena);
    m.status = 200;
    http_headers_add(&m.headers, STR("x"), STR("a\r\nset-cookie: b"));
    EQ_INT(http_stream_send_head(r.note.hs, &m, true), ERR_INVALID);
    http_stream_reply(r.note.hs, 500, NULL, STR(""));
    http_wire_turn(&r.w);
    HAS_STR(http_wire_text(&r.wire), "HTTP/1.1 500 ");
    rig_close(&r);
}

static void failed_write_resets(void)
{
    struct rig r;

    rig_open(&r, 0);
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    stream_mem_fail_write(http_server_conn_stream(r.conn), 10, UV_EPIPE);
    http_stream_reply(r.note.hs, 200, NULL, STR("x"));
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.note), "reset\n");
    EQ_INT(r.note.failure.err, UV_EPIPE);
    OK(!r.conn);
    rig_close(&r);
}

static void slow_head_times_out(void)
{
    struct rig r;

    rig_open(&r, 0);
    r.config.head_timeout_ms = 30;
    say(&r, "GET / HT");
    http_wire_wait(&r.w, 80);
    HAS_STR(http_wire_text(&r.wire), "HTTP/1.1 408 ");
    rig_close(&r);
}

static void idle_connection_times_out(void)
{
    struct rig r;

    rig_open(&r, 200);
    r.config.idle_timeout_ms = 30;
    say(&r, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    http_wire_wait(&r.w, 80);
    OK(r.wire.eof && !r.conn);
    rig_close(&r);
}

static const struct tap_case cases[] = {
    { "plain_request_is_answered", plain_request_is_answered },
    { "every_split_position_reads_the_same", every_split_position_reads_the_same },
    { "byte_by_byte_reads_the_same", byte_by_byte_reads_the_same },
    { "pipelined_requests_are_answered_in_order", pipelined_requests_are_answered_in_order },
    { "refused_heads", refused_heads },
    { "accepted_heads", accepted_heads },
    { "bad_chunks_end_the_connection", bad_chunks_end_the_connection },
    { "long_chunk_extension_is_refused", long_chunk_extension_is_refused },
    { "head_limits", head_limits },
    { "close_is_honoured_and_said", close_is_honoured_and_said },
    { "drain_lets_the_request_end", drain_lets_the_request_end },
    { "http10_is_answered_its_way", http10_is_answered_its_way },
    { "head_answers_have_no_body", head_answers_have_no_body },
    { "unread_body_is_thrown_away", unread_body_is_thrown_away },
    { "long_unread_body_ends_the_connection", long_unread_body_ends_the_connection },
    { "expect_continue_is_answered_when_asked", expect_continue_is_answered_when_asked },
    { "upgrade_opens_raw_bytes", upgrade_opens_raw_bytes },
    { "websocket_key_is_answered", websocket_key_is_answered },
    { "refused_upgrade_goes_on_as_http", refused_upgrade_goes_on_as_http },
    { "client_that_leaves_resets_the_request", client_that_leaves_resets_the_request },
    { "reading_stops_while_bytes_are_held", reading_stops_while_bytes_are_held },
    { "unsent_bytes_are_seen_and_drain_is_told", unsent_bytes_are_seen_and_drain_is_told },
    { "body_must_match_its_length", body_must_match_its_length },
    { "header_that_breaks_its_line_is_not_sent", header_that_breaks_its_line_is_not_sent },
    { "failed_write_resets", failed_write_resets },
    { "slow_head_times_out", slow_head_times_out },
    { "idle_connection_times_out", idle_connection_times_out },
};

TAP_MAIN(cases)
