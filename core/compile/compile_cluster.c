#include "core/compile/compile_cluster.h"

#include "core/api/gateway_api_policy.h"
#include "core/api/workload_selector.h"
#include "core/base/mem.h"
#include "core/compile/compile_gwapi_policy.h"
#include "core/compile/compile_gwapi_session.h"
#include "core/compile/compile_locality.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_peer.h"
#include "core/compile/compile_tls.h"
#include "core/compile/compile_traffic.h"
#include "core/compile/digest.h"
#include "core/tls/tls_config.h"

/* ---- config ---- */

struct str compile_cluster_name(uint16_t port, struct str subset, struct str host, struct arena *a)
{
    return arena_printf(a, "outbound|%u|%.*s|%.*s", port, STR_ARG(subset), STR_ARG(host));
}

static void deinit_config(struct model_cluster_config *config)
{
    tls_config_unref(config->tls);
}

struct model_cluster_config *compile_cluster_new_config(struct str name, uint8_t type)
{
    struct model_cluster_config *config = mem_alloc0(1, sizeof(*config));

    atomic_init(&config->refs, 1);
    arena_init(&config->arena, 512);
    config->name = arena_str(&config->arena, name);
    config->type = type;
    config->lb = MODEL_LB_LEAST_REQUEST;
    config->deinit = deinit_config;
    return config;
}

static bool has_names(const struct registry_endpoints *members)
{
    for (uint32_t i = 0; members && i < members->count; i++) {
        if (members->list[i].workload->hostname.len)
            return true;
    }
    return false;
}

static uint8_t type_of(const struct compile_cluster_key *key)
{
    switch (key->service->resolution) {
    case REGISTRY_DNS:
        return MODEL_CLUSTER_DNS;
    case REGISTRY_DNS_ONE:
        return MODEL_CLUSTER_DNS_ONE;
    case REGISTRY_NONE:
        return MODEL_CLUSTER_ORIGINAL_DST;
    case REGISTRY_DYNAMIC:
        return MODEL_CLUSTER_DYNAMIC;
    default:
        return has_names(key->members) ? MODEL_CLUSTER_DNS : MODEL_CLUSTER_STATIC;
    }
}

static bool is_http(uint8_t protocol)
{
    return protocol == MODEL_PROTOCOL_HTTP || protocol == MODEL_PROTOCOL_HTTP2 ||
           protocol == MODEL_PROTOCOL_GRPC;
}

static bool is_h2(const struct model_cluster_config *config)
{
    return config->h2_upgrade || config->protocol == MODEL_PROTOCOL_HTTP2 ||
           config->protocol == MODEL_PROTOCOL_GRPC;
}

static bool has_auto_mtls(const struct compile *c)
{
    const struct field_opt *told = &c->mesh->config.enable_auto_mtls;

    return !told->set || told->value;
}

static uint64_t set_tls(struct compile *c, struct model_cluster_config *config,
                        const struct object *owner, const struct traffic_policy_tls *tls,
                        struct str *secret, struct arena *a)
{
    static const uint8_t modes[] = {
        [TRAFFIC_POLICY_TLS_DISABLE] = MODEL_TLS_DISABLE,
        [TRAFFIC_POLICY_TLS_SIMPLE] = MODEL_TLS_SIMPLE,
        [TRAFFIC_POLICY_TLS_MUTUAL] = MODEL_TLS_MUTUAL,
        [TRAFFIC_POLICY_TLS_ISTIO_MUTUAL] = MODEL_TLS_ISTIO_MUTUAL,
    };
    uint64_t hash = 0;

    if (!tls) /* MT-5: no mTLS of its own accord to what is outside the mesh */
        config->tls_mode =
            config->external || !has_auto_mtls(c) ? MODEL_TLS_DISABLE : MODEL_TLS_AUTO;
    else
        config->tls_mode = modes[tls->mode];
    if (config->tls_mode == MODEL_TLS_SIMPLE || config->tls_mode == MODEL_TLS_MUTUAL)
        /* What went wrong was reported; without settings the cluster refuses to connect. */
        (void)compile_tls_client(c, owner, tls, config->host, is_h2(config),
                                 is_http(config->protocol) ||
                                     config->protocol == MODEL_PROTOCOL_AUTO,
                                 &config->tls, &hash, secret, a);
    if (config->tls_mode == MODEL_TLS_ISTIO_MUTUAL && tls->sni.len)
        config->sni = arena_str(&config->arena, tls->sni);
    return hash;
}

/* Names that a server may have: a ServiceEntry's beside its own identity, a DestinationRule's in
 * its place. */
static void set_identities(struct model_cluster_config *config, const struct registry_service *s,
                           const struct traffic_policy_tls *tls)
{
    const struct str *list = s->sans;
    size_t count = s->san_count;

    if (tls && tls->subject_alt_names_count) {
        list = tls->subject_alt_names;
        count = tls->subject_alt_names_count;
        config->identities_only = true;
    }
    config->identities = arena_alloc0(&config->arena, count, sizeof(*config->identities));
    for (size_t i = 0; i < count; i++)
        config->identities[config->identity_count++] = arena_str(&config->arena, list[i]);
}

static void set_session(struct model_cluster_config *config, const struct object *owner)
{
    const struct gateway_api_policy_traffic_policy *policy = owner ? owner->spec : NULL;

    if (policy)
        config->session = compile_gwapi_session_build(
            policy->session, compile_gwapi_session_scope(owner, STR_NONE, 0), &config->arena);
}

static uint64_t digest_config(const struct model_cluster_config *config, uint64_t tls)
{
    uint64_t h = digest_u64(1, tls);

    h = digest_str(h, config->name);
    h = digest_str(h, config->sni);
    h = digest_strs(h, config->identities, config->identity_count);
    h = digest_u64(h, config->identities_only);
    h = digest_u64(h, config->dst_port);
    h = compile_traffic_digest(h, config);
    h = compile_gwapi_session_digest(h, config->session);
    h = digest_str(digest_str(h, config->service_name), config->service_ns);
    h = digest_str(digest_str(h, config->source.kind), config->source.name);
    h = digest_str(digest_str(h, config->source.ns), config->source.file);
    h = digest_u64(h, config->source.line);
    return digest_u64(h, config->type | (uint64_t)config->protocol << 8 |
                             (uint64_t)config->lb << 16 | (uint64_t)config->tls_mode << 24 |
                             (uint64_t)config->external << 33);
}

static struct model_source copy_source(const struct model_source *from, struct arena *a)
{
    return (struct model_source){
        .kind = arena_str(a, from->kind),
        .ns = arena_str(a, from->ns),
        .name = arena_str(a, from->name),
        .file = arena_str(a, from->file),
        .line = from->line,
    };
}

struct model_cluster_config *compile_cluster_config(struct compile *c,
                                                    const struct compile_cluster_key *key,
                                                    const struct compile_dr_result *dr,
                                                    struct str *secret, struct arena *a)
{
    const struct registry_service *s = key->service;
    const struct registry_port *port = &s->ports[key->port_index];
    const struct destination_rule_subset *subset = key->subset ? key->subset->subset : NULL;
    struct compile_dr_policy policy = compile_dr_policy_of(dr, subset, port->port);
    struct str subset_name = subset ? subset->name : STR_NONE;
    struct str name = port->is_udp
                          ? arena_printf(a, "outbound-udp|%u||%.*s", port->port, STR_ARG(s->host))
                          : compile_cluster_name(port->port, subset_name, s->host, a);
    struct model_cluster_config *config = compile_cluster_new_config(name, type_of(key));
    struct arena *own = &config->arena;
    const struct object *tls_owner;
    uint64_t tls;

    tls_owner = compile_gwapi_policy_fill(c, s, port, a, &policy);
    compile_dr_fill(c, &policy);
    config->host = arena_str(own, s->host);
    config->service_host = config->host;
    config->service_name = arena_str(own, s->name);
    config->service_ns = arena_str(own, s->ns);
    config->subset = arena_str(own, subset_name);
    config->port =
        config->type == MODEL_CLUSTER_DYNAMIC && port->target ? port->target : port->port;
    if (config->type == MODEL_CLUSTER_ORIGINAL_DST && !s->kubernetes && port->target != port->port)
        config->dst_port = port->target;
    config->protocol = port->protocol;
    config->external = s->external;
    config->sni = arena_printf(own, "outbound_.%u_.%.*s_.%.*s", port->port, STR_ARG(subset_name),
                               STR_ARG(s->host));
    compile_traffic_apply(c, &policy, config);
    config->locality_weighted = compile_locality_is_weighted(c, s, &policy);
    config->zone_min_cluster = compile_locality_zone_minimum(c, s, &policy);
    c->uses_zones |= config->zone_min_cluster > 0;
    set_session(config, policy.session_owner);
    tls = set_tls(c, config, tls_owner ? tls_owner : dr->object, policy.tls, secret, a);
    set_identities(config, s, policy.tls);
    if (dr->object)
        config->source = compile_source(key->subset ? key->subset->object : dr->object,
                                        subset ? subset->at.line : 0, own);
    else
        config->source = copy_source(&s->source, own);
    config->hash = digest_config(config, tls);
    return config;
}

/* ---- endpoints ---- */

struct model_endpoints *compile_cluster_new_endpoints(void)
{
    struct model_endpoints *set = mem_alloc0(1, sizeof(*set));

    atomic_init(&set->refs, 1);
    arena_init(&set->arena, 1024);
    return set;
}

void compile_cluster_peer(const struct compile *c, const struct registry_workload *w,
                          struct arena *a, struct model_telemetry_peer *out)
{
    struct str principal = registry_workload_principal(w, c->trust_domain, a);

    *out = (struct model_telemetry_peer){
        .workload = arena_str(a, w->workload_name),
        .ns = arena_str(a, w->ns),
        .app = arena_str(a, w->app),
        .version = arena_str(a, w->version),
        .cluster = arena_str(a, w->cluster),
        .canonical_service = arena_str(a, w->canonical_service),
        .canonical_revision = arena_str(a, w->canonical_revision),
        .hop = w->hop,
    };
    if (principal.len)
        out->principal = arena_printf(a, "spiffe://%.*s", STR_ARG(principal));
}

/* MT-5: by what the endpoint can do, unless its own policy says plain. */
static uint8_t hop_of(const struct compile *c, const struct registry_service *s,
                      const struct registry_workload *w, uint16_t port)
{
    if (w->hop == MODEL_HOP_PLAIN || s->external)
        return MODEL_HOP_PLAIN;
    if (compile_peer_mode(c, w->ns, w->labels, w->label_count, port) == MODEL_MTLS_DISABLE)
        return MODEL_HOP_PLAIN;
    return w->hop;
}

/* A workload with addresses of both families is reached by that of the service's first one: what
 * Kubernetes calls its default family. */
static const struct addr *addr_for(const struct registry_service *s,
                                   const struct registry_workload *w)
{
    for (uint32_t i = 0; i < w->addr_count && s->vip_count; i++) {
        if (w->addrs[i].family == s->vips[0].family)
            return &w->addrs[i];
    }
    return &w->addrs[0];
}

static void add_endpoint(const struct compile *c, const struct compile_cluster_key *key,
                         const struct registry_endpoint *m, struct model_endpoints *set)
{
    const struct registry_workload *w = m->workload;
    struct model_endpoint *e = &set->list[set->count++];
    struct arena *a = &set->arena;

    e->port = m->ports[key->port_index];
    if (w->addr_count) {
        e->addr = *addr_for(key->service, w);
        if (e->addr.family != ADDR_UNIX)
            e->addr.port = e->port;
    } else {
        e->hostname = arena_str(a, w->hostname);
    }
    e->weight = w->weight ? w->weight : 1;
    e->healthy = m->healthy;
    e->hop = hop_of(c, key->service, w, e->port);
    e->workload_uid = arena_str(a, w->uid);
    e->locality = arena_str(a, w->locality);
    compile_cluster_peer(c, w, a, &e->peer);
    e->identity = e->peer.principal;
    set->weight_total += e->weight;
    set->hash = digest_u64(set->hash, w->hash);
    set->hash =
        digest_u64(set->hash, e->port | (uint64_t)e->hop << 16 | (uint64_t)e->healthy << 24 |
                                  (uint64_t)e->addr.family << 25);
}

static void digest_groups(struct model_endpoints *set)
{
    uint64_t h = digest_u64(set->hash, set->source_total);

    for (uint32_t g = 0; g < set->group_count; g++) {
        const struct model_endpoint_group *group = &set->groups[g];

        h = digest_str(h, group->locality);
        h = digest_u64(h, group->weight | (uint64_t)group->sources << 32);
        h = digest_u64(h, group->priority | (uint64_t)group->is_local << 8);
    }
    for (uint32_t i = 0; i < set->count && set->group_count > 1; i++)
        h = digest_u64(h, set->list[i].group);
    set->hash = h;
}

struct model_endpoints *compile_cluster_endpoints(struct compile *c,
                                                  const struct compile_cluster_key *key,
                                                  const struct compile_dr_result *dr,
                                                  struct arena *a)
{
    const struct registry_endpoints *members = key->members;
    struct model_endpoints *set = compile_cluster_new_endpoints();
    const struct destination_rule_subset *subset = key->subset ? key->subset->subset : NULL;
    struct compile_dr_policy policy =
        compile_dr_policy_of(dr, subset, key->service->ports[key->port_index].port);
    const struct registry_workload **list;
    bool own_cluster; /* no others */

    compile_dr_fill(c, &policy);
    if (!members || !members->count)
        return set;
    set->list = arena_alloc0(&set->arena, members->count, sizeof(*set->list));
    list = arena_alloc0(a, members->count, sizeof(*list));
    own_cluster = compile_locality_is_cluster_local(c, key->service);
    for (uint32_t i = 0; i < members->count; i++) {
        const struct registry_endpoint *m = &members->list[i];

        if (!m->ports[key->port_index])
            continue;
        if (subset && !workload_selector_is_match(subset->labels, subset->labels_count,
                                                  m->workload->labels, m->workload->label_count))
            continue;
        if (own_cluster && m->workload->cluster.len &&
            !str_eq(m->workload->cluster, c->node->cluster_id))
            continue;
        list[set->count] = m->workload;
        add_endpoint(c, key, m, set);
    }
    compile_locality_group(c, key->service, &policy, list, set);
    digest_groups(set);
    return set;
}
