/* Answers of external authorizers: whatever is said, what is made of a request and of a reply can
 * be written to the wire as one message: no headers of framing, names and values that are such, a
 * path and an authority without blanks or line ends.
 *
 *     byte 0     1: gRPC, 2: trailers say grpc-status 0, 4: headers travel only where they are
 * named bytes 1-2  the status, big-endian lines "name: value" of the answer's head, an empty line,
 * its body */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/filter/ext_authz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a codec hands them out: framing is gone, the rest is valid. Returns what follows them. */
static struct str read_head(struct http_headers *h, struct str rest)
{
    while (rest.p) {
        struct str value = str_cut(&rest, '\n'), name;

        if (!value.len)
            break;
        name = str_cut(&value, ':');
        if (!value.p)
            continue;
        name = arena_lower(h->arena, name);
        value = str_trim(value);
        if (name.len && http_headers_is_name(name) && http_headers_is_value(value) &&
            !http_headers_is_framing(http_token_of(name)))
            http_headers_add(h, name, value);
    }
    return rest;
}

static void make_message(struct http_msg *m, struct arena *a)
{
    http_msg_init(m, a);
    http_msg_set_method(m, STR("POST"));
    m->scheme = STR("http");
    m->authority = STR("shop.test");
    m->path = STR("/a?b=c&d=e");
    m->content_length = 5;
    http_headers_add(&m->headers, STR("x-user"), STR("root"));
    http_headers_add(&m->headers, STR("cookie"), STR("a=b"));
    http_headers_add(&m->headers, STR("x-user"), STR("daemon"));
}

static void check_text(struct str s)
{
    ASSERT(s.len > 0);
    for (size_t i = 0; i < s.len; i++)
        ASSERT((unsigned char)s.p[i] > ' ' && s.p[i] != 0x7f);
}

static void check_message(const struct http_msg *m)
{
    for (uint32_t i = 0; i < m->headers.count; i++) {
        const struct http_header *h = &m->headers.items[i];

        ASSERT(h->name.len && http_headers_is_name(h->name));
        ASSERT(http_headers_is_value(h->value));
        ASSERT(h->token == http_token_of(h->name));
        ASSERT(!http_headers_is_framing((enum http_token)h->token));
    }
    ASSERT(m->content_length == 5 && m->upgrade.len == 0);
    ASSERT(str_is(m->method_name, "POST") && str_is(m->scheme, "http"));
    check_text(m->path);
    ASSERT(m->path.p[0] == '/');
    check_text(m->authority);
}

static void check_answer(const struct ext_authz_answer *answer, struct arena *a)
{
    struct http_msg request, response;

    make_message(&request, a);
    make_message(&response, a);
    response.is_response = true;
    switch (answer->verdict) {
    case EXT_AUTHZ_ALLOWED:
        ext_authz_apply(&answer->request, &request);
        break;
    case EXT_AUTHZ_DENIED:
        ASSERT(answer->status >= 200 && answer->status <= 599);
        ASSERT(answer->request.count == 0);
        break;
    case EXT_AUTHZ_FAILED:
        return;
    }
    ext_authz_apply(&answer->response, &response);
    check_message(&request);
    check_message(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = STR_INIT("*"), some = STR_INIT("x-*");
    struct model_name_patterns every = { &all, 1 }, named = { &some, 1 };
    struct model_ext_authz x = { .name = STR_INIT("fuzz"), .error_status = 403 };
    struct ext_authz_answer answer = { 0 };
    struct http_headers headers, trailers;
    struct http_msg head = { .is_response = true };
    struct http_client_answer reply = { .head = &head };
    struct arena a;

    if (size < 3)
        return 0;
    arena_init(&a, 0);
    http_headers_init(&headers, &a);
    http_headers_init(&trailers, &a);
    http_headers_add(&trailers, STR("grpc-status"), STR("0"));
    x.is_grpc = data[0] & 1;
    x.to_upstream = x.to_client = data[0] & 4 ? named : every;
    if (data[0] & 4)
        x.on_denial = named;
    head.status = (uint16_t)(200 + (data[1] << 8 | data[2]) % 400); /* codecs hand out no others */
    reply.body = read_head(&headers, str_make(data + 3, size - 3));
    head.headers = headers;
    reply.trailers = data[0] & 2 ? &trailers : NULL;
    ext_authz_understand(&x, &reply, &a, &answer);
    check_answer(&answer, &a);
    arena_deinit(&a);
    return 0;
}
