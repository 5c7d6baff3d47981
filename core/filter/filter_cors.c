#include "core/filter/filter_cors.h"

static bool is_allowed(const struct model_cors *cors, struct str origin)
{
    for (uint32_t i = 0; i < cors->origin_count; i++) {
        if (route_match_string(&cors->origins[i], origin))
            return true;
    }
    return false;
}

static void set_if(struct http_headers *h, enum http_token token, struct str value)
{
    if (value.len)
        http_headers_set_token(h, token, value);
}

/* What preflights and other requests have in common. */
static void set_origin(const struct model_cors *cors, struct http_headers *h, struct str origin)
{
    http_headers_set_token(h, HTTP_TOKEN_ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if (cors->credentials == 1)
        http_headers_set_token(h, HTTP_TOKEN_ACCESS_CONTROL_ALLOW_CREDENTIALS, STR("true"));
}

static void reply(struct filter_request *fr)
{
    fr->reply =
        (struct filter_reply){ .status = 200, .grpc_status = -1, .details = "cors_response" };
    http_headers_init(&fr->reply.headers, fr->arena);
}

static enum filter_result on_request(struct filter_request *fr)
{
    const struct model_cors *cors = fr->route ? fr->route->cors : NULL;
    const struct http_headers *headers = &fr->head->headers;
    struct str origin;
    bool is_preflight;

    if (!cors)
        return FILTER_CONTINUE;
    origin = http_headers_get(headers, HTTP_TOKEN_ORIGIN);
    if (origin.len == 0)
        return FILTER_CONTINUE;
    is_preflight = fr->head->method == HTTP_METHOD_OPTIONS &&
                   http_headers_get(headers, HTTP_TOKEN_ACCESS_CONTROL_REQUEST_METHOD).len;
    if (!is_allowed(cors, origin)) {
        if (!is_preflight || cors->forward_unmatched)
            return FILTER_CONTINUE;
        reply(fr); /* without headers: the browser refuses, the app never sees it */
        return FILTER_REPLY;
    }
    if (!is_preflight) {
        struct str *kept = arena_alloc(fr->arena, sizeof(*kept));

        *kept = origin;
        fr->state[FILTER_CORS] = kept;
        return FILTER_CONTINUE;
    }
    reply(fr);
    set_origin(cors, &fr->reply.headers, origin);
    set_if(&fr->reply.headers, HTTP_TOKEN_ACCESS_CONTROL_ALLOW_METHODS, cors->methods);
    set_if(&fr->reply.headers, HTTP_TOKEN_ACCESS_CONTROL_ALLOW_HEADERS, cors->headers);
    set_if(&fr->reply.headers, HTTP_TOKEN_ACCESS_CONTROL_MAX_AGE, cors->max_age);
    return FILTER_REPLY;
}

static void on_response(struct filter_request *fr, struct http_msg *head)
{
    const struct str *origin = fr->state[FILTER_CORS];

    if (!origin)
        return;
    set_origin(fr->route->cors, &head->headers, *origin);
    set_if(&head->headers, HTTP_TOKEN_ACCESS_CONTROL_EXPOSE_HEADERS, fr->route->cors->expose);
}

const struct filter filter_cors = { .name = "cors",
                                    .on_request = on_request,
                                    .on_response = on_response };
