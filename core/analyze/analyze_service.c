#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/istio_status.h"
#include "core/api/k8s_service.h"
#include "core/api/mesh_file.h"
#include "core/api/service_entry.h"
#include "core/base/mem.h"

/* Port names begin with one of these, alone or before a '-'. */
static const char *const protocols[] = { "grpc",  "grpc-web", "http", "http2", "https", "mongo",
                                         "mysql", "redis",    "tcp",  "tls",   "udp" };

static bool says_protocol(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(protocols); i++) {
        struct str p = str_of(protocols[i]);

        if (str_istarts(name, p) && (name.len == p.len || name.p[p.len] == '-'))
            return true;
    }
    return false;
}

/* Those of the system and of the mesh itself, which nobody here names ports for. */
static bool is_of_others(const struct object *o)
{
    static const char *const namespaces[] = { "kube-system", "kube-public", "kube-node-lease",
                                              "local-path-storage" };
    static const char *const makers[] = { "istio.io-gateway-controller", "istio.io-mesh-controller",
                                          "istio.io-eastwest-controller" };
    struct str maker = object_meta_label(o->meta, STR("gateway.istio.io/managed"));

    for (size_t i = 0; i < COUNT_OF(namespaces); i++) {
        if (str_is(o->ns, namespaces[i]))
            return true;
    }
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        if (str_is(maker, makers[i]))
            return true;
    }
    return object_meta_label(o->meta, STR("istio")).p ||
           str_is(object_meta_label(o->meta, STR("release")), "istio");
}

static bool is_unclear(const struct k8s_service_port *p)
{
    return !p->app_protocol.len && !says_protocol(p->name) &&
           (!p->protocol.len || str_is(p->protocol, "TCP"));
}

static void check_ports(struct analyze_state *s, const struct object *o)
{
    const struct k8s_service *svc = o->spec;

    for (size_t i = 0; i < svc->ports_count; i++) {
        const struct k8s_service_port *p = &svc->ports[i];
        struct str target = p->target_port.is_text ? p->target_port.text : STR_NONE;

        if (!is_unclear(p))
            continue;
        if (!target.len)
            target =
                arena_printf(&s->arena, "%lld",
                             (long long)(p->target_port.set ? p->target_port.number : p->port));
        analyze_state_report(
            s, o, DIAG_INFO, "IST0118",
            arena_printf(&s->arena, "spec.ports[%zu].%s", i, p->name.len ? "name" : "port"),
            "Port name %.*s (port: %lld, targetPort: %.*s) doesn't follow the "
            "naming convention of Istio port.",
            STR_ARG(p->name), (long long)p->port, STR_ARG(target));
    }
}

void analyze_service_port_names(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_SERVICE, &at));) {
        if (!is_of_others(o) &&
            !str_is(((const struct k8s_service *)o->spec)->type, "ExternalName"))
            check_ports(s, o);
    }
}

/* An ExternalName has no address of its own, so bytes that say no host cannot be told to be for it.
 */
void analyze_service_external_names(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_SERVICE, &at));) {
        const struct k8s_service *svc = o->spec;

        for (size_t i = 0; str_is(svc->type, "ExternalName") && i < svc->ports_count; i++) {
            const struct k8s_service_port *p = &svc->ports[i];

            if (is_of_others(o) || (!is_unclear(p) && !str_is(p->name, "tcp")))
                continue;
            analyze_state_report(
                s, o, DIAG_WARNING, "IST0150",
                arena_printf(&s->arena, "spec.ports[%zu].%s", i, p->name.len ? "name" : "port"),
                "Port name for ExternalName service is invalid. Proxy may prevent "
                "tcp named ports and unmatched traffic for ports serving TCP "
                "protocol from being forwarded correctly.");
        }
    }
}

/* Whether the mesh gives its proxies addresses for names that have none, as Istio's agent is told
 * to.
 */
static bool allocates(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_CONFIG_MAP, &at));) {
        const struct mesh_proxy_config *p;
        struct mesh_config mesh;
        bool captures = false, gives = false;

        if (!str_eq(o->name, MESH_FILE_NAME) ||
            mesh_file_read_config(mesh_file_key(o, "mesh"), STR_NONE, &s->arena, NULL, &mesh) != 0)
            continue;
        p = mesh.default_config;
        for (size_t i = 0; p && i < p->proxy_metadata_count; i++) {
            const struct field_pair *m = &p->proxy_metadata[i];

            captures |= str_is(m->key, "ISTIO_META_DNS_CAPTURE") && str_is(m->value, "true");
            gives |= (str_is(m->key, "ISTIO_META_DNS_AUTO_ALLOCATE") ||
                      str_is(m->key, "PILOT_ENABLE_IP_AUTOALLOCATE")) &&
                     str_is(m->value, "true");
        }
        if (captures && gives)
            return true;
    }
    return false;
}

static bool has_addresses(const struct object *o)
{
    const struct istio_status_addressed *status = o->status;

    return ((const struct service_entry *)o->spec)->addresses_count ||
           (status && status->addresses_count);
}

/* TCP says nothing about its host: without an address the rule takes every destination on the
 * port. */
void analyze_service_addresses(struct analyze_state *s)
{
    bool allocated = allocates(s);
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_SERVICE_ENTRY, &at));) {
        const struct service_entry *se = o->spec;

        for (size_t i = 0; i < se->ports_count && !allocated && !has_addresses(o); i++) {
            if (!str_ieq(se->ports[i].protocol, STR("TCP")) && se->ports[i].protocol.len)
                continue;
            analyze_state_report(s, o, DIAG_WARNING, "IST0134",
                                 arena_printf(&s->arena, "spec.ports[%zu].%s", i,
                                              se->ports[i].protocol.len ? "protocol" : "number"),
                                 "ServiceEntry addresses are required for this protocol.");
        }
    }
}
