#include "core/compile/compile_tls.h"

#include "core/api/k8s_secret.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/digest.h"
#include "core/pki/pki_file.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_identity.h"

enum { FILE_MAX_BYTES = 1024 * 1024 };

/* PEM texts of one end; what is not given is empty. */
struct material {
    struct str chain, key, roots;
};

struct job {
    struct compile *c;
    const struct object *owner;
    struct field_at at;
    struct arena *a;
    uint64_t hash;
};

static int complain(const struct job *j, const char *what, struct str name, const char *why)
{
    compile_warn(j->c, j->owner, j->at, "MSH1031", "", "%s \"%.*s\": %s", what, STR_ARG(name), why);
    return ERR_INVALID;
}

/* ---- where PEM comes from ---- */

static int read_file(struct job *j, struct str path, struct str *out)
{
    struct buf b;
    int err;

    buf_init(&b, FILE_MAX_BYTES);
    err = pki_file_read(arena_strz(j->a, path), &b);
    if (!err)
        *out = arena_str(j->a, buf_str(&b));
    if (buf_len(&b))
        mem_wipe(b.p, b.end);
    buf_deinit(&b);
    return err ? complain(j, "file", path, error_text(err)) : 0;
}

static int read_files(struct job *j, struct str chain, struct str key, struct str roots,
                      struct material *m)
{
    int err = 0;

    if (chain.len)
        err = read_file(j, chain, &m->chain);
    if (!err && key.len)
        err = read_file(j, key, &m->key);
    if (!err && roots.len && !str_is(roots, "system"))
        err = read_file(j, roots, &m->roots);
    return err;
}

static struct str first_of(const struct k8s_secret *s, const char *const *keys)
{
    for (; *keys; keys++) {
        struct str value = k8s_secret_find(s, str_of(*keys));

        if (value.p)
            return value;
    }
    return STR_NONE;
}

static const struct k8s_secret *find_secret(const struct compile *c, struct str name)
{
    const struct object *o = compile_find_object(c, API_KIND_SECRET, c->node->ns, name);

    return o ? o->root : NULL;
}

/* GWB-3: Secrets are those of this workload's namespace. Istio's names of keys, both kinds; the CA
 * may stand in a Secret of its own, NAME-cacert. */
static int read_secret(struct job *j, struct str name, struct material *m)
{
    static const char *const chains[] = { "tls.crt", "cert", NULL };
    static const char *const keys[] = { "tls.key", "key", NULL };
    static const char *const roots[] = { "ca.crt", "cacert", NULL };
    const struct k8s_secret *s;
    const struct k8s_secret *ca;

    name = str_starts(name, STR("kubernetes://")) ? str_skip(name, 13) : name;
    s = find_secret(j->c, name);
    ca = find_secret(j->c, arena_printf(j->a, "%.*s-cacert", STR_ARG(name)));
    if (!s && !ca) {
        compile_warn(j->c, j->owner, j->at, "IST0101", "",
                     "Referenced credentialName not found: \"%.*s\"", STR_ARG(name));
        return ERR_NOT_FOUND;
    }
    if (s) {
        m->chain = first_of(s, chains);
        m->key = first_of(s, keys);
        m->roots = first_of(s, roots);
    }
    if (ca && first_of(ca, roots).p)
        m->roots = first_of(ca, roots);
    return 0;
}

/* ---- from PEM to settings ---- */

static int make_identity(const struct job *j, const struct material *m, struct tls_identity **out)
{
    const char *why = "";

    if (tls_identity_from_pem(m->chain, m->key, out, &why) != 0)
        return complain(j, "certificate of", j->owner->name, why);
    return 0;
}

static int make_trust(const struct job *j, struct str roots, struct pki_trust **out)
{
    struct pki_trust_domain any = { .roots_pem = roots };
    int err = pki_trust_new(&any, 1, out);

    return err ? complain(j, "CA certificates of", j->owner->name, error_text(err)) : 0;
}

static int system_trust(const struct job *j, struct pki_trust **out)
{
    if (!j->c->system_trust && pki_trust_new_system(&j->c->system_trust) != 0)
        return complain(j, "CA certificates of", STR("the system"), "cannot be read");
    *out = pki_trust_ref(j->c->system_trust);
    return 0;
}

static void note(struct job *j, const struct material *m)
{
    j->hash = digest_str(digest_str(digest_str(j->hash, m->chain), m->key), m->roots);
}

/* ---- client ---- */

static void set_names(const struct traffic_policy_tls *tls, struct str host, struct tls_options *o,
                      const struct str *sni)
{
    o->sni = *sni;
    o->rules.names = tls->subject_alt_names;
    o->rules.name_count = tls->subject_alt_names_count;
    if (!o->rules.name_count && !tls->sni.len && host.p[0] != '*') {
        o->rules.names = sni; /* neither names nor SNI are given: the host's own name must fit */
        o->rules.name_count = 1;
    }
}

static int fill_client(struct job *j, const struct traffic_policy_tls *tls,
                       const struct material *m, struct tls_options *o)
{
    int err = 0;

    if (m->chain.len && tls->mode == TRAFFIC_POLICY_TLS_MUTUAL)
        err = make_identity(j, m, &o->identity);
    o->rules.verify = TLS_VERIFY_REQUIRED;
    if (tls->insecure_skip_verify.set && tls->insecure_skip_verify.value)
        o->rules.verify = TLS_VERIFY_INSECURE;
    else if (!err)
        err = m->roots.len ? make_trust(j, m->roots, &o->rules.trust)
                           : system_trust(j, &o->rules.trust);
    return err;
}

int compile_tls_client(struct compile *c, const struct object *owner,
                       const struct traffic_policy_tls *tls, struct str host, bool h2, bool http,
                       struct tls_config **out, uint64_t *hash, struct str *secret, struct arena *a)
{
    static const struct str alpn_h2[] = { STR_INIT("h2") }, alpn_h1[] = { STR_INIT("http/1.1") };
    struct job j = { .c = c, .owner = owner, .at = tls->at, .a = a, .hash = 1 };
    struct tls_options o = { 0 };
    struct material m = { 0 };
    struct str sni = tls->sni.len ? tls->sni : host.p[0] == '*' ? STR_NONE : host;
    const char *why = "";
    int err;

    if (tls->credential_name.len) {
        *secret = compile_pair(c->node->ns, tls->credential_name, a);
        err = read_secret(&j, tls->credential_name, &m);
    } else {
        err = read_files(&j, tls->client_certificate, tls->private_key, tls->ca_certificates, &m);
    }
    if (!err)
        err = fill_client(&j, tls, &m, &o);
    set_names(tls, host, &o, &sni);
    o.alpn = h2 ? alpn_h2 : alpn_h1;
    o.alpn_count = http ? 1 : 0;
    if (!err && tls_config_new_client(&o, out, &why) != 0)
        err = complain(&j, "TLS settings for", host, why);
    tls_identity_unref(o.identity);
    pki_trust_unref(o.rules.trust);
    note(&j, &m);
    *hash = digest_u64(digest_str(j.hash, sni),
                       (uint64_t)h2 | (uint64_t)http << 1 | (uint64_t)o.rules.verify << 2);
    *hash = digest_strs(*hash, tls->subject_alt_names, tls->subject_alt_names_count);
    return err;
}

/* ---- server ---- */

static const enum tls_version versions[] = {
    [ISTIO_GATEWAY_TLS_AUTO] = TLS_VERSION_AUTO, [ISTIO_GATEWAY_TLSV1_0] = TLS_VERSION_1_0,
    [ISTIO_GATEWAY_TLSV1_1] = TLS_VERSION_1_1,   [ISTIO_GATEWAY_TLSV1_2] = TLS_VERSION_1_2,
    [ISTIO_GATEWAY_TLSV1_3] = TLS_VERSION_1_3,
};

static int read_server(struct job *j, const struct istio_gateway_tls *tls, struct material *m)
{
    struct material ca = { 0 };
    int err;

    if (tls->credential_name.len || tls->credential_names_count) {
        err = read_secret(
            j, tls->credential_name.len ? tls->credential_name : tls->credential_names[0], m);
        if (!err && tls->ca_cert_credential_name.len) {
            err = read_secret(j, tls->ca_cert_credential_name, &ca);
            m->roots = ca.roots;
        }
        return err;
    }
    if (tls->certificates_count)
        return read_files(j, tls->certificates[0].server_certificate,
                          tls->certificates[0].private_key, tls->certificates[0].ca_certificates,
                          m);
    return read_files(j, tls->server_certificate, tls->private_key, tls->ca_certificates, m);
}

static int fill_server(struct job *j, const struct istio_gateway_tls *tls, const struct material *m,
                       struct tls_options *o)
{
    bool wants_peer =
        tls->mode == ISTIO_GATEWAY_TLS_MUTUAL || tls->mode == ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL;
    int err = make_identity(j, m, &o->identity);

    o->rules.verify = TLS_VERIFY_NONE;
    if (err || !wants_peer)
        return err;
    o->rules.verify =
        tls->mode == ISTIO_GATEWAY_TLS_MUTUAL ? TLS_VERIFY_REQUIRED : TLS_VERIFY_OPTIONAL;
    o->rules.names = tls->subject_alt_names;
    o->rules.name_count = tls->subject_alt_names_count;
    if (!m->roots.len)
        return complain(j, "CA certificates of", j->owner->name,
                        "none are given, and clients are to be verified");
    return make_trust(j, m->roots, &o->rules.trust);
}

int compile_tls_server(struct compile *c, const struct object *owner,
                       const struct istio_gateway_tls *tls, bool http, struct tls_config **out,
                       struct arena *a)
{
    static const struct str alpn[] = { STR_INIT("h2"), STR_INIT("http/1.1") };
    struct job j = { .c = c, .owner = owner, .at = tls->at, .a = a };
    struct tls_options o = { .min_version = versions[tls->min_version],
                             .max_version = versions[tls->max_version],
                             .ciphers = tls->cipher_suites,
                             .cipher_count = tls->cipher_suites_count,
                             .alpn = alpn,
                             .alpn_count = http ? COUNT_OF(alpn) : 0,
                             .handshake_timeout_ms = 15000 }; /* GWB-10 */
    struct material m = { 0 };
    const char *why = "";
    int err = read_server(&j, tls, &m);

    if (!err)
        err = fill_server(&j, tls, &m, &o);
    if (!err && tls_config_new_server(&o, out, &why) != 0)
        err = complain(&j, "TLS settings of", owner->name, why);
    tls_identity_unref(o.identity);
    pki_trust_unref(o.rules.trust);
    return err;
}
