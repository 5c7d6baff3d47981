#include "core/flow/flow_reply.h"

#include "core/base/encode.h"
#include "core/flow/flow_exchange.h"
#include "core/flow/flow_heads.h"
#include "core/http/grpc_status.h"

static void send_grpc(struct flow_request *r, struct http_msg *head, int16_t code, struct str text)
{
    struct buf message;

    buf_init(&message, 0);
    encode_percent(&message, text);
    head->status = 200;
    head->content_length = HTTP_LENGTH_UNKNOWN;
    http_headers_set_token(&head->headers, HTTP_TOKEN_CONTENT_TYPE, STR("application/grpc"));
    http_headers_set_token(&head->headers, HTTP_TOKEN_GRPC_STATUS,
                           arena_printf(r->filter.arena, "%d", code));
    if (text.len)
        http_headers_set_token(&head->headers, HTTP_TOKEN_GRPC_MESSAGE,
                               arena_str(r->filter.arena, buf_str(&message)));
    buf_deinit(&message);
    r->decision.grpc_status = code;
    r->decision.status = 200;
    flow_heads_to_downstream(r, head, true);
    http_stream_send_head(r->down, head, true);
}

/* extra: headers to copy, or NULL. */
static void answer(struct flow_request *r, uint16_t status, int16_t grpc, struct str body,
                   const struct http_headers *extra)
{
    bool has_body = body.len > 0 && r->filter.head->method != HTTP_METHOD_HEAD && status != 304;
    struct http_msg head;

    flow_exchange_abort(r);
    if (r->head_sent) {
        r->decision.flags |= DECISION_LR;
        http_stream_reset(r->down, HTTP_RESET_INTERNAL);
        flow_request_finish(r);
        return;
    }
    http_msg_init(&head, r->filter.arena);
    head.is_response = true;
    head.status = status;
    head.content_length = (int64_t)body.len;
    if (extra)
        http_headers_copy(&head.headers, extra, false);
    r->head_sent = true;
    r->decision.response_head = &head; /* until flow_request_finish below */
    if (r->filter.is_grpc) {
        flow_request_filter_response(r, &head);
        send_grpc(r, &head, grpc >= 0 ? grpc : (int16_t)grpc_status_of_http(status), body);
    } else {
        if (body.len && !http_headers_get(&head.headers, HTTP_TOKEN_CONTENT_TYPE).p)
            http_headers_add_token(&head.headers, HTTP_TOKEN_CONTENT_TYPE, STR("text/plain"));
        flow_request_filter_response(r, &head);
        r->decision.status = status;
        flow_heads_to_downstream(r, &head, true);
        http_stream_send_head(r->down, &head, !has_body);
        if (has_body)
            http_stream_send_bytes(r->down, body.p, body.len, true);
    }
    r->response_ended = true;
    flow_request_finish(r);
}

void flow_reply_local(struct flow_request *r, uint16_t status, struct str body, const char *details,
                      uint32_t flags)
{
    r->decision.flags |= flags;
    r->decision.details = details;
    answer(r, status, -1, body, NULL);
}

void flow_reply_filter(struct flow_request *r)
{
    const struct filter_reply *reply = &r->filter.reply;

    r->decision.flags |= reply->flags;
    r->decision.details = reply->details;
    answer(r, reply->status, reply->grpc_status, reply->body, &reply->headers);
}

void flow_reply_redirect(struct flow_request *r, uint16_t status, struct str location)
{
    struct http_headers extra;

    http_headers_init(&extra, r->filter.arena);
    http_headers_add_token(&extra, HTTP_TOKEN_LOCATION, location);
    r->decision.details = "direct_response";
    r->filter.is_grpc = false;
    answer(r, status, -1, STR_NONE, &extra);
}
