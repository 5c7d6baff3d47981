#include "core/http/http_client.h"

#include "core/base/error.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/http_wire.h"

struct rig {
    struct worker w;
    struct http_pool_config config;
    struct http_pool *pool;
    struct wire wire;
    struct buf log;
    int connect_err;
    struct http_client_call *call;
    bool cancel_on_piece;
};

static int connect_mem(void *arg, struct worker *w, struct stream **out)
{
    struct rig *r = arg;
    struct stream *far;

    if (r->connect_err)
        return r->connect_err;
    stream_mem_pair(w, out, &far);
    http_wire_open(&r->wire, far);
    return 0;
}

static void done(void *arg, const struct http_client_answer *answer)
{
    struct rig *r = arg;

    buf_printf(&r->log, "%d %d %.*s\n", answer->err, answer->head ? answer->head->status : 0,
               STR_ARG(answer->body));
}

static void on_piece(void *arg, struct str piece)
{
    struct rig *r = arg;

    buf_printf(&r->log, "piece %.*s\n", STR_ARG(piece));
    if (r->cancel_on_piece)
        http_client_cancel(r->call);
}

static void run(struct rig *r, const struct http_client_request *request, const char *answer)
{
    struct http_client_request full = *request;

    EQ_INT(worker_init(&r->w, 0, 1), 0);
    buf_init(&r->log, 0);
    r->pool = http_pool_new(&r->w, &r->config, connect_mem, r);
    full.authority = STR("a.test");
    full.path = STR("/x");
    r->call = http_client_send(&r->w, r->pool, &full, done, r);
    http_wire_turn(&r->w);
    if (r->wire.s)
        http_wire_send(&r->wire, answer);
    http_wire_turn(&r->w);
}

static void check(struct rig *r, const char *log)
{
    buf_add(&r->log, "", 1);
    EQ_STR(r->log.p, log);
    http_pool_free(r->pool);
    if (r->wire.s)
        http_wire_close(&r->wire);
    http_wire_turn(&r->w);
    buf_deinit(&r->log);
    worker_deinit(&r->w);
}

static void answer_is_collected(void)
{
    struct rig r = { 0 };
    const struct http_client_request request = { .method = "POST",
                                                 .body = STR("{}"),
                                                 .content_type = "application/json" };

    run(&r, &request,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EQ_STR(http_wire_text(&r.wire),
           "POST /x HTTP/1.1\r\nhost: a.test\r\n"
           "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
    check(&r, "0 201 abcde\n");
}

static void pieces_come_as_they_are(void)
{
    struct rig r = { 0 }, stopped = { .cancel_on_piece = true };
    const struct http_client_request request = { .on_piece = on_piece };
    static const char answer[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "1\r\na\r\n1\r\nb\r\n0\r\n\r\n";

    run(&r, &request, answer);
    check(&r, "piece a\npiece b\n0 200 \n");
    run(&stopped, &request, answer);
    check(&stopped, "piece a\n");
}

static void failures_are_told(void)
{
    struct rig r = { .connect_err = UV_ECONNREFUSED }, big = { 0 }, cut = { 0 }, other = { 0 };
    const struct http_client_request plain = { 0 }, small = { .max_body_bytes = 3 };
    char want[32];

    run(&r, &plain, "");
    snprintf(want, sizeof(want), "%d 0 \n", UV_ECONNREFUSED);
    check(&r, want);
    run(&big, &small, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd");
    snprintf(want, sizeof(want), "%d 200 \n", ERR_LIMIT);
    check(&big, want);
    run(&cut, &plain, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    stream_shutdown(cut.wire.s);
    http_wire_turn(&cut.w);
    snprintf(want, sizeof(want), "%d 200 ab\n", ERR_CLOSED);
    check(&cut, want);
    run(&other, &plain, "SSH-2.0-OpenSSH\r\n"); /* told at once, not when a head would be over */
    snprintf(want, sizeof(want), "%d 0 \n", ERR_PROTO);
    check(&other, want);
}

static void deadline_and_cancel(void)
{
    struct rig r = { 0 }, gone = { 0 };
    const struct http_client_request request = { .timeout_ms = 20 };
    char want[32];

    run(&r, &request, "");
    http_wire_wait(&r.w, 60);
    snprintf(want, sizeof(want), "%d 0 \n", ERR_TIMEOUT);
    check(&r, want);
    run(&gone, &request, "");
    http_client_cancel(gone.call);
    http_wire_wait(&gone.w, 60);
    check(&gone, "");
}

static const struct tap_case cases[] = {
    { "answer_is_collected", answer_is_collected },
    { "pieces_come_as_they_are", pieces_come_as_they_are },
    { "failures_are_told", failures_are_told },
    { "deadline_and_cancel", deadline_and_cancel },
};

TAP_MAIN(cases)
