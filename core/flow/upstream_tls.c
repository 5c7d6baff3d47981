#include "core/flow/upstream_tls.h"

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/pki/pki_spiffe.h"
#include "core/tls/tls_config.h"

static struct log_module log_module = LOG_MODULE("upstream");

bool upstream_tls_is_needed(const struct upstream_host *h)
{
    uint8_t mode = h->cluster->config->tls_mode;

    return mode == MODEL_TLS_SIMPLE || mode == MODEL_TLS_MUTUAL || upstream_is_mtls(h);
}

struct offer {
    struct str names[4];
    size_t count;
};

/* Never istio-peer-exchange: whoever negotiates it must speak its preamble. */
static const struct offer offers[] = {
    [UPSTREAM_TLS_H1] = { { STR_INIT("istio-http/1.1"), STR_INIT("istio"), STR_INIT("http/1.1") },
                          3 },
    [UPSTREAM_TLS_H2] = { { STR_INIT("istio-h2"), STR_INIT("istio"), STR_INIT("h2") }, 3 },
    [UPSTREAM_TLS_MESH] = { { STR_INIT("mesh-h2"), STR_INIT("istio-h2"), STR_INIT("istio"),
                              STR_INIT("h2") },
                            4 },
    [UPSTREAM_TLS_TCP] = { { STR_INIT("istio") }, 1 },
};

static void add_aliases(struct str name, const struct model_mesh_tls *mesh, struct arena *a,
                        struct str *names, size_t *n)
{
    struct pki_spiffe id;

    if (mesh->domain_count < 2 || pki_spiffe_parse(name, &id) != 0)
        return;
    for (size_t i = 1; i < mesh->domain_count; i++)
        names[(*n)++] =
            arena_printf(a, "spiffe://%.*s%.*s", STR_ARG(mesh->domains[i]), STR_ARG(id.path));
}

/* A server that may have some identity may have it in each alias of the mesh's trust domain. A
 * DestinationRule's names are meant as they are. */
static void set_names(const struct upstream_host *h, struct arena *a, struct tls_rules *rules)
{
    const struct model_cluster_config *c = h->cluster->config;
    const struct model_mesh_tls *mesh = flow_identity_mesh_tls(h->fw);
    size_t room = ((size_t)c->identity_count + 1) * ((size_t)mesh->domain_count + 1), n = 0;
    struct str *names = arena_alloc0(a, room, sizeof(*names));

    if (h->endpoint && h->endpoint->identity.len && !c->identities_only)
        names[n++] = h->endpoint->identity;
    for (uint32_t i = 0; i < c->identity_count; i++)
        names[n++] = c->identities[i];
    for (size_t i = 0, told = n; i < told && !c->identities_only; i++)
        add_aliases(names[i], mesh, a, names, &n);
    rules->names = names;
    rules->name_count = n;
}

int upstream_tls_config(struct upstream_host *h, enum upstream_tls_use use, struct tls_config **out)
{
    const struct model_cluster_config *c = h->cluster->config;
    const struct flow_identity *id = &h->fw->id;
    struct tls_options options = { 0 };
    struct arena arena;
    const char *why;
    int err;

    if (!upstream_is_mtls(h)) {
        if (!c->tls) /* what it is made from is missing, which was said when it was compiled */
            return ERR_TLS;
        *out = tls_config_ref(c->tls);
        return 0;
    }
    if (!id->identity) {
        log_warn("no certificate yet for mTLS to %.*s", STR_ARG(c->name));
        return ERR_TLS;
    }
    arena_init(&arena, 512);
    flow_identity_fill(h->fw, &options);
    options.rules.verify = TLS_VERIFY_REQUIRED;
    set_names(h, &arena, &options.rules);
    options.alpn = offers[use].names;
    options.alpn_count = offers[use].count;
    options.sni = c->sni;
    err = tls_config_new_client(&options, out, &why);
    if (err)
        log_error("TLS settings for %.*s: %s", STR_ARG(c->name), why);
    arena_deinit(&arena);
    return err;
}
