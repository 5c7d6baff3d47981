#include "core/filter/ext_authz.h"

#include <string.h>

#include "core/base/encode.h"
#include "core/base/mem.h"
#include "core/filter/ext_authz_msg.h"
#include "core/http/grpc_frame.h"
#include "core/http/grpc_status.h"
#include "core/http/http_gate.h"
#include "core/text/proto.h"

#define DENIED_STATUS  403
#define PARTIAL_HEADER STR("x-envoy-auth-partial-body")
#define REMOVE_HEADER  STR("x-envoy-auth-headers-to-remove")

/* ---- asking by HTTP ---- */

static struct str partial_text(const struct ext_authz_subject *s)
{
    return s->is_partial ? STR("true") : STR("false");
}

static void ask_http(const struct model_ext_authz *x, const struct ext_authz_subject *s,
                     struct arena *a, struct http_msg *head)
{
    const struct http_headers *from = &s->head->headers;

    http_msg_set_method(head, s->head->method_name);
    head->scheme = STR("http");
    head->authority = s->head->authority;
    head->path = x->path_prefix.len
                     ? arena_printf(a, "%.*s%.*s", STR_ARG(x->path_prefix), STR_ARG(s->head->path))
                     : s->head->path;
    head->content_length = (int64_t)s->body.len;
    for (uint32_t i = 0; i < from->count; i++) {
        const struct http_header *h = &from->items[i];

        if (h->token == HTTP_TOKEN_AUTHORIZATION || model_name_patterns_have(&x->checked, h->name))
            http_headers_add(&head->headers, h->name, h->value);
    }
    if (x->body_bytes)
        http_headers_set(&head->headers, PARTIAL_HEADER, partial_text(s));
    for (uint32_t i = 0; i < x->added_count; i++)
        http_headers_set(&head->headers, x->added[i].name, x->added[i].value);
}

/* ---- asking by gRPC ---- */

/* Text of protobuf is UTF-8; what is not becomes '!', as Envoy does. */
static struct str as_utf8(struct str s, struct arena *a)
{
    struct str rest = s;
    char *copy = NULL;
    size_t len;

    while (rest.len) {
        len = encode_utf8_len(rest);
        if (!len) {
            if (!copy)
                copy = arena_dup(a, s.p, s.len);
            copy[s.len - rest.len] = '!';
            len = 1;
        }
        rest = str_skip(rest, len);
    }
    return copy ? str_make(copy, s.len) : s;
}

static void set_address(struct ext_authz_msg_peer *peer, const struct addr *addr, struct arena *a)
{
    char text[ADDR_TEXT_MAX];

    if (addr->family == ADDR_NONE)
        return;
    peer->address = arena_alloc0(a, 1, sizeof(*peer->address));
    peer->address->socket.address = arena_str(a, str_of(addr_format_ip(addr, text)));
    peer->address->socket.port = addr->port;
}

/* One entry a name; several values are joined. */
static void add_pair(struct ext_authz_msg_http *to, struct str name, struct str value,
                     struct arena *a)
{
    value = as_utf8(value, a);
    for (size_t i = 0; i < to->headers_count; i++) {
        struct field_pair *pair = &to->headers[i];

        if (!str_eq(pair->key, name))
            continue;
        pair->value = arena_printf(a, "%.*s,%.*s", STR_ARG(pair->value), STR_ARG(value));
        return;
    }
    to->headers[to->headers_count++] = (struct field_pair){ name, value };
}

static struct ext_authz_msg_http *http_of(const struct model_ext_authz *x,
                                          const struct ext_authz_subject *s, struct arena *a)
{
    static const char *const versions[] = { "HTTP/1.0", "HTTP/1.1", "HTTP/2" };
    struct ext_authz_msg_http *to = arena_alloc0(a, 1, sizeof(*to));
    const struct http_msg *head = s->head;

    to->id = arena_u64(a, s->decision->id);
    to->method = head->method_name;
    to->path = as_utf8(head->path, a);
    to->host = as_utf8(head->authority, a);
    to->scheme = head->scheme;
    to->protocol = str_of(versions[head->version]);
    to->size = head->content_length;
    to->headers = arena_alloc0(a, head->headers.count + 5, sizeof(*to->headers));
    add_pair(to, STR(":method"), head->method_name, a);
    add_pair(to, STR(":path"), head->path, a);
    add_pair(to, STR(":authority"), head->authority, a);
    add_pair(to, STR(":scheme"), head->scheme, a);
    for (uint32_t i = 0; i < head->headers.count; i++) {
        const struct http_header *h = &head->headers.items[i];

        if (!str_eq(h->name, PARTIAL_HEADER) &&
            (!x->checked.count || model_name_patterns_have(&x->checked, h->name)))
            add_pair(to, h->name, h->value, a);
    }
    if (x->body_bytes) {
        add_pair(to, PARTIAL_HEADER, partial_text(s), a);
        if (x->body_raw)
            to->raw_body = s->body;
        else
            to->body = as_utf8(s->body, a);
    }
    return to;
}

static struct str frame(const struct ext_authz_msg_check *check, struct arena *a)
{
    uint8_t header[GRPC_FRAME_HEADER_BYTES];
    struct buf message;
    char *out;

    buf_init(&message, 0);
    (void)proto_encode(&ext_authz_msg_check_message, check, &message); /* unbounded, and not deep */
    grpc_frame_header(header, (uint32_t)buf_len(&message));
    out = arena_alloc(a, sizeof(header) + buf_len(&message));
    memcpy(out, header, sizeof(header));
    memcpy(out + sizeof(header), buf_str(&message).p, buf_len(&message));
    struct str framed = str_make(out, sizeof(header) + buf_len(&message));
    buf_deinit(&message);
    return framed;
}

static void ask_grpc(const struct model_ext_authz *x, const struct ext_authz_subject *s,
                     struct arena *a, struct http_msg *head, struct str *body)
{
    const struct decision *d = s->decision;
    const struct addr *local = d->original_dst.family == ADDR_NONE ? &d->local : &d->original_dst;
    struct ext_authz_msg_tls tls = { d->sni };
    struct ext_authz_msg_check check = {
        .attributes.source.principal = as_utf8(d->peer_identity, a),
        .attributes.destination.principal = as_utf8(s->own_identity, a),
        .attributes.request.time = { true, (int64_t)d->start_wall_us * 1000 },
        .attributes.request.http = s->head ? http_of(x, s, a) : NULL,
        .attributes.tls = d->sni.len ? &tls : NULL,
    };

    set_address(&check.attributes.source, &d->peer, a);
    set_address(&check.attributes.destination, local, a);
    *body = frame(&check, a);
    http_msg_set_method(head, STR("POST"));
    head->scheme = STR("http");
    head->authority = x->authority;
    head->path = STR(EXT_AUTHZ_MSG_METHOD);
    head->content_length = HTTP_LENGTH_UNKNOWN;
    http_headers_add_token(&head->headers, HTTP_TOKEN_TE, STR("trailers"));
    http_headers_add_token(&head->headers, HTTP_TOKEN_CONTENT_TYPE, STR("application/grpc"));
    http_headers_add_token(&head->headers, HTTP_TOKEN_GRPC_TIMEOUT,
                           grpc_status_format_timeout(a, x->timeout_ms));
}

void ext_authz_ask(const struct model_ext_authz *x, const struct ext_authz_subject *s,
                   struct arena *a, struct http_msg *head, struct str *body)
{
    http_msg_init(head, a);
    if (x->is_grpc) {
        ask_grpc(x, s, a, head, body);
        return;
    }
    *body = s->body;
    ask_http(x, s, a, head);
}

/* ---- what an answer changes ---- */

struct reading {
    struct arena *a;
    size_t bytes; /* of all changes */
    bool is_bad;  /* a change that cannot be made */
};

static void add_change(struct reading *r, struct ext_authz_changes *to, uint8_t type,
                       struct str name, struct str value)
{
    r->bytes += name.len + value.len;
    if (to->count == EXT_AUTHZ_CHANGES_MAX || r->bytes > EXT_AUTHZ_CHANGES_BYTES_MAX) {
        r->is_bad = true;
        return;
    }
    if (to->count == to->cap) {
        struct ext_authz_change *old = to->list;

        to->cap = to->cap ? to->cap * 2 : 8;
        to->list = arena_alloc0(r->a, to->cap, sizeof(*to->list));
        if (to->count)
            memcpy(to->list, old, to->count * sizeof(*old));
    }
    to->list[to->count++] = (struct ext_authz_change){ type, name, value };
}

/* Fields of the request that go by the names of headers. */
static bool is_request_field(struct str name)
{
    return str_is(name, ":path") || str_is(name, ":authority") || str_is(name, "host");
}

static bool is_sound(const struct ext_authz_changes *to, const struct ext_authz_answer *out,
                     struct str name, struct str value)
{
    if (to == &out->request && is_request_field(name))
        return str_is(name, ":path") ? http_gate_is_path(value) : http_gate_is_authority(value);
    return http_headers_is_name(name) && http_headers_is_value(value);
}

static void change_header(struct reading *r, const struct ext_authz_answer *out,
                          struct ext_authz_changes *to, uint8_t type, struct str name,
                          struct str value)
{
    name = arena_lower(r->a, name);
    if (!is_sound(to, out, name, value)) {
        r->is_bad = true;
        return;
    }
    if (!http_headers_is_framing(http_token_of(name)))
        add_change(r, to, type, name, arena_str(r->a, value));
}

/* A request keeps its fields. */
static void remove_header(struct reading *r, const struct ext_authz_answer *out,
                          struct ext_authz_changes *to, struct str name)
{
    name = arena_lower(r->a, str_trim(name));
    if (http_headers_is_name(name) && !is_request_field(name))
        change_header(r, out, to, EXT_AUTHZ_REMOVE, name, STR(""));
}

/* ---- answers by HTTP ---- */

/* Belong to the authorizer's own connection. */
static bool is_own(uint16_t token)
{
    return token == HTTP_TOKEN_DATE || token == HTTP_TOKEN_SERVER || token == HTTP_TOKEN_HOST ||
           token == HTTP_TOKEN_X_ENVOY_UPSTREAM_SERVICE_TIME;
}

static void allow_http(struct reading *r, const struct model_ext_authz *x,
                       const struct http_headers *h, struct ext_authz_answer *out)
{
    struct str names = http_headers_get_name(h, REMOVE_HEADER);

    for (uint32_t i = 0; i < h->count; i++) {
        const struct http_header *item = &h->items[i];
        bool is_first = true;

        for (uint32_t k = 0; k < i; k++)
            is_first = is_first && !str_eq(h->items[k].name, item->name);
        if (!is_own(item->token) && model_name_patterns_have(&x->to_upstream, item->name))
            change_header(r, out, &out->request, is_first ? EXT_AUTHZ_SET : EXT_AUTHZ_APPEND,
                          item->name, item->value);
        if (model_name_patterns_have(&x->to_client, item->name))
            change_header(r, out, &out->response, EXT_AUTHZ_APPEND, item->name, item->value);
    }
    while (names.p)
        remove_header(r, out, &out->request, str_cut(&names, ','));
}

static void deny_http(struct reading *r, const struct model_ext_authz *x,
                      const struct http_client_answer *reply, struct ext_authz_answer *out)
{
    out->status = reply->head->status;
    out->body = arena_str(r->a, reply->body);
    for (uint32_t i = 0; i < reply->head->headers.count; i++) {
        const struct http_header *h = &reply->head->headers.items[i];

        if (x->on_denial.count == 0
                ? !is_own(h->token)
                : h->token == HTTP_TOKEN_LOCATION || h->token == HTTP_TOKEN_WWW_AUTHENTICATE ||
                      model_name_patterns_have(&x->on_denial, h->name))
            change_header(r, out, &out->response, EXT_AUTHZ_APPEND, h->name, h->value);
    }
}

static void understand_http(struct reading *r, const struct model_ext_authz *x,
                            const struct http_client_answer *reply, struct ext_authz_answer *out)
{
    if (reply->head->status >= 500) {
        out->verdict = EXT_AUTHZ_FAILED;
    } else if (reply->head->status == 200) {
        allow_http(r, x, &reply->head->headers, out);
    } else {
        out->verdict = EXT_AUTHZ_DENIED;
        deny_http(r, x, reply, out);
    }
}

/* ---- answers by gRPC ---- */

/* absent: what it means when neither `append` nor an action is given. */
static void take_options(struct reading *r, const struct ext_authz_answer *out,
                         struct ext_authz_changes *to, const struct ext_authz_msg_option *list,
                         size_t count, enum ext_authz_change_type absent)
{
    const uint8_t types[] = {
        [EXT_AUTHZ_MSG_APPEND_OR_ADD] = (uint8_t)absent,
        [EXT_AUTHZ_MSG_ADD_IF_ABSENT] = EXT_AUTHZ_ADD_IF_ABSENT,
        [EXT_AUTHZ_MSG_OVERWRITE_OR_ADD] = EXT_AUTHZ_SET,
        [EXT_AUTHZ_MSG_OVERWRITE_IF_EXISTS] = EXT_AUTHZ_OVERWRITE_IF_EXISTS,
    };

    for (size_t i = 0; i < count; i++) {
        const struct ext_authz_msg_header *h = &list[i].header;
        size_t action = (size_t)list[i].action;

        change_header(r, out, to,
                      list[i].append.set ? (list[i].append.value ? EXT_AUTHZ_APPEND : EXT_AUTHZ_SET)
                      : action < COUNT_OF(types) ? types[action]
                                                 : EXT_AUTHZ_SET,
                      h->key, h->raw_value.len ? h->raw_value : h->value);
    }
}

static void take_ok(struct reading *r, const struct ext_authz_msg_ok *ok,
                    struct ext_authz_answer *out)
{
    take_options(r, out, &out->request, ok->headers, ok->headers_count, EXT_AUTHZ_SET);
    for (size_t i = 0; i < ok->headers_to_remove_count; i++)
        remove_header(r, out, &out->request, ok->headers_to_remove[i]);
    take_options(r, out, &out->response, ok->response_headers_to_add,
                 ok->response_headers_to_add_count, EXT_AUTHZ_APPEND);
    for (size_t i = 0; i < ok->query_parameters_to_set_count; i++)
        add_change(r, &out->request, EXT_AUTHZ_SET_QUERY, ok->query_parameters_to_set[i].key,
                   ok->query_parameters_to_set[i].value);
    for (size_t i = 0; i < ok->query_parameters_to_remove_count; i++)
        add_change(r, &out->request, EXT_AUTHZ_REMOVE_QUERY, ok->query_parameters_to_remove[i],
                   STR_NONE);
}

static void take_denial(struct reading *r, const struct ext_authz_msg_denied *denied,
                        struct ext_authz_answer *out)
{
    int64_t status = denied && denied->status.code ? denied->status.code : DENIED_STATUS;

    out->verdict = EXT_AUTHZ_DENIED;
    out->status = (uint16_t)status;
    r->is_bad = status < 200 || status > 599;
    if (!denied)
        return;
    out->body = denied->body;
    take_options(r, out, &out->response, denied->headers, denied->headers_count, EXT_AUTHZ_SET);
}

/* The one message of the body. */
static bool read_message(const struct http_client_answer *reply, struct arena *a,
                         struct ext_authz_msg_answer *out)
{
    const uint8_t *p = (const uint8_t *)reply->body.p;
    size_t len = reply->body.len;
    struct str message;
    struct grpc_frame f;
    bool ok;

    grpc_frame_init(&f, 0);
    ok = len && grpc_frame_next(&f, &p, &len, &message) == 0 &&
         proto_decode(&ext_authz_msg_answer_message, message.p, message.len, a, 0, out) == 0;
    grpc_frame_deinit(&f);
    return ok;
}

static void understand_grpc(struct reading *r, const struct http_client_answer *reply,
                            struct ext_authz_answer *out)
{
    struct ext_authz_msg_answer answer;

    if (reply->head->status != 200 ||
        grpc_status_get(reply->trailers ? reply->trailers : &reply->head->headers) !=
            GRPC_STATUS_OK ||
        !read_message(reply, r->a, &answer))
        out->verdict = EXT_AUTHZ_FAILED;
    else if (answer.status.code != 0)
        take_denial(r, answer.denied, out);
    else if (answer.ok)
        take_ok(r, answer.ok, out);
}

void ext_authz_understand(const struct model_ext_authz *x, const struct http_client_answer *reply,
                          struct arena *a, struct ext_authz_answer *out)
{
    struct reading r = { .a = a };

    *out = (struct ext_authz_answer){ .verdict = EXT_AUTHZ_ALLOWED };
    if (x->is_grpc)
        understand_grpc(&r, reply, out);
    else
        understand_http(&r, x, reply, out);
    if (!r.is_bad)
        return;
    /* A refusal is one whatever else is wrong with it: failOpen must not make it a yes. */
    if (out->verdict == EXT_AUTHZ_DENIED)
        *out = (struct ext_authz_answer){ .verdict = EXT_AUTHZ_DENIED, .status = DENIED_STATUS };
    else
        *out = (struct ext_authz_answer){ .verdict = EXT_AUTHZ_FAILED };
}

/* ---- making the changes ---- */

static bool is_parameter(struct str pair, struct str name, struct arena *a)
{
    struct str key = str_cut(&pair, '='), plain;

    return str_eq(encode_undo_percent(a, key, &plain) == 0 ? plain : key, name);
}

/* The path without the parameter, and with its value at the end when there is one to be set. */
static struct str change_query(struct str path, const struct ext_authz_change *c, struct arena *a)
{
    struct str rest = path, first = str_cut(&rest, '?'), changed;
    char next = '?';
    struct buf out;

    buf_init(&out, 0);
    (void)buf_add_str(&out, first);
    while (rest.p) {
        struct str pair = str_cut(&rest, '&');

        if (is_parameter(pair, c->name, a))
            continue;
        (void)buf_add(&out, &next, 1);
        (void)buf_add_str(&out, pair);
        next = '&';
    }
    if (c->type == EXT_AUTHZ_SET_QUERY) {
        (void)buf_add(&out, &next, 1);
        (void)encode_percent(&out, c->name);
        (void)buf_add(&out, "=", 1);
        (void)encode_percent(&out, c->value);
    }
    changed = arena_str(a, buf_str(&out));
    buf_deinit(&out);
    return changed;
}

static void apply_one(const struct ext_authz_change *c, struct http_msg *head)
{
    struct http_headers *h = &head->headers;
    bool is_field = !head->is_response && is_request_field(c->name);

    switch (c->type) {
    case EXT_AUTHZ_SET_QUERY:
    case EXT_AUTHZ_REMOVE_QUERY:
        head->path = change_query(head->path, c, h->arena);
        return;
    case EXT_AUTHZ_REMOVE:
        http_headers_remove(h, c->name);
        return;
    case EXT_AUTHZ_ADD_IF_ABSENT:
        if (is_field || http_headers_get_name(h, c->name).p)
            return;
        break;
    case EXT_AUTHZ_OVERWRITE_IF_EXISTS:
        if (!is_field && !http_headers_get_name(h, c->name).p)
            return;
        break;
    case EXT_AUTHZ_APPEND:
        if (!is_field) {
            http_headers_add(h, c->name, c->value);
            return;
        }
        break;
    default:
        break;
    }
    if (!is_field)
        http_headers_set(h, c->name, c->value);
    else if (str_is(c->name, ":path"))
        head->path = c->value;
    else
        head->authority = c->value;
}

void ext_authz_apply(const struct ext_authz_changes *changes, struct http_msg *head)
{
    for (uint32_t i = 0; i < changes->count; i++)
        apply_one(&changes->list[i], head);
}
