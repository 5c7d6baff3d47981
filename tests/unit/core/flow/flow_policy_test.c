#include "core/flow/flow_policy.h"

#include "tests/tap.h"

static struct arena arena;
static struct http_msg head;
static struct flow_policy policy;
static struct model_retry of_route = { .attempts = 2, .on = MODEL_RETRY_CONNECT_FAILURE };

static void begin(void)
{
    arena_init(&arena, 0);
    http_msg_init(&head, &arena);
}

static void header(const char *name, const char *value)
{
    http_headers_add(&head.headers, str_of(name), str_of(value));
}

static void run(enum flow_policy_side side, const struct model_route *route, bool is_grpc)
{
    flow_policy_init(&policy, side, route, &head, is_grpc, &arena);
}

static void finish(void)
{
    arena_deinit(&arena);
}

static void rt_11_headers_of_the_app_stand_above_the_route(void)
{
    struct model_route route = { .timeout_ms = 5000, .retry = &of_route };

    begin();
    header("x-envoy-upstream-rq-timeout-ms", "300");
    header("x-envoy-upstream-rq-per-try-timeout-ms", "100");
    header("x-envoy-max-retries", "4");
    header("x-envoy-retry-on", "5xx, retriable-status-codes,nonsense");
    header("x-envoy-retry-grpc-on", "unavailable");
    header("x-envoy-retriable-status-codes", "418, x, 429");
    run(FLOW_POLICY_OUTBOUND, &route, false);
    EQ_INT(policy.timeout_ms, 300);
    EQ_INT(policy.per_try_ms, 100);
    EQ_INT(flow_policy_expected_ms(&policy), 100);
    if (OK(policy.retry)) {
        EQ_INT(policy.retry->attempts, 4);
        EQ_INT(policy.retry->on, MODEL_RETRY_CONNECT_FAILURE | MODEL_RETRY_5XX |
                                     MODEL_RETRY_STATUS_CODES | MODEL_RETRY_GRPC_UNAVAILABLE);
        EQ_INT(policy.retry->status_code_count, 2);
        EQ_INT(policy.retry->status_codes[1], 429);
    }
    EQ_INT(head.headers.count, 0); /* they are for us alone */
    EQ_INT(of_route.attempts, 2);
    finish();
}

static void rt_11_gateways_do_not_listen_to_strangers(void)
{
    struct model_route route = { .timeout_ms = 5000, .retry = &of_route };

    begin();
    header("x-envoy-upstream-rq-timeout-ms", "1");
    header("x-envoy-max-retries", "90");
    run(FLOW_POLICY_GATEWAY, &route, false);
    EQ_INT(policy.timeout_ms, 5000);
    OK(policy.retry == &of_route);
    finish();
}

static void rt_11_a_request_may_ask_for_retries_where_the_route_has_none(void)
{
    begin();
    header("x-envoy-retry-on", "gateway-error");
    run(FLOW_POLICY_OUTBOUND, NULL, false);
    if (OK(policy.retry))
        EQ_INT(policy.retry->attempts, 1);
    finish();
    begin();
    header("x-envoy-max-retries", "3");
    run(FLOW_POLICY_OUTBOUND, NULL, false);
    OK(!policy.retry); /* a number without a condition */
    finish();
}

static void rt_11_numbers_out_of_bounds_are_ignored(void)
{
    struct model_route route = { .timeout_ms = 5000, .retry = &of_route };

    begin();
    header("x-envoy-upstream-rq-timeout-ms", "-1");
    header("x-envoy-max-retries", "99999999999");
    run(FLOW_POLICY_OUTBOUND, &route, false);
    EQ_INT(policy.timeout_ms, 5000);
    if (OK(policy.retry))
        EQ_INT(policy.retry->attempts, 100);
    finish();
}

static void rt_6_a_try_that_may_take_as_long_as_all_has_no_limit(void)
{
    struct model_retry retry = { .attempts = 1, .on = MODEL_RETRY_5XX, .per_try_timeout_ms = 2000 };
    struct model_route route = { .timeout_ms = 2000, .retry = &retry };

    begin();
    run(FLOW_POLICY_OUTBOUND, &route, false);
    EQ_INT(policy.per_try_ms, 0);
    EQ_INT(flow_policy_expected_ms(&policy), 2000);
    route.timeout_ms = 0;
    run(FLOW_POLICY_OUTBOUND, &route, false);
    EQ_INT(policy.per_try_ms, 2000);
    finish();
}

static void rt_7_grpc_deadlines_are_bounded_by_the_route(void)
{
    static const struct {
        uint64_t route_ms;
        const char *asked;
        uint64_t want_ms;
        const char *told;
    } rows[] = {
        { 0, "2S", 2000, "2S" },    { 500, "2S", 500, "500m" }, { 500, "100m", 100, "100m" },
        { 500, NULL, 500, "500m" }, { 0, NULL, 0, NULL },       { 500, "soon", 500, "500m" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct model_route route = { .timeout_ms = rows[i].route_ms };
        struct str told;

        begin();
        if (rows[i].asked)
            header("grpc-timeout", rows[i].asked);
        run(FLOW_POLICY_GATEWAY, &route, true);
        EQ_INT(policy.timeout_ms, rows[i].want_ms);
        told = http_headers_get(&head.headers, HTTP_TOKEN_GRPC_TIMEOUT);
        if (rows[i].told)
            EQ_STRN(told.p, told.len, rows[i].told);
        else
            OK(!told.p);
        finish();
    }
}

static void rt_7_other_requests_have_no_deadline_in_headers(void)
{
    struct model_route route = { .timeout_ms = 0 };

    begin();
    header("grpc-timeout", "1S");
    run(FLOW_POLICY_OUTBOUND, &route, false);
    EQ_INT(policy.timeout_ms, 0);
    finish();
}

static void rt_8_towards_the_app_the_way_in_decides(void)
{
    flow_policy_init_inbound(&policy, &of_route, false);
    EQ_INT(policy.timeout_ms, 0);
    OK(policy.retry == &of_route);
    flow_policy_init_inbound(&policy, &of_route, true); /* gRPC is not tried again */
    OK(!policy.retry);
    flow_policy_init_inbound(&policy, NULL, false);
    OK(!policy.retry);
}

static const struct tap_case cases[] = {
    { "rt_11_headers_of_the_app_stand_above_the_route",
      rt_11_headers_of_the_app_stand_above_the_route },
    { "rt_11_gateways_do_not_listen_to_strangers", rt_11_gateways_do_not_listen_to_strangers },
    { "rt_11_a_request_may_ask_for_retries_where_the_route_has_none",
      rt_11_a_request_may_ask_for_retries_where_the_route_has_none },
    { "rt_11_numbers_out_of_bounds_are_ignored", rt_11_numbers_out_of_bounds_are_ignored },
    { "rt_6_a_try_that_may_take_as_long_as_all_has_no_limit",
      rt_6_a_try_that_may_take_as_long_as_all_has_no_limit },
    { "rt_7_grpc_deadlines_are_bounded_by_the_route",
      rt_7_grpc_deadlines_are_bounded_by_the_route },
    { "rt_7_other_requests_have_no_deadline_in_headers",
      rt_7_other_requests_have_no_deadline_in_headers },
    { "rt_8_towards_the_app_the_way_in_decides", rt_8_towards_the_app_the_way_in_decides },
};

TAP_MAIN(cases)
