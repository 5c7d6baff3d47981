#include "core/net/proxy_header.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"

static void version_1_is_read(void)
{
    struct str text = STR("PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\nGET /");
    char out[ADDR_TEXT_MAX];
    struct proxy_header h;
    size_t used = 0;

    for (size_t cut = 0; cut < 44; cut++)
        EQ_INT(proxy_header_decode(str_head(text, cut), &h, &used), ERR_AGAIN);
    if (!EQ_INT(proxy_header_decode(text, &h, &used), 0))
        return;
    EQ_INT(used, 44);
    EQ_INT(h.version, 1);
    EQ_STR(addr_format(&h.src, out), "192.0.2.1:4711");
    EQ_STR(addr_format(&h.dst, out), "198.51.100.7:443");
    EQ_INT(
        proxy_header_decode(STR("PROXY TCP6 2001:db8::1 ::ffff:10.0.0.1 1 65535\r\n"), &h, &used),
        0);
    EQ_STR(addr_format(&h.src, out), "[2001:db8::1]:1");
    EQ_STR(addr_format(&h.dst, out), "10.0.0.1:65535");
    EQ_INT(proxy_header_decode(STR("PROXY UNKNOWN ffff what ever\r\n"), &h, &used), 0);
    OK(h.is_local && h.src.family == ADDR_NONE);
}

static void broken_version_1_is_refused(void)
{
    static const char *const rows[] = {
        "PROXY TCP4 192.0.2.1 198.51.100.7 4711\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 4711 443 \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 04711 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 4711 65536\r\n",
        "PROXY TCP4 192.0.2.1  198.51.100.7 4711 443\r\n",
        "PROXY TCP4 ::1 ::1 4711 443\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.4 4711 443\r\n",
        "PROXY TCP4 a b 1 2\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.7 4711 443\r\n",
        "PROXY \r\n",
        "PROXY  \r\n",
        "GET / HTTP/1.1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 4711 443 "
        "0000000000000000000000000000000000000000000000000"
        "000000000000000000\r\n",
    };
    struct proxy_header h = { .version = 7 };
    size_t used = 99;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(proxy_header_decode(str_of(rows[i]), &h, &used), ERR_INVALID))
            NOTE("row '%s'", rows[i]);
    }
    EQ_INT(h.version, 7);
    EQ_INT(used, 99);
}

static void version_2_is_read(void)
{
    /* source 1.2.3.4:258, destination 5.6.7.8:443, TLV 2 (authority) "ab" */
    struct str bytes = STR(SIG "\x21\x11\0\x11\1\2\3\4\5\6\7\x8\1\2\1\xbb\2\0\2abrest");
    char out[ADDR_TEXT_MAX];
    struct proxy_header h;
    struct str value;
    size_t used = 0;

    for (size_t cut = 0; cut < 33; cut++)
        EQ_INT(proxy_header_decode(str_head(bytes, cut), &h, &used), ERR_AGAIN);
    if (!EQ_INT(proxy_header_decode(bytes, &h, &used), 0))
        return;
    EQ_INT(used, 33);
    EQ_STR(addr_format(&h.src, out), "1.2.3.4:258");
    EQ_STR(addr_format(&h.dst, out), "5.6.7.8:443");
    OK(proxy_header_find_tlv(&h, 2, &value));
    EQ_STRN(value.p, value.len, "ab");
    OK(!proxy_header_find_tlv(&h, 5, &value));
    EQ_INT(proxy_header_decode(STR(SIG "\x20\0\0\0"), &h, &used), 0);
    OK(h.is_local);
    EQ_INT(proxy_header_decode(STR(SIG "\x21\0\0\2xx"), &h, &used), 0);
    OK(h.is_local);
    EQ_INT(used, 18);
}

static void broken_version_2_is_refused(void)
{
    static const struct str rows[] = {
        STR_INIT(SIG "\x11\x11\0\xc............"), /* version 1 */
        STR_INIT(SIG "\x22\x11\0\xc............"), /* no such command */
        STR_INIT(SIG "\x21\x12\0\xc............"), /* UDP */
        STR_INIT(SIG "\x21\x51\0\xc............"),
        STR_INIT(SIG "\x21\x11\0\xb..........."),    /* short addresses */
        STR_INIT(SIG "\x21\x11\0\xe.............."), /* half a TLV */
        STR_INIT(SIG "\x21\x11\xff\xff"),
        STR_INIT(SIG "\x21\x11\0\x13\1\2\3\4\5\6\7\x8\1\2\1\xbb\3\0\4\0\0\0\0"), /* checksum */
    };
    struct proxy_header h;
    size_t used;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(proxy_header_decode(rows[i], &h, &used), ERR_INVALID))
            NOTE("row %zu", i);
    }
}

static void what_is_written_reads_back(void)
{
    static const char *const rows[][2] = {
        { "192.0.2.1:1", "198.51.100.7:65535" },
        { "[2001:db8::1]:80", "[fe80::1%3]:443" },
    };
    uint8_t bytes[PROXY_HEADER_OUT_BYTES];
    struct addr src, dst, none = { 0 };
    struct proxy_header h;
    size_t used, len;

    for (int version = 1; version <= 2; version++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            addr_parse(str_of(rows[i][0]), 0, &src);
            addr_parse(str_of(rows[i][1]), 0, &dst);
            len = proxy_header_encode(version, &src, &dst, bytes);
            dst.scope = 0;
            if (!EQ_INT(proxy_header_decode(str_make(bytes, len), &h, &used), 0))
                continue;
            EQ_INT(used, len);
            EQ_INT(h.version, version);
            OK(addr_eq(&h.src, &src) && addr_eq(&h.dst, &dst));
        }
        len = proxy_header_encode(version, &src, &none, bytes);
        EQ_INT(proxy_header_decode(str_make(bytes, len), &h, &used), 0);
        OK(h.is_local);
    }
}

static void a_right_checksum_is_taken(void)
{
    struct str bytes = STR(SIG "\x21\x11\0\x13\1\2\3\4\5\6\7\x8\1\2\1\xbb\3\0\4CRC?");
    char copy[64];
    struct proxy_header h;
    size_t used;
    uint32_t crc = 0xffffffffU;

    memcpy(copy, bytes.p, bytes.len);
    memset(copy + bytes.len - 4, 0, 4);
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (uint8_t)copy[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78U : crc >> 1;
    }
    crc = ~crc;
    for (size_t i = 0; i < 4; i++)
        copy[bytes.len - 4 + i] = (char)(crc >> (24 - 8 * i));
    EQ_INT(proxy_header_decode(str_make(copy, bytes.len), &h, &used), 0);
}

static const struct tap_case cases[] = {
    { "version_1_is_read", version_1_is_read },
    { "broken_version_1_is_refused", broken_version_1_is_refused },
    { "version_2_is_read", version_2_is_read },
    { "broken_version_2_is_refused", broken_version_2_is_refused },
    { "what_is_written_reads_back", what_is_written_reads_back },
    { "a_right_checksum_is_taken", a_right_checksum_is_taken },
};

TAP_MAIN(cases)
