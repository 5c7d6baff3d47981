#include "core/compile/compile_mesh_tls.h"

#include "core/api/mesh_config.h"
#include "core/tls/tls_config.h"

static void set_domains(const struct compile *c, const struct mesh_config *from, struct arena *a,
                        struct model_mesh_tls *to)
{
    to->domains = arena_alloc0(a, from->trust_domain_aliases_count + 1, sizeof(*to->domains));
    to->domains[to->domain_count++] = c->trust_domain;
    for (size_t i = 0; i < from->trust_domain_aliases_count; i++)
        to->domains[to->domain_count++] = from->trust_domain_aliases[i];
}

/* A list of which nothing is left is no reason to take all suites: those of TLS 1.3, which nobody
 * can choose, are left then. */
static void set_ciphers(const struct compile *c, const struct object *o,
                        const struct mesh_config_tls *from, struct arena *a,
                        struct model_mesh_tls *to)
{
    to->ciphers = arena_alloc0(a, from->cipher_suites_count, sizeof(*to->ciphers));
    for (size_t i = 0; i < from->cipher_suites_count; i++) {
        if (tls_config_is_cipher(from->cipher_suites[i]))
            to->ciphers[to->cipher_count++] = from->cipher_suites[i];
        else if (o)
            compile_warn(c, o, (struct field_at){ 0 }, "MSH1031", "data.mesh",
                         "meshMTLS.cipherSuites[%zu]: \"%.*s\" is not a cipher suite of TLS 1.2 "
                         "and left out",
                         i, STR_ARG(from->cipher_suites[i]));
    }
    if (from->cipher_suites_count && !to->cipher_count)
        to->min_version = TLS_VERSION_1_3;
}

void compile_mesh_tls_set(const struct compile *c, const struct object *o,
                          const struct mesh_config *from, struct arena *a,
                          struct model_mesh_tls *to)
{
    const struct mesh_config_tls *tls = from->mesh_mtls;

    *to = (struct model_mesh_tls){ .min_version = TLS_VERSION_1_2 };
    set_domains(c, from, a, to);
    if (!tls)
        return;
    if (tls->min_protocol_version == MESH_CONFIG_TLS_VERSION_TLSV1_3)
        to->min_version = TLS_VERSION_1_3;
    set_ciphers(c, o, tls, a, to);
}

static struct str *copy_list(const struct str *from, uint32_t count, struct arena *a)
{
    struct str *to = arena_alloc0(a, count, sizeof(*to));

    for (uint32_t i = 0; i < count; i++)
        to[i] = arena_str(a, from[i]);
    return to;
}

struct model_mesh_tls compile_mesh_tls_copy(const struct model_mesh_tls *from, struct arena *a)
{
    struct model_mesh_tls to = *from;

    to.domains = copy_list(from->domains, from->domain_count, a);
    to.ciphers = copy_list(from->ciphers, from->cipher_count, a);
    return to;
}
