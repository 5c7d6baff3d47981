#include "core/net/stream_proxy.h"

#include "core/base/error.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/stream_sink.h"

static struct worker worker;

struct rig {
    struct stream *near, *far;
    struct stream_sink sink;
};

static void rig_open(struct rig *r, const struct stream_proxy_options *options, size_t read_max)
{
    struct stream *bottom;

    *r = (struct rig){ 0 };
    EQ_INT(worker_init(&worker, 0, 1), 0);
    stream_mem_pair(&worker, &bottom, &r->far);
    stream_mem_set_read_max(bottom, read_max);
    r->near = stream_proxy_new(bottom, options);
    stream_sink_listen(&r->sink, r->near);
}

static void rig_close(struct rig *r)
{
    stream_close(r->near);
    stream_close(r->far);
    worker_deinit(&worker);
    stream_sink_deinit(&r->sink);
}

static void the_header_names_the_peer(void)
{
    char text[ADDR_TEXT_MAX];
    struct addr src, dst;
    struct rig r;

    addr_parse(STR("192.0.2.1:1000"), 0, &src);
    addr_parse(STR("192.0.2.2:443"), 0, &dst);
    for (int version = 1; version <= 2; version++) {
        for (size_t read_max = 1; read_max < 100; read_max += 33) {
            rig_open(&r, NULL, read_max);
            OK(!stream_is_ready(r.near));
            EQ_INT(stream_proxy_write(r.far, version, &src, &dst), 0);
            stream_write_bytes(r.far, "GET /", 5);
            OK(stream_sink_wait_bytes(&worker, &r.sink, 5));
            OK(r.sink.ready);
            EQ_STRN(r.sink.in.p, buf_len(&r.sink.in), "GET /");
            EQ_STR(addr_format(stream_peer(r.near), text), "192.0.2.1:1000");
            EQ_STR(addr_format(stream_local(r.near), text), "192.0.2.2:443");
            EQ_STR(addr_format(stream_original_dst(r.near), text), "192.0.2.2:443");
            EQ_INT(stream_peer_direct(r.near)->family, ADDR_NONE);
            EQ_INT(stream_proxy_header(r.near)->version, version);
            stream_write_bytes(r.near, "answer", 6);
            stream_shutdown(r.far);
            OK(stream_sink_wait_eof(&worker, &r.sink));
            rig_close(&r);
        }
    }
}

static void a_connection_without_header_is_refused(void)
{
    static const char *const rows[] = { "GET / HTTP/1.1\r\n", "PROXY TCP4 x\r\n", "" };
    struct rig r;

    for (size_t i = 0; i < 3; i++) {
        rig_open(&r, NULL, 1000);
        stream_write_bytes(r.far, rows[i], strlen(rows[i]));
        stream_shutdown(r.far);
        OK(stream_sink_wait_error(&worker, &r.sink));
        EQ_INT(r.sink.err, ERR_PROTO);
        OK(!r.sink.ready && r.sink.reads == 0 && !r.sink.eof);
        rig_close(&r);
    }
}

static void a_late_header_is_refused(void)
{
    struct stream_proxy_options options = { .timeout_ms = 20 };
    struct rig r;

    rig_open(&r, &options, 1000);
    stream_write_bytes(r.far, "PROXY TCP4", 10);
    OK(stream_sink_wait_error(&worker, &r.sink));
    EQ_INT(r.sink.err, ERR_TIMEOUT);
    rig_close(&r);
}

static void an_optional_header_may_be_missing(void)
{
    struct stream_proxy_options options = { .optional = true };
    struct rig r;

    rig_open(&r, &options, 2);
    stream_write_bytes(r.far, "POST /", 6);
    OK(stream_sink_wait_bytes(&worker, &r.sink, 6));
    OK(r.sink.ready);
    OK(!stream_proxy_header(r.near));
    EQ_STRN(r.sink.in.p, buf_len(&r.sink.in), "POST /");
    rig_close(&r);
    rig_open(&r, &options, 100);
    stream_write_bytes(r.far, "PROXY bad\r\n", 11);
    OK(stream_sink_wait_error(&worker, &r.sink));
    EQ_INT(r.sink.err, ERR_PROTO);
    rig_close(&r);
}

static void the_error_below_is_passed_on(void)
{
    struct rig r;

    rig_open(&r, NULL, 100);
    stream_mem_fail(r.near->lower->lower, ERR_LIMIT);
    OK(stream_sink_wait_error(&worker, &r.sink));
    EQ_INT(r.sink.err, ERR_LIMIT);
    rig_close(&r);
}

static const struct tap_case cases[] = {
    { "the_header_names_the_peer", the_header_names_the_peer },
    { "a_connection_without_header_is_refused", a_connection_without_header_is_refused },
    { "a_late_header_is_refused", a_late_header_is_refused },
    { "an_optional_header_may_be_missing", an_optional_header_may_be_missing },
    { "the_error_below_is_passed_on", the_error_below_is_passed_on },
};

TAP_MAIN(cases)
