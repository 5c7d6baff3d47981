#include "core/filter/filter_headers.h"

#include "core/telemetry/access_format.h"

#define MAX_VALUE_BYTES 16384

static bool is_authority(const struct model_header_op *op)
{
    return op->token == HTTP_TOKEN_HOST || str_is(op->name, ":authority");
}

static bool is_refused(const struct model_header_op *op)
{
    return op->name.len == 0 || op->name.p[0] == ':' || op->token == HTTP_TOKEN_HOST ||
           http_headers_is_framing(op->token);
}

/* The value with operators filled in; false: nothing to set. Values without result are left out
 * rather than sent empty, as Envoy does. */
static bool value_of(const struct model_header_op *op, const struct filter_request *fr,
                     const struct http_msg *response, struct str *out)
{
    struct access_source source = { fr->decision, fr->head, response, NULL };
    struct access_format format;
    struct buf text;
    bool ok;

    *out = op->value;
    if (!op->has_operators || access_format_parse(&format, op->value, fr->arena, NULL))
        return true;
    buf_init(&text, MAX_VALUE_BYTES);
    access_format_write(&format, &source, ACCESS_FORMAT_EMPTY, &text);
    ok = buf_len(&text) > 0 && !text.full && http_headers_is_value(buf_str(&text));
    *out = arena_str(fr->arena, buf_str(&text));
    buf_deinit(&text);
    return ok;
}

/* Removals first, so that set and add can put a header back, as Envoy does. */
static void apply(const struct model_header_ops *ops, struct filter_request *fr,
                  struct http_headers *headers, const struct http_msg *response)
{
    bool has_authority = false;
    struct str value;

    for (uint32_t i = 0; i < ops->count; i++) {
        if (ops->items[i].op == MODEL_HEADER_REMOVE && !is_refused(&ops->items[i]))
            http_headers_remove(headers, ops->items[i].name);
    }
    for (uint32_t i = 0; i < ops->count; i++) {
        const struct model_header_op *op = &ops->items[i];

        if (op->op == MODEL_HEADER_REMOVE || (is_refused(op) && (response || !is_authority(op))) ||
            !value_of(op, fr, response, &value))
            continue;
        if (is_authority(op)) { /* the route's own stands before its destination's */
            fr->head->authority = has_authority ? fr->head->authority : value;
            has_authority = true;
        } else if (op->op == MODEL_HEADER_SET) {
            http_headers_set(headers, op->name, value);
        } else {
            http_headers_add(headers, op->name, value);
        }
    }
}

void filter_headers_request(const struct model_header_ops *ops, struct filter_request *fr)
{
    if (ops->count)
        apply(ops, fr, &fr->head->headers, NULL);
}

void filter_headers_response(const struct model_header_ops *ops, struct filter_request *fr,
                             struct http_msg *head)
{
    if (ops->count)
        apply(ops, fr, &head->headers, head);
}
