/* Services of whom two objects say different things, or of whom nothing can be told apart. */
#include <string.h>

#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/istio_telemetry.h"
#include "core/api/k8s_config_map.h"
#include "core/api/k8s_service.h"
#include "core/api/service_entry.h"
#include "core/base/mem.h"
#include "core/text/node.h"

/* ---- one host and port, two protocols ---- */

static bool is_everywhere(const struct service_entry *se)
{
    for (size_t i = 0; i < se->export_to_count; i++) {
        if (str_is(se->export_to[i], "*"))
            return true;
    }
    return se->export_to_count == 0;
}

static bool can_meet(const struct object *a, const struct object *b)
{
    return str_eq(a->ns, b->ns) || (is_everywhere(a->spec) && is_everywhere(b->spec));
}

static bool has_host(const struct service_entry *se, struct str host)
{
    for (size_t i = 0; i < se->hosts_count; i++) {
        if (str_ieq(se->hosts[i], host))
            return true;
    }
    return false;
}

static struct str protocol_of(const struct service_entry_port *p)
{
    return p->protocol.len ? p->protocol : STR("TCP");
}

static void compare(struct analyze_state *s, const struct object *o, const struct object *other,
                    size_t port, struct str host)
{
    const struct service_entry *a = o->spec, *b = other->spec;
    const struct service_entry_port *p = &a->ports[port];

    for (size_t i = 0; i < b->ports_count; i++) {
        if (b->ports[i].number != p->number || str_ieq(protocol_of(&b->ports[i]), protocol_of(p)))
            continue;
        analyze_state_report(s, o, DIAG_WARNING, "IST0177",
                             arena_printf(&s->arena, "spec.ports[%zu].%s", port,
                                          p->protocol.len ? "protocol" : "number"),
                             "ServiceEntries [%.*s %.*s] define port %lld of host %.*s with "
                             "different protocols: [%.*s %.*s]. One of them is ignored.",
                             STR_ARG(analyze_state_id(s, o)), STR_ARG(analyze_state_id(s, other)),
                             (long long)p->number, STR_ARG(host), STR_ARG(protocol_of(p)),
                             STR_ARG(protocol_of(&b->ports[i])));
    }
}

void analyze_entry_protocols(struct analyze_state *s)
{
    const struct object *o, *other;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_SERVICE_ENTRY, &at));) {
        const struct service_entry *se = o->spec;

        for (size_t from = 0; (other = analyze_state_next(s, API_KIND_SERVICE_ENTRY, &from));) {
            for (size_t i = 0; other != o && can_meet(o, other) && i < se->hosts_count; i++) {
                for (size_t k = 0; has_host(other->spec, se->hosts[i]) && k < se->ports_count; k++)
                    compare(s, o, other, k, se->hosts[i]);
            }
        }
    }
}

/* ---- Telemetry that names nobody ---- */

/* Whether the mesh's own settings say who gets what names no provider. */
static bool has_default_providers(const struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_CONFIG_MAP, &at));) {
        const struct k8s_config_map *map = o->spec;

        for (size_t i = 0; str_is(o->name, "istio") && i < map->data_count; i++) {
            if (str_is(map->data[i].key, "mesh") &&
                str_find(map->data[i].value, STR("defaultProviders")) >= 0)
                return true;
        }
    }
    return false;
}

void analyze_entry_providers(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_TELEMETRY, &at));) {
        const struct istio_telemetry *t = o->spec;

        for (size_t i = 0; i < t->logging_count; i++) {
            const struct istio_telemetry_logging *l = &t->logging[i];

            if (l->providers_count || (l->disabled.set && l->disabled.value) ||
                has_default_providers(s))
                continue;
            analyze_state_report(s, o, DIAG_WARNING, "IST0157",
                                 arena_printf(&s->arena, "spec.accessLogging[%zu]", i),
                                 "The Telemetry %.*s in namespace \"%.*s\" with empty providers "
                                 "will be ignored.",
                                 STR_ARG(o->name), STR_ARG(o->ns));
        }
    }
}

/* ---- what control found wrong ---- */

/* Conditions that are bad when they are False; of other kinds of ours all are. */
static const struct {
    uint16_t kind;
    const char *types[3];
} verdicts[] = {
    { API_KIND_SERVICE, { "istio.io/WaypointBound" } },
    { API_KIND_SERVICE_ENTRY, { "istio.io/WaypointBound" } },
    { API_KIND_WORKLOAD_ENTRY, { "istio.io/WaypointBound" } },
    { API_KIND_AUTHORIZATION_POLICY, { "ZtunnelAccepted", "WaypointAccepted" } },
    { API_KIND_K8S_GATEWAY, { "Accepted", "Programmed", "ResolvedRefs" } },
    { API_KIND_HTTP_ROUTE, { "Accepted", "Programmed", "ResolvedRefs" } },
    { API_KIND_GRPC_ROUTE, { "Accepted", "Programmed", "ResolvedRefs" } },
};

static bool is_bad(const struct object *o, struct str type, struct str status, struct str reason)
{
    if (o->kind->id == API_KIND_AUTHORIZATION_POLICY && str_is(type, "WaypointAccepted") &&
        str_is(reason, "PartiallyInvalid"))
        return true;
    for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
        if (verdicts[i].kind != o->kind->id)
            continue;
        for (size_t k = 0; k < COUNT_OF(verdicts[i].types) && verdicts[i].types[k]; k++) {
            if (str_is(type, verdicts[i].types[k]))
                return str_is(status, "False");
        }
        return false;
    }
    return str_is(status, "False");
}

static void check_conditions(struct analyze_state *s, const struct object *o,
                             const struct node *where, const char *path)
{
    const struct node *list = where ? node_getz(where, "conditions") : NULL;
    size_t i = 0;

    if (!list || list->kind != NODE_LIST)
        return;
    NODE_EACH(condition, list)
    {
        struct str type = node_get_str(condition, "type");
        struct str reason = node_get_str(condition, "reason");

        if (is_bad(o, type, node_get_str(condition, "status"), reason))
            analyze_state_report(
                s, o, DIAG_WARNING, "IST0171",
                arena_printf(&s->arena, "%s.conditions[%zu]", path, i),
                "A condition with a negative status is present: type=%.*s, reason=%.*s, "
                "message=%.*s.",
                STR_ARG(type), STR_ARG(reason), STR_ARG(node_get_str(condition, "message")));
        i++;
    }
}

/* Of Kubernetes' own kinds only Services: the others' conditions go up and down in ordinary life.
 */
static bool has_verdicts(const struct object *o)
{
    return o->kind->id == API_KIND_SERVICE ||
           (strchr(o->kind->group, '.') != NULL && !strstr(o->kind->group, "k8s.io"));
}

void analyze_entry_conditions(struct analyze_state *s)
{
    for (size_t i = 0; i < s->fresh; i++) {
        const struct object *o = s->objects[i];
        const struct node *status = o->node ? node_getz(o->node, "status") : NULL;
        const struct node *parents = status ? node_getz(status, "parents") : NULL;
        size_t k = 0;

        if (!status || (!has_verdicts(o) && !strstr(o->kind->group, "gateway.networking")))
            continue;
        check_conditions(s, o, status, "status");
        if (!parents || parents->kind != NODE_LIST)
            continue;
        NODE_EACH(parent, parents)
        {
            struct str path = arena_printf(&s->arena, "status.parents[%zu]", k++);

            check_conditions(s, o, parent, arena_strz(&s->arena, path));
        }
    }
}
