#include "core/flow/flow_identity.h"

#include "core/base/log.h"
#include "core/flow/flow_worker.h"
#include "core/flow/upstream.h"
#include "core/tls/tls_config.h"

static struct log_module log_module = LOG_MODULE("flow");

void flow_identity_fill(const struct flow_worker *fw, struct tls_options *out)
{
    const struct flow_options *o = flow_worker_options(fw);
    const struct flow_identity *id = &fw->id;

    out->identity = id->identity;
    out->rules.trust = id->trust;
    out->rules.mesh = true;
    out->rules.is_denied = o->is_denied;
    out->rules.denied_arg = o->is_denied_arg;
}

static struct tls_config *server_config(const struct flow_worker *fw)
{
    static const struct str alpn[] = { STR_INIT("mesh-h2"), STR_INIT("h2"), STR_INIT("http/1.1") };
    struct tls_options options = {
        .rules = { .verify = TLS_VERIFY_REQUIRED },
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

void flow_identity_use(struct flow_worker *fw, struct tls_identity *identity,
                       struct pki_trust *trust, uint64_t generation)
{
    struct tls_identity *old_identity = fw->id.identity;
    struct pki_trust *old_trust = fw->id.trust;

    fw->id.identity = tls_identity_ref(identity);
    fw->id.trust = pki_trust_ref(trust);
    fw->id.generation = generation;
    tls_config_unref(fw->id.server);
    fw->id.server = server_config(fw);
    tls_identity_unref(old_identity);
    pki_trust_unref(old_trust);
    upstream_identity_changed(fw);
}

void flow_identity_deinit(struct flow_identity *id)
{
    tls_config_unref(id->server);
    tls_identity_unref(id->identity);
    pki_trust_unref(id->trust);
}
