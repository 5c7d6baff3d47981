#include "core/dns/dns_server.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/net/sock.h"
#include "core/net/stream_tcp.h"
#include "tests/tap.h"
#include "tests/unit/support/stream_sink.h"

static struct worker worker;

/* Two servers: the near one is tested and passes on to the far one. */
struct rig {
    struct dns_server *near, *far;
    int fd; /* a UDP client of the near one */
    char reply[4096];
    size_t reply_len;
    int far_calls;
    enum dns_server_verdict far_verdict;
};

static struct addr many[40];

static enum dns_server_verdict near_knows(void *arg, struct str name, struct dns_server_found *out)
{
    static struct addr two[2];

    (void)arg;
    if (str_is(name, "reviews.default")) {
        addr_parse_ip(STR("240.240.0.1"), &two[0]);
        addr_parse_ip(STR("2001:2::1"), &two[1]);
        out->addrs = two;
        out->count = 2;
        return DNS_SERVER_KNOWN;
    }
    if (str_is(name, "only4.default")) {
        out->addrs = two;
        out->count = 1;
        return DNS_SERVER_KNOWN;
    }
    if (str_is(name, "many.default")) {
        for (size_t i = 0; i < COUNT_OF(many); i++)
            addr_parse_ip(STR("10.0.0.1"), &many[i]);
        out->addrs = many;
        out->count = COUNT_OF(many);
        return DNS_SERVER_KNOWN;
    }
    return str_is(name, "nothing.default") ? DNS_SERVER_NO_NAME : DNS_SERVER_UNKNOWN;
}

static enum dns_server_verdict far_knows(void *arg, struct str name, struct dns_server_found *out)
{
    static struct addr one;
    struct rig *r = arg;

    r->far_calls++;
    if (!str_ends(name, STR("example.com")))
        return DNS_SERVER_NO_NAME;
    addr_parse_ip(STR("192.0.2.7"), &one);
    out->addrs = &one;
    out->count = 1;
    out->ttl_s = 100;
    return r->far_verdict;
}

static bool rig_open(struct rig *r, uint32_t timeout_ms)
{
    static const char *const search[] = { "Default.svc.cluster.local", "svc.cluster.local" };
    struct dns_server_options o = { .resolv_conf = "" };
    struct sockaddr_storage ss;
    socklen_t len;

    *r = (struct rig){ .far_verdict = DNS_SERVER_KNOWN };
    EQ_INT(worker_init(&worker, 0, 1), 0);
    addr_parse(STR("127.0.0.1:0"), 0, &o.at);
    if (!EQ_INT(dns_server_open(&worker, &o, far_knows, r, &r->far), 0))
        return false;
    o.forward.servers[0] = *dns_server_addr(r->far);
    o.forward.server_count = 1;
    o.forward.timeout_ms = timeout_ms;
    o.search = search;
    o.search_count = 2;
    if (!EQ_INT(dns_server_open(&worker, &o, near_knows, r, &r->near), 0))
        return false;
    EQ_INT(sock_open(&o.at, SOCK_DGRAM, &r->fd), 0);
    len = addr_to_sockaddr(dns_server_addr(r->near), &ss);
    return EQ_INT(connect(r->fd, (struct sockaddr *)&ss, len), 0);
}

static void rig_close(struct rig *r)
{
    close(r->fd);
    dns_server_close(r->near);
    dns_server_close(r->far);
    worker_deinit(&worker);
}

static bool has_reply(void *arg)
{
    struct rig *r = arg;
    ssize_t n = recv(r->fd, r->reply, sizeof(r->reply), MSG_DONTWAIT);

    r->reply_len = n > 0 ? (size_t)n : 0;
    return n > 0;
}

static size_t make_query(const char *name, uint16_t type, uint16_t id, uint8_t *out)
{
    static const uint8_t head[12] = { 0, 0, 1, 0, 0, 1 };
    size_t len;

    memcpy(out, head, sizeof(head));
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    len = 12 + dns_msg_name_to_wire(str_of(name), out + 12);
    out[len++] = 0;
    out[len++] = (uint8_t)type;
    out[len++] = 0;
    out[len++] = 1;
    return len;
}

/* Asks by UDP; the reply's "rcode answers: type data ..." as text. */
static const char *ask(struct rig *r, const char *name, uint16_t type)
{
    static char text[2048];
    struct dns_msg_record record;
    struct dns_msg_reader reader;
    uint8_t query[512];
    char ip[ADDR_TEXT_MAX];
    size_t len = make_query(name, type, 77, query), n;

    EQ_INT(send(r->fd, query, len, 0), len);
    if (worker_run_until(&worker, has_reply, r, 30000) != 0)
        return "no reply";
    if (dns_msg_reader_init(&reader, str_make(r->reply, r->reply_len)) != 0 || r->reply[1] != 77)
        return "no message";
    n = (size_t)snprintf(text, sizeof(text), "%d%s", r->reply[3] & 15,
                         r->reply[2] & 2 ? " tc" : "");
    while (dns_msg_next(&reader, &record) == 0 && n < sizeof(text) - 200) {
        struct addr a = { .family = record.type == DNS_TYPE_A ? ADDR_IPV4 : ADDR_IPV6 };

        if (record.type == DNS_TYPE_CNAME) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, " alias");
            continue;
        }
        memcpy(a.ip, record.data.p, record.data.len);
        n += (size_t)snprintf(text + n, sizeof(text) - n, " %s/%u", addr_format_ip(&a, ip),
                              record.ttl_s);
    }
    return text;
}

static void known_names_are_answered(void)
{
    struct dns_server_counts counts;
    struct rig r;

    if (!rig_open(&r, 0))
        return;
    EQ_STR(ask(&r, "reviews.default", DNS_TYPE_A), "0 240.240.0.1/30");
    EQ_STR(ask(&r, "Reviews.DEFAULT", DNS_TYPE_AAAA), "0 2001:2::1/30");
    EQ_STR(ask(&r, "only4.default", DNS_TYPE_A), "0 240.240.0.1/30");
    EQ_STR(ask(&r, "only4.default", DNS_TYPE_AAAA), "0"); /* no failure */
    EQ_STR(ask(&r, "nothing.default", DNS_TYPE_A), "3");
    EQ_INT(r.far_calls, 0);
    dns_server_get_counts(r.near, &counts);
    EQ_UINT(counts.queries, 5);
    EQ_UINT(counts.answered, 5);
    rig_close(&r);
}

static void a_search_domain_behind_a_known_name_is_an_alias(void)
{
    struct rig r;

    if (!rig_open(&r, 0))
        return;
    EQ_STR(ask(&r, "reviews.default.default.svc.cluster.local", DNS_TYPE_A),
           "0 alias 240.240.0.1/30");
    EQ_STR(ask(&r, "reviews.default.svc.cluster.local", DNS_TYPE_A), "0 alias 240.240.0.1/30");
    EQ_STR(ask(&r, "other.default.svc.cluster.local", DNS_TYPE_A), "3"); /* the far one says so */
    rig_close(&r);
}

static void other_names_are_passed_on_and_kept(void)
{
    struct rig r;

    if (!rig_open(&r, 0))
        return;
    EQ_STR(ask(&r, "www.example.com", DNS_TYPE_A), "0 192.0.2.7/100");
    EQ_INT(r.far_calls, 1);
    EQ_STR(ask(&r, "WWW.example.com", DNS_TYPE_A), "0 192.0.2.7/100");
    EQ_MEM(r.reply + 13, 3, "WWW", 3);
    EQ_INT(r.far_calls, 1);
    clock_freeze(clock_ns(), 0);
    clock_advance_ms(40 * 1000);
    EQ_STR(ask(&r, "www.example.com", DNS_TYPE_A), "0 192.0.2.7/60");
    EQ_INT(r.far_calls, 1);
    clock_advance_ms(61 * 1000);
    EQ_STR(ask(&r, "www.example.com", DNS_TYPE_A), "0 192.0.2.7/100");
    EQ_INT(r.far_calls, 2);
    clock_thaw();
    EQ_STR(ask(&r, "www.example.com", DNS_TYPE_AAAA), "0");
    EQ_INT(r.far_calls, 3);
    rig_close(&r);
}

static void a_silent_server_is_given_up(void)
{
    struct rig r;

    if (!rig_open(&r, 30))
        return;
    dns_server_close(r.far);
    r.far = NULL;
    EQ_STR(ask(&r, "www.example.com", DNS_TYPE_A), "2");
    rig_close(&r);
}

static void a_server_that_refuses_is_the_last_word_of_one(void)
{
    struct rig r;

    if (!rig_open(&r, 0))
        return;
    r.far_verdict = DNS_SERVER_REFUSED;
    EQ_STR(ask(&r, "www.example.com", DNS_TYPE_A), "5");
    r.far_verdict = DNS_SERVER_KNOWN;
    EQ_STR(ask(&r, "www.example.com", DNS_TYPE_A), "0 192.0.2.7/100"); /* not kept */
    rig_close(&r);
}

static void nonsense_is_answered_or_dropped(void)
{
    struct dns_server_counts counts;
    struct rig r;

    if (!rig_open(&r, 0))
        return;
    EQ_INT(send(r.fd, "\0\1\1\0\0\1\0\0\0\0\0\0\3ww", 15, 0), 15);
    EQ_INT(worker_run_until(&worker, has_reply, &r, 30000), 0);
    EQ_INT(r.reply[3] & 15, DNS_RCODE_FORMAT);
    send(r.fd, "short", 5, 0);
    send(r.fd, "\0\1\x81\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, 0); /* a reply */
    EQ_INT(worker_run_until(&worker, has_reply, &r, 30), ERR_TIMEOUT);
    dns_server_get_counts(r.near, &counts);
    EQ_UINT(counts.dropped, 2);
    rig_close(&r);
}

static void add_tcp_query(struct buf *out, const char *name, uint16_t id)
{
    uint8_t query[512];
    size_t len = make_query(name, DNS_TYPE_A, id, query);

    buf_add_char(out, (char)(len >> 8));
    buf_add_char(out, (char)len);
    buf_add(out, query, len);
}

static void tcp_answers_what_udp_cuts(void)
{
    struct stream_sink sink = { 0 };
    struct stream *s;
    struct buf out;
    struct rig r;
    size_t first;

    if (!rig_open(&r, 0))
        return;
    EQ_STR(ask(&r, "many.default", DNS_TYPE_A), "0 tc");
    if (!EQ_INT(stream_tcp_connect(&worker, dns_server_addr(r.near), NULL, &s), 0))
        return;
    stream_sink_listen(&sink, s);
    buf_init(&out, 0);
    add_tcp_query(&out, "many.default", 1);
    add_tcp_query(&out, "www.example.com", 2); /* by TCP to the far one, too */
    stream_write_bytes(s, out.p, 5);
    stream_sink_idle(&worker, 10);
    stream_write_bytes(s, out.p + 5, buf_len(&out) - 5);
    stream_shutdown(s); /* the answers come all the same */
    OK(stream_sink_wait_eof(&worker, &sink));
    first = (size_t)(uint8_t)sink.in.p[0] << 8 | (uint8_t)sink.in.p[1];
    EQ_INT(first, 12 + 14 + 4 + 40 * 16);
    EQ_INT(sink.in.p[9], 40);
    OK(buf_len(&sink.in) > first + 4 + 12);
    EQ_INT(sink.in.p[first + 2 + 2 + 1], 2);
    EQ_INT(sink.in.p[first + 2 + 2 + 7], 1);
    stream_close(s);
    buf_deinit(&out);
    stream_sink_deinit(&sink);
    rig_close(&r);
}

static void a_tcp_client_that_floods_or_sleeps_is_dropped(void)
{
    struct stream_sink sink = { 0 };
    struct stream *s;
    struct rig r;

    if (!rig_open(&r, 0))
        return;
    if (!EQ_INT(stream_tcp_connect(&worker, dns_server_addr(r.near), NULL, &s), 0))
        return;
    stream_sink_listen(&sink, s);
    stream_write_bytes(s, "\xff\xff", 2);
    OK(stream_sink_wait_eof(&worker, &sink));
    stream_close(s);
    if (!EQ_INT(stream_tcp_connect(&worker, dns_server_addr(r.near), NULL, &s), 0))
        return;
    stream_sink_attach(&sink, s);
    OK(stream_sink_wait_ready(&worker, &sink));
    stream_sink_idle(&worker, 5);
    clock_freeze(clock_ns(), 0);
    clock_advance_ms(10100);
    OK(stream_sink_wait_eof(&worker, &sink));
    clock_thaw();
    stream_close(s);
    rig_close(&r);
}

static void closing_drops_questions_under_way(void)
{
    uint8_t query[512];
    struct rig r;
    size_t len;

    if (!rig_open(&r, 0))
        return;
    len = make_query("www.example.com", DNS_TYPE_A, 1, query);
    send(r.fd, query, len, 0);
    uv_run(&worker.loop, UV_RUN_ONCE);
    rig_close(&r);
}

static void resolv_conf_is_read(void)
{
    char path[] = "/tmp/mesh-resolv-XXXXXX", text[ADDR_TEXT_MAX];
    static const char conf[] = "# made by hand\nsearch old.example\nnameserver 10.0.0.10\n"
                               "nameserver\tfd00::10  \nnameserver bad\noptions ndots:5\n"
                               "search a.b  c.d\te.f\n";
    struct dns_forward_options o;
    char *search[2];
    int fd = mkstemp(path);

    EQ_INT(write(fd, conf, sizeof(conf) - 1), sizeof(conf) - 1);
    close(fd);
    EQ_INT(dns_forward_read_conf(path, &o, search, 2), 2);
    EQ_INT(o.server_count, 2);
    EQ_STR(addr_format(&o.servers[0], text), "10.0.0.10:53");
    EQ_STR(addr_format(&o.servers[1], text), "[fd00::10]:53");
    EQ_STR(search[0], "a.b");
    EQ_STR(search[1], "c.d");
    mem_free(search[0]);
    mem_free(search[1]);
    unlink(path);
    EQ_INT(dns_forward_read_conf(path, &o, search, 2), 0);
    EQ_INT(o.server_count, 0);
}

static const struct tap_case cases[] = {
    { "known_names_are_answered", known_names_are_answered },
    { "a_search_domain_behind_a_known_name_is_an_alias",
      a_search_domain_behind_a_known_name_is_an_alias },
    { "other_names_are_passed_on_and_kept", other_names_are_passed_on_and_kept },
    { "a_silent_server_is_given_up", a_silent_server_is_given_up },
    { "a_server_that_refuses_is_the_last_word_of_one",
      a_server_that_refuses_is_the_last_word_of_one },
    { "nonsense_is_answered_or_dropped", nonsense_is_answered_or_dropped },
    { "tcp_answers_what_udp_cuts", tcp_answers_what_udp_cuts },
    { "a_tcp_client_that_floods_or_sleeps_is_dropped",
      a_tcp_client_that_floods_or_sleeps_is_dropped },
    { "closing_drops_questions_under_way", closing_drops_questions_under_way },
    { "resolv_conf_is_read", resolv_conf_is_read },
};

TAP_MAIN(cases)
