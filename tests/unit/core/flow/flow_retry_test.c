#include "core/flow/flow_retry.h"

#include "core/base/error.h"
#include "tests/tap.h"

static struct http_msg response(struct arena *a, uint16_t status, const char *grpc_status)
{
    struct http_msg m;

    http_msg_init(&m, a);
    m.is_response = true;
    m.status = status;
    if (grpc_status)
        http_headers_add_token(&m.headers, HTTP_TOKEN_GRPC_STATUS, str_of(grpc_status));
    return m;
}

static void rt_4_responses_match_their_conditions(void)
{
    static const struct {
        uint32_t on;
        uint16_t status;
        const char *grpc;
        bool retried;
    } rows[] = {
        { MODEL_RETRY_5XX, 500, NULL, true },
        { MODEL_RETRY_5XX, 499, NULL, false },
        { MODEL_RETRY_GATEWAY_ERROR, 502, NULL, true },
        { MODEL_RETRY_GATEWAY_ERROR, 504, NULL, true },
        { MODEL_RETRY_GATEWAY_ERROR, 500, NULL, false },
        { MODEL_RETRY_RETRIABLE_4XX, 409, NULL, true },
        { MODEL_RETRY_RETRIABLE_4XX, 404, NULL, false },
        { MODEL_RETRY_CONNECT_FAILURE, 503, NULL, false },
        { MODEL_RETRY_GRPC_UNAVAILABLE, 200, "14", true },
        { MODEL_RETRY_GRPC_UNAVAILABLE, 200, "1", false },
        { MODEL_RETRY_GRPC_CANCELLED, 200, "1", true },
        { MODEL_RETRY_GRPC_EXHAUSTED, 200, "8", true },
        { MODEL_RETRY_GRPC_DEADLINE, 200, "4", true },
        { MODEL_RETRY_GRPC_INTERNAL, 200, "13", true },
        { MODEL_RETRY_GRPC_INTERNAL, 200, "0", false },
    };
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct model_retry retry = { .attempts = 2, .on = rows[i].on };
        struct http_msg m = response(&a, rows[i].status, rows[i].grpc);

        if (!EQ_INT(flow_retry_on_response(&retry, &m), rows[i].retried))
            printf("# row %zu\n", i);
    }
    arena_deinit(&a);
}

static void rt_4_listed_codes_count_only_when_asked_for(void)
{
    uint16_t codes[] = { 418, 429 };
    struct model_retry retry = { .attempts = 1, .status_codes = codes, .status_code_count = 2 };
    struct http_msg m;
    struct arena a;

    arena_init(&a, 0);
    m = response(&a, 429, NULL);
    OK(!flow_retry_on_response(&retry, &m));
    retry.on = MODEL_RETRY_STATUS_CODES;
    OK(flow_retry_on_response(&retry, &m));
    m.status = 428;
    OK(!flow_retry_on_response(&retry, &m));
    OK(!flow_retry_on_response(NULL, &m));
    arena_deinit(&a);
}

static void rt_5_resets_are_judged_by_what_the_peer_did(void)
{
    const struct http_failure refused = { .err = ERR_CLOSED, .unprocessed = true };
    const struct http_failure cut = { .err = ERR_CLOSED };
    struct model_retry retry = { .attempts = 1, .on = MODEL_RETRY_REFUSED_STREAM };

    OK(flow_retry_on_reset(&retry, &refused, true));
    OK(!flow_retry_on_reset(&retry, &cut, false));
    retry.on = MODEL_RETRY_RESET;
    OK(flow_retry_on_reset(&retry, &cut, true));
    retry.on = MODEL_RETRY_RESET_BEFORE_REQUEST;
    OK(flow_retry_on_reset(&retry, &refused, false));
    OK(!flow_retry_on_reset(&retry, &refused, true));
    OK(!flow_retry_on_reset(&retry, &cut, false));
    OK(!flow_retry_on_reset(NULL, &refused, false));
}

static void rt_4_overload_and_rate_limits_are_not_errors_to_repeat(void)
{
    struct str names[] = { STR_INIT("x-again") };
    struct model_retry retry = { .attempts = 1, .on = MODEL_RETRY_5XX };
    struct http_msg m;
    struct arena a;

    arena_init(&a, 0);
    m = response(&a, 503, NULL);
    http_headers_add_token(&m.headers, HTTP_TOKEN_X_ENVOY_RATELIMITED, STR("true"));
    OK(!flow_retry_on_response(&retry, &m));
    retry.on = MODEL_RETRY_RATELIMITED;
    OK(flow_retry_on_response(&retry, &m));
    http_headers_add_token(&m.headers, HTTP_TOKEN_X_ENVOY_OVERLOADED, STR("true"));
    OK(!flow_retry_on_response(&retry, &m));
    m = response(&a, 200, NULL);
    retry = (struct model_retry){
        .attempts = 1, .on = MODEL_RETRY_HEADERS, .header_names = names, .header_name_count = 1
    };
    OK(!flow_retry_on_response(&retry, &m));
    http_headers_add(&m.headers, STR("x-again"), STR(""));
    OK(flow_retry_on_response(&retry, &m));
    arena_deinit(&a);
}

static void rt_6_slow_tries_are_repeated_only_when_asked_for(void)
{
    struct model_retry retry = { .attempts = 1, .on = MODEL_RETRY_CONNECT_FAILURE };

    OK(!flow_retry_on_timeout(NULL));
    OK(!flow_retry_on_timeout(&retry));
    retry.on = MODEL_RETRY_GATEWAY_ERROR;
    OK(flow_retry_on_timeout(&retry));
}

static void rt_2_backoff_grows_and_is_capped(void)
{
    struct model_retry retry = { .backoff_base_ms = 25, .backoff_max_ms = 250 };
    struct random random;
    uint64_t most[8] = { 0 };

    random_init(&random, 7);
    for (uint32_t n = 1; n < 8; n++) {
        for (int i = 0; i < 5000; i++) {
            uint64_t ms = flow_retry_backoff_ms(&retry, n, &random);

            OK(ms >= 1 && ms <= 250);
            if (ms > most[n])
                most[n] = ms;
        }
    }
    EQ_INT(most[1], 25);
    OK(most[2] > 40 && most[2] <= 51);
    EQ_INT(most[7], 250);
}

static const struct tap_case cases[] = {
    { "rt_4_responses_match_their_conditions", rt_4_responses_match_their_conditions },
    { "rt_4_listed_codes_count_only_when_asked_for", rt_4_listed_codes_count_only_when_asked_for },
    { "rt_5_resets_are_judged_by_what_the_peer_did", rt_5_resets_are_judged_by_what_the_peer_did },
    { "rt_4_overload_and_rate_limits_are_not_errors_to_repeat",
      rt_4_overload_and_rate_limits_are_not_errors_to_repeat },
    { "rt_6_slow_tries_are_repeated_only_when_asked_for",
      rt_6_slow_tries_are_repeated_only_when_asked_for },
    { "rt_2_backoff_grows_and_is_capped", rt_2_backoff_grows_and_is_capped },
};

TAP_MAIN(cases)
