/* Both ends of HTTP/2 at once: our client against our server over memory. */
#include "core/http/http_h2_client.h"

#include "core/base/error.h"
#include "core/http/http_server.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/http_wire.h"

struct rig {
    struct worker w;
    struct http_server_config config;
    struct http_h2_client_config client_config;
    struct http_server_conn *conn;
    struct http_h2_client *client;
    struct stream *client_end;
    struct http_note asked[8], got[8]; /* by request: what the server and the client see */
    struct buf seen;
    int requests, closed, client_closed, goaways, rooms, client_err;
    int status; /* reply at once; 0: the case answers */
    bool early; /* requests come before SETTINGS */
};

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct rig *r = arg;

    (void)conn;
    buf_printf(&r->seen, "%.*s %.*s %.*s%s%.*s%s\n", STR_ARG(head->method_name),
               STR_ARG(head->authority), STR_ARG(head->path), head->upgrade.len ? " upgrade:" : "",
               STR_ARG(head->upgrade), end ? "" : " +");
    if (r->status) {
        EQ_INT(http_stream_reply(hs, r->status, "text/plain", STR("hello")), 0);
        http_stream_release(hs);
    } else {
        http_wire_note(&r->asked[r->requests], hs);
        r->asked[r->requests].ended = end;
    }
    r->requests++;
}

static void on_server_close(void *arg, struct http_server_conn *conn, int err)
{
    struct rig *r = arg;

    (void)conn;
    (void)err;
    r->closed++;
    r->conn = NULL;
}

static void on_room(void *arg)
{
    ((struct rig *)arg)->rooms++;
}

static void on_goaway(void *arg)
{
    ((struct rig *)arg)->goaways++;
}

static void on_client_close(void *arg, int err)
{
    struct rig *r = arg;

    r->client = NULL;
    r->client_err = err;
    r->client_closed++;
}

static const struct http_server_handler handler = { on_request, on_server_close };
static const struct http_h2_client_events client_events = { on_room, on_goaway, on_client_close };

static void rig_start(struct rig *r)
{
    struct stream *a, *b;

    EQ_INT(worker_init(&r->w, 0, 1), 0);
    buf_init(&r->seen, 0);
    for (int i = 0; i < 8; i++) {
        http_wire_note_init(&r->asked[i]);
        http_wire_note_init(&r->got[i]);
    }
    stream_mem_pair(&r->w, &a, &b);
    r->client_end = b;
    EQ_INT(http_server_conn_new(a, &r->config, &handler, r, &r->conn), 0);
    EQ_INT(http_h2_client_new(b, &r->client_config, &client_events, r, &r->client), 0);
    if (!r->early)
        http_wire_turn(&r->w);
}

static void rig_stop(struct rig *r)
{
    if (r->client)
        http_h2_client_close(r->client);
    if (r->conn)
        http_server_conn_close(r->conn);
    http_wire_turn(&r->w);
    EQ_INT(r->closed, 1);
    EQ_INT(r->client_closed, 1);
    for (int i = 0; i < 8; i++) {
        http_wire_note_deinit(&r->asked[i]);
        http_wire_note_deinit(&r->got[i]);
    }
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

/* Sends a request and returns its recorder. */
static struct http_note *ask(struct rig *r, int i, const char *method, const char *path, bool end)
{
    struct http_note *n = &r->got[i];
    struct http_msg m;

    http_wire_note(n, http_h2_client_request(r->client));
    http_wire_request(&m, n->hs->arena, method, path);
    EQ_INT(http_stream_send_head(n->hs, &m, end), 0);
    return n;
}

static void request_is_answered(void)
{
    struct rig r = { .status = 200 };
    struct http_note *n;

    rig_start(&r);
    n = ask(&r, 0, "GET", "/x?y", true);
    http_wire_turn(&r.w);
    EQ_STR(seen(&r), "GET a.test /x?y\n");
    HAS_STR(http_wire_log(n), "head 200 length:5 content-type=text/plain date=");
    HAS_STR(http_wire_log(n), "body 5 end\n");
    EQ_STRN(n->body.p, buf_len(&n->body), "hello");
    EQ_INT(http_h2_client_active(r.client), 0);
    EQ_INT(http_server_conn_active(r.conn), 0);
    rig_stop(&r);
}

static void bodies_and_trailers_both_ways(void)
{
    struct rig r = { 0 };
    struct http_note *n;
    struct http_msg m;
    struct http_headers t;

    rig_start(&r);
    n = ask(&r, 0, "POST", "/s", false);
    EQ_INT(http_stream_send_bytes(n->hs, "ab", 2, false), 0);
    http_wire_turn(&r.w);
    EQ_INT(buf_len(&r.asked[0].body), 2);
    http_headers_init(&t, n->hs->arena);
    http_headers_add(&t, STR("x-sum"), STR("1"));
    EQ_INT(http_stream_send_trailers(n->hs, &t), 0);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.asked[0]), "body 2 trailers x-sum=1\n");
    http_msg_init(&m, r.asked[0].hs->arena);
    m.status = 200;
    EQ_INT(http_stream_send_head(r.asked[0].hs, &m, false), 0);
    EQ_INT(http_stream_send_bytes(r.asked[0].hs, "xyz", 3, false), 0);
    http_headers_init(&t, r.asked[0].hs->arena);
    http_headers_add(&t, STR("grpc-status"), STR("0"));
    EQ_INT(http_stream_send_trailers(r.asked[0].hs, &t), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(n), "body 3 trailers grpc-status=0\n");
    EQ_INT(http_h2_client_active(r.client), 0);
    rig_stop(&r);
}

static void readers_that_stop_hold_up_their_own_streams(void)
{
    static char block[100000];
    struct rig r = { .config = { .shared = true, .connection_window_bytes = 128 * 1024 } };
    struct http_note *last;

    rig_start(&r);
    for (int i = 0; i < 5; i++) {
        r.asked[i].keep = true;
        EQ_INT(
            http_stream_send_bytes(ask(&r, i, "POST", "/", false)->hs, block, sizeof(block), false),
            0);
        http_wire_turn(&r.w);
        EQ_INT(buf_len(&r.asked[i].body), 65536); /* its window */
    }
    last = ask(&r, 5, "POST", "/", false);
    EQ_INT(http_stream_send_bytes(last->hs, block, sizeof(block), true), 0);
    http_wire_turn(&r.w);
    EQ_INT(buf_len(&r.asked[5].body), sizeof(block));
    http_stream_consume(r.asked[0].hs, 65536);
    http_wire_turn(&r.w);
    EQ_INT(buf_len(&r.asked[0].body), sizeof(block));
    rig_stop(&r);
}

static void big_body_waits_for_the_window(void)
{
    static char block[100000];
    struct rig r = { .config.stream_window_bytes = 65535 };
    struct http_note *n;

    rig_start(&r);
    r.asked[0].keep = true;
    n = ask(&r, 0, "POST", "/", false);
    http_wire_turn(&r.w);
    for (int i = 0; i < 4; i++)
        EQ_INT(http_stream_send_bytes(n->hs, block, sizeof(block), i == 3), 0);
    http_wire_turn(&r.w);
    EQ_INT(buf_len(&r.asked[0].body), 65535);
    EQ_INT(http_stream_unsent(n->hs), 400000 - 65535);
    for (int i = 0; i < 20; i++) {
        http_stream_consume(r.asked[0].hs, 65535);
        http_wire_turn(&r.w);
    }
    HAS_STR(http_wire_log(n), "writable");
    EQ_STR(http_wire_log(&r.asked[0]), "body 400000 end\n");
    rig_stop(&r);
}

static void slow_reader_bounds_what_is_sent(void)
{
    static char block[65536];
    struct rig r = { .client_config.stream_window_bytes = 16 << 20,
                     .client_config.connection_window_bytes = 16 << 20 };
    struct http_note *n;
    struct http_msg m;
    size_t taken = 0;

    rig_start(&r);
    n = ask(&r, 0, "GET", "/", true);
    http_wire_turn(&r.w);
    stream_read_stop(r.client_end);
    http_msg_init(&m, r.asked[0].hs->arena);
    m.status = 200;
    EQ_INT(http_stream_send_head(r.asked[0].hs, &m, false), 0);
    for (int i = 0; i < 100 && http_stream_unsent(r.asked[0].hs) < STREAM_HIGH_WATER_BYTES; i++) {
        EQ_INT(http_stream_send_bytes(r.asked[0].hs, block, sizeof(block), false), 0);
        http_wire_turn(&r.w);
        taken += sizeof(block);
    }
    OK(taken <= 6 * sizeof(block));
    stream_read_start(r.client_end);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(&r.asked[0]), "writable");
    EQ_INT(http_stream_unsent(r.asked[0].hs), 0);
    EQ_INT(buf_len(&n->body), taken);
    rig_stop(&r);
}

static void resets_reach_the_other_end(void)
{
    struct rig r = { 0 };
    struct http_note *n;

    rig_start(&r);
    n = ask(&r, 0, "POST", "/", false);
    http_wire_turn(&r.w);
    http_stream_reset(r.asked[0].hs, HTTP_RESET_REFUSED);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(n), "reset\n");
    OK(n->failure.unprocessed && n->failure.by_peer_reset);
    EQ_INT(n->failure.h2_code, 7);

    n = ask(&r, 1, "POST", "/", false);
    http_wire_turn(&r.w);
    http_stream_release(n->hs);
    n->hs = NULL;
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.asked[1]), "reset\n");
    EQ_INT(r.asked[1].failure.h2_code, 8);
    EQ_INT(http_h2_client_active(r.client), 0);
    rig_stop(&r);
}

/* A short rest of known length is let come, any other is reset; the answer arrives either way. */
static void early_answer_ends_the_request(void)
{
    static char block[30000];
    struct rig r = { .status = 403 };
    struct http_note *n = &r.got[0];
    struct http_msg m;

    rig_start(&r);
    http_wire_note(n, http_h2_client_request(r.client));
    http_wire_request(&m, n->hs->arena, "POST", "/");
    m.content_length = sizeof(block);
    EQ_INT(http_stream_send_head(n->hs, &m, false), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(n), "body 5 end\n");
    EQ_INT(http_stream_send_bytes(n->hs, block, sizeof(block), true), 0);
    http_wire_turn(&r.w);
    EQ_INT(http_server_conn_active(r.conn), 0);

    n = ask(&r, 1, "POST", "/", false);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(n), "body 5 end\n");
    OK(strstr(http_wire_log(n), "reset") == NULL);
    OK(http_stream_send_bytes(n->hs, "x", 1, false) != 0);
    EQ_INT(http_server_conn_active(r.conn), 0);
    EQ_INT(http_h2_client_active(r.client), 0);
    rig_stop(&r);
}

static void extended_connect_is_an_upgrade(void)
{
    struct rig r = { .config.extended_connect = true };
    struct http_note *n = &r.got[0];
    struct http_msg m;

    rig_start(&r);
    http_wire_note(n, http_h2_client_request(r.client));
    http_wire_request(&m, n->hs->arena, "GET", "/ws");
    m.upgrade = STR("websocket");
    EQ_INT(http_stream_send_head(n->hs, &m, false), 0);
    http_wire_turn(&r.w);
    EQ_STR(seen(&r), "GET a.test /ws upgrade:websocket +\n");
    http_msg_init(&m, r.asked[0].hs->arena);
    m.status = 101;
    EQ_INT(http_stream_send_head(r.asked[0].hs, &m, false), 0);
    EQ_INT(http_stream_send_bytes(r.asked[0].hs, "raw", 3, false), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(n), "head 101 upgrade:websocket");
    EQ_INT(http_stream_send_bytes(n->hs, "up", 2, true), 0);
    EQ_INT(http_stream_send_bytes(r.asked[0].hs, "", 0, true), 0);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(&r.asked[0]), "body 2 end\n");
    HAS_STR(http_wire_log(n), "body 3 end\n");
    rig_stop(&r);
}

static void upgrade_waits_for_settings(void)
{
    struct rig r = { .config.extended_connect = true }, without = { 0 };
    struct http_msg m;

    r.early = true;
    rig_start(&r);
    http_wire_note(&r.got[0], http_h2_client_request(r.client));
    http_wire_request(&m, r.got[0].hs->arena, "GET", "/ws");
    m.upgrade = STR("websocket");
    EQ_INT(http_stream_send_head(r.got[0].hs, &m, false), 0);
    http_wire_turn(&r.w);
    EQ_STR(seen(&r), "GET a.test /ws upgrade:websocket +\n");
    rig_stop(&r);

    without.early = true;
    rig_start(&without);
    http_wire_note(&without.got[0], http_h2_client_request(without.client));
    http_wire_request(&m, without.got[0].hs->arena, "GET", "/ws");
    m.upgrade = STR("websocket");
    EQ_INT(http_stream_send_head(without.got[0].hs, &m, false), 0);
    http_wire_turn(&without.w);
    EQ_STR(http_wire_log(&without.got[0]), "reset\n");
    OK(without.got[0].failure.unprocessed);
    rig_stop(&without);
}

static void connect_needs_permission(void)
{
    struct rig r = { 0 }, allowed = { .config.allow_connect = true };
    struct http_msg m;

    rig_start(&r);
    http_wire_note(&r.got[0], http_h2_client_request(r.client));
    http_wire_request(&m, r.got[0].hs->arena, "CONNECT", "");
    m.authority = STR("a.test:80");
    EQ_INT(http_stream_send_head(r.got[0].hs, &m, false), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(&r.got[0]), "head 405 ");
    EQ_INT(r.requests, 0);
    rig_stop(&r);

    rig_start(&allowed);
    http_wire_note(&allowed.got[0], http_h2_client_request(allowed.client));
    http_wire_request(&m, allowed.got[0].hs->arena, "CONNECT", "");
    m.authority = STR("a.test:80");
    EQ_INT(http_stream_send_head(allowed.got[0].hs, &m, false), 0);
    http_wire_turn(&allowed.w);
    EQ_STR(seen(&allowed), "CONNECT a.test:80  +\n");
    rig_stop(&allowed);
}

static void drain_is_graceful(void)
{
    struct rig r = { 0 };
    struct http_note *n;

    rig_start(&r);
    n = ask(&r, 0, "GET", "/", true);
    http_wire_turn(&r.w);
    http_server_conn_drain(r.conn);
    http_wire_turn(&r.w);
    EQ_INT(r.goaways, 1);
    OK(r.client && http_h2_client_room(r.client) == 0);
    OK(r.conn != NULL);
    http_stream_reply(r.asked[0].hs, 200, NULL, STR("x"));
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(n), "body 1 end\n");
    OK(!r.conn && !r.client);
    rig_stop(&r);
}

static void lost_connection_is_told_to_both(void)
{
    struct rig r = { 0 };
    struct http_note *n;

    rig_start(&r);
    n = ask(&r, 0, "GET", "/", true);
    http_wire_turn(&r.w);
    stream_mem_fail(r.client_end, UV_ECONNRESET);
    http_wire_turn(&r.w);
    EQ_STR(http_wire_log(n), "reset\n");
    EQ_INT(n->failure.err, UV_ECONNRESET);
    OK(!n->failure.unprocessed && !n->failure.reused && !n->failure.by_peer_reset);
    EQ_STR(http_wire_log(&r.asked[0]), "reset\n");
    EQ_INT(http_stream_reply(r.asked[0].hs, 200, NULL, STR("x")), ERR_CLOSED);
    rig_stop(&r);
}

static void room_follows_the_peers_limit(void)
{
    struct rig r = { .config.max_streams = 2 };

    rig_start(&r);
    EQ_INT(http_h2_client_room(r.client), 2);
    ask(&r, 0, "GET", "/", true);
    ask(&r, 1, "GET", "/", true);
    EQ_INT(http_h2_client_room(r.client), 0);
    http_wire_turn(&r.w);
    http_stream_reply(r.asked[0].hs, 200, NULL, STR("x"));
    http_wire_turn(&r.w);
    EQ_INT(http_h2_client_room(r.client), 1);
    rig_stop(&r);
}

static void header_too_large_is_431(void)
{
    static char value[2000];
    struct rig r = { .config.max_header_bytes = 1500 };
    struct http_msg m;

    memset(value, 'v', sizeof(value) - 1);
    rig_start(&r);
    http_wire_note(&r.got[0], http_h2_client_request(r.client));
    http_wire_request(&m, r.got[0].hs->arena, "GET", "/");
    http_headers_add(&m.headers, STR("x"), str_of(value));
    EQ_INT(http_stream_send_head(r.got[0].hs, &m, true), 0);
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(&r.got[0]), "head 431 ");
    rig_stop(&r);
}

static void interim_answers_come_first(void)
{
    struct rig r = { 0 };
    struct http_note *n;
    struct http_msg m;

    rig_start(&r);
    n = ask(&r, 0, "GET", "/", true);
    http_wire_turn(&r.w);
    http_msg_init(&m, r.asked[0].hs->arena);
    m.status = 103;
    EQ_INT(http_stream_send_head(r.asked[0].hs, &m, false), 0);
    http_stream_reply(r.asked[0].hs, 204, NULL, STR(""));
    http_wire_turn(&r.w);
    HAS_STR(http_wire_log(n), "head 103\nhead 204 ");
    HAS_STR(http_wire_log(n), " end\n");
    rig_stop(&r);
}

static void ping_without_answer_ends_it(void)
{
    struct rig r = { .client_config.ping_interval_ms = 20 };

    rig_start(&r);
    http_wire_wait(&r.w, 100);
    OK(r.client != NULL); /* answered */
    http_server_conn_close(r.conn);
    http_wire_turn(&r.w);
    OK(r.client == NULL);
    rig_stop(&r);
}

static const struct tap_case cases[] = {
    { "request_is_answered", request_is_answered },
    { "bodies_and_trailers_both_ways", bodies_and_trailers_both_ways },
    { "readers_that_stop_hold_up_their_own_streams", readers_that_stop_hold_up_their_own_streams },
    { "big_body_waits_for_the_window", big_body_waits_for_the_window },
    { "slow_reader_bounds_what_is_sent", slow_reader_bounds_what_is_sent },
    { "resets_reach_the_other_end", resets_reach_the_other_end },
    { "early_answer_ends_the_request", early_answer_ends_the_request },
    { "extended_connect_is_an_upgrade", extended_connect_is_an_upgrade },
    { "upgrade_waits_for_settings", upgrade_waits_for_settings },
    { "connect_needs_permission", connect_needs_permission },
    { "drain_is_graceful", drain_is_graceful },
    { "lost_connection_is_told_to_both", lost_connection_is_told_to_both },
    { "room_follows_the_peers_limit", room_follows_the_peers_limit },
    { "header_too_large_is_431", header_too_large_is_431 },
    { "interim_answers_come_first", interim_answers_come_first },
    { "ping_without_answer_ends_it", ping_without_answer_ends_it },
};

TAP_MAIN(cases)
