#include "core/tls/tls_hello.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_file.h"
#include "core/tls/tls_alpn.h"
#include "tests/tap.h"

static struct buf hello_of(const char *name)
{
    char *path = mem_printf("testdata/fuzz/tls_hello/%s", name);
    struct buf b;

    buf_init(&b, 65536);
    EQ_INT(pki_file_read(path, &b), 0);
    mem_free(path);
    return b;
}

static const uint8_t *bytes(const struct buf *b)
{
    return (const uint8_t *)b->p + b->start;
}

static void names_and_protocols_are_seen(void)
{
    static const struct {
        const char *file, *sni;
        uint32_t alpn;
    } rows[] = {
        { "curl", "web.test", TLS_ALPN_H2 | TLS_ALPN_HTTP11 },
        { "istio", "outbound_.80_._.web.default.svc.cluster.local",
          TLS_ALPN_ISTIO_HTTP11 | TLS_ALPN_ISTIO | TLS_ALPN_HTTP11 },
        { "bare", "", 0 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf b = hello_of(rows[i].file);
        struct tls_hello hello;

        if (EQ_INT(tls_hello_parse(bytes(&b), buf_len(&b), &hello), 0)) {
            EQ_STR(hello.sni_text, rows[i].sni);
            EQ_INT(hello.sni_len, strlen(rows[i].sni));
            EQ_INT(hello.alpn, rows[i].alpn);
        }
        buf_deinit(&b);
    }
}

static void every_prefix_wants_more(void)
{
    struct buf b = hello_of("curl");
    struct tls_hello hello;

    for (size_t len = 0; len < buf_len(&b); len++) {
        if (!EQ_INT(tls_hello_parse(bytes(&b), len, &hello), ERR_AGAIN))
            NOTE("at %zu", len);
    }
    buf_deinit(&b);
}

/* The same message in records of `step` bytes. */
static void a_hello_may_come_in_many_records(void)
{
    struct buf b = hello_of("istio"), out;
    struct tls_hello hello;

    for (size_t step = 1; step < 200; step += 33) {
        struct str rest = str_skip(buf_str(&b), 5);

        buf_init(&out, 0);
        while (rest.len > 0) {
            struct str one = str_head(rest, step);
            const uint8_t head[] = { 22, 3, 1, 0, (uint8_t)one.len };

            buf_add(&out, head, sizeof(head));
            buf_add_str(&out, one);
            rest = str_skip(rest, one.len);
        }
        if (EQ_INT(tls_hello_parse(bytes(&out), buf_len(&out), &hello), 0))
            EQ_INT(hello.alpn & TLS_ALPN_ISTIO_ANY, TLS_ALPN_ISTIO_HTTP11 | TLS_ALPN_ISTIO);
        EQ_INT(tls_hello_parse(bytes(&out), buf_len(&out) - 1, &hello), ERR_AGAIN);
        buf_deinit(&out);
    }
    buf_deinit(&b);
}

static void what_is_no_hello_is_refused(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        int sniff, parse;
    } rows[] = {
        { "", 0, ERR_AGAIN, ERR_AGAIN },
        { "\x16", 1, ERR_AGAIN, ERR_AGAIN },
        { "\x16\x03", 2, ERR_AGAIN, ERR_AGAIN },
        { "\x16\x03\x01", 3, 0, ERR_AGAIN },
        { "GET", 3, ERR_PROTO, ERR_TLS },
        { "P", 1, ERR_PROTO, ERR_TLS },
        { "\x16\x02", 2, ERR_PROTO, ERR_TLS },
        { "\x16\x03\x05", 3, ERR_PROTO, ERR_TLS },
        { "\x16\x03\x01\0\0", 5, 0, ERR_TLS },             /* an empty record */
        { "\x16\x03\x01\0\x04\x02\0\0\0", 9, 0, ERR_TLS }, /* a ServerHello */
        { "\x16\x03\x01\0\x04\x01\xff\xff\xff", 9, 0, ERR_LIMIT },
        { "\x16\x03\x01\0\x05\x01\0\0\x01\0", 10, 0, ERR_TLS },
    };
    struct tls_hello hello;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const uint8_t *p = (const uint8_t *)rows[i].bytes;

        if (!EQ_INT(tls_hello_sniff(p, rows[i].len), rows[i].sniff) ||
            !EQ_INT(tls_hello_parse(p, rows[i].len, &hello), rows[i].parse))
            NOTE("row %zu", i);
    }
}

static void protocol_lists_go_to_the_wire_and_back(void)
{
    static const struct str list[] = { STR_INIT("h2"), STR_INIT("mesh-h2"), STR_INIT("my/1") };
    uint8_t wire[TLS_ALPN_WIRE_MAX];
    char big[200];
    struct str bad;
    int len = tls_alpn_to_wire(list, 3, wire);

    EQ_INT(len, 3 + 8 + 5);
    EQ_INT(tls_alpn_set_of_wire(wire, (size_t)len), TLS_ALPN_H2 | TLS_ALPN_MESH | TLS_ALPN_OTHER);
    EQ_INT(tls_alpn_set_of_wire(wire, (size_t)len - 1), TLS_ALPN_H2 | TLS_ALPN_MESH);
    bad = STR("");
    EQ_INT(tls_alpn_to_wire(&bad, 1, wire), ERR_INVALID);
    memset(big, 'x', sizeof(big));
    bad = str_make(big, sizeof(big));
    EQ_INT(tls_alpn_to_wire(&bad, 1, wire), ERR_LIMIT);
}

static const struct tap_case cases[] = {
    { "names_and_protocols_are_seen", names_and_protocols_are_seen },
    { "every_prefix_wants_more", every_prefix_wants_more },
    { "a_hello_may_come_in_many_records", a_hello_may_come_in_many_records },
    { "what_is_no_hello_is_refused", what_is_no_hello_is_refused },
    { "protocol_lists_go_to_the_wire_and_back", protocol_lists_go_to_the_wire_and_back },
};

TAP_MAIN(cases)
