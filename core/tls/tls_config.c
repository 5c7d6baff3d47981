#include "core/tls/tls_config.h"

#include <arpa/inet.h>
#include <string.h>

#include <openssl/nid.h>
#include <openssl/ssl.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/tls/tls_config_data.h"
#include "core/tls/tls_context.h"
#include "core/tls/tls_hello.h"
#include "core/tls/tls_verify.h"

#define HANDSHAKE_TIMEOUT_MS 10000

/* AES-128 first: as strong as needed and a tenth faster than AES-256. */
static const char default_ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                                      "AES128-GCM-SHA256:AES256-GCM-SHA384";

/* What Gateway.tls.cipherSuites may name. */
static const struct str ciphers[] = {
    STR_INIT("ECDHE-ECDSA-AES128-GCM-SHA256"),
    STR_INIT("ECDHE-RSA-AES128-GCM-SHA256"),
    STR_INIT("ECDHE-ECDSA-AES256-GCM-SHA384"),
    STR_INIT("ECDHE-RSA-AES256-GCM-SHA384"),
    STR_INIT("ECDHE-ECDSA-CHACHA20-POLY1305"),
    STR_INIT("ECDHE-RSA-CHACHA20-POLY1305"),
    STR_INIT("ECDHE-ECDSA-AES128-SHA"),
    STR_INIT("ECDHE-RSA-AES128-SHA"),
    STR_INIT("ECDHE-ECDSA-AES256-SHA"),
    STR_INIT("ECDHE-RSA-AES256-SHA"),
    STR_INIT("AES128-GCM-SHA256"),
    STR_INIT("AES256-GCM-SHA384"),
    STR_INIT("AES128-SHA"),
    STR_INIT("AES256-SHA"),
    STR_INIT("DES-CBC3-SHA"),
};

bool tls_config_is_cipher(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(ciphers); i++) {
        if (str_eq(ciphers[i], name))
            return true;
    }
    return false;
}

static const struct {
    struct str name;
    int nid;
} curves[] = {
    { STR_INIT("X25519"), NID_X25519 },
    { STR_INIT("P-256"), NID_X9_62_prime256v1 },
    { STR_INIT("P-384"), NID_secp384r1 },
    { STR_INIT("P-521"), NID_secp521r1 },
};

static int find_curve(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        if (str_eq(curves[i].name, name))
            return curves[i].nid;
    }
    return 0;
}

bool tls_config_is_curve(struct str name)
{
    return find_curve(name) != 0;
}

static int fail(const char **why, int err, const char *text)
{
    *why = text;
    return err;
}

static int set_versions(struct tls_config *c, const struct tls_options *options, const char **why)
{
    static const uint16_t wire[] = {
        [TLS_VERSION_AUTO] = 0,
        [TLS_VERSION_1_0] = TLS1_VERSION,
        [TLS_VERSION_1_1] = TLS1_1_VERSION,
        [TLS_VERSION_1_2] = TLS1_2_VERSION,
        [TLS_VERSION_1_3] = TLS1_3_VERSION,
    };

    c->max_version = options->max_version ? wire[options->max_version] : TLS1_3_VERSION;
    c->min_version = options->min_version ? wire[options->min_version] : TLS1_2_VERSION;
    if (!options->min_version && c->min_version > c->max_version)
        c->min_version = c->max_version; /* only the maximum was asked for */
    if (c->min_version > c->max_version)
        return fail(why, ERR_INVALID, "minimum TLS version above the maximum");
    return 0;
}

static int set_ciphers(struct tls_config *c, const struct tls_options *options, const char **why)
{
    struct buf list;

    c->ciphers = default_ciphers;
    if (options->cipher_count == 0)
        return 0;
    buf_init(&list, 0);
    for (size_t i = 0; i < options->cipher_count; i++) {
        if (!tls_config_is_cipher(options->ciphers[i])) {
            buf_deinit(&list);
            return fail(why, ERR_UNSUPPORTED, "unknown cipher suite");
        }
        buf_printf(&list, "%s%.*s", i ? ":" : "", STR_ARG(options->ciphers[i]));
    }
    c->ciphers = arena_strz(&c->arena, buf_str(&list));
    buf_deinit(&list);
    return 0;
}

static int set_curves(struct tls_config *c, const struct tls_options *options, const char **why)
{
    static const int usual[] = { NID_X25519, NID_X9_62_prime256v1, NID_secp384r1 };

    if (options->curve_count > TLS_CONFIG_CURVES_MAX)
        return fail(why, ERR_LIMIT, "too many curves");
    for (size_t i = 0; i < options->curve_count; i++) {
        c->curves[i] = find_curve(options->curves[i]);
        if (!c->curves[i])
            return fail(why, ERR_UNSUPPORTED, "unknown curve");
    }
    c->curve_count = options->curve_count;
    if (!c->curve_count) {
        memcpy(c->curves, usual, sizeof(usual));
        c->curve_count = COUNT_OF(usual);
    }
    return 0;
}

/* Addresses are compared as text, so they must be written as certificates' are. */
static struct str normal_name(struct arena *a, struct str name)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    int family = str_chr(name, ':') >= 0 ? AF_INET6 : AF_INET;

    if (str_copy(name, text, sizeof(text)) && inet_pton(family, text, bytes) == 1 &&
        inet_ntop(family, bytes, text, sizeof(text)))
        return arena_str(a, str_of(text));
    return arena_str(a, name);
}

static struct str *copy_list(struct arena *a, const struct str *from, size_t count)
{
    struct str *to = arena_alloc0(a, count, sizeof(*to));

    for (size_t i = 0; i < count; i++)
        to[i] = arena_str(a, from[i]);
    return to;
}

static int set_rules(struct tls_config *c, const struct tls_rules *from, const char **why)
{
    bool needs_trust = from->verify == TLS_VERIFY_OPTIONAL || from->verify == TLS_VERIFY_REQUIRED;
    struct str *names;
    uint8_t(*pins)[TLS_PIN_BYTES];

    if (c->is_server && from->verify == TLS_VERIFY_INSECURE)
        return fail(why, ERR_INVALID, "a server verifies or does not ask");
    if (!c->is_server && (from->verify == TLS_VERIFY_NONE || from->verify == TLS_VERIFY_OPTIONAL))
        return fail(why, ERR_INVALID, "a client must verify, or be told not to");
    if (needs_trust && !from->trust)
        return fail(why, ERR_INVALID, "no trusted certificates to verify the peer with");
    c->rules = *from;
    c->rules.trust = from->trust ? pki_trust_ref(from->trust) : NULL;
    names = arena_alloc0(&c->arena, from->name_count, sizeof(*names));
    for (size_t i = 0; i < from->name_count; i++)
        names[i] = normal_name(&c->arena, from->names[i]);
    pins = arena_alloc0(&c->arena, from->pin_count, sizeof(*pins));
    if (from->pin_count)
        memcpy(pins, from->pins, from->pin_count * sizeof(*pins));
    c->rules.pins = pins;
    c->rules.names = names;
    c->rules.trust_domains = copy_list(&c->arena, from->trust_domains, from->trust_domain_count);
    c->rules.alias_of = arena_str(&c->arena, from->alias_of);
    c->rules.aliases = copy_list(&c->arena, from->aliases, from->alias_count);
    return 0;
}

static int set_names(struct tls_config *c, const struct tls_options *options, const char **why)
{
    int len = tls_alpn_to_wire(options->alpn, options->alpn_count, c->alpn_wire);

    if (len < 0)
        return fail(why, len, "application protocols cannot be sent");
    c->alpn_len = (size_t)len;
    if (options->sni.len > TLS_HELLO_SNI_MAX || str_chr(options->sni, 0) >= 0)
        return fail(why, ERR_INVALID, "server name too long or with a zero byte");
    if (options->sni.len > 0)
        c->sni = arena_strz(&c->arena, options->sni);
    return 0;
}

static int config_new(const struct tls_options *options, bool is_server, struct tls_config **out,
                      const char **why)
{
    struct tls_config *c = mem_alloc0(1, sizeof(*c));
    int err;

    *why = "";
    atomic_init(&c->refs, 1);
    c->is_server = is_server;
    arena_init(&c->arena, 256);
    c->handshake_timeout_ms =
        options->handshake_timeout_ms ? options->handshake_timeout_ms : HANDSHAKE_TIMEOUT_MS;
    c->report_truncation = options->report_truncation;
    c->identity = options->identity ? tls_identity_ref(options->identity) : NULL;
    c->other = options->other ? tls_identity_ref(options->other) : NULL;
    c->ocsp_staple = arena_str(&c->arena, options->ocsp_staple);
    err = set_rules(c, &options->rules, why);
    if (!err && is_server && !c->identity)
        err = fail(why, ERR_INVALID, "a server needs a certificate");
    if (!err)
        tls_verify_prepare(c);
    if (!err)
        err = set_versions(c, options, why);
    if (!err)
        err = set_ciphers(c, options, why);
    if (!err)
        err = set_curves(c, options, why);
    if (!err)
        err = set_names(c, options, why);
    if (!err)
        err = tls_context_new(c, &c->first_ctx, why);
    if (err) {
        tls_config_unref(c);
        return err;
    }
    *out = c;
    return 0;
}

int tls_config_new_server(const struct tls_options *options, struct tls_config **out,
                          const char **why)
{
    return config_new(options, true, out, why);
}

int tls_config_new_client(const struct tls_options *options, struct tls_config **out,
                          const char **why)
{
    return config_new(options, false, out, why);
}

struct tls_config *tls_config_ref(struct tls_config *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void tls_config_unref(struct tls_config *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < TLS_CONFIG_SLOTS; i++)
        SSL_CTX_free(c->slots[i].ctx);
    SSL_CTX_free(c->first_ctx);
    tls_identity_unref(c->identity);
    tls_identity_unref(c->other);
    pki_trust_unref(c->rules.trust);
    arena_deinit(&c->arena);
    mem_free(c);
}

bool tls_config_is_server(const struct tls_config *c)
{
    return c->is_server;
}

const struct tls_identity *tls_config_identity(const struct tls_config *c)
{
    return c->identity;
}
