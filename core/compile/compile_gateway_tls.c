#include "core/compile/compile_gateway_tls.h"

#include "core/base/mem.h"
#include "core/compile/compile_tls_server.h"
#include "core/compile/digest.h"
#include "core/tls/tls_config.h"

struct entry {
    uint64_t spec;          /* of the Gateway, and of how it verifies clients */
    uint64_t inputs;        /* and of what it names */
    struct tls_config *tls; /* one reference; NULL: there never was a good one */
};

static void remember(struct compile_gateway *data, struct str key, uint64_t spec, uint64_t inputs,
                     struct tls_config *tls)
{
    struct entry *e = arena_alloc0(data->arena, 1, sizeof(*e));

    e->spec = spec;
    e->inputs = inputs;
    e->tls = tls ? tls_config_ref(tls) : NULL;
    map_put(&data->tls, key, e);
}

static struct tls_config *make(struct compile *c, const struct object *gateway,
                               const struct istio_gateway_tls *tls, bool http)
{
    struct tls_config *config = NULL;
    struct arena a;

    arena_init(&a, 4096);
    if (compile_tls_server(c, gateway, tls, http, &config, &a) != 0)
        config = NULL;
    arena_deinit(&a);
    return config;
}

/* Who may come in is said by the object itself, but for a ListenerSet's servers: by its Gateway. */
static uint64_t spec_of(const struct object *gateway, const struct istio_gateway_tls *tls,
                        bool http)
{
    bool accepts_any = tls->insecure_skip_verify.set && tls->insecure_skip_verify.value;
    uint64_t h = digest_u64(gateway->content_hash, http);

    h = digest_u64(h, (uint64_t)tls->mode << 1 | accepts_any);
    return digest_str(h, tls->ca_cert_credential_name);
}

struct tls_config *compile_gateway_tls_get(struct compile *c, struct compile_gateway *data,
                                           const struct compile_gateway *old,
                                           const struct object *gateway,
                                           const struct istio_gateway_server *server,
                                           uint32_t index, bool http)
{
    uint64_t spec = spec_of(gateway, server->tls, http);
    uint64_t inputs = digest_u64(spec, compile_tls_server_digest(c, gateway, server->tls));
    struct str key = arena_printf(data->arena, "%s/%.*s/%.*s/%u", gateway->kind->kind,
                                  STR_ARG(gateway->ns), STR_ARG(gateway->name), index);
    const struct entry *was = old ? map_get(&old->tls, key) : NULL;
    struct tls_config *tls = NULL;

    if (was && was->tls && was->inputs == inputs)
        tls = tls_config_ref(was->tls);
    else
        tls = make(c, gateway, server->tls, http);
    /* A Secret or a file that went bad: what it held before goes on. Settings of the Gateway itself
     * must not outlive their change, since they may have become stricter. */
    if (!tls && was && was->tls && was->spec == spec) {
        compile_warn(c, gateway, server->at, "MSH1031", "",
                     "the server goes on with the certificate it had");
        tls = tls_config_ref(was->tls);
    }
    remember(data, key, spec, inputs, tls);
    return tls;
}

void compile_gateway_tls_drop(struct compile_gateway *data)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&data->tls, &at));)
        tls_config_unref(((struct entry *)s->value)->tls);
    map_deinit(&data->tls);
}
