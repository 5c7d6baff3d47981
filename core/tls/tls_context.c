#include "core/tls/tls_context.h"

#include <pthread.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/tls/tls_config_data.h"

/* One pool for the process: a peer's certificates are in memory once, however many connections and
 * contexts have seen them. Only handshakes take its lock. */
static CRYPTO_BUFFER_POOL *pool;
static pthread_once_t pool_once = PTHREAD_ONCE_INIT;

static void make_pool(void)
{
    pool = CRYPTO_BUFFER_POOL_new();
    ASSERT(pool);
}

/* The two-byte numbers of a list whose own length comes first. */
static bool has_number(const uint8_t *list, size_t len, uint16_t want)
{
    for (size_t i = 2; i + 1 < len; i += 2) {
        if ((uint16_t)(list[i] << 8 | list[i + 1]) == want)
            return true;
    }
    return false;
}

static bool extension_has(const SSL_CLIENT_HELLO *hello, uint16_t extension, uint16_t want)
{
    const uint8_t *list;
    size_t len;

    return SSL_early_callback_ctx_extension_get(hello, extension, &list, &len) &&
           has_number(list, len, want);
}

/* Below TLS 1.3 the suite says the type of the key. */
static bool has_ecdsa_suite(const SSL_CLIENT_HELLO *hello)
{
    for (size_t i = 0; i + 1 < hello->cipher_suites_len; i += 2) {
        const uint8_t *at = hello->cipher_suites + i;
        const SSL_CIPHER *suite = SSL_get_cipher_by_value((uint16_t)(at[0] << 8 | at[1]));

        if (suite && (SSL_CIPHER_get_auth_nid(suite) == NID_auth_ecdsa ||
                      SSL_CIPHER_get_auth_nid(suite) == NID_auth_any))
            return true;
    }
    return false;
}

static uint16_t signature_of(const struct tls_identity *id)
{
    switch (pki_key_get_type(tls_identity_key(id))) {
    case PKI_KEY_EC_P256:
        return SSL_SIGN_ECDSA_SECP256R1_SHA256;
    case PKI_KEY_EC_P384:
        return SSL_SIGN_ECDSA_SECP384R1_SHA384;
    case PKI_KEY_EC_P521:
        return SSL_SIGN_ECDSA_SECP521R1_SHA512;
    case PKI_KEY_ED25519:
        return SSL_SIGN_ED25519;
    default:
        return 0; /* RSA: everybody can */
    }
}

static bool can_check(const SSL_CLIENT_HELLO *hello, const struct tls_identity *id)
{
    uint16_t signature = signature_of(id);

    return !signature || (extension_has(hello, TLSEXT_TYPE_signature_algorithms, signature) &&
                          has_ecdsa_suite(hello));
}

static bool set_chain(SSL *ssl, SSL_CTX *ctx, const struct tls_identity *id)
{
    const struct pki_chain *chain = tls_identity_chain(id);
    CRYPTO_BUFFER *buffers[PKI_CERT_CHAIN_MAX_PUBLIC];
    EVP_PKEY *key = pki_key_evp(tls_identity_key(id));

    if (chain->count > COUNT_OF(buffers))
        return false;
    for (size_t i = 0; i < chain->count; i++)
        buffers[i] = pki_cert_buffer(chain->certs[i]);
    return ssl ? SSL_set_chain_and_key(ssl, buffers, chain->count, key, NULL)
               : SSL_CTX_set_chain_and_key(ctx, buffers, chain->count, key, NULL);
}

/* The context has the first certificate; a connection gets the other one when only that suits the
 * client, or when that is the quicker one, which ECDSA is for us. */
static void choose_identity(const SSL_CLIENT_HELLO *hello, const struct tls_config *c)
{
    bool first_is_rsa = !signature_of(c->identity), other_is_rsa = !signature_of(c->other);
    bool wants_other =
        first_is_rsa && !other_is_rsa ? can_check(hello, c->other) : !can_check(hello, c->identity);

    if (wants_other && set_chain(hello->ssl, NULL, c->other))
        SSL_set_ocsp_response(hello->ssl, NULL, 0);
}

static enum ssl_select_cert_result_t on_client_hello(const SSL_CLIENT_HELLO *hello)
{
    const struct tls_config *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(hello->ssl));
    struct tls_context_hooks *hooks = SSL_get_app_data(hello->ssl);
    const uint8_t *alpn;
    size_t len;
    uint32_t set = 0;

    /* The extension starts with the length of the list; the library checks it later. */
    if (SSL_early_callback_ctx_extension_get(
            hello, TLSEXT_TYPE_application_layer_protocol_negotiation, &alpn, &len) &&
        len > 2)
        set = tls_alpn_set_of_wire(alpn + 2, len - 2);
    if (c->other)
        choose_identity(hello, c);
    hooks->on_hello(hooks, SSL_get_servername(hello->ssl, TLSEXT_NAMETYPE_host_name), set);
    return ssl_select_cert_success;
}

static bool is_offered(const uint8_t *one, const uint8_t *list, size_t len)
{
    while (len > 0 && list[0] < len) {
        if (list[0] == one[0] && memcmp(list + 1, one + 1, one[0]) == 0)
            return true;
        len -= (size_t)list[0] + 1;
        list += list[0] + 1;
    }
    return false;
}

/* Our order decides. No overlap is no error: Istio's sidecars offer "istio" to a server that
 * answers h2 and http/1.1 only, and go on without a protocol. */
static int select_alpn(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *in,
                       unsigned in_len, void *arg)
{
    const struct tls_config *c = arg;
    const uint8_t *own = c->alpn_wire, *end = own + c->alpn_len;

    (void)ssl;
    for (; own < end; own += own[0] + 1) {
        if (is_offered(own, in, in_len)) {
            *out = own + 1;
            *out_len = own[0];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static enum ssl_verify_result_t verify(SSL *ssl, uint8_t *alert)
{
    struct tls_context_hooks *hooks = SSL_get_app_data(ssl);

    return hooks->verify(hooks, ssl, alert) ? ssl_verify_invalid : ssl_verify_ok;
}

static int verify_mode(const struct tls_config *c)
{
    switch (c->rules.verify) {
    case TLS_VERIFY_NONE:
        return SSL_VERIFY_NONE;
    case TLS_VERIFY_OPTIONAL:
        return SSL_VERIFY_PEER;
    case TLS_VERIFY_REQUIRED:
    case TLS_VERIFY_INSECURE: /* our verifier lets everything pass, but it wants to be asked */
        break;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

static bool set_common(SSL_CTX *ctx, const struct tls_config *c)
{
    static const uint16_t signatures[] = {
        SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA256,
        SSL_SIGN_RSA_PKCS1_SHA256,       SSL_SIGN_ECDSA_SECP384R1_SHA384,
        SSL_SIGN_RSA_PSS_RSAE_SHA384,    SSL_SIGN_RSA_PKCS1_SHA384,
        SSL_SIGN_ECDSA_SECP521R1_SHA512, SSL_SIGN_RSA_PSS_RSAE_SHA512,
        SSL_SIGN_RSA_PKCS1_SHA512,       SSL_SIGN_ED25519,
    };

    pthread_once(&pool_once, make_pool);
    SSL_CTX_set0_buffer_pool(ctx, pool);
    /* Every handshake verifies anew: resumption has bypassed certificate checks too often. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_custom_verify(ctx, verify_mode(c), verify);
    return SSL_CTX_set_min_proto_version(ctx, c->min_version) &&
           SSL_CTX_set_max_proto_version(ctx, c->max_version) &&
           SSL_CTX_set_strict_cipher_list(ctx, c->ciphers) &&
           SSL_CTX_set1_curves(ctx, c->curves, c->curve_count) &&
           SSL_CTX_set_verify_algorithm_prefs(ctx, signatures, COUNT_OF(signatures));
}

int tls_context_new(const struct tls_config *c, struct ssl_ctx_st **out, const char **why)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_with_buffers_method());
    bool ok;

    ASSERT(ctx);
    ok = set_common(ctx, c);
    *why = "the TLS library refuses these settings";
    if (ok && c->identity && !set_chain(NULL, ctx, c->identity)) {
        *why = "the TLS library refuses the certificate";
        ok = false;
    }
    if (c->is_server) {
        SSL_CTX_set_retain_only_sha256_of_client_certs(ctx, 1);
        /* For choose_identity; a connection that shakes hands holds the config. */
        SSL_CTX_set_app_data(ctx, (void *)(uintptr_t)c);
        if (ok && c->ocsp_staple.len)
            ok = SSL_CTX_set_ocsp_response(ctx, (const uint8_t *)c->ocsp_staple.p,
                                           c->ocsp_staple.len);
        SSL_CTX_set_select_certificate_cb(ctx, on_client_hello);
        /* The library hands the argument back as it got it. */
        SSL_CTX_set_alpn_select_cb(ctx, select_alpn, (void *)(uintptr_t)c);
    } else if (ok && c->alpn_len > 0) {
        ok = SSL_CTX_set_alpn_protos(ctx, c->alpn_wire, (unsigned)c->alpn_len) == 0;
    }
    ERR_clear_error();
    if (!ok) {
        SSL_CTX_free(ctx);
        return ERR_INVALID;
    }
    *why = "";
    *out = ctx;
    return 0;
}

/* The context made with the config for the first worker, so that a process with one worker has one;
 * a new one for the others. */
static SSL_CTX *own_context(struct tls_config *c)
{
    SSL_CTX *ctx;
    const char *why;

    if (!atomic_exchange_explicit(&c->first_is_taken, true, memory_order_relaxed)) {
        SSL_CTX_up_ref(c->first_ctx);
        return c->first_ctx;
    }
    /* What worked once should work again; if not, sharing is slower, not wrong. */
    return tls_context_new(c, &ctx, &why) ? NULL : ctx;
}

/* A slot belongs to the worker that claimed it; only that worker touches its ctx until the config
 * ends. The walk starts at the worker's index, so that the first look finds it. */
struct ssl_ctx_st *tls_context_get(struct tls_config *c, struct worker *w)
{
    size_t start = (size_t)w->index % TLS_CONFIG_SLOTS;

    for (size_t i = 0; i < TLS_CONFIG_SLOTS; i++) {
        struct tls_config_slot *slot = &c->slots[(start + i) % TLS_CONFIG_SLOTS];
        struct worker *owner = atomic_load_explicit(&slot->owner, memory_order_relaxed);

        if (!owner && atomic_compare_exchange_strong(&slot->owner, &owner, w))
            owner = w;
        if (owner != w)
            continue;
        if (!slot->ctx)
            slot->ctx = own_context(c);
        if (slot->ctx)
            return slot->ctx;
        break;
    }
    return c->first_ctx;
}
