#include "core/compile/compile_gwapi_objects.h"

#include "core/api/k8s_config_map.h"
#include "core/api/k8s_secret.h"
#include "core/api/k8s_service.h"
#include "core/api/service_entry.h"
#include "core/base/mem.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_key.h"

enum { CERTIFICATES_MAX = 1000 };

bool compile_gwapi_objects_wants(uint16_t kind)
{
    switch (kind) {
    case API_KIND_NAMESPACE:
    case API_KIND_SERVICE:
    case API_KIND_SERVICE_ENTRY:
    case API_KIND_SECRET:
    case API_KIND_CONFIG_MAP:
    case API_KIND_INGRESS:
    case API_KIND_INGRESS_CLASS:
        return true;
    default:
        return compile_gwapi_wants(kind);
    }
}

/* ---- the world ---- */

static void each(void *arg, uint16_t kind, void (*fn)(void *fn_arg, const struct object *o),
                 void *fn_arg)
{
    struct compile_gwapi_objects *x = arg;
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&x->by_key, &at));)
        if (((const struct object *)s->value)->kind->id == kind)
            fn(fn_arg, s->value);
}

static const struct object *find(void *arg, uint16_t kind, struct str ns, struct str name)
{
    struct compile_gwapi_objects *x = arg;
    const struct object *o;
    struct arena a;

    arena_init(&a, 256);
    o = map_get(&x->by_key, object_key_of(api_kind_by_id(kind), ns, name, &a));
    arena_deinit(&a);
    return o;
}

static bool has_port(const struct k8s_service *s, uint16_t port, bool is_udp)
{
    for (size_t i = 0; i < s->ports_count; i++)
        if (s->ports[i].port == port && str_is(s->ports[i].protocol, "UDP") == is_udp)
            return true;
    return port == 0;
}

/* Without Kubernetes a service is a ServiceEntry with such a host. */
struct entry_search {
    struct str host;
    uint16_t port;
    bool is_udp, found;
};

static void look_at_entry(void *arg, const struct object *o)
{
    struct entry_search *s = arg;
    const struct service_entry *e = o->spec;
    bool host = false, port = s->port == 0;

    for (size_t i = 0; i < e->hosts_count; i++)
        host |= str_ieq(e->hosts[i], s->host);
    for (size_t i = 0; i < e->ports_count; i++)
        port |=
            e->ports[i].number == s->port && str_ieq(e->ports[i].protocol, STR("UDP")) == s->is_udp;
    s->found |= host && port;
}

static bool has_service(void *arg, struct str ns, struct str name, uint16_t port, bool is_udp)
{
    struct compile_gwapi_objects *x = arg;
    const struct object *o = find(x, API_KIND_SERVICE, ns, name);
    struct entry_search s = { .port = port, .is_udp = is_udp };
    struct arena a;

    if (o)
        return has_port(o->spec, port, is_udp);
    arena_init(&a, 256);
    s.host = arena_printf(&a, "%.*s.%.*s.svc.%.*s", STR_ARG(name), STR_ARG(ns),
                          STR_ARG(x->world.dns_domain));
    each(x, API_KIND_SERVICE_ENTRY, look_at_entry, &s);
    arena_deinit(&a);
    return s.found;
}

static bool are_certificates(struct str pem)
{
    struct pki_chain chain;
    bool good = pem.len && pki_chain_parse_pem(pem, CERTIFICATES_MAX, &chain) == 0;

    if (good)
        pki_chain_deinit(&chain);
    return good;
}

static bool is_certificate(void *arg, const struct object *secret)
{
    struct str cert = k8s_secret_find(secret->root, STR("tls.crt"));
    struct str key = k8s_secret_find(secret->root, STR("tls.key"));
    struct pki_key *k = NULL;
    bool good;

    (void)arg;
    if (!cert.p)
        cert = k8s_secret_find(secret->root, STR("cert"));
    if (!key.p)
        key = k8s_secret_find(secret->root, STR("key"));
    good = are_certificates(cert) && pki_key_from_pem(key, &k) == 0;
    pki_key_unref(k);
    return good;
}

static bool is_ca(void *arg, const struct object *o)
{
    const struct k8s_config_map *m = o->root;

    (void)arg;
    for (size_t i = 0; i < m->data_count; i++)
        if (str_is(m->data[i].key, "ca.crt"))
            return are_certificates(m->data[i].value);
    return false;
}

/* ---- the set ---- */

void compile_gwapi_objects_init(struct compile_gwapi_objects *x, struct str dns_domain)
{
    *x = (struct compile_gwapi_objects){ .world = { .arg = x,
                                                    .each = each,
                                                    .find = find,
                                                    .has_service = has_service,
                                                    .is_certificate = is_certificate,
                                                    .is_ca = is_ca,
                                                    .dns_domain = dns_domain } };
    map_init(&x->by_key);
}

static void drop(struct compile_gwapi_objects *x, struct str key)
{
    struct map_slot *s = map_find(&x->by_key, key);
    struct object *o;
    char *text;

    if (!s)
        return;
    o = s->value;
    text = (char *)(uintptr_t)s->key.p; /* made by put */
    map_remove(&x->by_key, key);
    mem_free(text);
    object_unref(o);
}

void compile_gwapi_objects_put(struct compile_gwapi_objects *x, struct object *o)
{
    struct arena a;
    struct str key;
    char *text;

    arena_init(&a, 256);
    key = object_key(o, &a);
    object_ref(o);
    drop(x, key);
    text = mem_alloc(key.len + 1);
    memcpy(text, key.p, key.len);
    map_put(&x->by_key, str_make(text, key.len), o);
    arena_deinit(&a);
}

void compile_gwapi_objects_remove(struct compile_gwapi_objects *x, const struct api_kind *kind,
                                  struct str ns, struct str name)
{
    struct arena a;

    arena_init(&a, 256);
    drop(x, object_key_of(kind, ns, name, &a));
    arena_deinit(&a);
}

void compile_gwapi_objects_deinit(struct compile_gwapi_objects *x)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&x->by_key, &at));) {
        mem_free((char *)(uintptr_t)s->key.p);
        object_unref(s->value);
    }
    map_deinit(&x->by_key);
}
