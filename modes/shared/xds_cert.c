#include "modes/shared/xds_cert.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/pki/pki_csr.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_key.h"
#include "core/text/proto.h"
#include "core/xds/xds_msg.h"

static struct log_module log_module = LOG_MODULE("xds");

enum {
    RETRY_MIN_MS = 100,
    RETRY_MAX_MS = 60 * 1000,
    TIMEOUT_MS = 10 * 1000,
    LIFE_S = 86400,
    RENEW_MIN_S = 1,
};

struct xds_cert {
    struct worker *worker;
    struct xds_link *link;
    struct xds_cert_options options;
    char *id, *token, *dir; /* token, dir: NULL, none */
    struct tls_identity *identity;
    struct pki_trust *trust;
    struct pki_key *key; /* of the request under way */
    uint32_t server;
    uint64_t retry_ms;
    struct xds_link_dial *dial;
    struct grpc_client_call *call;
    struct timer timer;
};

/* ---- in use and on disk ---- */

/* From a third of the life on, and spread, so that proxies that started together part. */
static void plan_renewal(struct xds_cert *c)
{
    const struct pki_cert_info *info = tls_identity_info(c->identity);
    int64_t life = info->not_after_s - info->not_before_s;
    int64_t at = info->not_before_s + life / 3;
    int64_t left = at - clock_wall_s();
    uint64_t jitter = life > 0 ? random_below(&c->worker->random, (uint64_t)life * 1000 / 20) : 0;

    timer_start(&c->timer, (uint64_t)(left > RENEW_MIN_S ? left : RENEW_MIN_S) * 1000 + jitter);
}

/* Puts a certificate in force; takes over both references. */
static void use(struct xds_cert *c, struct tls_identity *identity, struct pki_trust *trust)
{
    tls_identity_unref(c->identity);
    pki_trust_unref(c->trust);
    c->identity = identity;
    c->trust = trust;
    xds_link_set_identity(c->link, identity, trust);
    c->options.got(c->options.arg, identity, trust);
}

/* Checks that these PEM texts are a certificate of ours. */
static int read_pem(const struct xds_cert *c, struct str chain, struct str key, struct str roots,
                    struct tls_identity **identity, struct pki_trust **trust, const char **why)
{
    struct pki_trust_domain domain = { .trust_domain = c->options.trust_domain,
                                       .roots_pem = roots };
    int err = tls_identity_from_pem(chain, key, identity, why);

    if (err)
        return err;
    *why = "it is of another identity";
    err = str_is(tls_identity_spiffe(*identity)->id, c->id) ? 0 : ERR_CERT;
    if (!err) {
        *why = "the roots are none";
        err = pki_trust_new(&domain, 1, trust);
    }
    if (err)
        tls_identity_unref(*identity);
    return err;
}

static void read_kept(struct xds_cert *c)
{
    struct tls_identity *identity;
    struct pki_trust *trust;
    struct buf pem, roots;
    char path[512];
    const char *why = "";

    if (!c->dir)
        return;
    buf_init(&pem, 65536);
    buf_init(&roots, PKI_CERT_BUNDLE_MAX_BYTES);
    snprintf(path, sizeof(path), "%s/root-cert.pem", c->dir);
    if (pki_file_read(path, &roots) == 0) {
        snprintf(path, sizeof(path), "%s/identity.pem", c->dir);
        if (pki_file_read(path, &pem) == 0) {
            if (read_pem(c, buf_str(&pem), buf_str(&pem), buf_str(&roots), &identity, &trust,
                         &why) == 0)
                use(c, identity, trust);
            else
                log_warn("%s is not used: %s", path, why);
        }
    }
    buf_wipe(&pem);
    buf_deinit(&roots);
}

static void keep(struct xds_cert *c, struct str chain, struct str roots)
{
    struct buf pem;
    char path[512];
    int err;

    if (!c->dir)
        return;
    buf_init(&pem, 0);
    err = pki_key_to_pem(c->key, &pem);
    buf_add_str(&pem, chain);
    snprintf(path, sizeof(path), "%s/root-cert.pem", c->dir);
    if (!err)
        err = pki_file_write(path, roots, 0644);
    snprintf(path, sizeof(path), "%s/identity.pem", c->dir);
    if (!err)
        err = pki_file_write(path, buf_str(&pem), 0600);
    if (err)
        log_error("%s: %s; the certificate is not kept", path, error_text(err));
    buf_wipe(&pem);
}

/* ---- asking ---- */

static void retry(struct xds_cert *c)
{
    uint64_t half = c->retry_ms / 2;

    pki_key_unref(c->key);
    c->key = NULL;
    c->server = (c->server + 1) % xds_link_count(c->link);
    timer_start(&c->timer, half + random_below(&c->worker->random, half + 1));
    c->retry_ms = c->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : c->retry_ms * 2;
}

static int take(struct xds_cert *c, const struct xds_msg_cert *m, const char **why)
{
    struct tls_identity *identity;
    struct pki_trust *trust;
    struct buf chain, key;
    struct str roots;
    int err;

    *why = "the answer has no chain";
    if (m->chain_count < 2)
        return ERR_PROTO;
    roots = m->chain[m->chain_count - 1];
    buf_init(&chain, 0);
    buf_init(&key, 0);
    for (size_t i = 0; i + 1 < m->chain_count; i++)
        buf_add_str(&chain, m->chain[i]);
    err = pki_key_to_pem(c->key, &key);
    if (!err)
        err = read_pem(c, buf_str(&chain), buf_str(&key), roots, &identity, &trust, why);
    if (!err) {
        keep(c, buf_str(&chain), roots);
        use(c, identity, trust);
    }
    buf_wipe(&key);
    buf_deinit(&chain);
    return err;
}

static void on_answer(void *arg, enum grpc_status status, struct str error, struct str message)
{
    struct xds_cert *c = arg;
    struct xds_msg_cert m;
    const char *why = "the answer does not decode";
    struct arena a;
    int err = ERR_PROTO;

    c->call = NULL;
    if (status != GRPC_STATUS_OK) {
        log_warn("no certificate from control %s: %s %.*s", xds_link_name(c->link, c->server),
                 grpc_status_name((int)status), STR_ARG(error));
        retry(c);
        return;
    }
    arena_init(&a, 4096);
    if (proto_decode(&xds_msg_cert_message, message.p, message.len, &a, PROTO_BORROW, &m) == 0)
        err = take(c, &m, &why);
    arena_deinit(&a);
    if (err) {
        log_error("the certificate from control %s is not used: %s",
                  xds_link_name(c->link, c->server), why);
        retry(c);
        return;
    }
    log_info("certificate for %s", c->id);
    pki_key_unref(c->key);
    c->key = NULL;
    c->retry_ms = RETRY_MIN_MS;
    plan_renewal(c);
}

static int make_request(struct xds_cert *c, struct buf *out)
{
    struct xds_msg_csr m = { .validity_s = LIFE_S };
    struct buf csr;
    int err;

    buf_init(&csr, 0);
    err = pki_key_generate(&c->key);
    if (!err)
        err = pki_csr_build(c->key, str_of(c->id), &csr);
    m.csr = buf_str(&csr);
    if (!err)
        err = proto_encode(&xds_msg_csr_message, &m, out);
    buf_deinit(&csr);
    return err;
}

static void on_ready(void *arg, struct grpc_client *client, int err)
{
    struct xds_cert *c = arg;
    struct grpc_client_options options = { .timeout_ms = TIMEOUT_MS };
    struct http_headers metadata;
    struct buf request;
    struct arena a;

    c->dial = NULL;
    buf_init(&request, 0);
    if (!err)
        err = make_request(c, &request);
    if (err) {
        retry(c);
        buf_deinit(&request);
        return;
    }
    arena_init(&a, 1024);
    http_headers_init(&metadata, &a);
    if (c->token)
        http_headers_add(&metadata, STR("authorization"), arena_printf(&a, "Bearer %s", c->token));
    options.metadata = &metadata;
    c->call = grpc_client_unary(client, XDS_MSG_CERTIFICATE_PATH, &options, buf_str(&request),
                                on_answer, c);
    arena_deinit(&a);
    buf_deinit(&request);
}

/* Time to ask. An expired certificate is not shown: it would end the handshake. */
static void on_timer(struct timer *t)
{
    struct xds_cert *c = CONTAINER_OF(t, struct xds_cert, timer);

    if (c->identity && clock_wall_s() >= tls_identity_not_after_s(c->identity))
        xds_link_set_identity(c->link, NULL, c->trust);
    c->dial = xds_link_prepare(c->link, c->server, on_ready, c);
}

/* ---- life ---- */

int xds_cert_new(struct worker *w, struct xds_link *link, const struct xds_cert_options *options,
                 struct xds_cert **out)
{
    struct xds_cert *c = mem_alloc0(1, sizeof(*c));
    struct buf id;

    c->worker = w;
    c->link = link;
    c->options = *options;
    c->retry_ms = RETRY_MIN_MS;
    c->token = mem_strdup(options->token);
    c->dir = mem_strdup(options->state_dir);
    timer_init(&c->timer, &w->timers, on_timer);
    buf_init(&id, 0);
    if (pki_spiffe_format(&id, options->trust_domain, options->ns, options->service_account) != 0) {
        fprintf(stderr, "mesh: no identity comes of namespace \"%.*s\" and account \"%.*s\"\n",
                STR_ARG(options->ns), STR_ARG(options->service_account));
        buf_deinit(&id);
        xds_cert_free(c);
        return ERR_INVALID;
    }
    c->id = buf_take_strz(&id);
    buf_deinit(&id);
    *out = c;
    read_kept(c);
    if (c->identity)
        plan_renewal(c);
    else
        timer_start(&c->timer, 0);
    return 0;
}

void xds_cert_free(struct xds_cert *c)
{
    if (!c)
        return;
    timer_cancel(&c->timer);
    xds_link_cancel(c->dial);
    if (c->call)
        grpc_client_cancel(c->call);
    pki_key_unref(c->key);
    tls_identity_unref(c->identity);
    pki_trust_unref(c->trust);
    if (c->token)
        mem_wipe(c->token, strlen(c->token));
    mem_free(c->token);
    mem_free(c->dir);
    mem_free(c->id);
    mem_free(c);
}

bool xds_cert_is_there(const struct xds_cert *c)
{
    return c->identity != NULL;
}
