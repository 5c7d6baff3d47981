/* Patches of EnvoyFilter that Envoy would ignore, or whose place depends on other patches. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/envoy_filter.h"
#include "core/text/node.h"

static bool is_relative(int operation)
{
    switch (operation) {
    case ENVOY_FILTER_INSERT_BEFORE:
    case ENVOY_FILTER_INSERT_AFTER:
    case ENVOY_FILTER_REPLACE:
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

/* The filter that a patch is about; empty: it says none. */
static struct str name_of(const struct envoy_filter_patch *p)
{
    struct str name = p->patch && p->patch->value ? node_get_str(p->patch->value, "name") : STR("");
    const struct envoy_filter_listener *l = p->match ? p->match->listener : NULL;

    if (!name.len && l && l->chain && l->chain->filter)
        name = l->chain->filter->name;
    return name;
}

/* Whether a patch before number i of spec is about the same filter, of one version of proxies. */
static bool has_version_before(const struct envoy_filter *spec, size_t i, struct str name)
{
    for (size_t k = 0; k < i; k++) {
        const struct envoy_filter_patch *p = &spec->patches[k];

        if (p->match && p->match->proxy && p->match->proxy->version.len && str_eq(name_of(p), name))
            return true;
    }
    return false;
}

/* The same of the whole of the filters that stand before o, too. */
static bool depends_on_version(const struct analyze_state *s, const struct object *o, size_t i)
{
    const struct envoy_filter *spec = o->spec;
    struct str name = name_of(&spec->patches[i]);
    const struct object *other;

    for (size_t at = 0;
         (other = analyze_state_next(s, API_KIND_ENVOY_FILTER, &at)) && other != o;) {
        const struct envoy_filter *f = other->spec;

        if (has_version_before(f, f->patches_count, name))
            return true;
    }
    return has_version_before(spec, i, name);
}

static void check_relative(struct analyze_state *s, const struct object *o, size_t i,
                           struct str path)
{
    if (((const struct envoy_filter *)o->spec)->priority)
        return;
    if (depends_on_version(s, o, i))
        analyze_state_report(s, o, DIAG_WARNING, "IST0155", path,
                             "This EnvoyFilter has a relative operation but no priority, and "
                             "another patch of the filter has a proxyVersion, so it may not be "
                             "applied during an upgrade. Use INSERT_FIRST or ADD, or set the "
                             "priority.");
    else
        analyze_state_report(s, o, DIAG_WARNING, "IST0151", path,
                             "This EnvoyFilter has a relative operation but no priority, so it may "
                             "not be applied. Use INSERT_FIRST or ADD, or set the priority.");
}

/* The code of an operation that has no effect there, or NULL. */
static const char *misuse_of(int operation, int apply_to)
{
    if (operation == ENVOY_FILTER_ADD && is_route(apply_to))
        return "IST0153";
    if (operation == ENVOY_FILTER_REMOVE && is_route(apply_to))
        return "IST0154";
    return operation == ENVOY_FILTER_REPLACE && apply_to != ENVOY_FILTER_HTTP_FILTER &&
                   apply_to != ENVOY_FILTER_NETWORK_FILTER && apply_to != ENVOY_FILTER_VIRTUAL_HOST
               ? "IST0152"
               : NULL;
}

static void check_patch(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct envoy_filter_patch *p = &((const struct envoy_filter *)o->spec)->patches[i];
    struct str path = arena_printf(&s->arena, "spec.configPatches[%zu].patch.operation", i);
    int operation = p->patch ? p->patch->operation : ENVOY_FILTER_OPERATION_INVALID;
    const char *code = misuse_of(operation, p->apply_to);

    if (code && operation == ENVOY_FILTER_REPLACE)
        analyze_state_report(s, o, DIAG_ERROR, code, path,
                             "The REPLACE operation is only valid for HTTP_FILTER and "
                             "NETWORK_FILTER.");
    else if (code)
        analyze_state_report(s, o, DIAG_ERROR, code, path,
                             "The %s operation will be ignored when applyTo is set to "
                             "ROUTE_CONFIGURATION, or HTTP_ROUTE.",
                             operation == ENVOY_FILTER_ADD ? "ADD" : "REMOVE");
    else if (is_relative(operation))
        check_relative(s, o, i, path);
}

void analyze_envoy_filter_patches(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_ENVOY_FILTER, &at));) {
        for (size_t i = 0; i < ((const struct envoy_filter *)o->spec)->patches_count; i++)
            check_patch(s, o, i);
    }
}
