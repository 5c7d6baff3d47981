#include "core/compile/registry_workload.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/compile/digest.h"

/* ---- life ---- */

struct registry_workload *registry_workload_new(void)
{
    struct registry_workload *w = mem_alloc0(1, sizeof(*w));

    w->refs = 1;
    w->weight = 1;
    w->healthy = true;
    arena_init(&w->arena, 512);
    return w;
}

struct registry_workload *registry_workload_ref(const struct registry_workload *w)
{
    struct registry_workload *own = (struct registry_workload *)(uintptr_t)w; /* only the count */

    own->refs++;
    return own;
}

void registry_workload_unref(struct registry_workload *w)
{
    if (!w || --w->refs > 0)
        return;
    object_unref(w->object);
    arena_deinit(&w->arena);
    mem_free(w);
}

void registry_workload_set_unref(struct registry_endpoints *set)
{
    if (!set || --set->refs > 0)
        return;
    for (uint32_t i = 0; i < set->count; i++)
        registry_workload_unref((struct registry_workload *)(uintptr_t)set->list[i].workload);
    arena_deinit(&set->arena);
    mem_free(set);
}

/* ---- what follows from labels ---- */

struct str registry_workload_label(const struct registry_workload *w, struct str key)
{
    for (uint32_t i = 0; i < w->label_count; i++) {
        if (str_eq(w->labels[i].key, key))
            return w->labels[i].value;
    }
    return STR_NONE;
}

static struct str first_label(const struct registry_workload *w, const char *const *keys,
                              struct str otherwise)
{
    for (; *keys; keys++) {
        struct str value = registry_workload_label(w, str_of(*keys));

        if (value.len)
            return value;
    }
    return otherwise;
}

/* Istio's rules for names in metrics. */
static void derive_names(struct registry_workload *w)
{
    static const char *const service[] = { "service.istio.io/canonical-name",
                                           "app.kubernetes.io/name", "app", NULL };
    static const char *const revision[] = { "service.istio.io/canonical-revision",
                                            "app.kubernetes.io/version", "version", NULL };

    if (!w->workload_name.len)
        w->workload_name = w->name;
    if (!w->app.len)
        w->app = registry_workload_label(w, STR("app"));
    if (!w->version.len)
        w->version = registry_workload_label(w, STR("version"));
    if (!w->canonical_service.len)
        w->canonical_service = first_label(w, service, w->workload_name);
    if (!w->canonical_revision.len)
        w->canonical_revision = first_label(w, revision, STR("latest"));
}

/* From labels, where the workload itself does not say it: "istio-locality: region.zone.subzone", or
 * those of Kubernetes' nodes. */
static void derive_locality(struct registry_workload *w)
{
    struct str text = registry_workload_label(w, STR("istio-locality"));
    struct str region = registry_workload_label(w, STR("topology.kubernetes.io/region"));
    struct str zone = registry_workload_label(w, STR("topology.kubernetes.io/zone"));
    struct str subzone = registry_workload_label(w, STR("topology.istio.io/subzone"));
    char *p;

    if (w->locality.len)
        return;
    if (!text.len) {
        if (region.len)
            w->locality = arena_printf(&w->arena, "%.*s/%.*s/%.*s", STR_ARG(region), STR_ARG(zone),
                                       STR_ARG(subzone));
        return;
    }
    p = arena_strz(&w->arena, text);
    for (size_t i = 0; i < text.len && str_chr(text, '/') < 0; i++)
        p[i] = p[i] == '.' ? '/' : p[i];
    w->locality = str_make(p, text.len);
}

static void derive_hop(struct registry_workload *w)
{
    if (w->hop != MODEL_HOP_PLAIN)
        return;
    if (str_is(registry_workload_label(w, STR("mesh.dev/hop")), "mesh"))
        w->hop = MODEL_HOP_MESH;
    else if (str_is(registry_workload_label(w, STR("security.istio.io/tlsMode")), "istio"))
        w->hop = MODEL_HOP_ISTIO;
}

static uint64_t digest_place(uint64_t h, const struct registry_workload *w)
{
    char text[ADDR_TEXT_MAX];

    for (uint32_t i = 0; i < w->addr_count; i++)
        h = digest_str(h, str_of(addr_format_ip(&w->addrs[i], text)));
    h = digest_str(h, w->hostname);
    h = digest_str(digest_str(h, w->dns_name), w->subdomain);
    h = digest_str(h, w->network);
    h = digest_str(h, w->locality);
    h = digest_str(h, w->node);
    return digest_str(h, w->cluster);
}

void registry_workload_seal(struct registry_workload *w)
{
    uint64_t h = 0;

    derive_names(w);
    derive_hop(w);
    derive_locality(w);
    h = digest_str(h, w->uid);
    h = digest_str(digest_str(h, w->ns), w->name);
    h = digest_place(h, w);
    h = digest_str(digest_str(h, w->service_account), w->trust_domain);
    for (uint32_t i = 0; i < w->label_count; i++)
        h = digest_str(digest_str(h, w->labels[i].key), w->labels[i].value);
    for (uint32_t i = 0; i < w->named_port_count; i++)
        h = digest_u64(digest_str(h, w->named_ports[i].key), (uint64_t)w->named_ports[i].value);
    h = digest_str(digest_str(h, w->workload_name), w->canonical_service);
    h = digest_str(h, w->canonical_revision);
    w->hash = digest_u64(h, w->weight | (uint64_t)w->hop << 32 | (uint64_t)w->healthy << 40);
}

/* ---- for builders ---- */

void registry_workload_set_labels(struct registry_workload *w, const struct field_pair *labels,
                                  size_t count)
{
    w->labels = arena_alloc0(&w->arena, count, sizeof(*w->labels));
    w->label_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        w->labels[i].key = arena_str(&w->arena, labels[i].key);
        w->labels[i].value = arena_str(&w->arena, labels[i].value);
    }
}

uint16_t registry_workload_named_port(const struct registry_workload *w, struct str name)
{
    for (uint32_t i = 0; i < w->named_port_count; i++) {
        if (str_eq(w->named_ports[i].key, name))
            return (uint16_t)w->named_ports[i].value;
    }
    return 0;
}

struct str registry_workload_principal(const struct registry_workload *w, struct str trust_domain,
                                       struct arena *a)
{
    struct str td = w->trust_domain.len ? w->trust_domain : trust_domain;

    if (!w->service_account.len || !td.len)
        return STR_NONE;
    return arena_printf(a, "%.*s/ns/%.*s/sa/%.*s", STR_ARG(td), STR_ARG(w->ns),
                        STR_ARG(w->service_account));
}
