#include "core/flow/flow_policy.h"

#include "core/http/grpc_status.h"

#define RETRIES_MAX ((uint64_t)100) /* that a request may ask for */

static const bool own[HTTP_TOKEN_COUNT] = {
    [HTTP_TOKEN_X_ENVOY_HEDGE_ON_PER_TRY_TIMEOUT] = true,
    [HTTP_TOKEN_X_ENVOY_MAX_RETRIES] = true,
    [HTTP_TOKEN_X_ENVOY_RETRIABLE_HEADER_NAMES] = true,
    [HTTP_TOKEN_X_ENVOY_RETRIABLE_STATUS_CODES] = true,
    [HTTP_TOKEN_X_ENVOY_RETRY_GRPC_ON] = true,
    [HTTP_TOKEN_X_ENVOY_RETRY_ON] = true,
    [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_PER_TRY_TIMEOUT_MS] = true,
    [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_TIMEOUT_ALT_RESPONSE] = true,
    [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS] = true,
};

static bool has_own(const struct http_headers *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        if (own[h->items[i].token])
            return true;
    }
    return false;
}

static bool get_number(const struct http_headers *h, enum http_token token, uint64_t max,
                       uint64_t *out)
{
    struct str text = http_headers_get(h, token);

    return text.p && str_to_u64(text, max, out) == 0;
}

/* ---- retries ---- */

static uint32_t read_words(struct str rest)
{
    uint32_t on = 0;

    while (rest.p)
        on |= model_route_retry_bit(str_trim(str_cut(&rest, ',')));
    return on;
}

static uint32_t count_items(struct str list)
{
    uint32_t n = list.p ? 1 : 0;

    for (size_t i = 0; i < list.len; i++)
        n += list.p[i] == ',';
    return n;
}

static void add_codes(struct model_retry *r, struct str rest, struct arena *a)
{
    uint16_t *all =
        arena_alloc0(a, r->status_code_count + count_items(rest), sizeof(*r->status_codes));

    for (uint32_t i = 0; i < r->status_code_count; i++)
        all[i] = r->status_codes[i];
    r->status_codes = all;
    while (rest.p) {
        uint64_t code;

        if (str_to_u64(str_trim(str_cut(&rest, ',')), 599, &code) == 0)
            r->status_codes[r->status_code_count++] = (uint16_t)code;
    }
}

static void add_names(struct model_retry *r, struct str rest, struct arena *a)
{
    r->header_names = arena_alloc0(a, count_items(rest), sizeof(*r->header_names));
    r->header_name_count = 0;
    while (rest.p) {
        struct str name = str_trim(str_cut(&rest, ','));

        if (name.len)
            r->header_names[r->header_name_count++] = arena_lower(a, name);
    }
}

/* NULL: neither route nor request want retries. */
static const struct model_retry *merge_retry(const struct model_retry *of_route,
                                             const struct http_headers *h, struct arena *a)
{
    static const struct model_retry plain = { .attempts = 1, .avoid_previous_hosts = true };
    struct model_retry *r = arena_alloc(a, sizeof(*r));
    struct str text;
    uint64_t n;

    *r = of_route ? *of_route : plain;
    r->on |= read_words(http_headers_get(h, HTTP_TOKEN_X_ENVOY_RETRY_ON));
    r->on |= read_words(http_headers_get(h, HTTP_TOKEN_X_ENVOY_RETRY_GRPC_ON));
    if (!r->on)
        return NULL;
    if (get_number(h, HTTP_TOKEN_X_ENVOY_MAX_RETRIES, UINT64_MAX, &n))
        r->attempts = (uint32_t)(n < RETRIES_MAX ? n : RETRIES_MAX);
    text = http_headers_get(h, HTTP_TOKEN_X_ENVOY_RETRIABLE_STATUS_CODES);
    if (text.len)
        add_codes(r, text, a);
    text = http_headers_get(h, HTTP_TOKEN_X_ENVOY_RETRIABLE_HEADER_NAMES);
    if (text.len)
        add_names(r, text, a);
    return r;
}

/* ---- time ---- */

static uint64_t grpc_deadline(const struct http_headers *h, uint64_t bound_ms)
{
    struct str text = http_headers_get(h, HTTP_TOKEN_GRPC_TIMEOUT);
    uint64_t ms;

    if (!text.len || grpc_status_parse_timeout(text, &ms) != 0 || ms == 0)
        return bound_ms;
    return bound_ms && ms > bound_ms ? bound_ms : ms;
}

static void take_headers(struct flow_policy *p, struct http_headers *h, struct arena *a)
{
    uint64_t ms;

    if (get_number(h, HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS, UINT32_MAX, &ms))
        p->timeout_ms = ms;
    if (get_number(h, HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_PER_TRY_TIMEOUT_MS, UINT32_MAX, &ms))
        p->per_try_ms = ms;
    p->retry = merge_retry(p->retry, h, a);
    http_headers_remove_marked(h, own);
}

/* The app's deadline is at most ours. */
static void tell_grpc(const struct flow_policy *p, struct http_headers *h, struct arena *a)
{
    uint64_t expected = flow_policy_expected_ms(p), asked;
    struct str text = http_headers_get(h, HTTP_TOKEN_GRPC_TIMEOUT);

    if (!expected ||
        (text.len && grpc_status_parse_timeout(text, &asked) == 0 && asked == expected))
        return;
    http_headers_set_token(h, HTTP_TOKEN_GRPC_TIMEOUT, grpc_status_format_timeout(a, expected));
}

void flow_policy_init(struct flow_policy *policy, enum flow_policy_side side,
                      const struct model_route *route, struct http_msg *head, bool is_grpc,
                      struct arena *a)
{
    *policy = (struct flow_policy){ 0 };
    if (route) {
        policy->retry = route->retry;
        policy->timeout_ms = route->timeout_ms;
        policy->per_try_ms = route->retry ? route->retry->per_try_timeout_ms : 0;
        if (is_grpc)
            policy->timeout_ms = grpc_deadline(&head->headers, policy->timeout_ms);
    }
    if (side == FLOW_POLICY_OUTBOUND && has_own(&head->headers))
        take_headers(policy, &head->headers, a);
    if (policy->timeout_ms && policy->per_try_ms >= policy->timeout_ms)
        policy->per_try_ms = 0;
    if (is_grpc && route)
        tell_grpc(policy, &head->headers, a);
}

void flow_policy_init_inbound(struct flow_policy *policy, const struct model_retry *retry,
                              bool is_grpc)
{
    *policy = (struct flow_policy){ .retry = is_grpc ? NULL : retry };
}

uint64_t flow_policy_expected_ms(const struct flow_policy *policy)
{
    return policy->per_try_ms ? policy->per_try_ms : policy->timeout_ms;
}
