#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/authorization_policy.h"
#include "core/api/peer_authentication.h"
#include "core/api/workload_selector.h"

/* Whether a workload that the mesh has anything to do with has the labels; ns empty: anywhere. */
static bool has_workload(const struct analyze_state *s, struct str ns,
                         const struct field_pair *want, size_t n)
{
    const struct field_pair *labels;
    size_t count;

    for (size_t i = 0; i < s->count; i++) {
        const struct object *o = s->objects[i];

        if (analyze_state_workload(o, &labels, &count) && (!ns.len || str_eq(ns, o->ns)) &&
            workload_selector_is_match(want, n, labels, count) && !analyze_injection_is_out(s, o))
            return true;
    }
    return false;
}

static void check_selector(struct analyze_state *s, const struct object *o,
                           const struct workload_selector *selector)
{
    struct str ns = str_eq(o->ns, s->root_ns) ? STR_NONE : o->ns;
    const struct field_pair *want = selector ? selector->labels : NULL;
    size_t n = selector ? selector->labels_count : 0;

    if (!has_workload(s, ns, want, n))
        analyze_state_report(
            s, o, DIAG_WARNING, "IST0127",
            n ? analyze_state_label_path(s, "spec.selector.matchLabels", want, n)
              : STR("metadata.namespace"),
            "No matching workloads for this resource with the following labels: %.*s",
            STR_ARG(analyze_state_labels(s, want, n)));
}

void analyze_policy_workloads(struct analyze_state *s)
{
    const struct object *o;

    if (s->workload_count == 0)
        return;
    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_AUTHORIZATION_POLICY, &at));) {
        const struct authorization_policy *p = o->spec;
        bool is_for_all = !p->selector && str_eq(o->ns, s->root_ns);

        if (!is_for_all && !p->target_ref && p->target_refs_count == 0)
            check_selector(s, o, p->selector);
    }
    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_PEER_AUTHENTICATION, &at));) {
        const struct workload_selector *selector =
            ((const struct peer_authentication *)o->spec)->selector;

        if (selector && selector->labels_count)
            check_selector(s, o, selector);
    }
}

/* ---- namespaces that a rule names ---- */

/* "a", "a*", "*a" or "*". */
static bool is_like(struct str ns, struct str pattern)
{
    if (str_starts(pattern, STR("*")))
        return str_ends(ns, str_skip(pattern, 1));
    if (str_ends(pattern, STR("*")))
        return str_starts(ns, str_head(pattern, pattern.len - 1));
    return str_ieq(ns, pattern);
}

static bool has_namespace(const struct analyze_state *s, struct str pattern)
{
    if (str_is(pattern, "*"))
        return true;
    for (size_t i = 0; i < s->count; i++) {
        const struct object *o = s->objects[i];

        if (is_like(o->kind->id == API_KIND_NAMESPACE ? o->name : o->ns, pattern))
            return true;
    }
    return false;
}

static void check_names(struct analyze_state *s, const struct object *o, struct str path,
                        const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!has_namespace(s, names[i]))
            analyze_state_report(s, o, DIAG_ERROR, "IST0101",
                                 arena_printf(&s->arena, "%.*s[%zu]", STR_ARG(path), i),
                                 "Referenced namespace not found: \"%.*s\"", STR_ARG(names[i]));
    }
}

static void check_source(struct analyze_state *s, const struct object *o, size_t rule, size_t from,
                         const struct authorization_policy_source *source)
{
    struct str path =
        arena_printf(&s->arena, "spec.rules[%zu].from[%zu].source.namespaces", rule, from);

    if (!source)
        return;
    check_names(s, o, path, source->namespaces, source->namespaces_count);
    path = arena_printf(&s->arena, "spec.rules[%zu].from[%zu].source.notNamespaces", rule, from);
    check_names(s, o, path, source->not_namespaces, source->not_namespaces_count);
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
