#include "core/tls/tls_config.h"

#include <pthread.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/tls/tls_verify.h"
#include "tests/tap.h"
#include "tests/unit/support/tls_rig.h"

#define ID "spiffe://mesh.test/ns/a/sa/b"

static void settings_that_cannot_work_are_refused(void)
{
    static const struct str odd[] = { STR_INIT("TLS_RSA_WITH_NULL_MD5") };
    static const struct str empty[] = { STR_INIT("") };
    struct tls_rig_ca ca;
    struct tls_identity *id;
    struct tls_options ok, o;
    struct tls_config *c;
    const char *why;

    tls_rig_ca_init(&ca, "mesh.test");
    id = tls_rig_identity(&ca, ID, NULL, -60, 3600);
    ok = tls_rig_mesh(id, ca.trust);
    o = ok;
    o.rules.trust = NULL;
    EQ_INT(tls_config_new_client(&o, &c, &why), ERR_INVALID);
    EQ_STR(why, "no trusted certificates to verify the peer with");
    o.rules.verify = TLS_VERIFY_NONE;
    EQ_INT(tls_config_new_client(&o, &c, &why), ERR_INVALID);
    o.rules.verify = TLS_VERIFY_INSECURE;
    EQ_INT(tls_config_new_server(&o, &c, &why), ERR_INVALID);
    o = ok;
    o.identity = NULL;
    EQ_INT(tls_config_new_server(&o, &c, &why), ERR_INVALID);
    EQ_STR(why, "a server needs a certificate");
    o = ok;
    o.min_version = TLS_VERSION_1_3;
    o.max_version = TLS_VERSION_1_2;
    EQ_INT(tls_config_new_server(&o, &c, &why), ERR_INVALID);
    o = ok;
    o.ciphers = odd;
    o.cipher_count = 1;
    EQ_INT(tls_config_new_server(&o, &c, &why), ERR_UNSUPPORTED);
    EQ_STR(why, "unknown cipher suite");
    o = ok;
    o.alpn = empty;
    o.alpn_count = 1;
    EQ_INT(tls_config_new_client(&o, &c, &why), ERR_INVALID);
    o = ok;
    o.max_version = TLS_VERSION_1_1; /* below the usual minimum, which then follows */
    if (EQ_INT(tls_config_new_server(&o, &c, &why), 0))
        tls_config_unref(c);
    tls_identity_unref(id);
    tls_rig_ca_deinit(&ca);
}

static void all_istio_suites_are_known_to_the_library(void)
{
    static const char *const names[] = {
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "AES128-GCM-SHA256",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES256-SHA",
        "DES-CBC3-SHA",
    };
    struct tls_rig_ca ca;
    struct tls_identity *id;
    struct tls_config *c;
    const char *why;

    tls_rig_ca_init(&ca, "mesh.test");
    id = tls_rig_identity(&ca, ID, NULL, -60, 3600);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct tls_options o = tls_rig_mesh(id, ca.trust);
        struct str name = str_of(names[i]);

        o.ciphers = &name;
        o.cipher_count = 1;
        if (EQ_INT(tls_config_new_server(&o, &c, &why), 0))
            tls_config_unref(c);
        else
            NOTE("%s", names[i]);
    }
    tls_identity_unref(id);
    tls_rig_ca_deinit(&ca);
}

static void a_wildcard_covers_one_label(void)
{
    static const struct {
        const char *pattern, *name;
        bool covers;
    } rows[] = {
        { "web.test", "web.test", true },        { "web.test", "WEB.Test", true },
        { "web.test", "web.test.", true },       { "web.test", "a.web.test", false },
        { "*.web.test", "a.web.test", true },    { "*.web.test", "web.test", false },
        { "*.web.test", ".web.test", false },    { "*.web.test", "a.b.web.test", false },
        { "*.test", "web.test", false },         { "*", "web.test", false },
        { "a*.web.test", "ab.web.test", false }, { "", "", false },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(tls_verify_dns_covers(str_of(rows[i].pattern), str_of(rows[i].name)),
                    rows[i].covers))
            NOTE("%s %s", rows[i].pattern, rows[i].name);
    }
}

/* Two threads, each with its worker, that use the same configs and the same memory of chains. */
struct shared {
    struct tls_config *client, *server;
};

static void *shake_often(void *arg)
{
    const struct shared *shared = arg;
    struct tls_rig r;

    for (int i = 0; i < 10; i++) {
        tls_rig_open(&r, tls_config_ref(shared->client), tls_config_ref(shared->server));
        OK(tls_rig_shake(&r));
        tls_rig_close(&r);
        if (i == 5)
            tls_verify_flush();
    }
    return NULL;
}

static void workers_share_configs(void)
{
    struct tls_options options;
    struct tls_identity *id;
    struct tls_rig_ca ca;
    struct shared shared;
    pthread_t threads[3];

    tls_rig_ca_init(&ca, "mesh.test");
    id = tls_rig_identity(&ca, ID, NULL, -60, 3600);
    options = tls_rig_mesh(id, ca.trust);
    shared.client = tls_rig_client(&options);
    shared.server = tls_rig_server(&options);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        EQ_INT(pthread_create(&threads[i], NULL, shake_often, &shared), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    tls_config_unref(shared.client);
    tls_config_unref(shared.server);
    tls_identity_unref(id);
    tls_rig_ca_deinit(&ca);
    tls_verify_flush();
}

static void an_identity_needs_its_own_key(void)
{
    struct tls_identity *id, *bad;
    struct tls_rig_ca ca;
    struct pki_key *key;
    const char *why;

    tls_rig_ca_init(&ca, "mesh.test");
    id = tls_rig_identity(&ca, ID, NULL, -60, 3600);
    EQ_STRN(tls_identity_spiffe(id)->id.p, tls_identity_spiffe(id)->id.len, ID);
    OK(tls_identity_not_after_s(id) <= clock_wall_s() + 3600);
    EQ_INT(pki_key_generate(&key), 0);
    EQ_INT(tls_identity_new(tls_identity_chain(id), key, &bad, &why), ERR_INVALID);
    EQ_STR(why, "key does not belong to the certificate");
    EQ_INT(tls_identity_from_pem(STR("x"), STR("y"), &bad, &why), ERR_NOT_FOUND);
    EQ_STR(why, "no certificate");
    pki_key_unref(key);
    tls_identity_unref(id);
    tls_rig_ca_deinit(&ca);
}

static const struct tap_case cases[] = {
    { "settings_that_cannot_work_are_refused", settings_that_cannot_work_are_refused },
    { "all_istio_suites_are_known_to_the_library", all_istio_suites_are_known_to_the_library },
    { "a_wildcard_covers_one_label", a_wildcard_covers_one_label },
    { "workers_share_configs", workers_share_configs },
    { "an_identity_needs_its_own_key", an_identity_needs_its_own_key },
};

TAP_MAIN(cases)
