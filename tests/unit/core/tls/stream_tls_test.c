#include "core/tls/stream_tls.h"

#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/net/stream_mem.h"
#include "core/tls/tls_sni.h"
#include "core/tls/tls_verify.h"
#include "tests/tap.h"
#include "tests/unit/support/tls_rig.h"

#define CLIENT_ID "spiffe://mesh.test/ns/shop/sa/cart"
#define SERVER_ID "spiffe://mesh.test/ns/shop/sa/stock"
#define HOUR_S    3600

static struct tls_rig_ca ca, other;
static struct tls_identity *cart, *stock;

/* Most cases need the same people: made once, by the first case. */
static void meet(void)
{
    if (cart)
        return;
    tls_rig_ca_init(&ca, "mesh.test");
    tls_rig_ca_init(&other, "other.test");
    cart = tls_rig_identity(&ca, CLIENT_ID, NULL, -60, HOUR_S);
    stock = tls_rig_identity(&ca, SERVER_ID, "stock.shop.svc", -60, HOUR_S);
}

static void part(void)
{
    tls_identity_unref(cart);
    tls_identity_unref(stock);
    cart = stock = NULL;
    tls_rig_ca_deinit(&ca);
    tls_rig_ca_deinit(&other);
    tls_verify_flush();
}

static void open_mesh(struct tls_rig *r)
{
    struct tls_options client, server;

    meet();
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    tls_rig_open(r, tls_rig_client(&client), tls_rig_server(&server));
}

/* A pattern that shows bytes lost, doubled or out of order. */
static char *make_bytes(size_t len)
{
    char *p = mem_alloc(len);
    uint32_t x = 12345;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (char)(x >> 24);
    }
    return p;
}

/* ---- mesh mTLS ---- */

static void mesh_peers_know_each_other(void)
{
    struct stream_tls_info info;
    struct tls_rig r;
    struct buf pem;

    open_mesh(&r);
    if (!OK(tls_rig_shake(&r)))
        NOTE("client: %s; server: %s", stream_tls_error(r.client.s), stream_tls_error(r.server.s));
    EQ_STRN(stream_tls_peer_id(r.client.s).p, stream_tls_peer_id(r.client.s).len, SERVER_ID);
    EQ_STRN(stream_tls_peer_id(r.server.s).p, stream_tls_peer_id(r.server.s).len, CLIENT_ID);
    if (!OK(stream_tls_get_info(r.server.s, &info)))
        return;
    EQ_STR(info.version, "TLSv1.3");
    EQ_STR(info.cipher, "TLS_AES_128_GCM_SHA256");
    EQ_INT(info.sni.len, 0);
    EQ_INT(info.alpn_id, TLS_ALPN_NONE);
    OK(tls_peer_is_verified(info.peer));
    EQ_INT(tls_peer_info(info.peer)->uri_count, 1);
    buf_init(&pem, 0);
    EQ_INT(tls_peer_leaf_pem(info.peer, &pem), 0);
    OK(str_starts(buf_str(&pem), STR("-----BEGIN CERTIFICATE-----\n")));
    buf_deinit(&pem);
    stream_write_bytes(r.client.s, "hello", 5);
    OK(stream_sink_wait_bytes(&r.worker, &r.server, 5));
    stream_write_bytes(r.server.s, "world!", 6);
    OK(stream_sink_wait_bytes(&r.worker, &r.client, 6));
    EQ_STRN(r.client.in.p, 6, "world!");
    tls_rig_close(&r);
}

/* Expects a handshake that the server, or the client, refuses with the text given. */
static void refused(struct tls_options *client, struct tls_options *server, const char *by_server,
                    const char *by_client)
{
    struct tls_rig r;

    tls_rig_open(&r, tls_rig_client(client), tls_rig_server(server));
    tls_rig_shake(&r);
    if (by_server) {
        OK(stream_sink_wait_error(&r.worker, &r.server));
        EQ_INT(r.server.err, ERR_CERT);
        EQ_STR(stream_tls_error(r.server.s), by_server);
        OK(!r.server.ready);
        OK(stream_sink_wait_error(&r.worker, &r.client));
        EQ_INT(r.client.err, ERR_TLS);
        HAS_STR(stream_tls_error(r.client.s), "peer sent alert");
    }
    if (by_client) {
        OK(stream_sink_wait_error(&r.worker, &r.client));
        EQ_INT(r.client.err, ERR_CERT);
        EQ_STR(stream_tls_error(r.client.s), by_client);
        OK(!r.client.ready);
        OK(stream_sink_wait_error(&r.worker, &r.server));
        EQ_INT(r.server.err, ERR_TLS);
    }
    tls_rig_close(&r);
}

static void expired_and_early_certificates_are_refused(void)
{
    struct tls_identity *old, *young;
    struct tls_options client, server;

    meet();
    old = tls_rig_identity(&ca, CLIENT_ID, NULL, -2 * HOUR_S, -HOUR_S);
    young = tls_rig_identity(&ca, CLIENT_ID, NULL, HOUR_S, 2 * HOUR_S);
    server = tls_rig_mesh(stock, ca.trust);
    client = tls_rig_mesh(old, ca.trust);
    refused(&client, &server, "certificate expired", NULL);
    client = tls_rig_mesh(young, ca.trust);
    refused(&client, &server, "certificate not yet valid", NULL);
    client = tls_rig_mesh(stock, ca.trust);
    server = tls_rig_mesh(old, ca.trust);
    refused(&client, &server, NULL, "certificate expired");
    tls_identity_unref(old);
    tls_identity_unref(young);
}

static void a_remembered_chain_expires_all_the_same(void)
{
    struct tls_identity *brief;
    struct tls_options client, server;
    struct tls_rig r;
    uint64_t hits, misses, hits_before;

    meet();
    brief = tls_rig_identity(&ca, CLIENT_ID, NULL, -60, HOUR_S);
    client = tls_rig_mesh(brief, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    for (int i = 0; i < 2; i++) {
        tls_verify_counts(&hits_before, &misses);
        tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
        OK(tls_rig_shake(&r));
        tls_rig_close(&r);
    }
    tls_verify_counts(&hits, &misses);
    EQ_INT(hits - hits_before, 2);
    clock_freeze(clock_ns(), clock_wall_ns() + (int64_t)(HOUR_S + 5) * 1000000000);
    tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
    OK(!tls_rig_shake(&r));
    clock_thaw();
    EQ_INT(r.client.err, ERR_CERT);
    EQ_STR(stream_tls_error(r.client.s), "certificate expired");
    tls_rig_close(&r);
    tls_identity_unref(brief);
}

static void unknown_authority_and_domain_are_refused(void)
{
    struct tls_options client, server;
    struct tls_identity *stranger, *liar, *domain;

    meet();
    domain = tls_rig_identity(&ca, "spiffe://mesh.test", NULL, -60, HOUR_S);
    stranger = tls_rig_identity(&other, "spiffe://other.test/ns/a/sa/b", NULL, -60, HOUR_S);
    liar = tls_rig_identity(&other, CLIENT_ID, NULL, -60, HOUR_S);
    server = tls_rig_mesh(stock, ca.trust);
    client = tls_rig_mesh(stranger, ca.trust);
    refused(&client, &server, "unknown trust domain", NULL);
    /* Another authority's certificate for a name of our domain. */
    client = tls_rig_mesh(liar, ca.trust);
    refused(&client, &server, "unknown authority", NULL);
    client = tls_rig_mesh(domain, ca.trust);
    refused(&client, &server, "certificate has its trust domain's SPIFFE id, not a workload's",
            NULL);
    tls_identity_unref(domain);
    tls_identity_unref(stranger);
    tls_identity_unref(liar);
}

static void trust_domain_not_in_the_list_is_refused(void)
{
    static const struct str only[] = { STR_INIT("elsewhere.test") };
    struct tls_options client, server;

    meet();
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    server.rules.trust_domains = only;
    server.rules.trust_domain_count = 1;
    refused(&client, &server, "trust domain is not accepted", NULL);
}

static void an_alias_has_the_roots_of_its_domain(void)
{
    static const struct str alias[] = { STR_INIT("elsewhere.test") };
    struct tls_identity *renamed;
    struct tls_options client, server;
    struct tls_rig r;

    meet();
    renamed = tls_rig_identity(&ca, "spiffe://elsewhere.test/ns/shop/sa/cart", NULL, 0, 3600);
    client = tls_rig_mesh(renamed, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    refused(&client, &server, "unknown trust domain", NULL);
    server.rules.alias_of = STR("mesh.test");
    server.rules.aliases = alias;
    server.rules.alias_count = 1;
    tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
    OK(tls_rig_shake(&r));
    tls_rig_close(&r);
    server.rules.alias_count = 0; /* the chain is remembered as good all the same */
    refused(&client, &server, "unknown trust domain", NULL);
    tls_identity_unref(renamed);
}

static void a_client_insists_on_the_identity(void)
{
    static const struct str right[] = { STR_INIT("spiffe://mesh.test/ns/x/sa/y"),
                                        STR_INIT(SERVER_ID) };
    static const struct str wrong[] = { STR_INIT("spiffe://mesh.test/ns/shop/sa/stoc") };
    struct tls_options client, server;
    struct tls_rig r;

    meet();
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    client.rules.names = wrong;
    client.rules.name_count = 1;
    refused(&client, &server, NULL, "names do not match");
    client.rules.names = right;
    client.rules.name_count = 2;
    tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
    OK(tls_rig_shake(&r));
    tls_rig_close(&r);
}

static void missing_client_certificate_is_refused(void)
{
    struct tls_options client, server;

    meet();
    client = tls_rig_mesh(NULL, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    refused(&client, &server, "peer sent no certificate", NULL);
}

static void optional_mutual_takes_both(void)
{
    struct tls_options client, server;
    struct tls_rig r;

    meet();
    server = tls_rig_mesh(stock, ca.trust);
    server.rules.verify = TLS_VERIFY_OPTIONAL;
    for (int with = 0; with < 2; with++) {
        struct stream_tls_info info;

        client = tls_rig_mesh(with ? cart : NULL, ca.trust);
        tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
        OK(tls_rig_shake(&r));
        OK(stream_tls_get_info(r.server.s, &info));
        OK((info.peer != NULL) == (with == 1));
        tls_rig_close(&r);
    }
}

/* Alternative names beyond PKI_CERT_SAN_MAX in a certificate that is right otherwise. */
static void a_peer_with_too_many_names_is_refused(void)
{
    struct str names[PKI_CERT_SAN_MAX];
    struct pki_ca_leaf want = { .spiffe_id = STR(CLIENT_ID),
                                .dns_names = names,
                                .dns_count = COUNT_OF(names),
                                .now_s = clock_wall_s(),
                                .life_s = HOUR_S };
    struct tls_options client, server;
    struct tls_identity *id = NULL;
    struct pki_chain chain;
    struct pki_key *key;
    const char *why;

    meet();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        names[i] = STR("one.of.many");
    EQ_INT(pki_key_generate(&key), 0);
    EQ_INT(pki_ca_sign(ca.ca, pki_key_evp(key), &want, &chain), 0);
    if (!EQ_INT(tls_identity_new(&chain, key, &id, &why), 0))
        return;
    client = tls_rig_mesh(id, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    refused(&client, &server, "certificate has too many names", NULL);
    tls_identity_unref(id);
    pki_chain_deinit(&chain);
    pki_key_unref(key);
}

/* Bytes that cross from server to client once both ends are ready: a ticket would be among them. */
static void no_session_can_be_resumed(void)
{
    static const enum tls_version versions[] = { TLS_VERSION_1_2, TLS_VERSION_1_3 };

    meet();
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        struct tls_options client = tls_rig_mesh(cart, ca.trust);
        struct tls_options server = tls_rig_mesh(stock, ca.trust);
        struct tls_rig r;

        server.max_version = versions[i];
        tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
        stream_mem_set_read_max(r.lower_client, 1);
        OK(tls_rig_shake(&r));
        stream_mem_set_window(r.lower_server, 0);
        stream_read_stop(r.client.s);
        stream_sink_idle(&r.worker, 5);
        EQ_INT(stream_unsent(r.lower_server), 0);
        tls_rig_close(&r);
    }
}

static bool deny_all(void *arg, const struct tls_peer *peer)
{
    (*(int *)arg)++;
    return tls_peer_spiffe(peer)->id.len > 0;
}

static void the_deny_list_has_the_last_word(void)
{
    struct tls_options client, server;
    int asked = 0;

    meet();
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    server.rules.is_denied = deny_all;
    server.rules.denied_arg = &asked;
    refused(&client, &server, "certificate is on the deny list", NULL);
    refused(&client, &server, "certificate is on the deny list", NULL); /* from the memory too */
    EQ_INT(asked, 2);
}

/* ---- ordinary TLS ---- */

static void simple_tls_checks_the_dns_name(void)
{
    static const struct str right[] = { STR_INIT("STOCK.shop.svc") };
    static const struct str wrong[] = { STR_INIT("shop.svc") };
    struct tls_options client = { 0 }, server = { 0 };
    struct pki_trust_domain any = { 0 };
    struct stream_tls_info info;
    struct pki_trust *trust;
    struct tls_rig r;
    struct buf pem;

    meet();
    buf_init(&pem, 0);
    pki_ca_root_pem(ca.root, &pem);
    any.roots_pem = buf_str(&pem);
    EQ_INT(pki_trust_new(&any, 1, &trust), 0);
    buf_deinit(&pem);
    server.identity = stock;
    client.rules = (struct tls_rules){
        .verify = TLS_VERIFY_REQUIRED, .trust = trust, .names = wrong, .name_count = 1
    };
    client.sni = STR("stock.shop.svc");
    refused(&client, &server, NULL, "names do not match");
    client.rules.names = right;
    tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
    OK(tls_rig_shake(&r));
    OK(stream_tls_get_info(r.server.s, &info));
    EQ_STRN(info.sni.p, info.sni.len, "stock.shop.svc");
    EQ_PTR(info.peer, NULL);
    tls_rig_close(&r);
    pki_trust_unref(trust);
}

static void insecure_takes_any_certificate(void)
{
    struct tls_options client = { .rules.verify = TLS_VERIFY_INSECURE }, server = { 0 };
    struct stream_tls_info info;
    struct tls_rig r;

    meet();
    server.identity = stock;
    tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
    OK(tls_rig_shake(&r));
    OK(stream_tls_get_info(r.client.s, &info));
    OK(info.peer && !tls_peer_is_verified(info.peer));
    tls_rig_close(&r);
}

static void versions_without_overlap_fail(void)
{
    struct tls_options client, server;
    struct tls_rig r;

    meet();
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    client.max_version = TLS_VERSION_1_2;
    server.min_version = TLS_VERSION_1_3;
    tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
    OK(!tls_rig_shake(&r));
    OK(stream_sink_wait_error(&r.worker, &r.server));
    EQ_STR(stream_tls_error(r.server.s), "no common TLS version");
    tls_rig_close(&r);
}

static void tls12_with_chosen_suite_works(void)
{
    static const struct str suites[] = { STR_INIT("ECDHE-ECDSA-AES256-GCM-SHA384") };
    struct tls_options client, server;
    struct stream_tls_info info;
    struct tls_rig r;

    meet();
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    server.max_version = TLS_VERSION_1_2;
    server.ciphers = suites;
    server.cipher_count = 1;
    tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
    OK(tls_rig_shake(&r));
    OK(stream_tls_get_info(r.client.s, &info));
    EQ_STR(info.version, "TLSv1.2");
    EQ_STR(info.cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    EQ_STRN(stream_tls_peer_id(r.server.s).p, stream_tls_peer_id(r.server.s).len, CLIENT_ID);
    tls_rig_close(&r);
}

/* ---- ALPN and server names ---- */

static void alpn_is_the_servers_choice_and_may_be_none(void)
{
    static const struct str sidecar[] = { STR_INIT("istio-http/1.1"), STR_INIT("istio"),
                                          STR_INIT("http/1.1") };
    static const struct str tcp[] = { STR_INIT("istio") };
    static const struct str both[] = { STR_INIT("http/1.1"), STR_INIT("h2") };
    static const struct str own[] = { STR_INIT("h2"), STR_INIT("http/1.1") };
    static const struct {
        const struct str *offer;
        size_t count;
        enum tls_alpn want;
        uint32_t seen;
    } rows[] = {
        { sidecar, 3, TLS_ALPN_HTTP11, TLS_ALPN_ISTIO_HTTP11 | TLS_ALPN_ISTIO | TLS_ALPN_HTTP11 },
        { tcp, 1, TLS_ALPN_NONE, TLS_ALPN_ISTIO },
        { both, 2, TLS_ALPN_H2, TLS_ALPN_H2 | TLS_ALPN_HTTP11 },
        { NULL, 0, TLS_ALPN_NONE, 0 },
    };

    meet();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tls_options client = tls_rig_mesh(cart, ca.trust);
        struct tls_options server = tls_rig_mesh(stock, ca.trust);
        struct stream_tls_info info;
        struct tls_rig r;

        client.alpn = rows[i].offer;
        client.alpn_count = rows[i].count;
        server.alpn = own;
        server.alpn_count = 2;
        tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
        OK(tls_rig_shake(&r));
        OK(stream_tls_get_info(r.server.s, &info));
        EQ_INT(info.alpn_id, rows[i].want);
        EQ_INT(info.alpn_offered, rows[i].seen);
        OK(stream_tls_get_info(r.client.s, &info));
        EQ_INT(info.alpn_id, rows[i].want);
        tls_rig_close(&r);
    }
}

/* A client that asks for name, a server that chooses by table. Returns the certificate's owner that
 * the client saw: 's'tock, 'c'art, or 0 when it was refused. */
static char ask_by_name(struct tls_sni *table, const char *name, size_t read_max)
{
    struct tls_options options = { .rules.verify = TLS_VERIFY_INSECURE, .sni = str_of(name) };
    struct tls_config *client = tls_rig_client(&options);
    struct stream *a, *b, *s;
    struct str seen;
    struct tls_rig r;
    char owner = 0;

    memset(&r, 0, sizeof(r));
    EQ_INT(worker_init(&r.worker, 0, 1), 0);
    stream_mem_pair(&r.worker, &a, &b);
    if (read_max)
        stream_mem_set_read_max(b, read_max);
    EQ_INT(stream_tls_server_choose(b, tls_sni_choose, table, &s), 0);
    stream_sink_listen(&r.server, s);
    EQ_INT(stream_tls_client(a, client, &s), 0);
    stream_sink_listen(&r.client, s);
    tls_config_unref(client);
    if (tls_rig_shake(&r)) {
        seen = stream_tls_peer_id(r.client.s);
        owner = str_is(seen, SERVER_ID) ? 's' : str_is(seen, CLIENT_ID) ? 'c' : '?';
        stream_write_bytes(r.client.s, "x", 1);
        OK(stream_sink_wait_bytes(&r.worker, &r.server, 1));
    } else {
        EQ_STR(stream_tls_error(r.server.s), "no configuration for this server name");
        HAS_STR(stream_tls_error(r.client.s), "unrecognized");
    }
    tls_rig_close(&r);
    return owner;
}

static void server_name_selects_the_certificate(void)
{
    struct tls_options server = { 0 };
    struct tls_config *for_stock, *for_cart;
    struct tls_sni *table, *open_table;
    size_t bad = 0;

    meet();
    server.identity = stock;
    for_stock = tls_rig_server(&server);
    server.identity = cart;
    for_cart = tls_rig_server(&server);
    {
        struct tls_sni_row rows[] = {
            { STR("stock.example.com"), for_stock },
            { STR("*.Example.com"), for_cart },
            { STR("*.deep.example.com"), for_stock },
            { STR("*"), for_cart },
        };

        EQ_INT(tls_sni_new(rows, 3, &table, NULL), 0);
        EQ_INT(tls_sni_new(rows, 4, &open_table, NULL), 0);
        rows[3].pattern = STR("STOCK.example.com");
        EQ_INT(tls_sni_new(rows, 4, &(struct tls_sni *){ NULL }, &bad), ERR_EXISTS);
        EQ_INT(bad, 3);
    }
    EQ_INT(ask_by_name(table, "stock.example.com", 0), 's');
    EQ_INT(ask_by_name(table, "Stock.EXAMPLE.com", 1), 's');
    EQ_INT(ask_by_name(table, "a.b.example.com", 0), 'c');
    EQ_INT(ask_by_name(table, "x.deep.example.com", 7), 's');
    EQ_INT(ask_by_name(table, "example.com", 0), 0);
    EQ_INT(ask_by_name(table, "", 0), 0);
    EQ_INT(ask_by_name(open_table, "", 0), 'c');
    EQ_INT(ask_by_name(open_table, "nobody.org", 0), 'c');
    tls_sni_unref(table);
    tls_sni_unref(open_table);
    tls_config_unref(for_stock);
    tls_config_unref(for_cart);
}

/* ---- bytes ---- */

static void large_transfers_cross_both_ways(void)
{
    const size_t len = 3 * 1000 * 1000 + 7;
    char *up = make_bytes(len), *down = make_bytes(len - 1000);
    struct tls_rig r;

    open_mesh(&r);
    OK(tls_rig_shake(&r));
    EQ_INT(stream_write_bytes(r.client.s, up, len), 0);
    EQ_INT(stream_write_bytes(r.server.s, down, len - 1000), 0);
    OK(stream_unsent(r.client.s) > len - 100000);
    OK(stream_sink_wait_bytes(&r.worker, &r.server, len));
    OK(stream_sink_wait_bytes(&r.worker, &r.client, len - 1000));
    OK(memcmp(r.server.in.p, up, len) == 0);
    OK(memcmp(r.client.in.p, down, len - 1000) == 0);
    EQ_INT(stream_unsent(r.client.s), 0);
    OK(r.client.drains > 0);
    mem_free(up);
    mem_free(down);
    tls_rig_close(&r);
}

static void pieces_of_one_write_arrive_in_order(void)
{
    static const size_t lens[][6] = {
        { 1, 2, 3, 4, 5, 6 },
        { 16384, 1, 16384, 16383, 2, 0 },
        { 0, 0, 40000, 0, 5, 16384 },
        { 5, 50000, 5, 16379, 1, 1 },
        { 16383, 16385, 10, 32768, 0, 0 },
    };
    char *bytes = make_bytes(300000);
    struct tls_rig r;
    size_t at = 0;

    open_mesh(&r);
    OK(tls_rig_shake(&r));
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        struct iovec iov[6];

        for (size_t j = 0; j < 6; j++) {
            iov[j] = (struct iovec){ .iov_base = bytes + at, .iov_len = lens[i][j] };
            at += lens[i][j];
        }
        EQ_INT(stream_write(r.client.s, iov, 6), 0);
    }
    OK(stream_sink_wait_bytes(&r.worker, &r.server, at));
    EQ_MEM(r.server.in.p, r.server.in.end, bytes, at);
    mem_free(bytes);
    tls_rig_close(&r);
}

static void input_may_come_byte_by_byte(void)
{
    char *bytes = make_bytes(40000);
    struct tls_rig r;

    open_mesh(&r);
    stream_mem_set_read_max(r.lower_client, 1);
    stream_mem_set_read_max(r.lower_server, 1);
    OK(tls_rig_shake(&r));
    stream_write_bytes(r.client.s, bytes, 40000);
    OK(stream_sink_wait_bytes(&r.worker, &r.server, 40000));
    OK(memcmp(r.server.in.p, bytes, 40000) == 0);
    mem_free(bytes);
    tls_rig_close(&r);
}

static void a_paused_reader_gets_nothing_and_loses_nothing(void)
{
    const size_t len = 900000;
    char *bytes = make_bytes(len);
    struct tls_rig r;
    size_t before;

    open_mesh(&r);
    r.server.pause_at = 100000;
    OK(tls_rig_shake(&r));
    stream_write_bytes(r.client.s, bytes, len);
    stream_shutdown(r.client.s);
    OK(stream_sink_wait_bytes(&r.worker, &r.server, 100000));
    stream_sink_idle(&r.worker, 20);
    before = buf_len(&r.server.in);
    OK(before < len);
    stream_sink_idle(&r.worker, 20);
    EQ_INT(buf_len(&r.server.in), before);
    OK(!r.server.eof);
    r.server.pause_at = 0;
    stream_read_start(r.server.s);
    EQ_INT(buf_len(&r.server.in), before); /* never from inside the call */
    OK(stream_sink_wait_bytes(&r.worker, &r.server, len));
    OK(stream_sink_wait_eof(&r.worker, &r.server));
    OK(memcmp(r.server.in.p, bytes, len) == 0);
    mem_free(bytes);
    tls_rig_close(&r);
}

static void what_left_with_the_handshake_is_told_as_drained(void)
{
    static char much[100 * 1024];
    struct tls_options client, server;
    struct tls_rig r;

    meet();
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
    EQ_INT(stream_write_bytes(r.client.s, much, sizeof(much)), 0);
    OK(stream_unsent(r.client.s) > STREAM_HIGH_WATER_BYTES);
    OK(tls_rig_shake(&r));
    OK(stream_sink_wait_bytes(&r.worker, &r.server, sizeof(much)));
    EQ_INT(stream_unsent(r.client.s), 0);
    EQ_INT(r.client.drains, 1);
    tls_rig_close(&r);
}

static void bytes_written_early_wait_for_the_handshake(void)
{
    struct tls_rig r;

    open_mesh(&r);
    EQ_INT(stream_write_bytes(r.client.s, "early", 5), 0);
    EQ_INT(stream_write_bytes(r.server.s, "bird", 4), 0);
    EQ_INT(stream_unsent(r.client.s), 5);
    stream_shutdown(r.client.s);
    EQ_INT(stream_write_bytes(r.client.s, "late", 4), ERR_CLOSED);
    OK(stream_sink_wait_eof(&r.worker, &r.server));
    EQ_STRN(r.server.in.p, r.server.in.end, "early");
    OK(stream_sink_wait_bytes(&r.worker, &r.client, 4));
    tls_rig_close(&r);
}

/* ---- ends ---- */

static void each_direction_ends_by_itself(void)
{
    struct tls_rig r;

    open_mesh(&r);
    OK(tls_rig_shake(&r));
    stream_write_bytes(r.client.s, "ping", 4);
    stream_shutdown(r.client.s);
    OK(stream_sink_wait_eof(&r.worker, &r.server));
    EQ_STRN(r.server.in.p, 4, "ping");
    stream_write_bytes(r.server.s, "pong", 4);
    OK(stream_sink_wait_bytes(&r.worker, &r.client, 4));
    OK(!r.client.eof);
    stream_shutdown(r.server.s);
    OK(stream_sink_wait_eof(&r.worker, &r.client));
    EQ_INT(r.client.err, 0);
    EQ_INT(r.server.err, 0);
    tls_rig_close(&r);
}

static void truncation_is_told_to_those_who_ask(void)
{
    for (int ask = 0; ask < 2; ask++) {
        struct tls_options client, server;
        struct tls_rig r;

        meet();
        client = tls_rig_mesh(cart, ca.trust);
        server = tls_rig_mesh(stock, ca.trust);
        server.report_truncation = ask == 1;
        tls_rig_open(&r, tls_rig_client(&client), tls_rig_server(&server));
        OK(tls_rig_shake(&r));
        stream_write_bytes(r.client.s, "cut", 3);
        stream_shutdown(r.lower_client); /* FIN without close_notify */
        if (ask) {
            OK(stream_sink_wait_error(&r.worker, &r.server));
            EQ_INT(r.server.err, ERR_TLS);
            EQ_STR(stream_tls_error(r.server.s), "peer hung up without close_notify");
        } else {
            OK(stream_sink_wait_eof(&r.worker, &r.server));
            EQ_INT(r.server.err, 0);
        }
        EQ_STRN(r.server.in.p, 3, "cut");
        tls_rig_close(&r);
    }
}

static void a_slow_handshake_times_out(void)
{
    struct tls_options server;
    struct tls_config *config;
    struct stream *a, *b, *s;
    struct stream_sink sink = { 0 };
    struct worker w;

    meet();
    EQ_INT(worker_init(&w, 0, 1), 0);
    stream_mem_pair(&w, &a, &b);
    server = tls_rig_mesh(stock, ca.trust);
    server.handshake_timeout_ms = 30;
    config = tls_rig_server(&server);
    EQ_INT(stream_tls_server(b, config, &s), 0);
    stream_sink_listen(&sink, s);
    stream_write_bytes(a, "\x16\x03\x01", 3);
    OK(stream_sink_wait_error(&w, &sink));
    EQ_INT(sink.err, ERR_TIMEOUT);
    EQ_STR(stream_tls_error(s), "TLS handshake took too long");
    stream_sink_close(&sink);
    stream_close(a);
    tls_config_unref(config);
    stream_sink_idle(&w, 1);
    worker_deinit(&w);
    stream_sink_deinit(&sink);
}

static struct tls_config *never_chosen(void *arg, const struct tls_hello *hello)
{
    (void)arg;
    (void)hello;
    OK(false); /* a ClientHello that never came */
    return NULL;
}

static void gwb_10_a_client_of_a_gateway_has_15_seconds(void)
{
    struct stream_sink sink = { 0 };
    struct stream *a, *b, *s;
    struct worker w;
    uint64_t begin;

    EQ_INT(worker_init(&w, 0, 1), 0);
    begin = clock_ns();
    clock_freeze(begin, clock_wall_ns());
    stream_mem_pair(&w, &a, &b);
    EQ_INT(stream_tls_server_choose(b, never_chosen, NULL, &s), 0);
    stream_sink_listen(&sink, s);
    stream_write_bytes(a, "\x16\x03\x01", 3);
    clock_freeze(begin + 14900 * (uint64_t)1000000, clock_wall_ns());
    stream_sink_idle(&w, 20);
    EQ_INT(sink.err, 0);
    clock_freeze(begin + 15100 * (uint64_t)1000000, clock_wall_ns());
    stream_sink_idle(&w, 20);
    EQ_INT(sink.err, ERR_TIMEOUT);
    clock_thaw();
    stream_sink_close(&sink);
    stream_close(a);
    stream_sink_idle(&w, 1);
    worker_deinit(&w);
    stream_sink_deinit(&sink);
}

/* What a server says to bytes that are no TLS. */
static void feed_server(const void *bytes, size_t len, int want, const char *text)
{
    struct tls_options server;
    struct tls_config *config;
    struct stream *a, *b, *s;
    struct stream_sink sink = { 0 };
    struct worker w;

    meet();
    EQ_INT(worker_init(&w, 0, 1), 0);
    stream_mem_pair(&w, &a, &b);
    server = tls_rig_mesh(stock, ca.trust);
    config = tls_rig_server(&server);
    EQ_INT(stream_tls_server(b, config, &s), 0);
    tls_config_unref(config);
    stream_sink_listen(&sink, s);
    if (len > 0)
        stream_write_bytes(a, bytes, len);
    stream_shutdown(a);
    OK(stream_sink_wait_error(&w, &sink));
    EQ_INT(sink.err, want);
    EQ_STR(stream_tls_error(s), text);
    stream_sink_close(&sink);
    stream_close(a);
    stream_sink_idle(&w, 1);
    worker_deinit(&w);
    stream_sink_deinit(&sink);
}

static void other_protocols_are_named(void)
{
    feed_server("GET / HTTP/1.1\r\n\r\n", 18, ERR_TLS, "peer spoke plain HTTP");
    feed_server("\0\0\0\0\0\0\0\0\0\0\0\0", 12, ERR_TLS, "peer does not speak TLS");
    feed_server("", 0, ERR_CLOSED, "peer hung up during the handshake");
}

static void a_broken_record_kills_the_stream(void)
{
    static const uint8_t record[] = { 23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8,
                                      9,  1, 2, 3, 4,  5, 6, 7, 8, 9, 0, 1 };
    struct tls_rig r;

    open_mesh(&r);
    OK(tls_rig_shake(&r));
    stream_write_bytes(r.lower_client, record, sizeof(record));
    OK(stream_sink_wait_error(&r.worker, &r.server));
    EQ_INT(r.server.err, ERR_TLS);
    EQ_STR(stream_tls_error(r.server.s), "record does not decrypt");
    EQ_INT(stream_write_bytes(r.server.s, "x", 1), ERR_CLOSED);
    OK(stream_sink_wait_error(&r.worker, &r.client)); /* the alert */
    tls_rig_close(&r);
}

static void errors_from_below_pass_through(void)
{
    struct tls_rig r;

    open_mesh(&r);
    OK(tls_rig_shake(&r));
    stream_mem_fail(r.lower_server, UV_ECONNRESET);
    OK(stream_sink_wait_error(&r.worker, &r.server));
    EQ_INT(r.server.err, UV_ECONNRESET);
    stream_mem_fail_write(r.lower_client, 0, UV_EPIPE);
    EQ_INT(stream_write_bytes(r.client.s, "x", 1), UV_EPIPE);
    EQ_INT(stream_write_bytes(r.client.s, "x", 1), ERR_CLOSED);
    tls_rig_close(&r);
}

static void a_client_that_cannot_say_hello_is_not_made(void)
{
    struct tls_options client;
    struct tls_config *config;
    struct stream *a, *b, *s = NULL;
    struct worker w;

    meet();
    EQ_INT(worker_init(&w, 0, 1), 0);
    stream_mem_pair(&w, &a, &b);
    stream_mem_fail_write(a, 0, UV_EPIPE);
    client = tls_rig_mesh(cart, ca.trust);
    config = tls_rig_client(&client);
    EQ_INT(stream_tls_client(a, config, &s), UV_EPIPE);
    EQ_PTR(s, NULL);
    tls_config_unref(config);
    stream_close(b);
    stream_sink_idle(&w, 1);
    worker_deinit(&w);
}

static void closing_inside_a_callback_is_safe(void)
{
    struct tls_rig r;

    open_mesh(&r);
    r.server.close_on_read = true;
    OK(tls_rig_shake(&r));
    stream_write_bytes(r.client.s, "one", 3);
    stream_write_bytes(r.client.s, "two", 3);
    OK(stream_sink_wait_eof(&r.worker, &r.client)); /* close_notify was sent */
    EQ_PTR(r.server.s, NULL);
    tls_rig_close(&r);
}

static void connecting_clients_wait_for_their_transport(void)
{
    struct tls_options client, server;
    struct tls_config *config;
    struct stream *a, *b, *s;
    struct tls_rig r;

    meet();
    memset(&r, 0, sizeof(r));
    EQ_INT(worker_init(&r.worker, 0, 1), 0);
    stream_mem_pair(&r.worker, &a, &b);
    stream_mem_set_connecting(a);
    client = tls_rig_mesh(cart, ca.trust);
    config = tls_rig_client(&client);
    EQ_INT(stream_tls_client(a, config, &s), 0);
    tls_config_unref(config);
    stream_sink_listen(&r.client, s);
    server = tls_rig_mesh(stock, ca.trust);
    config = tls_rig_server(&server);
    EQ_INT(stream_tls_server(b, config, &s), 0);
    tls_config_unref(config);
    stream_sink_listen(&r.server, s);
    stream_sink_idle(&r.worker, 5);
    OK(!r.client.ready);
    stream_mem_connect(a);
    OK(tls_rig_shake(&r));
    tls_rig_close(&r);
}

static void close_on_error(struct stream_sink *sink)
{
    if (sink->err)
        stream_sink_close(sink);
}

/* The server closes at once, with the client's bytes unread: the kernel would answer with a reset.
 */
static void a_refusal_reaches_its_peer_over_tcp(void)
{
    static const struct str only[] = { STR_INIT("spiffe://mesh.test/ns/shop/sa/owner") };
    struct tls_options client, server;
    struct tls_config *cc, *sc;
    struct stream *a, *b, *s;
    struct tls_rig r;

    meet();
    memset(&r, 0, sizeof(r));
    EQ_INT(worker_init(&r.worker, 0, 1), 0);
    if (!OK(stream_sink_tcp_pair(&r.worker, &a, &b)))
        return;
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    server.rules.names = only;
    server.rules.name_count = 1;
    cc = tls_rig_client(&client);
    sc = tls_rig_server(&server);
    EQ_INT(stream_tls_client(a, cc, &s), 0);
    stream_sink_listen(&r.client, s);
    EQ_INT(stream_tls_server(b, sc, &s), 0);
    r.server.hook = close_on_error;
    stream_sink_listen(&r.server, s);
    tls_config_unref(cc);
    tls_config_unref(sc);
    stream_write_bytes(r.client.s, "GET / HTTP/1.1\r\n\r\n", 18);
    OK(stream_sink_wait_error(&r.worker, &r.client));
    EQ_INT(r.client.err, ERR_TLS);
    HAS_STR(stream_tls_error(r.client.s), "bad certificate");
    EQ_INT(r.server.err, ERR_CERT);
    EQ_INT(buf_len(&r.server.in), 0);
    tls_rig_close(&r);
}

/* A tunnel: TLS inside TLS on one worker, which share its scratch memory. */
static void tls_inside_tls_works(void)
{
    struct tls_options client, server;
    struct tls_config *cc, *sc;
    struct stream *a, *b, *s;
    char *bytes = make_bytes(300000);
    struct tls_rig r;

    meet();
    memset(&r, 0, sizeof(r));
    EQ_INT(worker_init(&r.worker, 0, 1), 0);
    client = tls_rig_mesh(cart, ca.trust);
    server = tls_rig_mesh(stock, ca.trust);
    cc = tls_rig_client(&client);
    sc = tls_rig_server(&server);
    stream_mem_pair(&r.worker, &a, &b);
    EQ_INT(stream_tls_client(a, cc, &s), 0);
    EQ_INT(stream_tls_client(s, cc, &s), 0);
    stream_sink_listen(&r.client, s);
    EQ_INT(stream_tls_server(b, sc, &s), 0);
    EQ_INT(stream_tls_server(s, sc, &s), 0);
    stream_sink_listen(&r.server, s);
    tls_config_unref(cc);
    tls_config_unref(sc);
    OK(tls_rig_shake(&r));
    stream_write_bytes(r.client.s, bytes, 300000);
    stream_write_bytes(r.server.s, bytes, 300000);
    OK(stream_sink_wait_bytes(&r.worker, &r.server, 300000));
    OK(stream_sink_wait_bytes(&r.worker, &r.client, 300000));
    OK(memcmp(r.server.in.p, bytes, 300000) == 0);
    OK(memcmp(r.client.in.p, bytes, 300000) == 0);
    mem_free(bytes);
    tls_rig_close(&r);
    part(); /* the last case cleans up */
}

static const struct tap_case cases[] = {
    { "mesh_peers_know_each_other", mesh_peers_know_each_other },
    { "expired_and_early_certificates_are_refused", expired_and_early_certificates_are_refused },
    { "a_remembered_chain_expires_all_the_same", a_remembered_chain_expires_all_the_same },
    { "unknown_authority_and_domain_are_refused", unknown_authority_and_domain_are_refused },
    { "trust_domain_not_in_the_list_is_refused", trust_domain_not_in_the_list_is_refused },
    { "an_alias_has_the_roots_of_its_domain", an_alias_has_the_roots_of_its_domain },
    { "a_client_insists_on_the_identity", a_client_insists_on_the_identity },
    { "missing_client_certificate_is_refused", missing_client_certificate_is_refused },
    { "optional_mutual_takes_both", optional_mutual_takes_both },
    { "a_peer_with_too_many_names_is_refused", a_peer_with_too_many_names_is_refused },
    { "no_session_can_be_resumed", no_session_can_be_resumed },
    { "the_deny_list_has_the_last_word", the_deny_list_has_the_last_word },
    { "simple_tls_checks_the_dns_name", simple_tls_checks_the_dns_name },
    { "insecure_takes_any_certificate", insecure_takes_any_certificate },
    { "versions_without_overlap_fail", versions_without_overlap_fail },
    { "tls12_with_chosen_suite_works", tls12_with_chosen_suite_works },
    { "alpn_is_the_servers_choice_and_may_be_none", alpn_is_the_servers_choice_and_may_be_none },
    { "server_name_selects_the_certificate", server_name_selects_the_certificate },
    { "large_transfers_cross_both_ways", large_transfers_cross_both_ways },
    { "pieces_of_one_write_arrive_in_order", pieces_of_one_write_arrive_in_order },
    { "input_may_come_byte_by_byte", input_may_come_byte_by_byte },
    { "a_paused_reader_gets_nothing_and_loses_nothing",
      a_paused_reader_gets_nothing_and_loses_nothing },
    { "what_left_with_the_handshake_is_told_as_drained",
      what_left_with_the_handshake_is_told_as_drained },
    { "bytes_written_early_wait_for_the_handshake", bytes_written_early_wait_for_the_handshake },
    { "each_direction_ends_by_itself", each_direction_ends_by_itself },
    { "truncation_is_told_to_those_who_ask", truncation_is_told_to_those_who_ask },
    { "a_slow_handshake_times_out", a_slow_handshake_times_out },
    { "other_protocols_are_named", other_protocols_are_named },
    { "a_broken_record_kills_the_stream", a_broken_record_kills_the_stream },
    { "errors_from_below_pass_through", errors_from_below_pass_through },
    { "a_client_that_cannot_say_hello_is_not_made", a_client_that_cannot_say_hello_is_not_made },
    { "closing_inside_a_callback_is_safe", closing_inside_a_callback_is_safe },
    { "connecting_clients_wait_for_their_transport", connecting_clients_wait_for_their_transport },
    { "a_refusal_reaches_its_peer_over_tcp", a_refusal_reaches_its_peer_over_tcp },
    { "tls_inside_tls_works", tls_inside_tls_works },
    { "gwb_10_a_client_of_a_gateway_has_15_seconds", gwb_10_a_client_of_a_gateway_has_15_seconds },
};

TAP_MAIN(cases)
