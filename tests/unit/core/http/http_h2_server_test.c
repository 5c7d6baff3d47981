/* A hostile HTTP/2 client, frame by frame. */
#include "core/http/http_h2_meter.h"

#include "core/base/error.h"
#include "core/http/http_server.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/http_wire.h"

struct rig {
    struct worker w;
    struct http_server_config config;
    struct http_server_conn *conn;
    struct wire wire;
    int requests, closed, err, resets;
    bool hold; /* requests are not answered */
};

static void on_reset(void *arg, const struct http_failure *failure)
{
    (void)failure;
    ((struct rig *)arg)->resets++;
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    (void)arg, (void)p, (void)len, (void)end;
}

static const struct http_stream_events quiet = { .on_body = on_body, .on_reset = on_reset };

/* What is held is released by its reset; a release inside on_reset is covered by gRPC's tests. */
struct held {
    struct http_stream *hs;
    struct rig *rig;
};

static void held_reset(void *arg, const struct http_failure *failure)
{
    struct held *h = arg;

    (void)failure;
    h->rig->resets++;
    http_stream_release(h->hs);
}

static const struct http_stream_events held_events = { .on_body = on_body, .on_reset = held_reset };

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct rig *r = arg;
    struct held *h;

    (void)conn, (void)head, (void)end;
    r->requests++;
    if (r->hold) {
        h = arena_alloc(hs->arena, sizeof(*h));
        *h = (struct held){ hs, r };
        http_stream_set_events(hs, &held_events, h);
        return;
    }
    http_stream_set_events(hs, &quiet, r);
    (void)http_stream_reply(hs, 200, NULL, STR("hello"));
    http_stream_release(hs);
}

static void on_close(void *arg, struct http_server_conn *conn, int err)
{
    struct rig *r = arg;

    (void)conn;
    r->closed++;
    r->err = err;
    r->conn = NULL;
}

static const struct http_server_handler handler = { on_request, on_close };

static void frame(struct rig *r, uint8_t type, uint8_t flags, uint32_t id, const void *p,
                  size_t len)
{
    uint8_t head[9] = {
        (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
        (uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id
    };

    http_wire_send_bytes(&r->wire, head, sizeof(head));
    http_wire_send_bytes(&r->wire, p, len);
}

static void rig_open(struct rig *r, bool reading)
{
    struct stream *a, *b;

    EQ_INT(worker_init(&r->w, 0, 1), 0);
    stream_mem_pair(&r->w, &a, &b);
    EQ_INT(http_server_conn_new(a, &r->config, &handler, r, &r->conn), 0);
    http_wire_open(&r->wire, b);
    if (!reading)
        stream_read_stop(b);
    stream_mem_set_window(b, 64 << 20);
    http_wire_send(&r->wire, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    frame(r, 4, 0, 0, "", 0);
    http_wire_turn(&r->w);
}

static void rig_close(struct rig *r)
{
    if (r->conn)
        http_server_conn_close(r->conn);
    http_wire_turn(&r->w);
    EQ_INT(r->closed, 1);
    http_wire_close(&r->wire);
    http_wire_turn(&r->w);
    worker_deinit(&r->w);
}

/* GET http://a/ in HPACK's static table. */
static const char get[] = "\x82\x86\x84\x41\x01"
                          "a";
static const char post[] = "\x83\x86\x84\x41\x01"
                           "a";

static void rapid_reset_ends_the_connection(void)
{
    for (int reading = 0; reading < 2; reading++) {
        struct rig r = { .hold = true };

        rig_open(&r, reading);
        for (uint32_t i = 0; i < 1000 && r.conn; i++) {
            frame(&r, 1, 5, 2 * i + 1, get, sizeof(get) - 1);
            frame(&r, 3, 0, 2 * i + 1, "\0\0\0\x08", 4);
            if (i % 10 == 0)
                http_wire_turn(&r.w);
        }
        http_wire_turn(&r.w);
        OK(!r.conn);
        EQ_INT(r.err, ERR_LIMIT);
        OK(r.requests <= 220);
        EQ_INT(r.resets, r.requests);
        rig_close(&r);
    }
}

/* Streams that we have to reset for the peer's mistakes cost it no RST of its own. */
static void made_you_reset_ends_the_connection(void)
{
    struct rig r = { .hold = true };

    rig_open(&r, true);
    for (uint32_t i = 0; i < 1000 && r.conn; i++) {
        frame(&r, 1, 5, 2 * i + 1, get, sizeof(get) - 1);
        frame(&r, 8, 0, 2 * i + 1, "\0\0\0\0", 4); /* WINDOW_UPDATE of 0: a stream error */
        if (i % 10 == 0)
            http_wire_turn(&r.w);
    }
    http_wire_turn(&r.w);
    OK(!r.conn);
    OK(r.requests <= 220);
    rig_close(&r);
}

static void cheap_frames_end_the_connection(void)
{
    static const struct {
        const char *name;
        uint8_t type, flags, id;
        const char *p;
        size_t len;
        int max;
    } rows[] = {
        { "ping", 6, 0, 0, "12345678", 8, 3000 },       { "settings", 4, 0, 0, "", 0, 200 },
        { "priority", 2, 0, 1, "\0\0\0\0\0", 5, 3000 }, { "unknown", 200, 0, 0, "x", 1, 3000 },
        { "window", 8, 0, 0, "\0\0\0\1", 4, 30000 },    { "empty data", 0, 0, 1, "", 0, 200 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int reading = 0; reading < 2; reading++) {
            struct rig r = { .hold = true };
            int sent = 0;

            rig_open(&r, reading);
            frame(&r, 1, 4, 1, post, sizeof(post) - 1);
            for (; sent < 40000 && r.conn; sent++) {
                frame(&r, rows[i].type, rows[i].flags, rows[i].id, rows[i].p, rows[i].len);
                if (sent % 50 == 0)
                    http_wire_turn(&r.w);
            }
            http_wire_turn(&r.w);
            if (!OK(!r.conn) || !OK(sent <= rows[i].max))
                NOTE("%s, %s", rows[i].name, reading ? "reading" : "not reading");
            rig_close(&r);
        }
    }
}

static void endless_continuation_ends_the_connection(void)
{
    struct rig r = { 0 };
    int sent = 0;

    rig_open(&r, true);
    frame(&r, 1, 1, 1, get, sizeof(get) - 1);
    for (; sent < 100 && r.conn; sent++) {
        frame(&r, 9, 0, 1, "\x00\x01x\x01y", 5);
        http_wire_turn(&r.w);
    }
    OK(!r.conn);
    OK(sent <= 20);
    EQ_INT(r.requests, 0);
    rig_close(&r);
}

/* One entry of 4,000 bytes in the dynamic table, then 12,000 references to it: 48 MB. */
static void hpack_bomb_ends_the_connection(void)
{
    static char block[16000];
    struct rig r = { 0 };
    size_t at = sizeof(get) - 1;

    rig_open(&r, true);
    memcpy(block, get, at);
    memcpy(block + at, "\x40\x01x\x7f\xa1\x1e", 6); /* literal, indexed; value of 4,000 bytes */
    at += 6;
    memset(block + at, 'v', 4000);
    at += 4000;
    memset(block + at, 0xbe, 11000); /* index 62, the entry just made */
    at += 11000;
    frame(&r, 1, 5, 1, block, at);
    http_wire_turn(&r.w);
    OK(!r.conn);
    EQ_INT(r.requests, 0);
    EQ_INT(r.err, ERR_LIMIT);
    rig_close(&r);
}

static void bad_heads_are_refused(void)
{
    static const struct {
        const char *name, *block;
        size_t len;
    } rows[] = {
#define ROW(name, text) { name, text, sizeof(text) - 1 }
        ROW("no authority", "\x82\x86\x84"),
        ROW("no path", "\x82\x86\x41\x01"
                       "a"),
        ROW("relative path", "\x82\x86\x04\x01xA\x01"
                             "a"),
        ROW("fragment for path", "\x82\x86\x04\x03#/xA\x01"
                                 "a"),
        ROW("userinfo", "\x82\x86\x84\x41\x03"
                        "u@a"),
        ROW("two hosts that differ", "\x82\x86\x84\x41\x01"
                                     "a\x00\x04host\x01"
                                     "b"),
        ROW("upper case", "\x82\x86\x84\x41\x01"
                          "a\x00\x01X\x01y"),
        ROW("connection", "\x82\x86\x84\x41\x01"
                          "a\x00\x0a"
                          "connection\x05"
                          "close"),
        ROW("te", "\x82\x86\x84\x41\x01"
                  "a\x00\x02te\x04gzip"),
        ROW("transfer-encoding", "\x82\x86\x84\x41\x01"
                                 "a\x00\x11transfer-encoding\x07"
                                 "chunked"),
        ROW("length 010", "\x83\x86\x84\x41\x01"
                          "a\x00\x0e"
                          "content-length\x03"
                          "010"),
        ROW("length without body", "\x83\x86\x84\x41\x01"
                                   "a\x00\x0e"
                                   "content-length\x01"
                                   "5"),
        ROW("line feed in a value", "\x82\x86\x84\x41\x01"
                                    "a\x00\x01x\x03y\nz"),
        ROW("late pseudo-header", "\x82\x86\x84\x00\x01x\x01yA\x01"
                                  "a"),
        ROW("unknown pseudo-header", "\x82\x86\x84\x41\x01"
                                     "a\x00\x02:x\x01y"),
        ROW("scheme", "\x82\x84\x41\x01"
                      "a\x06\x03"
                      "ftp"),
#undef ROW
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r = { 0 };

        rig_open(&r, true);
        frame(&r, 1, 5, 1, rows[i].block, rows[i].len);
        http_wire_turn(&r.w);
        if (!EQ_INT(r.requests, 0))
            NOTE("%s", rows[i].name);
        frame(&r, 1, 5, 3, get, sizeof(get) - 1);
        http_wire_turn(&r.w);
        if (!EQ_INT(r.requests, 1)) /* the connection goes on */
            NOTE("after %s", rows[i].name);
        rig_close(&r);
    }
}

static void every_order_of_two_frames_is_survived(void)
{
    static const struct {
        uint8_t type, flags, id;
        const char *p;
        size_t len;
    } frames[] = {
        { 0, 1, 1, "body", 4 },
        { 1, 5, 3, get, 6 },
        { 2, 0, 1, "\0\0\0\0\1", 5 },
        { 3, 0, 1, "\0\0\0\x08", 4 },
        { 4, 0, 0, "\0\4\0\0\0\0", 6 },
        { 5, 4, 1, "\0\0\0\2", 4 },
        { 6, 0, 0, "12345678", 8 },
        { 7, 0, 0, "\0\0\0\0\0\0\0\0", 8 },
        { 8, 0, 1, "\x7f\xff\xff\xff", 4 },
        { 9, 4, 1, get, 6 },
    };
    const size_t n = sizeof(frames) / sizeof(frames[0]);

    for (size_t i = 0; i < n * n; i++) {
        struct rig r = { .hold = i & 1 };

        rig_open(&r, true);
        frame(&r, 1, 4, 1, post, sizeof(post) - 1);
        for (int k = 0; k < 2; k++) {
            size_t f = k ? i / n : i % n;

            frame(&r, frames[f].type, frames[f].flags, frames[f].id, frames[f].p, frames[f].len);
        }
        http_wire_turn(&r.w);
        rig_close(&r);
    }
}

static void idle_connection_says_goodbye(void)
{
    struct rig r = { .config.idle_timeout_ms = 20 };

    rig_open(&r, true);
    http_wire_wait(&r.w, 1300); /* no PING is answered: the second GOAWAY comes after a second */
    OK(!r.conn);
    OK(r.wire.eof);
    rig_close(&r);
}

static void rapid_frames_within_the_rate_are_fine(void)
{
    struct http_h2_meter m;

    http_h2_meter_init(&m, false, 60, 16384, 0);
    for (uint64_t s = 1; s < 600; s++) {
        EQ_INT(http_h2_meter_add(&m, HTTP_H2_METER_RESET, s * 1000), 0);
        for (int i = 0; i < 400; i++)
            EQ_INT(http_h2_meter_add(&m, HTTP_H2_METER_CONTROL, s * 1000), 0);
    }
}

static const struct tap_case cases[] = {
    { "rapid_reset_ends_the_connection", rapid_reset_ends_the_connection },
    { "made_you_reset_ends_the_connection", made_you_reset_ends_the_connection },
    { "cheap_frames_end_the_connection", cheap_frames_end_the_connection },
    { "endless_continuation_ends_the_connection", endless_continuation_ends_the_connection },
    { "hpack_bomb_ends_the_connection", hpack_bomb_ends_the_connection },
    { "bad_heads_are_refused", bad_heads_are_refused },
    { "every_order_of_two_frames_is_survived", every_order_of_two_frames_is_survived },
    { "idle_connection_says_goodbye", idle_connection_says_goodbye },
    { "rapid_frames_within_the_rate_are_fine", rapid_frames_within_the_rate_are_fine },
};

TAP_MAIN(cases)
