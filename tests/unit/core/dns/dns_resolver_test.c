#include "core/dns/dns_resolver.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/dns/dns_server.h"
#include "tests/tap.h"
#include "tests/unit/support/stream_sink.h"

static struct worker worker;

struct rig {
    struct dns_server *server;
    struct dns_resolver *resolver;
    int calls; /* questions that reached the server */
    bool is_silent;
    char hosts[32];
};

/* One caller. */
struct caller {
    int done, err;
    const struct dns_addrs *addrs;
};

static enum dns_server_verdict knows(void *arg, struct str name, struct dns_server_found *out)
{
    static struct addr two[2];
    struct rig *r = arg;

    r->calls++;
    addr_parse_ip(STR("192.0.2.7"), &two[0]);
    addr_parse_ip(STR("2001:db8::7"), &two[1]);
    out->addrs = two;
    out->ttl_s = 60;
    if (str_is(name, "both.example.com"))
        out->count = 2;
    else if (str_is(name, "four.example.com"))
        out->count = 1;
    else
        return r->is_silent ? DNS_SERVER_UNKNOWN : DNS_SERVER_NO_NAME;
    return DNS_SERVER_KNOWN;
}

static bool rig_open(struct rig *r, struct dns_resolver_options o)
{
    static const char hosts[] = "10.1.1.1 Alpha alpha.local # a comment\n\n# more\n"
                                "fd00::1\talpha\nnonsense beta\n10.1.1.2\tgamma\t delta.\n";
    struct dns_server_options so = { .resolv_conf = "" };
    char text[ADDR_TEXT_MAX];
    int fd;

    *r = (struct rig){ .hosts = "/tmp/mesh-hosts-XXXXXX" };
    fd = mkstemp(r->hosts);
    EQ_INT(write(fd, hosts, sizeof(hosts) - 1), sizeof(hosts) - 1);
    close(fd);
    EQ_INT(worker_init(&worker, 0, 1), 0);
    addr_parse(STR("127.0.0.1:0"), 0, &so.at);
    so.forward.servers[0] = so.at;
    so.forward.servers[0].port = 1;
    if (!EQ_INT(dns_server_open(&worker, &so, knows, r, &r->server), 0))
        return false;
    o.servers = addr_format(dns_server_addr(r->server), text);
    o.hosts_file = r->hosts;
    return EQ_INT(dns_resolver_new(&worker, &o, &r->resolver), 0);
}

static void rig_close(struct rig *r)
{
    dns_resolver_free(r->resolver);
    dns_server_close(r->server);
    worker_deinit(&worker);
    unlink(r->hosts);
}

static void on_done(void *arg, int err, const struct dns_addrs *addrs)
{
    struct caller *c = arg;

    c->done++;
    c->err = err;
    c->addrs = addrs ? dns_addrs_ref(addrs) : NULL;
}

static bool is_done(void *arg)
{
    return ((struct caller *)arg)->done > 0;
}

static void start(struct rig *r, struct caller *c, const char *name, enum dns_family family)
{
    *c = (struct caller){ 0 };
    dns_resolver_start(r->resolver, str_of(name), family, on_done, c);
    EQ_INT(c->done, 0); /* never inside the call */
}

/* "err", or the addresses in their order. */
static const char *resolve(struct rig *r, const char *name, enum dns_family family)
{
    static char text[512];
    char one[ADDR_TEXT_MAX];
    struct caller c;
    size_t n = 0;

    start(r, &c, name, family);
    if (worker_run_until(&worker, is_done, &c, 30000) != 0)
        return "no answer";
    if (c.err != 0)
        return error_text(c.err);
    for (size_t i = 0; i < c.addrs->count; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? " " : "",
                              addr_format_ip(&c.addrs->list[i], one));
    dns_addrs_unref(c.addrs);
    return text;
}

static void dn_4_names_are_asked_for_and_kept_for_their_ttl(void)
{
    const char *text;
    struct rig r;
    int calls;

    if (!rig_open(&r, (struct dns_resolver_options){ 0 }))
        return;
    text = resolve(&r, "both.example.com", DNS_FAMILY_ANY);
    HAS_STR(text, "192.0.2.7");
    HAS_STR(text, "2001:db8::7");
    calls = r.calls;
    OK(calls >= 2);
    text = resolve(&r, "BOTH.example.com.", DNS_FAMILY_ANY);
    HAS_STR(text, "192.0.2.7");
    HAS_STR(text, "2001:db8::7");
    EQ_INT(r.calls, calls);
    OK(dns_resolver_peek(r.resolver, STR("both.example.com"), DNS_FAMILY_ANY));
    OK(!dns_resolver_peek(r.resolver, STR("both.example.com"), DNS_FAMILY_IPV6));
    EQ_STR(resolve(&r, "both.example.com", DNS_FAMILY_IPV6), "2001:db8::7");
    EQ_STR(resolve(&r, "four.example.com", DNS_FAMILY_IPV4), "192.0.2.7");
    EQ_STR(resolve(&r, "four.example.com", DNS_FAMILY_ANY), "192.0.2.7");
    calls = r.calls;
    clock_freeze(clock_ns(), 0);
    clock_advance_ms(61 * 1000);
    stream_sink_idle(&worker, 10);
    OK(!dns_resolver_peek(r.resolver, STR("both.example.com"), DNS_FAMILY_ANY));
    clock_thaw();
    dns_resolver_flush(r.resolver);
    EQ_STR(resolve(&r, "four.example.com", DNS_FAMILY_IPV4), "192.0.2.7");
    OK(r.calls > calls);
    rig_close(&r);
}

static void failures_are_kept_for_a_while(void)
{
    struct rig r;
    int calls;

    if (!rig_open(&r, (struct dns_resolver_options){ 0 }))
        return;
    EQ_STR(resolve(&r, "missing.example.com", DNS_FAMILY_IPV4), error_text(ERR_NOT_FOUND));
    EQ_STR(resolve(&r, "four.example.com", DNS_FAMILY_IPV6), error_text(ERR_NOT_FOUND));
    calls = r.calls;
    EQ_STR(resolve(&r, "missing.example.com", DNS_FAMILY_IPV4), error_text(ERR_NOT_FOUND));
    EQ_INT(r.calls, calls);
    rig_close(&r);
}

static void one_question_serves_all_who_ask(void)
{
    struct caller callers[20];
    struct dns_lookup *cancelled;
    struct rig r;

    if (!rig_open(&r, (struct dns_resolver_options){ 0 }))
        return;
    for (int i = 0; i < 20; i++)
        start(&r, &callers[i], "four.example.com", DNS_FAMILY_IPV4);
    cancelled =
        dns_resolver_start(r.resolver, STR("four.example.com"), DNS_FAMILY_IPV4, on_done, NULL);
    dns_resolver_cancel(cancelled);
    dns_resolver_cancel(NULL);
    EQ_INT(worker_run_until(&worker, is_done, &callers[19], 30000), 0);
    for (int i = 0; i < 20; i++) {
        EQ_INT(callers[i].done, 1);
        OK(callers[i].addrs == callers[0].addrs);
        dns_addrs_unref(callers[i].addrs);
    }
    EQ_INT(r.calls, 1);
    rig_close(&r);
}

static void what_needs_no_server_asks_none(void)
{
    const char *text;
    struct rig r;

    if (!rig_open(&r, (struct dns_resolver_options){ 0 }))
        return;
    EQ_STR(resolve(&r, "10.2.3.4", DNS_FAMILY_ANY), "10.2.3.4");
    EQ_STR(resolve(&r, "fd00::5", DNS_FAMILY_ANY), "fd00::5");
    EQ_STR(resolve(&r, "10.2.3.4", DNS_FAMILY_IPV6), error_text(ERR_NOT_FOUND));
    text = resolve(&r, "ALPHA", DNS_FAMILY_ANY);
    HAS_STR(text, "10.1.1.1");
    HAS_STR(text, "fd00::1");
    EQ_STR(resolve(&r, "alpha.local", DNS_FAMILY_ANY), "10.1.1.1");
    EQ_STR(resolve(&r, "delta", DNS_FAMILY_ANY), "10.1.1.2");
    EQ_STR(resolve(&r, "gamma", DNS_FAMILY_IPV4), "10.1.1.2");
    EQ_STR(resolve(&r, "localhost", DNS_FAMILY_IPV4), "127.0.0.1");
    EQ_STR(resolve(&r, "x.localhost", DNS_FAMILY_IPV6), "::1");
    EQ_INT(r.calls, 0);
    rig_close(&r);
}

static void what_is_no_name_is_refused(void)
{
    char longer[300];
    struct rig r;

    if (!rig_open(&r, (struct dns_resolver_options){ 0 }))
        return;
    memset(longer, 'a', sizeof(longer) - 1);
    longer[299] = 0;
    EQ_STR(resolve(&r, "", DNS_FAMILY_ANY), error_text(ERR_INVALID));
    EQ_STR(resolve(&r, ".", DNS_FAMILY_ANY), error_text(ERR_INVALID));
    EQ_STR(resolve(&r, "a b", DNS_FAMILY_ANY), error_text(ERR_INVALID));
    EQ_STR(resolve(&r, longer, DNS_FAMILY_ANY), error_text(ERR_INVALID));
    EQ_INT(r.calls, 0);
    rig_close(&r);
}

static void questions_and_answers_are_bounded(void)
{
    struct dns_resolver_options o = { .pending_max = 1, .cache_max = 1 };
    struct caller a, b;
    struct rig r;

    if (!rig_open(&r, o))
        return;
    start(&r, &a, "four.example.com", DNS_FAMILY_IPV4);
    start(&r, &b, "both.example.com", DNS_FAMILY_IPV4);
    EQ_INT(worker_run_until(&worker, is_done, &b, 30000), 0);
    EQ_INT(b.err, ERR_OVERLOAD);
    EQ_INT(worker_run_until(&worker, is_done, &a, 30000), 0);
    EQ_INT(a.err, 0);
    dns_addrs_unref(a.addrs);
    EQ_STR(resolve(&r, "both.example.com", DNS_FAMILY_IPV4), "192.0.2.7");
    OK(!dns_resolver_peek(r.resolver, STR("four.example.com"), DNS_FAMILY_IPV4));
    OK(dns_resolver_peek(r.resolver, STR("both.example.com"), DNS_FAMILY_IPV4));
    rig_close(&r);
}

static void freeing_it_forgets_who_waits(void)
{
    struct caller a, b;
    struct rig r;

    if (!rig_open(&r, (struct dns_resolver_options){ 0 }))
        return;
    start(&r, &a, "four.example.com", DNS_FAMILY_IPV4);
    start(&r, &b, "10.0.0.1", DNS_FAMILY_IPV4);
    rig_close(&r);
    EQ_INT(a.done + b.done, 0);
}

static void bad_servers_are_refused(void)
{
    struct dns_resolver_options o = { .servers = "not an address" };
    struct dns_resolver *resolver;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    EQ_INT(dns_resolver_new(&worker, &o, &resolver), ERR_INVALID);
    dns_resolver_free(NULL);
    worker_deinit(&worker);
}

static const struct tap_case cases[] = {
    { "dn_4_names_are_asked_for_and_kept_for_their_ttl",
      dn_4_names_are_asked_for_and_kept_for_their_ttl },
    { "failures_are_kept_for_a_while", failures_are_kept_for_a_while },
    { "one_question_serves_all_who_ask", one_question_serves_all_who_ask },
    { "what_needs_no_server_asks_none", what_needs_no_server_asks_none },
    { "what_is_no_name_is_refused", what_is_no_name_is_refused },
    { "questions_and_answers_are_bounded", questions_and_answers_are_bounded },
    { "freeing_it_forgets_who_waits", freeing_it_forgets_who_waits },
    { "bad_servers_are_refused", bad_servers_are_refused },
};

TAP_MAIN(cases)
