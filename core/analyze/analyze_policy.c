#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/authorization_policy.h"
#include "core/api/peer_authentication.h"
#include "core/api/workload_selector.h"

static void check_selector(struct analyze_state *s, const struct object *o,
                           const struct workload_selector *selector)
{
    if (!selector || selector->labels_count == 0 ||
        analyze_state_has_workload(s, o->ns, selector->labels, selector->labels_count, NULL, 0))
        return;
    analyze_state_report(
        s, o, DIAG_WARNING, "IST0127", STR("spec.selector"),
        "No matching workloads for this resource with the following labels: %.*s",
        STR_ARG(analyze_state_labels(s, selector->labels, selector->labels_count)));
}

void analyze_policy_workloads(struct analyze_state *s)
{
    const struct object *o;

    if (s->workload_count == 0)
        return;
    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_AUTHORIZATION_POLICY, &at));)
        check_selector(s, o, ((const struct authorization_policy *)o->spec)->selector);
    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_PEER_AUTHENTICATION, &at));)
        check_selector(s, o, ((const struct peer_authentication *)o->spec)->selector);
}

/* ---- namespaces that a rule names ---- */

static bool has_namespace(const struct analyze_state *s, struct str ns)
{
    if (str_chr(ns, '*') >= 0 || analyze_state_find(s, API_KIND_NAMESPACE, STR_NONE, ns))
        return true;
    for (size_t i = 0; i < s->count; i++) {
        if (str_eq(s->objects[i]->ns, ns))
            return true;
    }
    return false;
}

static void check_source(struct analyze_state *s, const struct object *o, size_t rule, size_t from,
                         const struct authorization_policy_source *source)
{
    for (size_t i = 0; source && i < source->namespaces_count; i++) {
        if (!has_namespace(s, source->namespaces[i]))
            analyze_state_report(
                s, o, DIAG_WARNING, "IST0101",
                arena_printf(&s->arena, "spec.rules[%zu].from[%zu].source.namespaces[%zu]", rule,
                             from, i),
                "Referenced namespace not found: \"%.*s\"", STR_ARG(source->namespaces[i]));
    }
}

void analyze_policy_namespaces(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_AUTHORIZATION_POLICY, &at));) {
        const struct authorization_policy *p = o->spec;

        for (size_t i = 0; i < p->rules_count; i++) {
            for (size_t k = 0; k < p->rules[i].from_count; k++)
                check_source(s, o, i, k, p->rules[i].from[k].source);
        }
    }
}
