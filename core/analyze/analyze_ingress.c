/* Routes of gateways that leave the choice of subset to a rule which holds for sidecars only. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/virtual_service.h"

/* Whether o is for some gateway beside the sidecars. */
static bool is_for_gateways(const struct virtual_service *vs)
{
    for (size_t i = 0; i < vs->gateways_count; i++) {
        if (!str_is(vs->gateways[i], "mesh"))
            return true;
    }
    return false;
}

static bool has_host(struct analyze_state *s, const struct object *o, struct str full)
{
    const struct virtual_service *vs = o->spec;

    for (size_t i = 0; i < vs->hosts_count; i++) {
        if (str_eq(analyze_state_full_host(s, vs->hosts[i], o->ns), full))
            return true;
    }
    return false;
}

/* Whether o routes that host, as its own, to a subset of it. */
static bool chooses_subset(struct analyze_state *s, const struct object *o, struct str full)
{
    const struct virtual_service *vs = o->spec;

    for (size_t i = 0; i < vs->http_count; i++) {
        for (size_t k = 0; k < vs->http[i].route_count; k++) {
            const struct virtual_service_destination *to = vs->http[i].route[k].destination;

            if (to && to->subset.len && str_eq(analyze_state_full_host(s, to->host, o->ns), full) &&
                has_host(s, o, full))
                return true;
        }
    }
    return false;
}

/* Who calls through the gateway is not routed a second time by the rule of the service's own name.
 */
static void check_route(struct analyze_state *s, const struct object *o, size_t i, size_t k,
                        const struct virtual_service_destination *to)
{
    struct str full = analyze_state_full_host(s, to->host, o->ns);
    const struct object *other;

    for (size_t at = 0; (other = analyze_state_next(s, API_KIND_VIRTUAL_SERVICE, &at));) {
        if (other == o || !chooses_subset(s, other, full))
            continue;
        analyze_state_report(
            s, o, DIAG_WARNING, "IST0140",
            arena_printf(&s->arena, "spec.http[%zu].route[%zu].destination.host", i, k),
            "Subset in virtual service %.*s has no effect on ingress gateway %.*s requests",
            STR_ARG(analyze_state_id(s, other)), STR_ARG(analyze_state_id(s, o)));
    }
}

void analyze_ingress_subsets(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_VIRTUAL_SERVICE, &at));) {
        const struct virtual_service *vs = o->spec;

        for (size_t i = 0; i < vs->http_count && is_for_gateways(vs); i++) {
            for (size_t k = 0; k < vs->http[i].route_count; k++) {
                const struct virtual_service_destination *to = vs->http[i].route[k].destination;

                if (to && !to->subset.len)
                    check_route(s, o, i, k, to);
            }
        }
    }
}
