/* Patches of EnvoyFilter that Envoy would ignore, or whose place depends on other patches. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/envoy_filter.h"

static bool is_relative(int operation)
{
    switch (operation) {
    case ENVOY_FILTER_INSERT_BEFORE:
    case ENVOY_FILTER_INSERT_AFTER:
    case ENVOY_FILTER_REPLACE:
    case ENVOY_FILTER_MERGE:
    case ENVOY_FILTER_REMOVE:
        return true;
    default:
        return false;
    }
}

/* Parts of a route table: nothing can be put in or taken out by itself. */
static bool is_route(int apply_to)
{
    return apply_to == ENVOY_FILTER_ROUTE_CONFIGURATION || apply_to == ENVOY_FILTER_HTTP_ROUTE;
}

static void check_patch(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct envoy_filter *spec = o->spec;
    const struct envoy_filter_patch *p = &spec->patches[i];
    struct str path = arena_printf(&s->arena, "spec.configPatches[%zu].patch.operation", i);
    int operation = p->patch ? p->patch->operation : ENVOY_FILTER_OPERATION_INVALID;

    if (operation == ENVOY_FILTER_REPLACE && p->apply_to != ENVOY_FILTER_HTTP_FILTER &&
        p->apply_to != ENVOY_FILTER_NETWORK_FILTER)
        analyze_state_report(s, o, DIAG_ERROR, "IST0152", path,
                             "The REPLACE operation is only valid for HTTP_FILTER and "
                             "NETWORK_FILTER.");
    if (operation == ENVOY_FILTER_ADD && is_route(p->apply_to))
        analyze_state_report(s, o, DIAG_ERROR, "IST0153", path,
                             "The ADD operation will be ignored when applyTo is set to "
                             "ROUTE_CONFIGURATION, or HTTP_ROUTE.");
    if (operation == ENVOY_FILTER_REMOVE && is_route(p->apply_to))
        analyze_state_report(s, o, DIAG_ERROR, "IST0154", path,
                             "The REMOVE operation will be ignored when applyTo is set to "
                             "ROUTE_CONFIGURATION, or HTTP_ROUTE.");
    if (spec->priority || !is_relative(operation))
        return;
    if (p->match && p->match->proxy && p->match->proxy->version.len)
        analyze_state_report(s, o, DIAG_WARNING, "IST0155", path,
                             "This EnvoyFilter has a relative operation and a proxyVersion but no "
                             "priority, so it may not be applied during an upgrade. Use "
                             "INSERT_FIRST or ADD, or set the priority.");
    else
        analyze_state_report(s, o, DIAG_WARNING, "IST0151", path,
                             "This EnvoyFilter has a relative operation but no priority, so it may "
                             "not be applied. Use INSERT_FIRST or ADD, or set the priority.");
}

void analyze_envoy_filter_patches(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_ENVOY_FILTER, &at));) {
        for (size_t i = 0; i < ((const struct envoy_filter *)o->spec)->patches_count; i++)
            check_patch(s, o, i);
    }
}
