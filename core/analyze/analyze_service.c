#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/k8s_service.h"
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

static void check_ports(struct analyze_state *s, const struct object *o)
{
    const struct k8s_service *svc = o->spec;

    for (size_t i = 0; i < svc->ports_count; i++) {
        const struct k8s_service_port *p = &svc->ports[i];
        struct str target = p->target_port.is_text ? p->target_port.text : STR_NONE;

        if (p->app_protocol.len || says_protocol(p->name) ||
            (p->protocol.len && !str_is(p->protocol, "TCP")))
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

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_SERVICE, &at));)
        check_ports(s, o);
}

/* TCP says nothing about its host: without an address the rule takes every destination on the
 * port. */
void analyze_service_addresses(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_SERVICE_ENTRY, &at));) {
        const struct service_entry *se = o->spec;

        for (size_t i = 0; i < se->ports_count && se->addresses_count == 0; i++) {
            if (!str_ieq(se->ports[i].protocol, STR("TCP")) && se->ports[i].protocol.len)
                continue;
            analyze_state_report(s, o, DIAG_WARNING, "IST0134",
                                 arena_printf(&s->arena, "spec.ports[%zu].%s", i,
                                              se->ports[i].protocol.len ? "protocol" : "number"),
                                 "ServiceEntry addresses are required for this protocol.");
            break;
        }
    }
}
