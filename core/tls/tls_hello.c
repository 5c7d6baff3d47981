#include "core/tls/tls_hello.h"

#include <pthread.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/base/error.h"
#include "core/tls/tls_alpn.h"

#define RECORD_HEAD    5
#define TYPE_HANDSHAKE 22
#define TYPE_HELLO     1
#define HANDSHAKE_HEAD 4

/* A context that answers nobody: the handshake is broken off when the ClientHello is parsed. */
static SSL_CTX *probe_ctx;
static pthread_once_t probe_once = PTHREAD_ONCE_INIT;

struct probe {
    struct tls_hello *out;
    bool seen, too_long;
};

static enum ssl_select_cert_result_t on_client_hello(const SSL_CLIENT_HELLO *hello)
{
    struct probe *probe = SSL_get_app_data(hello->ssl);
    const char *sni = SSL_get_servername(hello->ssl, TLSEXT_NAMETYPE_host_name);
    const uint8_t *alpn;
    size_t len;

    probe->seen = true;
    probe->out->sni_len = 0;
    for (size_t i = 0; sni && sni[i]; i++) {
        if (i == TLS_HELLO_SNI_MAX) {
            probe->too_long = true;
            break;
        }
        probe->out->sni_text[i] = str_lower_char(sni[i]);
        probe->out->sni_len = i + 1;
    }
    probe->out->sni_text[probe->out->sni_len] = 0;
    probe->out->alpn = 0;
    if (SSL_early_callback_ctx_extension_get(
            hello, TLSEXT_TYPE_application_layer_protocol_negotiation, &alpn, &len) &&
        len > 2)
        probe->out->alpn = tls_alpn_set_of_wire(alpn + 2, len - 2);
    return ssl_select_cert_error;
}

static void make_probe(void)
{
    probe_ctx = SSL_CTX_new(TLS_with_buffers_method());
    ASSERT(probe_ctx);
    ASSERT(SSL_CTX_set_min_proto_version(probe_ctx, TLS1_VERSION));
    SSL_CTX_set_select_certificate_cb(probe_ctx, on_client_hello);
}

int tls_hello_sniff(const uint8_t *p, size_t len)
{
    if (len == 0)
        return ERR_AGAIN;
    if (p[0] != TYPE_HANDSHAKE)
        return ERR_PROTO;
    if (len == 1)
        return ERR_AGAIN;
    if (p[1] != 3)
        return ERR_PROTO;
    if (len == 2)
        return ERR_AGAIN;
    return p[2] <= 4 ? 0 : ERR_PROTO;
}

/* Is the whole message there? Only lengths are looked at, so that a ClientHello that trickles in is
 * parsed once and not once per byte. */
static int is_complete(const uint8_t *p, size_t len)
{
    uint8_t head[HANDSHAKE_HEAD];
    size_t have = 0, at = 0, want = 0;

    while (len - at >= RECORD_HEAD) {
        size_t record = (size_t)p[at + 3] << 8 | p[at + 4];
        size_t here = len - at - RECORD_HEAD < record ? len - at - RECORD_HEAD : record;

        if (p[at] != TYPE_HANDSHAKE || p[at + 1] != 3 || record == 0)
            return ERR_TLS;
        for (size_t i = 0; i < here && have + i < HANDSHAKE_HEAD; i++)
            head[have + i] = p[at + RECORD_HEAD + i];
        have += here;
        if (have >= 1 && head[0] != TYPE_HELLO)
            return ERR_TLS;
        if (have >= HANDSHAKE_HEAD) {
            want = (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
            if (want + HANDSHAKE_HEAD > TLS_HELLO_MAX_BYTES)
                return ERR_LIMIT;
            if (have >= want + HANDSHAKE_HEAD)
                return 0;
        }
        if (here < record)
            break;
        at += RECORD_HEAD + record;
    }
    return len > TLS_HELLO_MAX_BYTES ? ERR_LIMIT : ERR_AGAIN;
}

static int run_probe(SSL *ssl, const uint8_t *p, size_t len, struct probe *probe)
{
    BIO *in = BIO_new_mem_buf(p, (int)len), *out = BIO_new(BIO_s_mem());
    int n;

    ASSERT(in && out);
    BIO_set_mem_eof_return(in, -1); /* running out is "not yet", not the end */
    SSL_set_bio(ssl, in, out);
    SSL_set_app_data(ssl, probe);
    SSL_set_accept_state(ssl);
    n = SSL_do_handshake(ssl);
    if (probe->seen)
        return probe->too_long ? ERR_LIMIT : 0;
    return n < 0 && SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ ? ERR_AGAIN : ERR_TLS;
}

int tls_hello_parse(const uint8_t *p, size_t len, struct tls_hello *out)
{
    struct probe probe = { .out = out };
    int err = tls_hello_sniff(p, len);
    SSL *ssl;

    if (err == ERR_PROTO)
        return ERR_TLS;
    if (!err)
        err = is_complete(p, len);
    if (err)
        return err;
    pthread_once(&probe_once, make_probe);
    ssl = SSL_new(probe_ctx);
    ASSERT(ssl);
    err = run_probe(ssl, p, len, &probe);
    SSL_free(ssl);
    ERR_clear_error();
    return err == ERR_AGAIN ? ERR_TLS : err; /* all of it was there */
}
