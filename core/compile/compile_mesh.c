#include "core/compile/compile_mesh.h"

#include "core/api/mesh_file.h"
#include "core/api/proxy_config.h"
#include "core/api/workload_selector.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/compile/compile_dr.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_mesh_http.h"
#include "core/compile/compile_mesh_tls.h"
#include "core/compile/compile_vs.h"
#include "core/text/field_decode.h"
#include "core/text/node_yaml.h"

bool compile_mesh_reads(const struct compile *c, const struct object *o)
{
    if (o->kind->id == API_KIND_CONFIG_MAP)
        return str_eq(o->name, MESH_FILE_NAME) && str_eq(o->ns, c->config_ns);
    return o->kind->id == API_KIND_PROXY_CONFIG &&
           (str_eq(o->ns, c->config_ns) || str_eq(o->ns, c->root_ns) || str_eq(o->ns, c->node->ns));
}

struct model_settings compile_mesh_copy_settings(const struct model_settings *from, struct arena *a)
{
    struct model_settings to = *from;

    to.trust_domain = arena_str(a, from->trust_domain);
    to.root_namespace = arena_str(a, from->root_namespace);
    to.access_log.path = arena_str(a, from->access_log.path);
    to.access_log.format = arena_str(a, from->access_log.format);
    to.http.server = arena_str(a, from->http.server);
    to.mesh_tls = compile_mesh_tls_copy(&from->mesh_tls, a);
    return to;
}

bool compile_mesh_is_exported(const struct str *export_to, size_t count, const struct str *def,
                              size_t def_count, struct str ns, struct str to)
{
    return count ? registry_service_is_exported(export_to, count, ns, to)
                 : registry_service_is_exported(def, def_count, ns, to);
}

/* ---- ProxyConfig objects, the wider ones first ---- */

struct layers {
    const struct compile *c;
    struct str root_ns;
    const struct object *mesh_wide, *ns_wide, *own; /* the oldest of each kind */
};

static void pick_layer(void *arg, const struct object *o)
{
    struct layers *l = arg;
    const struct proxy_config *p = o->spec;
    bool selects = p->selector && p->selector->labels_count;
    const struct object **slot = NULL;

    if (selects) {
        if (str_eq(o->ns, l->c->node->ns) &&
            compile_has_labels(l->c, p->selector->labels, p->selector->labels_count))
            slot = &l->own;
    } else if (str_eq(o->ns, l->root_ns)) {
        slot = &l->mesh_wide;
    } else if (str_eq(o->ns, l->c->node->ns)) {
        slot = &l->ns_wide;
    }
    if (slot && (!*slot || object_compare_age(o, *slot) < 0))
        *slot = o;
}

static void set_pair(struct mesh_proxy_config *p, struct str key, struct str value, struct arena *a)
{
    struct field_pair *all;

    for (size_t i = 0; i < p->proxy_metadata_count; i++) {
        if (str_eq(p->proxy_metadata[i].key, key)) {
            p->proxy_metadata[i].value = value;
            return;
        }
    }
    all = arena_alloc0(a, p->proxy_metadata_count + 1, sizeof(*all));
    if (p->proxy_metadata_count)
        memcpy(all, p->proxy_metadata, p->proxy_metadata_count * sizeof(*all));
    all[p->proxy_metadata_count++] = (struct field_pair){ key, value };
    p->proxy_metadata = all;
}

static void add_layer(struct mesh_proxy_config *p, const struct object *o, struct arena *a)
{
    const struct proxy_config *from = o ? o->spec : NULL;

    if (!from)
        return;
    if (from->concurrency.set)
        p->concurrency = from->concurrency;
    for (size_t i = 0; i < from->environment_count; i++)
        set_pair(p, arena_str(a, from->environment[i].key),
                 arena_str(a, from->environment[i].value), a);
}

/* ---- settings ---- */

static uint32_t ms_of(const struct field_opt *d)
{
    int64_t ms = d->value / 1000000;

    return ms > UINT32_MAX ? UINT32_MAX : ms < 1 ? 1 : (uint32_t)ms;
}

static void set_access_log(struct compile_mesh *m)
{
    const struct mesh_config *from = &m->config;
    struct model_access_log *to = &m->settings.access_log;

    if (to->enabled || from->access_log_file.len == 0)
        return;
    *to = (struct model_access_log){ .enabled = true,
                                     .json = from->access_log_encoding == MESH_CONFIG_ENCODING_JSON,
                                     .path = from->access_log_file,
                                     .format = from->access_log_format };
}

static enum model_outbound_policy policy_of(int mode)
{
    switch (mode) {
    case MESH_CONFIG_OUTBOUND_MODE_REGISTRY_ONLY:
        return MODEL_REGISTRY_ONLY;
    case MESH_CONFIG_OUTBOUND_MODE_ALLOW_ANY_DYNAMIC_DNS:
        return MODEL_ALLOW_ANY_DYNAMIC;
    default:
        return MODEL_ALLOW_ANY;
    }
}

static void set_settings(const struct compile *c, struct compile_mesh *m)
{
    const struct mesh_config *from = &m->config;
    struct model_settings *to = &m->settings;

    *to = compile_mesh_copy_settings(&c->options.settings, &m->arena);
    set_access_log(m);
    compile_mesh_http(from, &m->proxy, &to->http);
    if (from->root_namespace.len)
        to->root_namespace = from->root_namespace;
    else if (!to->root_namespace.len)
        to->root_namespace = c->config_ns;
    if (from->connect_timeout.set)
        to->connect_timeout_ms = ms_of(&from->connect_timeout);
    if (!to->drain_ms && m->proxy.termination_drain_duration.set)
        to->drain_ms = ms_of(&m->proxy.termination_drain_duration);
    if (from->protocol_detection_timeout.set && from->protocol_detection_timeout.value > 0)
        to->detection_ms = ms_of(&from->protocol_detection_timeout);
    if (from->dns_refresh_rate.set && from->dns_refresh_rate.value > 0)
        to->dns_retry_ms = ms_of(&from->dns_refresh_rate);
    to->no_listener_log = from->disable_envoy_listener_log;
    to->metrics_apart = from->enable_prometheus_merge.set && !from->enable_prometheus_merge.value;
    m->outbound_policy = c->options.outbound_policy;
    if (!c->options.outbound_policy_is_told && from->outbound_traffic_policy)
        m->outbound_policy = policy_of(from->outbound_traffic_policy->mode);
}

/* ---- making it ---- */

static void tell(const struct compile *c, const struct object *o, const struct diag *inner)
{
    for (const struct diag_item *i = inner->first; i; i = i->next)
        if (i->severity == DIAG_ERROR)
            compile_warn(c, o, (struct field_at){ 0 }, "MSH1001", "data.mesh",
                         "is not in force: line %d of it, %.*s: %.*s", i->pos.line,
                         STR_ARG(i->path), STR_ARG(i->message));
}

static uint64_t hash_of(uint64_t h, const struct object *o)
{
    return o ? hash_content_seeded(&o->content_hash, sizeof(o->content_hash), h) : hash_mix(h + 1);
}

/* NULL: it does not decode, which was told; what was there stays. */
static struct compile_mesh *mesh_new(const struct compile *c)
{
    const struct object *o =
        compile_find_object(c, API_KIND_CONFIG_MAP, c->config_ns, MESH_FILE_NAME);
    struct compile_mesh *m = mem_alloc0(1, sizeof(*m));
    struct layers l = { .c = c };
    struct diag inner;
    int err = 0;

    arena_init(&m->arena, 4096);
    diag_init(&inner);
    if (o || c->node->proxy_config.len) {
        /* Texts are copied: the object may go before we do. */
        err = mesh_file_read_config(o ? arena_str(&m->arena, mesh_file_key(o, "mesh")) : STR_NONE,
                                    c->node->proxy_config, &m->arena, &inner, &m->config);
        if (!err && o)
            err = mesh_file_read_networks(arena_str(&m->arena, mesh_file_key(o, "meshNetworks")),
                                          &m->arena, &inner, &m->networks);
        if (o)
            tell(c, o, &inner);
    }
    diag_deinit(&inner);
    if (err && c->mesh) {
        compile_mesh_free(m);
        return NULL;
    }
    if (m->config.default_config)
        m->proxy = *m->config.default_config;
    l.root_ns = m->config.root_namespace.len ? m->config.root_namespace : c->config_ns;
    compile_each_object(c, API_KIND_PROXY_CONFIG, pick_layer, &l);
    add_layer(&m->proxy, l.mesh_wide, &m->arena);
    add_layer(&m->proxy, l.ns_wide, &m->arena);
    add_layer(&m->proxy, l.own, &m->arena);
    set_settings(c, m);
    compile_mesh_tls_set(c, o, &m->config, &m->arena, &m->settings.mesh_tls);
    m->hash = hash_of(hash_of(hash_of(hash_of(0, o), l.mesh_wide), l.ns_wide), l.own);
    return m;
}

void compile_mesh_free(struct compile_mesh *m)
{
    if (!m)
        return;
    arena_deinit(&m->arena);
    mem_free(m);
}

static void follow(struct compile *c)
{
    const struct mesh_config *m = &c->mesh->config;

    c->root_ns =
        c->mesh->settings.root_namespace.len ? c->mesh->settings.root_namespace : c->config_ns;
    registry_set_default_export(c->registry, m->default_service_export_to,
                                m->default_service_export_to_count);
    compile_vs_reread(c);
    compile_host_mark_all(c, COMPILE_DIRTY_CLUSTERS | COMPILE_DIRTY_ROUTES);
    c->dirty |= COMPILE_PART_VIPS | COMPILE_PART_TABLES | COMPILE_PART_CLUSTERS |
                COMPILE_PART_INBOUND | COMPILE_PART_AUTHZ | COMPILE_PART_GATEWAY |
                COMPILE_PART_PEERS | COMPILE_PART_SIDECAR | COMPILE_PART_TELEMETRY;
}

void compile_mesh_run(struct compile *c)
{
    struct compile_mesh *now, *old = c->mesh;

    if (old && !(c->dirty & COMPILE_PART_MESH))
        return;
    now = mesh_new(c);
    if (!now || (old && now->hash == old->hash)) {
        compile_mesh_free(now);
        return;
    }
    c->mesh = now;
    follow(c);
    compile_mesh_free(old);
}
