#include "core/compile/compile_acme.h"

#include "core/api/istio_gateway.h"
#include "core/base/mem.h"
#include "core/compile/compile_state.h"

static const struct {
    struct str name, url;
} issuers[] = {
    { STR_INIT("letsencrypt"), STR_INIT("https://acme-v02.api.letsencrypt.org/directory") },
    { STR_INIT("letsencrypt-staging"),
      STR_INIT("https://acme-staging-v02.api.letsencrypt.org/directory") },
};

struct walk {
    const struct compile *c;
    void (*each)(void *arg, const struct compile_acme_want *want);
    void *arg;
    bool has_plain; /* some server speaks plain HTTP */
};

static struct str directory_of(struct str issuer)
{
    for (size_t i = 0; i < COUNT_OF(issuers); i++) {
        if (str_eq(issuer, issuers[i].name))
            return issuers[i].url;
    }
    return issuer;
}

static bool is_ours(const struct walk *w, const struct object *o)
{
    const struct istio_gateway *g = o->spec;

    return compile_has_labels(w->c, g->selector, g->selector_count);
}

static void find_plain(void *arg, const struct object *o)
{
    struct walk *w = arg;
    const struct istio_gateway *g = o->spec;

    for (size_t i = 0; is_ours(w, o) && i < g->servers_count; i++) {
        if (g->servers[i].port && istio_gateway_is_plain_http(g->servers[i].port->protocol))
            w->has_plain = true;
    }
}

/* Whether a Secret stands in the way that was not ordered. */
static bool is_taken(const struct compile *c, struct str name)
{
    const struct object *o = compile_find_object(c, API_KIND_SECRET, c->node->ns, name);

    return o && !object_meta_annotation(o->meta, STR(COMPILE_ACME_MANAGED)).p;
}

static void tell(const struct walk *w, const struct object *o, const struct istio_gateway_server *s)
{
    struct str challenge = object_meta_annotation(o->meta, STR("mesh.dev/acme-challenge"));
    struct compile_acme_want want = {
        .secret = s->tls->credential_name,
        .directory = directory_of(object_meta_annotation(o->meta, STR("mesh.dev/acme"))),
        .email = object_meta_annotation(o->meta, STR("mesh.dev/acme-email")),
        .by_tls = challenge.len ? str_is(challenge, "tls-alpn-01") : !w->has_plain,
        .is_not_ours = is_taken(w->c, s->tls->credential_name),
    };
    struct arena a;
    struct str *names;

    arena_init(&a, 512);
    names = arena_alloc0(&a, s->hosts_count, sizeof(*names));
    for (size_t i = 0; i < s->hosts_count; i++) {
        struct str host = s->hosts[i];

        if (str_chr(host, '/') >= 0)
            (void)str_cut(&host, '/');
        if (host.len && host.p[0] != '*') /* a wildcard would take a DNS challenge */
            names[want.name_count++] = arena_lower(&a, host);
    }
    want.names = names;
    w->each(w->arg, &want);
    arena_deinit(&a);
}

static void look_at(void *arg, const struct object *o)
{
    const struct walk *w = arg;
    const struct istio_gateway *g = o->spec;

    if (!object_meta_annotation(o->meta, STR("mesh.dev/acme")).len || !is_ours(w, o))
        return;
    for (size_t i = 0; i < g->servers_count; i++) {
        const struct istio_gateway_server *s = &g->servers[i];

        if (s->tls && s->tls->credential_name.len &&
            str_find(s->tls->credential_name, STR("://")) < 0)
            tell(w, o, s);
    }
}

void compile_acme_each(const struct compile *c,
                       void (*each)(void *arg, const struct compile_acme_want *want), void *arg)
{
    struct walk w = { .c = c, .each = each, .arg = arg };

    compile_each_object(c, API_KIND_GATEWAY, find_plain, &w);
    compile_each_object(c, API_KIND_GATEWAY, look_at, &w);
}
