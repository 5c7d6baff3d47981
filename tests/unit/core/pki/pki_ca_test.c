#include "core/pki/pki_ca.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_csr.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_key.h"
#include "core/pki/pki_trust.h"
#include "tests/tap.h"

#define NOW  ((int64_t)1800000000)
#define HOUR ((int64_t)3600)
#define ID   "spiffe://mesh.test/ns/a/sa/b"

struct rig {
    struct pki_ca *root, *ca;
    struct pki_key *key;
    struct pki_trust *trust;
};

static struct pki_trust *trust_in(const struct pki_ca *ca)
{
    struct pki_trust_domain domain = { .trust_domain = STR("mesh.test") };
    struct pki_trust *trust = NULL;
    struct buf pem;

    buf_init(&pem, 0);
    EQ_INT(pki_ca_root_pem(ca, &pem), 0);
    domain.roots_pem = buf_str(&pem);
    EQ_INT(pki_trust_new(&domain, 1, &trust), 0);
    buf_deinit(&pem);
    return trust;
}

static void rig_init(struct rig *r, bool constrain)
{
    struct pki_ca_intermediate want = { .name = STR("mesh intermediate n1"),
                                        .now_s = NOW,
                                        .life_s = PKI_CA_INTERMEDIATE_LIFE_S,
                                        .constrain = constrain };

    EQ_INT(pki_ca_new_root(STR("mesh.test"), NOW, PKI_CA_ROOT_LIFE_S, &r->root), 0);
    EQ_INT(pki_ca_new_intermediate(r->root, &want, &r->ca), 0);
    EQ_INT(pki_key_generate(&r->key), 0);
    r->trust = trust_in(r->ca);
}

static void rig_deinit(struct rig *r)
{
    pki_ca_unref(r->root);
    pki_ca_unref(r->ca);
    pki_key_unref(r->key);
    pki_trust_unref(r->trust);
}

static int sign(const struct rig *r, const char *id, int64_t life_s, struct pki_chain *chain)
{
    struct pki_ca_leaf want = { .spiffe_id = str_of(id), .now_s = NOW, .life_s = life_s };

    return pki_ca_sign(r->ca, pki_key_evp(r->key), &want, chain);
}

static int verify(const struct rig *r, const struct pki_chain *chain, int64_t now_s,
                  const char **why)
{
    struct pki_trust_check check = { .trust_domain = STR("mesh.test"),
                                     .usage = PKI_TRUST_CLIENT,
                                     .need_usage = true,
                                     .now_s = now_s };
    struct pki_trust_result result;

    *why = "";
    return pki_trust_verify(r->trust, chain->certs, chain->count, &check, &result, why);
}

static void a_leaf_says_what_we_set(void)
{
    const struct pki_cert_info *info;
    struct pki_chain chain;
    struct rig r;
    struct buf text;

    rig_init(&r, false);
    if (!EQ_INT(sign(&r, ID, PKI_CA_LEAF_LIFE_S, &chain), 0))
        return;
    EQ_INT(chain.count, 2); /* leaf and intermediate, no root */
    info = pki_cert_get_info(chain.certs[0]);
    EQ_INT(info->subject.len, 0);
    EQ_INT(info->uri_count, 1);
    EQ_STR(info->uris[0].p, ID);
    EQ_INT(info->not_before_s, NOW - PKI_CA_BACKDATE_S);
    EQ_INT(info->not_after_s, NOW + PKI_CA_LEAF_LIFE_S);
    EQ_INT(info->serial.len, 32);
    EQ_STR(info->key, "ECDSA P-256");
    OK(!info->is_ca && info->has_client_auth && info->has_server_auth);
    OK(pki_key_is_of(r.key, chain.certs[0]));
    OK(!pki_key_is_of(r.key, chain.certs[1]));
    buf_init(&text, 0);
    pki_cert_describe(chain.certs[0], &text);
    buf_add_char(&text, 0);
    HAS_STR(buf_str(&text).p, "name: URI:" ID "\n");
    HAS_STR(buf_str(&text).p, "valid: 2027-01-15T07:59:00Z to 2027-01-16T08:00:00Z\n");
    buf_deinit(&text);
    pki_chain_deinit(&chain);
    rig_deinit(&r);
}

static void names_that_are_no_ids_are_not_signed(void)
{
    static const struct str bad_dns[] = { STR_INIT("ok.test"), STR_INIT("a..b") };
    struct pki_ca_leaf want = {
        .spiffe_id = STR(ID), .dns_names = bad_dns, .dns_count = 2, .now_s = NOW, .life_s = 60
    };
    struct pki_chain chain;
    struct rig r;

    rig_init(&r, false);
    EQ_INT(sign(&r, "spiffe://mesh.test/ns/a/../sa/b", 60, &chain), ERR_INVALID);
    EQ_INT(sign(&r, "", 60, &chain), ERR_INVALID);
    EQ_INT(pki_ca_sign(r.ca, pki_key_evp(r.key), &want, &chain), ERR_INVALID);
    EQ_INT(chain.count, 0);
    want.dns_count = 1;
    EQ_INT(pki_ca_sign(r.ca, pki_key_evp(r.key), &want, &chain), 0);
    EQ_STR(pki_cert_get_info(chain.certs[0])->dns_names[0].p, "ok.test");
    pki_chain_deinit(&chain);
    rig_deinit(&r);
}

static void life_is_cut_to_the_issuers(void)
{
    struct pki_chain chain;
    struct rig r;

    rig_init(&r, false);
    EQ_INT(sign(&r, ID, 90 * 86400, &chain), 0);
    EQ_INT(pki_cert_get_info(chain.certs[0])->not_after_s, NOW + PKI_CA_INTERMEDIATE_LIFE_S);
    pki_chain_deinit(&chain);
    rig_deinit(&r);
}

static void chains_verify_in_their_time_only(void)
{
    struct pki_chain chain;
    struct rig r;
    const char *why;

    rig_init(&r, false);
    EQ_INT(sign(&r, ID, HOUR, &chain), 0);
    EQ_INT(verify(&r, &chain, NOW, &why), 0);
    EQ_INT(verify(&r, &chain, NOW + HOUR + 1, &why), ERR_CERT);
    EQ_STR(why, "certificate expired");
    EQ_INT(verify(&r, &chain, NOW - HOUR, &why), ERR_CERT);
    EQ_STR(why, "certificate not yet valid");
    chain.count = 1; /* the intermediate is missing */
    EQ_INT(verify(&r, &chain, NOW, &why), ERR_CERT);
    EQ_STR(why, "unknown authority");
    chain.count = 2;
    pki_chain_deinit(&chain);
    rig_deinit(&r);
}

static void pathlen_and_name_constraint_hold(void)
{
    struct pki_ca_intermediate want = { .name = STR("too deep"),
                                        .now_s = NOW,
                                        .life_s = PKI_CA_INTERMEDIATE_LIFE_S };
    struct pki_ca *deep;
    struct pki_chain chain;
    struct rig r;
    const char *why;

    rig_init(&r, true);
    EQ_INT(sign(&r, ID, HOUR, &chain), 0);
    EQ_INT(verify(&r, &chain, NOW, &why), 0);
    pki_chain_deinit(&chain);
    EQ_INT(sign(&r, "spiffe://elsewhere.test/ns/a/sa/b", HOUR, &chain), 0);
    EQ_INT(verify(&r, &chain, NOW, &why), ERR_CERT);
    EQ_STR(why, "name outside what the CA may certify");
    pki_chain_deinit(&chain);
    EQ_INT(pki_ca_new_intermediate(r.ca, &want, &deep), 0);
    pki_ca_unref(r.ca);
    r.ca = deep;
    EQ_INT(sign(&r, ID, HOUR, &chain), 0);
    EQ_INT(chain.count, 3);
    EQ_INT(verify(&r, &chain, NOW, &why), ERR_CERT);
    EQ_STR(why, "certificate path longer than its CA allows");
    pki_chain_deinit(&chain);
    rig_deinit(&r);
}

static void a_csr_gives_its_key_and_nothing_else(void)
{
    struct pki_csr *csr = NULL;
    struct pki_chain chain;
    struct pki_ca_leaf want = { .spiffe_id = STR(ID), .now_s = NOW, .life_s = HOUR };
    struct rig r;
    struct buf pem;

    rig_init(&r, false);
    buf_init(&pem, 0);
    EQ_INT(pki_csr_build(r.key, STR("no id"), &pem), ERR_INVALID);
    EQ_INT(pki_csr_build(r.key, STR("spiffe://mesh.test/ns/root/sa/admin"), &pem), 0);
    if (!EQ_INT(pki_csr_parse(buf_str(&pem), &csr), 0))
        return;
    EQ_STR(pki_csr_get_uri(csr).p, "spiffe://mesh.test/ns/root/sa/admin");
    EQ_INT(pki_ca_sign(r.ca, pki_csr_public_key(csr), &want, &chain), 0);
    EQ_INT(pki_cert_get_info(chain.certs[0])->uri_count, 1);
    EQ_STR(pki_cert_get_info(chain.certs[0])->uris[0].p, ID);
    OK(pki_key_is_of(r.key, chain.certs[0]));
    pki_chain_deinit(&chain);
    pki_csr_free(csr);
    buf_deinit(&pem);
    rig_deinit(&r);
}

static void a_changed_csr_is_refused(void)
{
    struct pki_csr *csr;
    struct rig r;
    struct buf pem;
    char *at;
    int refused = 0, tried = 0;

    rig_init(&r, false);
    buf_init(&pem, 0);
    EQ_INT(pki_csr_build(r.key, STR(ID), &pem), 0);
    at = pem.p + pem.start;
    for (size_t i = 40; i + 40 < buf_len(&pem); i += 7) {
        char old = at[i];
        int err;

        if (old == '\n')
            continue;
        at[i] = old == 'A' ? 'B' : 'A';
        tried++;
        err = pki_csr_parse(buf_str(&pem), &csr);
        refused += err != 0;
        if (!err)
            pki_csr_free(csr);
        at[i] = old;
    }
    EQ_INT(refused, tried);
    OK(tried > 20);
    EQ_INT(pki_csr_parse(STR("hello"), &csr), ERR_INVALID);
    EQ_INT(pki_csr_parse(STR_NONE, &csr), ERR_INVALID);
    buf_deinit(&pem);
    rig_deinit(&r);
}

/* A directory as Istio's cacerts Secret is mounted. */
static void a_directory_of_files_is_a_ca(void)
{
    char dir[] = "/tmp/pki_ca_test.XXXXXX";
    static const char *const names[] = { "ca-cert.pem", "ca-key.pem", "cert-chain.pem",
                                         "root-cert.pem" };
    struct pki_ca *loaded = NULL;
    struct pki_chain chain;
    const char *why;
    struct buf pem;
    struct rig r;

    rig_init(&r, false);
    if (!OK(mkdtemp(dir) != NULL))
        return;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *path = mem_printf("%s/%s", dir, names[i]);

        buf_init(&pem, 0);
        if (i == 0)
            pki_cert_to_pem(pki_ca_cert(r.ca), &pem);
        else if (i == 1)
            pki_key_to_pem(pki_ca_key(r.ca), &pem);
        else if (i == 2)
            pki_ca_chain_pem(r.ca, &pem);
        else
            pki_ca_root_pem(r.ca, &pem);
        OK(pki_ca_load_dir(dir, NOW, &loaded, &why) != 0); /* not all there */
        EQ_INT(pki_file_write(path, buf_str(&pem), 0600), 0);
        buf_deinit(&pem);
        mem_free(path);
    }
    EQ_INT(pki_ca_load_dir(dir, NOW + 400 * (int64_t)86400, &loaded, &why), ERR_INVALID);
    EQ_STR(why, "certificate expired");
    if (EQ_INT(pki_ca_load_dir(dir, NOW, &loaded, &why), 0)) {
        pki_ca_unref(r.ca);
        r.ca = loaded;
        EQ_INT(sign(&r, ID, HOUR, &chain), 0);
        EQ_INT(chain.count, 2);
        EQ_INT(verify(&r, &chain, NOW, &why), 0);
        pki_chain_deinit(&chain);
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *path = mem_printf("%s/%s", dir, names[i]);

        unlink(path);
        mem_free(path);
    }
    rmdir(dir);
    rig_deinit(&r);
}

static void wrong_keys_and_leaves_are_no_ca(void)
{
    struct buf cert, key, leaf;
    struct pki_chain chain;
    struct pki_ca *ca;
    const char *why;
    struct rig r;

    rig_init(&r, false);
    buf_init(&cert, 0);
    buf_init(&key, 0);
    buf_init(&leaf, 0);
    pki_cert_to_pem(pki_ca_cert(r.root), &cert);
    pki_key_to_pem(r.key, &key);
    EQ_INT(pki_ca_load(buf_str(&cert), buf_str(&key), STR_NONE, STR_NONE, NOW, &ca, &why),
           ERR_INVALID);
    EQ_STR(why, "key does not belong to the certificate");
    EQ_INT(sign(&r, ID, HOUR, &chain), 0);
    pki_cert_to_pem(chain.certs[0], &leaf);
    EQ_INT(pki_ca_load(buf_str(&leaf), buf_str(&key), STR_NONE, buf_str(&cert), NOW, &ca, &why),
           ERR_INVALID);
    EQ_STR(why, "certificate is not a CA's");
    EQ_INT(pki_ca_load(buf_str(&cert), STR("junk"), STR_NONE, STR_NONE, NOW, &ca, &why),
           ERR_NOT_FOUND);
    pki_chain_deinit(&chain);
    buf_deinit(&cert);
    buf_deinit(&key);
    buf_deinit(&leaf);
    rig_deinit(&r);
}

static void usage_must_be_stated(void)
{
    struct pki_cert *certs[1];
    struct pki_chain chain = { certs, 1 };
    const char *why;
    struct rig r;

    rig_init(&r, false);
    certs[0] = pki_cert_ref((struct pki_cert *)(uintptr_t)pki_ca_cert(r.ca));
    EQ_INT(verify(&r, &chain, NOW, &why), ERR_CERT); /* signed by the root, but says nothing */
    EQ_STR(why, "certificate is not for this use");
    pki_cert_unref(certs[0]);
    rig_deinit(&r);
}

static void long_chains_are_refused(void)
{
    struct pki_cert *certs[PKI_CERT_CHAIN_MAX_PUBLIC + 1];
    struct pki_chain chain, big = { certs, COUNT_OF(certs) };
    const char *why;
    struct rig r;

    rig_init(&r, false);
    EQ_INT(sign(&r, ID, HOUR, &chain), 0);
    for (size_t i = 0; i < COUNT_OF(certs); i++)
        certs[i] = chain.certs[i ? 1 : 0];
    EQ_INT(verify(&r, &big, NOW, &why), ERR_CERT);
    EQ_STR(why, "certificate chain too long");
    big.count = 0;
    EQ_INT(verify(&r, &big, NOW, &why), ERR_CERT);
    EQ_STR(why, "no certificate");
    pki_chain_deinit(&chain);
    rig_deinit(&r);
}

static const struct tap_case cases[] = {
    { "a_leaf_says_what_we_set", a_leaf_says_what_we_set },
    { "names_that_are_no_ids_are_not_signed", names_that_are_no_ids_are_not_signed },
    { "life_is_cut_to_the_issuers", life_is_cut_to_the_issuers },
    { "chains_verify_in_their_time_only", chains_verify_in_their_time_only },
    { "pathlen_and_name_constraint_hold", pathlen_and_name_constraint_hold },
    { "a_csr_gives_its_key_and_nothing_else", a_csr_gives_its_key_and_nothing_else },
    { "a_changed_csr_is_refused", a_changed_csr_is_refused },
    { "a_directory_of_files_is_a_ca", a_directory_of_files_is_a_ca },
    { "wrong_keys_and_leaves_are_no_ca", wrong_keys_and_leaves_are_no_ca },
    { "usage_must_be_stated", usage_must_be_stated },
    { "long_chains_are_refused", long_chains_are_refused },
};

TAP_MAIN(cases)
