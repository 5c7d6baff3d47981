#include "core/net/addr.h"

#include <arpa/inet.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static void text_forms_round_trip(void)
{
    static const char *const rows[][2] = {
        { "10.0.0.1:80", "10.0.0.1:80" },
        { "10.0.0.1", "10.0.0.1:7" },
        { "[::1]:80", "[::1]:80" },
        { "[::1]", "[::1]:7" },
        { "::1", "[::1]:7" },
        { "2001:DB8::1", "[2001:db8::1]:7" },
        { "[fe80::1%1]:443", "[fe80::1%1]:443" },
        { "::ffff:10.1.2.3", "10.1.2.3:7" },
        { "[::ffff:10.1.2.3]:65535", "10.1.2.3:65535" },
        { "0.0.0.0:0", "0.0.0.0:0" },
        { "unix:/run/x.sock", "unix:/run/x.sock" },
        { "unix:@mesh/1", "unix:@mesh/1" },
    };
    char text[ADDR_TEXT_MAX];
    struct addr a;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (EQ_INT(addr_parse(str_of(rows[i][0]), 7, &a), 0))
            EQ_STR(addr_format(&a, text), rows[i][1]);
    }
}

static void what_is_no_address_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "localhost",
        "10.0.0",
        "10.0.0.1:",
        "10.0.0.1:65536",
        "10.0.0.1:-1",
        "10.0.0.1:+1",
        "10.0.0.1: 1",
        "10.0.0.1:080000",
        "256.0.0.1",
        "[::1",
        "[::1]80",
        "[10.0.0.1]:1",
        "::1::2",
        "[]:80",
        "unix:",
        "010.0.0.1",
        "1.2.3.4%1",
        "fe80::1%",
        "fe80::1%no-such-if0",
        ":80",
    };
    struct addr a = { .family = ADDR_NONE };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(addr_parse(str_of(rows[i]), 7, &a), ERR_INVALID))
            NOTE("row '%s'", rows[i]);
    }
    EQ_INT(addr_parse(str_make("1.2.3.4\0005", 9), 0, &a), ERR_INVALID);
    EQ_INT(addr_parse(str_make("unix:/a\0b", 9), 0, &a), ERR_INVALID);
    EQ_INT(a.family, ADDR_NONE);
}

static void unix_path_length_is_bounded(void)
{
    char text[5 + 108 + 1] = "unix:";
    struct addr a;
    char out[ADDR_TEXT_MAX];

    memset(text + 5, 'x', 108);
    EQ_INT(addr_parse(str_make(text, 5 + 108), 0, &a), ERR_INVALID);
    if (EQ_INT(addr_parse(str_make(text, 5 + 107), 0, &a), 0))
        EQ_INT(strlen(addr_format(&a, out)), 112);
}

static void sockaddr_round_trips(void)
{
    static const char *const rows[] = { "10.0.0.1:80", "[2001:db8::1]:80", "[fe80::1%2]:1",
                                        "unix:/run/x.sock", "unix:@name" };
    struct sockaddr_storage ss;
    struct addr a, b;
    socklen_t len;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(addr_parse(str_of(rows[i]), 0, &a), 0))
            continue;
        len = addr_to_sockaddr(&a, &ss);
        OK(len > 0);
        EQ_INT(addr_from_sockaddr((struct sockaddr *)&ss, len, &b), 0);
        OK(addr_eq(&a, &b));
        EQ_UINT(addr_hash(&a), addr_hash(&b));
    }
    EQ_INT(addr_from_sockaddr((struct sockaddr *)&ss, 1, &b), ERR_INVALID);
    ss.ss_family = AF_PACKET;
    EQ_INT(addr_from_sockaddr((struct sockaddr *)&ss, sizeof(ss), &b), ERR_INVALID);
}

static void mapped_ipv6_becomes_ipv4(void)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
    struct addr a, want;

    inet_pton(AF_INET6, "::ffff:192.0.2.7", &in6.sin6_addr);
    EQ_INT(addr_from_sockaddr((struct sockaddr *)&in6, sizeof(in6), &a), 0);
    addr_parse(STR("192.0.2.7:9"), 0, &want);
    OK(addr_eq(&a, &want));
}

static void equality_looks_at_port_and_family(void)
{
    struct addr a, b, c;

    addr_parse(STR("10.0.0.1:80"), 0, &a);
    addr_parse(STR("10.0.0.1:81"), 0, &b);
    addr_parse(STR("[a00:1::]:80"), 0, &c);
    OK(!addr_eq(&a, &b));
    OK(addr_eq_ip(&a, &b));
    OK(!addr_eq_ip(&a, &c));
    OK(addr_hash(&a) != addr_hash(&b));
}

static void loopback_and_any_are_known(void)
{
    struct addr a;

    addr_parse(STR("127.9.9.9"), 0, &a);
    OK(addr_is_loopback(&a));
    addr_parse(STR("::1"), 0, &a);
    OK(addr_is_loopback(&a) && !addr_is_any(&a));
    addr_parse(STR("::"), 0, &a);
    OK(addr_is_any(&a) && !addr_is_loopback(&a));
    addr_parse(STR("0.0.0.0"), 0, &a);
    OK(addr_is_any(&a));
    addr_parse(STR("unix:/x"), 0, &a);
    OK(!addr_is_any(&a) && !addr_is_loopback(&a));
}

static void networks_hold_their_addresses(void)
{
    static const struct {
        const char *net, *ip;
        bool in;
    } rows[] = {
        { "10.0.0.0/8", "10.255.0.1", true },
        { "10.0.0.0/8", "11.0.0.0", false },
        { "10.1.2.3/8", "10.9.9.9", true },
        { "10.0.0.1", "10.0.0.1", true },
        { "10.0.0.1", "10.0.0.2", false },
        { "0.0.0.0/0", "1.2.3.4", true },
        { "0.0.0.0/0", "::1", false },
        { "10.0.0.128/25", "10.0.0.127", false },
        { "10.0.0.128/25", "10.0.0.129", true },
        { "fd00::/8", "fdff::1", true },
        { "fd00::/7", "fc00::1", true },
        { "fd00::/9", "fdff::1", false },
        { "::/0", "::1", true },
        { "::ffff:10.0.0.0/104", "10.3.4.5", true },
    };
    struct addr_net net;
    struct addr a;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(addr_net_parse(str_of(rows[i].net), &net), 0) ||
            !EQ_INT(addr_parse_ip(str_of(rows[i].ip), &a), 0))
            continue;
        if (!EQ_INT(addr_net_has(&net, &a), rows[i].in))
            NOTE("%s in %s", rows[i].ip, rows[i].net);
    }
}

static void bad_networks_are_refused(void)
{
    static const char *const rows[] = {
        "",         "10.0.0.0/33", "10.0.0.0/",         "10.0.0.0/-1", "fd00::/129",
        "10.0.0/8", "/8",          "::ffff:1.2.3.4/95", "1.2.3.4/0008"
    };
    struct addr_net net;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(addr_net_parse(str_of(rows[i]), &net), ERR_INVALID))
            NOTE("row '%s'", rows[i]);
    }
}

static const struct tap_case cases[] = {
    { "text_forms_round_trip", text_forms_round_trip },
    { "what_is_no_address_is_refused", what_is_no_address_is_refused },
    { "unix_path_length_is_bounded", unix_path_length_is_bounded },
    { "sockaddr_round_trips", sockaddr_round_trips },
    { "mapped_ipv6_becomes_ipv4", mapped_ipv6_becomes_ipv4 },
    { "equality_looks_at_port_and_family", equality_looks_at_port_and_family },
    { "loopback_and_any_are_known", loopback_and_any_are_known },
    { "networks_hold_their_addresses", networks_hold_their_addresses },
    { "bad_networks_are_refused", bad_networks_are_refused },
};

TAP_MAIN(cases)
