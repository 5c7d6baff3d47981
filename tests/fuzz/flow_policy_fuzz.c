/* Whatever headers a client sends, what is made of them stays within bounds, and those that are for
 * the proxy alone do not travel on. Lines "name: value"; the first byte chooses side and kind. */
#include "core/flow/flow_policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_lines(struct http_headers *h, struct str rest)
{
    while (rest.p) {
        struct str value = str_cut(&rest, '\n'), name = str_cut(&value, ':');

        if (name.len && http_headers_is_name(name) && http_headers_is_value(value))
            http_headers_add(h, name, value);
    }
}

static void check(const struct flow_policy *p)
{
    if (!p->retry)
        return;
    if (p->retry->attempts > 100)
        abort();
    for (uint32_t i = 0; i < p->retry->status_code_count; i++) {
        if (p->retry->status_codes[i] > 599)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model_retry of_route = { .attempts = 2, .on = MODEL_RETRY_5XX };
    static const struct model_route route = { .timeout_ms = 5000, .retry = &of_route };
    struct flow_policy policy;
    struct http_msg head;
    struct arena a;

    if (size == 0)
        return 0;
    arena_init(&a, 0);
    http_msg_init(&head, &a);
    add_lines(&head.headers, str_make((const char *)data + 1, size - 1));
    flow_policy_init(&policy, (enum flow_policy_side)(data[0] % 2), data[0] & 4 ? &route : NULL,
                     &head, data[0] & 8, &a);
    check(&policy);
    if (data[0] % 2 == FLOW_POLICY_OUTBOUND &&
        http_headers_get(&head.headers, HTTP_TOKEN_X_ENVOY_MAX_RETRIES).p)
        abort();
    arena_deinit(&a);
    return 0;
}
