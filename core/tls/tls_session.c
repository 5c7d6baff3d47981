#include "core/tls/tls_session.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/tls/tls_config_data.h"
#include "core/tls/tls_error.h"
#include "core/tls/tls_seal.h"
#include "core/tls/tls_verify.h"

#define ERROR_BYTES 96

int tls_session_fail(struct tls_session *s, int code, const char *text)
{
    if (!s->code) {
        s->code = code;
        s->error = mem_strdup(text);
    }
    return s->code;
}

/* What the verifier said stands; else the library's last error. */
static int fail_by_library(struct tls_session *s)
{
    char text[ERROR_BYTES];
    int code = tls_error_take(text, sizeof(text));

    return tls_session_fail(s, code, text);
}

/* ---- what the library asks ---- */

static void on_hello(struct tls_context_hooks *h, const char *sni, uint32_t alpn)
{
    struct tls_session *s = CONTAINER_OF(h, struct tls_session, hooks);

    s->alpn_offered = alpn;
    if (sni && !s->sni)
        s->sni = mem_strdup(sni);
}

static int on_verify(struct tls_context_hooks *h, struct ssl_st *ssl, uint8_t *alert)
{
    struct tls_session *s = CONTAINER_OF(h, struct tls_session, hooks);
    const STACK_OF(CRYPTO_BUFFER) *list = SSL_get0_peer_certificates(ssl);
    CRYPTO_BUFFER *chain[PKI_CERT_CHAIN_MAX_PUBLIC + 1];
    size_t count = list ? sk_CRYPTO_BUFFER_num(list) : 0;
    const char *why;
    int err;

    if (count > COUNT_OF(chain))
        count = COUNT_OF(chain); /* refused for being too many */
    for (size_t i = 0; i < count; i++)
        chain[i] = sk_CRYPTO_BUFFER_value(list, i);
    err = tls_verify_chain(s->config, chain, count, clock_wall_s(), &s->peer, &why, alert);
    return err ? tls_session_fail(s, err, why) : 0;
}

/* ---- life ---- */

void tls_session_init(struct tls_session *s, struct worker *w, struct stream *output)
{
    memset(s, 0, sizeof(*s));
    s->hooks.on_hello = on_hello;
    s->hooks.verify = on_verify;
    tls_bio_init(&s->bio, w, output);
}

void tls_session_deinit(struct tls_session *s)
{
    SSL_free(s->ssl);
    tls_bio_deinit(&s->bio);
    tls_config_unref(s->config);
    tls_peer_unref(s->peer);
    mem_free(s->sni);
    mem_free(s->error);
}

void tls_session_start(struct tls_session *s, struct tls_config *config)
{
    BIO *bio = tls_bio_new(&s->bio);

    s->config = tls_config_ref(config);
    s->ssl = SSL_new(tls_context_get(config, s->bio.worker));
    ASSERT(s->ssl);
    SSL_set_app_data(s->ssl, &s->hooks);
    SSL_set_shed_handshake_config(s->ssl, 1);
    SSL_set_bio(s->ssl, bio, bio);
    if (config->is_server) {
        SSL_set_accept_state(s->ssl);
        return;
    }
    SSL_set_connect_state(s->ssl);
    if (config->sni) {
        SSL_set_tlsext_host_name(s->ssl, config->sni);
        s->sni = mem_strdup(config->sni);
    }
}

/* ---- going on ---- */

int tls_session_handshake(struct tls_session *s)
{
    int n, err = 0, flush_err;

    tls_bio_open(&s->bio, false);
    n = SSL_do_handshake(s->ssl);
    if (n != 1)
        err = SSL_get_error(s->ssl, n) == SSL_ERROR_WANT_READ ? ERR_AGAIN : fail_by_library(s);
    flush_err = tls_bio_flush(&s->bio);
    if (flush_err && (!err || err == ERR_AGAIN))
        err = tls_session_fail(s, flush_err, error_text(flush_err));
    if (!err) {
        /* A library context lives as long as its connections; the config need not. */
        tls_config_unref(s->config);
        s->config = NULL;
    }
    return err;
}

int tls_session_read(struct tls_session *s, uint8_t *out, size_t size, size_t *len)
{
    int n, err = 0, flush_err;

    *len = 0;
    tls_bio_open(&s->bio, false);
    do {
        n = SSL_read(s->ssl, out + *len, (int)(size - *len));
        if (n > 0)
            *len += (size_t)n;
    } while (n > 0 && size - *len >= TLS_SEAL_RECORD_BYTES);
    if (n <= 0) {
        int reason = SSL_get_error(s->ssl, n);

        s->got_notify = reason == SSL_ERROR_ZERO_RETURN;
        err = s->got_notify || reason == SSL_ERROR_WANT_READ ? ERR_AGAIN : fail_by_library(s);
    }
    flush_err = tls_bio_flush(&s->bio); /* answers to key updates, alerts */
    if (flush_err && (!err || err == ERR_AGAIN))
        err = tls_session_fail(s, flush_err, error_text(flush_err));
    return err;
}

bool tls_session_has_read(const struct tls_session *s)
{
    return SSL_pending(s->ssl) > 0;
}

static bool is_in(const void *p, const char *area, size_t size)
{
    const char *c = p;

    return c >= area && c < area + size;
}

int tls_session_write(struct tls_session *s, const struct iovec *iov, int count)
{
    bool busy = false;
    int err, flush_err;

    /* A TLS stream above this one, inside a tunnel, hands us its output: the scratch itself. */
    for (int i = 0; i < count; i++)
        busy |= is_in(iov[i].iov_base, s->bio.worker->cipher, WORKER_CIPHER_BYTES);
    tls_bio_open(&s->bio, busy);
    err = tls_seal(s->ssl, &s->bio, iov, count);
    if (err)
        err = fail_by_library(s);
    flush_err = tls_bio_flush(&s->bio);
    if (flush_err && !err)
        err = tls_session_fail(s, flush_err, error_text(flush_err));
    return err;
}

void tls_session_notify(struct tls_session *s)
{
    if (s->sent_notify)
        return;
    s->sent_notify = true;
    tls_bio_open(&s->bio, false);
    SSL_shutdown(s->ssl);
    ERR_clear_error();
    tls_bio_flush(&s->bio); /* an error shows on the layer below */
}

void tls_session_get_info(const struct tls_session *s, struct stream_tls_info *out)
{
    const uint8_t *alpn;
    unsigned alpn_len;

    memset(out, 0, sizeof(*out));
    SSL_get0_alpn_selected(s->ssl, &alpn, &alpn_len);
    out->peer = s->peer;
    out->sni = str_of(s->sni);
    out->alpn = str_make(alpn, alpn_len);
    out->alpn_id = tls_alpn_from_name(out->alpn);
    out->alpn_offered = s->alpn_offered;
    out->version = SSL_get_version(s->ssl);
    out->cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(s->ssl));
}
