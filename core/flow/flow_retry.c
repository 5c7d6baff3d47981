#include "core/flow/flow_retry.h"

static bool grpc_matches(uint32_t on, struct str status)
{
    static const struct {
        uint32_t bit;
        const char *code;
    } codes[] = {
        { MODEL_RETRY_GRPC_CANCELLED, "1" },    { MODEL_RETRY_GRPC_DEADLINE, "4" },
        { MODEL_RETRY_GRPC_EXHAUSTED, "8" },    { MODEL_RETRY_GRPC_INTERNAL, "13" },
        { MODEL_RETRY_GRPC_UNAVAILABLE, "14" },
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if ((on & codes[i].bit) && str_is(status, codes[i].code))
            return true;
    }
    return false;
}

static bool has_named(const struct model_retry *retry, const struct http_headers *h)
{
    for (uint32_t i = 0; i < retry->header_name_count; i++) {
        for (uint32_t j = 0; j < h->count; j++) {
            if (str_eq(h->items[j].name, retry->header_names[i]))
                return true;
        }
    }
    return false;
}

bool flow_retry_on_response(const struct model_retry *retry, const struct http_msg *head)
{
    uint16_t status = head->status;

    if (!retry || http_headers_get(&head->headers, HTTP_TOKEN_X_ENVOY_OVERLOADED).p)
        return false;
    if (http_headers_get(&head->headers, HTTP_TOKEN_X_ENVOY_RATELIMITED).p)
        return retry->on & MODEL_RETRY_RATELIMITED;
    if ((retry->on & MODEL_RETRY_5XX) && status >= 500)
        return true;
    if ((retry->on & MODEL_RETRY_GATEWAY_ERROR) && status >= 502 && status <= 504)
        return true;
    if ((retry->on & MODEL_RETRY_RETRIABLE_4XX) && status == 409)
        return true;
    if (retry->on & MODEL_RETRY_STATUS_CODES) {
        for (uint32_t i = 0; i < retry->status_code_count; i++) {
            if (retry->status_codes[i] == status)
                return true;
        }
    }
    if ((retry->on & MODEL_RETRY_HEADERS) && has_named(retry, &head->headers))
        return true;
    return grpc_matches(retry->on, http_headers_get(&head->headers, HTTP_TOKEN_GRPC_STATUS));
}

bool flow_retry_on_connect_failure(const struct model_retry *retry)
{
    const uint32_t any = MODEL_RETRY_CONNECT_FAILURE | MODEL_RETRY_5XX | MODEL_RETRY_GATEWAY_ERROR |
                         MODEL_RETRY_RESET | MODEL_RETRY_RESET_BEFORE_REQUEST;

    return retry && (retry->on & any);
}

bool flow_retry_on_reset(const struct model_retry *retry, const struct http_failure *failure,
                         bool body_started)
{
    const uint32_t any = MODEL_RETRY_RESET | MODEL_RETRY_5XX | MODEL_RETRY_GATEWAY_ERROR;

    if (!retry)
        return false;
    if (retry->on & any)
        return true;
    if ((retry->on & MODEL_RETRY_RESET_BEFORE_REQUEST) && failure->unprocessed && !body_started)
        return true;
    return (retry->on & MODEL_RETRY_REFUSED_STREAM) && failure->unprocessed;
}

bool flow_retry_on_timeout(const struct model_retry *retry)
{
    const uint32_t any = MODEL_RETRY_RESET | MODEL_RETRY_5XX | MODEL_RETRY_GATEWAY_ERROR;

    return retry && (retry->on & any);
}

uint64_t flow_retry_backoff_ms(const struct model_retry *retry, uint32_t n, struct random *random)
{
    uint64_t base = retry && retry->backoff_base_ms ? retry->backoff_base_ms : 25;
    uint64_t max = retry && retry->backoff_max_ms ? retry->backoff_max_ms : base * 10;
    uint64_t bound = base;

    for (uint32_t i = 1; i < n && bound < max; i++)
        bound = bound * 2 + 1;
    if (bound > max)
        bound = max;
    return random_below(random, bound) + 1;
}
