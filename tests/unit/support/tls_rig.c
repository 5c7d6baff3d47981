#include "tests/unit/support/tls_rig.h"

#include <string.h>

#include "core/base/error.h"
#include "core/net/stream_mem.h"

#define DAY_S ((int64_t)86400)

void tls_rig_ca_init(struct tls_rig_ca *c, const char *td)
{
    int64_t now = clock_wall_s();
    struct pki_ca_intermediate want = { .name = STR_INIT("test intermediate"),
                                        .now_s = now - 30 * DAY_S,
                                        .life_s = 300 * DAY_S };
    struct pki_trust_domain domain = { .trust_domain = str_of(td) };
    struct buf pem;

    ASSERT(!pki_ca_new_root(str_of(td), now - 30 * DAY_S, PKI_CA_ROOT_LIFE_S, &c->root));
    ASSERT(!pki_ca_new_intermediate(c->root, &want, &c->ca));
    buf_init(&pem, 0);
    pki_ca_root_pem(c->ca, &pem);
    domain.roots_pem = buf_str(&pem);
    ASSERT(!pki_trust_new(&domain, 1, &c->trust));
    buf_deinit(&pem);
}

void tls_rig_ca_deinit(struct tls_rig_ca *c)
{
    pki_trust_unref(c->trust);
    pki_ca_unref(c->ca);
    pki_ca_unref(c->root);
}

struct tls_identity *tls_rig_identity(const struct tls_rig_ca *c, const char *spiffe_id,
                                      const char *dns, int64_t from_s, int64_t to_s)
{
    struct str name = str_of(dns);
    struct pki_ca_leaf want = {
        .spiffe_id = str_of(spiffe_id),
        .dns_names = &name,
        .dns_count = dns ? 1 : 0,
        .now_s = clock_wall_s() + from_s + PKI_CA_BACKDATE_S,
        .life_s = to_s - from_s - PKI_CA_BACKDATE_S,
    };
    struct tls_identity *id;
    struct pki_chain chain;
    struct pki_key *key;
    const char *why;

    ASSERT(!pki_key_generate(&key));
    ASSERT(!pki_ca_sign(c->ca, pki_key_evp(key), &want, &chain));
    ASSERT(!tls_identity_new(&chain, key, &id, &why));
    pki_chain_deinit(&chain);
    pki_key_unref(key);
    return id;
}

struct tls_options tls_rig_mesh(struct tls_identity *id, struct pki_trust *trust)
{
    return (struct tls_options){
        .rules = { .verify = TLS_VERIFY_REQUIRED, .trust = trust, .mesh = true },
        .identity = id,
    };
}

struct tls_config *tls_rig_server(const struct tls_options *options)
{
    struct tls_config *c;
    const char *why;

    ASSERT(!tls_config_new_server(options, &c, &why));
    return c;
}

struct tls_config *tls_rig_client(const struct tls_options *options)
{
    struct tls_config *c;
    const char *why;

    ASSERT(!tls_config_new_client(options, &c, &why));
    return c;
}

void tls_rig_open(struct tls_rig *r, struct tls_config *client, struct tls_config *server)
{
    struct stream *s;

    memset(r, 0, sizeof(*r));
    ASSERT(!worker_init(&r->worker, 0, 1));
    stream_mem_pair(&r->worker, &r->lower_client, &r->lower_server);
    ASSERT(!stream_tls_client(r->lower_client, client, &s));
    stream_sink_listen(&r->client, s);
    ASSERT(!stream_tls_server(r->lower_server, server, &s));
    stream_sink_listen(&r->server, s);
    tls_config_unref(client);
    tls_config_unref(server);
}

void tls_rig_close(struct tls_rig *r)
{
    stream_sink_close(&r->client);
    stream_sink_close(&r->server);
    stream_sink_idle(&r->worker, 1);
    worker_deinit(&r->worker);
    stream_sink_deinit(&r->client);
    stream_sink_deinit(&r->server);
}

static bool is_settled(void *arg)
{
    const struct tls_rig *r = arg;

    return r->client.err || r->server.err || (r->client.ready && r->server.ready);
}

bool tls_rig_shake(struct tls_rig *r)
{
    return worker_run_until(&r->worker, is_settled, r, 5000) == 0 && r->client.ready &&
           r->server.ready;
}
