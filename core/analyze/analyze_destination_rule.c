#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/destination_rule.h"
#include "core/api/k8s_service.h"
#include "core/api/service_entry.h"
#include "core/api/workload_selector.h"

void analyze_destination_rule_hosts(struct analyze_state *s)
{
    const struct object *o;

    /* Where no service is known at all, the rule is looked at alone, and they are elsewhere. */
    for (size_t at = 0;
         s->hosts.count && (o = analyze_state_next_fresh(s, API_KIND_DESTINATION_RULE, &at));) {
        const struct destination_rule *dr = o->spec;
        struct str host = dr->host;
        struct diag_item *item;
        const char *near;

        if (str_starts(host, STR("*")) ||
            analyze_state_visible_host(s, analyze_state_full_host(s, host, o->ns), o->ns,
                                       dr->export_to, dr->export_to_count) ||
            analyze_state_is_broken_host(s, analyze_state_full_host(s, host, o->ns)))
            continue;
        item = analyze_state_report(s, o, DIAG_WARNING, "IST0174", STR("spec.host"),
                                    "The host %.*s defined in the DestinationRule does not match "
                                    "any services in the mesh.",
                                    STR_ARG(host));
        near = analyze_state_near_host(s, host, o->ns);
        if (near)
            item->suggestion = arena_str(&s->diag->arena, str_of(near));
    }
}

/* ---- subsets ---- */

/* Where a workload runs is written on its node or in the proxy, not on the workload: such labels
 * are taken for true, unless they are empty, which no place is. */
static bool is_of_place(const struct field_pair *label)
{
    return label->value.len && (str_starts(label->key, STR("topology.kubernetes.io/")) ||
                                str_starts(label->key, STR("topology.istio.io/")) ||
                                str_is(label->key, "kubernetes.io/hostname"));
}

static bool selects(struct analyze_state *s, const struct object *service,
                    const struct destination_rule_subset *asked)
{
    struct destination_rule_subset kept = { .name = asked->name };
    const struct destination_rule_subset *subset = &kept;
    const struct k8s_service *svc = service->spec;
    const struct service_entry *se = service->spec;

    kept.labels = arena_alloc(&s->arena, (asked->labels_count + 1) * sizeof(*kept.labels));
    for (size_t i = 0; i < asked->labels_count; i++) {
        if (!is_of_place(&asked->labels[i]))
            kept.labels[kept.labels_count++] = asked->labels[i];
    }
    if (service->kind->id == API_KIND_SERVICE)
        /* Without a selector its endpoints come from elsewhere, with labels of their own. */
        return svc->selector_count == 0 ||
               analyze_state_has_workload(s, service->ns, svc->selector, svc->selector_count,
                                          subset->labels, subset->labels_count);
    for (size_t i = 0; i < se->endpoints_count; i++) {
        if (workload_selector_is_match(subset->labels, subset->labels_count,
                                       se->endpoints[i].labels, se->endpoints[i].labels_count))
            return true;
    }
    return !se->workload_selector ||
           analyze_state_has_workload(s, service->ns, se->workload_selector->labels,
                                      se->workload_selector->labels_count, subset->labels,
                                      subset->labels_count);
}

static void check_subsets(struct analyze_state *s, const struct object *o)
{
    const struct destination_rule *dr = o->spec;
    const struct analyze_host *h =
        analyze_state_host(s, analyze_state_full_host(s, dr->host, o->ns));

    for (size_t i = 0; h && i < dr->subsets_count; i++) {
        if (!selects(s, h->object, &dr->subsets[i]))
            analyze_state_report(s, o, DIAG_ERROR, "IST0173",
                                 arena_printf(&s->arena, "spec.subsets[%zu].name", i),
                                 "The Subset %.*s defined in the DestinationRule does not select "
                                 "any pods. Which may lead to 503 UH (NoHealthyUpstream).",
                                 STR_ARG(dr->subsets[i].name));
    }
}

void analyze_destination_rule_subsets(struct analyze_state *s)
{
    const struct object *o;

    /* Where no workload is known at all, nothing can be said about them. */
    for (size_t at = 0;
         s->workload_count && (o = analyze_state_next_fresh(s, API_KIND_DESTINATION_RULE, &at));)
        check_subsets(s, o);
}

/* ---- TLS without a way to check the server ---- */

static const char *mode_of(const struct traffic_policy_tls *tls)
{
    if (!tls || tls->ca_certificates.len || tls->credential_name.len ||
        (tls->insecure_skip_verify.set && tls->insecure_skip_verify.value))
        return NULL;
    return tls->mode == TRAFFIC_POLICY_TLS_SIMPLE   ? "SIMPLE"
           : tls->mode == TRAFFIC_POLICY_TLS_MUTUAL ? "MUTUAL"
                                                    : NULL;
}

static void check_tls(struct analyze_state *s, const struct object *o,
                      const struct traffic_policy *policy, struct str path)
{
    struct str host = ((const struct destination_rule *)o->spec)->host;
    const char *mode = policy ? mode_of(policy->tls) : NULL;

    if (mode)
        analyze_state_report(s, o, DIAG_WARNING, "IST0128",
                             arena_printf(&s->arena, "%.*s.tls.mode", STR_ARG(path)),
                             "DestinationRule %.*s in namespace %.*s has TLS mode set to %s but no "
                             "caCertificates are set to validate server identity for host: %.*s",
                             STR_ARG(o->name), STR_ARG(o->ns), mode, STR_ARG(host));
    for (size_t i = 0; policy && i < policy->ports_count; i++) {
        const struct traffic_policy_port *port = &policy->ports[i];

        mode = mode_of(port->tls);
        if (mode)
            analyze_state_report(
                s, o, DIAG_WARNING, "IST0129",
                arena_printf(&s->arena, "%.*s.portLevelSettings[%zu].tls.mode", STR_ARG(path), i),
                "DestinationRule %.*s in namespace %.*s has TLS mode set to %s but no "
                "caCertificates are set to validate server identity for host: %.*s at port %lld",
                STR_ARG(o->name), STR_ARG(o->ns), mode, STR_ARG(host),
                port->port ? (long long)port->port->number : 0);
    }
}

void analyze_destination_rule_tls(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_DESTINATION_RULE, &at));) {
        const struct destination_rule *dr = o->spec;

        check_tls(s, o, dr->policy, STR("spec.trafficPolicy"));
        for (size_t i = 0; i < dr->subsets_count; i++)
            check_tls(s, o, dr->subsets[i].policy,
                      arena_printf(&s->arena, "spec.subsets[%zu].trafficPolicy", i));
    }
}
