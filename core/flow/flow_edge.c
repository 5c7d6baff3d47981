#include "core/flow/flow_edge.h"

#include <string.h>

/* Internal ones with a token, and those without. */
static const bool internal_tokens[HTTP_TOKEN_COUNT] = {
    [HTTP_TOKEN_X_ENVOY_HEDGE_ON_PER_TRY_TIMEOUT] = true,
    [HTTP_TOKEN_X_ENVOY_MAX_RETRIES] = true,
    [HTTP_TOKEN_X_ENVOY_RETRIABLE_HEADER_NAMES] = true,
    [HTTP_TOKEN_X_ENVOY_RETRIABLE_STATUS_CODES] = true,
    [HTTP_TOKEN_X_ENVOY_RETRY_GRPC_ON] = true,
    [HTTP_TOKEN_X_ENVOY_RETRY_ON] = true,
    [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_PER_TRY_TIMEOUT_MS] = true,
    [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_TIMEOUT_ALT_RESPONSE] = true,
    [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS] = true,
    [HTTP_TOKEN_X_ENVOY_ATTEMPT_COUNT] = true,
    [HTTP_TOKEN_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS] = true,
    [HTTP_TOKEN_X_ENVOY_ORIGINAL_HOST] = true,
    [HTTP_TOKEN_X_ENVOY_ORIGINAL_PATH] = true,
    [HTTP_TOKEN_X_ENVOY_DECORATOR_OPERATION] = true,
    [HTTP_TOKEN_X_ENVOY_PEER_METADATA] = true,
    [HTTP_TOKEN_X_ENVOY_PEER_METADATA_ID] = true,
    [HTTP_TOKEN_X_ENVOY_EXTERNAL_ADDRESS] = true,
};

static const struct str internal_names[] = {
    STR_INIT("x-envoy-downstream-service-cluster"),
    STR_INIT("x-envoy-downstream-service-node"),
    STR_INIT("x-envoy-force-trace"),
    STR_INIT("x-envoy-internal"),
    STR_INIT("x-envoy-ip-tags"),
    STR_INIT("x-envoy-original-url"),
    STR_INIT("x-envoy-upstream-alt-stat-name"),
};

static bool is_internal(const void *arg, const struct http_header *h)
{
    (void)arg;
    if (h->token != HTTP_TOKEN_NONE)
        return internal_tokens[h->token];
    if (!str_starts(h->name, STR("x-envoy-")))
        return false;
    for (size_t i = 0; i < COUNT_OF(internal_names); i++) {
        if (str_eq(h->name, internal_names[i]))
            return true;
    }
    return false;
}

/* The address that the outermost trusted proxy says the request came from: entry n from the right
 * of what was received. */
static const struct addr *trusted_client(struct flow_request *r, struct str received, uint32_t n)
{
    struct addr *client = arena_alloc(r->filter.arena, sizeof(*client));
    struct str rest = received;

    for (uint32_t i = 1; rest.p; i++) {
        ptrdiff_t comma = str_rchr(rest, ',');

        if (i == n)
            return addr_parse_ip(str_trim(str_skip(rest, (size_t)(comma + 1))), client) == 0
                       ? client
                       : NULL;
        if (comma < 0)
            break;
        rest = str_head(rest, (size_t)comma);
    }
    return NULL;
}

static void set_scheme(struct flow_request *r, uint32_t trusted)
{
    struct http_headers *h = &r->filter.head->headers;
    struct str own = r->conn->is_tls ? STR("https") : STR("http"), proto;

    proto = http_headers_get(h, HTTP_TOKEN_X_FORWARDED_PROTO);
    if (trusted == 0 || !proto.p) {
        http_headers_set_token(h, HTTP_TOKEN_X_FORWARDED_PROTO, own);
        proto = own;
    }
    r->filter.head->scheme = str_ieq(proto, STR("https"))  ? STR("https")
                             : str_ieq(proto, STR("http")) ? STR("http")
                                                           : own;
}

static void set_forwarded_port(struct flow_request *r, uint32_t trusted)
{
    struct http_headers *h = &r->filter.head->headers;

    if (trusted == 0 || !http_headers_get_name(h, STR("x-forwarded-port")).p)
        http_headers_set(h, STR("x-forwarded-port"),
                         arena_u64(r->filter.arena, r->conn->local.port));
}

void flow_edge_arrive(struct flow_request *r)
{
    const struct model_http_settings *s = &r->lease->snapshot->settings.http;
    struct http_headers *h = &r->filter.head->headers;
    struct str peer = str_make(r->conn->peer_ip, r->conn->peer_ip_len), client = peer;
    struct str all = STR_NONE;
    char text[ADDR_TEXT_MAX];

    http_headers_remove_if(h, is_internal, NULL);
    if (http_headers_get(h, HTTP_TOKEN_X_FORWARDED_FOR).p)
        all = http_headers_get_all(h, STR("x-forwarded-for"), r->filter.arena);
    if (s->trusted_proxies && all.p) {
        r->decision.client = trusted_client(r, all, s->trusted_proxies);
        if (r->decision.client)
            client = arena_str(r->filter.arena, str_of(addr_format_ip(r->decision.client, text)));
    }
    http_headers_set_token(
        h, HTTP_TOKEN_X_FORWARDED_FOR,
        all.p ? arena_printf(r->filter.arena, "%.*s,%.*s", STR_ARG(all), STR_ARG(peer)) : peer);
    if (client.len)
        http_headers_set_token(h, HTTP_TOKEN_X_ENVOY_EXTERNAL_ADDRESS, client);
    set_scheme(r, s->trusted_proxies);
    if (s->add_forwarded_port)
        set_forwarded_port(r, s->trusted_proxies);
}

static bool has_underscore(const void *arg, const struct http_header *h)
{
    (void)arg;
    return str_chr(h->name, '_') >= 0;
}

bool flow_edge_check_names(struct flow_request *r)
{
    uint8_t policy = r->lease->snapshot->settings.http.underscores;
    struct http_headers *h = &r->filter.head->headers;

    if (policy == MODEL_UNDERSCORES_DROP)
        http_headers_remove_if(h, has_underscore, NULL);
    for (uint32_t i = 0; policy == MODEL_UNDERSCORES_REJECT && i < h->count; i++) {
        if (has_underscore(NULL, &h->items[i]))
            return false;
    }
    return true;
}
