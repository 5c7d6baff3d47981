/* Requests through a whole proxy on loopback: what reaches the upstream, what comes back, what the
 * decision record says. */
#include "core/flow/flow_request.h"

#include <string.h>

#include "tests/tap.h"
#include "tests/unit/support/flow_rig.h"

#define GET "GET /hello?x=1 HTTP/1.1\r\nHost: svc\r\n\r\n"

static void a_request_is_forwarded_and_answered(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    OK(flow_rig_ask(&r, &c, GET, "up 0"));
    HAS_STR(http_wire_text(&c), "HTTP/1.1 200");
    HAS_STR(http_wire_text(&c), "x-envoy-upstream-service-time: ");
    HAS_STR(http_wire_text(&c), "server: istio-envoy");
    HAS_STR(flow_rig_decision(&r), "\"via_upstream\"");
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void keep_alive_uses_one_upstream_connection(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    for (int i = 0; i < 5; i++) {
        buf_clear(&c.got);
        OK(flow_rig_ask(&r, &c, GET, "up 0"));
    }
    EQ_INT(r.ups[0].connections, 1);
    EQ_INT(r.ups[0].requests, 5);
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void the_upstream_sees_forwarded_headers(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    http_wire_send(&c, "GET /a HTTP/1.1\r\nHost: svc\r\nX-Forwarded-For: 1.2.3.4\r\n"
                       "X-Envoy-Attempt-Count: 9\r\nConnection: x-secret\r\nX-Secret: 1\r\n\r\n");
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\n"));
    HAS_STR(http_wire_text(&r.ups[0].raw), "x-forwarded-for: 1.2.3.4,127.0.0.1");
    HAS_STR(http_wire_text(&r.ups[0].raw), "x-forwarded-proto: http");
    HAS_STR(http_wire_text(&r.ups[0].raw), "x-request-id: ");
    HAS_STR(http_wire_text(&r.ups[0].raw), "x-envoy-attempt-count: 1");
    OK(strstr(http_wire_text(&r.ups[0].raw), "x-secret") == NULL);
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void a_body_goes_up_and_comes_back(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    http_wire_send(&c, "POST /p HTTP/1.1\r\nHost: svc\r\nContent-Length: 5\r\n\r\nhe");
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\nhe"));
    http_wire_send(&c, "llo");
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "hello"));
    http_wire_send(&r.ups[0].raw, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n");
    OK(flow_rig_wait_text(&r, &c, "0\r\n"));
    HAS_STR(http_wire_text(&c), "3\r\nabc\r\n");
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void nobody_listening_is_503_uf(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    flow_rig_publish(&r);
    listener_close(r.ups[0].listener, false);
    r.ups[0].listener = NULL;
    flow_rig_connect(&r, &c);
    OK(flow_rig_ask(&r, &c, GET, "reset reason: connection failure"));
    HAS_STR(http_wire_text(&c), "HTTP/1.1 503");
    HAS_STR(flow_rig_decision(&r), "UF");
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void nr_8_no_endpoint_is_503_uh(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.endpoint_count = 0;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    OK(flow_rig_ask(&r, &c, GET, "no healthy upstream"));
    HAS_STR(http_wire_text(&c), "HTTP/1.1 503");
    HAS_STR(flow_rig_decision(&r), "UH");
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void an_upstream_that_hangs_up_is_503_uc(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    http_wire_send(&c, GET);
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\n"));
    http_wire_close(&r.ups[0].raw);
    OK(flow_rig_wait_text(&r, &c, "reset reason: connection termination"));
    HAS_STR(flow_rig_decision(&r), "UC");
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static struct model_retry retry_5xx = { .attempts = 2,
                                        .on = MODEL_RETRY_5XX,
                                        .backoff_base_ms = 1 };

static void answer_by_upstream(struct flow_rig_upstream *up, struct http_stream *hs,
                               struct http_msg *head, bool end)
{
    (void)head, (void)end;
    if (up->rig->ups[0].requests + up->rig->ups[1].requests + up->rig->ups[2].requests < 3)
        http_stream_reply(hs, 503, NULL, STR("later"));
    else
        http_stream_reply(hs, 200, NULL, STR("at last"));
    http_stream_release(hs);
}

static void errors_are_retried_on_other_hosts(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.endpoint_count = 3;
    r.route.retry = &retry_5xx;
    r.on_request = answer_by_upstream;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    OK(flow_rig_ask(&r, &c, GET, "at last"));
    EQ_INT(r.ups[0].requests, 1);
    EQ_INT(r.ups[1].requests, 1);
    EQ_INT(r.ups[2].requests, 1);
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void a_retry_outlives_the_cluster_it_waits_for(void)
{
    static struct model_retry later = {
        .attempts = 1, .on = MODEL_RETRY_5XX, .backoff_base_ms = 200, .backoff_max_ms = 200
    };
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    r.route.retry = &later;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    http_wire_send(&c, GET);
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\n"));
    buf_clear(&r.ups[0].raw.got);
    http_wire_send(&r.ups[0].raw, "HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n");
    http_wire_wait(&r.w, 5);
    r.cluster_name = "outbound|80||other";
    flow_rig_publish(&r);
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "x-envoy-attempt-count: 2"));
    http_wire_send(&r.ups[0].raw, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    OK(flow_rig_wait_text(&r, &c, "ok"));
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void a_retry_sends_the_body_again(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    r.route.retry = &retry_5xx;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    http_wire_send(&c, "POST /p HTTP/1.1\r\nHost: svc\r\nContent-Length: 5\r\n\r\nhello");
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "hello"));
    buf_clear(&r.ups[0].raw.got);
    http_wire_send(&r.ups[0].raw, "HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n");
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "hello"));
    HAS_STR(http_wire_text(&r.ups[0].raw), "x-envoy-attempt-count: 2");
    http_wire_send(&r.ups[0].raw, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    OK(flow_rig_wait_text(&r, &c, "ok"));
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void a_timeout_is_504_ut(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    r.route.timeout_ms = 50;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    OK(flow_rig_ask(&r, &c, GET, "upstream request timeout"));
    HAS_STR(http_wire_text(&c), "HTTP/1.1 504");
    HAS_STR(flow_rig_decision(&r), "UT");
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void a_client_that_leaves_frees_the_upstream(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    http_wire_send(&c, GET);
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\n"));
    http_wire_close(&c);
    OK(flow_rig_wait_eof(&r, &r.ups[0].raw));
    HAS_STR(flow_rig_decision(&r), "DC");
    flow_rig_deinit(&r);
}

static void a_new_snapshot_serves_old_connections(void)
{
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    OK(flow_rig_ask(&r, &c, GET, "up 0"));
    r.route.action = MODEL_ACTION_DIRECT;
    r.route.direct_status = 418;
    r.route.direct_body = STR("teapot");
    flow_rig_publish(&r);
    OK(flow_rig_ask(&r, &c, GET, "teapot"));
    HAS_STR(http_wire_text(&c), "HTTP/1.1 418");
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void a_cluster_may_come_to_be_found_by_name_and_back(void)
{
    static const uint8_t types[] = { MODEL_CLUSTER_STATIC, MODEL_CLUSTER_DNS, MODEL_CLUSTER_STATIC,
                                     MODEL_CLUSTER_DYNAMIC, MODEL_CLUSTER_STATIC };
    struct flow_rig r;
    struct wire c;

    flow_rig_init(&r);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        r.cluster_type = types[i];
        flow_rig_publish(&r);
        if (types[i] != MODEL_CLUSTER_STATIC)
            continue;
        flow_rig_connect(&r, &c);
        OK(flow_rig_ask(&r, &c, GET, "up 0"));
        http_wire_close(&c);
    }
    flow_rig_deinit(&r);
}

static void pending_overflow_is_503_uo(void)
{
    struct flow_rig r;
    struct wire a, b, c;

    flow_rig_init(&r);
    flow_rig_overflow(&r, &a, &b, &c);
    HAS_STR(http_wire_text(&c), "reset reason: overflow");
    HAS_STR(http_wire_text(&c), "x-envoy-overloaded: true");
    http_wire_close(&a);
    http_wire_close(&b);
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void a_big_body_to_a_slow_client_is_held_back(void)
{
    static char chunk[65536];
    struct flow_rig r;
    struct wire c;
    size_t sent = 0;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    http_wire_send(&c, GET);
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\n"));
    http_wire_wait(&r.w, 5);
    stream_read_stop(c.s);
    http_wire_send(&r.ups[0].raw, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
    /* The upstream's own queue fills when the proxy reads no more. */
    for (int i = 0; i < 2000 && stream_unsent(r.ups[0].raw.s) < 1024 * 1024; i++) {
        http_wire_send_bytes(&r.ups[0].raw, chunk, sizeof(chunk));
        sent += sizeof(chunk);
        http_wire_wait(&r.w, 1);
    }
    OK(stream_unsent(r.ups[0].raw.s) >= 1024 * 1024);
    OK(sent < (size_t)64 * 1024 * 1024);
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static const struct tap_case cases[] = {
    { "a_request_is_forwarded_and_answered", a_request_is_forwarded_and_answered },
    { "keep_alive_uses_one_upstream_connection", keep_alive_uses_one_upstream_connection },
    { "the_upstream_sees_forwarded_headers", the_upstream_sees_forwarded_headers },
    { "a_body_goes_up_and_comes_back", a_body_goes_up_and_comes_back },
    { "nobody_listening_is_503_uf", nobody_listening_is_503_uf },
    { "nr_8_no_endpoint_is_503_uh", nr_8_no_endpoint_is_503_uh },
    { "an_upstream_that_hangs_up_is_503_uc", an_upstream_that_hangs_up_is_503_uc },
    { "errors_are_retried_on_other_hosts", errors_are_retried_on_other_hosts },
    { "a_retry_outlives_the_cluster_it_waits_for", a_retry_outlives_the_cluster_it_waits_for },
    { "a_retry_sends_the_body_again", a_retry_sends_the_body_again },
    { "a_timeout_is_504_ut", a_timeout_is_504_ut },
    { "a_client_that_leaves_frees_the_upstream", a_client_that_leaves_frees_the_upstream },
    { "a_new_snapshot_serves_old_connections", a_new_snapshot_serves_old_connections },
    { "a_cluster_may_come_to_be_found_by_name_and_back",
      a_cluster_may_come_to_be_found_by_name_and_back },
    { "pending_overflow_is_503_uo", pending_overflow_is_503_uo },
    { "a_big_body_to_a_slow_client_is_held_back", a_big_body_to_a_slow_client_is_held_back },
};

TAP_MAIN(cases)
