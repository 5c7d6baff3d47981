#include "modes/control/rest_call.h"

#include "core/api/api_kind.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"
#include "core/text/node_yaml.h"
#include "modes/control/rest_auth.h"
#include "modes/control/rest_kube_proto.h"
#include "modes/control/rest_path.h"
#include "store/store.h"

/* A body that is too long is read to its end, up to here, so that the client sees the answer. */
#define SKIP_MAX_BYTES ((uint64_t)64 * 1024 * 1024)

static const struct http_stream_events events;

/* ---- life ---- */

void rest_call_end(struct rest_call *call)
{
    if (call->hs)
        http_stream_release(call->hs);
    list_remove(&call->link);
    buf_deinit(&call->body);
    arena_deinit(&call->arena);
    mem_free(call);
}

static struct str header(struct rest_call *call, const struct http_msg *head, const char *name)
{
    return arena_str(&call->arena, http_headers_get_name(&head->headers, str_of(name)));
}

void rest_call_start(struct rest *r, struct http_stream *hs, struct http_msg *head, bool end,
                     bool local)
{
    struct rest_call *call = mem_alloc0(1, sizeof(*call));
    struct str auth;

    call->rest = r;
    call->hs = hs;
    call->local = local;
    arena_init(&call->arena, 4096);
    buf_init(&call->body, REST_MAX_BODY_BYTES);
    list_push(&r->calls, &call->link);
    call->method = head->method;
    call->path = arena_str(&call->arena, http_msg_path_only(head));
    call->query = arena_str(&call->arena, http_msg_query(head));
    call->accept =
        arena_str(&call->arena, http_headers_get_all(&head->headers, STR("accept"), hs->arena));
    call->content_type = header(call, head, "content-type");
    call->user_agent = header(call, head, "user-agent");
    auth = header(call, head, "authorization");
    if (str_istarts(auth, STR("bearer ")))
        call->bearer = str_trim(str_skip(auth, 7));
    http_stream_set_events(hs, &events, call);
    if (!rest_auth_check(call))
        return;
    if (end)
        rest_path_dispatch(call);
    else
        http_stream_consume(hs, 0); /* asks a client that waits for 100 */
}

static void complete(struct rest_call *call)
{
    if (call->body_bytes > REST_MAX_BODY_BYTES)
        rest_call_fail(call, 413, "RequestEntityTooLarge",
                       "the body has %llu bytes, more than the limit of %d",
                       (unsigned long long)call->body_bytes, REST_MAX_BODY_BYTES);
    else
        rest_path_dispatch(call);
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct rest_call *call = arg;

    call->body_bytes += len;
    if (call->body_bytes <= REST_MAX_BODY_BYTES)
        buf_add(&call->body, p, len);
    if (call->body_bytes > SKIP_MAX_BYTES) {
        rest_call_end(call);
        return;
    }
    http_stream_consume(call->hs, len);
    if (end)
        complete(call);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    (void)trailers;
    complete(arg);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    struct rest_call *call = arg;

    (void)failure;
    if (call->on_gone) {
        call->on_gone(call);
        return;
    }
    if (!call->waits) {
        rest_call_end(call);
        return;
    }
    http_stream_release(call->hs);
    call->hs = NULL;
}

static void on_writable(void *arg)
{
    struct rest_call *call = arg;

    if (call->on_writable)
        call->on_writable(call);
}

static const struct http_stream_events events = {
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

/* ---- what was asked ---- */

struct str rest_call_param(struct rest_call *call, const char *name)
{
    struct str rest = call->query, out;

    while (rest.p && rest.len) {
        struct str pair = str_cut(&rest, '&'), key = str_cut(&pair, '=');
        char *text;

        if (!str_is(key, name))
            continue;
        if (!pair.p)
            return STR("");
        text = arena_strz(&call->arena, pair);
        for (size_t i = 0; i < pair.len; i++)
            if (text[i] == '+')
                text[i] = ' ';
        if (encode_undo_percent(&call->arena, str_make(text, pair.len), &out) != 0)
            return STR("");
        return out.p ? out : STR("");
    }
    return STR_NONE;
}

bool rest_call_has_flag(struct rest_call *call, const char *name)
{
    struct str value = rest_call_param(call, name);

    return str_ieq(value, STR("true")) || str_is(value, "1");
}

bool rest_call_read_body(struct rest_call *call, struct node **out)
{
    struct str text = buf_str(&call->body);
    bool yaml = str_find(call->content_type, STR("yaml")) >= 0;
    struct diag d;
    int err;

    if (str_trim(text).len == 0) {
        rest_call_fail(call, 400, "BadRequest", "the request has no body");
        return false;
    }
    if (rest_kube_proto_is(call->content_type)) {
        const char *why;

        err = rest_kube_proto_read(&call->arena, text, out, &why);
        if (err)
            rest_call_fail(call, 415, "UnsupportedMediaType", "the protobuf body: %s", why);
        return err == 0;
    }
    diag_init(&d);
    err = yaml ? node_yaml_read_one(&call->arena, text, NULL, &d, out)
               : node_json_read(&call->arena, text, NULL, &d, out);
    if (err) {
        const struct diag_item *item = d.first;

        rest_call_fail(call, err == ERR_LIMIT ? 413 : 400,
                       err == ERR_LIMIT ? "RequestEntityTooLarge" : "BadRequest",
                       "the body is no %s: line %d, column %d: %.*s", yaml ? "YAML" : "JSON",
                       item ? item->pos.line : 0, item ? item->pos.col : 0,
                       STR_ARG(item ? item->message : STR("it cannot be read")));
    }
    diag_deinit(&d);
    return err == 0;
}

void rest_call_warn(struct rest_call *call, const char *fmt, ...)
{
    struct str text;
    struct buf b;
    va_list ap;

    if (call->warning_count == REST_CALL_MAX_WARNINGS)
        return;
    va_start(ap, fmt);
    text = arena_vprintf(&call->arena, fmt, ap);
    va_end(ap);
    /* RFC 7234: warn-code, warn-agent, a quoted string. */
    buf_init(&b, 8192);
    buf_add_str(&b, STR("299 - \""));
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];

        if (c == '"' || c == '\\')
            buf_add_char(&b, '\\');
        buf_add_char(&b, (unsigned char)c < ' ' ? ' ' : c);
    }
    buf_add_char(&b, '"');
    call->warnings[call->warning_count++] = arena_str(&call->arena, buf_str(&b));
    buf_deinit(&b);
}

struct str rest_call_resource(struct rest_call *call)
{
    const struct api_kind *k = call->kind;

    if (!k)
        return STR("resource");
    if (!k->group[0])
        return str_of(k->plural);
    return arena_printf(&call->arena, "%s.%s", k->plural, k->group);
}

struct node *rest_call_details(struct rest_call *call, struct str name)
{
    struct node *n = node_new(&call->arena, NODE_MAP);

    if (name.len)
        node_set_str(&call->arena, n, "name", name);
    if (call->kind) {
        if (call->kind->group[0])
            node_set_str(&call->arena, n, "group", str_of(call->kind->group));
        node_set_str(&call->arena, n, "kind", str_of(call->kind->plural));
    }
    return n;
}

/* ---- answers ---- */

static void add_headers(struct rest_call *call, struct http_headers *h, const char *type)
{
    struct str revision =
        arena_str(&call->arena, str_of(store_token(call->rest->store, STORE_CLASS_CONFIG)));

    if (type)
        http_headers_add(h, STR("content-type"), str_of(type));
    http_headers_add(h, STR("cache-control"), STR("no-cache, private"));
    http_headers_add(h, STR("x-content-type-options"), STR("nosniff"));
    if (call->is_admin)
        http_headers_add(h, STR("mesh-revision"), revision);
    if (call->proxies.len)
        http_headers_add(h, STR("mesh-proxies"), call->proxies);
    for (size_t i = 0; i < call->warning_count; i++)
        http_headers_add(h, STR("warning"), call->warnings[i]);
}

static void init_head(struct rest_call *call, struct http_msg *head, int status, const char *type)
{
    http_msg_init(head, &call->arena);
    head->is_response = true;
    head->status = (uint16_t)status;
    head->content_length = HTTP_LENGTH_UNKNOWN;
    add_headers(call, &head->headers, type);
    if (status == 401)
        http_headers_add(&head->headers, STR("www-authenticate"), STR("Bearer realm=\"mesh\""));
}

void rest_call_reply(struct rest_call *call, int status, const char *type, struct str body)
{
    bool is_head = call->method == HTTP_METHOD_HEAD;
    struct http_msg head;

    if (call->hs) {
        init_head(call, &head, status, type);
        head.content_length = (int64_t)body.len;
        if (http_stream_send_head(call->hs, &head, is_head || body.len == 0) == 0 && !is_head &&
            body.len > 0)
            http_stream_send_bytes(call->hs, body.p, body.len, true);
    }
    rest_call_end(call);
}

int rest_call_begin_stream(struct rest_call *call, const char *type)
{
    struct http_msg head;

    init_head(call, &head, 200, type);
    return http_stream_send_head(call->hs, &head, false);
}

static bool wants_yaml(const struct rest_call *call)
{
    ptrdiff_t yaml = str_find(call->accept, STR("yaml"));
    ptrdiff_t json = str_find(call->accept, STR("json"));

    return yaml >= 0 && (json < 0 || yaml < json);
}

void rest_call_reply_node(struct rest_call *call, int status, const struct node *n)
{
    bool yaml = wants_yaml(call), pretty = rest_call_has_flag(call, "pretty");
    struct buf out;
    int err;

    buf_init(&out, REST_MAX_ANSWER_BYTES);
    err = yaml ? node_write_yaml(n, &out, NODE_SORTED)
               : node_write_json(n, &out, NODE_SORTED | (pretty ? NODE_PRETTY : 0u));
    if (!yaml)
        buf_add_char(&out, '\n');
    if (err)
        rest_call_fail(call, 413, "RequestEntityTooLarge",
                       "the answer has more than %d bytes: ask for pages by limit=500",
                       REST_MAX_ANSWER_BYTES);
    else
        rest_call_reply(call, status, yaml ? "application/yaml" : "application/json",
                        buf_str(&out));
    buf_deinit(&out);
}

struct node *rest_call_status(struct arena *a, int status, const char *reason, struct str message,
                              struct node *details)
{
    struct node *n = node_new(a, NODE_MAP);

    node_set_str(a, n, "kind", STR("Status"));
    node_set_str(a, n, "apiVersion", STR("v1"));
    node_set(n, STR("metadata"), node_new(a, NODE_MAP));
    node_set_str(a, n, "status", status < 400 ? STR("Success") : STR("Failure"));
    if (message.len)
        node_set_str(a, n, "message", message);
    if (reason)
        node_set_str(a, n, "reason", str_of(reason));
    if (details)
        node_set(n, STR("details"), details);
    node_set(n, STR("code"), node_new_int(a, status));
    return n;
}

void rest_call_fail_details(struct rest_call *call, int status, const char *reason,
                            struct str message, struct node *details)
{
    rest_call_reply_node(call, status,
                         rest_call_status(&call->arena, status, reason, message, details));
}

void rest_call_fail(struct rest_call *call, int status, const char *reason, const char *fmt, ...)
{
    struct str message;
    va_list ap;

    va_start(ap, fmt);
    message = arena_vprintf(&call->arena, fmt, ap);
    va_end(ap);
    rest_call_fail_details(call, status, reason, message, NULL);
}

void rest_call_fail_not_found(struct rest_call *call)
{
    struct str message = arena_printf(&call->arena, "%.*s \"%.*s\" not found",
                                      STR_ARG(rest_call_resource(call)), STR_ARG(call->name));

    rest_call_fail_details(call, 404, "NotFound", message, rest_call_details(call, call->name));
}

static const struct {
    int code, status;
    const char *reason;
} codes[] = {
    { ERR_CONFLICT, 409, "Conflict" },           { ERR_EXISTS, 409, "AlreadyExists" },
    { ERR_NOT_FOUND, 404, "NotFound" },          { ERR_INVALID, 422, "Invalid" },
    { ERR_LIMIT, 413, "RequestEntityTooLarge" }, { ERR_DENIED, 403, "Forbidden" },
    { ERR_UNSUPPORTED, 501, "NotImplemented" },  { ERR_OVERLOAD, 429, "TooManyRequests" },
    { ERR_CLOSED, 503, "ServiceUnavailable" },   { ERR_TIMEOUT, 504, "Timeout" },
    { UV_ENOSPC, 507, "InsufficientStorage" },   { UV_EROFS, 503, "ServiceUnavailable" },
    { UV_EIO, 503, "ServiceUnavailable" },
};

void rest_call_fail_code(struct rest_call *call, int code, const char *text)
{
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (codes[i].code == code) {
            rest_call_fail(call, codes[i].status, codes[i].reason, "%s", text);
            return;
        }
    }
    rest_call_fail(call, 500, "InternalError", "%s (%s)", text, error_text(code));
}

void rest_call_fail_field(struct rest_call *call, const char *field, struct str message)
{
    struct diag d;

    diag_init(&d);
    diag_add(&d, DIAG_ERROR, "MSH1008", NULL, str_of(field), "%.*s", STR_ARG(message));
    rest_call_fail_diag(call, call->name, &d);
    diag_deinit(&d);
}

/* "unknown field" as kubectl's users know it, else the message as it is. */
static struct str cause_message(struct rest_call *call, const struct diag_item *item)
{
    struct str text = item->message;

    if (str_is(str_of(item->code), "MSH1002"))
        text = arena_printf(&call->arena, "strict decoding error: unknown field \"%.*s\"",
                            STR_ARG(item->path));
    if (!call->kind && item->object.len)
        text = arena_printf(&call->arena, "%.*s: %.*s", STR_ARG(item->object), STR_ARG(text));
    if (item->suggestion.len)
        text = arena_printf(&call->arena, "%.*s, did you mean \"%.*s\"?", STR_ARG(text),
                            STR_ARG(item->suggestion));
    return text;
}

void rest_call_fail_diag(struct rest_call *call, struct str name, const struct diag *d)
{
    struct node *details = rest_call_details(call, name), *list;
    struct arena *a = &call->arena;
    struct str message;
    struct buf all;

    if (call->kind) /* as Kubernetes: the kind here, not the plural */
        node_set_str(a, details, "kind", str_of(call->kind->kind));
    list = node_new(a, NODE_LIST);
    buf_init(&all, 65536);
    for (const struct diag_item *item = d->first; item; item = item->next) {
        struct node *cause;
        struct str text;

        if (item->severity != DIAG_ERROR)
            continue;
        cause = node_new(a, NODE_MAP);
        text = cause_message(call, item);
        node_set_str(a, cause, "reason",
                     str_is(text, "is required") ? STR("FieldValueRequired")
                                                 : STR("FieldValueInvalid"));
        node_set_str(a, cause, "message", arena_str(a, text));
        node_set_str(a, cause, "field", arena_str(a, item->path));
        node_add(list, cause);
        buf_printf(&all, "%s%.*s: %.*s", buf_len(&all) ? "; " : "", STR_ARG(item->path),
                   STR_ARG(text));
    }
    node_set(details, STR("causes"), list);
    message = arena_printf(
        a, "%s%s%s \"%.*s\" is invalid: %.*s", call->kind ? call->kind->kind : "object",
        call->kind && call->kind->group[0] ? "." : "", call->kind ? call->kind->group : "",
        STR_ARG(name), STR_ARG(buf_str(&all)));
    buf_deinit(&all);
    rest_call_fail_details(call, 422, "Invalid", message, details);
}
