#include "core/flow/flow_identity.h"

#include "core/base/log.h"
#include "core/flow/flow_worker.h"
#include "core/flow/upstream.h"
#include "core/tls/tls_config.h"

static struct log_module log_module = LOG_MODULE("flow");

static const struct model_mesh_tls *mesh_tls_of(const struct snapshot *s)
{
    static const struct model_mesh_tls none;

    return s ? &s->settings.mesh_tls : &none;
}

const struct model_mesh_tls *flow_identity_mesh_tls(const struct flow_worker *fw)
{
    return mesh_tls_of(fw->lease ? fw->lease->snapshot : NULL);
}

void flow_identity_fill(const struct flow_worker *fw, struct tls_options *out)
{
    const struct flow_options *o = flow_worker_options(fw);
    const struct flow_identity *id = &fw->id;
    const struct model_mesh_tls *mesh = flow_identity_mesh_tls(fw);

    out->identity = id->identity;
    out->rules.trust = id->trust;
    out->rules.mesh = true;
    out->rules.is_denied = o->is_denied;
    out->rules.denied_arg = o->is_denied_arg;
    out->rules.alias_of = tls_identity_spiffe(id->identity)->trust_domain;
    out->rules.aliases = mesh->domains;
    out->rules.alias_count = mesh->domain_count;
}

static struct tls_config *server_config(const struct flow_worker *fw)
{
    static const struct str alpn[] = { STR_INIT("mesh-h2"), STR_INIT("h2"), STR_INIT("http/1.1") };
    const struct model_mesh_tls *mesh = flow_identity_mesh_tls(fw);
    struct tls_options options = {
        .rules = { .verify = TLS_VERIFY_REQUIRED },
        .min_version = (enum tls_version)mesh->min_version,
        .ciphers = mesh->ciphers,
        .cipher_count = mesh->cipher_count,
        .alpn = alpn,
        .alpn_count = COUNT_OF(alpn),
    };
    struct tls_config *config;
    const char *why;

    flow_identity_fill(fw, &options);
    if (tls_config_new_server(&options, &config, &why) == 0)
        return config;
    log_error("our certificate cannot serve mTLS: %s", why);
    return NULL;
}

void flow_identity_renew(struct flow_worker *fw)
{
    tls_config_unref(fw->id.server);
    fw->id.server = fw->id.identity ? server_config(fw) : NULL;
    upstream_identity_changed(fw);
}

void flow_identity_use(struct flow_worker *fw, struct tls_identity *identity,
                       struct pki_trust *trust, uint64_t generation)
{
    struct tls_identity *old_identity = fw->id.identity;
    struct pki_trust *old_trust = fw->id.trust;

    fw->id.identity = tls_identity_ref(identity);
    fw->id.trust = pki_trust_ref(trust);
    fw->id.generation = generation;
    flow_identity_renew(fw);
    tls_identity_unref(old_identity);
    pki_trust_unref(old_trust);
}

void flow_identity_deinit(struct flow_identity *id)
{
    tls_config_unref(id->server);
    tls_identity_unref(id->identity);
    pki_trust_unref(id->trust);
}

static bool is_same_list(const struct str *a, uint32_t a_count, const struct str *b,
                         uint32_t b_count)
{
    for (uint32_t i = 0; a_count == b_count && i < a_count; i++) {
        if (!str_eq(a[i], b[i]))
            return false;
    }
    return a_count == b_count;
}

bool flow_identity_is_same_tls(const struct snapshot *before, const struct snapshot *now)
{
    const struct model_mesh_tls *a = mesh_tls_of(before), *b = mesh_tls_of(now);

    return a->min_version == b->min_version &&
           is_same_list(a->domains, a->domain_count, b->domains, b->domain_count) &&
           is_same_list(a->ciphers, a->cipher_count, b->ciphers, b->cipher_count);
}
