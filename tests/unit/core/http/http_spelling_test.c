#include "core/http/http_spelling.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_h1_parse.h"
#include "core/http/http_h1_write.h"
#include "tests/tap.h"

static const struct http_h1_limits limits = { 61440, 100, 32768 };

static struct arena arena;
static struct http_h1_parse parse;

static bool read_head(const char *text, bool is_response, bool keep_case, struct http_msg *out)
{
    size_t used;

    arena_init(&arena, 0);
    http_h1_parse_init(&parse, &limits, is_response);
    parse.keep_case = keep_case;
    return EQ_INT(
        http_h1_parse_head(&parse, (const uint8_t *)text, strlen(text), &used, &arena, out), 0);
}

static void end(void)
{
    http_h1_parse_deinit(&parse);
    arena_deinit(&arena);
}

static void check_request(const struct http_msg *m, const char *want)
{
    const struct http_h1_write how = { .framing = HTTP_H1_BODY_LENGTH,
                                       .connection = HTTP_H1_CONNECTION_CLOSE };
    struct buf out;

    buf_init(&out, 0);
    EQ_INT(http_h1_write_request(&out, m, &how), 0);
    EQ_STRN(buf_str(&out).p, buf_len(&out), want);
    buf_deinit(&out);
}

#define REQUEST                                                                                    \
    "POST /A:b HTTP/1.1\r\nHOST: A.test\r\nX-Id: Host: x\r\nx-ID: 2\r\nAccept: */*\r\n"            \
    "Content-LENGTH: 3\r\n\r\n"

static void names_leave_as_they_came(void)
{
    struct http_msg m;

    if (read_head(REQUEST, false, true, &m)) {
        EQ_STRN(m.headers.items[0].name.p, m.headers.items[0].name.len, "x-id");
        EQ_INT(m.headers.items[2].token, HTTP_TOKEN_ACCEPT);
        check_request(&m, "POST /A:b HTTP/1.1\r\nHOST: A.test\r\nX-Id: Host: x\r\nx-ID: 2\r\n"
                          "Accept: */*\r\nContent-LENGTH: 3\r\nconnection: close\r\n\r\n");
    }
    end();
}

static void without_it_names_are_lower_case(void)
{
    struct http_msg m;

    if (read_head(REQUEST, false, false, &m)) {
        OK(m.spelling == NULL);
        check_request(&m, "POST /A:b HTTP/1.1\r\nhost: A.test\r\nx-id: Host: x\r\nx-id: 2\r\n"
                          "accept: */*\r\ncontent-length: 3\r\nconnection: close\r\n\r\n");
    }
    end();
}

/* As with Envoy: who changes a value does not touch the name, who adds a header has no other. */
static void changes_on_the_way(void)
{
    struct http_msg m;

    if (read_head(REQUEST, false, true, &m)) {
        http_headers_set(&m.headers, STR("x-id"), STR("new"));
        http_headers_remove_token(&m.headers, HTTP_TOKEN_ACCEPT);
        http_headers_add(&m.headers, STR("x-more"), STR("1"));
        check_request(&m, "POST /A:b HTTP/1.1\r\nHOST: A.test\r\nX-Id: new\r\nx-more: 1\r\n"
                          "Content-LENGTH: 3\r\nconnection: close\r\n\r\n");
    }
    end();
}

static void copies_carry_it_along(void)
{
    struct http_headers copy;
    struct http_msg m;
    struct arena other;

    arena_init(&other, 0);
    if (read_head(REQUEST, false, true, &m)) {
        http_headers_init(&copy, &other);
        http_headers_copy(&copy, &m.headers, true);
        end(); /* what was read is gone: the copy stands alone */
        for (uint32_t i = 0; i < copy.count; i++) {
            static const char *const want[] = { "X-Id", "x-ID", "Accept" };
            struct str name = http_header_spelling(&copy.items[i]);

            EQ_STRN(name.p, name.len, want[i]);
        }
        EQ_STRN(copy.items[2].name.p, copy.items[2].name.len, "accept");
    } else {
        end();
    }
    arena_deinit(&other);
}

static void responses_too(void)
{
    const struct http_h1_write how = { .framing = HTTP_H1_BODY_CHUNKED,
                                       .date = STR("now"),
                                       .server = STR("istio-envoy") };
    struct http_msg m;
    struct buf out;

    buf_init(&out, 0);
    if (read_head("HTTP/1.1 200 OK\r\nServer: App\r\nTransfer-Encoding: chunked\r\nETag: 1\r\n\r\n",
                  true, true, &m)) {
        EQ_INT(http_h1_write_response(&out, &m, &how), 0);
        EQ_STRN(buf_str(&out).p, buf_len(&out),
                "HTTP/1.1 200 OK\r\nServer: App\r\nETag: 1\r\ndate: now\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    }
    buf_deinit(&out);
    end();
}

static void trailers_too(void)
{
    static const char body[] = "0\r\nX-Sum: 1\r\n\r\n";
    struct http_h1_piece piece = { .end = false };
    struct http_msg m;
    struct buf out;

    buf_init(&out, 0);
    if (read_head("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", false, true,
                  &m)) {
        const uint8_t *at = (const uint8_t *)body;
        size_t left = sizeof(body) - 1;

        while (left && !piece.end) {
            ssize_t used = http_h1_parse_body(&parse, at, left, &arena, &piece);

            if (!OK(used > 0))
                break;
            at += used;
            left -= (size_t)used;
        }
        if (OK(piece.trailers != NULL)) {
            EQ_INT(http_h1_write_last_chunk(&out, piece.trailers), 0);
            EQ_STRN(buf_str(&out).p, buf_len(&out), body);
        }
    }
    buf_deinit(&out);
    end();
}

static void names_are_judged_as_ever(void)
{
    struct http_msg m;
    size_t used;

    arena_init(&arena, 0);
    http_h1_parse_init(&parse, &limits, false);
    parse.keep_case = true;
    EQ_INT(http_h1_parse_head(&parse,
                              (const uint8_t *)"GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n", 37,
                              &used, &arena, &m),
           ERR_PROTO);
    end();
}

static const struct tap_case cases[] = {
    { "names_leave_as_they_came", names_leave_as_they_came },
    { "without_it_names_are_lower_case", without_it_names_are_lower_case },
    { "changes_on_the_way", changes_on_the_way },
    { "copies_carry_it_along", copies_carry_it_along },
    { "responses_too", responses_too },
    { "trailers_too", trailers_too },
    { "names_are_judged_as_ever", names_are_judged_as_ever },
};

TAP_MAIN(cases)
