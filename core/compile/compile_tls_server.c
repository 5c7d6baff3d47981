#include "core/compile/compile_tls_server.h"

#include <string.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/compile_files.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_tls_material.h"
#include "core/compile/digest.h"
#include "core/pki/pki_trust.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_identity.h"

#define CERTIFICATES_MAX     2     /* one RSA, one ECDSA */
#define HANDSHAKE_TIMEOUT_MS 15000 /* GWB-10 */

static const enum tls_version versions[] = {
    [ISTIO_GATEWAY_TLS_AUTO] = TLS_VERSION_AUTO, [ISTIO_GATEWAY_TLSV1_0] = TLS_VERSION_1_0,
    [ISTIO_GATEWAY_TLSV1_1] = TLS_VERSION_1_1,   [ISTIO_GATEWAY_TLSV1_2] = TLS_VERSION_1_2,
    [ISTIO_GATEWAY_TLSV1_3] = TLS_VERSION_1_3,
};

/* What a server's settings are made from: its certificates, and the CA of its clients in the first
 * of them. */
struct server_material {
    struct compile_tls_material certs[CERTIFICATES_MAX];
    size_t count;
};

/* ---- where certificates come from ---- */

static int read_credentials(struct compile_tls_job *j, const struct istio_gateway_tls *tls,
                            struct server_material *m)
{
    const struct str *names = tls->credential_names;
    int err = 0;

    m->count = tls->credential_names_count;
    if (tls->credential_name.len) {
        names = &tls->credential_name;
        m->count = 1;
    }
    m->count = m->count < CERTIFICATES_MAX ? m->count : CERTIFICATES_MAX;
    for (size_t i = 0; i < m->count && !err; i++)
        err = compile_tls_material_credential(j, names[i], &m->certs[i]);
    if (!err && m->count > 1 && !m->certs[0].roots.len) {
        m->certs[0].roots = m->certs[1].roots;
        m->certs[0].crls = m->certs[1].crls;
    }
    return err;
}

static int read_files(struct compile_tls_job *j, const struct istio_gateway_tls *tls,
                      struct server_material *m)
{
    const struct istio_gateway_certificate *list = tls->certificates;
    int err = 0;

    m->count = 1;
    if (!tls->certificates_count)
        return compile_tls_material_files(j, tls->server_certificate, tls->private_key,
                                          tls->ca_certificates, &m->certs[0]);
    m->count =
        tls->certificates_count < CERTIFICATES_MAX ? tls->certificates_count : CERTIFICATES_MAX;
    for (size_t i = 0; i < m->count && !err; i++)
        err = compile_tls_material_files(j, list[i].server_certificate, list[i].private_key,
                                         list[i].ca_certificates, &m->certs[i]);
    if (!err && tls->ca_certificates.len)
        err = compile_tls_material_file(j, tls->ca_certificates, &m->certs[0].roots);
    return err;
}

static int read_all(struct compile_tls_job *j, const struct istio_gateway_tls *tls,
                    struct server_material *m)
{
    bool by_name = tls->credential_name.len || tls->credential_names_count;
    int err = by_name ? read_credentials(j, tls, m) : read_files(j, tls, m);

    if (!err && tls->ca_cert_credential_name.len)
        err = compile_tls_material_ca(j, tls->ca_cert_credential_name, &m->certs[0]);
    if (!err && tls->ca_crl.len)
        err = compile_tls_material_file(j, tls->ca_crl, &m->certs[0].crls);
    return err;
}

uint64_t compile_tls_server_digest(const struct compile *c, const struct object *owner,
                                   const struct istio_gateway_tls *tls)
{
    const struct str files[] = { tls->server_certificate, tls->private_key, tls->ca_certificates,
                                 tls->ca_crl };
    struct tls_options none = { 0 };
    struct arena a;
    uint64_t h;

    arena_init(&a, 256);
    h = compile_tls_material_defaults(c, &a, &none);
    arena_deinit(&a);
    h = compile_tls_material_digest(c, owner, h, tls->credential_name);
    h = compile_tls_material_digest(c, owner, h, tls->ca_cert_credential_name);
    for (size_t i = 0; i < tls->credential_names_count; i++)
        h = compile_tls_material_digest(c, owner, h, tls->credential_names[i]);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        h = files[i].len ? digest_u64(h, compile_files_stamp(files[i])) : h;
    for (size_t i = 0; i < tls->certificates_count; i++) {
        h = digest_u64(h, compile_files_stamp(tls->certificates[i].server_certificate));
        h = digest_u64(h, compile_files_stamp(tls->certificates[i].private_key));
        h = digest_u64(h, compile_files_stamp(tls->certificates[i].ca_certificates));
    }
    return h;
}

/* ---- who may come in ---- */

/* Hex, with or without colons between the bytes. */
static bool read_hex_pin(struct str text, struct arena *a, uint8_t out[TLS_PIN_BYTES])
{
    char *p = arena_alloc(a, text.len + 1);
    struct str bytes;
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] != ':')
            p[n++] = text.p[i];
    }
    if (encode_undo_hex(a, str_make(p, n), &bytes) != 0 || bytes.len != TLS_PIN_BYTES)
        return false;
    memcpy(out, bytes.p, TLS_PIN_BYTES);
    return true;
}

static bool read_base64_pin(struct str text, struct arena *a, uint8_t out[TLS_PIN_BYTES])
{
    struct str bytes;

    if (encode_undo_base64(a, text, false, &bytes) != 0 || bytes.len != TLS_PIN_BYTES)
        return false;
    memcpy(out, bytes.p, TLS_PIN_BYTES);
    return true;
}

static int set_pins(const struct compile_tls_job *j, const struct istio_gateway_tls *tls,
                    struct tls_rules *rules)
{
    size_t count = tls->verify_hash_count + tls->verify_spki_count;
    uint8_t(*pins)[TLS_PIN_BYTES] = arena_alloc0(j->a, count, sizeof(*pins));

    for (size_t i = 0; i < count; i++) {
        bool is_hash = i < tls->verify_hash_count;
        struct str text =
            is_hash ? tls->verify_hash[i] : tls->verify_spki[i - tls->verify_hash_count];

        if (is_hash ? !read_hex_pin(text, j->a, pins[i]) : !read_base64_pin(text, j->a, pins[i]))
            return compile_tls_material_complain(
                j, is_hash ? "verifyCertificateHash" : "verifyCertificateSpki", text,
                is_hash ? "is not a SHA-256 in hex" : "is not a SHA-256 in base64");
    }
    rules->pins = pins;
    rules->pin_count = count;
    return 0;
}

static int set_rules(const struct compile_tls_job *j, const struct istio_gateway_tls *tls,
                     const struct compile_tls_material *m, struct tls_rules *rules)
{
    int err;

    rules->verify = TLS_VERIFY_NONE;
    if (tls->mode != ISTIO_GATEWAY_TLS_MUTUAL && tls->mode != ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL)
        return 0;
    rules->verify =
        tls->mode == ISTIO_GATEWAY_TLS_MUTUAL ? TLS_VERIFY_REQUIRED : TLS_VERIFY_OPTIONAL;
    rules->names = tls->subject_alt_names;
    rules->name_count = tls->subject_alt_names_count;
    rules->accept_untrusted = tls->insecure_skip_verify.set && tls->insecure_skip_verify.value;
    err = set_pins(j, tls, rules);
    if (err)
        return err;
    if (!m->roots.len)
        return compile_tls_material_complain(j, "CA certificates of", j->owner->name,
                                             "none are given, and clients are to be verified");
    return compile_tls_material_trust(j, m, &rules->trust);
}

/* ---- together ---- */

/* Suites that do not exist are left out, as in Istio. */
static void set_ciphers(const struct compile_tls_job *j, const struct istio_gateway_tls *tls,
                        struct tls_options *o)
{
    struct str *list = arena_alloc0(j->a, tls->cipher_suites_count, sizeof(*list));

    o->ciphers = list;
    for (size_t i = 0; i < tls->cipher_suites_count; i++) {
        if (tls_config_is_cipher(tls->cipher_suites[i]))
            list[o->cipher_count++] = tls->cipher_suites[i];
        else
            compile_warn(j->c, j->owner, j->at, "MSH1031", "",
                         "\"%.*s\" is not a cipher suite and left out",
                         STR_ARG(tls->cipher_suites[i]));
    }
}

static int make_identities(const struct compile_tls_job *j, const struct server_material *m,
                           struct tls_options *o)
{
    int err = compile_tls_material_identity(j, &m->certs[0], &o->identity);

    o->ocsp_staple = m->certs[0].staple;
    if (!err && m->count > 1)
        err = compile_tls_material_identity(j, &m->certs[1], &o->other);
    return err;
}

/* The mesh's minimum is for servers that say nothing of versions which would exclude it. */
static void set_minimum(const struct compile *c, struct tls_options *o)
{
    const struct mesh_config_tls *d = c->mesh->config.tls_defaults;

    if (d && d->min_protocol_version == MESH_CONFIG_TLS_VERSION_TLSV1_3 && !o->min_version &&
        (!o->max_version || o->max_version == TLS_VERSION_1_3))
        o->min_version = TLS_VERSION_1_3;
}

int compile_tls_server(struct compile *c, const struct object *owner,
                       const struct istio_gateway_tls *tls, bool http, struct tls_config **out,
                       struct arena *a)
{
    static const struct str alpn[] = { STR_INIT("h2"), STR_INIT("http/1.1") };
    struct compile_tls_job j = { .c = c, .owner = owner, .at = tls->at, .a = a };
    struct tls_options o = { .min_version = versions[tls->min_version],
                             .max_version = versions[tls->max_version],
                             .alpn = alpn,
                             .alpn_count = http ? COUNT_OF(alpn) : 0,
                             .handshake_timeout_ms = HANDSHAKE_TIMEOUT_MS };
    struct server_material m = { 0 };
    const char *why = "";
    int err = read_all(&j, tls, &m);

    set_ciphers(&j, tls, &o);
    (void)compile_tls_material_defaults(c, a, &o);
    set_minimum(c, &o);
    if (!err)
        err = make_identities(&j, &m, &o);
    if (!err)
        err = set_rules(&j, tls, &m.certs[0], &o.rules);
    if (!err && tls_config_new_server(&o, out, &why) != 0)
        err = compile_tls_material_complain(&j, "TLS settings of", owner->name, why);
    tls_identity_unref(o.identity);
    tls_identity_unref(o.other);
    pki_trust_unref(o.rules.trust);
    return err;
}
