#include "cmd/demo_service.h"

#include <stdio.h>

#include "cmd/demo_page.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"

#define DETAILS_MS    3000
#define REVIEWS_MS    3000
#define REVIEWS_TRIES 2
#define RATINGS_MS    10000

/* Headers of the caller that go on to the services behind: who the user is, and the trace. */
static const char *const passed_on[] = {
    "x-request-id", "traceparent", "tracestate", "b3",         "x-b3-traceid",  "x-b3-spanid",
    "x-b3-sampled", "x-b3-flags",  "end-user",   "user-agent", "authorization", "x-b3-parentspanid",
};

/* One request being answered; lives in its own memory, since the caller may go first. */
struct exchange {
    struct demo_service *service;
    struct http_stream *hs;
    struct arena arena;
    struct http_headers headers; /* to pass on */
    struct demo_page page;
    struct buf hops;
    int pending, reviews_left;
    bool gone; /* the caller is */
};

static void ignore_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    const struct exchange *x = arg;

    (void)p;
    (void)end;
    http_stream_consume(x->hs, len);
}

static void ignore_trailers(void *arg, struct http_headers *trailers)
{
    (void)arg;
    (void)trailers;
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    struct exchange *x = arg;

    (void)failure;
    x->gone = true;
}

static const struct http_stream_events events = {
    .on_body = ignore_body,
    .on_trailers = ignore_trailers,
    .on_reset = on_reset,
};

struct str demo_service_peer(struct str xfcc)
{
    struct str element = str_skip(xfcc, (size_t)(str_rchr(xfcc, ',') + 1));

    while (element.p) {
        struct str pair = str_trim(str_cut(&element, ';'));

        if (str_istarts(pair, STR("URI=")) && pair.len > 4)
            return str_skip(pair, 4);
    }
    return STR("-");
}

static struct exchange *exchange_new(struct demo_service *s, struct http_stream *hs,
                                     const struct http_msg *head)
{
    struct exchange *x = mem_alloc0(1, sizeof(*x));
    struct str xfcc = http_headers_get(&head->headers, HTTP_TOKEN_X_FORWARDED_CLIENT_CERT);
    struct str peer = demo_service_peer(xfcc);

    x->service = s;
    x->hs = hs;
    arena_init(&x->arena, 4096);
    http_headers_init(&x->headers, &x->arena);
    for (size_t i = 0; i < COUNT_OF(passed_on); i++) {
        struct str name = str_of(passed_on[i]), value = http_headers_get_name(&head->headers, name);

        if (value.p)
            http_headers_add(&x->headers, name, arena_str(&x->arena, value));
    }
    buf_init(&x->hops, DEMO_CLIENT_BODY_MAX);
    buf_printf(&x->hops, "%s-%s=%.*s", s->name, s->version, STR_ARG(peer));
    http_stream_set_events(hs, &events, x);
    return x;
}

static void exchange_free(struct exchange *x)
{
    http_stream_release(x->hs);
    buf_deinit(&x->hops);
    arena_deinit(&x->arena);
    mem_free(x);
}

struct answer {
    int status;
    const char *type;
    struct str body;
    struct str cookie; /* to set, on the way to the page; empty: an ordinary answer */
};

/* The end of x. */
static void reply(struct exchange *x, const struct answer *a)
{
    struct http_msg head;

    if (!x->gone) {
        http_msg_init(&head, &x->arena);
        head.is_response = true;
        head.status = (uint16_t)a->status;
        head.content_length = (int64_t)a->body.len;
        http_headers_add(&head.headers, STR("content-type"), str_of(a->type));
        http_headers_add(&head.headers, STR(DEMO_SERVICE_HOPS), buf_str(&x->hops));
        if (a->cookie.len) {
            http_headers_add(&head.headers, STR("set-cookie"), a->cookie);
            http_headers_add(&head.headers, STR("location"), STR("/productpage"));
        }
        if (http_stream_send_head(x->hs, &head, a->body.len == 0) == 0 && a->body.len)
            http_stream_send_bytes(x->hs, a->body.p, a->body.len, true);
    }
    exchange_free(x);
}

static void reply_json(struct exchange *x, int status, struct str body)
{
    const struct answer a = { status, "application/json", body, STR_NONE };

    reply(x, &a);
}

static void ask(struct exchange *x, const char *host, const char *path, uint32_t timeout_ms,
                demo_client_fn done)
{
    const struct demo_client_request request = { .host = str_of(host),
                                                 .port = DEMO_SERVICE_PORT,
                                                 .path = str_of(path),
                                                 .headers = &x->headers,
                                                 .timeout_ms = timeout_ms };

    demo_client_get(x->service->client, &request, done, x);
}

/* The identities that services behind this one saw. */
static void add_hops(struct exchange *x, const struct demo_client_reply *r)
{
    struct str hops = r->err ? STR_NONE : http_headers_get_name(r->headers, STR(DEMO_SERVICE_HOPS));

    if (hops.len)
        buf_printf(&x->hops, ", %.*s", STR_ARG(hops));
}

/* ---- ratings, details ---- */

static void ratings(struct exchange *x, const struct http_msg *head)
{
    (void)head;
    reply_json(x, 200, STR("{\"id\": 0, \"ratings\": {\"Reviewer1\": 5, \"Reviewer2\": 4}}\n"));
}

static void details(struct exchange *x, const struct http_msg *head)
{
    (void)head;
    reply_json(x, 200,
               STR("{\"id\": 0, \"author\": \"William Shakespeare\", \"year\": 1595, "
                   "\"type\": \"paperback\", \"pages\": 200, \"publisher\": \"PublisherA\", "
                   "\"language\": \"English\", \"ISBN-10\": \"1234567890\", "
                   "\"ISBN-13\": \"123-1234567890\"}\n"));
}

/* ---- reviews ---- */

static void reply_reviews(struct exchange *x, const char *ratings_json)
{
    const struct demo_service *s = x->service;
    const char *color = str_is(str_of(s->version), "v3") ? "red" : "black";
    struct str body = demo_page_reviews(&x->arena, s->version, color, ratings_json);

    reply_json(x, 200, body);
}

static void on_ratings(void *arg, const struct demo_client_reply *r)
{
    struct exchange *x = arg;

    add_hops(x, r);
    reply_reviews(x, r->err || r->status != 200 ? "" : arena_strz(&x->arena, r->body));
}

static void reviews(struct exchange *x, const struct http_msg *head)
{
    (void)head;
    if (str_is(str_of(x->service->version), "v1"))
        reply_reviews(x, NULL);
    else
        ask(x, "ratings", "/ratings/0", RATINGS_MS, on_ratings);
}

/* ---- productpage ---- */

static void finish_page(struct exchange *x)
{
    struct answer a = { 200, "text/html; charset=utf-8", STR_NONE, STR_NONE };
    struct buf out;

    if (--x->pending > 0)
        return;
    x->page.hops = buf_str(&x->hops);
    buf_init(&out, DEMO_CLIENT_BODY_MAX);
    demo_page_write(&x->page, &out);
    a.body = buf_str(&out);
    reply(x, &a);
    buf_deinit(&out);
}

static void on_details(void *arg, const struct demo_client_reply *r)
{
    struct exchange *x = arg;

    add_hops(x, r);
    x->page.details_status = r->err ? 0 : r->status;
    x->page.details = arena_str(&x->arena, r->body);
    finish_page(x);
}

static void on_reviews(void *arg, const struct demo_client_reply *r)
{
    struct exchange *x = arg;

    if ((r->err || r->status != 200) && --x->reviews_left > 0) {
        ask(x, "reviews", "/reviews/0", REVIEWS_MS, on_reviews);
        return;
    }
    add_hops(x, r);
    x->page.reviews_status = r->err ? 0 : r->status;
    x->page.reviews = arena_str(&x->arena, r->body);
    finish_page(x);
}

static struct str cookie_user(const struct http_msg *head)
{
    struct str rest = http_headers_get(&head->headers, HTTP_TOKEN_COOKIE);

    while (rest.p) {
        struct str value = str_trim(str_cut(&rest, ';'));

        if (str_is(str_cut(&value, '='), "user") && value.p)
            return value;
    }
    return STR_NONE;
}

static bool is_user_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = str_lower_char(s.p[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return s.len > 0 && s.len <= 64;
}

static void redirect_with_cookie(struct exchange *x, struct str cookie)
{
    const struct answer a = { 303, "text/plain", STR_NONE, cookie };

    reply(x, &a);
}

static void log_in(struct exchange *x, const struct http_msg *head)
{
    struct str rest = http_msg_query(head), user = STR_NONE;

    while (rest.p && rest.len) {
        struct str value = str_cut(&rest, '&');

        if (str_is(str_cut(&value, '='), "username"))
            user = value;
    }
    if (!is_user_name(user)) {
        const struct answer a = { 400, "text/plain", STR("username: letters and digits\n"),
                                  STR_NONE };

        reply(x, &a);
        return;
    }
    redirect_with_cookie(
        x, arena_printf(&x->arena, "user=%.*s; Path=/; HttpOnly; SameSite=Lax", STR_ARG(user)));
}

static void show_page(struct exchange *x, const struct http_msg *head)
{
    struct str user = cookie_user(head);

    if (user.p && is_user_name(user))
        http_headers_set(&x->headers, STR("end-user"), arena_str(&x->arena, user));
    x->page.user = http_headers_get_name(&x->headers, STR("end-user"));
    x->pending = 2;
    x->reviews_left = REVIEWS_TRIES;
    ask(x, "details", "/details/0", DETAILS_MS, on_details);
    ask(x, "reviews", "/reviews/0", REVIEWS_MS, on_reviews);
}

static void productpage(struct exchange *x, const struct http_msg *head)
{
    struct str path = http_msg_path_only(head);
    const struct answer not_found = { 404, "text/plain", STR("see /productpage\n"), STR_NONE };

    if (str_is(path, "/productpage"))
        show_page(x, head);
    else if (str_is(path, "/login"))
        log_in(x, head);
    else if (str_is(path, "/logout"))
        redirect_with_cookie(x, STR("user=; Path=/; Max-Age=0"));
    else
        reply(x, &not_found);
}

static const struct kind {
    const char *name;
    void (*answer)(struct exchange *x, const struct http_msg *head);
} kinds[] = {
    { "productpage", productpage },
    { "details", details },
    { "reviews", reviews },
    { "ratings", ratings },
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_is(str_of(name), kinds[i].name))
            return &kinds[i];
    }
    return NULL;
}

bool demo_service_is_name(const char *name)
{
    return find_kind(name) != NULL;
}

bool demo_service_answer(struct demo_service *s, struct http_stream *hs,
                         const struct http_msg *head)
{
    const struct kind *kind = find_kind(s->name);

    if (!kind)
        return false;
    kind->answer(exchange_new(s, hs, head), head);
    return true;
}
