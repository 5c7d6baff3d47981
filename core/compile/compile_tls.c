#include "core/compile/compile_tls.h"

#include "core/compile/compile_files.h"
#include "core/compile/compile_tls_material.h"
#include "core/compile/digest.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_identity.h"

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

static int fill_client(struct compile_tls_job *j, const struct traffic_policy_tls *tls,
                       const struct compile_tls_material *m, struct tls_options *o)
{
    int err = 0;

    if (m->chain.len && tls->mode == TRAFFIC_POLICY_TLS_MUTUAL)
        err = compile_tls_material_identity(j, m, &o->identity);
    o->rules.verify = TLS_VERIFY_REQUIRED;
    if (tls->insecure_skip_verify.set && tls->insecure_skip_verify.value)
        o->rules.verify = TLS_VERIFY_INSECURE;
    else if (!err)
        err = m->roots.len ? compile_tls_material_trust(j, m, &o->rules.trust)
                           : compile_tls_material_system_trust(j, &o->rules.trust);
    return err;
}

/* "NS/NAME" of the Secret or ConfigMap that a name leads to. */
static struct str read_from(const struct compile *c, struct str name, struct arena *a)
{
    ptrdiff_t at = str_find(name, STR("://"));

    if (at >= 0)
        name = str_skip(name, (size_t)at + 3);
    return str_chr(name, '/') >= 0 ? name : compile_pair(c->node->ns, name, a);
}

int compile_tls_client(struct compile *c, const struct object *owner,
                       const struct traffic_policy_tls *tls, struct str host, bool h2, bool http,
                       struct tls_config **out, uint64_t *hash, struct str *secret, struct arena *a)
{
    static const struct str alpn_h2[] = { STR_INIT("h2") }, alpn_h1[] = { STR_INIT("http/1.1") };
    struct compile_tls_job j = { .c = c, .owner = owner, .at = tls->at, .a = a, .hash = 1 };
    struct tls_options o = { 0 };
    struct compile_tls_material m = { 0 };
    struct str sni = tls->sni.len ? tls->sni : host.p[0] == '*' ? STR_NONE : host;
    const char *why = "";
    int err;

    if (tls->credential_name.len) {
        *secret = read_from(c, tls->credential_name, a);
        err = compile_tls_material_credential(&j, tls->credential_name, &m);
    } else {
        if (tls->client_certificate.len || tls->ca_certificates.len)
            *secret = STR(COMPILE_FILES_USER);
        err = compile_tls_material_files(&j, tls->client_certificate, tls->private_key,
                                         tls->ca_certificates, &m);
        if (!err && tls->ca_crl.len)
            err = compile_tls_material_file(&j, tls->ca_crl, &m.crls);
    }
    if (!err)
        err = fill_client(&j, tls, &m, &o);
    set_names(tls, host, &o, &sni);
    o.alpn = h2 ? alpn_h2 : alpn_h1;
    o.alpn_count = http ? 1 : 0;
    j.hash = digest_u64(j.hash, compile_tls_material_defaults(c, a, &o));
    if (!err && tls_config_new_client(&o, out, &why) != 0)
        err = compile_tls_material_complain(&j, "TLS settings for", host, why);
    tls_identity_unref(o.identity);
    pki_trust_unref(o.rules.trust);
    compile_tls_material_note(&j, &m);
    *hash = digest_u64(digest_str(j.hash, sni),
                       (uint64_t)h2 | (uint64_t)http << 1 | (uint64_t)o.rules.verify << 2);
    *hash = digest_strs(*hash, tls->subject_alt_names, tls->subject_alt_names_count);
    return err;
}
