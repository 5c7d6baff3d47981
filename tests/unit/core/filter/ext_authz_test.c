#include "core/filter/ext_authz.h"

#include "core/http/http_token.h"
#include "tests/tap.h"
#include "tests/unit/support/proto_hand.h"

static struct arena arena;

/* ---- requests and replies ---- */

static struct http_headers headers_of(const char *const *lines)
{
    struct http_headers h;

    http_headers_init(&h, &arena);
    for (; *lines; lines++) {
        struct str value = str_of(*lines), name = str_cut(&value, ':');

        http_headers_add(&h, name, value);
    }
    return h;
}
#define HEADERS(...) headers_of((const char *const[]){ __VA_ARGS__, NULL })

static struct http_msg request_of(const char *method, const char *path, struct http_headers h)
{
    struct http_msg m;

    http_msg_init(&m, &arena);
    http_msg_set_method(&m, str_of(method));
    m.version = HTTP_VERSION_11;
    m.scheme = STR("http");
    m.authority = STR("shop.test");
    m.path = str_of(path);
    m.content_length = 0;
    m.headers = h;
    return m;
}

static bool has(const struct http_headers *h, const char *name, const char *value)
{
    struct str got = http_headers_get_all(h, str_of(name), &arena);

    return value ? EQ_STRN(got.p ? got.p : "", got.len, value) && OK(got.p) : OK(!got.p);
}

static struct model_name_patterns patterns(const char *const *names)
{
    struct model_name_patterns p = { arena_alloc0(&arena, 8, sizeof(struct str)), 0 };

    for (; *names; names++)
        p.list[p.count++] = str_of(*names);
    return p;
}
#define PATTERNS(...) patterns((const char *const[]){ __VA_ARGS__, NULL })

static struct model_ext_authz http_model(void)
{
    return (struct model_ext_authz){ .name = STR("web"), .error_status = 403 };
}

static struct model_ext_authz grpc_model(void)
{
    struct model_ext_authz x = http_model();

    x.is_grpc = true;
    x.authority = STR("auth.test");
    return x;
}

static struct ext_authz_answer understand(const struct model_ext_authz *x, uint16_t status,
                                          struct http_headers h, struct str body)
{
    struct http_msg head = { .is_response = true, .status = status, .headers = h };
    struct http_client_answer reply = { .head = &head, .body = body };
    struct ext_authz_answer out = { 0 };

    ext_authz_understand(x, &reply, &arena, &out);
    return out;
}

/* ---- protobuf ---- */

#define field(tag, value)  proto_hand_field(&arena, tag, value)
#define number(tag, value) proto_hand_int(&arena, tag, value)
#define cat(a, b)          proto_hand_cat(&arena, a, b)

/* HeaderValueOption; more: append (2) or append_action (3). */
static struct str option(const char *key, const char *value, struct str more)
{
    struct str h = cat(field(1, str_of(key)), field(2, str_of(value)));

    return cat(field(1, h), more);
}
#define APPEND     field(2, number(1, 1))
#define ACTION(n)  number(3, n)
#define ALLOWED    field(1, STR_NONE)
#define OK_WITH(s) cat(ALLOWED, field(3, s))

static struct str framed_as(int flag, struct str message, size_t len)
{
    char head[5] = { (char)flag, 0, 0, (char)(len >> 8), (char)len };

    return cat(str_make(head, sizeof(head)), message);
}

static struct ext_authz_answer understand_call(struct str body, const char *grpc_status)
{
    struct model_ext_authz x = grpc_model();
    struct http_headers h = HEADERS("content-type:application/grpc"), t;
    struct http_msg head = { .is_response = true, .status = 200, .headers = h };
    struct http_client_answer reply = { .head = &head, .body = body };
    struct ext_authz_answer out = { 0 };

    if (grpc_status) {
        t = HEADERS("x-other:1");
        http_headers_add(&t, STR("grpc-status"), str_of(grpc_status));
        reply.trailers = &t;
    }
    ext_authz_understand(&x, &reply, &arena, &out);
    return out;
}

static struct ext_authz_answer understand_message(struct str message)
{
    return understand_call(framed_as(0, message, message.len), "0");
}

static bool is(struct str got, const char *want)
{
    return EQ_STRN(got.p ? got.p : "", got.len, want);
}

/* ---- questions ---- */

static void question_has_prefix_path_and_host(void)
{
    struct model_ext_authz x = http_model();
    struct http_msg head = request_of("PUT", "/a?b=c", HEADERS("cookie:1", "x-note:2")), asked;
    struct decision d = { 0 };
    struct ext_authz_subject s = { .decision = &d, .head = &head };
    struct str body = STR_NONE;

    x.path_prefix = STR("/check");
    ext_authz_ask(&x, &s, &arena, &asked, &body);
    is(asked.method_name, "PUT");
    is(asked.path, "/check/a?b=c");
    is(asked.authority, "shop.test");
    EQ_INT(asked.content_length, 0);
    EQ_INT(body.len, 0);
    has(&asked.headers, "cookie", NULL);
    has(&asked.headers, "x-note", NULL);
    has(&asked.headers, "x-envoy-auth-partial-body", NULL);
}

static void question_has_named_and_fixed_headers(void)
{
    struct model_ext_authz x = http_model();
    struct model_ext_authz_header added[] = { { STR("x-one"), STR("fixed") } };
    struct http_msg head = request_of("GET", "/",
                                      HEADERS("x-one:1", "x-two:2", "x-a-b:3", "my-id:4",
                                              "x-else:5", "authorization:Basic eDp5")),
                    asked;
    struct decision d = { 0 };
    struct ext_authz_subject s = { .decision = &d, .head = &head };
    struct str body = STR_NONE;

    x.checked = PATTERNS("x-one", "x-two", "x-a-*", "*-id");
    x.added = added;
    x.added_count = 1;
    ext_authz_ask(&x, &s, &arena, &asked, &body);
    has(&asked.headers, "x-one", "fixed");
    has(&asked.headers, "x-two", "2");
    has(&asked.headers, "x-a-b", "3");
    has(&asked.headers, "my-id", "4");
    has(&asked.headers, "x-else", NULL);
    has(&asked.headers, "authorization", "Basic eDp5");
    has(&head.headers, "x-one", "1");
}

static void question_says_whether_the_body_is_whole(void)
{
    struct model_ext_authz x = http_model();
    struct http_msg head = request_of("POST", "/", HEADERS("x-envoy-auth-partial-body:forged")),
                    asked;
    struct decision d = { 0 };
    struct ext_authz_subject s = { .decision = &d, .head = &head, .body = STR("hello") };
    struct str body = STR_NONE;

    x.body_bytes = 5;
    x.body_partial = true;
    head.content_length = 11;
    for (int part = 0; part < 2; part++) {
        s.is_partial = part;
        ext_authz_ask(&x, &s, &arena, &asked, &body);
        is(body, "hello");
        EQ_INT(asked.content_length, 5);
        has(&asked.headers, "x-envoy-auth-partial-body", part ? "true" : "false");
    }
}

static void call_tells_of_the_request(void)
{
    struct model_ext_authz x = grpc_model();
    struct http_msg head = request_of("GET", "/a?b=c", HEADERS("x-note:n", "x-many:a", "x-many:b")),
                    asked;
    struct decision d = { .peer_identity = STR("spiffe://td/ns/a/sa/b") };
    struct ext_authz_subject s = { .decision = &d, .head = &head };
    struct str body = STR_NONE, attributes, http, source;

    ext_authz_ask(&x, &s, &arena, &asked, &body);
    is(asked.method_name, "POST");
    is(asked.path, "/envoy.service.auth.v3.Authorization/Check");
    is(asked.authority, "auth.test");
    has(&asked.headers, "content-type", "application/grpc");
    if (!OK(body.len > 5))
        return;
    EQ_INT(body.p[0], 0);
    EQ_UINT((uint8_t)body.p[3] << 8 | (uint8_t)body.p[4], body.len - 5);
    attributes = proto_hand_find(str_skip(body, 5), 1);
    source = proto_hand_find(attributes, 1);
    http = proto_hand_find(proto_hand_find(attributes, 4), 2);
    is(proto_hand_find(source, 4), "spiffe://td/ns/a/sa/b");
    is(proto_hand_find(http, 2), "GET");
    is(proto_hand_find(http, 4), "/a?b=c");
    is(proto_hand_find(http, 5), "shop.test");
    is(proto_hand_find(http, 6), "http");
    is(proto_hand_find(http, 10), "HTTP/1.1");
}

static void call_for_a_connection_has_no_request(void)
{
    struct model_ext_authz x = grpc_model();
    struct decision d = { .is_tcp = true, .peer_identity = STR("spiffe://td/ns/a/sa/b") };
    struct ext_authz_subject s = { .decision = &d };
    struct http_msg asked;
    struct str body = STR_NONE, attributes;

    ext_authz_ask(&x, &s, &arena, &asked, &body);
    attributes = proto_hand_find(str_skip(body, 5), 1);
    is(proto_hand_find(proto_hand_find(attributes, 1), 4), "spiffe://td/ns/a/sa/b");
    OK(!proto_hand_find(proto_hand_find(attributes, 4), 2).p);
}

static void call_has_the_body_as_text_or_bytes(void)
{
    struct http_msg head = request_of("POST", "/", HEADERS("a:b")), asked;
    struct decision d = { 0 };
    struct ext_authz_subject s = { .decision = &d, .head = &head, .body = STR("hello") };

    for (int raw = 0; raw < 2; raw++) {
        struct model_ext_authz x = grpc_model();
        struct str body = STR_NONE, http;

        x.body_bytes = 100;
        x.body_raw = raw;
        head.content_length = 5;
        ext_authz_ask(&x, &s, &arena, &asked, &body);
        http = proto_hand_find(proto_hand_find(proto_hand_find(str_skip(body, 5), 1), 4), 2);
        is(proto_hand_find(http, raw ? 12 : 11), "hello");
        OK(!proto_hand_find(http, raw ? 11 : 12).len);
    }
}

/* ---- answers by HTTP ---- */

static void status_decides(void)
{
    static const struct {
        uint16_t status;
        enum ext_authz_verdict verdict;
    } rows[] = {
        { 200, EXT_AUTHZ_ALLOWED }, { 201, EXT_AUTHZ_DENIED }, { 204, EXT_AUTHZ_DENIED },
        { 302, EXT_AUTHZ_DENIED },  { 304, EXT_AUTHZ_DENIED }, { 401, EXT_AUTHZ_DENIED },
        { 403, EXT_AUTHZ_DENIED },  { 499, EXT_AUTHZ_DENIED }, { 500, EXT_AUTHZ_FAILED },
        { 503, EXT_AUTHZ_FAILED },  { 599, EXT_AUTHZ_FAILED },
    };
    struct model_ext_authz x = http_model();

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ext_authz_answer a = understand(&x, rows[i].status, HEADERS("a:b"), STR("body"));

        NOTE("status %d", rows[i].status);
        EQ_INT(a.verdict, rows[i].verdict);
        if (a.verdict == EXT_AUTHZ_DENIED) {
            EQ_INT(a.status, rows[i].status);
            is(a.body, "body");
        }
    }
}

static void allowing_answer_changes_what_is_named(void)
{
    struct model_ext_authz x = http_model();
    struct http_msg request =
                        request_of("GET", "/", HEADERS("x-user:root", "x-user:too", "x-else:c")),
                    response = request_of("GET", "/", HEADERS("x-app:1"));
    struct ext_authz_answer a;

    x.to_upstream = PATTERNS("x-user", "x-auth-*");
    x.to_client = PATTERNS("x-note");
    a = understand(&x, 200, HEADERS("x-user:joe", "x-auth-role:r", "x-else:no", "x-note:hi"),
                   STR("ok"));
    EQ_INT(a.verdict, EXT_AUTHZ_ALLOWED);
    ext_authz_apply(&a.request, &request);
    ext_authz_apply(&a.response, &response);
    has(&request.headers, "x-user", "joe");
    has(&request.headers, "x-auth-role", "r");
    has(&request.headers, "x-else", "c");
    has(&request.headers, "x-note", NULL);
    has(&response.headers, "x-note", "hi");
    has(&response.headers, "x-user", NULL);
    has(&response.headers, "x-app", "1");
}

static void allowing_answer_may_remove(void)
{
    struct model_ext_authz x = http_model();
    struct http_msg request = request_of("GET", "/p", HEADERS("x-a:1", "x-b:2", "x-c:3"));
    struct ext_authz_answer a = understand(
        &x, 200, HEADERS("x-envoy-auth-headers-to-remove:x-a, X-B,:path,host,,a b"), STR_NONE);

    EQ_INT(a.verdict, EXT_AUTHZ_ALLOWED);
    ext_authz_apply(&a.request, &request);
    has(&request.headers, "x-a", NULL);
    has(&request.headers, "x-b", NULL);
    has(&request.headers, "x-c", "3");
    is(request.path, "/p");
    is(request.authority, "shop.test");
}

static void denial_brings_all_headers_or_those_named(void)
{
    struct model_ext_authz x = http_model();

    for (int named = 0; named < 2; named++) {
        struct http_msg response = request_of("GET", "/", HEADERS("x-own:1"));
        struct ext_authz_answer a;

        if (named)
            x.on_denial = PATTERNS("x-why");
        a = understand(&x, 401,
                       HEADERS("x-why:w", "x-else:e", "www-authenticate:Basic", "location:/l",
                               "set-cookie:a=1", "set-cookie:b=2"),
                       STR("no"));
        EQ_INT(a.verdict, EXT_AUTHZ_DENIED);
        ext_authz_apply(&a.response, &response);
        has(&response.headers, "x-why", "w");
        has(&response.headers, "x-else", named ? NULL : "e");
        has(&response.headers, "set-cookie", named ? NULL : "a=1,b=2");
        has(&response.headers, "www-authenticate", "Basic");
        has(&response.headers, "location", "/l");
    }
}

/* ---- answers by gRPC ---- */

static void message_allows_or_denies(void)
{
    struct ext_authz_answer a;

    EQ_INT(understand_message(STR("")).verdict, EXT_AUTHZ_ALLOWED); /* status OK is no bytes */
    EQ_INT(understand_message(ALLOWED).verdict, EXT_AUTHZ_ALLOWED);
    EQ_INT(understand_message(OK_WITH(STR_NONE)).verdict, EXT_AUTHZ_ALLOWED);
    a = understand_message(field(1, number(1, 7)));
    EQ_INT(a.verdict, EXT_AUTHZ_DENIED);
    EQ_INT(a.status, 403);
    a = understand_message(cat(field(1, number(1, 16)),
                               field(2, cat(field(1, number(1, 401)), field(3, STR("sorry"))))));
    EQ_INT(a.verdict, EXT_AUTHZ_DENIED);
    EQ_INT(a.status, 401);
    is(a.body, "sorry");
    /* An answer that allows is not made a denial, nor the other way round, by the wrong half. */
    EQ_INT(understand_message(cat(field(1, number(1, 7)), field(3, STR_NONE))).verdict,
           EXT_AUTHZ_DENIED);
}

static void denial_status_is_one_of_final_answers(void)
{
    static const struct {
        int code, status;
    } rows[] = { { 0, 403 },   { 99, 403 },  { 100, 403 }, { 101, 403 }, { 199, 403 },
                 { 204, 204 }, { 302, 302 }, { 503, 503 }, { 600, 403 }, { 16000, 403 } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ext_authz_answer a = understand_message(
            cat(field(1, number(1, 7)), field(2, field(1, number(1, rows[i].code)))));

        NOTE("code %d", rows[i].code);
        EQ_INT(a.verdict, EXT_AUTHZ_DENIED);
        EQ_INT(a.status, rows[i].status);
    }
}

static void what_is_no_message_fails(void)
{
    struct str m = ALLOWED;
    struct model_ext_authz x = grpc_model();

    EQ_INT(understand_call(framed_as(1, m, m.len), "0").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(framed_as(0, m, m.len + 1), "0").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(STR("\0\0"), "0").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(STR_NONE, "0").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(framed_as(0, STR("\xff\xff"), 2), "0").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(framed_as(0, STR("\x0a\x7f"), 2), "0").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(framed_as(0, m, m.len), NULL).verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(framed_as(0, m, m.len), "7").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(framed_as(0, m, m.len), "").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(framed_as(0, m, m.len), "zero").verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand_call(framed_as(0, m, m.len), "0").verdict, EXT_AUTHZ_ALLOWED);
    EQ_INT(understand(&x, 503, HEADERS("a:b"), STR_NONE).verdict, EXT_AUTHZ_FAILED);
    EQ_INT(understand(&x, 0, HEADERS("a:b"), STR_NONE).verdict, EXT_AUTHZ_FAILED);
}

static void request_headers_are_set_unless_append_is_said(void)
{
    struct http_msg request =
        request_of("GET", "/", HEADERS("x-set:a", "x-set:b", "x-app:a", "x-rm:1"));
    struct str m =
        cat(field(2, option("X-Set", "new", STR_NONE)), field(2, option("x-app", "b", APPEND)));
    struct ext_authz_answer a;

    m = cat(m, cat(field(2, option("x-new", "1", STR_NONE)), field(5, STR("X-Rm"))));
    a = understand_message(OK_WITH(m));
    EQ_INT(a.verdict, EXT_AUTHZ_ALLOWED);
    ext_authz_apply(&a.request, &request);
    has(&request.headers, "x-set", "new");
    has(&request.headers, "x-app", "a,b");
    has(&request.headers, "x-new", "1");
    has(&request.headers, "x-rm", NULL);
}

static void response_headers_follow_their_action(void)
{
    static const char *const wanted[][3] = { /* action, with one there, without */
                                             { "app,new", "new" },
                                             { "app", "new" },
                                             { "new", "new" },
                                             { "new", NULL }
    };

    for (int action = 0; action < 4; action++) {
        struct str m = cat(field(6, option("x-a", "new", action ? ACTION(action) : STR_NONE)),
                           field(6, option("x-b", "new", action ? ACTION(action) : STR_NONE)));
        struct http_msg response = request_of("GET", "/", HEADERS("x-a:app"));
        struct ext_authz_answer a = understand_message(OK_WITH(m));

        NOTE("append_action %d", action);
        response.is_response = true;
        EQ_INT(a.verdict, EXT_AUTHZ_ALLOWED);
        ext_authz_apply(&a.response, &response);
        has(&response.headers, "x-a", wanted[action][0]);
        has(&response.headers, "x-b", wanted[action][1]);
    }
}

static void query_parameters_change_the_path(void)
{
    static const struct {
        const char *before, *after;
    } rows[] = { { "/p", "/p?a=1" },         { "/p?b=2", "/p?b=2&a=1" },
                 { "/p?gone=1", "/p?a=1" },  { "/p?gone=1&gone=2&b=2", "/p?b=2&a=1" },
                 { "/p?a=0&a=9", "/p?a=1" }, { "/p?ax=1", "/p?ax=1&a=1" } };
    struct str m =
        cat(field(7, cat(field(1, STR("a")), field(2, STR("1")))), field(8, STR("gone")));

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_msg request = request_of("GET", rows[i].before, HEADERS("x:y"));
        struct ext_authz_answer a = understand_message(OK_WITH(m));

        EQ_INT(a.verdict, EXT_AUTHZ_ALLOWED);
        ext_authz_apply(&a.request, &request);
        is(request.path, rows[i].after);
    }
}

/* ---- what must not get through ---- */

static void framing_is_left_alone(void)
{
    static const char *const names[] = { "transfer-encoding", "content-length",
                                         "connection",        "keep-alive",
                                         "upgrade",           "proxy-connection",
                                         "http2-settings",    "te" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str m =
            cat(field(2, option(names[i], "1", STR_NONE)), field(2, option(names[i], "2", APPEND)));
        struct http_msg head = request_of("POST", "/", HEADERS("x:y"));
        struct ext_authz_answer a;

        NOTE("%s", names[i]);
        m = cat(m, cat(field(6, option(names[i], "3", STR_NONE)), field(5, str_of(names[i]))));
        head.content_length = 5;
        a = understand_message(OK_WITH(m));
        EQ_INT(a.verdict, EXT_AUTHZ_ALLOWED);
        ext_authz_apply(&a.request, &head);
        ext_authz_apply(&a.response, &head);
        has(&head.headers, names[i], NULL);
        EQ_INT(head.content_length, 5);
        EQ_INT(head.upgrade.len, 0);
    }
}

static void broken_headers_do_not_get_in(void)
{
    static const char *const rows[][2] = { { "", "v" },          { "a b", "v" },
                                           { "a:b", "v" },       { "a\r\nb", "v" },
                                           { "x", "a\r\nb" },    { "x", "a\nb" },
                                           { ":method", "PUT" }, { ":evil", "v" },
                                           { ":scheme", "ftp" } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str o = option(rows[i][0], rows[i][1], STR_NONE);
        struct http_msg head = request_of("POST", "/", HEADERS("k:y"));
        struct ext_authz_answer a = understand_message(OK_WITH(cat(field(2, o), field(6, o))));

        NOTE("row %zu", i);
        ext_authz_apply(&a.request, &head);
        head.is_response = true;
        ext_authz_apply(&a.response, &head);
        EQ_INT(head.headers.count, 1);
        is(head.method_name, "POST");
        is(head.scheme, "http");
    }
}

static void path_and_authority_stay_ones_that_can_be_sent(void)
{
    static const char *const paths[] = { "", "/a b", "/a\r\nb", "other", "/a HTTP/1.1\r\n\r\n" };
    static const char *const hosts[] = { "a b", "a\r\nb", "" };
    struct http_msg head;
    struct ext_authz_answer a;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        head = request_of("GET", "/mine", HEADERS("k:y"));
        a = understand_message(OK_WITH(field(2, option(":path", paths[i], STR_NONE))));
        ext_authz_apply(&a.request, &head);
        is(head.path, "/mine");
    }
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        head = request_of("GET", "/mine", HEADERS("k:y"));
        a = understand_message(OK_WITH(field(2, option(":authority", hosts[i], STR_NONE))));
        ext_authz_apply(&a.request, &head);
        is(head.authority, "shop.test");
    }
    head = request_of("GET", "/mine", HEADERS("k:y"));
    a = understand_message(OK_WITH(cat(field(2, option(":path", "/other?x", STR_NONE)),
                                       field(2, option(":authority", "other.test", STR_NONE)))));
    ext_authz_apply(&a.request, &head);
    is(head.path, "/other?x");
    is(head.authority, "other.test");
}

static void in_arena(void (*run)(void))
{
    arena_init(&arena, 0);
    run();
    arena_deinit(&arena);
}

#define CASES(X)                                                                                   \
    X(question_has_prefix_path_and_host)                                                           \
    X(question_has_named_and_fixed_headers)                                                        \
    X(question_says_whether_the_body_is_whole)                                                     \
    X(call_tells_of_the_request)                                                                   \
    X(call_for_a_connection_has_no_request)                                                        \
    X(call_has_the_body_as_text_or_bytes)                                                          \
    X(status_decides)                                                                              \
    X(allowing_answer_changes_what_is_named)                                                       \
    X(allowing_answer_may_remove)                                                                  \
    X(denial_brings_all_headers_or_those_named)                                                    \
    X(message_allows_or_denies)                                                                    \
    X(denial_status_is_one_of_final_answers)                                                       \
    X(what_is_no_message_fails)                                                                    \
    X(request_headers_are_set_unless_append_is_said)                                               \
    X(response_headers_follow_their_action)                                                        \
    X(query_parameters_change_the_path)                                                            \
    X(framing_is_left_alone)                                                                       \
    X(broken_headers_do_not_get_in)                                                                \
    X(path_and_authority_stay_ones_that_can_be_sent)

#define X(name)                                                                                    \
    static void run_##name(void)                                                                   \
    {                                                                                              \
        in_arena(name);                                                                            \
    }
CASES(X)
#undef X

#define X(name) { #name, run_##name },
static const struct tap_case cases[] = { CASES(X) };
#undef X

TAP_MAIN(cases)
