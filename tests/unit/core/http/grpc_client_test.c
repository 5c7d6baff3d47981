/* gRPC both ends: client over a pool, server behind an HTTP/2 connection, memory in between. */
#include "core/http/grpc_client.h"

#include "core/base/error.h"
#include "core/http/grpc_server.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/http_wire.h"

struct rig {
    struct worker w;
    struct http_pool_config pool_config;
    struct http_server_config config;
    struct http_pool *pool;
    struct grpc_client *client;
    struct grpc_server server;
    struct http_server_conn *conn;
    struct buf log;        /* what the client is told */
    struct buf server_log; /* what the methods are told */
    struct grpc_server_call *held;
    int fail_dials, dials;
};

static void text(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void text(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

static const char *zero(struct buf *b)
{
    char *end = buf_reserve(b, 1);

    *end = '\0';
    return b->p + b->start;
}

/* ---- methods ---- */

static void start(void *arg, struct grpc_server_call *call)
{
    struct rig *r = arg;
    struct str path = grpc_server_head(call)->path;

    text(&r->server_log, "start %.*s\n", STR_ARG(path));
}

static void echo_message(void *arg, struct grpc_server_call *call, struct str message)
{
    struct rig *r = arg;

    text(&r->server_log, "message %zu\n", message.len);
    EQ_INT(grpc_server_send(call, message), 0);
}

static void echo_end(void *arg, struct grpc_server_call *call)
{
    text(&((struct rig *)arg)->server_log, "half\n");
    grpc_server_finish(call, GRPC_STATUS_OK, STR(""));
}

static void unary_message(void *arg, struct grpc_server_call *call, struct str message)
{
    (void)arg;
    EQ_INT(grpc_server_send(call, message), 0);
    grpc_server_finish(call, GRPC_STATUS_OK, STR(""));
}

static void deny(void *arg, struct grpc_server_call *call)
{
    (void)arg;
    grpc_server_finish(call, GRPC_STATUS_PERMISSION_DENIED, STR("not 100% \n\xc3\xbc"));
}

static void hold(void *arg, struct grpc_server_call *call)
{
    ((struct rig *)arg)->held = call;
}

static void ignore(void *arg, struct grpc_server_call *call, struct str message)
{
    (void)arg, (void)call, (void)message;
}

static void cancelled(void *arg, struct grpc_server_call *call)
{
    struct rig *r = arg;

    (void)call;
    r->held = NULL;
    text(&r->server_log, "cancel\n");
}

static const struct grpc_server_method methods[] = {
    { "/t/Echo", start, echo_message, echo_end, NULL, cancelled },
    { "/t/Unary", start, unary_message, NULL, NULL, cancelled },
    { "/t/Deny", deny, ignore, NULL, NULL, cancelled },
    { "/t/Hold", hold, ignore, NULL, NULL, cancelled },
};

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct rig *r = arg;

    (void)conn;
    if (str_is(head->path, "/http")) {
        EQ_INT(http_stream_reply(hs, 503, NULL, STR("no")), 0);
        http_stream_release(hs);
        return;
    }
    OK(grpc_server_wants(head));
    grpc_server_accept(&r->server, hs, head, end);
}

static void on_close(void *arg, struct http_server_conn *conn, int err)
{
    (void)conn, (void)err;
    ((struct rig *)arg)->conn = NULL;
}

static const struct http_server_handler handler = { on_request, on_close };

static int connect_mem(void *arg, struct worker *w, struct stream **out)
{
    struct rig *r = arg;
    struct stream *far;

    r->dials++;
    if (r->fail_dials && r->fail_dials--)
        return UV_ECONNREFUSED;
    stream_mem_pair(w, out, &far);
    return http_server_conn_new(far, &r->config, &handler, r, &r->conn);
}

static void rig_start(struct rig *r)
{
    EQ_INT(worker_init(&r->w, 0, 1), 0);
    buf_init(&r->log, 0);
    buf_init(&r->server_log, 0);
    r->pool_config.protocol = HTTP_PROTOCOL_H2;
    r->server = (struct grpc_server){ methods, sizeof(methods) / sizeof(methods[0]), r, 0 };
    r->pool = http_pool_new(&r->w, &r->pool_config, connect_mem, r);
    r->client = grpc_client_new(&r->w, r->pool, "http", "a.test");
}

static void rig_stop(struct rig *r)
{
    grpc_client_free(r->client);
    http_pool_free(r->pool);
    http_wire_turn(&r->w);
    if (r->conn)
        http_server_conn_close(r->conn);
    http_wire_turn(&r->w);
    buf_deinit(&r->log);
    buf_deinit(&r->server_log);
    worker_deinit(&r->w);
}

static void on_message(void *arg, struct str message)
{
    struct rig *r = arg;

    if (message.len < 20)
        text(&r->log, "message %.*s\n", STR_ARG(message));
    else
        text(&r->log, "message of %zu\n", message.len);
}

static void on_end(void *arg, enum grpc_status status, struct str message,
                   const struct http_headers *trailers)
{
    struct rig *r = arg;

    (void)trailers;
    text(&r->log, "end %s %.*s\n", grpc_status_name((int)status), STR_ARG(message));
}

static const struct grpc_client_events events = { .on_message = on_message, .on_end = on_end };

static void on_unary(void *arg, enum grpc_status status, struct str error, struct str message)
{
    struct rig *r = arg;

    text(&r->log, "%s %.*s %.*s\n", grpc_status_name((int)status), STR_ARG(error),
         STR_ARG(message));
}

/* ---- cases ---- */

static void unary_call(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    grpc_client_unary(r.client, "/t/Unary", NULL, STR("hello"), on_unary, &r);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "OK  hello\n");
    grpc_client_unary(r.client, "/t/Unary", NULL, STR(""), on_unary, &r);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "OK  hello\nOK  \n");
    EQ_INT(r.dials, 1);
    rig_stop(&r);
}

static void streaming_call(void)
{
    struct rig r = { 0 };
    struct grpc_client_call *call;

    rig_start(&r);
    call = grpc_client_start(r.client, "/t/Echo", NULL, &events, &r);
    EQ_INT(grpc_client_send(call, STR("one")), 0);
    http_wire_turn(&r.w);
    EQ_INT(grpc_client_send(call, STR("two")), 0);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "message one\nmessage two\n");
    EQ_INT(grpc_client_half_close(call), 0);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "message one\nmessage two\nend OK \n");
    EQ_STR(zero(&r.server_log), "start /t/Echo\nmessage 3\nmessage 3\nhalf\n");
    rig_stop(&r);
}

static void status_and_message_arrive(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    grpc_client_unary(r.client, "/t/Deny", NULL, STR("x"), on_unary, &r);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "PERMISSION_DENIED not 100% \n\xc3\xbc \n");
    buf_clear(&r.log);
    grpc_client_unary(r.client, "/t/Nope", NULL, STR("x"), on_unary, &r);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "UNIMPLEMENTED unknown method /t/Nope \n");
    buf_clear(&r.log);
    grpc_client_unary(r.client, "/http", NULL, STR("x"), on_unary, &r);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "UNAVAILABLE HTTP status 503 \n");
    rig_stop(&r);
}

static void big_message_crosses_the_window(void)
{
    static char big[3000000];
    struct rig r = { 0 };
    struct grpc_client_call *call;

    rig_start(&r);
    call = grpc_client_start(r.client, "/t/Echo", NULL, &events, &r);
    EQ_INT(grpc_client_send(call, str_make(big, sizeof(big))), 0);
    EQ_INT(grpc_client_half_close(call), 0);
    for (int i = 0; i < 100; i++)
        http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "message of 3000000\nend OK \n");
    rig_stop(&r);
}

static void too_long_message_ends_the_call(void)
{
    static char big[1000];
    struct rig r = { 0 };

    rig_start(&r);
    r.server.max_message_bytes = 999;
    grpc_client_unary(r.client, "/t/Unary", NULL, str_make(big, sizeof(big)), on_unary, &r);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "RESOURCE_EXHAUSTED message too long \n");
    HAS_STR(zero(&r.server_log), "cancel\n");
    rig_stop(&r);
}

static void deadline_ends_both_sides(void)
{
    struct rig r = { 0 };
    const struct grpc_client_options options = { .timeout_ms = 30 };

    rig_start(&r);
    grpc_client_start(r.client, "/t/Hold", &options, &events, &r);
    http_wire_turn(&r.w);
    OK(r.held != NULL);
    http_wire_wait(&r.w, 100);
    HAS_STR(zero(&r.log), "end DEADLINE_EXCEEDED ");
    OK(r.held == NULL);
    EQ_STR(zero(&r.server_log), "cancel\n");
    rig_stop(&r);
}

static void cancel_reaches_the_server(void)
{
    struct rig r = { 0 };
    struct grpc_client_call *call;

    rig_start(&r);
    call = grpc_client_start(r.client, "/t/Hold", NULL, &events, &r);
    http_wire_turn(&r.w);
    OK(r.held != NULL);
    grpc_client_cancel(call);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "");
    EQ_STR(zero(&r.server_log), "cancel\n");
    rig_stop(&r);
}

static void lost_connection_is_unavailable(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    grpc_client_start(r.client, "/t/Hold", NULL, &events, &r);
    http_wire_turn(&r.w);
    http_server_conn_close(r.conn);
    http_wire_turn(&r.w);
    HAS_STR(zero(&r.log), "end UNAVAILABLE ");
    rig_stop(&r);
}

static void failed_dial_is_unavailable_or_waited_for(void)
{
    struct rig r = { .fail_dials = 1 };
    const struct grpc_client_options wait = { .wait_for_ready = true, .timeout_ms = 5000 };

    rig_start(&r);
    grpc_client_unary(r.client, "/t/Unary", NULL, STR("x"), on_unary, &r);
    http_wire_turn(&r.w);
    HAS_STR(zero(&r.log), "UNAVAILABLE ");
    buf_clear(&r.log);
    r.fail_dials = 3;
    grpc_client_unary(r.client, "/t/Unary", &wait, STR("x"), on_unary, &r);
    http_wire_wait(&r.w, 250);
    EQ_STR(zero(&r.log), "OK  x\n");
    EQ_INT(r.dials, 5);
    rig_stop(&r);
}

static void paused_call_gets_nothing(void)
{
    struct rig r = { 0 };
    struct grpc_client_call *call;

    rig_start(&r);
    call = grpc_client_start(r.client, "/t/Echo", NULL, &events, &r);
    grpc_client_pause(call, true);
    for (int i = 0; i < 3; i++)
        EQ_INT(grpc_client_send(call, STR("m")), 0);
    EQ_INT(grpc_client_half_close(call), 0);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "");
    grpc_client_pause(call, false);
    http_wire_turn(&r.w);
    EQ_STR(zero(&r.log), "message m\nmessage m\nmessage m\nend OK \n");
    rig_stop(&r);
}

static void timeouts_in_headers(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "1S", 1000 }, { "250m", 250 }, { "1H", 3600000 }, { "2M", 120000 },
        { "1500u", 2 }, { "1n", 1 },     { "0m", 0 },       { "99999999H", 359999996400000 },
        { "", -1 },     { "1", -1 },     { "S", -1 },       { "123456789S", -1 },
        { "-1S", -1 },  { "1x", -1 }
    };
    struct arena a;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t ms = 7;

        if (rows[i].ms < 0)
            EQ_INT(grpc_status_parse_timeout(str_of(rows[i].text), &ms), ERR_INVALID);
        else if (EQ_INT(grpc_status_parse_timeout(str_of(rows[i].text), &ms), 0))
            EQ_INT(ms, rows[i].ms);
    }
    arena_init(&a, 0);
    OK(str_is(grpc_status_format_timeout(&a, 1500), "1500m"));
    OK(str_is(grpc_status_format_timeout(&a, 100000000000), "99999999S"));
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "unary_call", unary_call },
    { "streaming_call", streaming_call },
    { "status_and_message_arrive", status_and_message_arrive },
    { "big_message_crosses_the_window", big_message_crosses_the_window },
    { "too_long_message_ends_the_call", too_long_message_ends_the_call },
    { "deadline_ends_both_sides", deadline_ends_both_sides },
    { "cancel_reaches_the_server", cancel_reaches_the_server },
    { "lost_connection_is_unavailable", lost_connection_is_unavailable },
    { "failed_dial_is_unavailable_or_waited_for", failed_dial_is_unavailable_or_waited_for },
    { "paused_call_gets_nothing", paused_call_gets_nothing },
    { "timeouts_in_headers", timeouts_in_headers },
};

TAP_MAIN(cases)
