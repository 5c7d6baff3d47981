#include "core/net/sniff.h"

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static void add_u16(struct buf *b, size_t v)
{
    buf_add_char(b, (char)(v >> 8));
    buf_add_char(b, (char)v);
}

/* A ClientHello message with these names (NULL: no such extension). */
static void make_hello(struct buf *out, const char *sni, struct str alpn, size_t padding)
{
    struct buf ext, body;

    buf_init(&ext, 0);
    buf_init(&body, 0);
    add_u16(&ext, 10); /* supported groups: something to skip */
    add_u16(&ext, padding);
    for (size_t i = 0; i < padding; i++)
        buf_add_char(&ext, 'p');
    if (sni) {
        add_u16(&ext, 0);
        add_u16(&ext, strlen(sni) + 5);
        add_u16(&ext, strlen(sni) + 3);
        buf_add_char(&ext, 0);
        add_u16(&ext, strlen(sni));
        buf_add(&ext, sni, strlen(sni));
    }
    if (alpn.len) {
        add_u16(&ext, 16);
        add_u16(&ext, alpn.len + 2);
        add_u16(&ext, alpn.len);
        buf_add_str(&ext, alpn);
    }
    buf_add(&body, "\3\3", 2);
    for (int i = 0; i < 32; i++)
        buf_add_char(&body, 'r');
    buf_add(&body, "\0", 1);
    buf_add(&body, "\0\2\x13\1", 4);
    buf_add(&body, "\1\0", 2);
    add_u16(&body, buf_len(&ext));
    buf_add_str(&body, buf_str(&ext));
    buf_add(out, "\1\0", 2);
    add_u16(out, buf_len(&body));
    buf_add_str(out, buf_str(&body));
    buf_deinit(&ext);
    buf_deinit(&body);
}

static void make_records(struct buf *out, struct str message, size_t size)
{
    while (message.len) {
        struct str part = str_head(message, size);

        buf_add(out, "\x16\3\1", 3);
        add_u16(out, part.len);
        buf_add_str(out, part);
        message = str_skip(message, part.len);
    }
}

static void a_hello_is_read_however_it_is_cut(void)
{
    static const size_t sizes[] = { 16000, 300, 7, 1 };
    struct sniff_hello hello;

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct buf message, records;
        size_t len;

        buf_init(&message, 0);
        buf_init(&records, 0);
        make_hello(&message, "Reviews.Default.svc", STR("\x2h2\x8http/1.1"), 50);
        make_records(&records, buf_str(&message), sizes[i]);
        len = buf_len(&records);
        for (size_t cut = 0; cut < len; cut++) {
            if (!EQ_INT(sniff_tls(str_head(buf_str(&records), cut), &hello), SNIFF_MORE))
                NOTE("cut %zu of %zu, records of %zu", cut, len, sizes[i]);
        }
        buf_add(&records, "behind", 6);
        if (EQ_INT(sniff_tls(buf_str(&records), &hello), SNIFF_YES)) {
            EQ_STR(hello.sni, "reviews.default.svc");
            OK(sniff_has_alpn(&hello, STR("h2")));
            OK(sniff_has_alpn(&hello, STR("http/1.1")));
            OK(!sniff_has_alpn(&hello, STR("h3")));
        }
        buf_deinit(&message);
        buf_deinit(&records);
    }
}

static enum sniff_answer sniff_message(struct buf *message, struct sniff_hello *hello)
{
    struct buf records;
    enum sniff_answer answer;

    buf_init(&records, 0);
    make_records(&records, buf_str(message), 16000);
    answer = sniff_tls(buf_str(&records), hello);
    buf_deinit(&records);
    return answer;
}

static void a_hello_without_names_is_a_hello(void)
{
    struct sniff_hello hello;
    struct buf m;

    buf_init(&m, 0);
    make_hello(&m, NULL, STR_NONE, 0);
    EQ_INT(sniff_message(&m, &hello), SNIFF_YES);
    EQ_INT(hello.sni_len, 0);
    EQ_INT(hello.alpn_len, 0);
    buf_clear(&m);
    make_hello(&m, "no host/name", STR_NONE, 0);
    EQ_INT(sniff_message(&m, &hello), SNIFF_YES);
    EQ_INT(hello.sni_len, 0);
    buf_deinit(&m);
}

static void a_broken_hello_is_no_hello(void)
{
    struct sniff_hello hello;
    struct buf m;

    buf_init(&m, 0);
    make_hello(&m, "a.b", STR("\x2h2"), 0);
    m.p[m.end - 4] = 9; /* the length of the ALPN list */
    EQ_INT(sniff_message(&m, &hello), SNIFF_NO);
    buf_clear(&m);
    make_hello(&m, "a.b", STR("\x2h2"), 17000); /* above what is taken */
    EQ_INT(sniff_message(&m, &hello), SNIFF_NO);
    buf_deinit(&m);
    EQ_INT(sniff_tls(STR("\x15"), NULL), SNIFF_NO);
    EQ_INT(sniff_tls(STR("\x16\2"), NULL), SNIFF_NO);
    EQ_INT(sniff_tls(STR("\x16\3\x10"), NULL), SNIFF_NO);
    EQ_INT(sniff_tls(STR("\x16\3\1\0\0"), NULL), SNIFF_NO);
    EQ_INT(sniff_tls(STR("\x16\3\1\xff\0"), NULL), SNIFF_NO);
    EQ_INT(sniff_tls(STR("\x16\3\1\0\4\2"), NULL), SNIFF_NO);
    EQ_INT(sniff_tls(STR("\x16\3\1\0\4\1\xff\0\0"), NULL), SNIFF_NO);
}

static void alpn_names_beyond_the_room_are_left_out(void)
{
    struct sniff_hello hello;
    struct buf m;
    struct buf alpn;

    buf_init(&m, 0);
    buf_init(&alpn, 0);
    for (int i = 0; i < 3; i++) {
        buf_add_char(&alpn, (char)200);
        for (int k = 0; k < 200; k++)
            buf_add_char(&alpn, (char)('a' + i));
    }
    buf_add_str(&alpn, STR("\x2h2"));
    make_hello(&m, NULL, buf_str(&alpn), 0);
    EQ_INT(sniff_message(&m, &hello), SNIFF_YES);
    OK(hello.alpn_len <= sizeof(hello.alpn));
    OK(sniff_has_alpn(&hello, STR("h2")));
    buf_deinit(&m);
    buf_deinit(&alpn);
}

static void http1_is_told_from_the_rest(void)
{
    static const struct {
        const char *text;
        enum sniff_answer answer;
    } rows[] = {
        { "", SNIFF_MORE },
        { "G", SNIFF_MORE },
        { "GET ", SNIFF_MORE },
        { "GET /long", SNIFF_MORE },
        { "GET / HTTP/1.", SNIFF_MORE },
        { "GET / HTTP/1.1", SNIFF_YES },
        { "GET / HTTP/1.0\r\n", SNIFF_YES },
        { "M-SEARCH * HTTP/1.1\r\n", SNIFF_YES },
        { "CONNECT a:1 HTTP/1.1\r\n", SNIFF_YES },
        { "\r", SNIFF_MORE },
        { "\r\n", SNIFF_MORE },
        { "\r\nGET / HTTP/1.1", SNIFF_YES },
        { "\r\n\r\nGET", SNIFF_NO },
        { "\rG", SNIFF_NO },
        { "GET / HTTP/2.0", SNIFF_NO },
        { "GET / HTTP/1.2", SNIFF_NO },
        { "GET /\r\n", SNIFF_NO },
        { "GET  / HTTP/1.1", SNIFF_NO },
        { " GET", SNIFF_NO },
        { "EHLO me\r\n", SNIFF_NO },
        { "PING\r\n", SNIFF_NO },
        { "\x16\x03\x01", SNIFF_NO },
        { "abcdefghijklmnopqrstuvwxyzabcdef", SNIFF_NO },
        { "GET /\x01", SNIFF_NO },
        { "PRI * HTTP/2.0\r\n", SNIFF_NO },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(sniff_http1(str_of(rows[i].text)), rows[i].answer))
            NOTE("row '%s'", rows[i].text);
    }
}

static void http10_can_be_told_from_http11(void)
{
    EQ_INT(sniff_http11(STR("GET / HTTP/1.0\r\n")), SNIFF_NO);
    EQ_INT(sniff_http11(STR("GET / HTTP/1.1\r\n")), SNIFF_YES);
    EQ_INT(sniff_http11(STR("GET / HTTP/1.")), SNIFF_MORE);
}

static void the_http2_preface_is_known(void)
{
    struct str preface = STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0");

    for (size_t i = 0; i < 24; i++)
        EQ_INT(sniff_http2(str_head(preface, i)), SNIFF_MORE);
    EQ_INT(sniff_http2(preface), SNIFF_YES);
    EQ_INT(sniff_http2(STR("PRI * HTTP/2.1")), SNIFF_NO);
    EQ_INT(sniff_http2(STR("POST")), SNIFF_NO);
}

static void proxy_signatures_are_known(void)
{
    EQ_INT(sniff_proxy(STR("PROX")), SNIFF_MORE);
    EQ_INT(sniff_proxy(STR("PROXY TCP4")), SNIFF_YES);
    EQ_INT(sniff_proxy(STR("\r\n\r\n\0")), SNIFF_MORE);
    EQ_INT(sniff_proxy(STR("\r\n\r\n\0\r\nQUIT\n!")), SNIFF_YES);
    EQ_INT(sniff_proxy(STR("POST")), SNIFF_NO);
    EQ_INT(sniff_proxy(STR("")), SNIFF_MORE);
}

static const struct tap_case cases[] = {
    { "a_hello_is_read_however_it_is_cut", a_hello_is_read_however_it_is_cut },
    { "a_hello_without_names_is_a_hello", a_hello_without_names_is_a_hello },
    { "a_broken_hello_is_no_hello", a_broken_hello_is_no_hello },
    { "alpn_names_beyond_the_room_are_left_out", alpn_names_beyond_the_room_are_left_out },
    { "http1_is_told_from_the_rest", http1_is_told_from_the_rest },
    { "http10_can_be_told_from_http11", http10_can_be_told_from_http11 },
    { "the_http2_preface_is_known", the_http2_preface_is_known },
    { "proxy_signatures_are_known", proxy_signatures_are_known },
};

TAP_MAIN(cases)
