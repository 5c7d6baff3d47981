/* What is written reads as the same message again, and nothing breaks out of its line. */
#include "core/http/http_h1_write.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/http/http_h1_parse.h"
#include "tests/tap.h"

static const struct http_h1_limits limits = { 61440, 100, 32768 };

static struct str pick(struct arena *a, struct random *r, const char *from, size_t max)
{
    size_t len = random_below(r, max) + 1, n = strlen(from);
    char *p = arena_alloc(a, len);

    for (size_t i = 0; i < len; i++)
        p[i] = from[random_below(r, n)];
    return str_make(p, len);
}

static void fill(struct arena *a, struct random *r, struct http_msg *m)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.!~";
    static const char value[] = "abc ABC:;,=\"\t/\\(){}\x80\xff";
    static const char path[] = "abc/?&=%.~+;:@!$'()*,-_[]|\"<>";
    uint64_t count = random_below(r, 20);
    struct str tail = pick(a, r, path, 40);

    http_msg_init(m, a);
    http_msg_set_method(m, STR("POST"));
    m->authority = STR("host.test:81");
    m->path = arena_printf(a, "/%.*s", STR_ARG(tail));
    m->content_length = (int64_t)random_below(r, 1000);
    for (uint64_t i = 0; i < count; i++) {
        struct str n;

        tail = pick(a, r, name, 20);
        n = arena_printf(a, "x%.*s", STR_ARG(tail));
        http_headers_add(&m->headers, n, str_trim(pick(a, r, value, 60)));
    }
    http_headers_add_token(&m->headers, HTTP_TOKEN_ACCEPT, STR("*/*"));
}

static void same_headers(const struct http_headers *got, const struct http_headers *want)
{
    if (!EQ_INT(got->count, want->count))
        return;
    for (uint32_t i = 0; i < got->count; i++) {
        OK(str_eq(got->items[i].name, want->items[i].name));
        OK(str_eq(got->items[i].value, want->items[i].value));
        EQ_INT(got->items[i].token, want->items[i].token);
    }
}

static void written_requests_read_the_same(void)
{
    const struct http_h1_write how = { .framing = HTTP_H1_BODY_LENGTH };
    struct random r;

    random_init(&r, 7);
    for (int i = 0; i < 2000; i++) {
        struct http_h1_parse parse;
        struct http_msg m, again;
        struct arena a;
        struct buf out;
        size_t used;

        arena_init(&a, 0);
        buf_init(&out, 0);
        fill(&a, &r, &m);
        EQ_INT(http_h1_write_request(&out, &m, &how), 0);
        http_h1_parse_init(&parse, &limits, false);
        if (EQ_INT(http_h1_parse_head(&parse, (const uint8_t *)out.p, buf_len(&out), &used, &a,
                                      &again),
                   0)) {
            EQ_INT(used, buf_len(&out));
            OK(str_eq(again.path, m.path) && str_eq(again.authority, m.authority));
            EQ_INT(again.method, m.method);
            EQ_INT(again.content_length, m.content_length);
            same_headers(&again.headers, &m.headers);
        }
        http_h1_parse_deinit(&parse);
        buf_deinit(&out);
        arena_deinit(&a);
    }
}

/* Every control byte at every place of a name, a value, a path and an authority. */
static void nothing_breaks_out_of_its_line(void)
{
    const struct http_h1_write how = { 0 };
    struct arena a;
    struct buf out;

    arena_init(&a, 0);
    buf_init(&out, 0);
    for (int c = 0; c < 0x20; c++) {
        for (size_t at = 0; at < 11; at++) {
            for (int where = 0; where < 4; where++) {
                char text[] = "/abcdefghij";
                struct str bad = str_make(text, sizeof(text) - 1);
                struct http_msg m;

                text[at] = (char)c;
                http_msg_init(&m, &a);
                http_msg_set_method(&m, STR("GET"));
                m.authority = where == 0 ? bad : STR("a");
                m.path = where == 1 ? bad : STR("/");
                if (where >= 2)
                    http_headers_add(&m.headers, where == 2 ? bad : STR("x"),
                                     where == 3 ? bad : STR("v"));
                if (!EQ_INT(http_h1_write_request(&out, &m, &how),
                            where == 3 && c == '\t' ? 0 : ERR_INVALID))
                    NOTE("byte %d at %zu of %d", c, at, where);
                buf_clear(&out);
            }
        }
    }
    buf_deinit(&out);
    arena_deinit(&a);
}

static void framing_in_the_list_is_not_written(void)
{
    const struct http_h1_write how = { .framing = HTTP_H1_BODY_CHUNKED };
    struct http_msg m;
    struct arena a;
    struct buf out;

    arena_init(&a, 0);
    buf_init(&out, 0);
    http_msg_init(&m, &a);
    m.status = 200;
    http_headers_add(&m.headers, STR("content-length"), STR("5"));
    http_headers_add(&m.headers, STR("connection"), STR("close"));
    http_headers_add(&m.headers, STR("x-a"), STR("b"));
    EQ_INT(http_h1_write_response(&out, &m, &how), 0);
    EQ_STRN(out.p, buf_len(&out),
            "HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n");
    buf_deinit(&out);
    arena_deinit(&a);
}

static void header_lists(void)
{
    struct http_headers h;
    struct arena a;

    arena_init(&a, 0);
    http_headers_init(&h, &a);
    for (int i = 0; i < 40; i++)
        http_headers_add(&h, STR("x-many"), arena_printf(&a, "%d", i % 3));
    http_headers_add(&h, STR("cookie"), STR("c"));
    http_headers_add(&h, STR("accept"), STR(""));
    OK(h.items[40].secret && h.items[40].token == HTTP_TOKEN_COOKIE);
    OK(http_headers_get(&h, HTTP_TOKEN_ACCEPT).p != NULL);
    OK(http_headers_get(&h, HTTP_TOKEN_VIA).p == NULL);
    EQ_INT(http_headers_get_all(&h, STR("x-many"), &a).len, 79);
    http_headers_set(&h, STR("x-many"), STR("one"));
    EQ_INT(h.count, 3);
    OK(str_is(http_headers_get_name(&h, STR("x-many")), "one"));
    EQ_INT(http_headers_remove_token(&h, HTTP_TOKEN_COOKIE), 1);
    EQ_INT(http_headers_remove(&h, STR("nope")), 0);
    EQ_INT(h.count, 2);
    for (int t = 1; t < HTTP_TOKEN_COUNT; t++)
        EQ_INT(http_token_of(http_token_name((enum http_token)t)), t);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "written_requests_read_the_same", written_requests_read_the_same },
    { "nothing_breaks_out_of_its_line", nothing_breaks_out_of_its_line },
    { "framing_in_the_list_is_not_written", framing_in_the_list_is_not_written },
    { "header_lists", header_lists },
};

TAP_MAIN(cases)
