#include "core/dns/dns_msg.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

#define QUESTION "\3WWW\7example\3com\0\0\1\0\1"

static const struct str plain = STR_INIT("\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION);
static const struct str with_edns =
    STR_INIT("\x12\x34\1\0\0\1\0\0\0\0\0\1" QUESTION "\0\0\x29\4\xd0\0\0\x80\0\0\0");

static void a_query_is_read(void)
{
    struct dns_msg_query q;

    if (!EQ_INT(dns_msg_decode_query(plain, &q), 0))
        return;
    EQ_INT(q.id, 0x1234);
    EQ_STR(q.name, "www.example.com");
    EQ_INT(q.name_len, 15);
    EQ_INT(q.wire_len, 17);
    EQ_INT(q.type, DNS_TYPE_A);
    EQ_INT(q.udp_bytes, 512);
    OK(q.recursion && !q.has_edns);
    if (!EQ_INT(dns_msg_decode_query(with_edns, &q), 0))
        return;
    OK(q.has_edns && q.dnssec_ok);
    EQ_INT(q.udp_bytes, 1232);
}

static void what_is_no_query_gets_no_answer(void)
{
    struct dns_msg_query q;

    EQ_INT(dns_msg_decode_query(STR(""), &q), ERR_INVALID);
    EQ_INT(dns_msg_decode_query(str_head(plain, 11), &q), ERR_INVALID);
    EQ_INT(dns_msg_decode_query(STR("\x12\x34\x81\0\0\1\0\0\0\0\0\0" QUESTION), &q), ERR_INVALID);
}

static void broken_queries_are_named(void)
{
    static const struct {
        struct str bytes;
        int err;
    } rows[] = {
        { STR_INIT("\1\2\x28\0\0\0\0\0\0\0\0\0"), ERR_UNSUPPORTED },           /* an update */
        { STR_INIT("\1\2\1\0\0\0\0\0\0\0\0\0"), ERR_PROTO },                   /* no question */
        { STR_INIT("\1\2\1\0\0\2\0\0\0\0\0\0" QUESTION QUESTION), ERR_PROTO }, /* two */
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\0\3ww"), ERR_PROTO },
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0"), ERR_PROTO },
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"), ERR_PROTO }, /* points to itself */
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\0\1a\xc0\x0c\0\1\0\1"), ERR_PROTO },
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\0\x40"
                   "a\0\0\1\0\1"),
          ERR_PROTO },
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\1\1a\0\0\1\0\1"), ERR_PROTO }, /* OPT is missing */
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\1\1a\0\0\1\0\1\0\0\x29\4\xd0\0\1\0\0\0\0"), ERR_LIMIT },
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\1\1a\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\4ab"),
          ERR_PROTO },
        { STR_INIT("\1\2\1\0\0\1\0\0\0\0\0\2\1a\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\0"
                   "\0\0\x29\4\xd0\0\0\0\0\0\0"),
          ERR_PROTO },
    };
    struct dns_msg_query q;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(dns_msg_decode_query(rows[i].bytes, &q), rows[i].err))
            NOTE("row %zu", i);
        EQ_INT(q.id, 0x0102);
    }
}

static void names_are_bounded(void)
{
    char text[600] = "\1\2\1\0\0\1\0\0\0\0\0";
    struct dns_msg_query q;
    size_t n = 12;

    for (int i = 0; i < 4; i++) { /* 4 * 64 + 1 = 257 bytes */
        text[n++] = 63;
        memset(text + n, 'a', 63);
        n += 63;
    }
    text[n++] = 0;
    memcpy(text + n, "\0\1\0\1", 4);
    EQ_INT(dns_msg_decode_query(str_make(text, n + 4), &q), ERR_PROTO);
    text[12 + 192] = 61; /* 255 bytes */
    memcpy(text + 12 + 192 + 62, "\0\0\1\0\1", 5);
    EQ_INT(dns_msg_decode_query(str_make(text, n - 2 + 4), &q), 0);
    EQ_INT(q.wire_len, 255);
    EQ_INT(q.name_len, 253);
}

static void odd_names_have_no_text(void)
{
    struct dns_msg_query q;

    EQ_INT(dns_msg_decode_query(STR("\1\2\1\0\0\1\0\0\0\0\0\0\3a.b\0\0\1\0\1"), &q), 0);
    EQ_INT(q.name_len, 0);
    EQ_INT(q.wire_len, 5);
    EQ_INT(dns_msg_decode_query(STR("\1\2\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1"), &q), 0);
    EQ_INT(q.name_len, 0);
}

static void make_addrs(struct addr out[3])
{
    addr_parse_ip(STR("10.0.0.1"), &out[0]);
    addr_parse_ip(STR("fd00::1"), &out[1]);
    addr_parse_ip(STR("10.0.0.2"), &out[2]);
}

static void an_answer_tells_addresses_of_the_type(void)
{
    static const char want[] =
        "\x12\x34\x85\x80\0\1\0\2\0\0\0\0" QUESTION "\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\x0a\0\0\2"
        "\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\x0a\0\0\1";
    struct dns_msg_answer a = { .ttl_s = 30, .count = 3, .first = 2 };
    struct addr addrs[3];
    struct dns_msg_query q;
    struct buf out;

    make_addrs(addrs);
    a.addrs = addrs;
    buf_init(&out, 0);
    dns_msg_decode_query(plain, &q);
    dns_msg_encode_answer(&q, &a, 512, &out);
    EQ_MEM(out.p, buf_len(&out), want, sizeof(want) - 1);
    buf_deinit(&out);
}

static void an_alias_stands_in_front(void)
{
    struct dns_msg_answer a = { .ttl_s = 30, .count = 3, .cname = STR("reviews") };
    struct dns_msg_record record;
    struct dns_msg_reader r;
    struct addr addrs[3];
    struct dns_msg_query q;
    struct buf out;

    make_addrs(addrs);
    a.addrs = addrs;
    buf_init(&out, 0);
    dns_msg_decode_query(with_edns, &q);
    q.type = DNS_TYPE_AAAA;
    dns_msg_encode_answer(&q, &a, 512, &out);
    EQ_INT(dns_msg_reader_init(&r, buf_str(&out)), 0);
    EQ_INT(dns_msg_next(&r, &record), 0);
    EQ_INT(record.type, DNS_TYPE_CNAME);
    EQ_STR(record.text, "www.example.com");
    OK(str_eq(record.data, STR("\7reviews\0")));
    EQ_INT(dns_msg_next(&r, &record), 0);
    EQ_INT(record.type, DNS_TYPE_AAAA);
    EQ_STR(record.text, "reviews");
    EQ_INT(record.data.len, 16);
    EQ_INT(dns_msg_next(&r, &record), 0);
    EQ_INT(record.type, DNS_TYPE_OPT);
    EQ_INT(dns_msg_next(&r, &record), ERR_NOT_FOUND);
    buf_deinit(&out);
}

static void what_is_too_long_is_cut(void)
{
    struct dns_msg_answer a = { .ttl_s = 30, .count = 100 };
    struct addr addrs[100];
    struct dns_msg_query q;
    struct buf out;

    for (int i = 0; i < 100; i++)
        addr_parse_ip(STR("10.0.0.1"), &addrs[i]);
    a.addrs = addrs;
    buf_init(&out, 0);
    dns_msg_decode_query(plain, &q);
    dns_msg_encode_answer(&q, &a, 512, &out);
    EQ_INT(buf_len(&out), plain.len);
    OK(out.p[2] & 2); /* TC */
    EQ_INT(out.p[7], 0);
    buf_deinit(&out);
}

static void errors_repeat_what_is_known(void)
{
    struct dns_msg_answer a = { .rcode = DNS_RCODE_FORMAT };
    struct dns_msg_query q;
    struct buf out;

    buf_init(&out, 0);
    dns_msg_decode_query(STR("\1\2\1\0\0\1\0\0\0\0\0\0\3ww"), &q);
    dns_msg_encode_answer(&q, &a, 512, &out);
    EQ_MEM(out.p, buf_len(&out), "\1\2\x81\x81\0\0\0\0\0\0\0\0", 12);
    buf_clear(&out);
    a.rcode = DNS_RCODE_VERSION;
    dns_msg_decode_query(with_edns, &q);
    dns_msg_encode_answer(&q, &a, 512, &out);
    EQ_INT(out.p[buf_len(&out) - 6], 1); /* the upper bits of 16 in OPT */
    buf_deinit(&out);
}

static void a_reply_must_match_its_question(void)
{
    uint8_t name[DNS_NAME_MAX_BYTES];
    struct dns_msg_answer a = { .ttl_s = 77, .count = 3 };
    struct dns_msg_query q, asked;
    struct dns_msg_reply reply;
    struct addr addrs[3];
    struct buf query, out;

    make_addrs(addrs);
    a.addrs = addrs;
    buf_init(&query, 0);
    buf_init(&out, 0);
    dns_msg_decode_query(plain, &q);
    dns_msg_mix_case(&q, 0x5555555555555555u, name);
    OK(memcmp(name, q.wire, q.wire_len) != 0);
    dns_msg_encode_query(&q, 99, name, &query);
    if (!EQ_INT(dns_msg_decode_query(buf_str(&query), &asked), 0))
        return;
    EQ_STR(asked.name, q.name);
    dns_msg_encode_answer(&asked, &a, 512, &out);
    EQ_INT(dns_msg_decode_reply(buf_str(&out), &q, 99, name, &reply), 0);
    EQ_INT(reply.ttl_s, 77);
    EQ_INT(dns_msg_decode_reply(buf_str(&out), &q, 98, name, &reply), ERR_INVALID);
    EQ_INT(dns_msg_decode_reply(buf_str(&out), &q, 99, q.wire, &reply), ERR_INVALID);
    for (size_t len = 0; len < buf_len(&out); len++)
        EQ_INT(dns_msg_decode_reply(str_head(buf_str(&out), len), &q, 99, name, &reply),
               ERR_INVALID);
    dns_msg_readdress(out.p, buf_len(&out), &q, 7);
    EQ_INT(dns_msg_decode_reply(buf_str(&out), &q, 0x1234, q.wire, &reply), 0);
    EQ_INT(reply.ttl_s, 70);
    dns_msg_readdress(out.p, buf_len(&out), &q, 700);
    EQ_INT(dns_msg_decode_reply(buf_str(&out), &q, 0x1234, q.wire, &reply), 0);
    EQ_INT(reply.ttl_s, 0);
    buf_deinit(&query);
    buf_deinit(&out);
}

static void a_negative_reply_lives_as_its_soa_says(void)
{
    struct str bytes = STR("\x12\x34\x81\x83\0\1\0\0\0\1\0\0" QUESTION
                           "\xc0\x10\0\6\0\1\0\0\1\0\0\x16\0\0" /* two root names */
                           "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\x3c");
    struct dns_msg_reply reply;
    struct dns_msg_query q;

    dns_msg_decode_query(plain, &q);
    if (!EQ_INT(dns_msg_decode_reply(bytes, &q, 0x1234, q.wire, &reply), 0))
        return;
    EQ_INT(reply.rcode, DNS_RCODE_NO_NAME);
    OK(reply.ttl_s > 0 && reply.ttl_s <= 256);
}

static void pointers_only_go_back(void)
{
    /* the record's name points forward, to itself, or in a circle */
    static const struct str rows[] = {
        STR_INIT("\1\2\x81\0\0\0\0\1\0\0\0\0\xc0\x0c\0\1\0\1\0\0\0\0\0\0"),
        STR_INIT("\1\2\x81\0\0\0\0\1\0\0\0\0\xc0\x0e\0\1\0\1\0\0\0\0\0\0"),
        STR_INIT("\1\2\x81\0\0\0\0\1\0\0\0\0\1a\xc0\x0c\0\1\0\1\0\0\0\0\0\0"),
        STR_INIT("\1\2\x81\0\0\0\0\1\0\0\0\0\xc0\x00\0\1\0\1\0\0\0\0\0\0"),
    };
    struct dns_msg_record record;
    struct dns_msg_reader r;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (EQ_INT(dns_msg_reader_init(&r, rows[i]), 0))
            EQ_INT(dns_msg_next(&r, &record), ERR_INVALID);
    }
}

#define REPLY(answers) "\1\2\x81\0\0\1\0" answers "\0\0\0\0" QUESTION

static int read_all(struct str bytes, struct dns_msg_record *last)
{
    struct dns_msg_reader r;
    int err = dns_msg_reader_init(&r, bytes);

    while (!err)
        err = dns_msg_next(&r, last);
    return err;
}

static void pointers_lead_to_names_and_nothing_else(void)
{
    static const struct {
        struct str bytes;
        const char *last; /* NULL: refused */
    } rows[] = {
        /* the question from its first label, from a later one, at its end */
        { STR_INIT(REPLY("\1") "\xc0\x0c\0\x10\0\1\0\0\0\0\0\0"), "www.example.com" },
        { STR_INIT(REPLY("\1") "\1a\xc0\x18\0\x10\0\1\0\0\0\0\0\0"), "a.com" },
        { STR_INIT(REPLY("\1") "\1a\xc0\x1c\0\x10\0\1\0\0\0\0\0\0"), "a" },
        /* into a label, into the question's type */
        { STR_INIT(REPLY("\1") "\xc0\x0d\0\x10\0\1\0\0\0\0\0\0"), NULL },
        { STR_INIT(REPLY("\1") "\xc0\x1d\0\x10\0\1\0\0\0\0\0\0"), NULL },
        /* to what a CNAME stands for (at 45), and to the pointer in it (at 47) */
        { STR_INIT(REPLY("\2") "\xc0\x0c\0\5\0\1\0\0\0\0\0\4\1b\xc0\x18"
                               "\xc0\x2d\0\1\0\1\0\0\0\0\0\4\1\2\3\4"),
          "b.com" },
        { STR_INIT(REPLY("\2") "\xc0\x0c\0\5\0\1\0\0\0\0\0\4\1b\xc0\x18"
                               "\xc0\x2f\0\1\0\1\0\0\0\0\0\4\1\2\3\4"),
          "com" },
        /* into a TTL that reads like a name (at 39), and into an address (at 45) */
        { STR_INIT(REPLY("\2") "\xc0\x0c\0\1\0\1\1a\0\0\0\4\1\2\3\4"
                               "\xc0\x27\0\1\0\1\0\0\0\0\0\4\1\2\3\4"),
          NULL },
        { STR_INIT(REPLY("\2") "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1b\0\0"
                               "\xc0\x2d\0\1\0\1\0\0\0\0\0\4\1\2\3\4"),
          NULL },
        /* a CNAME that is longer, or shorter, than its name */
        { STR_INIT(REPLY("\1") "\xc0\x0c\0\5\0\1\0\0\0\0\0\4\1b\0\0"), NULL },
        { STR_INIT(REPLY("\1") "\xc0\x0c\0\5\0\1\0\0\0\0\0\2\1b\0\0"), NULL },
    };
    struct dns_msg_record last;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int err = read_all(rows[i].bytes, &last);

        if (EQ_INT(err, rows[i].last ? ERR_NOT_FOUND : ERR_INVALID) && rows[i].last)
            EQ_STR(last.text, rows[i].last);
    }
}

static const struct tap_case cases[] = {
    { "a_query_is_read", a_query_is_read },
    { "what_is_no_query_gets_no_answer", what_is_no_query_gets_no_answer },
    { "broken_queries_are_named", broken_queries_are_named },
    { "names_are_bounded", names_are_bounded },
    { "odd_names_have_no_text", odd_names_have_no_text },
    { "an_answer_tells_addresses_of_the_type", an_answer_tells_addresses_of_the_type },
    { "an_alias_stands_in_front", an_alias_stands_in_front },
    { "what_is_too_long_is_cut", what_is_too_long_is_cut },
    { "errors_repeat_what_is_known", errors_repeat_what_is_known },
    { "a_reply_must_match_its_question", a_reply_must_match_its_question },
    { "a_negative_reply_lives_as_its_soa_says", a_negative_reply_lives_as_its_soa_says },
    { "pointers_only_go_back", pointers_only_go_back },
    { "pointers_lead_to_names_and_nothing_else", pointers_lead_to_names_and_nothing_else },
};

TAP_MAIN(cases)
