#include "core/compile/compile_gateway_tls.h"

#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/compile/compile_tls.h"
#include "core/compile/digest.h"
#include "core/tls/tls_config.h"

struct entry {
    uint64_t inputs;
    struct tls_config *tls; /* one reference */
};

static uint64_t digest_secret(const struct compile *c, uint64_t h, struct str name, struct arena *a)
{
    const struct object *o;

    if (!name.len)
        return h;
    if (str_starts(name, STR("kubernetes://")))
        name = str_skip(name, sizeof("kubernetes://") - 1);
    o = compile_find_object(c, API_KIND_SECRET, c->node->ns, name);
    h = digest_u64(h, o ? o->content_hash : 0);
    o = compile_find_object(c, API_KIND_SECRET, c->node->ns,
                            arena_printf(a, "%.*s-cacert", STR_ARG(name)));
    return digest_u64(h, o ? o->content_hash : 0);
}

/* A file counts by its date, size and number. */
static uint64_t digest_file(uint64_t h, struct str path, struct arena *a)
{
    struct stat st;

    if (!path.len || stat(arena_strz(a, path), &st) != 0)
        return digest_str(h, path);
    h = digest_u64(h, (uint64_t)st.st_mtim.tv_sec ^ (uint64_t)st.st_mtim.tv_nsec << 32);
    return digest_u64(digest_u64(h, (uint64_t)st.st_size), (uint64_t)st.st_ino);
}

static uint64_t digest_inputs(const struct compile *c, const struct object *gateway,
                              const struct istio_gateway_tls *tls)
{
    struct arena a;
    uint64_t h = gateway->content_hash;

    arena_init(&a, 1024);
    h = digest_secret(c, h, tls->credential_name, &a);
    h = digest_secret(c, h, tls->ca_cert_credential_name, &a);
    for (size_t i = 0; i < tls->credential_names_count; i++)
        h = digest_secret(c, h, tls->credential_names[i], &a);
    h = digest_file(h, tls->server_certificate, &a);
    h = digest_file(h, tls->private_key, &a);
    h = digest_file(h, tls->ca_certificates, &a);
    for (size_t i = 0; i < tls->certificates_count; i++) {
        h = digest_file(h, tls->certificates[i].server_certificate, &a);
        h = digest_file(h, tls->certificates[i].private_key, &a);
        h = digest_file(h, tls->certificates[i].ca_certificates, &a);
    }
    arena_deinit(&a);
    return h;
}

static void remember(struct compile_gateway *data, struct str key, uint64_t inputs,
                     struct tls_config *tls)
{
    struct entry *e = arena_alloc0(data->arena, 1, sizeof(*e));

    e->inputs = inputs;
    e->tls = tls_config_ref(tls);
    map_put(&data->tls, key, e);
}

struct tls_config *compile_gateway_tls_get(struct compile *c, struct compile_gateway *data,
                                           const struct compile_gateway *old,
                                           const struct object *gateway,
                                           const struct istio_gateway_server *server,
                                           uint32_t index, bool http)
{
    uint64_t inputs = digest_inputs(c, gateway, server->tls);
    struct str key = arena_printf(data->arena, "%.*s/%.*s/%u", STR_ARG(gateway->ns),
                                  STR_ARG(gateway->name), index);
    const struct entry *was = old ? map_get(&old->tls, key) : NULL;
    struct tls_config *tls = NULL;
    struct arena a;

    if (was && was->inputs == inputs) {
        tls = tls_config_ref(was->tls);
    } else {
        arena_init(&a, 4096);
        if (compile_tls_server(c, gateway, server->tls, http, &tls, &a) != 0)
            tls = NULL;
        arena_deinit(&a);
    }
    if (tls)
        remember(data, key, inputs, tls);
    return tls;
}

void compile_gateway_tls_drop(struct compile_gateway *data)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&data->tls, &at));)
        tls_config_unref(((struct entry *)s->value)->tls);
    map_deinit(&data->tls);
}
