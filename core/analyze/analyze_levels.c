#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/destination_rule.h"
#include "core/api/k8s_service.h"
#include "core/api/service_entry.h"
#include "core/api/workload_selector.h"
#include "core/route/route_host.h"

/* ---- rules that hide others (DR-1, DR-2, DR-6) ---- */

static const struct destination_rule *rule_of(const struct object *o)
{
    return o->spec;
}

static bool has_selector(const struct destination_rule *r)
{
    return r->workload_selector && r->workload_selector->labels_count;
}

/* Clients of the namespace that a is for look at a first, and at b no more. */
static bool is_before(const struct analyze_state *s, const struct object *a, struct str a_host,
                      const struct object *b, struct str b_host)
{
    const struct analyze_host *h = analyze_state_host(s, a_host);
    struct str service_ns = h ? h->object->ns : STR_NONE;

    if (str_eq(a->ns, b->ns))
        return !str_eq(a_host, b_host);
    if (str_eq(b->ns, s->root_ns))
        return true;
    return service_ns.p && str_eq(b->ns, service_ns) && !str_eq(a->ns, s->root_ns);
}

static const char *missing_block(const struct traffic_policy *has, const struct traffic_policy *had)
{
    static const struct traffic_policy none;

    has = has ? has : &none;
    if (had->tls && !has->tls)
        return "tls";
    if (had->outlier && !has->outlier)
        return "outlierDetection";
    if (had->pool && !has->pool)
        return "connectionPool";
    return had->lb && !has->lb ? "loadBalancer" : NULL;
}

static void check_hidden(struct analyze_state *s, const struct object *o)
{
    struct str host = analyze_state_full_host(s, rule_of(o)->host, o->ns);
    const struct object *other;

    if (has_selector(rule_of(o)))
        return;
    for (size_t at = 0; (other = analyze_state_next(s, API_KIND_DESTINATION_RULE, &at));) {
        const struct traffic_policy *hidden = rule_of(other)->policy;
        struct str other_host = analyze_state_full_host(s, rule_of(other)->host, other->ns);
        const char *block = hidden ? missing_block(rule_of(o)->policy, hidden) : NULL;

        if (other == o || !block || has_selector(rule_of(other)) ||
            !route_host_matches(other_host, host) || !is_before(s, o, host, other, other_host))
            continue;
        analyze_state_report(s, o, DIAG_WARNING, "MSH1060", STR("spec.host"),
                             "This rule hides DestinationRule %.*s for %.*s, whose "
                             "trafficPolicy.%s does not hold then: rules do not inherit from each "
                             "other. Repeat it here if it is wanted",
                             STR_ARG(analyze_state_id(s, other)), STR_ARG(host), block);
    }
}

void analyze_levels_hidden(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_DESTINATION_RULE, &at));)
        check_hidden(s, o);
}

/* ---- ejection that never happens (CB-6) ---- */

static size_t count_kind(const struct analyze_state *s, uint16_t kind, struct str ns,
                         const struct field_pair *want, size_t want_count)
{
    const struct object *o;
    size_t n = 0;

    for (size_t at = 0; (o = analyze_state_next(s, kind, &at));) {
        const struct field_pair *labels;
        size_t count;

        n += str_eq(o->ns, ns) && analyze_state_workload(o, &labels, &count) &&
             workload_selector_is_match(want, want_count, labels, count);
    }
    return n;
}

/* How many endpoints a service has; 0: not known. */
static size_t count_endpoints(const struct analyze_state *s, const struct object *service)
{
    const struct k8s_service *svc = service->spec;
    const struct service_entry *se = service->spec;
    const struct field_pair *want;
    size_t count;

    if (service->kind->id == API_KIND_SERVICE_ENTRY && !se->workload_selector)
        return se->endpoints_count;
    want = service->kind->id == API_KIND_SERVICE ? svc->selector : se->workload_selector->labels;
    count = service->kind->id == API_KIND_SERVICE ? svc->selector_count
                                                  : se->workload_selector->labels_count;
    if (!count)
        return 0;
    return count_kind(s, API_KIND_POD, service->ns, want, count) +
           count_kind(s, API_KIND_WORKLOAD_ENTRY, service->ns, want, count);
}

static void check_ejection(struct analyze_state *s, const struct object *o,
                           const struct traffic_policy_outlier *outlier, struct str path)
{
    const struct analyze_host *h =
        analyze_state_host(s, analyze_state_full_host(s, rule_of(o)->host, o->ns));
    size_t count = outlier && h ? count_endpoints(s, h->object) : 0;
    int64_t pct = outlier && outlier->max_ejection_percent > 0 ? outlier->max_ejection_percent : 10;

    if (count == 0 || 100 <= pct * (int64_t)count)
        return;
    analyze_state_report(s, o, DIAG_WARNING, "MSH1061", path,
                         "With %zu endpoint%s and a maxEjectionPercent of %lld none is ever left "
                         "out: one would be more than that share. Set it to at least %lld",
                         count, count == 1 ? "" : "s", (long long)pct,
                         (long long)((100 + (int64_t)count - 1) / (int64_t)count));
}

void analyze_levels_ejection(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_DESTINATION_RULE, &at));) {
        const struct traffic_policy *p = rule_of(o)->policy;

        if (p && p->outlier)
            check_ejection(s, o, p->outlier, STR("spec.trafficPolicy.outlierDetection"));
        for (size_t i = 0; p && i < p->ports_count; i++)
            check_ejection(
                s, o, p->ports[i].outlier,
                arena_printf(&s->arena,
                             "spec.trafficPolicy.portLevelSettings[%zu].outlierDetection", i));
    }
}
