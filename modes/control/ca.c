#include "modes/control/ca.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/pki/pki_ca.h"
#include "core/pki/pki_cert.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_csr.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_key.h"
#include "core/pki/pki_seal.h"

static struct log_module log_module = LOG_MODULE("ca");

#define RENEW_CHECK_MS ((uint64_t)3600 * 1000)

struct ca {
    struct worker *worker;
    char *dir, *trust_domain;
    struct pki_seal *seal;
    struct pki_ca *root, *intermediate;
    struct pki_trust *trust;
    struct buf root_pem;
    uint8_t root_spki[32];
    struct timer renew;
};

/* ---- files ---- */

static void path_of(const struct ca *ca, const char *name, char out[512])
{
    snprintf(out, 512, "%s/%s", ca->dir, name);
}

static int read_file(const struct ca *ca, const char *name, struct buf *out)
{
    char path[512];

    path_of(ca, name, path);
    return pki_file_read(path, out);
}

/* A key goes to disk sealed under its file's name. */
static int read_key(const struct ca *ca, const char *name, struct buf *out)
{
    struct buf sealed;
    int err;

    buf_init(&sealed, 65536);
    err = read_file(ca, name, &sealed);
    if (!err)
        err = pki_seal_unwrap(ca->seal, str_of(name), buf_str(&sealed), out);
    buf_deinit(&sealed);
    return err;
}

static int write_pair(const struct ca *ca, const struct pki_ca *pair, const char *cert_name,
                      const char *key_name)
{
    char path[512];
    struct buf key, sealed, cert;
    int err;

    buf_init(&key, 0);
    buf_init(&sealed, 0);
    buf_init(&cert, 0);
    err = pki_key_to_pem(pki_ca_key(pair), &key);
    if (!err)
        err = pki_seal_wrap(ca->seal, str_of(key_name), buf_str(&key), &sealed);
    if (!err)
        err = pki_cert_to_pem(pki_ca_cert(pair), &cert);
    path_of(ca, key_name, path);
    if (!err)
        err = pki_file_write(path, buf_str(&sealed), 0600);
    /* The certificate last: while it is missing the pair does not exist. */
    path_of(ca, cert_name, path);
    if (!err)
        err = pki_file_write(path, buf_str(&cert), 0644);
    buf_wipe(&key);
    buf_deinit(&sealed);
    buf_deinit(&cert);
    return err;
}

static int load_pair(const struct ca *ca, const char *cert_name, const char *key_name,
                     struct str root_pem, struct pki_ca **out, const char **why)
{
    struct buf cert, key;
    int err;

    buf_init(&cert, 65536);
    buf_init(&key, 65536);
    err = read_file(ca, cert_name, &cert);
    if (!err) {
        err = read_key(ca, key_name, &key);
        *why = "a key of the CA cannot be read";
        if (err == UV_ENOENT)
            err = ERR_CORRUPT; /* a certificate without its key is not a fresh start */
    }
    if (!err)
        err = pki_ca_load(buf_str(&cert), buf_str(&key), STR_NONE, root_pem, clock_wall_s(), out,
                          why);
    buf_deinit(&cert);
    buf_wipe(&key);
    return err;
}

/* ---- the two authorities ---- */

static int open_root(struct ca *ca, const char **why)
{
    int err = load_pair(ca, "root-cert.pem", "root-key.sealed", STR_NONE, &ca->root, why);

    if (err == UV_ENOENT) {
        *why = "the root cannot be written";
        err = pki_ca_new_root(str_of(ca->trust_domain), clock_wall_s(), PKI_CA_ROOT_LIFE_S,
                              &ca->root);
        if (!err)
            err = write_pair(ca, ca->root, "root-cert.pem", "root-key.sealed");
        if (!err)
            log_info("new root for trust domain %s", ca->trust_domain);
    }
    if (!err)
        err = pki_ca_root_pem(ca->root, &ca->root_pem);
    if (!err)
        memcpy(ca->root_spki, pki_cert_get_info(pki_ca_cert(ca->root))->spki_sha256, 32);
    return err;
}

static int make_intermediate(struct ca *ca)
{
    char host[64] = "control", name[96];
    struct pki_ca_intermediate want = { .life_s = PKI_CA_INTERMEDIATE_LIFE_S };
    struct pki_ca *made;
    int err;

    (void)gethostname(host, sizeof(host) - 1);
    snprintf(name, sizeof(name), "mesh intermediate %.60s", host);
    want.name = str_of(name);
    want.now_s = clock_wall_s();
    err = pki_ca_new_intermediate(ca->root, &want, &made);
    if (err)
        return err;
    err = write_pair(ca, made, "ca-cert.pem", "ca-key.sealed");
    if (err) {
        pki_ca_unref(made);
        return err;
    }
    pki_ca_unref(ca->intermediate);
    ca->intermediate = made;
    return 0;
}

/* True from a third of its life on: leaves live 24 h, so there are weeks to mend what fails. */
static bool is_due(const struct ca *ca)
{
    const struct pki_cert_info *info = pki_cert_get_info(pki_ca_cert(ca->intermediate));

    return clock_wall_s() > info->not_before_s + (info->not_after_s - info->not_before_s) / 3;
}

static int open_intermediate(struct ca *ca, const char **why)
{
    const char *ignored = "";
    int err = load_pair(ca, "ca-cert.pem", "ca-key.sealed", buf_str(&ca->root_pem),
                        &ca->intermediate, &ignored);

    /* Losing it loses nothing: leaves are checked against the root. */
    if (err && err != UV_ENOENT)
        log_warn("the intermediate is made anew: %s", *ignored ? ignored : error_text(err));
    if (!err && !is_due(ca))
        return 0;
    *why = "the intermediate cannot be written";
    return make_intermediate(ca);
}

static void on_renew(struct timer *t)
{
    struct ca *ca = CONTAINER_OF(t, struct ca, renew);

    if (is_due(ca)) {
        int err = make_intermediate(ca);

        if (err)
            log_error("the intermediate cannot be renewed: %s", error_text(err));
        else
            log_info("the intermediate was renewed");
    }
    timer_start(t, RENEW_CHECK_MS);
}

/* ---- life ---- */

static int open_parts(struct ca *ca, const char **why)
{
    struct pki_trust_domain domain;
    struct pki_spiffe id;
    struct buf text;
    char path[512];
    int err;

    buf_init(&text, 0);
    *why = "that is no trust domain";
    err = pki_spiffe_format(&text, str_of(ca->trust_domain), STR("a"), STR("b"));
    if (!err)
        err = pki_spiffe_parse(buf_str(&text), &id);
    buf_deinit(&text);
    if (err)
        return err;
    *why = "the state directory cannot be made";
    if (mkdir(ca->dir, 0700) != 0 && errno != EEXIST)
        return -errno;
    path_of(ca, "seal.key", path);
    *why = "seal.key cannot be used";
    err = pki_seal_open_file(path, true, &ca->seal);
    if (!err)
        err = open_root(ca, why);
    if (!err)
        err = open_intermediate(ca, why);
    if (err)
        return err;
    domain = (struct pki_trust_domain){ .trust_domain = str_of(ca->trust_domain),
                                        .roots_pem = buf_str(&ca->root_pem) };
    *why = "the root is no root";
    return pki_trust_new(&domain, 1, &ca->trust);
}

int ca_open(struct worker *w, const char *state_dir, const char *trust_domain, struct ca **out,
            const char **why)
{
    struct ca *ca = mem_alloc0(1, sizeof(*ca));
    int err;

    ca->worker = w;
    ca->dir = mem_printf("%s/ca", state_dir);
    ca->trust_domain = mem_strdup(trust_domain);
    buf_init(&ca->root_pem, 0);
    timer_init(&ca->renew, &w->timers, on_renew);
    err = open_parts(ca, why);
    if (err) {
        ca_free(ca);
        return err;
    }
    timer_start(&ca->renew, RENEW_CHECK_MS);
    *out = ca;
    return 0;
}

void ca_free(struct ca *ca)
{
    if (!ca)
        return;
    timer_cancel(&ca->renew);
    pki_ca_unref(ca->root);
    pki_ca_unref(ca->intermediate);
    pki_trust_unref(ca->trust);
    pki_seal_free(ca->seal);
    buf_deinit(&ca->root_pem);
    mem_free(ca->dir);
    mem_free(ca->trust_domain);
    mem_free(ca);
}

const char *ca_trust_domain(const struct ca *ca)
{
    return ca->trust_domain;
}

const uint8_t *ca_root_spki_sha256(const struct ca *ca)
{
    return ca->root_spki;
}

struct str ca_root_pem(const struct ca *ca)
{
    return buf_str(&ca->root_pem);
}

struct pki_trust *ca_trust(const struct ca *ca)
{
    return ca->trust;
}

const struct pki_seal *ca_seal(const struct ca *ca)
{
    return ca->seal;
}

/* ---- signing ---- */

int ca_sign(struct ca *ca, const struct pki_csr *csr, struct str spiffe_id, int64_t life_s,
            struct buf *out)
{
    struct pki_ca_leaf want = { .spiffe_id = spiffe_id, .now_s = clock_wall_s(), .life_s = life_s };
    struct pki_chain chain = { 0 };
    int err;

    if (want.life_s <= 0 || want.life_s > PKI_CA_LEAF_LIFE_S)
        want.life_s = PKI_CA_LEAF_LIFE_S;
    err = pki_ca_sign(ca->intermediate, pki_csr_public_key(csr), &want, &chain);
    if (!err)
        err = pki_chain_to_pem(&chain, out);
    if (!err)
        log_info("certificate for %.*s, %lld s", STR_ARG(spiffe_id), (long long)want.life_s);
    pki_chain_deinit(&chain);
    return err;
}

int ca_issue_server(struct ca *ca, const struct str *dns_names, size_t count,
                    struct tls_identity **out)
{
    struct pki_ca_leaf want = { .dns_names = dns_names,
                                .dns_count = count,
                                .now_s = clock_wall_s(),
                                .life_s = PKI_CA_LEAF_LIFE_S };
    struct pki_chain chain = { 0 };
    struct pki_key *key;
    struct buf id;
    const char *why;
    int err = pki_key_generate(&key);

    if (err)
        return err;
    buf_init(&id, 0);
    err = pki_spiffe_format(&id, str_of(ca->trust_domain), STR(CA_CONTROL_NS), STR(CA_CONTROL_SA));
    want.spiffe_id = buf_str(&id);
    if (!err)
        err = pki_ca_sign(ca->intermediate, pki_key_evp(key), &want, &chain);
    if (!err) {
        struct pki_cert *root;

        /* pki_chain wants a reference of its own; the CA only lends its certificate. */
        err = pki_cert_parse_der(pki_cert_der(pki_ca_cert(ca->root)), &root);
        if (!err)
            pki_chain_give(&chain, root);
    }
    if (!err)
        err = tls_identity_new(&chain, key, out, &why);
    pki_chain_deinit(&chain);
    pki_key_unref(key);
    buf_deinit(&id);
    return err;
}
