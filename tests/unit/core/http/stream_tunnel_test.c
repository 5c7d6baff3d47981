/* Tunnels over HTTP/2 between our client and our server, over memory. */
#include "core/http/stream_tunnel.h"

#include <string.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/http/http_h2_client.h"
#include "core/http/http_server.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/http_wire.h"
#include "tests/unit/support/stream_sink.h"

#define TUNNELS 40

struct rig {
    struct worker w;
    struct http_server_config config;
    struct http_server_conn *conn;
    struct http_h2_client *client;
    struct stream *transport; /* the client's */
    struct stream_sink near[TUNNELS], far[TUNNELS];
    int asked;
    char authority[64]; /* of the last request */
    int refuse;         /* with this status; 0: serve */
    bool silent;        /* serve without an answer of its own */
    bool raw;           /* the case has the http_stream */
    struct http_note note;
};

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct rig *r = arg;
    struct stream *s;

    (void)conn;
    EQ_INT(head->method, HTTP_METHOD_CONNECT);
    EQ_INT(head->path.len, 0);
    str_copy(head->authority, r->authority, sizeof(r->authority));
    if (r->raw) {
        http_wire_note(&r->note, hs);
        return;
    }
    s = stream_tunnel_serve(hs, end);
    if (r->refuse) {
        stream_tunnel_refuse(s, r->refuse);
        stream_close(s);
        return;
    }
    if (!r->silent)
        stream_tunnel_accept(s);
    stream_sink_listen(&r->far[r->asked++], s);
}

static void on_server_close(void *arg, struct http_server_conn *conn, int err)
{
    (void)conn, (void)err;
    ((struct rig *)arg)->conn = NULL;
}

static void nothing(void *arg)
{
    (void)arg;
}

static void on_client_close(void *arg, int err)
{
    (void)err;
    ((struct rig *)arg)->client = NULL;
}

static const struct http_server_handler handler = { on_request, on_server_close };
static const struct http_h2_client_events client_events = { nothing, nothing, on_client_close };

static void rig_start(struct rig *r)
{
    const struct http_h2_client_config client_config = { .max_streams = TUNNELS };
    struct stream *a, *b;

    EQ_INT(worker_init(&r->w, 0, 1), 0);
    http_wire_note_init(&r->note);
    stream_mem_pair(&r->w, &a, &b);
    r->transport = b;
    r->config.allow_connect = true;
    EQ_INT(http_server_conn_new(a, &r->config, &handler, r, &r->conn), 0);
    EQ_INT(http_h2_client_new(b, &client_config, &client_events, r, &r->client), 0);
    http_wire_turn(&r->w);
}

static void rig_stop(struct rig *r)
{
    for (int i = 0; i < TUNNELS; i++) {
        stream_sink_close(&r->near[i]);
        stream_sink_close(&r->far[i]);
        stream_sink_deinit(&r->near[i]);
        stream_sink_deinit(&r->far[i]);
    }
    http_wire_note_deinit(&r->note);
    http_wire_turn(&r->w);
    if (r->client)
        http_h2_client_close(r->client);
    if (r->conn)
        http_server_conn_close(r->conn);
    http_wire_turn(&r->w);
    worker_deinit(&r->w);
}

/* Opens tunnel i, whose ends are near[i] and far[i]. */
static void open_one(struct rig *r, int i)
{
    struct http_stream *hs = http_h2_client_request(r->client);
    struct http_msg head;
    struct stream *s;

    http_msg_init(&head, hs->arena);
    http_msg_set_method(&head, STR("CONNECT"));
    head.authority = STR("10.0.0.7:5432");
    if (!EQ_INT(stream_tunnel_ask(hs, &head, &s), 0))
        return;
    stream_sink_listen(&r->near[i], s);
    http_wire_turn(&r->w);
}

static void write_all(struct stream_sink *sink, const char *text)
{
    EQ_INT(stream_write_bytes(sink->s, text, strlen(text)), 0);
}

static void bytes_go_both_ways(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    open_one(&r, 0);
    EQ_STR(r.authority, "10.0.0.7:5432");
    OK(r.near[0].ready);
    write_all(&r.near[0], "ping");
    http_wire_turn(&r.w);
    EQ_STRN(r.far[0].in.p, buf_len(&r.far[0].in), "ping");
    write_all(&r.far[0], "pong!");
    http_wire_turn(&r.w);
    EQ_STRN(r.near[0].in.p, buf_len(&r.near[0].in), "pong!");
    rig_stop(&r);
}

static void server_may_speak_first(void)
{
    struct rig r = { .silent = true };

    rig_start(&r);
    open_one(&r, 0);
    OK(!r.near[0].ready);
    write_all(&r.far[0], "220 hello");
    http_wire_turn(&r.w);
    OK(r.near[0].ready);
    EQ_STRN(r.near[0].in.p, buf_len(&r.near[0].in), "220 hello");
    rig_stop(&r);
}

static void early_bytes_go_with_the_request(void)
{
    struct rig r = { .silent = true };

    rig_start(&r);
    open_one(&r, 0);
    write_all(&r.near[0], "early");
    http_wire_turn(&r.w);
    OK(!r.near[0].ready);
    EQ_STRN(r.far[0].in.p, buf_len(&r.far[0].in), "early");
    stream_tunnel_accept(r.far[0].s);
    http_wire_turn(&r.w);
    OK(r.near[0].ready);
    rig_stop(&r);
}

static void each_side_ends_alone(void)
{
    for (int asker = 0; asker < 2; asker++) {
        struct rig r = { 0 };
        struct stream_sink *first, *last;

        rig_start(&r);
        open_one(&r, 0);
        first = asker ? &r.near[0] : &r.far[0];
        last = asker ? &r.far[0] : &r.near[0];
        write_all(first, "bye");
        stream_shutdown(first->s);
        http_wire_turn(&r.w);
        OK(last->eof);
        EQ_STRN(last->in.p, buf_len(&last->in), "bye");
        OK(!first->eof);
        write_all(last, "thanks");
        stream_shutdown(last->s);
        http_wire_turn(&r.w);
        OK(first->eof);
        EQ_STRN(first->in.p, buf_len(&first->in), "thanks");
        EQ_INT(first->err | last->err, 0);
        stream_sink_close(first);
        stream_sink_close(last);
        http_wire_turn(&r.w);
        EQ_INT(http_h2_client_active(r.client), 0);
        EQ_INT(http_server_conn_active(r.conn), 0);
        rig_stop(&r);
    }
}

static void a_reset_is_a_reset_at_the_other_end(void)
{
    for (int asker = 0; asker < 2; asker++) {
        struct rig r = { 0 };
        struct stream_sink *first, *last;

        rig_start(&r);
        open_one(&r, 0);
        open_one(&r, 1);
        first = asker ? &r.near[0] : &r.far[0];
        last = asker ? &r.far[0] : &r.near[0];
        stream_reset_on_close(first->s);
        stream_sink_close(first);
        http_wire_turn(&r.w);
        EQ_INT(last->err, UV_ECONNRESET);
        OK(!last->eof);
        write_all(&r.near[1], "others live");
        http_wire_turn(&r.w);
        EQ_INT(buf_len(&r.far[1].in), 11);
        rig_stop(&r);
    }
}

static void giving_up_reads_as_the_end_behind_what_came(void)
{
    struct rig r = { .far[0].pause_at = 1 };

    rig_start(&r);
    open_one(&r, 0);
    write_all(&r.near[0], "a");
    http_wire_turn(&r.w);
    write_all(&r.near[0], "bc");
    http_wire_turn(&r.w);
    EQ_INT(buf_len(&r.far[0].in), 1);
    stream_sink_close(&r.near[0]);
    http_wire_turn(&r.w);
    EQ_INT(r.far[0].err, 0);
    r.far[0].pause_at = 0;
    stream_read_start(r.far[0].s);
    http_wire_turn(&r.w);
    EQ_INT(buf_len(&r.far[0].in), 3);
    EQ_INT(r.far[0].err, ERR_CLOSED);
    rig_stop(&r);
}

static void refusals_are_errors(void)
{
    static const struct {
        int status, err;
    } table[] = {
        { 401, ERR_DENIED }, { 403, ERR_DENIED }, { 503, UV_ECONNREFUSED }, { 400, UV_ECONNREFUSED }
    };

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct rig r = { .refuse = table[i].status };

        rig_start(&r);
        open_one(&r, 0);
        OK(!r.near[0].ready);
        EQ_INT(r.near[0].err, table[i].err);
        rig_stop(&r);
    }
}

static void closed_unanswered_is_503(void)
{
    struct rig r = { .silent = true };

    rig_start(&r);
    open_one(&r, 0);
    stream_sink_close_flush(&r.far[0]);
    http_wire_turn(&r.w);
    EQ_INT(r.near[0].err, UV_ECONNREFUSED);
    EQ_INT(http_server_conn_active(r.conn), 0);
    rig_stop(&r);
}

static void a_lost_connection_resets_its_tunnels(void)
{
    struct rig r = { 0 };

    rig_start(&r);
    open_one(&r, 0);
    stream_mem_fail(r.transport, UV_ECONNRESET);
    http_wire_turn(&r.w);
    EQ_INT(r.near[0].err, UV_ECONNRESET);
    EQ_INT(r.far[0].err, UV_ECONNRESET);
    rig_stop(&r);
}

/* What is written is all there in the end, and the writer is told when he may go on. */
static void a_slow_reader_holds_back_the_writer(void)
{
    static char block[64 * 1024];
    struct rig r = { .far[0].pause_at = 1, .config.stream_window_bytes = 65535 };
    size_t unsent;

    rig_start(&r);
    open_one(&r, 0);
    for (int i = 0; i < 8; i++)
        EQ_INT(stream_write_bytes(r.near[0].s, block, sizeof(block)), 0);
    http_wire_turn(&r.w);
    unsent = stream_unsent(r.near[0].s);
    OK(unsent >= 8 * sizeof(block) - 2 * 65535); /* no more than its window left */
    EQ_INT(r.near[0].drains, 0);
    stream_shutdown(r.near[0].s);
    r.far[0].pause_at = 0;
    stream_read_start(r.far[0].s);
    for (int i = 0; i < 50 && !r.far[0].eof; i++)
        http_wire_turn(&r.w);
    EQ_INT(buf_len(&r.far[0].in), 8 * sizeof(block));
    OK(r.far[0].eof);
    EQ_INT(r.near[0].drains, 1);
    EQ_INT(stream_unsent(r.near[0].s), 0);
    rig_stop(&r);
}

static void a_flushing_close_loses_nothing(void)
{
    static char block[256 * 1024];
    struct rig r = { .config.stream_window_bytes = 65535 };

    rig_start(&r);
    open_one(&r, 0);
    EQ_INT(stream_write_bytes(r.near[0].s, block, sizeof(block)), 0);
    stream_sink_close_flush(&r.near[0]);
    for (int i = 0; i < 50 && !r.far[0].eof; i++)
        http_wire_turn(&r.w);
    EQ_INT(buf_len(&r.far[0].in), sizeof(block));
    OK(r.far[0].eof);
    stream_sink_close_flush(&r.far[0]);
    http_wire_turn(&r.w);
    EQ_INT(http_h2_client_active(r.client), 0);
    EQ_INT(http_server_conn_active(r.conn), 0);
    rig_stop(&r);
}

static void trailers_are_an_end(void)
{
    struct rig r = { .raw = true };
    struct http_headers t;
    struct http_msg m;

    rig_start(&r);
    open_one(&r, 0);
    http_msg_init(&m, r.note.hs->arena);
    m.is_response = true;
    m.status = 200;
    EQ_INT(http_stream_send_head(r.note.hs, &m, false), 0);
    http_headers_init(&t, r.note.hs->arena);
    http_headers_add(&t, STR("x-why"), STR("1"));
    EQ_INT(http_stream_send_trailers(r.note.hs, &t), 0);
    http_wire_turn(&r.w);
    OK(r.near[0].eof);
    rig_stop(&r);
}

static const struct tap_case cases[] = {
    { "bytes_go_both_ways", bytes_go_both_ways },
    { "server_may_speak_first", server_may_speak_first },
    { "early_bytes_go_with_the_request", early_bytes_go_with_the_request },
    { "each_side_ends_alone", each_side_ends_alone },
    { "a_reset_is_a_reset_at_the_other_end", a_reset_is_a_reset_at_the_other_end },
    { "giving_up_reads_as_the_end_behind_what_came", giving_up_reads_as_the_end_behind_what_came },
    { "refusals_are_errors", refusals_are_errors },
    { "closed_unanswered_is_503", closed_unanswered_is_503 },
    { "a_lost_connection_resets_its_tunnels", a_lost_connection_resets_its_tunnels },
    { "a_slow_reader_holds_back_the_writer", a_slow_reader_holds_back_the_writer },
    { "a_flushing_close_loses_nothing", a_flushing_close_loses_nothing },
    { "trailers_are_an_end", trailers_are_an_end },
};

TAP_MAIN(cases)
